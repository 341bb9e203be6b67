# SPDX-License-Identifier: Apache-2.0
# Shared by the tests of several processes: a folder of their own, and mpirun as they want it. Sets nothing before `tools` is set.
command -v mpirun >/dev/null || { echo "skipped: no mpirun"; exit 77; }
[ -x "$tools/mpi/mnquant-mpi" ] || { echo "skipped: mnquant-mpi was not built: no MPI"; exit 77; }
tools=$(cd "$tools" && pwd)
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/../support/mpirun_env.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export TMPDIR=$work
export ASAN_OPTIONS=detect_leaks=0 # of MPI itself

fail() { echo "$(basename "$0"): $*" >&2; exit 1; }

# mnq_mpirun RANKS ARGUMENTS...: mnquant-mpi in that many processes.
mnq_mpirun() {
    local ranks=$1
    shift
    mpirun --quiet --oversubscribe --bind-to none -n "$ranks" "$tools/mpi/mnquant-mpi" --stall 60 "$@"
}
