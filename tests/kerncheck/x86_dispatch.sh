#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Which kernel tables an x86-64 program finds on processors with and without AVX2, and that a model's bits are the same on
# both. Status 77: no emulator.
#
# usage: x86_dispatch.sh DISPATCH MNQUANT MODEL.h5 CALIB PREPROCESS
set -eu
. "$(dirname "$0")/../support/calibrated.sh"
program=$1
shift
command -v qemu-x86_64 >/dev/null || { echo "skipped: no qemu-x86_64"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
calibrated "$work/model.mnq" "$@"
status=0
# expect CPU TABLE...
expect() {
    cpu=$1
    shift
    found=$(qemu-x86_64 -cpu "$cpu" "$program" "$work/model.mnq" | tee -a "$work/bits" | cut -d' ' -f1 | tr '\n' ' ')
    [ "$found" = "$* " ] || { echo "FAILED: $cpu has $found, wanted $*"; status=1; }
}
expect Nehalem generic
expect max generic avx2
"$program" "$work/model.mnq" >>"$work/bits"
[ "$(cut -d' ' -f2 "$work/bits" | sort -u | wc -l)" = 1 ] || { cat "$work/bits"; echo "FAILED: outputs differ"; status=1; }
[ $status != 0 ] || echo "tables by processor as expected, the same bits: $(head -1 "$work/bits" | cut -d' ' -f2)"
exit $status
