#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A test program built for another core and run there under emulation. Status 77: no toolchain or no emulator.
#
# usage: cross.sh aarch64|rv64gcv|rv32imac_zve32x|cortex-m3|cortex-m4|cortex-m55|hexagonv65|hexagonv66|hexagonv67 ROOT ARGUMENTS SOURCE...
#   ROOT        the source tree
#   ARGUMENTS   of the program, one word: "--cases 200"
set -eu
target=$1 root=$2 arguments=$3
shift 3
here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

need() {
    for tool; do
        command -v "$tool" >/dev/null || { echo "skipped: no $tool"; exit 77; }
    done
}

build() {
    "$@" -std=c11 -O2 -ffp-contract=off -Wall -Wextra -Werror -I"$root/tests/kerncheck" -I"$root/tests/oracle" \
        -I"$root/runtime/kernels" -I"$root/runtime/include" -I"$root/runtime/include/mnq" -I"$root/runtime/src" \
        -I"$root/quant" -o "$work/program"
}

case $target in
aarch64)
    need aarch64-linux-gnu-gcc qemu-aarch64
    build aarch64-linux-gnu-gcc -static -march=armv8.2-a+dotprod+i8mm -DMNQ_HAVE_NEON -DMNQ_HAVE_DOTPROD -DMNQ_HAVE_I8MM "$@"
    # shellcheck disable=SC2086
    qemu-aarch64 "$work/program" $arguments
    ;;
rv64gcv) # every length of vectors, 32-bit lanes at most
    need clang-19 ld.lld-19 riscv64-linux-gnu-gcc qemu-riscv64
    build clang-19 --target=riscv64-linux-gnu -march=rv64gc_zve32x -fno-vectorize -fno-slp-vectorize -fuse-ld=lld-19 -static \
        -DMNQ_HAVE_RVV "$@"
    for vlen in 128 256 512 1024; do
        echo "vectors of $vlen bits"
        # shellcheck disable=SC2086
        qemu-riscv64 -cpu rv64,v=true,vext_spec=v1.0,vlen=$vlen "$work/program" $arguments
    done
    ;;
rv32imac_zve32x) # a bare core whose vectors have no 64-bit lanes
    need clang-19 riscv64-unknown-elf-gcc qemu-system-riscv32
    picolibc=/usr/lib/picolibc/riscv64-unknown-elf
    [ -d $picolibc ] || { echo "skipped: no picolibc"; exit 77; }
    build clang-19 --target=riscv32-unknown-elf -march=$target -mabi=ilp32 -isystem $picolibc/include -D_GNU_SOURCE -DMNQ_HAVE_RVV \
        -fno-vectorize -fno-slp-vectorize -r -nostdlib -fuse-ld=lld-19 "$@" "$here/start_rv32.c"
    riscv64-unknown-elf-gcc --specs=picolibc.specs --crt0=semihost --oslib=semihost -march=rv32imac -mabi=ilp32 "$work/program" \
        -Wl,--defsym=__flash=0x80000000,--defsym=__flash_size=0x400000,--defsym=__ram=0x80400000,--defsym=__ram_size=0x800000 \
        -Wl,--no-warn-rwx-segments -o "$work/firmware"
    words=
    for word in $arguments; do words=$words,arg=$word; done
    timeout 280 qemu-system-riscv32 -M virt -cpu rv32,Zve32f=true,vext_spec=v1.0,vlen=128,elen=32 -bios none -nographic -monitor none \
        -serial none -kernel "$work/firmware" -semihosting-config enable=on,target=native"$words" </dev/null
    ;;
cortex-m3 | cortex-m4 | cortex-m55)
    board=mps2-an386 float=-mfloat-abi=soft
    [ $target != cortex-m3 ] || board=mps2-an385
    [ $target != cortex-m55 ] || board=mps3-an547 float=-mfloat-abi=hard
    # newlib's semihosting gives the program its stdout, heap and exit status; vectors_m.c gives the core its first steps
    need arm-none-eabi-gcc qemu-system-arm
    build arm-none-eabi-gcc -mcpu=$target -mthumb $float --specs=rdimon.specs -Wl,--section-start=.vectors=0 "$@" \
        "$here/vectors_m.c"
    words=arg=program
    for word in $arguments; do words=$words,arg=$word; done
    timeout 280 qemu-system-arm -M $board -nographic -monitor none -serial none -kernel "$work/program" \
        -semihosting-config enable=on,target=native,"$words" </dev/null
    ;;
hexagonv6[567])
    # no library at all: what the programs want of one is in tests/cross; divisions and double are best at v67, the highest that runs
    need clang-19 ld.lld-19 qemu-hexagon
    cross=$root/tests/cross bare=$root/runtime/examples/hexagon
    tests=$(for file; do case $file in */kernels/hexagon/*) ;; *) echo "$file" ;; esac; done)
    kernels=$(for file; do case $file in */kernels/hexagon/*) echo "$file" ;; esac; done)
    compile() {
        cpu=$1
        shift
        (mkdir -p "$work/$cpu" && cd "$work/$cpu" && clang-19 --target=hexagon-unknown-elf -mcpu=$cpu "$@" -c -std=c11 -O2 \
            -ffreestanding -ffp-contract=off -DMNQ_HAVE_HVX=1 -Wall -Wextra -Werror -mllvm -max-store-memcpy=64 -isystem "$cross/bare" -I"$bare" \
            -I"$root/tests/kerncheck" -I"$root/tests/oracle" -I"$root/runtime/kernels" -I"$root/runtime/include" \
            -I"$root/runtime/include/mnq" -I"$root/runtime/src" -I"$root/quant")
    }
    # shellcheck disable=SC2086
    compile hexagonv67 "$cross/hexagon_start.c" "$cross/hexagon_divide.c" "$bare/bare_hexagon.c" \
        "$root/runtime/examples/bare/bare_memory.c" $tests
    # shellcheck disable=SC2086
    [ -z "$kernels" ] || compile "$target" -mhvx -mhvx-length=128B $kernels
    ld.lld-19 -o "$work/program" "$work"/hexagon*/*.o
    # shellcheck disable=SC2086
    qemu-hexagon "$work/program" $arguments
    ;;
*)
    echo "cross.sh: unknown target $target"
    exit 2
    ;;
esac
