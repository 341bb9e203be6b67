#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The example for Hexagon prints the outputs that the host computes from the same file.
#
# usage: hvx_bits.sh MAKE_MODEL RUN_HOST RUN_HVX SEED...
set -eu
make_model=$1 run_host=$2 run_hvx=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for seed; do
    "$make_model" "$seed" "$work/model.mnq" "$work/inputs.bin"
    "$run_host" "$work/model.mnq" "$work/inputs.bin" 4 | awk '{ print $1, $NF }' >"$work/host"
    [ "$(wc -l <"$work/host")" = 4 ] || { echo "FAILED: the host printed $(wc -l <"$work/host") lines, wanted 4"; exit 1; }
    status=0
    "$run_hvx" "$work/model.mnq" "$work/inputs.bin" 4 >"$work/target" || status=$?
    [ $status != 77 ] || { echo "skipped: no toolchain or emulator"; exit 77; }
    [ $status = 0 ] || { cat "$work/target"; echo "FAILED: status $status"; exit 1; }
    diff "$work/host" "$work/target" || { echo "FAILED: host (<) and Hexagon with HVX (>) differ"; exit 1; }
done
echo "4 inputs each, the same bits"
