/* SPDX-License-Identifier: Apache-2.0
 * What the formats of an export share. */
#include "export/xformat.h"

#include <string.h>

void mnq_xformat_sources(const struct mnq_export *x, struct mnq_xtext *t, const char *before, const char *after, int headers)
{
    for (int i = 0; i < x->files.n; i++) {
        const char *path = x->files.file[i].path, *end = strrchr(path, '.');
        if (strncmp(path, "src/", 4) != 0 || end == NULL) continue;
        if (strcmp(end, ".c") == 0 || strcmp(end, ".S") == 0 || (headers && strcmp(end, ".h") == 0))
            mnq_xtext_add(t, "%s%s%s\n", before, path, after);
    }
}

void mnq_xformat_readme(struct mnq_export *x, const char *how)
{
    struct mnq_xtext *t = mnq_xfiles_add(&x->files, "README.md");
    const struct mnq_xcosts *c = &x->costs;
    const char *n = x->name, *u = x->upper;

    if (t == NULL) return;
    mnq_xtext_add(t,
                  "# %s\n\nA neural network for %s as a C library: `src/%s.h` says what goes in and what comes out.\n\n%s\n"
                  "| | bytes |\n|---|---|\n| flash: code | %zu |\n| flash: weights | %zu |\n| flash: tables | %zu |\n"
                  "| RAM: arena, the whole picture in it | %zu |\n| RAM: arena, the picture pushed row by row | %zu |\n"
                  "| RAM: stack | %zu |\n\nAbout %llu instructions a picture at -O2. Foretold; the linker's map has the "
                  "last word.\n\n",
                  n, x->o->target->name, n, how, c->flash_code, c->flash_weights, c->flash_tables, c->arena, c->arena_rows,
                  c->stack, (unsigned long long)c->instructions);
    mnq_xtext_add(
        t,
        "```c\n#include \"%s.h\"\n\n%s_ARENA(arena, %s_ARENA_BYTES);\n\nint classify(const unsigned char *picture) /* "
        "%s_INPUT_BYTES */\n"
        "{\n    struct mnq_model m;\n    const %s_value *p;\n    int i, best = 0;\n\n"
        "    if (%s_open(&m) != MNQ_OK) return -1;\n    memcpy(mnq_input(&m, arena), picture, %s_INPUT_BYTES);\n"
        "    if (mnq_run(&m, arena, sizeof arena) != MNQ_OK) return -1;\n"
        "    p = (const %s_value *)mnq_output(&m, arena);\n"
        "    for (i = 1; i < %s_OUTPUTS; i++)\n        if (p[i] > p[best]) best = i;\n    return best;\n}\n```\n\n",
        n, u, u, u, n, n, u, n, u);
    mnq_xtext_add(t,
                  "`%s_selftest()` runs inputs that it makes itself and compares every layer with checksums taken on the "
                  "host: run it\n"
                  "once on a new board. %s\n",
                  n,
                  x->image.flash
                      ? "The runtime's files are this model's own: for two models in one firmware export both with "
                        "--load full."
                      : "Two exports in one firmware share the runtime's files: link them once.");
}
