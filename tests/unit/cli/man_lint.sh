#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every manual page must pass mandoc's lint without a warning. Skips (77) where mandoc is absent.
command -v mandoc >/dev/null || { echo "skipped: mandoc is not installed"; exit 77; }
bad=0 n=0
for page in "$1"/*.[1-9]; do
    mandoc -T lint -W warning "$page" || bad=1
    n=$((n + 1))
done
[ "$n" -gt 0 ] || { echo "no manual pages in $1"; exit 1; }
exit "$bad"
