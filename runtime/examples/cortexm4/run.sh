#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the firmware around a model and N raw inputs, runs it on an emulated Cortex-M4 and prints its report.
#
# usage: run.sh MODEL.mnq INPUTS.bin N [BUILD_DIR]
# Needs arm-none-eabi-gcc and qemu-system-arm; exit status 77 if one is missing.
set -eu
[ $# -ge 3 ] || { echo "usage: run.sh MODEL.mnq INPUTS.bin N [BUILD_DIR]" >&2; exit 2; }
for tool in arm-none-eabi-gcc qemu-system-arm cmake; do
    command -v $tool >/dev/null || { echo "run.sh: $tool is not installed" >&2; exit 77; }
done
here=$(cd "$(dirname "$0")" && pwd)
build=${4:-}
if [ -z "$build" ]; then
    build=$(mktemp -d)
    trap 'rm -rf "$build"' EXIT
fi
cmake -S "$here" -B "$build" --toolchain "$here/../../cmake/arm-none-eabi.cmake" \
    "-DMODEL=$(realpath "$1")" "-DINPUTS=$(realpath "$2")" "-DCOUNT=$3" >"$build.log" 2>&1 &&
    cmake --build "$build" >>"$build.log" 2>&1 || { cat "$build.log" >&2; rm -f "$build.log"; exit 1; }
rm -f "$build.log"
timeout "${MNQ_TIMEOUT:-600}" qemu-system-arm -M mps2-an386 -nographic -semihosting -kernel "$build/firmware.elf" </dev/null
