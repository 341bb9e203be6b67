#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Exports a model for one core, builds the library with strict warnings, as C99 and as C++, and runs its self-test.
#
# usage: core.sh MNQUANT CORE MODEL.h5 CALIB PREPROCESS [--WORDS...] [LOAD...]
#   LOAD     trusted (if none is named), full, or speed: trusted, and decoded where that is faster
#   --WORDS  options of calibrate
# Status 77: the model, the compiler or the emulator is missing.
set -eu
. "$(dirname "$0")/../support/calibrated.sh"
mnquant=$1 core=$2 model=$3 calib=$4 preprocess=$5
shift 5
options=
while [ $# -gt 0 ] && [ "${1#--}" != "$1" ]; do
    options="$options $1"
    shift
done
[ $# -gt 0 ] || set -- trusted
for file in "$model" "$calib"; do
    [ -e "$file" ] || { echo "skipped: $file is not there"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
calibrated "$work/model.mnq" "$mnquant" "$model" "$calib" "$preprocess" $options
for load; do
    how="--load $load"
    [ $load != speed ] || how="--storage speed"
    "$mnquant" export "$work/model.mnq" --target "$core" $how -q -o "$work/$load"
done
cd "$work/$1"
cc=$(sed -n 's/^CC = //p' Makefile)
emulator=$(sed -n 's/^RUNNER = //p' Makefile | cut -d' ' -f1)
for tool in "$cc" $emulator make; do
    command -v "$tool" >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
strict="-Wall -Wextra -Wconversion -Wpedantic -Wshadow -Wundef -Werror"
if [ "${2-}" = full ] && command -v g++ >/dev/null; then # the sources are both languages'
    for file in $(find src -name '*.c'); do
        g++ -x c++ -std=c++11 -Wall -Wextra -Wconversion -Wpedantic -Werror -Isrc -fsyntax-only "$file"
    done
fi
for load; do
    cd "$work/$load"
    make -j2 run "CFLAGS=-std=c99 -O2 -ffunction-sections -fdata-sections $strict" >log 2>&1 || { cat log; echo "FAILED: $core, $load"; exit 1; }
    grep -q 'self-test passed' log || { tail -5 log; echo "FAILED: $core, $load: no word of the self-test"; exit 1; }
    tail -1 log
done
# A changed weight must be noticed, by the checksum and, without it, by the layers'.
cd "$work/$1"
sed -i 's/\(image\[[0-9]*\][^{]*{\)/\1 /; /^[0-9]*,/{s/^[0-9]*,/77,/;}' src/model_net.c
if make run >log 2>&1; then echo "FAILED: $core: a damaged image passed"; exit 1; fi
grep -q 'self-test failed' log || { tail -5 log; echo "FAILED: $core: damage ended otherwise"; exit 1; }
