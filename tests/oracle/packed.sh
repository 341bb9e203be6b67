#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Calibrates a real model and runs it in the runtime and in the oracle: the same bytes in every tensor, for every input.
#
# usage: packed.sh MNQUANT INPUTS TEST_NETWORKS MODEL.h5 CALIB TEST PREPROCESS N [OPTION...]
#   OPTION  more options of "mnquant calibrate"       status 77: a file is not there
set -eu
. "$(dirname "$0")/../support/calibrated.sh"
mnquant=$1 inputs=$2 compare=$3 model=$4 calib=$5 test=$6 preprocess=$7 n=$8
shift 8
for file in "$model" "$calib" "$test"; do
    [ -e "$file" ] || { echo "skipped: $file is not there"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
calibrated "$work/model.mnq" "$mnquant" "$model" "$calib" "$preprocess" "$@"
"$inputs" "$work/model.mnq" "$test" "$n" "$work/inputs.bin"
"$compare" "$work/model.mnq" "$work/inputs.bin" | tee "$work/log"
case " $*" in
*" --wide-activations all"*) ! grep -q ", 0 of them on 16-bit" "$work/log" || { echo "FAILED: no 16-bit activations"; exit 1; } ;;
esac
