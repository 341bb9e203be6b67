# SPDX-License-Identifier: Apache-2.0
"""Makes the cost model's numbers (quant/export/xcost_table.c) of counted instructions.

usage: fit.py FEATURES COUNTS CORE:KERNEL_SET_CORE... > xcost_table.c
COUNTS holds MODEL.CORE.cnt, "span I insns N": span 0 a whole run, then one span a layer; and MODEL.mnq.
FEATURES is the program of that name. Least squares of relative errors, no number below 0.
"""
import os
import re
import subprocess
import sys


def nnls(rows, targets):
    """min |A x - b|, x >= 0, by cyclic coordinate descent on the normal equations."""
    n = len(rows[0])
    gram = [[sum(r[i] * r[j] for r in rows) for j in range(n)] for i in range(n)]
    right = [sum(r[i] * t for r, t in zip(rows, targets)) for i in range(n)]
    x = [0.0] * n
    for _ in range(20000):
        worst = 0.0
        for i in range(n):
            if gram[i][i] == 0:
                continue
            new = max(0.0, x[i] + (right[i] - sum(gram[i][j] * x[j] for j in range(n))) / gram[i][i])
            worst = max(worst, abs(new - x[i]) / (abs(new) + 1e-9))
            x[i] = new
        if worst < 1e-9:
            break
    return x


def spans(path):
    found = {}
    for line in open(path):
        m = re.match(r"span (\d+) insns (\d+)", line)
        if m:
            found[int(m[1])] = int(m[2])
    return [found[i] for i in sorted(found)]


def layers_of(features, folder, core):
    """Per layer: kernel, features, instructions; and the instructions of the executor around a layer, per model."""
    for name in sorted(os.listdir(folder)):
        if not name.endswith(f".{core}.cnt"):
            continue
        model = name[: -len(f".{core}.cnt")]
        counts = spans(os.path.join(folder, name))
        text = subprocess.run([features, os.path.join(folder, model + ".mnq"), core], capture_output=True, text=True, check=True)
        lines = text.stdout.split("\n")[:-1]
        if len(counts) != len(lines) + 1:
            print(f"{name}: {len(counts)} spans, {len(lines)} layers", file=sys.stderr)
            continue
        around = (sum(counts[1:]) - counts[0]) / len(lines)
        for line, count in zip(lines, counts[1:]):
            words = line.split()
            yield model, words[0], [float(w) for w in words[1:]], count - around, counts[0]


def main():
    features, folder = sys.argv[1:3]
    cores = sys.argv[3:]
    table, errors = {}, {}
    for core in cores:
        data = list(layers_of(features, folder, core))
        for kernel in sorted({d[1] for d in data}):
            chosen = [d for d in data if d[1] == kernel]
            rows = [[f / d[3] for f in d[2]] for d in chosen]
            table[kernel, core] = nnls(rows, [1.0] * len(rows))
        for model in sorted({d[0] for d in data}):
            mine = [d for d in data if d[0] == model]
            total = sum(sum(f * x for f, x in zip(d[2], table[d[1], core])) for d in mine)
            errors[model, core] = total / mine[0][4] - 1
    for (model, core), e in sorted(errors.items()):
        print(f"{model:30s} {core:12s} {100 * e:+6.1f} %", file=sys.stderr)
    print("/* SPDX-License-Identifier: Apache-2.0")
    print(" * Instructions per feature (xfeature.h) of each kernel on each core. Made by tests/export/fit.py of exact counts under")
    print(" * emulation (gcc 12, -O2; clang 19: rv64gcv, vectors of 128 bits, and hexagon, packets). */")
    print('#include "export/xcost_table.h"\n')
    print("const struct mnq_xcost_row mnq_xcost_rows[] = {")
    for (kernel, core), x in sorted(table.items()):
        print(f'    {{"{kernel}", "{core}", {{{", ".join(f"{v if v > 1e-6 else 0:.4g}" for v in x)}}}}},')
    print("};\nconst int mnq_n_xcost_rows = (int)(sizeof mnq_xcost_rows / sizeof *mnq_xcost_rows);")


main()
