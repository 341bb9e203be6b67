#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What becomes of a run in several processes when one is killed at a random moment, hangs, lacks a file, when the disk of the
# first is full, and at SIGTERM: exit codes, messages, files left; the same command afterwards gives the bytes of one process.
#
# A search is interrupted in the same way, and goes on.
#
# usage: faults.sh BUILD_TOOLS [KILLS [SEED]]
#   KILLS   moments at which a process is killed; 3
# Prints a table, a line for each fault.
set -eu
tools=$1 kills=${2:-3} RANDOM=${3:-1}
source=$(cd "$(dirname "$0")/../golden/reader" && pwd)
. "$(dirname "$0")/lib.sh"
for tool in pgrep ps; do command -v $tool >/dev/null || { echo "skipped: no $tool"; exit 77; }; done
data="--data $source/reader-calib.h5 --preprocess tf --samples 16"
"$tools/mnquant" -q calibrate $source/reader.h5 $data -o one.mnq

# The processes of the run in the background, by the words of their command: no other has this output.
processes() { pgrep -f "mpi/mnquant-mpi.*$work/two.mnq" | while read -r p; do
    [ "$(cat /proc/$p/comm 2>/dev/null)" != mnquant-mpi ] || [ "$(ps -o ppid= -p $p 2>/dev/null | xargs -I{} cat /proc/{}/comm)" = mnquant-mpi ] || echo $p
done; }
# start SECONDS: one run in three processes, in the background
start() {
    : >said
    mpirun --oversubscribe --bind-to none -n 3 "$tools/mpi/mnquant-mpi" --stall "$1" -q -j 1 calibrate $source/reader.h5 $data \
        -o "$work/two.mnq" >said 2>&1 &
    run=$!
}
# outcome NAME CODES MESSAGE: how the run ended; MESSAGE is looked for unless it succeeded
outcome() {
    local code=0
    wait $run || code=$?
    local word=$(grep -h '^mnquant' said || grep -h 'mpirun noticed' said) left
    word=$(echo "$word" | head -n 1 | cut -c 1-110)
    left=$(ls -A "$work" | grep -vE '^(one.mnq|two.mnq|said|ompi\..*|pmix.*|prun.*|orted.*)$' || true)
    [ -z "$left" ] || fail "$1: left behind: $left"
    case " $2 " in *" $code "*) ;; *) cat said >&2; fail "$1: exit code $code, expected one of: $2" ;; esac
    if [ $code = 0 ]; then
        cmp one.mnq two.mnq || fail "$1: succeeded with other bytes"
        word="(it had finished)"
    else
        [ ! -e two.mnq ] || cmp -s one.mnq two.mnq || fail "$1: half a file"
        [ -z "$3" ] || grep -q "$3" said || { cat said >&2; fail "$1: no message '$3'"; }
    fi
    rm -f two.mnq
    printf '%-34s %4s  %s\n' "$1" "$code" "$word"
}

# How long one run takes, for the moments.
began=$(date +%s%N)
start 60
outcome "nothing" 0 -
took=$((($(date +%s%N) - began) / 1000000))

hits=0
for k in $(seq "$kills"); do
    ms=$((RANDOM * took / 32768)) victim=$((RANDOM % 3))
    start 60
    sleep $((ms / 1000)).$(printf %03d $((ms % 1000)))
    pid=$(processes | sed -n $((victim + 1))p)
    [ -z "$pid" ] || { kill -KILL "$pid" 2>/dev/null && hits=$((hits + 1)); } || true
    outcome "killed after $ms ms${pid:+: process $victim}" "0 1 137 143" "nothing was written\|mpirun noticed"
done
[ $hits -gt 0 ] || fail "no process was killed in $kills runs of $took ms"

start 4
for try in $(seq 100); do [ -z "$(processes | sed -n 3p)" ] || break; sleep 0.1; done
pid=$(processes | sed -n 3p)
[ -n "$pid" ] && kill -STOP "$pid" || fail "no process to stop"
outcome "a process hangs, --stall 4" "1 137 143" "no sign of life\|ended by a signal"
kill -KILL "$pid" 2>/dev/null || true

start 60
sleep $((took / 2000)).$(printf %03d $((took / 2 % 1000)))
kill -TERM $run 2>/dev/null || true
outcome "SIGTERM to mpirun" "0 1 143" "" # which may drop the last words of its processes

# The disk of the one that writes.
mpirun --quiet --oversubscribe --bind-to none -n 3 "$tools/mpi/mnquant-mpi" -q -j 1 calibrate $source/reader.h5 $data -o /dev/full \
    >said 2>&1 &
run=$!
outcome "no room for the output" 1 "cannot write: No space left"

# A file that one process alone does not find: it has another folder of the same name.
cp $source/reader.h5 here.h5
cat >elsewhere <<'END'
#!/bin/sh
[ "$OMPI_COMM_WORLD_RANK" != 1 ] || set -- $(echo "$@" | sed 's/here.h5/gone.h5/')
exec "$@"
END
chmod +x elsewhere
mpirun --quiet --oversubscribe --bind-to none -n 3 ./elsewhere "$tools/mpi/mnquant-mpi" -q -j 1 calibrate here.h5 $data -o "$work/two.mnq" \
    >said 2>&1 &
run=$!
code=0
wait $run || code=$?
rm -f here.h5 elsewhere
[ $code = 1 ] && grep -q 'process 1 on .*gone.h5: cannot open' said && [ ! -e two.mnq ] || { cat said >&2; fail "a file missing in one process: $code"; }
printf '%-34s %4s  %s\n' "a file missing in one process" $code "$(grep '^mnquant' said | cut -c 1-110)"

start 60
outcome "again, after all of that" 0 -

# A search: processes are killed, mpirun is terminated; every finished trial stays, and in the end there are the bytes of one process.
mkdir recipes
for bits in int8 int4; do for n in 4 6 8; do printf 'weights: %s\nsamples: %d\npreprocess: tf\n' $bits $n >recipes/$bits-$n.yaml; done; done
sweep="sweep $source/reader.h5 --recipes recipes --data $source/reader-golden.h5"
"$tools/mnquant" -q -j 1 $sweep -o one.swept
search() {
    : >said
    mpirun --oversubscribe --bind-to none -n 3 "$tools/mpi/mnquant-mpi" --stall 60 -q -j 1 $sweep -o "$work/two.mnq" >said 2>&1 &
    run=$!
}
lines() { wc -l <two.mnq/journal.jsonl 2>/dev/null || echo 0; }
began=$(date +%s%N)
search
wait $run || { cat said >&2; fail "a search failed"; }
took=$((($(date +%s%N) - began) / 1000000))
diff -r one.swept two.mnq >&2 || fail "a search: not the bytes of one process"
rm -rf two.mnq
: >kept
for k in $(seq $((kills / 4 + 1))); do
    ms=$((RANDOM * took / 49152)) victim=$((RANDOM % 3))
    search
    sleep $((ms / 1000)).$(printf %03d $((ms % 1000)))
    how="process $victim killed" pid=$(processes | sed -n $((victim + 1))p)
    if [ $((k % 3)) = 0 ]; then how="SIGTERM to mpirun"; kill -TERM $run 2>/dev/null || true; else kill -KILL "$pid" 2>/dev/null || true; fi
    code=0
    wait $run || code=$?
    while read -r line; do grep -qxF -e "$line" two.mnq/journal.jsonl || fail "a search: a finished trial was lost"; done <kept
    [ ! -e two.mnq/journal.jsonl ] || grep '}$' two.mnq/journal.jsonl >kept || true
    printf '%-34s %4s  %s\n' "search, after $ms ms: $how" $code "journal: $(lines) lines; $(grep -h '^mnquant' said | head -n 1 | cut -c 1-90)"
done
search
wait $run || { cat said >&2; fail "a search does not go on"; }
while read -r line; do grep -qxF -e "$line" two.mnq/journal.jsonl || fail "a search: a finished trial was lost"; done <kept
diff -r one.swept two.mnq >&2 || fail "a search that went on: not the bytes of one process"
printf '%-34s %4s  %s\n' "search, the same command again" 0 "the bytes of one process; $(grep -h 'goes on behind' said | cut -c 1-90)"
