#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The same bytes from one process and from several, for any number of threads: eval, compare, calibrate, prune, tune, fit and
# sweep on the embedded sample, journals included.
#
# usage: identity.sh BUILD_TOOLS SAMPLES PROCESSES:THREADS... [-- COMMAND...]
#   COMMAND      calibrate prune narrow eval compare tune fit sweep: all, unless named; calibrate and prune come before eval and tune
#   BUILD_TOOLS  has mnquant and mpi/mnquant-mpi
#   SAMPLES      of the calibration data, 0: all
set -eu
tools=$1 samples=$2
shift 2
source=$(cd "$(dirname "$0")/../golden/reader" && pwd)
. "$(dirname "$0")/lib.sh"
some=""
[ "$samples" = 0 ] || some="--samples $samples"
data="--data $source/reader-calib.h5 --preprocess tf $some"
test="--data $source/reader-test.h5 --preprocess tf"

# What each command prints and writes, in the current folder.
do_eval() { "$@" eval $source/reader.h5 ../one/reader.mnq $test --json >eval.json; }
do_compare() { "$@" compare $source/reader.h5 ../one/reader.mnq --data $source/reader-golden.h5 --preprocess tf --json >compare.json; }
do_calibrate() { "$@" calibrate $source/reader.h5 $data -o reader.mnq --json >calibrate.json; }
do_prune() { "$@" prune $source/reader.h5 $data --ratio 0.5 -o pruned.h5 --json >prune.json; }
do_narrow() { "$@" prune $source/reader.h5 $data --channels 0.3 -o narrow.h5 --json >narrow.json; }
do_fit() {
    "$@" fit $source/reader.h5 --data $source/reader-golden.h5 --preprocess tf --target cortex-m4 --cycles 3M --part 4 --finalists 1 \
        --tune=0 -o fitted --json >fit.json
}
do_sweep() { "$@" sweep $source/reader.h5 --recipes ../recipes --data $source/reader-golden.h5 -o out --json >sweep.json; }
do_tune() { "$@" tune ../one/pruned.h5 --teacher $source/reader.h5 --data $source/reader-calib.h5 --preprocess tf $some --epochs 1 -o tuned.h5 --json >tune.json; }

commands="calibrate prune narrow eval compare tune fit sweep"
ways=
while [ $# -gt 0 ] && [ "$1" != -- ]; do ways="$ways $1"; shift; done
[ $# = 0 ] || { shift; commands="$*"; }
mkdir one recipes
printf 'weights: int8\npreprocess: tf\n' >recipes/int8.yaml
printf 'channels: 0.2\nweights: int8\npreprocess: tf\n' >recipes/narrow.yaml
printf 'weights: int4\npreprocess: tf\n' >recipes/int4.yaml
printf 'weights: int8\npreprocess: tf\ntarget: cortex-m4\nflash: 1k\n' >recipes/unfit.yaml
for c in $commands; do (cd one && do_$c "$tools/mnquant" -q -j 1); done
[ ! -e one/tune.json ] || sed -i '/"seconds":/d' one/tune.json
for way in $ways; do
    mkdir "$way"
    for c in $commands; do
        (cd "$way" && do_$c mnq_mpirun "${way%:*}" -q -j "${way#*:}") || fail "$way: $c failed"
    done
    [ ! -e "$way/tune.json" ] || sed -i '/"seconds":/d' "$way/tune.json"
    diff -r one "$way" >&2 || fail "$way: not the bytes of one process"
done
echo "$(ls one | wc -l) files the same in one process and in (processes:threads):$ways"
