/* SPDX-License-Identifier: Apache-2.0
 * Mixed precision: which layer gives up bits next, by noise against bytes. */
#include "assign.h"

#include <stdlib.h>

static int by_bytes(const void *a, const void *b)
{
    const struct mnq_candidate *x = a, *y = b;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
    return x->noise < y->noise ? -1 : x->noise > y->noise;
}

static double slope(const struct mnq_candidate *from, const struct mnq_candidate *to)
{
    return (to->noise - from->noise) / (from->bytes - to->bytes);
}

/* Keeps the candidates of the lower convex hull, by falling bytes. */
static void hull(struct mnq_choices *c)
{
    int n = 0;
    qsort(c->candidate, (size_t)c->n, sizeof *c->candidate, by_bytes);
    for (int i = 0; i < c->n; i++) {
        const struct mnq_candidate x = c->candidate[i];
        if (n > 0 && c->candidate[n - 1].bytes <= x.bytes) continue; /* as large and noisier */
        while (n > 0 && c->candidate[n - 1].noise >= x.noise) n--;   /* larger and noisier */
        while (n > 1 && slope(&c->candidate[n - 1], &x) <= slope(&c->candidate[n - 2], &c->candidate[n - 1])) n--;
        c->candidate[n++] = x;
    }
    c->n = n;
}

static int by_slope(const void *a, const void *b)
{
    const struct mnq_step_down *x = a, *y = b;
    if (x->slope != y->slope) return x->slope < y->slope ? -1 : 1;
    return x->choices != y->choices ? x->choices - y->choices : x->to - y->to;
}

int mnq_assign_path(struct mnq_choices *choices, int n, struct mnq_step_down *step)
{
    int steps = 0;
    for (int i = 0; i < n; i++) {
        hull(&choices[i]);
        for (int k = 1; k < choices[i].n; k++) {
            const struct mnq_candidate *from = &choices[i].candidate[k - 1], *to = &choices[i].candidate[k];
            step[steps++] = (struct mnq_step_down){i, k, from->bytes - to->bytes, to->noise - from->noise, slope(from, to)};
        }
    }
    qsort(step, (size_t)steps, sizeof *step, by_slope);
    return steps;
}

double mnq_wformat_bytes(const struct mnq_wformat *f, size_t weights, int outputs)
{
    if (f->bits == 2) return (double)outputs * (double)((weights / (size_t)outputs + 4) / 5);
    if (f->bits != 1) return (double)weights * f->bits / 8;
    size_t words = (weights / (size_t)outputs + 31) / 32;
    return (double)outputs * f->bases * (4 * (double)words + (f->bases > 1 ? 2 : 0));
}
