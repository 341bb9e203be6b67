#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the camera firmware around a model and runs it on an emulated Cortex-M4.
#
# usage: run_camera.sh MODEL.mnq ARENA_BYTES FRAMES
#   ARENA_BYTES  RAM with rows pushed, "stream_bytes" of `mnquant inspect --json`
# Needs arm-none-eabi-gcc and qemu-system-arm; exit status 77 if one is missing.
set -eu
[ $# = 3 ] || { echo "usage: run_camera.sh MODEL.mnq ARENA_BYTES FRAMES" >&2; exit 2; }
for tool in arm-none-eabi-gcc qemu-system-arm cmake; do
    command -v $tool >/dev/null || { echo "run_camera.sh: $tool is not installed" >&2; exit 77; }
done
here=$(cd "$(dirname "$0")" && pwd)
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
{
    cmake -S "$here" -B "$build" --toolchain "$here/../../cmake/arm-none-eabi.cmake" "-DMODEL=$(realpath "$1")" \
        "-DARENA_BYTES=$2" "-DFRAMES=$3" && cmake --build "$build"
} >"$build/log" 2>&1 || { cat "$build/log" >&2; exit 1; }
timeout "${MNQ_TIMEOUT:-600}" qemu-system-arm -M mps2-an386 -nographic -semihosting -kernel "$build/camera.elf" </dev/null
