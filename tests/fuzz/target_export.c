/* SPDX-License-Identifier: Apache-2.0
 * The exporter on arbitrary .mnq files: what it accepts becomes C that is whole, whatever names and numbers the file holds.
 */
#include "export/export.h"
#include "export/xplan.h"
#include "fuzz.h"
#include "fuzz_nets.h"
#include "mnq_bytes.h"
#include "pack/qmodel.h"

#include <stdlib.h>
#include <string.h>

/* One literal, from its quote on; the place behind it, or NULL if it does not end in its line. */
static const char *literal(const char *s)
{
    const char quote = *s++;
    for (; *s != quote; s++) {
        if (*s == '\0' || *s == '\n') return NULL;
        if (*s == '\\' && *++s == '\0') return NULL;
    }
    return s + 1;
}

/* The end of a comment of either kind that begins at s, or NULL. */
static const char *comment(const char *s)
{
    const char *end = strstr(s, s[1] == '*' ? "*/" : "\n");
    if (end == NULL) return NULL;
    return s[1] == '*' ? end + 2 : end;
}

/* Plain ASCII whose comments and literals end, brackets are balanced and conditions are closed. */
static bool whole(const char *s)
{
    char open[256];
    int depth = 0, conditions = 0;
    bool fresh = true;
    while (*s != '\0') {
        const char c = *s;
        if ((unsigned char)c >= 0x7f || ((unsigned char)c < ' ' && c != '\n' && c != '\t')) return false;
        if (c == '/' && (s[1] == '*' || s[1] == '/')) {
            if ((s = comment(s)) == NULL) return false;
            continue;
        }
        if (c == '"' || c == '\'') {
            if ((s = literal(s)) == NULL) return false;
            continue;
        }
        if (fresh && c == '#') {
            conditions += strncmp(s, "#if", 3) == 0;
            conditions -= strncmp(s, "#endif", 6) == 0;
            if (conditions < 0) return false;
        }
        if (c == '(' || c == '[' || c == '{') {
            if (depth == (int)sizeof open) return false;
            open[depth++] = c;
        }
        if (c == ')' || c == ']' || c == '}')
            if (depth == 0 || open[--depth] != (c == ')' ? '(' : c == ']' ? '[' : '{')) return false;
        fresh = c == '\n' || (fresh && c == ' ');
        s++;
    }
    return depth == 0 && conditions == 0;
}

static bool ends_with(const char *s, const char *end)
{
    const size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

/* What of an export is the model's own: its header, data and self-test. */
static void look(const struct mnq_export *x)
{
    for (int i = 0; i < x->files.n; i++) {
        const struct mnq_xfile *f = &x->files.file[i];
        MNQ_FUZZ_MUST(f->text.s != NULL && strlen(f->text.s) == f->text.n && strstr(f->path, "..") == NULL);
        if (strstr(f->path, x->name) == NULL || (!ends_with(f->path, ".h") && !ends_with(f->path, ".c"))) continue;
        MNQ_FUZZ_MUST(whole(f->text.s));
    }
    MNQ_FUZZ_MUST(x->costs.flash_code > 0 && x->costs.flash_weights + x->costs.flash_tables > 0);
}

static void export_as(const struct mnq_package *p, const struct mnq_xopts *o)
{
    struct mnq_arena arena = {0};
    struct mnq_export *x = calloc(1, sizeof *x);
    struct mnq_err e = {0};
    if (x == NULL) abort();
    if (mnq_export_make(x, p, o, &arena, &e) == 0) look(x);
    else MNQ_FUZZ_MUST(e.code != 0 && e.msg[0] != '\0' && strchr(e.msg, '\n') == NULL);
    mnq_export_end(x);
    mnq_arena_free(&arena);
    free(x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mnq_arena arena = {0};
    struct mnq_package p;
    struct mnq_err e = {0};
    uint8_t *bytes = mnq_fuzz_copy(data, size);
    unsigned sum = 0;
    if (size >= 48) mnq_bytes_seal(bytes, size);
    for (size_t i = 0; i < size; i++) sum = sum * 31 + bytes[i];
    mnq_package_allow(1 << 24);
    if (mnq_package_parse("x", bytes, size, &p, &arena, &e) == 0) {
        const struct mnq_xopts o = {.target = &mnq_xtargets[sum % (unsigned)mnq_n_xtargets],
                                    .format = (enum mnq_xformat)(sum / 16 % (MNQ_XFORMAT_CMSIS_PACK + 1)),
                                    .full = sum / 128 % 4 == 0,
                                    .plan = (int)(sum / 512 % 3),
                                    .input = (int)(sum / 2048 % 3),
                                    .fast = sum / 8192 % 2 == 1};
        export_as(&p, &o);
    }
    mnq_arena_free(&arena);
    free(bytes);
    return 0;
}

uint8_t *mnq_fuzz_seed(int i, size_t *n)
{
    return i < 24 ? mnq_fuzz_net(i, n) : NULL;
}
