#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The README's session is true: every command runs on the embedded sample and prints what the README shows.
#
# usage: readme.sh BIN_DIR SOURCE_DIR [update]
# BIN_DIR holds mnquant. The session is the block marked ```console; a line of three dots stands for any lines left out.
# "update" writes what was printed into the README: for a change of the tool that changes the numbers.
set -eu
PATH=$(cd "$1" && pwd):$PATH source=$(cd "$2" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
awk '/^```/ { if (in_block) exit; in_block = ($0 == "```console"); next } in_block' "$source/README.md" >"$work/wanted"
[ "$(grep -c '^\$ ' "$work/wanted")" -ge 3 ] || { echo "FAILED: README.md has no session of 3 or more commands"; exit 1; }

cp "$source"/tests/golden/reader/*.h5 "$work"
cd "$work"
grep '^\$ ' wanted | cut -c 3- | while read -r command; do
    echo "\$ $command"
    sh -c "$command" </dev/null 2>&1 || { echo "(exit status $?)"; break; }
done >printed

if [ "${3:-}" = update ]; then
    awk '
        FILENAME == "printed" { if (NF) text = text $0 "\n"; next }
        /^```/ && in_block { in_block = 0 }
        !in_block { print }
        $0 == "```console" { in_block = 1; printf "%s", text }
    ' printed "$source/README.md" >new
    cat new >"$source/README.md"
    exit
fi

# Both texts line by line; blank lines do not count.
awk '
    function fail() { printf "FAILED: README.md shows\n    %s\nand the session printed\n", line; system("cat printed"); bad = 1; exit 1 }
    NF == 0 { next }
    FILENAME == "printed" { got[++n] = $0; next }
    { line = $0 }
    $0 == "..." { skip = 1; next }
    {
        at++
        while (skip && at <= n && got[at] != $0) at++
        if (got[at] != $0) fail()
        skip = 0
    }
    END { if (!bad && !skip && at != n) { line = "(its end)"; fail() } }
' printed wanted
echo "$(grep -c '^\$ ' wanted) commands, as shown"
