#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A job under a real Slurm: munged, slurmctld and slurmd on this host, set up in a folder of their own; the example script of
# tools/slurm gives the bytes of one process, and ends at a time limit with a message and without half a file.
#
# usage: slurm.sh BUILD_TOOLS [limit]
#   limit  also waits for a real time limit of one minute; otherwise the job gets the same signal by scancel
set -eu
tools=$1 limit=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
source=$here/../golden/reader
batch=$here/../../tools/slurm/mnquant.sbatch
[ "$(id -u)" = 0 ] || { echo "skipped: Slurm's daemons want root"; exit 77; }
for program in munged slurmctld slurmd sbatch python3; do
    command -v $program >/dev/null || [ -x /usr/sbin/$program ] || { echo "skipped: no $program"; exit 77; }
done
PATH=$PATH:/usr/sbin
. "$here/lib.sh"
source=$(cd "$source" && pwd)

# ---- daemons, ended by their numbers ----

pids=()
job=
end() {
    if [ -n "$job" ]; then # its steps outlive slurmd
        scancel --full --signal KILL "$job" 2>/dev/null || true
        for try in $(seq 50); do squeue -h -j "$job" 2>/dev/null | grep -q . || break; sleep 0.2; done
    fi
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap end EXIT
log() { tail -n 5 "$work"/*.log >&2; }

# Ports that nobody listens on.
port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

host=$(hostname -s)
mkdir munge state spool
chmod 755 "$work"
chmod 700 munge
dd if=/dev/urandom of=munge/key bs=128 count=1 2>/dev/null
chmod 400 munge/key
munged --foreground --force --num-threads 1 --socket "$work/munge/socket" --key-file "$work/munge/key" --pid-file "$work/munge/pid" \
    --log-file "$work/munged.log" --seed-file "$work/munge/seed" >munged.out 2>&1 &
pids+=($!)
cat >slurm.conf <<END
ClusterName=mnquant
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$(port)
SlurmdPort=$(port)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
CredType=cred/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/linear
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=10
MpiDefault=none
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
END
export SLURM_CONF=$work/slurm.conf
for try in $(seq 100); do [ ! -S munge/socket ] || break; sleep 0.1; done
slurmctld -D -f "$SLURM_CONF" >slurmctld.out 2>&1 &
pids+=($!)
slurmd -D -f "$SLURM_CONF" >slurmd.out 2>&1 &
pids+=($!)
for try in $(seq 300); do
    [ "$(sinfo -h -o %T 2>/dev/null)" != idle ] || break
    sleep 0.1
done
[ "$(sinfo -h -o %T 2>&1)" = idle ] || { log; fail "the node does not come up: $(sinfo 2>&1 | tail -n 1)"; }

# ---- jobs ----

export MNQUANT_MPI=$tools/mpi/mnquant-mpi MNQ_THREADS=1
# state JOB: what became of it
state() { scontrol show job "$1" | sed -n 's/.*JobState=\([A-Z]*\).*/\1/p'; }
# wait_for JOB: its state at the end. A controller that is busy does not always answer.
wait_for() {
    local now=
    for try in $(seq 1800); do
        now=$(state "$1" 2>/dev/null) || true
        case $now in COMPLETED | FAILED | TIMEOUT | CANCELLED | NODE_FAIL | OUT_OF_MEMORY) break ;; *) sleep 0.1 ;; esac
    done
    echo "$now"
}

"$tools/mnquant" -q calibrate "$source/reader.h5" --data "$source/reader-calib.h5" --preprocess tf --samples 16 -o one.mnq
job=$(sbatch --parsable --ntasks-per-node 2 -o calibrate.out "$batch" -q calibrate "$source/reader.h5" --data "$source/reader-calib.h5" \
    --preprocess tf --samples 16 -o "$work/two.mnq")
[ "$(wait_for "$job")" = COMPLETED ] || { cat calibrate.out >&2; log; fail "the job became $(state "$job")"; }
cmp one.mnq two.mnq || fail "not the bytes of one process"

# A job that would take days.
"$tools/mnquant" -q prune "$source/reader.h5" --data "$source/reader-calib.h5" --preprocess tf --samples 16 --ratio 0.5 -o pruned.h5
job=$(sbatch --parsable ${limit:+--time 0:01 --signal B:TERM@20} --ntasks-per-node 2 -o tune.out "$batch" -v tune pruned.h5 \
    --teacher "$source/reader.h5" --data "$source/reader-calib.h5" --preprocess tf --epochs 10000 -o "$work/tuned.h5")
if [ -z "$limit" ]; then
    for try in $(seq 300); do ! grep -q threads tune.out 2>/dev/null || break; sleep 0.1; done
    sleep 4
    scancel --batch --signal TERM "$job"
fi
became=$(wait_for "$job")
case $became in FAILED | TIMEOUT) ;; *) cat tune.out >&2; log; fail "the job became $became" ;; esac
grep -q 'nothing was written' tune.out || { cat tune.out >&2; fail "no message at the end"; }
[ -z "$(ls -A "$work" | grep -E '^tuned|\.tmp')" ] || fail "something was left: $(ls -A "$work")"
# A search that ends before its end, and goes on as another job.
if [ -n "$limit" ]; then
    mkdir recipes
    for bits in int8 int4; do for n in 4 6 8; do printf 'weights: %s\nsamples: %d\npreprocess: tf\n' $bits $n >recipes/$bits-$n.yaml; done; done
    sweep="sweep $source/reader.h5 --recipes $work/recipes --data $source/reader-golden.h5"
    "$tools/mnquant" -q -j 1 $sweep -o one.swept
    search() { job=$(sbatch --parsable --ntasks-per-node 2 -o "$1" "$batch" $sweep -o "$work/two.swept"); }
    search begun.out
    for try in $(seq 600); do [ "$(wc -l 2>/dev/null <two.swept/journal.jsonl || echo 0)" -lt 3 ] || break; sleep 0.1; done
    scancel --batch --signal TERM "$job"
    [ "$(wait_for "$job")" = FAILED ] && grep -q 'finished trials are kept' begun.out || { cat begun.out >&2; fail "a search that was ended: $(state "$job")"; }
    cp two.swept/journal.jsonl kept
    search ended.out
    [ "$(wait_for "$job")" = COMPLETED ] || { cat ended.out >&2; fail "a search does not go on: $(state "$job")"; }
    diff -r one.swept two.swept >&2 || fail "a search that went on: not the bytes of one process"
    echo "a search that Slurm ended: $(($(wc -l <kept) - 1)) finished trials kept; the next job: $(grep -o 'goes on behind.*' ended.out), the bytes of one process"
fi
echo "a job of two processes: the bytes of one; one that Slurm ended ($became${limit:+, at its time limit}): $(grep 'nothing was written' tune.out | head -n 1)"
