#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An example recipe on a small model of its family: calibrates, is stored whole, and what is stored gives the same file.
# Where it leaves formats to measurement, what is stored names them and searches no more.
#
# usage: recipes.sh MNQUANT KERASGEN RECIPE.yaml|PAGE.5 FAMILY GENERATION
#   PAGE.5       the first display of its EXAMPLES is the recipe
#   FAMILY, GENERATION   see tests/support/kerasgen_main.c
set -eu
mnquant=$1 kerasgen=$2 recipe=$3 family=$4 generation=$5
. "$(dirname "$0")/../cli/lib.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case $recipe in
*.yaml) cp "$recipe" "$work/r.yaml" ;;
*) sed -n '/^\.Sh EXAMPLES/,/^\.Ed/{/^\./!p}' "$recipe" >"$work/r.yaml" ;;
esac
cd "$work"
grep -q '^layers:' r.yaml || { echo "FAILED: $recipe has no rules"; exit 1; }
"$kerasgen" "$family" "$generation" model.h5
pictures pics 8
options=
grep -q '^preprocess:' r.yaml || options="--preprocess unit"
"$mnquant" calibrate model.h5 --recipe r.yaml $options --print-recipe >whole.yaml
"$mnquant" -q calibrate model.h5 --data pics --recipe r.yaml $options -o a.mnq --save-recipe saved.yaml
"$mnquant" calibrate --recipe whole.yaml --print-recipe >again.yaml
cmp whole.yaml again.yaml || { echo "FAILED: the effective recipe does not reproduce itself"; exit 1; }
if grep -q '^weights: auto' whole.yaml; then
    ! grep -E '^(weights: auto|max-drop|flash)' saved.yaml || { echo "FAILED: the saved recipe searches"; exit 1; }
    while IFS= read -r line; do
        case $line in 'weights: auto' | max-drop:* | flash:*) continue ;; esac
        grep -qF -- "$line" saved.yaml || { echo "FAILED: the saved recipe does not tell '$line'"; exit 1; }
    done <whole.yaml
else
    cmp whole.yaml saved.yaml || { echo "FAILED: the saved recipe is not the effective one"; exit 1; }
fi
"$mnquant" -q calibrate model.h5 --data pics --recipe saved.yaml -o b.mnq
cmp a.mnq b.mnq || { echo "FAILED: the saved recipe gives another file"; exit 1; }
# Every rule of the file is in the effective recipe, and what was saved is in the model.
rules=$(grep -c '^  - ' r.yaml)
[ "$(grep -c '^  - ' whole.yaml)" = "$rules" ] || { echo "FAILED: rules are missing"; cat whole.yaml; exit 1; }
"$mnquant" inspect -v a.mnq >inspected
while IFS= read -r line; do
    grep -qF -- "$line" inspected || { echo "FAILED: the model does not tell '$line'"; exit 1; }
done <saved.yaml
# The names are looked up: those of another family are refused.
[ "$family" = v1 ] && other=v2 || other=v1
"$kerasgen" $other plain other.h5
status=0
"$mnquant" calibrate other.h5 --recipe r.yaml $options --print-recipe >/dev/null 2>message || status=$?
[ $status = 2 ] && grep -q '^mnquant: calibrate: r.yaml:[0-9]*:[0-9]*: layers\.' message ||
    { echo "FAILED: fits $other too (exit $status)"; cat message; exit 1; }
echo "$rules rules, $(wc -c <whole.yaml) bytes of effective recipe, $(wc -c <a.mnq) bytes of model"
