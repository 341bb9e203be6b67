#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# same_bits.sh on random models of every operator.
#
# usage: random_bits.sh MAKE_MODEL RUN_HOST RUN_SH SEED...
set -eu
make_model=$1 run_host=$2 run_sh=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for seed in "$@"; do
    "$make_model" "$seed" "$work/model.mnq" "$work/inputs.bin"
    "$(dirname "$0")/same_bits.sh" "$run_host" "$run_sh" "$work/model.mnq" "$work/inputs.bin" 4
done
