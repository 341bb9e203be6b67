#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run_host, built for AArch64 from the runtime's own project and run by qemu-aarch64; stands in for run.sh.
#
# usage: run_aarch64.sh MODEL.mnq INPUTS.bin N
set -eu
here=$(cd "$(dirname "$0")" && pwd)
runtime=$here/../../runtime
for tool in aarch64-linux-gnu-gcc qemu-aarch64 cmake; do
    command -v $tool >/dev/null || { echo "run_aarch64.sh: $tool is not installed" >&2; exit 77; }
done
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
{
    cmake -S "$runtime" -B "$build" --toolchain "$runtime/cmake/aarch64-linux-gnu.cmake" && cmake --build "$build" &&
        aarch64-linux-gnu-gcc -static -O2 -I"$runtime/include" -I"$runtime/examples/cortexm4" "$here/run_host.c" \
            "$runtime/examples/cortexm4/report.c" "$build/libmnq_runtime.a" -o "$build/run"
} >"$build/log" 2>&1 || { cat "$build/log" >&2; exit 1; }
qemu-aarch64 "$build/run" "$@"
