#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The cross builds of README.md and PORTING.md, as they are written: code at the level that is stated, and the level of the user where
# one is stated. The code bytes for a Cortex-M4 are those that PORTING.md states, within 10 %. Status 77: no toolchain.
#
# usage: documented.sh SOURCE_DIR [ON]     ON: each with every generator; else each with another one
set -eu
source=$1 all=${2:-OFF}
for tool in cmake arm-none-eabi-gcc arm-none-eabi-size; do
    command -v $tool >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*"; exit 1; }
mkdir "$work/tree"
cp -R "$source/CMakeLists.txt" "$source/runtime" "$work/tree"
cd "$work/tree"

# level WANTED: every compilation of the last build had this level and no other
level() {
    [ "$(grep -o -- ' -O[0-9sgz]*' ../log | sort -u | tr -d '\n')" = " $1" ] ||
        fail "wanted $1 alone, compiled with$(grep -o -- ' -O[0-9sgz]*' ../log | sort -u | tr '\n' ' ')"
    ! grep -q 'quant/\|calib/' ../log || fail "compiles files of the host"
}
# "bytes without the DSP table, bytes with it"
bytes() { arm-none-eabi-size "$(find build -name libmnq_runtime.a)" | awk 'NR > 1 { n += $1 } /_dsp|dsp[.]/ { d += $1 } END { print n - d, n }'; }
# stated LEVEL BYTES BYTES: the row of PORTING.md's table
stated() {
    sed -n "s/^| \`$1\` |//p" "$source/runtime/doc/PORTING.md" | tr -d ',' | awk -v a="$2" -v b="$3" '
        function near(x, y) { return x > 0.9 * y && x < 1.1 * y }
        { found = near($1, a) && near($4, b) }
        END { exit !found }' || fail "PORTING.md states other code bytes for $1 than $2 and $3"
}

count=0
for document in README.md runtime/doc/PORTING.md; do
    case $all:$document in
    ON:*) set -- "Unix Makefiles" Ninja "Ninja Multi-Config" ;;
    *:README.md) set -- "Ninja Multi-Config" ;;
    *) set -- "Unix Makefiles" ;;
    esac
    command=$(grep -m1 '^    cmake .*arm-none-eabi.cmake' "$source/$document" | sed 's/^ *//')
    [ -n "$command" ] || fail "$document shows no cross build"
    for generator; do
        case $generator in
        Unix*) command -v make >/dev/null || continue ;;
        *) command -v ninja >/dev/null || continue ;;
        esac
        rm -rf build
        CMAKE_GENERATOR=$generator VERBOSE=1 sh -c "$(echo "$command" | sed 's/--build [^ ]*/& -v/')" >../log 2>&1 ||
            { tail -n 20 ../log; fail "$document, $generator: $command"; }
        level -O2
        count=$((count + 1))
    done
done
[ $count -ge 2 ] || { echo "skipped: no make or no ninja"; exit 77; }
fast=$(bytes)
# build OPTION...
build() {
    rm -rf build
    { cmake -G Ninja -S runtime -B build --toolchain cmake/arm-none-eabi.cmake -DMNQ_CPU=cortex-m4 "$@" && cmake --build build -v; } \
        >../log 2>&1 || { tail -n 20 ../log; fail "$*"; }
}
build -DCMAKE_BUILD_TYPE=MinSizeRel
level -Os
small=$(bytes)
# The flags of the user: what the compiler would be called with.
rm -rf build
cmake -G Ninja -S runtime -B build --toolchain cmake/arm-none-eabi.cmake -DCMAKE_C_FLAGS_RELEASE=-O1 \
    -DCMAKE_EXPORT_COMPILE_COMMANDS=ON >../log 2>&1 && cp build/compile_commands.json ../log
level -O1
echo "$count cross builds as documented; the user's flags win; libmnq_runtime.a for Cortex-M4, generic and with the DSP table: $fast bytes at -O2, $small at -Os"
stated -O2 $fast
stated -Os $small

# A big-endian core is refused by the compiler, for that reason.
refused=0
for compiler in powerpc-linux-gnu-gcc "clang-19 --target=powerpc-unknown-elf" "clang-14 --target=powerpc-unknown-elf"; do
    command -v "${compiler%% *}" >/dev/null || continue
    for file in runtime/src/open.c runtime/kernels/generic/pw_c.c; do
        ! $compiler -std=c99 -ffreestanding -Iruntime/include -Iruntime/include/mnq -Iruntime/kernels -Iruntime/src -c $file \
            -o ../object 2>../log || fail "$compiler compiles $file"
        grep -q 'big-endian targets are not supported' ../log || fail "$compiler: refused for another reason"
    done
    refused=$((refused + 1))
done
[ $refused -gt 0 ] || { echo "skipped: no compiler for a big-endian core; all else passed"; exit 77; }
echo "refused by $refused big-endian compilers"
