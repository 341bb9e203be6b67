#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The report of a model on a bare Hexagon: the runtime by its toolchain file, linked without any library, run by qemu-hexagon.
#
# usage: run_hexagon.sh MODEL.mnq INPUTS.bin N      status 77: clang with this target, lld or the emulator is missing
set -eu
here=$(cd "$(dirname "$0")" && pwd)
runtime=$here/../../runtime
for tool in clang-19 ld.lld-19 qemu-hexagon cmake; do
    command -v $tool >/dev/null || { echo "run_hexagon.sh: $tool is not installed" >&2; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags="--target=hexagon-unknown-elf -mcpu=hexagonv67 -O2 -std=c99 -ffreestanding -fno-builtin"
{
    cmake -S "$runtime" -B "$work" --toolchain "$runtime/cmake/hexagon.cmake" "-DCMAKE_BUILD_TYPE=${MNQ_LEVEL:-Release}" &&
        cmake --build "$work" &&
        clang-19 $flags -c "$runtime/examples/hexagon/bare_hexagon.c" -o "$work/bare.o" &&
        clang-19 $flags -c "$runtime/examples/bare/bare_memory.c" -o "$work/memory.o" &&
        clang-19 $flags -I"$runtime/include" -I"$runtime/examples/cortexm4" -I"$runtime/examples/hexagon" "-DMODEL_FILE=\"$1\"" "-DINPUT_FILE=\"$2\"" \
            "-DINPUT_COUNT=$3" -c "$here/hexagon.c" -o "$work/hexagon.o" &&
        clang-19 $flags -I"$runtime/include" -I"$runtime/examples/cortexm4" -c \
            "$runtime/examples/cortexm4/report.c" -o "$work/report.o" &&
        ld.lld-19 -o "$work/run" "$work/hexagon.o" "$work/bare.o" "$work/memory.o" "$work/report.o" "$work/libmnq_runtime.a"
} >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
qemu-hexagon "$work/run"
