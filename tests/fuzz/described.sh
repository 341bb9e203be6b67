#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The files that the importer's unit tests describe (h5text.h), as seeds: tests/fuzz/described.sh BUILD. Once for a build: texts in
# BUILD/described/text, the HDF5 files of them in BUILD/described/file.
set -eu
build=$(cd "$1" && pwd)
root=$(cd "$(dirname "$0")/../.." && pwd)
[ ! -d "$build/described" ] || exit 0
tests=$(sed -n 's/^mnq_unit_test(\([a-z0-9_]*\) .*/test_\1/p' "$root/tests/unit/import/CMakeLists.txt")
ninja -C "$build" h5text $tests >/dev/null
work=$(mktemp -d "$build/described.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/text" "$work/file"
for t in $tests; do
    (cd "$work" && MNQ_H5TEXT_KEEP=$work/text "$build/tests/unit/import/$t" >/dev/null 2>&1) || [ $? = 77 ] || echo "$t fails" >&2
done
for f in "$work"/text/*; do
    "$build/tests/fuzz/h5text" "$f" "$work/file/$(basename "$f")" || true # lines that cannot be done are some tests' point
done
find "$work/text" "$work/file" -size +128k -delete # mutations of large files mostly hit weights
mv -T "$work" "$build/described" 2>/dev/null || [ -d "$build/described" ]
