#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Several hosts on one machine: network namespaces joined by a bridge, MPI over TCP between them. Measures what eval and calibrate
# send, compares the bytes with those of one process, and cuts a host off.
#
# usage: hosts.sh BUILD_TOOLS [HOSTS]
#   HOSTS   2 to 4
set -eu
tools=$1 hosts=${2:-2}
source=$(cd "$(dirname "$0")/../golden/reader" && pwd)
[ "$(id -u)" = 0 ] || { echo "skipped: network namespaces want root"; exit 77; }
command -v ip >/dev/null || { echo "skipped: no ip"; exit 77; }
. "$(dirname "$0")/lib.sh"
name=mnq$$
ip netns add ${name}b 2>/dev/null || { echo "skipped: no network namespaces here"; exit 77; }
end() {
    for k in b $(seq "$hosts"); do
        for pid in $(ip netns pids $name$k 2>/dev/null); do kill -KILL "$pid" 2>/dev/null || true; done
        ip netns del $name$k 2>/dev/null || true
    done
    rm -rf "$work"
}
trap end EXIT

# ---- hosts: 10.83.0.1, .2, ... ----

ip -n ${name}b link add bridge type bridge
ip -n ${name}b link set bridge up
for k in $(seq "$hosts"); do
    ip netns add $name$k
    ip link add eth0 netns $name$k type veth peer name port$k netns ${name}b
    ip -n ${name}b link set port$k master bridge up
    ip -n $name$k addr add 10.83.0.$k/24 dev eth0
    ip -n $name$k link set lo up
    ip -n $name$k link set eth0 up
done
# What mpirun uses in the place of ssh: the last number of the address is the host. Each has a folder for its sessions.
cat >remote <<END
#!/bin/sh
host=\${1##*.}
shift
exec ip netns exec $name\$host sh -c "mkdir -p $work/tmp\$host; TMPDIR=$work/tmp\$host \$*"
END
chmod +x remote
list=$(for k in $(seq "$hosts"); do printf '10.83.0.%d:1,' $k; done)

# A host that is cut off closes no connection: mpirun notices by keep-alives, if they tell it before --stall makes it write there.
# Whichever of the two is first has the message.
alive="--mca oob_tcp_keepalive_time 1 --mca oob_tcp_keepalive_intvl 1 --mca oob_tcp_keepalive_probes 2"

# over HOSTS ARGUMENTS...
over() {
    local n=$1
    shift
    ip netns exec ${name}1 mpirun --quiet --bind-to none -n "$n" --host "$list" --mca plm_rsh_agent "$work/remote" --mca btl tcp,self \
        --mca oob_tcp_if_include eth0 --mca btl_tcp_if_include eth0 $alive "$tools/mpi/mnquant-mpi" "$@"
}
# wire: bytes and packets that the first host has sent
wire() { ip netns exec ${name}1 cat /sys/class/net/eth0/statistics/tx_bytes /sys/class/net/eth0/statistics/tx_packets 2>/dev/null | tr '\n' ' '; }

run() { # NAME COMMAND...: in one process, then over the hosts
    local what=$1 before after
    shift
    cd "$work/one"
    "$tools/mnquant" -q -j 1 "$@" --json ${output:+-o $output} >../one/$what.json
    cd "$work/two"
    before=($(wire))
    over "$hosts" --stall 60 -v -j 1 "$@" --json ${output:+-o $output} >$what.json 2>../said || { cat ../said >&2; fail "$what failed"; }
    after=($(wire))
    cd "$work"
    diff -r one two >&2 || fail "$what: other bytes"
    echo "$what on $hosts hosts: the bytes of one; on the first host's wire $((after[0] - before[0])) bytes," \
        "$((after[1] - before[1])) packets;$(sed -n 's/.*on [0-9]* hosts,/ /p' said)"
}
data="--data $source/reader-calib.h5 --preprocess tf --samples 16"
mkdir one two
output=r.mnq run calibrate calibrate $source/reader.h5 $data
output= run eval eval $source/reader.h5 ../one/r.mnq --data $source/reader-test.h5 --preprocess tf

# ---- a host that is cut off ----

"$tools/mnquant" -q prune $source/reader.h5 $data --ratio 0.5 -o pruned.h5
over "$hosts" --stall 4 -q -j 1 tune pruned.h5 --teacher $source/reader.h5 $data --epochs 10000 -o tuned.h5 >said 2>&1 &
run=$!
sleep 6
ip -n ${name}b link set port$hosts down
told='no sign of life|another process died'
for try in $(seq 300); do kill -0 $run 2>/dev/null && ! grep -qE "$told" said || break; sleep 0.1; done
grep -qE "$told" said || { cat said >&2; fail "a host cut off: no message"; }
for try in $(seq 200); do kill -0 $run 2>/dev/null || break; sleep 0.1; done
kill -0 $run 2>/dev/null && { kill -KILL $run; fail "a host cut off: mpirun still waits for it after 20 s"; }
code=0
wait $run || code=$?
[ $code != 0 ] || fail "a host cut off: exit code 0"
[ ! -e tuned.h5 ] || fail "a host cut off: an output"
echo "a host cut off: exit code $code, $(grep -E "$told" said | head -n 1)"
