#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A synthetic sensor's rows, pushed on an emulated Cortex-M4 and down a pipe on the host: the same bits as the whole picture, in the
# RAM that `mnquant inspect` tells.
#
# usage: camera.sh MNQUANT SENSOR_FRAMES SOURCE_DIR MODEL.h5 CALIB PREPROCESS FRAMES [OPTION...]
#   OPTION  more options of "mnquant calibrate"       status 77: the model, the compiler or the emulator is missing
set -eu
. "$(dirname "$0")/../support/calibrated.sh"
mnquant=$1 sensor=$2 source=$3 model=$4 calib=$5 preprocess=$6 frames=$7
shift 7
for file in "$model" "$calib"; do
    [ -e "$file" ] || { echo "skipped: $file is not there"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
calibrated "$work/model.mnq" "$mnquant" "$model" "$calib" "$preprocess" "$@"
"$mnquant" inspect "$work/model.mnq" --json >"$work/inspect"
number() { sed -n "s/.*\"$1\": \([0-9]*\),*$/\1/p" "$work/inspect" | head -n 1; }
set -- $(tr -d '\n' <"$work/inspect" | sed 's/.*"input_shape": \[\([^]]*\)\].*/\1/; s/,/ /g')
ram=$(number stream_bytes)

# The host: as many bytes of arena, rows from a pipe.
host=$("$sensor" "$frames" "$1" "$2" "$3" | "$mnquant" run "$work/model.mnq" --stream - --json | sed -n 's/.*"crc32": "\(.*\)".*/\1/p' | head -n 1)
status=0
"$source/runtime/examples/camera/run_camera.sh" "$work/model.mnq" "$ram" "$frames" >"$work/board" || status=$?
cat "$work/board"
[ $status != 77 ] || { echo "skipped: no toolchain or emulator"; exit 77; }
[ $status = 0 ] || { echo "FAILED: the firmware ended with status $status"; exit 1; }
grep -q "^pushed $host$" "$work/board" || { echo "FAILED: the host's pipe gave $host"; exit 1; }
echo "pipe   $host"
