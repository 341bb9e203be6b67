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

/* Which tensors are alive together, and scratch to place them. Tensor t's own are neighbour[from[t] .. from[t + 1] - 1]. */
struct placing {
    int *neighbour;
    size_t *from;
    struct life *around; /* placed neighbours of one tensor, by offset */
    struct life *placed; /* by tensor; none if `last` is below `first` */
};

static bool together(const struct life *a, const struct life *b)
{
    return a->last >= b->first && a->first <= b->last;
}

static void free_placing(struct placing *p)
{
    free(p->neighbour);
    free(p->from);
    free(p->around);
    free(p->placed);
}

/* Lists neighbours. life[t] is that of tensor t. */
static int init_placing(struct placing *p, const struct life *life, size_t n)
{
    size_t pairs = 0;
    *p = (struct placing){.from = calloc(n + 1, sizeof *p->from),
                          .around = calloc(n, sizeof *p->around),
                          .placed = calloc(n, sizeof *p->placed)};
    if (p->from == NULL || p->around == NULL || p->placed == NULL) return -1;
    for (int fill = 0; fill < 2; fill++) {
        if (fill && (p->neighbour = calloc(pairs + 1, sizeof *p->neighbour)) == NULL) return -1;
        pairs = 0;
        for (size_t t = 0; t < n; t++) {
            p->from[t] = pairs;
            for (size_t o = 0; o < n; o++) {
                if (o == t || !together(&life[t], &life[o])) continue;
                if (fill) p->neighbour[pairs] = (int)o;
                pairs++;
            }
        }
        p->from[n] = pairs;
    }
    return 0;
}

/* Lowest offset for a tensor beside the neighbours that are placed. */
static uint64_t lowest(const struct placing *p, const struct life *of)
{
    uint64_t at = 0;
    int n = 0;
    for (size_t k = p->from[of->tensor]; k < p->from[of->tensor + 1]; k++) {
        const struct life *o = &p->placed[p->neighbour[k]];
        if (o->last < o->first) continue;
        int i = n++;
        for (; i > 0 && p->around[i - 1].offset > o->offset; i--) p->around[i] = p->around[i - 1];
        p->around[i] = *o;
    }
    for (int i = 0; i < n && p->around[i].offset < at + of->size; i++) {
        uint64_t end = p->around[i].offset + p->around[i].size;
        if (end > at) at = end;
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
static uint64_t place(struct placing *p, struct life *life, int n)
{
    uint64_t top = MNQ_ALIGN;
    for (int i = 0; i < n; i++) p->placed[i] = (struct life){.first = 0, .last = -1};
    for (int i = 0; i < n; i++) {
        life[i].offset = lowest(p, &life[i]);
        p->placed[life[i].tensor] = life[i];
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

/* Exchanges pairs in the order, keeping what is no worse, until `enough` is met or the tries are used up. */
static uint64_t improve(struct placing *p, struct life *life, int n, uint64_t top, uint64_t enough)
{
    enum { TRIES = 400 };
    uint32_t random = 1;
    for (int i = 0; i < TRIES && top > enough; i++) {
        int pick[2];
        for (int k = 0; k < 2; k++) {
            random = random * 1664525u + 1013904223u;
            pick[k] = (int)((random >> 8) % (uint32_t)n);
        }
        swap(&life[pick[0]], &life[pick[1]]);
        uint64_t now = place(p, life, n);
        if (now <= top) top = now;
        else swap(&life[pick[0]], &life[pick[1]]);
    }
    return place(p, life, n);
}

/* One planning: two orders of the same tensors. */
struct planning {
    struct life *order[2];
    struct placing placing;
    uint64_t top[2], bound;
};

static void free_planning(struct planning *p)
{
    free(p->order[0]);
    free(p->order[1]);
    free_placing(&p->placing);
}

/* Both greedy plans. */
static int init_planning(struct planning *p, const struct mnq_qmodel *q, struct mnq_err *e)
{
    size_t n = (size_t)q->n_tensors;
    uint64_t *scratch = calloc((size_t)q->n_layers + 1, sizeof *scratch);
    int rc = -1;
    *p = (struct planning){.order = {calloc(n, sizeof *p->order[0]), calloc(n, sizeof *p->order[1])}};
    if (p->order[0] == NULL || p->order[1] == NULL || scratch == NULL) goto done;
    find_lives(q, p->order[0]);
    memcpy(p->order[1], p->order[0], n * sizeof *p->order[1]);
    if (init_placing(&p->placing, p->order[0], n) != 0) goto done;
    p->bound = lower_bound(p->order[0], (int)n, q->n_layers);
    qsort(p->order[0], n, sizeof *p->order[0], by_size);
    order_by_breadth(p->order[1], (int)n, q->n_layers, scratch);
    for (int k = 0; k < 2; k++) p->top[k] = place(&p->placing, p->order[k], (int)n);
    rc = 0;
done:
    free(scratch);
    return rc == 0 ? 0 : mnq_fail_nomem(e);
}

int mnq_qmodel_plan_fits(const struct mnq_qmodel *q, uint32_t limit, bool *fits, struct mnq_err *e)
{
    struct planning p;
    int rc = init_planning(&p, q, e);
    *fits = false;
    for (int k = 0; rc == 0 && k < 2 && !*fits && p.bound <= limit; k++)
        *fits = p.top[0] <= limit || p.top[1] <= limit ||
                improve(&p.placing, p.order[k], q->n_tensors, p.top[k], limit) <= limit;
    free_planning(&p);
    return rc;
}

int mnq_qmodel_plan(struct mnq_qmodel *q, struct mnq_err *e)
{
    struct planning p;
    int rc = init_planning(&p, q, e);
    if (rc != 0) goto done;
    for (int k = 0; k < 2; k++) p.top[k] = improve(&p.placing, p.order[k], q->n_tensors, p.top[k], p.bound);
    int best = p.top[1] < p.top[0];
    if (p.top[best] > UINT32_MAX - MNQ_ALIGN) {
        rc = mnq_fail(e, MNQ_EXIT_FAILED, "the activations need %llu bytes; the format holds 4 GiB",
                      (unsigned long long)p.top[best]);
        goto done;
    }
    for (int i = 0; i < q->n_tensors; i++) q->tensor[p.order[best][i].tensor].offset = (uint32_t)p.order[best][i].offset;
    q->arena_bytes = (uint32_t)p.top[best];
done:
    free_planning(&p);
    return rc;
}
