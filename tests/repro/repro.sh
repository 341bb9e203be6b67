#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Calibration gives the same file for any number of threads, in any folder and at any time; and another one for other data.
# Evaluation prints the same JSON for any number of threads.
#
# usage: repro.sh MNQUANT MODEL.h5 CALIB OTHER PREPROCESS [OPTION...]
#   OTHER   other samples, which are also what is evaluated
#   OPTION  more options of "mnquant calibrate"       status 77: a file is not there
set -eu
mnquant=$1 model=$2 calib=$3 other=$4 preprocess=$5
shift 5
for file in "$model" "$calib" "$other"; do
    [ -e "$file" ] || { echo "skipped: $file is not there"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
calibrate() {
    threads=$1 data=$2 out=$3
    shift 3
    "$mnquant" -j "$threads" calibrate "$model" --data "$data" --preprocess "$preprocess" "$@" -o "$out" \
        >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
}
evaluate() {
    "$mnquant" -j "$1" --json eval "$model" "$work/1.mnq" --preprocess "$preprocess" --data "$other" --samples \
        >"$work/$1.json" 2>"$work/log" || { cat "$work/log"; exit 1; }
}
mkdir "$work/elsewhere"
for threads in 1 2 4; do calibrate $threads "$calib" "$work/$threads.mnq" "$@"; done
for threads in 1 2 4; do evaluate $threads; done
for threads in 2 4; do
    for kind in mnq json; do
        cmp "$work/1.$kind" "$work/$threads.$kind" || { echo "FAILED: -j 1 and -j $threads differ"; exit 1; }
    done
done
(cd "$work/elsewhere" && calibrate 2 "$calib" again.mnq "$@")
cmp "$work/1.mnq" "$work/elsewhere/again.mnq" || { echo "FAILED: a second run differs"; exit 1; }
# The comparisons above must be able to fail: other samples give other scales, and these another evaluation.
calibrate 2 "$other" "$work/other.mnq" "$@"
! cmp -s "$work/1.mnq" "$work/other.mnq" || { echo "FAILED: the samples do not matter"; exit 1; }
mv "$work/other.mnq" "$work/1.mnq"
evaluate 2
! cmp -s "$work/1.json" "$work/2.json" || { echo "FAILED: the model does not matter"; exit 1; }
echo "$(wc -c <"$work/4.mnq") bytes of model, $(wc -c <"$work/1.json") of JSON, the same for 1, 2 and 4 threads"
