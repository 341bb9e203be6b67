# SPDX-License-Identifier: Apache-2.0
"""A page of `mnquant calibrate --html` against the JSON document of the same run.

usage: auto.py PAGE.html DOCUMENT.json [FLASH]
It must be well-formed (wellformed.py), show the document's points in table and plot, and join those that nothing beats:
of the untuned ones, and of all. FLASH: what --flash allowed the file.
"""
import json
import sys

from wellformed import fail, figure, read, rows, same, words

NEAR = 0.06  # pixels: coordinates have one or two decimals
LETTER = 6.7
APART = 9  # pixels by which marks of tuned points are moved to the right


def counts(p):
    return p["complete"] and p["fits"]


def front(points, tuned):
    """Indices of the points that no other beats in bytes and loss."""
    among = [i for i, p in enumerate(points) if counts(p) and (tuned or not p["tuned"])]

    def beaten(a, b):
        at_most = b["file_bytes"] <= a["file_bytes"] and b["points"] <= a["points"]
        return at_most and (b["file_bytes"] < a["file_bytes"] or b["points"] < a["points"])

    return [i for i in among if not any(beaten(points[i], points[k]) for k in among)]


def number(node, key):
    return float(node.get(key))


def centre(node):
    if node.tag == "circle":
        return number(node, "cx"), number(node, "cy")
    return number(node, "x") + number(node, "width") / 2, number(node, "y") + number(node, "height") / 2


def corners(path):
    return [tuple(float(v) for v in c.split()) for c in path.get("d")[1:].split("L")]


def check_front(svg, cls, places, members):
    """Stairs from the cheapest member to the edge, each member a corner."""
    path = svg.find("./path[@class='%s']" % cls)
    if path is None:
        fail("no line %s" % cls)
    line = corners(path)
    same("corners of " + cls, len(line), 2 * len(members))
    for i in members:
        x, y = places[i]
        if not any(abs(x - a) < NEAR and abs(y - b) < NEAR for a, b in line):
            fail("point %d is not on the line %s" % (i, cls))
    for (x, y), (a, b) in zip(line, line[1:]):
        if a < x - NEAR or b < y - NEAR or (abs(a - x) > NEAR and abs(b - y) > NEAR):
            fail("%s are no stairs: %s" % (cls, path.get("d")))


def box(text):
    width, x = LETTER * len(text.text), number(text, "x")
    left = x - {"start": 0, "middle": width / 2, "end": width}[text.get("text-anchor")]
    return left, number(text, "y") - 10, left + width, number(text, "y") + 2


def overlap(a, b):
    return min(a[2], b[2]) - max(a[0], b[0]) > 0 and min(a[3], b[3]) - max(a[1], b[1]) > 0


def check_texts(svg, marks):
    """No text lies on another, on a mark, or outside."""
    texts = [t for t in svg.iter("text")]
    for i, t in enumerate(texts):
        left, top, right, bottom = box(t)
        if left < -2 or top < -2 or right > number(svg, "width") + 2 or bottom > number(svg, "height") + 2:
            fail("%r lies outside" % t.text)
        for other in texts[:i]:
            if overlap(box(t), box(other)):
                fail("%r lies on %r" % (t.text, other.text))
        for x, y in marks:
            if t.get("class") == "halo" and overlap(box(t), (x - 4, y - 4, x + 4, y + 4)):
                fail("%r lies on a point" % t.text)


def check_plot(svg, points, limits):
    nodes = [n for n in svg if n.find("./title") is not None]
    same("marks", len(nodes), len(points))
    marks = [centre(n) for n in nodes]
    for node, p in zip(nodes, points):
        same("mark of %s" % words(node), node.tag, "rect" if p["tuned"] else "circle")
        same("class of %s" % words(node), node.get("class") == "gone", not counts(p))
        wanted = "%.2f points, %.2f to %.2f" % (p["points"], p["low"], p["high"])
        if wanted not in words(node):
            fail("%r is not in %r" % (wanted, words(node)))
    for i, a in enumerate(points):
        for k, b in enumerate(points):
            if a["points"] < b["points"] and marks[i][1] < marks[k][1] - NEAR:
                fail("point %d loses less than %d and lies higher" % (i, k))
            if a["tuned"] == b["tuned"] and a["file_bytes"] < b["file_bytes"] and marks[i][0] > marks[k][0] + NEAR:
                fail("point %d has fewer bytes than %d and lies to the right" % (i, k))
    places = [(x - APART if p["tuned"] else x, y) for (x, y), p in zip(marks, points)]
    check_front(svg, "front", places, front(points, False))
    if any(p["tuned"] for p in points):
        check_front(svg, "front2", places, front(points, True))
    elif svg.find("./path[@class='front2']") is not None:
        fail("a front with tuning, and nothing was tuned")
    picked = [centre(c) for c in svg.iter("circle") if c.get("class") == "pick"]
    same("chosen", picked, [m for m, p in zip(marks, points) if p["chosen"]])
    same("limits", sum(1 for l in svg.iter("line") if l.get("class") == "base"), limits)
    whiskers = [l for l in svg.iter("line") if l.get("class") in ("thin", "thin2") and l.get("x1") == l.get("x2")]
    if len(whiskers) > sum(map(counts, points)) or len(whiskers) < len(front(points, True)):
        fail("%d intervals of %d points" % (len(whiskers), len(points)))
    check_texts(svg, marks)


def check_table(page, points):
    table = rows(page["points"])
    same("points", len(table), len(points))
    for row, p in zip(table, points):
        same("formats", row[0][1], p["formats"])
        same("weights", figure(row, "weights"), "tuned" if p["tuned"] else "as they are")
        same("loss", figure(row, "expected loss"), "%.2f" % p["points"])
        same("interval", figure(row, "95 %"), "%.2f to %.2f" % (p["low"], p["high"]))
        same("bound", figure(row, "at most, 90 %"), "%.2f" % p["upper"])
        same("pictures", figure(row, "pictures"), str(p["pictures"]))
        same("promised", figure(row, "promised"), "yes" if p["promised"] else None)
        same("remark", figure(row, "remark") == "chosen", p["chosen"])


def main():
    text, root, page = read(sys.argv[1])
    doc = json.load(open(sys.argv[2], encoding="utf-8"))
    flash = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    points, drop, limit = doc["auto"]["points"], doc["expected_drop"], doc["max_drop"]
    lead = words(root.find(".//p[@class='lede']"))
    said = ["{:,} bytes".format(doc["totals"]["file_bytes"]), "%.2f points of" % drop["points"],
            "%.2f to %.2f with 95" % (drop["low"], drop["high"])]
    said.append("No loss was promised" if limit is None else "Promised" if limit["promised"] else "Not promised")
    if flash:
        said.append("--flash allowed it at most {:,} bytes".format(flash))
    for wanted in said:
        if wanted not in lead:
            fail("%r is not in %r" % (wanted, lead))
    check_table(page, points)
    plots = page["front"].findall(".//figure/svg")
    same("plots", [s.get("class") for s in plots], ["broad", "narrow"])
    for svg in plots:
        check_plot(svg, points, (limit is not None) + (flash > 0))
    layers = {l["name"]: l["weights"] for l in doc["layers"] if l["weights"] != "-"}
    shown = {row[0][1]: figure(row, "weights") for row in rows(page["layers"])}
    same("layers", {k: v.split(" ")[0] for k, v in shown.items()}, {k: v.split(" ")[0] for k, v in layers.items()})
    same("recipe", words(page["recipe"].find("./pre")), " ".join(doc["recipe"].split()))
    same("tuning", "tuning" in page, doc["recipe"].find("tune-weights: on") >= 0 or any(p["tuned"] for p in points))
    tuned = sum(p["tuned"] for p in points)
    print("%d points, %d tuned, fronts of %d and %d, %d bytes" % (
        len(points), tuned, len(front(points, False)), len(front(points, True)), len(text)))


main()
