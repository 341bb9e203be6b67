#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Which kernel tables programs for AArch64 Linux find on four processors, and that a model's bits are the same with each of them.
# The library is built as PORTING.md says. Status 77: no toolchain or no emulator.
#
# usage: dispatch.sh ROOT MNQUANT MODEL.h5 CALIB PREPROCESS
set -eu
. "$(dirname "$0")/../support/calibrated.sh"
root=$1
shift
here=$root/tests/kerncheck
for tool in aarch64-linux-gnu-gcc qemu-aarch64 cmake; do
    command -v $tool >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
model=$work/model.mnq
calibrated "$model" "$@"
{
    cmake -S "$root/runtime" -B "$work/build" --toolchain "$root/runtime/cmake/aarch64-linux-gnu.cmake" &&
        cmake --build "$work/build" -j2 &&
        aarch64-linux-gnu-gcc -static -O2 -Wall -Wextra -Werror -I"$root/runtime/include" "$here/dispatch.c" \
            "$work/build/libmnq_host_kernels.a" "$work/build/libmnq_runtime.a" -o "$work/program"
} >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
status=0
# expect CPU TABLE...
expect() {
    cpu=$1
    shift
    found=$(qemu-aarch64 -cpu "$cpu" "$work/program" "$model" | tee -a "$work/bits" | cut -d' ' -f1 | tr '\n' ' ')
    [ "$found" = "$* " ] || { echo "FAILED: $cpu has $found, wanted $*"; status=1; }
}
expect cortex-a53 generic neon
expect neoverse-n1 generic neon dotprod
expect cortex-a76 generic neon dotprod
expect max generic neon dotprod i8mm
[ "$(cut -d' ' -f2 "$work/bits" | sort -u | wc -l)" = 1 ] || { cat "$work/bits"; echo "FAILED: outputs differ"; status=1; }
[ $status != 0 ] || echo "tables by processor as expected, the same bits: $(head -1 "$work/bits" | cut -d' ' -f2)"
exit $status
