#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# An export is clean for cppcheck: errors, warnings, portability.
#
# usage: cppcheck.sh MNQUANT CORE MODEL.h5 CALIB PREPROCESS   status 77: no cppcheck
set -eu
mnquant=$1 core=$2 model=$3 calib=$4 preprocess=$5
command -v cppcheck >/dev/null || { echo "skipped: no cppcheck"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$mnquant" calibrate "$model" --data "$calib" --preprocess "$preprocess" --samples 20 -q -o "$work/m.mnq"
"$mnquant" export "$work/m.mnq" --target "$core" --name eye -q -o "$work/x"
cd "$work/x"
# Data is not code: arrays are cut to their first line.
sed -i '/^[0-9, ]*$/{/,$/d}' src/eye.c
# Left out: right shifts of negative numbers, arithmetic as the runtime requires (PORTING.md); calls through the typedef of a function
# that returns a pointer to a kernel, which the tool takes for integers.
cppcheck --quiet --std=c99 --enable=warning,portability --error-exitcode=1 --max-configs=2 -j2 -U__cplusplus -Isrc \
    --suppress=missingIncludeSystem --suppress=shiftNegativeLHS --suppress=CastIntegerToAddressAtReturn src
echo "clean"
