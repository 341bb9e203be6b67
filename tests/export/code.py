# SPDX-License-Identifier: Apache-2.0
"""Makes the code sizes of the cost model (quant/export/xcode_table.c): bytes of each source as far as exports link it.

Without maps of a source its objects count: -Os, but kernels. Parts that variants.h leaves out are counted by xvariants.c.

usage: code.py RUNTIME CORE=MAP... > xcode_table.c
MAP is a linker map of an export named "net" for CORE; of several the largest counts. Cores without maps are measured by their
objects, scaled as the Cortex-M4's objects are to its maps.
"""
import os
import re
import subprocess
import sys

CORES = {
    "cortex-m0": "arm-none-eabi-gcc -mcpu=cortex-m0 -mthumb",
    "cortex-m3": "arm-none-eabi-gcc -mcpu=cortex-m3 -mthumb",
    "cortex-m4": "arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb",
    "cortex-m55": "arm-none-eabi-gcc -mcpu=cortex-m55 -mthumb -mfloat-abi=hard",
    "rv32imc": "riscv64-unknown-elf-gcc -march=rv32imc -mabi=ilp32",
    "rv64gcv": "clang-19 --target=riscv64-linux-gnu -march=rv64gcv -mabi=lp64d",
    "aarch64": "aarch64-linux-gnu-gcc -march=armv8.2-a+dotprod+i8mm",
    "hexagon": "clang-19 --target=hexagon-unknown-elf -mcpu=hexagonv67 -mhvx -mhvx-length=128B -G0 -mllvm -max-store-memcpy=64",
}
HAVE = {  # cores that have the kernels of a folder
    "aarch64/": ("aarch64",), "cortexm/": ("cortex-m3", "cortex-m4", "cortex-m55"), "cortexm3/": ("cortex-m3",), "helium/": ("cortex-m55",), "hexagon/": ("hexagon",),
    "riscv/": ("rv64gcv",),
}
HEAD = """/* SPDX-License-Identifier: Apache-2.0
 * Bytes of code and constants of each source as far as exports link it, for the cores of enum mnq_xcore. Made by
 * tests/export/code.py of linker maps (gcc 12, rv64gcv and hexagon clang 19, as exports compile them, --gc-sections). */
#include "export/xcost_table.h"

const struct mnq_xcode_row mnq_xcode_rows[] = {"""
TAIL = "};\nconst int mnq_n_xcode_rows = (int)(sizeof mnq_xcode_rows / sizeof *mnq_xcode_rows);"


def linked_sizes(path):
    text = open(path).read()
    sizes = {}
    if "Linker script and memory map" not in text:  # lld's
        for m in re.finditer(r"\n *[0-9a-f]+ +[0-9a-f]+ +([0-9a-f]+) +\d+ +\S*libnet\.a\((.*)\.o\):\(\.(?:text|rodata)", text):
            sizes[m[2]] = sizes.get(m[2], 0) + int(m[1], 16)
        return sizes
    text = re.sub(r"\n (\.\S+)\n\s+0x", r"\n \1 0x", text[text.index("Linker script and memory map"):])
    for m in re.finditer(r"\n \.(?:text|rodata)\S*\s+0x[0-9a-f]+\s+0x([0-9a-f]+) \S*libnet\.a\((.*)\.o\)", text):
        sizes[m[2]] = sizes.get(m[2], 0) + int(m[1], 16)
    return sizes


def object_size(runtime, core, path):
    small = "/src/" in path or "/cortexm" in path
    level = "-Os" if small and not CORES[core].startswith("clang") else "-O2"
    command = CORES[core].split() + [level, "-std=c99", "-ffreestanding", "-ffunction-sections", "-c", path, "-o", "code.o"]
    command += [f"-I{runtime}/{d}" for d in ("include", "include/mnq", "kernels", "src")]
    if subprocess.run(command, capture_output=True).returncode != 0:
        return 0
    text = int(subprocess.run(["size", "code.o"], capture_output=True, text=True).stdout.split("\n")[1].split()[0])
    os.remove("code.o")
    return text


def main():
    runtime = sys.argv[1]
    linked = {core: {} for core in CORES}
    for pair in sys.argv[2:]:
        core, path = pair.split("=", 1)
        for name, n in linked_sizes(path).items():
            linked[core][name] = max(linked[core].get(name, 0), n)
    print(HEAD)
    for folder in ("aarch64", "src", "generic", "cortexm", "cortexm3", "helium", "hexagon", "riscv"):
        place = "" if folder == "src" else folder + "/"
        folder = "src" if folder == "src" else "kernels/" + folder
        for name in sorted(os.listdir(f"{runtime}/{folder}")):
            if not name.endswith((".c", ".S")):
                continue
            path, row = f"{runtime}/{folder}/{name}", []
            own, reference = object_size(runtime, "cortex-m4", path), linked["cortex-m4"].get(name, linked["cortex-m3"].get(name))
            for core in CORES:
                if core not in HAVE.get(place, CORES):
                    row.append(0)
                    continue
                n = linked[core].get(name)
                if n is None:
                    n = object_size(runtime, core, path)
                    if reference is not None and own > 0:
                        n = round(n * reference / own)
                row.append(n)
            print(f'    {{"{place}{name}", {{{", ".join(map(str, row))}}}}},')
    print(TAIL)


main()
