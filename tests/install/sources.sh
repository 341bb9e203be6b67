#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a user of the sources does: the whole tree by FetchContent with shared libraries, the runtime alone, and firmware.
#
# usage: sources.sh SOURCE_DIR MAKE_MODEL        status 77: a tool is missing
set -eu
source=$1 make_model=$2
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*"; exit 1; }
for tool in cmake ninja gcc g++ readelf; do
    command -v $tool >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
# build NAME OPTION...: what is compiled goes into NAME.list
build() {
    name=$1
    shift
    { cmake -G Ninja -S "$here/project" -B "$work/$name" -DCMAKE_C_COMPILER=gcc -DCMAKE_CXX_COMPILER=g++ "$@" &&
        cmake --build "$work/$name" && cmake --install "$work/$name" --prefix "$work/$name/usr"; } >"$work/log" 2>&1 ||
        { tail -n 30 "$work/log"; fail "$name"; }
    [ -z "$(find "$work/$name/usr" -type f ! -path '*/bin/*')" ] || fail "$name installs what is not its own"
}
"$make_model" 5 "$work/model.mnq" "$work/inputs.bin"
build shared "-DMNQ_FROM=$source" -DBUILD_SHARED_LIBS=ON -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG=-O0
build runtime "-DMNQ_FROM=$source/runtime"
for program in shared/runtime_c shared/runtime_cxx runtime/runtime_c runtime/runtime_cxx; do
    "$work/$program" "$work/model.mnq" avx2 >"$work/got" || fail "$program"
    [ -f "$work/wanted" ] || cp "$work/got" "$work/wanted"
    diff "$work/wanted" "$work/got" || fail "$program: other results"
done
for program in host_c host_cxx; do
    "$work/shared/$program" "$source/tests/golden/reader/reader.h5" "$work/model.mnq" || fail "shared/$program"
    [ "$(readelf -d "$work/shared/$program" | grep -c 'NEEDED.*libmnq_.*[.]so[.]0[.]2\]')" -ge 2 ] || fail "shared/$program: soname"
done
! find "$work/runtime" -name '*.o' | grep -v 'mnq_\|runtime_c' || fail "the runtime alone compiles more than itself"
echo "shared libraries and the runtime alone: 6 programs"
