/* SPDX-License-Identifier: Apache-2.0
 * How many weights leave each output of a layer, for the least error of all together.
 *
 * Every output's trace of removals is replaced by its lower convex hull, whose steps are then taken by rising rate: the
 * greedy choice is the best one for any number of zeros that ends with a step. */
#include "prune_choose.h"

#include <stdlib.h>
#include <string.h>

static int by_rate(const void *a, const void *b)
{
    const struct mnq_fit_step *x = a, *y = b;
    if (x->rate != y->rate) return x->rate < y->rate ? -1 : 1;
    return x->output - y->output;
}

/* Steps of output j with rising rates: the lower convex hull of its trace. */
static int hull(const struct mnq_fit *f, int j, struct mnq_fit_step *step)
{
    const double *error = f->error + (size_t)j * (size_t)f->inputs;
    int unit = f->pattern.kind == MNQ_PATTERN_BLOCK ? f->pattern.m : 1, n = 0;
    double before = 0;
    for (int k = 0; k < f->removable[j];) {
        int count = 1;
        if (unit > 1) /* a block ends where the error is written */
            while (k + count < f->removable[j] && f->order[(size_t)j * (size_t)f->inputs + (size_t)(k + count)] % unit != 0)
                count++;
        k += count;
        step[n++] = (struct mnq_fit_step){(error[k - 1] - before) / count, j, count};
        before = error[k - 1];
        while (n > 1 && step[n - 1].rate < step[n - 2].rate) { /* merge what would fall */
            struct mnq_fit_step *a = &step[n - 2], *b = &step[n - 1];
            a->rate = (a->rate * a->count + b->rate * b->count) / (a->count + b->count);
            a->count += b->count;
            n--;
        }
    }
    return n;
}

int mnq_fit_steps(const struct mnq_fit *f, struct mnq_fit_steps *s, struct mnq_arena *arena)
{
    s->n = 0;
    s->step = mnq_arena_array(arena, (size_t)f->inputs * (size_t)f->outputs, sizeof *s->step);
    if (s->step == NULL) return -1;
    for (int j = 0; j < f->outputs; j++) s->n += (size_t)hull(f, j, s->step + s->n);
    qsort(s->step, s->n, sizeof *s->step, by_rate);
    return 0;
}

void mnq_fit_choose(const struct mnq_fit *f, const struct mnq_fit_steps *s, int64_t zeros, int *per_output)
{
    memset(per_output, 0, (size_t)f->outputs * sizeof *per_output);
    int unit = f->pattern.kind == MNQ_PATTERN_BLOCK ? f->pattern.m : 1;
    for (size_t k = 0; k < s->n && zeros > 0; k++) {
        int count = s->step[k].count;
        if (unit == 1 && count > zeros) count = (int)zeros; /* within a merged step any number may leave */
        per_output[s->step[k].output] += count;
        zeros -= count;
    }
}
