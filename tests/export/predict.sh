#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What `export` foretells beside what an emulator counts and a linker links: instructions, flash, RAM; the largest errors last.
#
# usage: predict.sh MNQUANT PLUGIN.so CORE MODEL.mnq...
#   PLUGIN.so  ../shared/tools/insncount, built
# Flash is code and constants of the library in a program that runs one picture; RAM is the arena, which the library checks.
set -eu
mnquant=$1 plugin=$2 core=$3
shift 3
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '%-24s %12s %12s %7s %9s %9s %7s %8s\n' model instructions counted error flash linked error arena
for model; do
    name=$(basename "$model" .mnq)
    dir=$work/$name
    "$mnquant" export "$model" --target "$core" --input picture --name net --json -o "$dir" >"$work/json"
    cd "$dir"
    value() { sed -n "s/^#define NET_$1 //p" src/net.h; }
    cc=$(sed -n 's/^CC = //p' Makefile) flags=$(sed -n 's/^CORE = //p' Makefile) runner=$(sed -n 's/^RUNNER = //p' Makefile)
    make -s >/dev/null
    $cc $flags -O2 -std=c99 -ffunction-sections -fdata-sections -Isrc -DHEADER='"net.h"' -DNAME=net -DARENA="$(value ARENA_BYTES)" \
        -DHEIGHT="$(value INPUT_HEIGHT)" -DINPUT="$(value INPUT_BYTES)" -DROWS=0 "$here/count.c" test/startup.c build/libnet.a \
        --specs=rdimon.specs -Wl,--section-start=.vectors=0 -Wl,--undefined=vectors -Wl,--gc-sections -Wl,-Map=build/count.map -o build/count
    if ! timeout 300 $runner -nographic -monitor none -serial none -semihosting-config enable=on,target=native \
        -plugin "$plugin,begin=mnq_begin_count,end=mnq_end_count,top=0,out=build/counted" -kernel build/count >/dev/null 2>&1; then
        echo "$name: does not run"
        continue
    fi
    python3 "$here/predict.py" "$work/json" build/counted build/count.map "$name" "$work/errors"
    cd "$work"
    rm -rf "$dir"
done
awk '{i = $1 < 0 ? -$1 : $1; f = $2 < 0 ? -$2 : $2; if (i > a) a = i; if (f > b) b = f}
END {printf "largest error: instructions %.1f %%, flash %.1f %%, of %d models\n", a, b, NR}' "$work/errors"
