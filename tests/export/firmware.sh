#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# One command from a float model to a self-test under emulation; what it calibrates is what `calibrate --target` does.
#
# usage: firmware.sh MNQUANT CORE MODEL.h5 CALIB PREPROCESS
# Status 77: the model, the compiler or the emulator is missing.
set -eu
mnquant=$1 core=$2 model=$3 calib=$4 preprocess=$5
here=$(cd "$(dirname "$0")" && pwd)
for file in "$model" "$calib"; do
    [ -e "$file" ] || { echo "skipped: $file is not there"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$mnquant" -q calibrate "$model" --data "$calib" --preprocess "$preprocess" --target "$core" -o "$work/model.mnq"
"$mnquant" -q export "$work/model.mnq" --target "$core" --name eye -o "$work/two"
cc=$(sed -n 's/^CC = //p' "$work/two/Makefile") emulator=$(sed -n 's/^RUNNER = //p' "$work/two/Makefile" | cut -d' ' -f1)
for tool in "$cc" $emulator make; do
    command -v "$tool" >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
MNQUANT=$mnquant "$here/../../tools/firmware" "$model" "$calib" "$core" "$work/one" --preprocess "$preprocess" --name eye >"$work/log" 2>&1 ||
    { cat "$work/log"; echo "FAILED: $core"; exit 1; }
grep -q 'self-test passed' "$work/log" || { cat "$work/log"; echo "FAILED: no word of the self-test"; exit 1; }
cmp "$work/model.mnq" "$work/one/eye.mnq"
for file in $(cd "$work/two" && find src test Makefile -type f); do cmp "$work/two/$file" "$work/one/$file"; done
tail -1 "$work/log"
