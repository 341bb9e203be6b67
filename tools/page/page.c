/* SPDX-License-Identifier: Apache-2.0
 * The page of `mnquant eval --html`: frame, and the model it is about. */
#include "page.h"

#include "page_parts.h"

#include <string.h>

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL || slash[1] == '\0' ? path : slash + 1;
}

/* File names without folders; equal ones keep their whole path. */
static int name_models(struct mnq_page *p)
{
    int n = p->r->ev.n_models;
    p->name = mnq_arena_array(p->arena, (size_t)n, sizeof *p->name);
    if (p->name == NULL) return -1;
    for (int i = 0; i < n; i++) {
        p->name[i] = base_name(p->r->subject[i].file);
        for (int k = 0; k < n; k++)
            if (k != i && strcmp(base_name(p->r->subject[k].file), base_name(p->r->subject[i].file)) == 0)
                p->name[i] = p->r->subject[i].file;
    }
    return 0;
}

/* Whether model i speaks better for the list than model k. */
static bool better(const struct mnq_evaluation *ev, int i, int k)
{
    const struct mnq_eval_model *a = &ev->model[i], *b = &ev->model[k];
    if (!ev->accuracy) return a->agree > b->agree;
    bool good_a = mnq_pair(ev, 0, i).low >= -MNQ_PAGE_MARGIN, good_b = mnq_pair(ev, 0, k).low >= -MNQ_PAGE_MARGIN;
    if (good_a != good_b) return good_a;
    return good_a ? a->subject->weight_bytes < b->subject->weight_bytes : a->hits1 > b->hits1;
}

/* The smallest model for which the data excludes a loss above the margin; if there is none, the most accurate one. Without
 * accuracy, the one that agrees most. */
static int choose_headline(const struct mnq_evaluation *ev)
{
    int best = ev->n_models > 1 ? 1 : 0;
    for (int i = 2; i < ev->n_models; i++)
        if (better(ev, i, best)) best = i;
    return best;
}

int mnq_page_make(const struct mnq_eval_result *r, const char **text, size_t *n, struct mnq_arena *arena, struct mnq_err *e)
{
    struct mnq_page p = {.r = r, .arena = arena, .headline = choose_headline(&r->ev)};
    if (name_models(&p) != 0) return mnq_fail_nomem(e);
    if (mnq_page_load_thumbs(&p, e) != 0) return -1;
    mnq_shell_begin(&p.h, p.name[p.headline], "evaluation");
    mnq_page_headline(&p);
    mnq_page_figures(&p);
    mnq_page_accuracy(&p);
    mnq_page_cost(&p);
    mnq_page_tradeoff(&p);
    mnq_page_layers(&p);
    mnq_page_confusion(&p);
    mnq_page_changed(&p);
    mnq_page_origin(&p);
    mnq_shell_end(&p.h, "eval");
    return mnq_shell_take(&p.h, text, n, arena, e);
}
