#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Shrinking changes no output: a model calibrated with and without it, then one with channels made dead on purpose.
#
# usage: shrink.sh MNQUANT SAME_OUTPUTS DEADEN MODEL.h5 CALIB PREPROCESS N REMOVED "PICTURES..." [OPTION...]
#   N         random inputs; a tenth of them for the dead channels
#   REMOVED   least channels, of a hundred, that shrinking must remove from the model as it is
#   OPTION    more options of "mnquant calibrate"       status 77: a file is not there
set -eu
mnquant=$1 same_outputs=$2 deaden=$3 model=$4 calib=$5 preprocess=$6 n=$7 removed=$8 pictures=$9
shift 9
for file in "$model" "$calib" $pictures; do
    [ -e "$file" ] || { echo "skipped: $file is not there"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for shrink in on off; do
    "$mnquant" calibrate "$model" --data "$calib" --preprocess "$preprocess" "$@" --shrink $shrink \
        -o "$work/$shrink.mnq" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
done
# compare WHOLE SMALL N REMOVED
compare() {
    status=0
    "$same_outputs" "$1" "$2" "$3" $pictures >"$work/log" || status=$?
    cat "$work/log"
    [ $status = 0 ] || exit 1
    # "channels: 10, 8 of them left" with at least REMOVED in a hundred gone
    awk -v least="$4" '$1 == "channels:" && ($2 - $3) * 100 >= least * $2 { enough = 1 } END { exit !enough }' "$work/log" ||
        { echo "FAILED: fewer than $4 % of the channels removed"; exit 1; }
}
echo "calibrated with and without, $(wc -c <"$work/on.mnq") and $(wc -c <"$work/off.mnq") bytes:"
compare "$work/off.mnq" "$work/on.mnq" "$n" "$removed"
"$deaden" "$work/off.mnq" 15 1 "$work/whole.mnq" "$work/small.mnq"
echo "made dead, $(wc -c <"$work/small.mnq") and $(wc -c <"$work/whole.mnq") bytes:"
compare "$work/whole.mnq" "$work/small.mnq" $((n / 10)) 5
