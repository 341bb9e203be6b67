#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every command that a document shows works: taken from the page, run in the order of the page on files of the names it uses.
#
# usage: docs.sh MNQUANT KERASGEN SOURCE_DIR PAGE
#   PAGE  a Markdown file (its ``` blocks and indented lines), a manual page (its EXAMPLES), a recipe (its header), or
#         "help": the examples that `mnquant COMMAND --help` prints
# The folder holds model.h5 and reader.h5 (the embedded sample; for a recipe a network of its family), weights.h5, calib/,
# test/, photos/, photo.jpg, calib.h5, test.h5, recipe.yaml.     status 77: h5dump is missing
set -eu
. "$(dirname "$0")/../support/calibrated.sh"
kerasgen=$(realpath "$2") source=$(realpath "$3") page=$4
PATH=$(cd "$(dirname "$1")" && pwd):$(cd "$(dirname "$1")" && pwd)/mpi:$PATH
. "$(dirname "$0")/../support/mpirun_env.sh"
command -v h5dump >/dev/null || { echo "skipped: no h5dump (hdf5-tools)"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The commands of a page, one a line, continued lines joined.
commands() {
    case $1 in
    help) for c in $(mnquant --help | awk '/^Commands:/ { on = 1; next } !NF { on = 0 } on && $1 != "help" && $1 != "version" { print $1 }'); do
            mnquant "$c" --help | sed -n '/^Examples:/,$p'
        done ;;
    *.[15]) sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$1" | sed 's/\\e$/\\/; s/\\&//g' ;;
    *.yaml) sed -n '/^#/!q; s/^# *//p' "$1" ;;
    *.md) awk '/^```/ { on = !on; session = ($0 == "```console"); next } (on && !session) || /^    /' "$1" ;;
    esac | sed -e :a -e '/\\$/N; s/\\\n *//; ta' | sed -n 's/^ *\(mnquant \|mpirun \)/\1/p' | sed 's/  *#.*//'
}

# Pictures that commands calibrate and prune with.
case $page in *.yaml) pictures=6 ;; *) pictures=24 ;; esac

# pictures HDF5 N FOLDER: the first N of its pictures as PPM files in folders of their classes.
pictures() {
    local i label
    h5dump -d images -b LE -o "$work/pixels" "$1" >/dev/null
    h5dump -d labels -y -w 1 "$1" | grep -E '^ *[0-9]+,?$' | tr -d ' ,' >"$work/labels"
    for ((i = 0; i < $2; i++)); do
        label=$(sed -n $((i + 1))p "$work/labels")
        mkdir -p "$3/$label"
        { printf 'P6 32 32 255\n'; dd if="$work/pixels" bs=3072 skip=$i count=1 status=none; } >"$3/$label/$i.ppm"
    done
}

commands "$page" >"$work/commands"
n=$(wc -l <"$work/commands")
[ "$n" -gt 0 ] || { echo "FAILED: $page shows no command"; exit 1; }
# What an earlier page shows in the same words is run with that page: README, then manual pages, then help.
case $page in
help) earlier="$source/README.md $source/tools/man/mnquant*.1" ;;
*.1) earlier=$source/README.md ;;
*) earlier= ;;
esac
if [ -n "$earlier" ]; then
    for shown in $earlier; do commands "$shown"; done | tr -s '\t ' ' ' >"$work/earlier"
    tr -s '\t ' ' ' <"$work/commands" | grep -vxF -f "$work/earlier" >"$work/rest" || true
    mv "$work/rest" "$work/commands"
    n=$(wc -l <"$work/commands")
fi
mkdir "$work/at"
cd "$work/at"
sample=$source/tests/golden/reader
cp "$sample"/*.h5 .
cp reader.h5 model.h5
cp reader-calib.h5 calib.h5
cp reader-golden.h5 golden.h5
cp reader-test.h5 test.h5
pictures calib.h5 36 calib
pictures test.h5 36 test
mkdir photos
cp calib/*/[0-3].ppm photos
cp calib/*/0.ppm photo.jpg
cp "$source/tools/recipes"/*.yaml .
printf 'samples: 40\n' >recipe.yaml
"$kerasgen" v1 weights weights.h5
case $page in
*.yaml)
    family=$(basename "$page" .yaml)
    generation=plain
    [ "${family#v3}" = "$family" ] || generation=slashes
    "$kerasgen" "$family" $generation model.h5
    ;;
esac
# What a page compares may have been made on an earlier page.
for file in model int8 mixed; do
    grep -q "$file\.mnq" "$work/commands" || continue
    calibrated "$file.mnq" "$(command -v mnquant)" "$sample/reader.h5" "$sample/reader-calib.h5" tf --samples 24
done
failed=0
while IFS= read -r command; do
    # A page may write the same file twice; the second time it replaces the first.
    for output in $(printf '%s\n' "$command" | grep -oE -- '(-o|--html|--save-recipe) [^ ]+' | cut -d' ' -f2); do rm -rf "$output"; done
    status=0
    # The sample's 200 pictures would take a minute a page, and show no more.
    case $command in *--samples* | *--print-recipe*) ;; "mnquant calibrate "*--data* | "mnquant prune "*--data*) command="$command --samples $pictures" ;;
        "mnquant fit "*) command="$command --samples 8 --part 4 --finalists 1 --tune 0" ;; esac
    bash -o pipefail -c "$command" >"$work/out" 2>"$work/err" </dev/null || status=$?
    # A command that makes a model of that name makes another one: the next goes on with the sample.
    case $page:$command in *.yaml:*) ;; *"-o model.h5"*) cp reader.h5 model.h5 ;; esac
    if [ $status != 0 ]; then
        echo "FAILED ($status): $command"
        tail -n 3 "$work/err"
        failed=1
    fi
done <"$work/commands"
echo "$n commands of $page"
exit $failed
