# SPDX-License-Identifier: Apache-2.0
"""Tests "expected drop" as an estimator: what calibrate says before, against what labelled pictures that it never saw lose.

usage: estimate.py MNQUANT SOURCE_DIR [ASSETS] [--work DIR] [--only TEXT] [--gate] [-j N]
Cases are models x data x settings; each is calibrated and evaluated once, and kept in DIR (default: a temporary one), so that a run
that was interrupted goes on. Printed: a line per case, then coverage and bias. The interval is of the loss that is to be expected; what
some hundred pictures lose scatters around it, so coverage is told alone and with the sampling error of the measurement. With --gate the exit status is 1 if a tenth of the cases lose more than told, beyond that error.
"""
import argparse
import json
import math
import os
import random
import subprocess
import sys
import tempfile


def parse():
    p = argparse.ArgumentParser()
    p.add_argument("mnquant")
    p.add_argument("source")
    p.add_argument("assets", nargs="?")
    p.add_argument("--work")
    p.add_argument("--only", default="")
    p.add_argument("--gate", action="store_true")
    p.add_argument("-j", type=int, default=1)
    return p.parse_args()


def subset(folder, n, seed, to):
    """A CSV of n of the pictures in FOLDER/CLASS/, the same for a seed."""
    rows = []
    for label in sorted(os.listdir(folder)):
        for name in sorted(os.listdir(os.path.join(folder, label))):
            rows.append((os.path.join(folder, label, name), label))
    random.Random(seed).shuffle(rows)
    with open(to, "w", encoding="utf-8") as f:
        f.write("path,label\n" + "".join(f"{a},{b}\n" for a, b in sorted(rows[:n])))
    return to


def cases(args, work):
    """Tuples: name, float model, options, calibration data, test data, options of prune or None."""
    reader = os.path.join(args.source, "tests/golden/reader")
    model, calib, test = (os.path.join(reader, "reader" + end) for end in (".h5", "-calib.h5", "-test.h5"))
    settings = {"int8": [], "int4": ["-w", "int4"], "binary3": ["-w", "binary", "--bases", "3"],
                "binary2": ["-w", "binary", "--bases", "2"], "binary1": ["-w", "binary"],
                "auto1": ["-w", "auto", "--max-drop", "1"]}
    few = {k: settings[k] for k in ("int4", "binary3", "binary2", "binary1")}
    for key, options in settings.items():
        yield f"reader {key}", model, ["-p", "tf"] + options, calib, test, None
    yield "reader auto3", model, ["-p", "tf", "-w", "auto", "--max-drop", "3"], calib, test, None
    for key, options in few.items():
        yield f"reader {key} 60", model, ["-p", "tf", "-n", "60"] + options, calib, test, None
    if not args.assets or not os.path.isdir(args.assets):
        return
    flowers = os.path.join(args.assets, "images/flowers")
    calib, test = os.path.join(flowers, "calib"), os.path.join(flowers, "test")
    nets = {"v1": ("v1-0.25-224-flowers.h5", "tf"), "v2": ("v2-0.35-224-flowers.weights.h5", "tf"),
            "v3": ("v3-small-224-flowers.h5", "torch")}
    for net, (name, pixels) in nets.items():
        model = os.path.join(args.assets, "models", name)
        for key, options in settings.items():
            yield f"{net} {key}", model, ["-p", pixels] + options, calib, test, None
        for seed, key in enumerate(("int4", "binary2", "binary3")):
            some = subset(calib, 100, seed, os.path.join(work, f"subset{seed}.csv"))
            yield f"{net} {key} 100", model, ["-p", pixels] + settings[key], some, test, None
        for ratio in ("0.5", "0.75"):
            yield f"{net} zeros {ratio}", model, ["-p", pixels], calib, test, ["--ratio", ratio, "-p", pixels]


def call(args):
    done = subprocess.run(args, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(args)}: {done.stderr}")
    return json.loads(done.stdout)


def run(args, work, case):
    name, model, options, calib, test, prune = case
    base = os.path.join(work, name.replace(" ", "-"))
    if os.path.exists(base + ".json"):
        with open(base + ".json", encoding="utf-8") as f:
            return json.load(f)
    call_with = [args.mnquant, "-j", str(args.j), "--json"]
    source, against = model, []
    if prune:
        source, against = base + ".h5", ["--against", model]
        call(call_with + ["prune", model, "-d", calib, "-o", source, "-f"] + prune)
    said = call(call_with + ["calibrate", source, "-d", calib, "-o", base + ".mnq", "-f"] + options + against)
    found = call(call_with + ["eval", model, base + ".mnq", "-d", test] + options[:2])
    a, b = found["models"][:2]
    paired = found["deltas"][0]
    lost, won, n = paired["lost"], paired["won"], b["labelled"]
    result = {"name": name, "expected": said["expected_drop"], "bytes": said["totals"]["file_bytes"], "drop": a["top1"] - b["top1"],
              "error": 100 * math.sqrt(max(lost + won - (lost - won) ** 2 / n, 1)) / n, "agreement": b["agreement"], "n": n,
              "lost": lost, "won": won}
    with open(base + ".json", "w", encoding="utf-8") as f:
        json.dump(result, f)
    return result


def main():
    args = parse()
    work = args.work or tempfile.mkdtemp()
    os.makedirs(work, exist_ok=True)
    rows = []
    print(f"{'case':22} {'bytes':>8} {'expected':>8} {'95 %':>14} {'measured':>9} {'+-':>5} {'agree':>6}")
    for case in cases(args, work):
        if args.only and args.only not in case[0]:
            continue
        r = run(args, work, case)
        rows.append(r)
        x = r["expected"]
        print(f"{r['name']:22} {r['bytes']:8} {x['points']:8.2f} {x['low']:6.2f} {x['high']:6.2f}  {r['drop']:9.2f} {1.96 * r['error']:5.2f} "
              f"{r['agreement']:6.1f}", flush=True)
    n = len(rows)
    if n == 0:
        sys.exit("no cases")
    inside = sum(r["expected"]["low"] <= r["drop"] <= r["expected"]["high"] for r in rows)
    below = sum(r["drop"] <= r["expected"]["high"] for r in rows)
    error = [1.96 * r["error"] for r in rows]
    wide = sum(r["expected"]["low"] - s <= r["drop"] <= r["expected"]["high"] + s for r, s in zip(rows, error))
    bias = sum(r["drop"] - r["expected"]["points"] for r in rows) / n
    own = math.sqrt(sum(r["error"] ** 2 for r in rows)) / n
    print(f"{n} cases: {100 * inside / n:.0f} % inside the interval, {100 * below / n:.0f} % not above it, {100 * wide / n:.0f} % inside with "
          f"the measurement's own error; measured - expected {bias:+.2f} points on average (its sampling error {own:.2f})")
    above = sum(r["drop"] > r["expected"]["high"] + s for r, s in zip(rows, error))
    if args.gate and 10 * above >= n:
        sys.exit(f"FAILED: {above} of {n} cases lose more than told")
    auto = [r for r in rows if " auto1" in r["name"]]
    if auto:
        lost, won, seen = (sum(r[k] for r in auto) for k in ("lost", "won", "n"))
        print(f"--max-drop 1, {len(auto)} models pooled: {100 * (lost - won) / seen:.2f} +- "
              f"{196 * math.sqrt(lost + won) / seen:.2f} points lost ({lost} lost, {won} won of {seen})")


main()
