#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A model in few bits gives the same bits everywhere: the oracle, every kernel table of the host in every tensor, and the
# firmware on an emulated Cortex-M4. What calibrate saved as its recipe gives the same file again.
#
# usage: mixed.sh MNQUANT INPUTS TEST_NETWORKS RUN_HOST SOURCE_DIR MODEL.h5 CALIB TEST N N_FIRMWARE FORMATS [OPTION...]
#   N, N_FIRMWARE  samples of TEST for oracle and host, and for the firmware
#   FORMATS        words as `mnquant inspect` prints them, separated by commas: each must occur
#   OPTION         of "mnquant calibrate"       status 77: a file, the compiler or the emulator is missing
set -eu
mnquant=$1 inputs=$2 compare=$3 run_host=$4 source=$5 model=$6 calib=$7 test=$8 n=$9
shift 9
n_firmware=$1 formats=$2
shift 2
for file in "$model" "$calib" "$test"; do
    [ -e "$file" ] || { echo "skipped: $file is not there"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
calibrate() {
    "$mnquant" calibrate "$model" --data "$calib" "$@" >"$work/log" 2>"$work/err" || { cat "$work/err"; exit 1; }
}
calibrate "$@" -o "$work/model.mnq" --save-recipe "$work/saved.yaml"
"$mnquant" inspect "$work/model.mnq" >"$work/inspected"
echo "$formats" | tr ',' '\n' >"$work/formats"
while read -r format; do
    grep -qE " $format( |\$)" "$work/inspected" || { echo "FAILED: no layer is $format"; cat "$work/inspected"; exit 1; }
done <"$work/formats"
calibrate --recipe "$work/saved.yaml" -o "$work/again.mnq" --json
if command -v python3 >/dev/null; then python3 -m json.tool "$work/log" >"$work/json" || { cat "$work/log"; exit 1; }; fi
cmp "$work/model.mnq" "$work/again.mnq" || { echo "FAILED: the saved recipe gives another file"; exit 1; }

"$inputs" "$work/model.mnq" "$test" "$n" "$work/inputs.bin"
"$compare" "$work/model.mnq" "$work/inputs.bin"
"$inputs" "$work/model.mnq" "$test" "$n_firmware" "$work/few.bin"
kinds=$("$run_host" "$work/model.mnq" "$work/few.bin" "$n_firmware" | awk '{print $NF}' | sort -u | wc -l)
[ "$kinds" -gt $((n_firmware / 2)) ] || { echo "FAILED: only $kinds different outputs for $n_firmware inputs"; exit 1; }
echo "$(wc -c <"$work/model.mnq") bytes of model"
"$source/tests/freestanding/same_bits.sh" "$run_host" "$source/runtime/examples/cortexm4/run.sh" "$work/model.mnq" \
    "$work/few.bin" "$n_firmware"
