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
    case $path in
    kernels/hexagon/*)
        command -v clang-19 >/dev/null || continue
        check "$runtime/$path" clang-19 --target=hexagon-unknown-elf -mcpu=hexagonv65 -mhvx -mhvx-length=128B -ffreestanding -x c -std=c99 \
            -Wno-unused-function
        continue
        ;;
    esac
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
