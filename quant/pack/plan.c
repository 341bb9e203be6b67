/* SPDX-License-Identifier: Apache-2.0
 * The static memory plan: arena offsets from lifetimes.
 *
 * Greedy by size (Pisarchyk and Lee 2020, arXiv:2001.03288): tensors by falling size, each at the lowest offset that no
 * already placed tensor with an overlapping lifetime occupies. */
#include "pack/qmodel.h"

#include "quantize/qrun.h"

#include <stdlib.h>

struct life {
    int tensor, first, last; /* layer indices: written at first (-1: the input), last read at last */
    size_t size;
    uint64_t offset;
};

static int by_size(const void *a, const void *b)
{
    const struct life *x = a, *y = b;
    if (x->size != y->size) return x->size < y->size ? 1 : -1;
    return x->tensor - y->tensor;
}

/* Lowest offset for life[i] given life[0 .. i-1]. */
static uint64_t lowest(const struct life *life, int i)
{
    uint64_t at = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (int k = 0; k < i; k++) {
            const struct life *o = &life[k];
            if (o->last < life[i].first || o->first > life[i].last) continue;
            if (at < o->offset + o->size && o->offset < at + life[i].size) {
                at = o->offset + o->size;
                moved = true;
            }
        }
    }
    return at;
}

int mnq_qmodel_plan(struct mnq_qmodel *q, struct mnq_err *e)
{
    struct life *life = calloc((size_t)q->n_tensors, sizeof *life);
    if (life == NULL) return mnq_fail_nomem(e);
    for (int t = 0; t < q->n_tensors; t++)
        life[t] = (struct life){t, -1, -1, (mnq_qtensor_bytes(&q->tensor[t]) + MNQ_ALIGN - 1) / MNQ_ALIGN * MNQ_ALIGN, 0};
    for (int l = 0; l < q->n_layers; l++) {
        const struct mnq_qlayer *y = &q->layer[l];
        life[y->out].first = l;
        if (life[y->out].last < l) life[y->out].last = l;
        life[y->in0].last = l;
        if (y->in1 >= 0) life[y->in1].last = l;
    }
    life[q->output].last = q->n_layers;
    qsort(life, (size_t)q->n_tensors, sizeof *life, by_size);
    uint64_t top = MNQ_ALIGN;
    for (int i = 0; i < q->n_tensors; i++) {
        life[i].offset = lowest(life, i);
        if (life[i].offset + life[i].size > top) top = life[i].offset + life[i].size;
    }
    int rc = 0;
    if (top > UINT32_MAX - MNQ_ALIGN) {
        rc =
            mnq_fail(e, MNQ_EXIT_FAILED, "the activations need %llu bytes; the format holds 4 GiB", (unsigned long long)top);
    } else {
        for (int i = 0; i < q->n_tensors; i++) q->tensor[life[i].tensor].offset = (uint32_t)life[i].offset;
        q->arena_bytes = (uint32_t)top;
    }
    free(life);
    return rc;
}
