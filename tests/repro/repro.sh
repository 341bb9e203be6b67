#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Calibration gives the same file for any number of threads, in any folder and at any time; and another one for other data.
#
# usage: repro.sh MNQUANT MODEL.h5 CALIB.h5 OTHER.h5 [OPTION...]
set -eu
mnquant=$1 model=$2 calib=$3 other=$4
shift 4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
calibrate() {
    threads=$1 data=$2 out=$3
    shift 3
    "$mnquant" -j "$threads" calibrate "$model" --data "$data" --preprocess tf "$@" -o "$out" >"$work/log" ||
        { cat "$work/log"; exit 1; }
}
mkdir "$work/elsewhere"
for threads in 1 2 4; do calibrate $threads "$calib" "$work/$threads.mnq" "$@"; done
for threads in 2 4; do
    cmp "$work/1.mnq" "$work/$threads.mnq" || { echo "FAILED: -j 1 and -j $threads differ"; exit 1; }
done
(cd "$work/elsewhere" && calibrate 2 "$calib" again.mnq "$@")
cmp "$work/1.mnq" "$work/elsewhere/again.mnq" || { echo "FAILED: a second run differs"; exit 1; }
# The comparison above must be able to fail: other samples give other scales.
calibrate 2 "$other" "$work/other.mnq" "$@"
! cmp -s "$work/1.mnq" "$work/other.mnq" || { echo "FAILED: the samples do not matter"; exit 1; }
echo "$(wc -c <"$work/1.mnq") bytes, the same for 1, 2 and 4 threads"
