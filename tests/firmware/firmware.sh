#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Calibrates a model and runs its firmware on an emulated Cortex-M4, or what CORE names: the same bits as on the host, input by
# input.
#
# usage: firmware.sh MNQUANT INPUTS RUN_HOST SOURCE_DIR MODEL.h5 CALIB TEST PREPROCESS N [OPTION...]
#   OPTION  more options of "mnquant calibrate"       status 77: the model, the compiler or the emulator is missing
set -eu
. "$(dirname "$0")/../support/calibrated.sh"
mnquant=$1 inputs=$2 run_host=$3 source=$4 model=$5 calib=$6 test=$7 preprocess=$8 n=$9
shift 9
for file in "$model" "$calib" "$test"; do
    [ -e "$file" ] || { echo "skipped: $file is not there"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
calibrated "$work/model.mnq" "$mnquant" "$model" "$calib" "$preprocess" "$@"
"$inputs" "$work/model.mnq" "$test" "$n" "$work/inputs.bin"
# Inputs that all give one output would prove little.
kinds=$("$run_host" "$work/model.mnq" "$work/inputs.bin" "$n" | awk '{print $NF}' | sort -u | wc -l)
[ "$kinds" -gt $((n / 2)) ] || { echo "FAILED: only $kinds different outputs for $n inputs"; exit 1; }
# The linker refuses a model that does not fit the board's flash, and the firmware an arena that does not fit its RAM.
echo "$(wc -c <"$work/model.mnq") bytes of model, $(od -A n -t u4 -j 20 -N 4 "$work/model.mnq" | tr -d ' ') bytes of arena"
runner=$source/runtime/examples/cortexm4/run.sh
case ${CORE:-} in rv*) runner=$source/runtime/examples/riscv/run_riscv.sh ;; esac
"$source/tests/freestanding/same_bits.sh" "$run_host" "$runner" "$work/model.mnq" "$work/inputs.bin" "$n"
