#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fuzzes one target: tests/fuzz/run.sh TARGET SECONDS [libFuzzer options]. Needs clang-14; builds in build/fuzz.
# The corpus grows in build/fuzz/corpus/TARGET. A finding that was repaired goes to tests/fuzz/corpus/TARGET.
set -eu
if [ $# -lt 2 ]; then
    echo "usage: tests/fuzz/run.sh TARGET SECONDS [libFuzzer options]; targets:" \
        $(sed -n 's/^mnq_fuzz_target(\([a-z0-9]*\).*/\1/p' "$(dirname "$0")/CMakeLists.txt") >&2
    exit 2
fi
target=$1 seconds=$2
shift 2
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${MNQ_FUZZ_BUILD:-$root/build/fuzz}
cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER=clang-14 -DMNQ_FUZZ=ON \
    -DMNQ_SANITIZE=address,undefined -DMNQ_BUILD_TOOLS=OFF >/dev/null
ninja -C "$build" "fuzz_$target" "drive_$target"
corpus=$build/corpus/$target
mkdir -p "$corpus" "$build/findings"
"$build/tests/fuzz/drive_$target" -w "$corpus"
case $target in keras | make) seeds=text ;; import) seeds=file ;; *) seeds= ;; esac
if [ -n "$seeds" ]; then
    "$root/tests/fuzz/described.sh" "$build"
    cp "$build/described/$seeds"/* "$corpus"
fi
kept=$root/tests/fuzz/corpus/$target
[ -d "$kept" ] || kept=
limits="-timeout=20 -rss_limit_mb=3000"
[ "$target" != make ] || limits="-timeout=300 -report_slow_units=300 -rss_limit_mb=3000"
# The HDF5 library may spin or ask for any memory in a child process, which is given some seconds of processor time.
[ "$target" != import -a "$target" != archive -a "$target" != data ] || limits="-timeout=200 -report_slow_units=200 -rss_limit_mb=3000 -malloc_limit_mb=1048576"
exec "$build/tests/fuzz/fuzz_$target" -max_total_time="$seconds" $limits -print_final_stats=1 \
    -artifact_prefix="$build/findings/$target-" "$@" "$corpus" $kept
