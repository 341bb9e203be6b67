/* SPDX-License-Identifier: Apache-2.0
 * Ranges of activations that quantization-aware training found.
 *
 * A QuantizeWrapper named quant_x keeps scalars beside its layer's weights: quant_x/output_min and output_max for the
 * layer's result, quant_x/post_activation_min and ..._max for that of its activation. Both begin at -6 and 6. Ranges of
 * kernels (kernel_min) are those of the weights themselves, pre_activation's those of logits, which have 16 bits: neither is
 * read. */
#include "import/keras_learned.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

int mnq_learned_expect(struct mnq_build *b, const char *wrapper, int out, struct mnq_err *e)
{
    if (b->n_wrapped == b->cap_wrapped) {
        int cap = b->cap_wrapped == 0 ? 64 : 2 * b->cap_wrapped;
        struct mnq_wrapped *more = mnq_arena_array(b->g->arena, (size_t)cap, sizeof *more);
        if (more == NULL) return mnq_fail_nomem(e);
        if (b->n_wrapped > 0) memcpy(more, b->wrapped, (size_t)b->n_wrapped * sizeof *more);
        b->wrapped = more;
        b->cap_wrapped = cap;
    }
    b->wrapped[b->n_wrapped++] = (struct mnq_wrapped){wrapper, b->group != NULL ? b->group : wrapper, out};
    return 0;
}

/* Whether the path of a weight's name is the wrapper's, with or without the models around it. */
static bool is_of(const struct mnq_found *f, const struct mnq_wrapped *w)
{
    size_t n = strlen(f->layer), m = strlen(w->layer);
    return strcmp(f->group, w->group) == 0 && n >= m && strcmp(f->layer + n - m, w->layer) == 0 &&
           (n == m || f->layer[n - m - 1] == '/');
}

/* The wrapper's scalar of this name; NULL if there is none. */
static const struct mnq_found *scalar(const struct mnq_founds *found, const struct mnq_wrapped *w, const char *var)
{
    for (int i = 0; i < found->n; i++) {
        const struct mnq_found *f = &found->item[i];
        if (strcmp(f->var, var) == 0 && is_of(f, w) && (f->rank == 0 || (f->rank == 1 && f->dim[0] == 1))) return f;
    }
    return NULL;
}

/* 1 if the range was read, 0 if there is none, -1. */
static int read_range(struct mnq_h5 *h, const struct mnq_founds *found, const struct mnq_wrapped *w, const char *what,
                      float *range, struct mnq_err *e)
{
    static const char *const end[] = {"min", "max"};
    for (int k = 0; k < 2; k++) {
        char var[40];
        struct mnq_h5_data d;
        snprintf(var, sizeof var, "%s_%s", what, end[k]);
        const struct mnq_found *f = scalar(found, w, var);
        if (f == NULL) return 0;
        if (mnq_h5_read(h, f->path, &d, e) != 0) return -1;
        range[k] = d.v[0];
    }
    return 1;
}

int mnq_learned_read(struct mnq_h5 *h, struct mnq_build *b, const struct mnq_founds *found, struct mnq_err *e)
{
    int learned = 0, untrained = 0;
    for (int i = 0; i < b->n_wrapped; i++) {
        const struct mnq_wrapped *w = &b->wrapped[i];
        float range[2];
        int rc = read_range(h, found, w, "output", range, e);
        if (rc == 0) rc = read_range(h, found, w, "post_activation", range, e);
        if (rc < 0) return -1;
        if (rc == 0) continue;
        if (range[0] == -6.0f && range[1] == 6.0f) { /* as they begin */
            untrained++;
            continue;
        }
        float lo = fminf(range[0], 0), hi = fmaxf(range[1], 0); /* zero is among the integers, as training has it */
        if (!(lo < hi)) continue;
        b->g->node[w->node].learned[0] = lo;
        b->g->node[w->node].learned[1] = hi;
        learned++;
    }
    if ((learned > 0 &&
         mnq_graph_note(b->g,
                        "training found the ranges of %d tensors: calibrate takes those, unless an observer is "
                        "named",
                        learned) != 0) ||
        (untrained > 0 && mnq_graph_note(b->g, "ranges of %d tensors are as training begins, and not used", untrained) != 0))
        return mnq_fail_nomem(e);
    return 0;
}
