#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Proves that the runtime is integer-only and self-contained on one target.
#
# usage: integer_only.sh TARGET RUNTIME_DIR SOURCE...
# Every source compiles as strict C99 without float registers (or, where the core has none to forbid, without a float
# helper), no function needs more than 256 bytes of stack, nothing is undefined but memory functions and integer
# helpers, and there is no writable data. Exit status 77 if the target's compiler is missing.
set -eu
target=$1 runtime=$2
shift 2

prefix= flags= link= linker=
case $target in
x86_64) cc=gcc flags="-mgeneral-regs-only -fno-pic" ;;
x86_64-clang) cc=clang flags="-mno-sse -mno-mmx -mno-80387 -fno-pic -Wno-unknown-warning-option" ;;
aarch64-neon) prefix=aarch64-linux-gnu- cc=${prefix}gcc flags="-march=armv8.2-a+dotprod+i8mm -fno-pic" ;;
aarch64) prefix=aarch64-linux-gnu- cc=${prefix}gcc flags="-mgeneral-regs-only -fno-pic" ;;
cortex-m0 | cortex-m3 | cortex-m4) prefix=arm-none-eabi- cc=${prefix}gcc flags="-mcpu=$target -mthumb -mfloat-abi=soft" ;;
cortex-m55) prefix=arm-none-eabi- cc=${prefix}gcc flags="-mcpu=$target -mthumb -mfloat-abi=hard -Wno-psabi" ;;
rv64imc_zve32x | rv32imc_zve32x) # the kernels alone have vectors
    prefix=riscv64-linux-gnu- cc=clang-19 bits=${target#rv} bits=${bits%%imc*}
    link="-m elf${bits}lriscv"
    flags="--target=riscv$bits-unknown-elf -march=rv${bits}imc -mcmodel=medany -Wno-unknown-warning-option" ;;
hexagon) cc=clang-19 linker=ld.lld-19 flags="--target=hexagon-unknown-elf -mcpu=hexagonv65 -mhvx -mhvx-length=128B -G0 -fno-pic -Wno-unknown-warning-option
    -mllvm -max-store-memcpy=64" ;;
*) echo "integer_only.sh: unknown target $target" >&2; exit 2 ;;
esac
: ${linker:=${prefix}ld}
for tool in $cc $linker ${prefix}nm; do
    command -v $tool >/dev/null || { echo "skipped: $tool is not installed"; exit 77; }
done
case $target in
x86_64*) [ "$(uname -m)" = x86_64 ] || { echo "skipped: not an x86-64 host"; exit 77; } ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
fail() { echo "FAILED: $*"; status=1; }

for source in "$@"; do
    object=$work/$(basename "$source" .c).o
    vectors=
    case $target$source in
    rv*/riscv/pack_rvv.c) ;;
    rv*/riscv/*_rvv.c) vectors="-march=$target -Wframe-larger-than=256" ;;
    rv32* | hexagon*) vectors=-Wframe-larger-than=256 ;;
    esac
    $cc $flags $vectors -O2 -std=c99 -pedantic-errors -Wall -Wextra -Wvla -Walloca -Wstack-usage=256 -Werror -ffreestanding \
        -fno-stack-protector -fno-asynchronous-unwind-tables -fstack-usage \
        -I"$runtime/include" -I"$runtime/include/mnq" -I"$runtime/kernels" -I"$runtime/src" -c "$source" -o "$object" || fail "$source"
done
[ $status = 0 ] || exit 1
$linker $link -r "$work"/*.o -o "$work/all"

undefined=$(${prefix}nm -u "$work/all" | awk '{print $NF}' | sort -u)
for symbol in $undefined; do
    case $symbol in
    memcpy | memmove | memset) ;;
    __aeabi_mem* | __gnu_thumb1_case_*) ;;                       # the same by another name; switch tables
    __aeabi_lmul | __aeabi_llsl | __aeabi_llsr | __aeabi_lasr) ;; # 64-bit product and shifts
    *div* | *mod*) fail "division helper $symbol" ;;
    __aeabi_f* | __aeabi_d* | __aeabi_*2f | __aeabi_*2d) fail "float helper $symbol" ;;
    *) fail "undefined symbol $symbol" ;;
    esac
done
# Vectors of integers live in the registers of floats: no instruction may be one of theirs.
float='^(fadd|fsub|fmul|fmla|fmls|fmadd|fmsub|fnm.*|fdiv|fsqrt|fcmp.*|fcmeq|fcmg.*|fcvt.*|frint.*|fmax.*|fmin.*|[su]cvtf)$'
if [ "$target" = aarch64-neon ]; then
    found=$(${prefix}objdump -d --no-show-raw-insn "$work/all" | awk '{print $2}' | grep -E "$float" | sort -u)
    [ -z "$found" ] || fail "float instructions: $found"
fi
[ "$(${prefix}nm "$work/all" | grep -c ' T mnq_')" -ge 8 ] || fail "the public functions are missing: nothing was checked"
[ -z "$(${prefix}nm "$work/all" | grep -i ' [bdc] ')" ] || fail "writable symbols: $(${prefix}nm "$work/all" | grep -i ' [bdc] ')"
case $target in
rv*) # what is kept in registers of any length must not be put on the stack
    ${prefix}objdump -d "$work/all" >"$work/code"
    grep -q 'vsetvli' "$work/code" || fail "no vectors: nothing was checked"
    ! grep -E 'vlenb|vs[1248]r\.v' "$work/code" || fail "vectors on the stack" ;;
esac
set -- $(${prefix}size "$work/all" | tail -1)
[ "$2" = 0 ] && [ "$3" = 0 ] || fail ".data $2 and .bss $3 bytes, wanted 0"

echo "$target: text $1, data $2, bss $3; undefined: $(echo $undefined)"
cat "$work"/*.su 2>/dev/null | awk '{print $2, $1}' | sort -rn | head -5 | sed "s|^|stack |; s|$runtime/||"
exit $status
