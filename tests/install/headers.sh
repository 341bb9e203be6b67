#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every installed header compiles alone, with the include path of pkg-config: as C99, C11 and C++17, twice in a row; what it declares
# has C linkage.
#
# usage: headers.sh BUILD_DIR        status 77: a compiler or pkg-config is missing
set -eu
build=$1
for tool in cmake gcc g++ pkg-config; do
    command -v $tool >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work" >"$work/log" 2>&1 || { tail -n 20 "$work/log"; echo "FAILED: cmake --install"; exit 1; }
PKG_CONFIG_PATH=$(dirname "$(find "$work" -name mnquant.pc)")
export PKG_CONFIG_PATH
status=0 count=0
flags="$(pkg-config --cflags mnquant) -pedantic-errors -Wall -Wextra -Wundef -Werror"
cd "$work/include"
for header in $(find . -name '*.h' | sed 's#^\./##; s#^mnquant/##' | sort); do
    count=$((count + 1))
    printf '#include <%s>\n#include <%s>\n' "$header" "$header" >"$work/twice.c"
    for compile in "gcc -x c -std=c99 -Wno-unused-function" "gcc -x c -std=c11" "g++ -x c++ -std=c++17"; do
        # shellcheck disable=SC2086
        $compile $flags -fsyntax-only "$work/twice.c" 2>"$work/log" ||
            { echo "FAILED: $compile <$header>"; sed -n 1,4p "$work/log"; status=1; }
    done
    # What declares functions says extern "C" first (what only defines inline ones and types need not).
    path=$header
    [ -f "$path" ] || path=mnquant/$header
    awk '/extern "C"/ { c = 1 } /^[a-z].*[a-z_0-9]\(.*(\);|,)$/ && !c { exit 1 }' "$path" ||
        { echo "FAILED: <$header> declares functions outside extern \"C\""; status=1; }
done
echo "$count headers"
[ $count -ge 100 ] || { echo "FAILED: headers not found"; status=1; }
exit $status
