#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every --format by the rules of its ecosystem: files where they belong, descriptions that parse and name files that are there,
# sources built with the flags and include paths that its builder gives.
#
# usage: formats.sh MNQUANT MODEL.h5 CALIB PREPROCESS
# Status 77: a tool is missing.
set -eu
. "$(dirname "$0")/../support/calibrated.sh"
mnquant=$1 model=$2 calib=$3 preprocess=$4
here=$(cd "$(dirname "$0")" && pwd)
for tool in arm-none-eabi-gcc arm-none-eabi-g++ cmake python3; do
    command -v $tool >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
calibrated "$work/m.mnq" "$mnquant" "$model" "$calib" "$preprocess"
for format in arduino platformio zephyr esp-idf cmsis-pack; do
    "$mnquant" export "$work/m.mnq" --target cortex-m4 --name eye --format $format -q -o "$work/$format"
done
fail() { echo "FAILED: $*"; exit 1; }
core="-mcpu=cortex-m4 -mthumb -Os -ffunction-sections -fdata-sections"

# Arduino 1.5 libraries and PlatformIO: everything below src is compiled, src is the only include path, sketches are C++.
sources() {
    (cd "$1" && find src -name '*.c' -o -name '*.S')
}
printf '%s\n' '#pragma once' 'struct Console { void begin(long); void println(const char *); operator bool(); };' 'extern Console Serial;' >"$work/Arduino.h"
for format in arduino platformio; do
    cd "$work/$format"
    for file in $(sources .); do
        arm-none-eabi-gcc $core -std=gnu11 -w -Isrc -c "$file" -o "$work/$(echo "$file" | tr / _).o" || fail "$format: $file"
    done
    example=$(find examples -name '*.ino' -o -name '*.cpp')
    arm-none-eabi-g++ $core -std=gnu++14 -fno-exceptions -I"$work" -include "$work/Arduino.h" -Isrc -x c++ -c "$example" -o "$work/sketch.o" ||
        fail "$format: $example"
done
cd "$work/arduino"
for key in name version author maintainer sentence paragraph category url architectures; do
    grep -q "^$key=" library.properties || fail "library.properties: no $key"
done
python3 - "$work" <<'P' || fail "a description"
import json, os, re, sys
import xml.etree.ElementTree as xml
work = sys.argv[1]
lib = json.load(open(work + "/platformio/library.json"))
assert lib["name"] and re.fullmatch(r"\d+\.\d+\.\d+", lib["version"]) and lib["headers"]
pack = work + "/cmsis-pack/"
pdsc = [f for f in os.listdir(pack) if f.endswith(".pdsc")]
assert len(pdsc) == 1
root = xml.parse(pack + pdsc[0]).getroot()
assert pdsc[0] == root.findtext("vendor") + "." + root.findtext("name") + ".pdsc"
named = {f.get("name") for f in root.iter("file")}
assert all(os.path.exists(pack + f) for f in named)
there = {os.path.relpath(os.path.join(d, f), pack) for d, _, fs in os.walk(pack + "src") for f in fs}
assert there <= named, there - named
conditions = {c.get("id") for c in root.iter("condition")}
assert all(c.get("condition") in conditions for c in root.iter("component"))
P

# Zephyr and ESP-IDF: their CMake files run by CMake, with their functions standing in.
cmake_builds() {
    mkdir -p "$work/cm-$1"
    cp "$here/$1.cmake" "$work/cm-$1/CMakeLists.txt"
    cmake -S "$work/cm-$1" -B "$work/cm-$1/build" --toolchain "$here/../../runtime/cmake/arm-none-eabi.cmake" \
        "-DEXPORT=$work/$1" >"$work/log" 2>&1 && cmake --build "$work/cm-$1/build" >>"$work/log" 2>&1 ||
        { tail -20 "$work/log"; fail "$1"; }
}
cmake_builds zephyr
cmake_builds esp-idf
grep -q 'kconfig: zephyr/Kconfig' "$work/zephyr/zephyr/module.yml" || fail "module.yml"
grep -q '^config EYE' "$work/zephyr/zephyr/Kconfig" || fail "Kconfig"
echo "five formats built"
