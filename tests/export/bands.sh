#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Instructions on an emulated Cortex-M4 of a model's layers at once and of its balanced plan: the same bits, at most some per cent
# more, with the picture in memory and with its rows pushed, in less RAM.
#
# usage: bands.sh MNQUANT PERCENT MODEL.h5 CALIB PREPROCESS [OPTION OF CALIBRATE...]   status 77: model, compiler or emulator is missing
set -eu
. "$(dirname "$0")/../support/calibrated.sh"
mnquant=$1 percent=$2 model=$3 calib=$4 preprocess=$5
shift 5
here=$(cd "$(dirname "$0")" && pwd)
for file in "$model" "$calib"; do
    [ -e "$file" ] || { echo "skipped: $file is not there"; exit 77; }
done
for tool in arm-none-eabi-gcc qemu-system-arm make; do
    command -v $tool >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
calibrated "$work/model.mnq" "$mnquant" "$model" "$calib" "$preprocess" "$@"
for plan in speed balanced; do
    "$mnquant" export "$work/model.mnq" --target cortex-m4 --name eye --plan $plan -q -o "$work/$plan"
    cd "$work/$plan"
    make -j2 >log 2>&1 || { cat log; exit 1; }
    # shellcheck disable=SC2046
    arm-none-eabi-gcc $(sed -n 's/^CORE = //p' Makefile) -std=c99 -O2 -Wall -Wextra -Isrc "$here/bands_main.c" test/startup.c \
        build/libeye.a --specs=rdimon.specs -Wl,--section-start=.vectors=0 -Wl,--undefined=vectors -Wl,--gc-sections -o build/count
    timeout 280 qemu-system-arm -M mps2-an386 -icount shift=0 -nographic -monitor none -serial none \
        -semihosting-config enable=on,target=native -kernel build/count </dev/null >"$work/$plan.txt"
    sed "s/^/$plan /" "$work/$plan.txt"
done
cat "$work/speed.txt" "$work/balanced.txt" | awk -v percent="$percent" '
    { bytes[NR] = $2; n[NR] = $4; sum[NR] = $7 }
    END {
        if (NR != 4) { print "FAILED: reports are missing"; exit 1 }
        for (i = 2; i <= 4; i++) if (sum[i] != sum[1]) { print "FAILED: other outputs"; exit 1 }
        for (i = 3; i <= 4; i++) {
            printf "%s: %+.1f %% instructions, %.0f %% of the RAM\n", i == 3 ? "picture" : "rows", 100 * (n[i] / n[1] - 1), 100 * bytes[i] / bytes[1]
            if (n[i] > (1 + percent / 100) * n[1] || bytes[i] >= bytes[1]) { print "FAILED: more than " percent " %, or no less RAM"; exit 1 }
        }
    }'
