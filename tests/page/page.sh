#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes a page of eval, or of calibrate (auto...), and has page.py or auto.py compare it with the JSON document of the same run.
#
# usage: page.sh pair|chain|hostile|unlabelled|single|auto|auto_flash|auto_sample BIN_DIR H5TEXT_DIR SOURCE_DIR
set -eu
case=$1 source=$(cd "$4" && pwd) here=$(cd "$(dirname "$0")" && pwd)
PATH=$(cd "$2" && pwd):$(cd "$3" && pwd):$PATH
command -v python3 >/dev/null || { echo "SKIPPED: no python3"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
MNQ_TESTS=$source/tests
. "$MNQ_TESTS/cli/lib.sh"
plain="--observer minmax --act-scale tensor --rounding nearest --wide none --wide-activations none --bias-correction off"
reader=$source/tests/golden/reader

# auto FLOAT FLASH OPTION...: pages of calibrate by one and by three threads, which are the same bytes.
auto() {
    local float=$1 flash=$2
    shift 2
    [ -z "$flash" ] || set -- "$@" --flash "$flash"
    for j in 1 3; do
        mnquant -q -j $j calibrate "$float" --weights auto "$@" -o $j.mnq --save-recipe $j.yaml --html $j.html --json >$j.json
        sed -i -e 's/"seconds": [0-9.e+-]*/"seconds": 0/' -e 's/"output": "[13].mnq"/"output": "N.mnq"/' $j.json # what differs from run to run
    done
    cmp 1.mnq 3.mnq
    cmp 1.html 3.html
    cmp 1.json 3.json
    python3 -B "$here/auto.py" 1.html 1.json $flash
}

case $case in
auto)
    float='<img src=x onerror=alert(1)>.h5'
    edited 's/\b(dw|pw)\b/<b>\1\&/g' "$float"
    pictures '"><script>' 24
    auto "$float" "" --data '"><script>' -p unit --small-layer 10 --max-drop 20 --tune
    exit
    ;;
auto_flash)
    model
    pictures pics 24
    auto model.h5 4500 --data pics -p unit --small-layer 10
    exit
    ;;
auto_sample)
    mnquant -q calibrate "$reader/reader.h5" --data "$reader/reader-calib.h5" -p tf -n 24 --weights auto --flash 100000 \
        --max-drop 40 -o x.mnq --html x.html --json >x.json
    python3 -B "$here/auto.py" x.html x.json 100000
    exit
    ;;
pair)
    mnquant -q calibrate "$reader/reader.h5" --data "$reader/reader-calib.h5" --preprocess tf -n 40 -o int8.mnq >out
    models="$reader/reader.h5 int8.mnq" data=$reader/reader-calib.h5
    ;;
chain)
    mnquant -q calibrate "$reader/reader.h5" --data "$reader/reader-calib.h5" --preprocess tf -n 40 -o int8.mnq >out
    mnquant -q calibrate "$reader/reader.h5" --data "$reader/reader-calib.h5" --preprocess tf -n 8 $plain -o plain.mnq >out
    mkdir other
    cp plain.mnq other/plain.mnq # two models of one name
    models="$reader/reader.h5 int8.mnq plain.mnq other/plain.mnq" data=$reader/reader-calib.h5
    ;;
hostile)
    float='<img src=x onerror=alert(1)>.h5' integer='"><script>alert(2)<.mnq'
    model functional "$float"
    mkdir -p 'd&"'"'"'<x>/<b>a' 'd&"'"'"'<x>/"b' $'d&"\'<x>/\xffc\x01'
    n=0
    for class in 'd&"'"'"'<x>'/*; do
        for i in 1 2 3; do n=$((n + 1)); picture "$class/]]><script>$i.ppm" $n; done
    done
    data='d&"'"'"'<x>'
    mnquant -q calibrate "$float" --data "$data" --preprocess unit $plain -o "$integer" >out
    ;;
unlabelled)
    model
    mkdir flat
    for i in 1 2 3 4 5 6 7; do picture flat/$i.ppm $i; done
    mnquant -q calibrate model.h5 --data flat --preprocess unit -o int8.mnq >out
    models="model.h5 int8.mnq" data=flat
    ;;
single)
    model
    picture one.ppm 1
    models=model.h5 data=one.ppm
    ;;
esac

# run THREADS FILE: the page, and the document on standard output
run() {
    if [ $case = hostile ]; then
        mnquant -q -j $1 eval "$float" "$integer" --data "$data" --html $2 --json --samples
    else
        mnquant -q -j $1 eval $models --data "$data" --html $2 --json --samples
    fi
}
run 1 one.html >one.json
run 3 three.html >three.json
cmp one.html three.html
cmp one.json three.json
python3 -B "$here/page.py" one.html one.json
