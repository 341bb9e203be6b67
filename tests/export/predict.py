# SPDX-License-Identifier: Apache-2.0
"""One line of predict.sh.

usage: predict.py EXPORT.json COUNTED MAP NAME ERRORS
"""
import json
import re
import sys


def linked(path):
    """Bytes of code and constants that the linker took of the library."""
    text = open(path).read()
    text = text[text.index("Linker script and memory map"):]
    text = re.sub(r"\n (\.\S+)\n\s+0x", r"\n \1 0x", text)
    found = re.finditer(r"\n \.(?:text|rodata)\S*\s+0x[0-9a-f]+\s+0x([0-9a-f]+) \S*libnet\.a\(", text)
    return sum(int(m[1], 16) for m in found)


def main():
    export, counted, path, name, errors = sys.argv[1:]
    told = json.load(open(export))
    insns = sum(int(m) for m in re.findall(r"span \d+ insns (\d+)", open(counted).read()))
    flash = linked(path)
    a, b = (100 * (x / y - 1) for x, y in ((told["instructions"], insns), (told["flash"]["total"], flash)))
    print(f"{name:24s} {told['instructions']:12,d} {insns:12,d} {a:+6.1f}% {told['flash']['total']:9,d} {flash:9,d} {b:+6.1f}% "
          f"{told['ram']['arena']:8,d}")
    print(a, b, file=open(errors, "a"))


main()
