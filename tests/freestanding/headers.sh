#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every header of the runtime compiles alone as C99; the public ones as C++ too.
#
# usage: headers.sh RUNTIME_DIR
set -eu
runtime=$1
include="-I$runtime/include -I$runtime/include/mnq -I$runtime/kernels -I$runtime/kernels/generic -I$runtime/src"
warnings="-pedantic-errors -Wall -Wextra -Wundef -Werror -fsyntax-only"
status=0 count=0

# check NAME COMPILER FLAGS... : compiles a file that includes the header twice
check() {
    name=$1
    shift
    count=$((count + 1))
    printf '#include "%s"\n#include "%s"\nextern int checked;\n' "$name" "$name" | "$@" $include $warnings - || { echo "FAILED: $* $name"; status=1; }
}

for path in $(cd "$runtime" && find include kernels src -name '*.h' | sort); do
    isa=
    case $path in
    kernels/x86/*_avx2.h) isa=-mavx2 ;;
    esac
    # Templates are part of the files that define their names.
    ! grep -qE 'ncludes it defines|Included by one file per' "$runtime/$path" || continue
    other= # the compiler of another core's kernels
    case $path in
    kernels/aarch64/*) other="aarch64-linux-gnu-gcc -march=armv8.2-a+dotprod+i8mm" ;;
    kernels/helium/requant_mve.h) other="arm-none-eabi-gcc -mcpu=cortex-m55 -mthumb -mfloat-abi=hard" ;;
    kernels/hexagon/*) other="clang-19 --target=hexagon-unknown-elf -mcpu=hexagonv65 -mhvx -mhvx-length=128B -ffreestanding" ;;
    kernels/riscv/*) other="clang-19 --target=riscv64-linux-gnu -march=rv64gcv -isystem /usr/riscv64-linux-gnu/include" ;;
    esac
    if [ -n "$other" ]; then
        command -v "${other%% *}" >/dev/null || { echo "note: no ${other%% *} for $path"; continue; }
        check "$runtime/$path" $other -x c -std=c99 -Wno-unused-function
        continue
    fi
    [ -z "$isa" ] || [ "$(uname -m)" = x86_64 ] || continue # another host's kernels
    check "$runtime/$path" gcc -x c -std=c99 -Wno-unused-function $isa
done
cxx=0
for compiler in g++ clang++; do
    command -v $compiler >/dev/null || { echo "note: $compiler is not installed"; continue; }
    cxx=1
    for std in c++98 c++11 c++17; do
        for header in mnq.h camera.h kernels.h host.h; do check mnq/$header $compiler -x c++ -std=$std; done
    done
done
echo "$count compilations"
[ $count -ge 8 ] || { echo "FAILED: headers not found"; status=1; }
[ $cxx = 1 ] || { echo "skipped: no C++ compiler"; [ $status != 0 ] || status=77; }
exit $status
