/* SPDX-License-Identifier: Apache-2.0
 * What it costs to take channels of one group alone: which would go, what their readers become, and the noise that arrives
 * at the logits of held-back samples. */
#include "channel_parts.h"

#include "prune_probe.h"
#include "quantize/obs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PROBED = 40 };

/* ---- candidates ---- */

/* The sum over outputs of their variance over the rows. */
static double signal_of(const struct mnq_rows *r)
{
    size_t n = (size_t)r->per * (size_t)r->samples, out = (size_t)r->outputs;
    double signal = 0;
    for (size_t j = 0; j < out; j++) {
        double sum = 0, squares = 0;
        for (size_t row = 0; row < n; row++) {
            double y = (double)r->y[row * out + j];
            sum += y;
            squares += y * y;
        }
        signal += (squares - sum * sum / (double)n) / (double)n;
    }
    return signal;
}

static int reader_of(const struct mnq_fit *f, double signal, struct mnq_channel_reader *r, struct mnq_arena *scratch,
                     struct mnq_err *e)
{
    size_t n = (size_t)f->inputs, out = (size_t)f->outputs;
    *r = (struct mnq_channel_reader){.outputs = f->outputs, .weight = signal > 0 ? 1 / signal : 1};
    r->inverse = mnq_arena_array(scratch, n * n, sizeof *r->inverse);
    r->w = mnq_arena_array(scratch, n * out, sizeof *r->w);
    if (r->inverse == NULL || r->w == NULL) return mnq_fail_nomem(e);
    memcpy(r->inverse, f->hinv, n * n * sizeof *r->inverse);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < out; j++) r->w[i * out + j] = f->w[j * n + i];
    return 0;
}

static int make_levels(struct mnq_channel_work *x, int group, const struct mnq_fit *fit, struct mnq_err *e)
{
    const struct mnq_family *m = mnq_channel_family(x, group);
    struct mnq_channel_choice *c = &x->choice[group];
    struct mnq_arena *arena = x->p->arena, scratch = {0};
    unsigned char *gone = mnq_arena_alloc(&scratch, (size_t)m->channels);
    int rc = gone == NULL ? mnq_fail_nomem(e) : 0, at = 0;
    for (int level = 1; rc == 0 && level < c->levels; level++) {
        c->w[level] = mnq_arena_array(arena, (size_t)m->n_readers, sizeof **c->w);
        c->b[level] = mnq_arena_array(arena, (size_t)m->n_readers, sizeof **c->b);
        if (c->w[level] == NULL || c->b[level] == NULL) rc = mnq_fail_nomem(e);
        for (; rc == 0 && at < c->leave[level]; at++) gone[c->order[at]] = 1;
        for (int k = 0; rc == 0 && k < m->n_readers; k++) {
            const struct mnq_node *nd = &x->p->legal->node[m->reader[k]];
            float *w = mnq_arena_array(arena, (size_t)fit[k].inputs * (size_t)fit[k].outputs, sizeof *w);
            float *b = nd->b == NULL ? NULL : mnq_arena_array(arena, (size_t)fit[k].outputs, sizeof *b);
            if (w == NULL || (nd->b != NULL && b == NULL)) rc = mnq_fail_nomem(e);
            else rc = mnq_fit_solve_without(&fit[k], gone, w, b, e);
            c->w[level][k] = w;
            c->b[level][k] = b;
        }
    }
    mnq_arena_free(&scratch);
    return rc;
}

/* A group whose readers are gathered one after the other, in the order of the nodes. */
struct gathering {
    struct mnq_arena arena;
    struct mnq_fit *fit;
    struct mnq_channel_reader *reader;
    int n;
};

static int gather_reader(struct mnq_channel_work *x, struct mnq_stream *dense, int i, struct gathering *ga,
                         struct mnq_err *e)
{
    struct mnq_pruning *p = x->p;
    struct mnq_arena scratch = {0};
    struct mnq_rows rows;
    struct mnq_fit_opts fo = mnq_prune_fit_opts(p, i);
    int inputs = p->legal->node[p->legal->node[i].in[0]].out.c;
    fo.untraced = true;
    int rc = mnq_rows_gather(dense, NULL, p->legal, i, -1, p->pictures.n, mnq_prune_rows(inputs), &rows, &scratch, e);
    if (rc == 0)
        rc = mnq_fit_make(&rows, p->legal->node[i].w, (struct mnq_pattern){MNQ_PATTERN_NONE, 0, 0}, &fo, &ga->fit[ga->n],
                          &ga->arena, e);
    if (rc == 0) rc = reader_of(&ga->fit[ga->n], signal_of(&rows), &ga->reader[ga->n], &ga->arena, e);
    ga->n++;
    mnq_arena_free(&scratch);
    return rc;
}

/* Order and levels of every group, each as soon as all its readers were seen. */
static int make_candidates(struct mnq_channel_work *x, struct mnq_stream *dense, struct gathering *all, struct mnq_err *e)
{
    const struct mnq_graph *g = x->p->legal;
    int groups = x->r->n_groups, rc = 0, done = 0;
    for (int i = 0; rc == 0 && i < g->n; i++) {
        if (!mnq_prune_can(g, i)) continue;
        int l = 0;
        while (l < groups && x->r->group[l].family != x->cut->legal_f.of[g->node[i].in[0]]) l++;
        if (l == groups) continue;
        const struct mnq_family *m = mnq_channel_family(x, l);
        struct gathering *ga = &all[l];
        if (ga->fit == NULL) {
            ga->fit = mnq_arena_array(&ga->arena, (size_t)m->n_readers, sizeof *ga->fit);
            ga->reader = mnq_arena_array(&ga->arena, (size_t)m->n_readers, sizeof *ga->reader);
            if (ga->fit == NULL || ga->reader == NULL) return mnq_fail_nomem(e);
        }
        rc = gather_reader(x, dense, i, ga, e);
        if (rc != 0 || ga->n < m->n_readers) continue;
        rc = mnq_channel_order(ga->reader, m->n_readers, m->channels, x->choice[l].order, x->choice[l].error, e);
        if (rc == 0) rc = make_levels(x, l, ga->fit, e);
        mnq_arena_free(&ga->arena);
        if (x->p->progress != NULL) x->p->progress(x->p->progress_ctx, "candidates", ++done, groups);
    }
    return rc;
}

/* ---- measuring them ---- */

struct probe {
    struct mnq_channel_work *x;
    const int *turn; /* [n_groups] groups by their first reader, the last first */
};

/* Groups from the back: what lies before the first reader of one is still clean when its turn comes. */
static void judge(const struct mnq_probe *pr, struct mnq_probe_worker *me, const float *dense, double *noise)
{
    const struct probe *own = pr->ctx;
    const struct mnq_channel_work *x = own->x;
    for (int t = 0; t < x->r->n_groups; t++) {
        const int l = own->turn[t];
        const struct mnq_family *m = mnq_channel_family(x, l);
        const struct mnq_channel_choice *c = &x->choice[l];
        for (int level = 1; level < c->levels; level++) {
            for (int r = 0; r < m->n_readers; r++) {
                me->g.node[m->reader[r]].w = c->w[level][r];
                me->g.node[m->reader[r]].b = c->b[level][r];
            }
            noise[l * MNQ_CHANNEL_LEVELS + level] = mnq_probe_noise(pr, me, m->reader[0], dense);
        }
        for (int r = 0; r < m->n_readers; r++) me->g.node[m->reader[r]] = x->p->legal->node[m->reader[r]];
    }
}

static void add_up(const struct mnq_probe *pr, struct mnq_channel_work *x)
{
    for (int l = 0; l < x->r->n_groups; l++) {
        struct mnq_channel_choice *c = &x->choice[l];
        for (int level = 1; level < c->levels; level++)
            c->cost[level] = fmax(mnq_probe_cost(pr, l * MNQ_CHANNEL_LEVELS + level), c->cost[level - 1]);
    }
}

int mnq_channel_probe(struct mnq_channel_work *x, struct mnq_err *e)
{
    struct mnq_pruning *p = x->p;
    struct mnq_arena scratch = {0};
    int groups = x->r->n_groups;
    int *turn = mnq_arena_array(&scratch, (size_t)groups, sizeof *turn);
    struct gathering *all = mnq_arena_array(&scratch, (size_t)groups, sizeof *all);
    struct probe own = {x, turn};
    struct mnq_probe pr = {.p = p, .tried = groups * MNQ_CHANNEL_LEVELS, .judge = judge, .ctx = &own};
    pr.n = mnq_probe_samples(p, PROBED);
    struct mnq_stream *dense = mnq_stream_new(p->legal, &p->pictures, p->o->threads, MNQ_PRUNE_BUDGET, true, e);
    int rc = dense == NULL ? -1 : turn == NULL || all == NULL ? mnq_fail_nomem(e) : make_candidates(x, dense, all, e);
    for (int l = 0; rc == 0 && l < groups; l++) {
        int at = l; /* in front of those whose first reader comes earlier */
        while (at > 0 && mnq_channel_family(x, turn[at - 1])->reader[0] < mnq_channel_family(x, l)->reader[0]) {
            turn[at] = turn[at - 1];
            at--;
        }
        turn[at] = l;
    }
    for (int l = 0; all != NULL && l < groups; l++) mnq_arena_free(&all[l].arena);
    mnq_stream_free(dense);
    if (rc == 0) rc = mnq_probe_run(&pr, &scratch, e);
    if (rc == 0) add_up(&pr, x);
    mnq_arena_free(&scratch);
    return rc;
}
