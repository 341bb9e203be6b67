#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs the commands of case files and compares everything they print, exactly.
#
# usage: run.sh [-u] BIN_DIR... -- CASE...
#   BIN_DIR   folders with mnquant and h5text, put in front of PATH
#   -u        writes what was printed into the case files instead of comparing; look at the difference before committing
#
# A case file is a transcript. Lines mean
#   $ COMMAND   run by bash in a fresh folder of the case, with lib.sh loaded
#   | TEXT      one line of standard output
#   ! TEXT      one line of standard error
#   = N         the exit code, if it is not 0
# and everything else (comments, empty lines) is kept as it is. The folder's own path is printed as WORK.
set -u
update=0
if [ "${1-}" = -u ]; then
    update=1
    shift
fi
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    PATH=$(cd "$1" && pwd):$PATH
    shift
done
shift
here=$(cd "$(dirname "$0")" && pwd)
export PATH LC_ALL=C TERM=dumb MNQ_TESTS=$here/..
export ASAN_OPTIONS=abort_on_error=1 LSAN_OPTIONS=suppressions=$here/lsan.supp:print_suppressions=0
unset NO_COLOR MNQ_THREADS MNQ_KERNELS
umask 022

# Transcript of one case file on standard output.
play() {
    local case=$1 work=$2 line code
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in
        '$ '*)
            printf '%s\n' "$line"
            (cd "$work/at" && timeout 120 bash -c ". '$here/lib.sh'; ${line#\$ }" >"$work/out" 2>"$work/err" </dev/null)
            code=$?
            sed -e '$a\' "$work/out" | sed -e "s|$work/at|WORK|g" -e 's/^/| /' -e 's/ $//'
            sed -e '$a\' "$work/err" | sed -e "s|$work/at|WORK|g" -e 's/^/! /' -e 's/ $//'
            [ $code -eq 0 ] || printf '= %d\n' $code
            ;;
        '|'* | '!'* | '='*) ;;
        *) printf '%s\n' "$line" ;;
        esac
    done <"$case"
}

failed=0
for case in "$@"; do
    work=$(mktemp -d "${TMPDIR:-/tmp}/mnqcli.XXXXXX")
    mkdir "$work/at"
    play "$case" "$work" >"$work/transcript"
    if [ $update -eq 1 ]; then
        cp "$work/transcript" "$case"
    elif ! diff -u "$case" "$work/transcript"; then
        echo "$case: differs" >&2
        failed=1
    fi
    chmod -R u+w "$work"
    rm -rf "$work"
done
exit $failed
