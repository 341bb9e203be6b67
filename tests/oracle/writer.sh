#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Random models of the tests' other writer (freestanding/make_model): runtime and oracle print the same lines.
#
# usage: writer.sh MAKE_MODEL RUN_HOST ORACLE_RUN
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
seed=0
while [ $seed -lt 40 ]; do
    "$1" $seed "$work/model.mnq" "$work/inputs.bin"
    "$2" "$work/model.mnq" "$work/inputs.bin" 4 | awk '{print $NF}' >"$work/runtime"
    "$3" "$work/model.mnq" "$work/inputs.bin" 4 >"$work/oracle"
    diff "$work/runtime" "$work/oracle" || { echo "FAILED: seed $seed, runtime (<) and oracle (>) differ"; exit 1; }
    seed=$((seed + 1))
done
echo "$seed models, the same bits"
