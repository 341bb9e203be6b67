/* SPDX-License-Identifier: Apache-2.0
 * Which of the runtime's sources an export holds. */
#include "export/xsource.h"

#include "export/embedded.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

const struct mnq_embedded *mnq_embedded_find(const char *path)
{
    for (int i = 0; i < mnq_n_embedded; i++)
        if (strcmp(mnq_embedded[i].path, path) == 0) return &mnq_embedded[i];
    return NULL;
}

struct work {
    bool taken[MNQ_XSOURCES * 2];
    struct mnq_err *e;
};

static int take(struct work *w, const char *path, const char *dir);

/* What a source includes with quotation marks: beside it, or below the root. */
static int take_includes(struct work *w, const char *text, const char *dir)
{
    static const char word[] = "#include \"";
    for (const char *p = text; (p = strstr(p, word)) != NULL;) {
        const char *name = p + sizeof word - 1, *end = strchr(name, '"');
        char path[256];
        if (end == NULL || (size_t)(end - name) >= sizeof path) break;
        snprintf(path, sizeof path, "%.*s", (int)(end - name), name);
        p = end;
        if (strcmp(path, "fixed_check.h") != 0 && take(w, path, dir) != 0) return -1;
    }
    return 0;
}

static int take(struct work *w, const char *path, const char *dir)
{
    char beside[512];
    snprintf(beside, sizeof beside, "%s%s", dir, path);
    const struct mnq_embedded *f = mnq_embedded_find(beside);
    if (f == NULL) f = mnq_embedded_find(path);
    if (f == NULL) return mnq_fail(w->e, MNQ_EXIT_FAILED, "the source %s is missing in this program", path);
    const int i = (int)(f - mnq_embedded);
    if (w->taken[i]) return 0;
    w->taken[i] = true;
    const char *slash = strrchr(f->path, '/');
    char own[256] = "";
    if (slash != NULL) snprintf(own, sizeof own, "%.*s", (int)(slash - f->path + 1), f->path);
    return take_includes(w, f->text, own);
}

static int take_words(struct work *w, const char *list)
{
    char path[256];
    while (*list != 0) {
        const size_t n = strcspn(list, " ");
        snprintf(path, sizeof path, "%.*s", (int)n, list);
        if (n > 0 && take(w, path, "") != 0) return -1;
        list += n + (list[n] != 0);
    }
    return 0;
}

/* Whether every export holds it: the runtime without its proofs, which only the full loader calls. */
static bool core(const char *path, int full, int flash)
{
    static const char *const file[] = {"open.c", "packing.c", "record.c", "stage_plan.c"};
    const size_t n = strlen(path);
    for (size_t i = 0; i < sizeof file / sizeof *file; i++)
        if (flash && strcmp(path, file[i]) == 0) return false;
    if (strcmp(path, "flash_record.c") == 0) return flash;
    if (strchr(path, '/') != NULL || n < 2 || strcmp(path + n - 2, ".c") != 0 || strcmp(path, "status_str.c") == 0 ||
        strcmp(path, "model.c") == 0)
        return false;
    return full || (strncmp(path, "check_", 6) != 0 && strcmp(path, "prove.c") != 0);
}

int mnq_xsource_list(const struct mnq_ximage *x, enum mnq_xset set, int full, struct mnq_xsources *s, struct mnq_err *e)
{
    struct work w = {.e = e};

    if (mnq_n_embedded > (int)(sizeof w.taken / sizeof *w.taken))
        return mnq_fail(e, MNQ_EXIT_FAILED, "too many sources in this program");
    for (int i = 0; i < mnq_n_embedded; i++)
        if (core(mnq_embedded[i].path, full, x->flash) && take(&w, mnq_embedded[i].path, "") != 0) return -1;
    if (set == MNQ_XSET_DSP && take_words(&w, "cortexm/dwconv_shape_dsp.c") != 0) return -1;
    if (set == MNQ_XSET_DSP && !x->flash && take_words(&w, "cortexm/scratch_dsp.c") != 0) return -1;
    if (set == MNQ_XSET_M3 && take_words(&w, "cortexm3/shape_m3.c") != 0) return -1;
    if (set == MNQ_XSET_MVE && take_words(&w, "helium/pack_mve.c") != 0) return -1;
    if (set == MNQ_XSET_RVV && take_words(&w, "riscv/pack_rvv.c") != 0) return -1;
    if (set == MNQ_XSET_HVX && !x->flash && take_words(&w, "hexagon/pack_hvx.c") != 0) return -1;
    if (mnq_xset_neon(set) && !x->flash && take_words(&w, "aarch64/pack_neon.c") != 0) return -1;
    for (int i = 0; i < x->n_layers; i++)
        if (take_words(&w, x->layer[i].kernel->sources) != 0) return -1;
    if (take_words(&w, "generic/output_c.c") != 0) return -1;
    if (mnq_ximage_sums(x) && take_words(&w, "generic/avgpool_sum_c.c") != 0) return -1;
    s->n = 0;
    for (int i = 0; i < mnq_n_embedded && s->n < MNQ_XSOURCES; i++)
        if (w.taken[i]) s->index[s->n++] = i;
    return 0;
}
