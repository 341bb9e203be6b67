#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a user of an installed mnquant does: by pkg-config and by find_package, in C and in C++, runtime and host libraries.
#
# usage: install.sh tree|deb BUILD_DIR SOURCE_DIR MAKE_MODEL
#   tree  cmake --install into an empty folder, moved afterwards: nothing remembers where it was
#   deb   the Debian package: built, checked with lintian, installed by dpkg below an empty root, used, removed
# Status 77: a tool is missing.
set -eu
mode=$1 build=$2 source=$3 make_model=$4
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*"; exit 1; }
for tool in cmake ninja gcc g++ pkg-config; do
    command -v $tool >/dev/null || { echo "skipped: no $tool"; exit 77; }
done

case $mode in
tree)
    cmake --install "$build" --prefix "$work/first" >"$work/log" 2>&1 || { tail -n 20 "$work/log"; fail "cmake --install"; }
    mv "$work/first" "$work/usr"
    root=
    ;;
deb)
    for tool in cpack dpkg dpkg-shlibdeps; do command -v $tool >/dev/null || { echo "skipped: no $tool"; exit 77; }; done
    (cd "$work" && cpack -G DEB --config "$build/CPackConfig.cmake" -B "$work/pack") >"$work/log" 2>&1 ||
        { tail -n 20 "$work/log"; fail cpack; }
    deb=$(echo "$work"/pack/*.deb)
    root=$work/root
    mkdir -p "$root/var/lib/dpkg/info" "$root/var/lib/dpkg/updates" "$root/var/log"
    : >"$root/var/lib/dpkg/status"
    dpkg_there() { dpkg --root="$root" --force-not-root --force-depends --log=/dev/null "$@" >"$work/log" 2>&1; }
    dpkg_there -i "$deb" || { cat "$work/log"; fail "dpkg -i"; }
    mv "$root/usr" "$work/usr"
    ln -s ../usr "$root/usr"
    ;;
esac
bin=$work/usr/bin
export PKG_CONFIG_PATH="$(dirname "$(find "$work/usr" -name mnquant.pc)")"

version=$(sed -n 's/^#define MNQ_VERSION_[A-Z]* //p' "$work/usr/include/mnq/mnq.h" | paste -s -d .)
for said in "$("$bin/mnquant" --version)" "mnquant $(pkg-config --modversion mnquant)" \
    "mnquant $(pkg-config --modversion mnquant-runtime)"; do
    [ "$said" = "mnquant $version" ] || fail "versions differ: mnq.h has $version, found $said"
done
for page in 1/mnquant 1/mnquant-calibrate 5/mnq 5/mnquant-yaml; do
    ls "$work/usr/share/man/man${page%/*}/${page#*/}.${page%/*}"* >/dev/null || fail "no page ${page#*/}"
done
for name in FORMAT NUMERICS PORTING README; do [ -f "$work/usr/share/doc/mnquant/$name.md" ] || fail "no $name.md"; done
for shell in bash zsh fish; do
    file=$(find "$work/usr/share" -path "*$shell*" -type f)
    [ -s "$file" ] || fail "no completion for $shell"
    grep -q sensitivity "$file" || fail "$file: knows no options"
    ! command -v $shell >/dev/null || $shell -n "$file" || fail "$file: $shell does not read it"
done

"$make_model" 5 "$work/model.mnq" "$work/inputs.bin"
cp "$source/tests/golden/reader/reader.h5" "$work"
# use RUNTIME HOST: runs both programs, which must agree with every other pair
use() {
    "$1" "$work/model.mnq" avx2 >"$work/got" || fail "$1"
    "$2" "$work/reader.h5" "$work/model.mnq" >>"$work/got" || fail "$2"
    [ -f "$work/wanted" ] || mv "$work/got" "$work/wanted"
    [ ! -f "$work/got" ] || diff "$work/wanted" "$work/got" || fail "$1, $2: other results"
    count=$((count + 2))
}
count=0
for language in c c++; do
    case $language in
    c) compile="gcc -x c -std=c99 -pedantic-errors" host=-std=c11 ;;
    c++) compile="g++ -x c++ -std=c++17 -pedantic-errors" host=-std=c++17 ;;
    esac
    $compile -Wall -Wextra -Werror $(pkg-config --cflags mnquant-runtime) "$here/use_runtime.c" -o "$work/runtime" -x none \
        $(pkg-config --libs mnquant-runtime)
    $compile $host -Wall -Wextra $(pkg-config --cflags mnquant) "$here/use_host.c" -o "$work/host" -x none \
        $(pkg-config --libs mnquant)
    use "$work/runtime" "$work/host"
done
{ cmake -G Ninja -S "$here/project" -B "$work/project" -DCMAKE_PREFIX_PATH="$work/usr" -DCMAKE_C_COMPILER=gcc \
    -DCMAKE_CXX_COMPILER=g++ && cmake --build "$work/project"; } >"$work/log" 2>&1 || { tail -n 30 "$work/log"; fail find_package; }
for language in c cxx; do use "$work/project/runtime_$language" "$work/project/host_$language"; done
cat "$work/wanted"
echo "$count programs, the same results"

if [ "$mode" = deb ]; then
    rm "$root/usr"
    mv "$work/usr" "$root/usr"
    dpkg_there -P mnquant || { cat "$work/log"; fail "dpkg -P"; }
    left=$(find "$root" -path "$root/var" -prune -o -type f -print)
    [ -z "$left" ] || fail "left behind: $left"
    command -v lintian >/dev/null || { echo "skipped: no lintian; all else passed"; exit 77; }
    # There is no mail host and no bug to close, and a package of one's own is no part of a cross build.
    lintian --allow-root --suppress-tags bogus-mail-host,bogus-mail-host-in-debian-changelog,initial-upload-closes-no-bugs \
        --suppress-tags pkg-config-unavailable-for-cross-compilation --fail-on error,warning "$deb" || fail lintian
fi
