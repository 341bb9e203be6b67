/* SPDX-License-Identifier: Apache-2.0
 * The static memory plan: arena offsets from lifetimes.
 *
 * Two greedy orders (Pisarchyk and Lee 2020, arXiv:2001.03288), by size and by breadth; each tensor goes to the lowest
 * offset that no already placed tensor with an overlapping lifetime occupies. A short search over exchanged pairs mends what
 * greed misses; it is deterministic and stops at the bytes of the busiest layer. */
#include "pack/qmodel.h"

#include "pack/qrun.h"

#include <stdlib.h>
#include <string.h>

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

static void find_lives(const struct mnq_qmodel *q, struct life *life)
{
    for (int t = 0; t < q->n_tensors; t++)
        life[t] = (struct life){t, -1, -1, (mnq_qtensor_bytes(&q->tensor[t]) + MNQ_ALIGN - 1) / MNQ_ALIGN * MNQ_ALIGN, 0};
    for (int l = 0; l < q->n_layers; l++) {
        const struct mnq_qlayer *y = &q->layer[l];
        life[y->out].first = l;
        if (life[y->out].last < l) life[y->out].last = l;
        life[y->in0].last = l;
        if (y->in1 >= 0) life[y->in1].last = l;
    }
    for (int k = 0; k < mnq_qmodel_outputs(q); k++) life[mnq_qmodel_output(q, k)].last = q->n_layers;
}

/* Places life[0 .. n-1] in this order; returns the bytes needed. */
static uint64_t place(struct life *life, int n)
{
    uint64_t top = MNQ_ALIGN;
    for (int i = 0; i < n; i++) {
        life[i].offset = lowest(life, i);
        if (life[i].offset + life[i].size > top) top = life[i].offset + life[i].size;
    }
    return top;
}

static void swap(struct life *a, struct life *b)
{
    struct life t = *a;
    *a = *b;
    *b = t;
}

/* Bytes alive while layer l runs. */
static uint64_t breadth(const struct life *life, int n, int l)
{
    uint64_t sum = 0;
    for (int i = 0; i < n; i++)
        if (life[i].first <= l && l <= life[i].last) sum += life[i].size;
    return sum;
}

/* Orders tensors by the layer with the largest breadth that they take part in, larger ones first within a layer. */
static void order_by_breadth(struct life *life, int n, int layers, uint64_t *scratch)
{
    int done = 0;
    for (int l = 0; l < layers; l++) scratch[l] = breadth(life, n, l) + 1;
    while (done < n) {
        int widest = 0;
        for (int l = 1; l < layers; l++)
            if (scratch[l] > scratch[widest]) widest = l;
        if (scratch[widest] == 0) break;
        scratch[widest] = 0;
        int from = done;
        for (int i = done; i < n; i++) {
            if (life[i].first > widest || widest > life[i].last) continue;
            struct life t = life[i];
            memmove(&life[done + 1], &life[done], (size_t)(i - done) * sizeof *life);
            life[done++] = t;
        }
        qsort(life + from, (size_t)(done - from), sizeof *life, by_size);
    }
}

/* Bytes of the busiest layer: no plan can need less. */
static uint64_t lower_bound(const struct life *life, int n, int layers)
{
    uint64_t most = MNQ_ALIGN;
    for (int l = 0; l <= layers; l++) {
        uint64_t b = breadth(life, n, l);
        if (b > most) most = b;
    }
    return most;
}

/* Exchanges pairs in the order, keeping what is no worse, until the bound is met or the tries are used up. */
static uint64_t improve(struct life *life, int n, uint64_t top, uint64_t bound)
{
    enum { TRIES = 400 };
    uint32_t random = 1;
    for (int i = 0; i < TRIES && top > bound; i++) {
        int pick[2];
        for (int k = 0; k < 2; k++) {
            random = random * 1664525u + 1013904223u;
            pick[k] = (int)((random >> 8) % (uint32_t)n);
        }
        swap(&life[pick[0]], &life[pick[1]]);
        uint64_t now = place(life, n);
        if (now <= top) top = now;
        else swap(&life[pick[0]], &life[pick[1]]);
    }
    return place(life, n);
}

int mnq_qmodel_plan(struct mnq_qmodel *q, struct mnq_err *e)
{
    size_t n = (size_t)q->n_tensors;
    struct life *plan[2] = {calloc(n, sizeof **plan), calloc(n, sizeof **plan)};
    uint64_t *scratch = calloc((size_t)q->n_layers + 1, sizeof *scratch), top[2], bound;
    int rc = -1;
    if (plan[0] == NULL || plan[1] == NULL || scratch == NULL) {
        mnq_fail_nomem(e);
        goto done;
    }
    find_lives(q, plan[0]);
    memcpy(plan[1], plan[0], n * sizeof **plan);
    bound = lower_bound(plan[0], (int)n, q->n_layers);
    qsort(plan[0], n, sizeof **plan, by_size);
    order_by_breadth(plan[1], (int)n, q->n_layers, scratch);
    for (int k = 0; k < 2; k++) top[k] = improve(plan[k], (int)n, place(plan[k], (int)n), bound);
    int best = top[1] < top[0];
    if (top[best] > UINT32_MAX - MNQ_ALIGN) {
        mnq_fail(e, MNQ_EXIT_FAILED, "the activations need %llu bytes; the format holds 4 GiB",
                 (unsigned long long)top[best]);
        goto done;
    }
    for (size_t i = 0; i < n; i++) q->tensor[plan[best][i].tensor].offset = (uint32_t)plan[best][i].offset;
    q->arena_bytes = (uint32_t)top[best];
    rc = 0;
done:
    free(plan[0]);
    free(plan[1]);
    free(scratch);
    return rc;
}
