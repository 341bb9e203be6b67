#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Damaged .mnq files in: what export takes compiles without a warning, as C99, and gives the checksums of the host.
#
# usage: hostile.sh MNQUANT MUTANTS FIRST N
set -eu
mnquant=$1 mutants=$2 first=$3 n=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$mutants" "$work" "$first" "$n"
took=0
for file in "$work"/net*.mnq; do
    name=$(basename "$file" .mnq)
    if ! "$mnquant" export "$file" --target generic --name "$name" -q -o "$work/$name" 2>"$work/err"; then
        [ "$(wc -l <"$work/err")" = 1 ] || { cat "$work/err"; echo "FAILED: $name: more than a line"; exit 1; }
        continue
    fi
    took=$((took + 1))
    cp "$file" "$work/$name/net.mnq"
    cd "$work/$name"
    make -s run "CFLAGS=-std=c99 -O0 -Wall -Wextra -Wpedantic -Wconversion -Werror" >log 2>&1 ||
        { tail -20 log; echo "FAILED: $name, network $name of seeds from $first"; exit 1; }
    grep -q 'self-test passed' log || { cat log; echo "FAILED: $name: no word of the self-test"; exit 1; }
    cd "$work"
done
[ "$took" -gt 0 ] || { echo "FAILED: none of $n was exported"; exit 1; }
echo "$took of $n exported, built and run"
