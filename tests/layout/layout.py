# SPDX-License-Identifier: Apache-2.0
"""The order of the house: which rooms a room may include, no circles among files, file names
that are unique.

usage: layout.py SOURCE BUILD
Includes are read from the sources, uses from the symbols of the object files in BUILD.
"""
import collections
import os
import re
import subprocess
import sys

# Each room with the rooms of its floor that lie below it; rooms of the floors below may all be included.
FLOORS = [
    ("runtime", {"include": [], "kernels": ["include"], "src": ["include", "kernels"], "examples": ["include"]}),
    ("quant", {
        "util": [],
        "graph": ["util"],
        "passes": ["graph", "util"],
        "import": ["graph", "util"],
        "pack": ["import", "passes", "graph", "util"],
        "quantize": ["pack", "passes", "graph", "util"],
        "export": ["pack", "graph", "util"],
        "train": ["graph", "util"],
    }),
    ("calib", {
        "picture": [],
        "data": ["picture"],
        "fit": ["data", "picture"],
        "prune": ["fit", "data", "picture"],
        "tune": ["prune", "fit", "data", "picture"],
        "eval": ["fit", "data", "picture"],
        "recipe": ["prune", "fit", "data", "picture"],
        "search": ["recipe", "eval", "tune", "prune", "fit", "data", "picture"],
    }),
    ("tools", {
        "cli": [],
        "text": ["cli"],
        "page": ["text", "cli"],
        "cmd": ["page", "text", "cli"],
        "mpi": ["cmd", "cli"],
    }),
]
faults = []


def fault(text):
    faults.append(text)


def room_of(path):
    """("calib", "fit") of calib/fit/rules.c; the room of a file that lies on its floor itself is ""."""
    parts = path.split("/")
    return parts[0], parts[1] if len(parts) > 2 else ""


def sources(root):
    for floor, _ in FLOORS:
        for folder, _, names in os.walk(os.path.join(root, floor)):
            for name in names:
                if name.endswith((".c", ".h", ".inc")):
                    yield os.path.relpath(os.path.join(folder, name), root)


def read_includes(root, paths):
    """The quoted includes of each file as paths of the tree; others are left out."""
    by_end = collections.defaultdict(list)
    for path in paths:
        parts = path.split("/")
        for i in range(len(parts)):
            by_end["/".join(parts[i:])].append(path)
    for path in paths:
        with open(os.path.join(root, path), encoding="utf-8") as f:
            for name in re.findall(r'^\s*#\s*include\s+"([^"]+)"', f.read(), re.M):
                found = by_end.get(name, [])
                if len(found) != 1:
                    near = [p for p in found if os.path.dirname(p) == os.path.dirname(path)]
                    if len(near) != 1:
                        if found:
                            fault(f"{path}: \"{name}\" could be any of {', '.join(sorted(found))}")
                        continue
                    found = near
                yield path, found[0]


def check_order(path, included):
    order = [floor for floor, _ in FLOORS]
    floor, room = room_of(path)
    floor2, room2 = room_of(included)
    if (floor, room) == (floor2, room2) or room == "":
        if order.index(floor2) > order.index(floor):
            fault(f"{path} includes {included}: up a floor")
        return
    rooms = dict(FLOORS)[floor]
    if room not in rooms:
        fault(f"{path}: a room that tests/layout does not know")
    elif floor != floor2:
        if order.index(floor2) > order.index(floor):
            fault(f"{path} includes {included}: up a floor")
    elif room2 not in rooms[room]:
        fault(f"{path} includes {included}: {room} may include {', '.join(rooms[room]) or 'no other room'}")


def calls(build, known):
    """Pairs of files of which the first uses a symbol of the second, from the object files of a build tree."""
    objects = {}
    for folder, _, names in os.walk(build):
        for name in names:
            if name.endswith((".c.o", ".c.obj")):
                at = os.path.relpath(os.path.join(folder, name), build)
                path = re.sub(r"CMakeFiles/[^/]+\.dir/", "", at).replace(".c.obj", ".c").replace(".c.o", ".c")
                if path in known:
                    objects[os.path.join(folder, name)] = path
    defined, wanted = {}, {}
    listing = subprocess.run(["nm", "-A", *objects], capture_output=True, text=True, check=False).stdout
    for line in listing.splitlines():
        where, _, rest = line.partition(":")
        field = rest.split()
        if len(field) == 2 and field[0] == "U":
            wanted.setdefault(objects[where], set()).add(field[1])
        elif len(field) == 3 and field[1] in "TDRBV":
            defined[field[2]] = objects[where]
    if len(wanted) < 100:
        fault(f"only {len(wanted)} object files found in {build}")
    for user, symbols in wanted.items():
        for symbol in symbols:
            if symbol in defined and defined[symbol] != user:
                yield user, defined[symbol]


def circles(edges):
    """Strongly connected components of more than one file (Tarjan, without recursion)."""
    graph = collections.defaultdict(set)
    for a, b in edges:
        if a != b:
            graph[a].add(b)
    index, low, stack, on, found = {}, {}, [], set(), []
    for root in sorted(graph):
        if root in index:
            continue
        work = [(root, iter(sorted(graph[root])))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on.add(root)
        while work:
            v, rest = work[-1]
            w = next(rest, None)
            if w is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[v])
                if low[v] == index[v]:
                    group = set()
                    while v not in group:
                        group.add(stack.pop())
                    on -= group
                    if len(group) > 1:
                        found.append(group)
            elif w not in index:
                index[w] = low[w] = len(index)
                stack.append(w)
                on.add(w)
                work.append((w, iter(sorted(graph[w]))))
            elif w in on:
                low[v] = min(low[v], index[w])
    return found


def main():
    root, build = sys.argv[1], sys.argv[2]
    paths = sorted(sources(root))
    edges = []
    for path, included in read_includes(root, paths):
        check_order(path, included)
        edges.append((path, included))
    n_includes = len(edges)
    edges += calls(build, set(paths))
    for group in circles(edges):
        inside = sorted({f"{a} -> {b}" for a, b in edges if a in group and b in group and a != b})
        fault(f"a circle of {len(group)} files: " + "; ".join(inside))
    names = collections.defaultdict(set)
    for path in paths:
        names[os.path.basename(path)].add(path)
    for name, where in names.items():
        if len(where) > 1:
            fault(f"{name} is the name of {' and '.join(sorted(where))}")
    for text in faults:
        print(text)
    print(f"{len(paths)} files, {n_includes} includes, {len(edges) - n_includes} uses of symbols, {len(faults)} faults")
    return 1 if faults else 0


sys.exit(main())
