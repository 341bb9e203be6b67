/* SPDX-License-Identifier: Apache-2.0
 * Points of `--weights auto`: choices of formats, and what pictures said of them. */
#include "auto_points.h"

#include <math.h>
#include <string.h>

const struct mnq_wformat mnq_auto_formats[MNQ_AUTO_FORMATS] = {{8, 0, 8}, {4, 0, 8}, {1, 3, 8},
                                                              {1, 2, 8}, {2, 0, 8}, {1, 1, 8}};

bool mnq_auto_may_compress(const struct mnq_calib_run *c, int node)
{
    const struct mnq_node *nd = &c->g->node[node];
    return mnq_lower_is_pointwise(c->g, node) && c->qp[nd->in[0]].dtype != MNQ_U8 &&
           mnq_node_weights(c->g, nd) >= (size_t)c->o->small_layer;
}

/* ---- formats in place ---- */

/* The formats after the steps taken; returns the bytes of weights. */
static double apply_taken(const struct mnq_auto *s)
{
    double bytes = s->bytes;
    for (int k = 0; k < s->n; k++) s->c->format[s->choices[k].node] = s->choices[k].candidate[0].format;
    for (int i = 0; i < s->steps; i++) {
        if (!s->taken[i]) continue;
        const struct mnq_choices *x = &s->choices[s->step[i].choices];
        s->c->format[x->node] = x->candidate[s->step[i].to].format;
        bytes -= s->step[i].bytes;
    }
    return bytes;
}

double mnq_auto_apply(const struct mnq_auto *s, int steps)
{
    for (int i = 0; i < s->steps; i++) s->taken[i] = i < steps;
    return apply_taken(s);
}

double mnq_auto_apply_uniform(const struct mnq_auto *s, int uniform)
{
    const struct mnq_wformat *f = &mnq_auto_formats[uniform];
    double bytes = mnq_auto_apply(s, 0);
    for (int k = 0; k < s->n; k++) {
        int i = s->choices[k].node;
        if (!mnq_auto_may_compress(s->c, i)) continue;
        s->c->format[i] = *f;
        bytes += mnq_wformat_bytes(f, s->c->weights[i], s->c->g->node[i].out.c) - s->choices[k].candidate[0].bytes;
    }
    return bytes;
}

double mnq_auto_apply_point(const struct mnq_auto *s, const struct mnq_auto_point *p)
{
    return p->uniform >= 0 ? mnq_auto_apply_uniform(s, p->uniform) : mnq_auto_apply(s, p->steps);
}

int mnq_auto_steps_at(const struct mnq_auto *s, int place)
{
    double all = 0, saved = 0;
    int steps = 0;
    for (int i = 0; i < s->steps; i++) all += s->step[i].bytes;
    while (steps < s->steps && saved < all * place / MNQ_AUTO_PLACES) saved += s->step[steps++].bytes;
    return steps;
}

int mnq_auto_paid(struct mnq_auto *s, bool *yes, struct mnq_err *e)
{
    const struct mnq_xbudget *b = &s->c->o->budget;
    *yes = true;
    if (b->ram <= 0 && b->flash <= 0 && b->cycles <= 0) return 0;
    if (mnq_calib_bill(s->c, &s->bill, e) != 0) return -1;
    *yes = mnq_xbudget_meets(b, &s->bill);
    return 0;
}

/* ---- pictures ---- */

struct mnq_auto_point *mnq_auto_add(struct mnq_auto *s, int steps, int uniform, struct mnq_err *e)
{
    struct mnq_auto_point *p = &s->point[s->points];
    if (s->points == MNQ_AUTO_POINTS) {
        mnq_fail(e, MNQ_EXIT_FAILED, "more than %d choices of formats", MNQ_AUTO_POINTS);
        return NULL;
    }
    *p = (struct mnq_auto_point){.steps = steps, .uniform = uniform};
    p->loss = mnq_arena_array(s->arena, (size_t)s->c->views.shots.n, sizeof *p->loss);
    if (p->loss == NULL) {
        mnq_fail_nomem(e);
        return NULL;
    }
    p->bytes = mnq_auto_apply_point(s, p);
    if (mnq_auto_paid(s, &p->paid, e) != 0) return NULL;
    s->points++;
    return p;
}

struct mnq_auto_point *mnq_auto_measure(struct mnq_auto *s, int steps, int uniform, struct mnq_err *e)
{
    for (int k = 0; k < s->points; k++)
        if (!s->point[k].tuned && s->point[k].steps == steps && s->point[k].uniform == uniform) return &s->point[k];
    struct mnq_auto_point *p = mnq_auto_add(s, steps, uniform, e);
    int n = p == NULL ? -1 : mnq_calib_losses(s->c, s->fit, "formats", p->loss, e);
    if (n < 0) return NULL;
    p->bound = mnq_bound_of(p->loss, n);
    p->complete = true;
    return p;
}

bool mnq_auto_promises(const struct mnq_auto *s, const struct mnq_auto_point *p)
{
    return p->paid && p->complete && p->bound.upper + s->c->optimism <= s->max_drop;
}

/* Losses of a point in one fold, or in all others. */
static int losses_in(const struct mnq_auto_point *p, int fold, bool inside, double *loss)
{
    int n = 0;
    for (int i = 0; i < p->bound.pictures; i++)
        if ((i % MNQ_SPLIT_FOLDS == fold) == inside) loss[n++] = p->loss[i];
    return n;
}

static double optimism(const struct mnq_auto *s, double *scratch)
{
    double sum = 0;
    for (int f = 0; f < MNQ_SPLIT_FOLDS; f++) {
        const struct mnq_auto_point *best = &s->point[0];
        for (int k = 0; k < s->points; k++) {
            const struct mnq_auto_point *p = &s->point[k];
            if (!p->complete || p->uniform >= 0) continue;
            int n = losses_in(p, f, false, scratch);
            if (n == 0) return 0;
            if (p->bytes < best->bytes && mnq_bound_of(scratch, n).upper <= s->max_drop) best = p;
        }
        int n = losses_in(best, f, false, scratch);
        double chosen_by = mnq_bound_of(scratch, n).points;
        n = losses_in(best, f, true, scratch);
        if (n == 0) return 0;
        sum += mnq_bound_of(scratch, n).points - chosen_by;
    }
    return fmax(0, sum / MNQ_SPLIT_FOLDS);
}

int mnq_auto_find_optimism(struct mnq_auto *s, struct mnq_err *e)
{
    double *scratch = mnq_arena_array(s->arena, (size_t)s->c->views.shots.n, sizeof *scratch);
    if (scratch == NULL) return mnq_fail_nomem(e);
    s->c->optimism = optimism(s, scratch);
    return 0;
}
