# SPDX-License-Identifier: Apache-2.0
"""A page of `mnquant eval --html` against the JSON document of the same run.

usage: page.py PAGE.html DOCUMENT.json
It must be well-formed (wellformed.py) and show the document's figures.
"""
import json
import sys

from wellformed import fail, figure, read, rows, same, words


def count(n):
    return "{:,}".format(n)


def p_value(p):
    return "%.1e" % p if p < 0.001 else "%.3f" % p


def check_models(page, doc):
    cost = rows(page["cost"])
    top1 = rows(page["accuracy"]) if "accuracy" in page else None
    same("models", len(cost), len(doc["models"]))
    for i, m in enumerate(doc["models"]):
        bits, zeros = figure(cost[i], "bits each"), figure(cost[i], "zeros in 1x1")
        same("bits_per_weight", bits, "%.2f" % m["bits_per_weight"])
        same("zeros_1x1", zeros, count(m["zeros_1x1"]))
        same("share of zeros", figure(cost[i], "zero %"), "%.1f" % (100 * m["zeros_1x1"] / m["weights_1x1"]))
        same("macs", figure(cost[i], "MACs").split("x")[0].strip(), count(m["macs"]))
        if m["top1"] is not None:
            same("top1", figure(top1[i], "top-1 %"), "%.2f" % m["top1"])
            same("top1_ci95", figure(top1[i], "95 % interval"), "[%.1f, %.1f]" % tuple(m["top1_ci95"]))
        if i > 0 and m["agreement"] is not None:
            same("agreement", figure(top1[i], "agree %"), "%.2f" % m["agreement"])
    for i, d in enumerate(doc["deltas"]):
        for key, label in (("file_ratio", "file"), ("arena_ratio", "RAM"), ("mac_ratio", "MACs")):
            same(key, figure(cost[i + 1], label).split("x")[1].strip(), "%.3f" % d[key])
        if d["lost"] is None:
            continue
        row = top1[i + 1]
        same("top1_points", figure(row, "points"), "%+.2f" % d["top1_points"])
        same("lost", figure(row, "lost"), str(d["lost"]))
        same("won", figure(row, "won"), str(d["won"]))
        same("mcnemar_p", figure(row, "p"), p_value(d["mcnemar_p"]))
    for i, d in enumerate(doc.get("steps", [])):
        row = rows(page["accuracy"], 1)[i]
        same("step", [figure(row, k) for k in ("points", "lost", "won", "p")],
             ["%+.2f" % d["top1_points"], str(d["lost"]), str(d["won"]), p_value(d["mcnemar_p"])])


def check_layers(page, doc):
    integer = [m for m in doc["models"] if "layers" in m]
    same("layers of integer models", "layers" in page, bool(integer))
    for i, m in enumerate(integer):
        table = rows(page["layers"], i)
        same("layers", len(table), len(m["layers"]))
        seen = 0
        for row, l in zip(table, m["layers"]):
            same("SQNR of " + l["name"], figure(row, "SQNR dB"), "-" if l["sqnr_db"] is None else "%.2f" % l["sqnr_db"])
            seen += l["sqnr_db"] is not None
            if l["weights"] > 0:
                same("bytes of " + l["name"], figure(row, "bytes"), count(l["bytes"]))
                same("format of " + l["name"], figure(row, "weights"), l["format"])
                same("zeros of " + l["name"], figure(row, "zero %"), "%.1f" % (100 * l["zeros"] / l["weights"]))
        if m["compared_with"] is None or seen < len(m["layers"]) / 2:
            fail("%s: %d of %d layers were compared" % (m["file"], seen, len(m["layers"])))


def check_confusion(page, doc):
    matrices = page["confusion"].findall(".//table")
    same("matrices", len(matrices), len(doc["models"]))
    if len(doc["models"][0]["confusion"]) > 30:
        return
    for matrix, m in zip(matrices, doc["models"]):
        cells = [[int(words(c)) for c in r.findall("td")] for r in matrix.findall("./tbody/tr")]
        same("confusion of " + m["file"], cells, m["confusion"])


def check_changed(page, doc):
    for i in range(1, len(doc["models"])):
        changed = [s for s in doc["samples"] if s["predicted"][0] != s["predicted"][i]]
        if not changed:
            continue
        notes = [words(p) for p in page["changed"].findall("./p[@class='note']")]
        start = "%d of %d samples changed" % (len(changed), len(doc["samples"]))
        if not any(n.startswith(start) for n in notes):
            fail("the page does not say '%s'" % start)
    for shot in page["changed"].findall(".//div[@class='shot']") if "changed" in page else []:
        if shot.find("./img") is None:
            fail("a changed sample without its picture")


def main():
    text, root, page = read(sys.argv[1])
    doc = json.load(open(sys.argv[2], encoding="utf-8"))
    everything = words(root)
    for m in doc["models"]:
        if m["file"].split("/")[-1] not in everything:
            fail("%s is not on the page" % m["file"])
        if m["crc32"] not in everything:
            fail("the checksum of %s is not on the page" % m["file"])
        if m.get("recipe") and " ".join(m["recipe"].split()) not in everything:
            fail("the recipe of %s is not on the page" % m["file"])
    check_models(page, doc)
    check_layers(page, doc)
    if doc["models"][0]["top1"] is not None:
        check_confusion(page, doc)
    elif "confusion" in page:
        fail("confusion without labels")
    if ("tradeoff" in page) != (len(doc["models"]) > 2 and doc["models"][0]["top1"] is not None):
        fail("trade-off plots")
    check_changed(page, doc)
    print("%d models, %d sections, %d bytes" % (len(doc["models"]), len(page), len(text)))


main()
