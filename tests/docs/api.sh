#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The program in calib/HOST_API.md makes a model that runs, and the headers that the page names are there.
#
# usage: api.sh PROGRAM MNQUANT SOURCE_DIR
set -eu
program=$1 mnquant=$2 source=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for header in $(grep '^| `' "$source/calib/HOST_API.md" | cut -d'|' -f2 | tr -d '`,'); do
    [ -f "$source/quant/$header" ] || ls "$source"/calib/*/"$header" >/dev/null 2>&1 ||
        { echo "FAILED: there is no $header"; exit 1; }
done
cp "$source/tests/golden/reader/reader.h5" "$source/tests/golden/reader/reader-calib.h5" "$work"
cd "$work"
"$program" reader.h5 reader-calib.h5 made.mnq
"$mnquant" run made.mnq reader-calib.h5 --top 1 | sed 1q
status=0
"$program" no.h5 reader-calib.h5 no.mnq 2>message || status=$?
[ $status = 1 ] && [ ! -e no.mnq ] && grep -q '^no.h5: ' message || { echo "FAILED: a missing file"; cat message; exit 1; }
