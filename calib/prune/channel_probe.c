/* SPDX-License-Identifier: Apache-2.0
 * What it costs to take channels of one group alone: which would go, what their readers become, and the noise that arrives
 * at the logits of held-back samples. */
#include "channel_parts.h"

#include "quantize/obs.h"
#include "util/spread.h"

#include <stdatomic.h>
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

struct worker {
    struct mnq_graph g;
    struct mnq_exec *exec;
    float *input, *room; /* room: logits gathered */
};

struct probe {
    struct mnq_channel_work *x;
    struct worker *worker;
    const int *turn; /* [n_groups] groups by their first reader, the last first */
    int n;           /* samples probed */
    double *noise;   /* [n][n_groups][MNQ_CHANNEL_LEVELS] */
    double *signal;  /* [n] */
    atomic_int done;
};

/* The k-th of the held-back samples that are probed. */
static int sample_of(const struct probe *pr, int k)
{
    int all = pr->x->p->pictures.n, held = all / MNQ_PRUNE_HOLDOUT;
    if (held == 0) return (int)((int64_t)k * all / pr->n);
    return (int)((int64_t)k * held / pr->n) * MNQ_PRUNE_HOLDOUT + MNQ_PRUNE_HOLDOUT - 1;
}

/* Groups from the back: what lies before the first reader of one is still clean when its turn comes. */
static int probe_sample(void *ctx, int k, int w, struct mnq_err *e)
{
    (void)e;
    struct probe *pr = ctx;
    struct mnq_channel_work *x = pr->x;
    struct mnq_pruning *p = x->p;
    struct worker *me = &pr->worker[w];
    struct mnq_shape in = me->g.node[0].out;
    int sample = sample_of(pr, k), groups = x->r->n_groups;
    const float *dense = p->logits + (size_t)sample * p->judge.n;
    mnq_preprocess_apply(&p->pictures.preprocess, p->pictures.pixels + (size_t)sample * p->pictures.bytes, in.h * in.w,
                         me->input);
    mnq_exec_run(me->exec, me->input, NULL, NULL);
    pr->signal[k] = mnq_logits_signal(&p->judge, dense);
    for (int t = 0; t < groups; t++) {
        const struct mnq_family *m = mnq_channel_family(x, pr->turn[t]);
        const struct mnq_channel_choice *c = &x->choice[pr->turn[t]];
        double *noise = pr->noise + ((size_t)k * (size_t)groups + (size_t)pr->turn[t]) * MNQ_CHANNEL_LEVELS;
        for (int level = 1; level < c->levels; level++) {
            for (int r = 0; r < m->n_readers; r++) {
                me->g.node[m->reader[r]].w = c->w[level][r];
                me->g.node[m->reader[r]].b = c->b[level][r];
            }
            mnq_exec_rerun(me->exec, m->reader[0], NULL, NULL);
            noise[level] = mnq_logits_noise(&p->judge, mnq_logits_in(&p->judge, me->exec, me->room), dense);
        }
        for (int r = 0; r < m->n_readers; r++) me->g.node[m->reader[r]] = p->legal->node[m->reader[r]];
    }
    int done = atomic_fetch_add(&pr->done, 1) + 1;
    if (w == 0 && p->progress != NULL) p->progress(p->progress_ctx, "probe", mnq_spread_done(done, pr->n), pr->n);
    return 0;
}

static void add_up(struct probe *pr)
{
    struct mnq_channel_work *x = pr->x;
    double signal = 0;
    for (int k = 0; k < pr->n; k++) signal += pr->signal[k];
    for (int l = 0; l < x->r->n_groups; l++) {
        struct mnq_channel_choice *c = &x->choice[l];
        for (int level = 1; level < c->levels; level++) {
            double sum = 0;
            for (int k = 0; k < pr->n; k++)
                sum += pr->noise[((size_t)k * (size_t)x->r->n_groups + (size_t)l) * MNQ_CHANNEL_LEVELS + (size_t)level];
            c->cost[level] = signal > 0 ? sum / signal : sum;
            if (c->cost[level] < c->cost[level - 1]) c->cost[level] = c->cost[level - 1];
        }
    }
}

static int measure(struct probe *pr, struct mnq_arena *scratch, struct mnq_err *e)
{
    const struct mnq_pruning *p = pr->x->p;
    int threads = p->o->threads, rc = 0;
    size_t nodes = (size_t)p->legal->n;
    pr->worker = mnq_arena_array(scratch, (size_t)threads, sizeof *pr->worker);
    pr->noise = mnq_arena_array(scratch, (size_t)pr->n * (size_t)pr->x->r->n_groups * MNQ_CHANNEL_LEVELS, sizeof *pr->noise);
    pr->signal = mnq_arena_array(scratch, (size_t)pr->n, sizeof *pr->signal);
    if (pr->worker == NULL || pr->noise == NULL || pr->signal == NULL) return mnq_fail_nomem(e);
    for (int t = 0; rc == 0 && t < threads; t++) {
        struct worker *w = &pr->worker[t];
        w->g = *p->legal;
        w->g.node = mnq_arena_array(scratch, nodes, sizeof *w->g.node);
        w->input = mnq_arena_array(scratch, p->pictures.bytes, sizeof *w->input);
        w->room = mnq_arena_array(scratch, p->judge.n, sizeof *w->room);
        if (w->g.node == NULL || w->input == NULL || w->room == NULL) {
            rc = mnq_fail_nomem(e);
            break;
        }
        memcpy(w->g.node, p->legal->node, nodes * sizeof *w->g.node);
        w->exec = mnq_exec_new(&w->g, true, e);
        if (w->exec == NULL) rc = -1;
        else mnq_exec_keep_weights(w->exec);
    }
    const struct mnq_spread_part part[] = {{pr->noise, (size_t)pr->x->r->n_groups * MNQ_CHANNEL_LEVELS * sizeof *pr->noise},
                                           {pr->signal, sizeof *pr->signal}};
    struct mnq_spread_job job = {
        .n = pr->n, .threads = threads, .work = probe_sample, .ctx = pr, .part = part, .n_parts = 2};
    if (rc == 0) rc = mnq_spread_for(&job, e);
    if (rc == 0) add_up(pr);
    for (int t = 0; t < threads; t++) mnq_exec_free(pr->worker[t].exec);
    return rc;
}

int mnq_channel_probe(struct mnq_channel_work *x, struct mnq_err *e)
{
    struct mnq_pruning *p = x->p;
    struct mnq_arena scratch = {0};
    int held = p->pictures.n / MNQ_PRUNE_HOLDOUT, groups = x->r->n_groups;
    int *turn = mnq_arena_array(&scratch, (size_t)groups, sizeof *turn);
    struct gathering *all = mnq_arena_array(&scratch, (size_t)groups, sizeof *all);
    struct probe pr = {.x = x, .turn = turn, .n = held > PROBED ? PROBED : held > 0 ? held : p->pictures.n};
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
    if (rc == 0) rc = measure(&pr, &scratch, e);
    mnq_arena_free(&scratch);
    return rc;
}
