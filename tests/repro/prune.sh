#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Pruning gives the same file and report for any number of threads and at any time, another one for other data, and differs
# from its source in kernels, biases and betas only.
#
# usage: prune.sh MNQUANT MODEL DATA OTHER PREPROCESS [OPTION...]
#   OTHER   other samples
#   OPTION  more options of "mnquant prune"       status 77: a file is not there
set -eu
mnquant=$1 model=$2 data=$3 other=$4 preprocess=$5
shift 5
for file in "$model" "$data" "$other"; do
    [ -e "$file" ] || { echo "skipped: $file is not there"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prune() {
    threads=$1 from=$2 out=$3
    shift 3
    (cd "$work" && "$mnquant" -j "$threads" --json prune "$model" --data "$from" --preprocess "$preprocess" "$@" -f -o "$out") \
        >"$work/json" 2>"$work/log" || { cat "$work/log"; exit 1; }
}
for threads in 1 2 4; do
    prune $threads "$data" out.h5 "$@"
    mv "$work/out.h5" "$work/$threads.h5"
    mv "$work/json" "$work/$threads.json"
done
for threads in 2 4; do
    for kind in h5 json; do
        cmp "$work/1.$kind" "$work/$threads.$kind" || { echo "FAILED: -j 1 and -j $threads differ"; exit 1; }
    done
done
# The comparisons above must be able to fail: other samples give other weights.
prune 2 "$other" out.h5 "$@"
! cmp -s "$work/1.h5" "$work/out.h5" || { echo "FAILED: the samples do not matter"; exit 1; }
if command -v h5diff >/dev/null; then
    h5diff "$model" "$work/1.h5" >"$work/diff" || [ $? -eq 1 ]
    grep -q kernel "$work/diff" || { echo "FAILED: no kernel differs"; exit 1; }
    ! grep -E '^(dataset|attribute|group):' "$work/diff" | grep -vE 'kernel|beta|bias' ||
        { echo "FAILED: something else differs"; exit 1; }
    ! grep -E '^(dataset|attribute|group):' "$work/diff" | grep -E 'depthwise_kernel' || { echo "FAILED: a depthwise kernel differs"; exit 1; }
    echo "h5diff: kernels, biases and betas only"
fi
echo "$(wc -c <"$work/4.h5") bytes of model, $(wc -c <"$work/1.json") of JSON, the same for 1, 2 and 4 threads"
