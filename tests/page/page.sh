#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes a page and has page.py compare it with the JSON document of the same run.
#
# usage: page.sh pair|chain|hostile|unlabelled|single BIN_DIR H5TEXT_DIR SOURCE_DIR
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

case $case in
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
python3 "$here/page.py" one.html one.json
