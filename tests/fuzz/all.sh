#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fuzzes all targets for HOURS on all processors and sums up: tests/fuzz/all.sh HOURS [TARGET...]. HOURS may be 0.1.
# VALGRIND=1: the optimized drivers of build/release under valgrind, seeds, corpus and mutations of growing number, no sanitizers.
set -eu
if [ $# -lt 1 ]; then
    echo "usage: [VALGRIND=1] tests/fuzz/all.sh HOURS [TARGET...]" >&2
    exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
hours=$1
shift
targets=${*:-$(sed -n 's/^mnq_fuzz_target(\([a-z0-9]*\).*/\1/p' "$here/CMakeLists.txt")}
cores=$(nproc)
build=${MNQ_FUZZ_BUILD:-$root/build/fuzz}
log=$build/log
mkdir -p "$log" "$build/findings"
build=$(cd "$build" && pwd)
log=$build/log
count=$(echo $targets | wc -w)
seconds=$(awk -v h="$hours" -v n="$count" -v c="$cores" 'BEGIN { print int(h * 3600 * (c < n ? c : n) / n) }')

# One target for its share of the time; a line "executions findings" into its log.
sanitized() {
    "$here/run.sh" "$1" "$seconds" >"$log/$1.out" 2>&1 || true
    local n=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log/$1.out" | tail -n 1) found
    found=$(ls "$build/findings" 2>/dev/null | grep -c "^$1-" || true)
    [ -n "$n" ] || [ "$found" -gt 0 ] || found=1 # it ended before its first input, or without a word
    echo "${n:-0} $found" >"$log/$1.sum"
}

watched() {
    cd "$build/findings" # where a driver leaves what it found
    local end=$(($(date +%s) + seconds)) n=0 found=0 many=25 turn=0
    local corpus=$here/corpus/$1
    [ -d "$corpus" ] || corpus=
    case $1 in keras | make) corpus+=" $root/build/release/described/text" ;; import) corpus+=" $root/build/release/described/file" ;; esac
    local program=$root/build/release/tests/fuzz/drive_$1
    [ ! -x "${program/drive_/here_}" ] || program=${program/drive_/here_}
    while [ "$(date +%s)" -lt "$end" ]; do
        local rc=0
        timeout $((end - $(date +%s) + 60)) valgrind -q --suppressions="$here/hdf5.supp" --error-exitcode=99 --trace-children=no --exit-on-first-error=no \
            "$program" -a -t 100 -n "$many" -s $((++turn)) $corpus >"$log/$1.out" 2>&1 || rc=$?
        [ $rc != 124 ] || break # the time is over
        if [ $rc != 0 ]; then
            found=$((found + 1))
            cp "$log/$1.out" "$log/$1.found.$found"
            grep -q 'ended where nobody can tell' "$log/$1.out" || break # else to be looked at, and it went on
        fi
        n=$((n + many))
        many=$((many * 2))
    done
    echo "$n $found" >"$log/$1.sum"
}

export -f sanitized watched
export here root build log seconds
way=sanitized
[ "${VALGRIND:-0}" = 0 ] || way=watched
if [ $way = watched ]; then
    ninja -C "$root/build/release" $(for t in $targets; do echo drive_$t; done) here_import here_data here_archive >/dev/null
    "$here/described.sh" "$root/build/release"
fi
if [ $way = sanitized ]; then # one build before all of them need it
    cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER=clang-14 -DMNQ_FUZZ=ON \
        -DMNQ_SANITIZE=address,undefined -DMNQ_BUILD_TOOLS=OFF >/dev/null
    ninja -C "$build" $(for t in $targets; do echo fuzz_$t drive_$t; done) >"$log/build.out"
    case " $targets " in *" keras "* | *" make "* | *" import "*) "$here/described.sh" "$build" ;; esac
fi
echo $targets | tr ' ' '\n' | xargs -P "$cores" -I{} bash -c "$way {}"
executions=0 findings=0
for t in $targets; do
    read -r n found <"$log/$t.sum"
    printf '%-10s %12d executions  %d findings\n' "$t" "$n" "$found"
    executions=$((executions + n)) findings=$((findings + found))
done
printf '%-10s %12d executions  %d findings\n' all $executions $findings
[ $findings -eq 0 ]
