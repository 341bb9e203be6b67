#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The firmware on an emulated core prints the same lines as the host.
#
# usage: same_bits.sh RUN_HOST RUN_SH MODEL.mnq INPUTS.bin N
set -eu
run_host=$1 run_sh=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$run_host" "$@" >"$work/host"
status=0
"$run_sh" "$@" >"$work/target" || status=$?
[ $status != 77 ] || { echo "skipped: no toolchain or emulator"; exit 77; }
[ $status = 0 ] || { cat "$work/target"; echo "FAILED: the firmware ended with status $status"; exit 1; }
[ "$(wc -l <"$work/host")" = "$3" ] || { echo "FAILED: the host printed $(wc -l <"$work/host") lines, wanted $3"; exit 1; }
diff "$work/host" "$work/target" || { echo "FAILED: host (<) and ${CORE:-Cortex-M4} (>) differ"; exit 1; }
echo "$3 inputs, the same bits"
