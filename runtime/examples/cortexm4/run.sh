#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the firmware around a model and N raw inputs, runs it on an emulated Cortex-M and prints its report.
#
# usage: [CORE=cortex-m4] run.sh MODEL.mnq INPUTS.bin N [BUILD_DIR]
#   CORE  -mcpu: cortex-m0 (on a board with a Cortex-M3), -m3, -m4, -m7, -m33, -m55 (both on a board with a Cortex-M55)
# Needs arm-none-eabi-gcc and qemu-system-arm; exit status 77 if one is missing.
set -eu
[ $# -ge 3 ] || { echo "usage: run.sh MODEL.mnq INPUTS.bin N [BUILD_DIR]" >&2; exit 2; }
core=${CORE:-cortex-m4}
case $core in
cortex-m0 | cortex-m0plus | cortex-m3) board=mps2-an385 ;;
cortex-m4) board=mps2-an386 ;;
cortex-m7) board=mps2-an500 ;;
cortex-m33 | cortex-m55) board=mps3-an547 ;;
*)
    echo "run.sh: no board for CORE=$core" >&2
    exit 2
    ;;
esac
for tool in arm-none-eabi-gcc qemu-system-arm cmake; do
    command -v $tool >/dev/null || { echo "run.sh: $tool is not installed" >&2; exit 77; }
done
here=$(cd "$(dirname "$0")" && pwd)
build=${4:-}
if [ -z "$build" ]; then
    build=$(mktemp -d)
    trap 'rm -rf "$build"' EXIT
fi
rm -f "$build/CMakeCache.txt" # another CORE is another compiler
cmake -S "$here" -B "$build" --toolchain "$here/../../cmake/arm-none-eabi.cmake" "-DMNQ_CPU=$core" "-DBOARD=$board" \
    "-DMODEL=$(realpath "$1")" "-DINPUTS=$(realpath "$2")" "-DCOUNT=$3" >"$build.log" 2>&1 &&
    cmake --build "$build" >>"$build.log" 2>&1 || { cat "$build.log" >&2; rm -f "$build.log"; exit 1; }
rm -f "$build.log"
timeout "${MNQ_TIMEOUT:-600}" qemu-system-arm -M $board -nographic -semihosting -kernel "$build/firmware.elf" </dev/null
