#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The runtime's own tests, built for another core by its toolchain file and run by qemu-user: unit tests, kernels and networks
# against the oracle, whole models against the host. Status 77: no toolchain or no emulator.
#
# usage: suite.sh TRIPLE EMULATOR KERNELS RUN_HOST MAKE_MODEL LIST=FILE,FILE...
#   KERNELS   ON: every kernel by itself too, which the networks have in them
set -eu
triple=$1 emulator=$2 kernels=$3 run_host=$4 make_model=$5
shift 5
here=$(cd "$(dirname "$0")" && pwd)
for tool in "$triple-gcc" "$emulator" cmake ninja; do
    command -v "$tool" >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for list; do
    shift
    set -- "$@" "-D$list"
done
{ cmake -G Ninja -S "$here/project" -B "$work/build" --toolchain "$here/../../runtime/cmake/$triple.cmake" "$@" &&
    cmake --build "$work/build" -j 2 -t all $([ $kernels = OFF ] || echo kerncheck); } >"$work/log" 2>&1 || { tail -n 40 "$work/log"; exit 1; }
run() {
    echo "$*"
    program=$1
    shift
    "$emulator" "$work/build/$program" "$@" >"$work/log" 2>&1 || { tail -n 20 "$work/log"; echo "FAILED: $program"; exit 1; }
    tail -n 1 "$work/log"
}
for name in model compressed consistent values magnitude plan exec fixed; do run unit_$name; done
[ $kernels = OFF ] || run kerncheck --cases 20
run networks --first 1000 --nets 20
run bounds --first 1000 --nets 6
for seed in 3 4; do
    "$make_model" $seed "$work/model.mnq" "$work/inputs.bin"
    "$run_host" "$work/model.mnq" "$work/inputs.bin" 4 >"$work/host"
    "$emulator" "$work/build/run_host" "$work/model.mnq" "$work/inputs.bin" 4 >"$work/target"
    diff "$work/host" "$work/target" || { echo "FAILED: host (<) and $triple (>) differ"; exit 1; }
done
echo "whole models: the same bits"
