#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A model on the HVX kernels under qemu-hexagon: the runtime by its toolchain file, a session, nothing else.
#
# usage: run_hvx.sh MODEL.mnq INPUTS.bin N      status 77: clang with this target, lld or the emulator is missing
set -eu
here=$(cd "$(dirname "$0")" && pwd)
runtime=$here/../..
for tool in clang-19 ld.lld-19 qemu-hexagon cmake; do
    command -v $tool >/dev/null || { echo "run_hvx.sh: $tool is not installed" >&2; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compile() {
    clang-19 --target=hexagon-unknown-elf -mcpu=hexagonv67 -G0 -O2 -std=c99 -Wall -Wextra -ffreestanding -fno-builtin \
        -I"$runtime/include" "$@"
}
{
    cmake -S "$runtime" -B "$work" --toolchain "$runtime/cmake/hexagon.cmake" && cmake --build "$work" &&
        compile "-DMODEL_FILE=\"$1\"" "-DINPUT_FILE=\"$2\"" "-DINPUT_COUNT=$3" -c "$here/hexagon_main.c" -o "$work/hexagon_main.o" &&
        compile -c "$here/session.c" -o "$work/session.o" && compile -c "$here/bare_hexagon.c" -o "$work/bare.o" &&
        compile -c "$here/../bare/bare_memory.c" -o "$work/memory.o" &&
        ld.lld-19 -o "$work/run" "$work/hexagon_main.o" "$work/session.o" "$work/bare.o" "$work/memory.o" "$work/libmnq_runtime.a"
} >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
qemu-hexagon "$work/run"
