#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Lets every command fail everywhere: at allocations, at system calls, by signals; and looks at what is left.
#
# usage: [FAULTS_TO=N] [FAULTS_SEED=N] [FAULTS_CALLS="NAME..."] faults.sh sweep|memory|errors|signals|short|limits BIN_DIR STARVE.so STEP [COMMAND...]
#   sweep     memory, quickly: STEP is every, ways or a number (sweep.c, beside STARVE.so); FAULTS_TABLES keeps what was done
#   memory    each STEP-th allocation fails (1: every one), up to the N-th, of the command and of the processes that it starts
#   errors    ENOSPC, EIO, EINTR, EPERM and EMFILE at each STEP-th call of those that open, read, write, sync, rename, or
#             of those named; of each the first N
#   signals   each STEP-th of the signals that end a program, at those calls
#   short     writes that take half of what they are given, and files that cannot grow beyond each STEP-th KiB
#   limits    each STEP-th of the limits that a shell sets: data, address space, open files, stack; no further process (for
#             a user who is not root: one is made of root)
#   COMMAND   import inspect packed run eval page compare json export bench prune tune calibrate fit sweep; default all but
#             bench and tune
# A run must succeed with the same output and the same files as one without a fault, or say why in one line (a signal
# needs none), exit 1, or 2, or 128 + signal, and leave nothing behind: no temporary file, the old output as it was; of a
# search a journal, with which the same command ends well.
set -u
kind=$1 bin=$(cd "$2" && pwd)/mnquant starve=$(realpath "$3") step=$4
shift 4
commands=${*:-import inspect packed run eval page compare json export prune calibrate fit sweep}
sample=$(cd "$(dirname "$0")/../golden/reader" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/mnqfaults.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'echo "$kind: stopped at ${command-}${call:+, $call}, $runs runs, $faults ended in an error, $failed findings"; exit 1' TERM INT
export LC_ALL=C TERM=dumb
unset NO_COLOR MNQ_THREADS MNQ_KERNELS
RANDOM=${FAULTS_SEED:-1} # the same faults in every run, unless others are asked for
runs=0 faults=0 failed=0 turn=0
[ "$kind" = sweep ] || turn=$((RANDOM % step))

arguments() {
    case $1 in
    import) echo "import reader.h5 -o out.h5 -f" ;;
    inspect) echo "inspect reader.h5" ;;
    packed) echo "inspect model.mnq" ;;
    run) echo "run model.mnq reader-golden.h5 -j1" ;;
    eval) echo "eval reader.h5 model.mnq --data reader-golden.h5 -j1 --json" ;;
    page) echo "eval reader.h5 model.mnq --data reader-golden.h5 -j1 --html out.html -f" ;;
    compare) echo "compare reader.h5 model.mnq --data reader-golden.h5 -j1" ;;
    json) echo "compare reader.h5 model.mnq --data reader-golden.h5 -j1 --json" ;;
    export) echo "export model.mnq --target cortex-m4 -o out" ;;
    bench) echo "bench model.mnq" ;;
    prune) echo "prune reader.h5 --ratio 0.5 -o out.h5 -f" ;;
    tune) echo "tune pruned.h5 --teacher reader.h5 --data reader-golden.h5 -j1 --epochs 1 -o out.h5 -f" ;;
    calibrate) echo "calibrate reader.h5 --data reader-golden.h5 -j1 --re-fit off -o out.mnq --save-recipe out.yaml -f" ;;
    fit) echo "fit reader.h5 --recipe made.yaml --data reader-golden.h5 -j1 -o out" ;;
    sweep) echo "sweep reader.h5 --recipes made.yaml --data reader-golden.h5 -j1 -o out" ;;
    *) echo "no command $1" >&2; exit 2 ;;
    esac
}

# What is there before a run: the inputs, and old outputs that must survive a failure.
prepare() {
    rm -rf "$work/at"
    mkdir "$work/at"
    cp "$sample/reader.h5" "$sample/reader-golden.h5" "$work/at"
    for f in model.mnq pruned.h5 made.yaml; do [ ! -e "$work/$f" ] || cp "$work/$f" "$work/at"; done
    for f in out.h5 out.html out.mnq out.yaml; do echo "old $f" >"$work/at/$f"; done
}

fault() {
    echo "$1: $2"
    failed=$((failed + 1))
}

# Nothing, or all of it: what `export` writes.
same_folder() {
    if [ -e "$work/good/out" ]; then diff -r "$work/at/out" "$work/good/out" >/dev/null 2>&1; else [ ! -e "$work/at/out" ]; fi
}

# What a search leaves when it fails is its journal, and the same command goes on from there.
goes_on() {
    case $command in fit | sweep) ;; *) return 1 ;; esac
    [ "$(ls -A "$work/at/out")" = journal.jsonl ] || return 1
    (cd "$work/at" && exec "$bin" $args) >"$work/out" 2>"$work/out.err" </dev/null && cmp -s "$work/out" "$work/good.out" && same_folder
}

# check WHAT CODE SIGNAL: judges the run that was just made.
check() {
    local what=$1 code=$2 signal=$3 f
    runs=$((runs + 1))
    if [ "$code" -eq 0 ]; then
        # Times are never the same.
        [ "$command" = bench ] || cmp -s "$work/out" "$work/good.out" || fault "$what" "exit 0 with another output"
        same_folder || fault "$what" "exit 0 with another folder"
        for f in out.h5 out.html out.mnq out.yaml; do
            cmp -s "$work/at/$f" "$work/good/$f" || fault "$what" "exit 0 with another $f"
        done
    else
        faults=$((faults + 1))
        [ ! -e "$work/at/out" ] || { [ "$signal" -ne 0 ] && same_folder; } || goes_on || fault "$what" "exit $code with a folder"
        for f in out.h5 out.html out.mnq out.yaml; do
            [ "$signal" -ne 0 ] && cmp -s "$work/at/$f" "$work/good/$f" && continue # the signal came behind it
            [ "$(cat "$work/at/$f" 2>&1)" = "old $f" ] || fault "$what" "exit $code with another $f"
        done
        if [ "$signal" -ne 0 ]; then
            [ "$code" -eq $((128 + signal)) ] || [ "$code" -eq 1 ] || fault "$what" "exit $code"
        else
            [ "$code" -le 2 ] || [ "$code" -eq 127 ] || fault "$what" "exit $code"
            grep -q . "$work/err" || fault "$what" "exit $code without a word"
            [ "$kind" != memory ] || [ "$code" -eq 127 ] || grep -q 'out of memory' "$work/err" || fault "$what" "$(head -n 1 "$work/err")"
        fi
    fi
    for f in "$work"/at/.[!.]* "$work"/at/*; do
        case ${f##*/} in
        '.[!.]*' | reader.h5 | reader-golden.h5 | model.mnq | pruned.h5 | made.yaml | out.h5 | out.html | out.mnq | out.yaml | out) ;;
        *) fault "$what" "left ${f##*/}" ;;
        esac
    done
}

trace() { # PROGRAM OF STRACE...: the command of this round under strace; its exit code
    (cd "$work/at" && exec timeout 60 strace -f $fast -qq -o "$work/trace" "$@" "$bin" $args) >"$work/out" 2>"$work/err" </dev/null
} 2>/dev/null

prepare
"$bin" -q calibrate "$work/at/reader.h5" --data "$work/at/reader-golden.h5" --re-fit off -o "$work/model.mnq" 2>/dev/null || exit 1
# A quick one: what takes longer is in calibrate's runs.
printf '%s\n' 'observer: minmax' 'rounding: nearest' 'wide: none' 'wide-activations: none' 're-fit: off' \
    'target: cortex-m4' 'flash: 400000' >"$work/made.yaml"
case " $commands " in *' tune '*) "$bin" -q prune "$work/at/reader.h5" --ratio 0.7 -o "$work/pruned.h5" || exit 1 ;; esac
calls=${FAULTS_CALLS:-openat read pread64 write fsync fchmod mkdir rename renameat renameat2 socketpair clone fcntl close}
for command in $commands; do
    args=$(arguments "$command")
    prepare
    if ! (cd "$work/at" && STARVE_COUNT="$work/count" LD_PRELOAD=$starve "$bin" $args) >"$work/good.out" 2>"$work/err" </dev/null; then
        echo "$command fails without a fault: $(head -n 1 "$work/err")"
        exit 1
    fi
    before=$runs
    rm -rf "$work/good"
    cp -r "$work/at" "$work/good"
    case $kind in
    sweep)
        prepare
        rm -rf "$work/old"
        cp -r "$work/at" "$work/old"
        tables=${FAULTS_TABLES:-$work}
        mkdir -p "$tables"
        (cd "$work/at" && exec "$(dirname "$starve")/sweep" "$starve" "$step" "$tables/$command.table" "$work/old" "$work/good" "$bin" $args) || failed=$((failed + 1))
        continue
        ;;
    memory)
        to=$(($(cat "$work/count") + 50))
        [ "$to" -lt "${FAULTS_TO:-$to}" ] || to=${FAULTS_TO:-$to}
        for ((n = RANDOM % step; n < to; n += step)); do
            prepare
            (cd "$work/at" && STARVE_AT=$n LD_PRELOAD=$starve timeout 60 "$bin" $args) >"$work/out" 2>"$work/err" </dev/null
            check "$command, allocation $n" $? 0
        done
        ;;
    errors | signals)
        if ! strace -o /dev/null true 2>/dev/null; then
            echo "faults: strace cannot be used here"
            exit 77
        fi
        fast= # only the calls that matter stop the program, where strace can do that; it loses signals then
        [ "$kind" = errors ] && strace -f --seccomp-bpf -e trace=close -o /dev/null true 2>/dev/null && fast=--seccomp-bpf
        prepare
        trace -e trace="${calls// /,}"
        cp "$work/trace" "$work/trace.all"
        for call in $calls; do
            many=$(grep -cE "(^| )$call\(" "$work/trace.all" 2>/dev/null)
            [ -n "${many##0}" ] || many=12
            what="ENOSPC EIO EINTR EPERM EMFILE"
            [ "$kind" = errors ] || what="HUP INT QUIT PIPE ALRM TERM USR1 USR2 XCPU VTALRM PROF RTMIN"
            for ((at = 1; at <= (many < ${FAULTS_TO:-many} ? many : ${FAULTS_TO:-many}); at++)); do
                for w in $what; do
                    [ $((turn++ % step)) -eq 0 ] || continue
                    prepare
                    if [ "$kind" = errors ]; then
                        trace -e trace="$call" -e inject="$call:error=$w:when=$at"
                        check "$command, $call $at: $w" $? 0
                    else
                        number=$(kill -l "$w")
                        trace -e trace="$call" -e inject="$call:signal=$number:when=$at"
                        check "$command, $call $at: $w" $? "$number"
                    fi
                done
            done
        done
        ;;
    short)
        prepare
        (cd "$work/at" && STARVE_SHORT=1 LD_PRELOAD=$starve timeout 60 "$bin" $args) >"$work/out" 2>"$work/err" </dev/null
        check "$command, half of each write" $? 0
        many=$(du -ck "$work"/good/out* "$work/good.out" | tail -n 1 | cut -f 1)
        for ((n = RANDOM % step + 1; n <= many; n += step)); do # 0: the message is a file too
            prepare
            (cd "$work/at" && ulimit -f "$n" && exec timeout 60 "$bin" $args) >"$work/out" 2>"$work/err" </dev/null
            check "$command, files of $n KiB" $? 0
        done
        ;;
    limits)
        for limit in d:500 d:1000 d:1500 d:2000 d:3000 d:4000 d:5000 d:6000 d:8000 d:10000 d:14000 d:18000 d:24000 d:48000 \
            v:40000 v:60000 v:80000 v:100000 v:150000 v:300000 n:4 n:5 n:6 n:7 n:8 n:9 n:10 n:12 n:16 s:64 s:256 u:0; do
            [ $((turn++ % step)) -eq 0 ] || continue
            prepare
            as=
            if [ $limit = u:0 ] && [ "$(id -u)" = 0 ]; then
                as="setpriv --reuid=65534 --regid=65534 --clear-groups"
                setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$bin" || continue # below a private folder
                chmod 755 "$work" && chown -R 65534:65534 "$work/at"
            fi
            (cd "$work/at" && exec timeout 60 $as bash -c 'ulimit "-$1" "$2" && shift 2 && exec "$@"' limits "${limit%:*}" "${limit#*:}" "$bin" $args) >"$work/out" 2>"$work/err" </dev/null
            check "$command, limit $limit" $? 0
        done
        ;;
    *)
        echo "no kind $kind" >&2
        exit 2
        ;;
    esac
    echo "$kind, $command: $((runs - before)) runs"
done
[ "$kind" != signals ] || [ $runs -lt 20 ] || [ $faults -gt 0 ] || fault "signals" "none arrived"
[ "$kind" = sweep ] || echo "$kind: $runs runs, $faults ended in an error, $failed findings"
[ $failed -eq 0 ]
