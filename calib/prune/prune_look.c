/* SPDX-License-Identifier: Apache-2.0
 * What every pruning begins and ends with: the samples, the dense network's answers, what the result is expected to lose. */
#include "prune_parts.h"
#include "telling.h"
#include "views.h"

#include <string.h>

/* ---- samples ---- */

struct logits {
    const struct mnq_logits *judge;
    float *to;
};

static void keep_logits(void *ctx, int sample, int worker, const float *pre, struct mnq_exec *x)
{
    (void)worker;
    const struct logits *l = ctx;
    float *to = l->to + (size_t)sample * l->judge->n;
    if (l->judge->n_parts == 1) memcpy(to, pre, l->judge->n * sizeof *pre);
    else mnq_logits_in(l->judge, x, to);
}

int mnq_prune_look(struct mnq_pruning *p, const struct mnq_dataset *data, const struct mnq_preprocess *pp, struct mnq_err *e)
{
    const struct mnq_graph *g = p->legal;
    int threads = p->o->threads;
    if (mnq_dataset_count(data) == 0) return mnq_fail(e, MNQ_EXIT_FAILED, "no samples to prune on");
    int most = p->o->samples > 0 && p->o->samples < MNQ_PRUNE_SAMPLES ? p->o->samples : MNQ_PRUNE_SAMPLES;
    if (mnq_pictures_load(data, pp, g->node[0].out, most, threads, &p->pictures, p->arena, e) != 0) return -1;
    p->judge = mnq_logits_of(g, p->o->task);
    p->logits = mnq_arena_array(p->arena, (size_t)p->pictures.n * p->judge.n, sizeof *p->logits);
    if (p->logits == NULL) return mnq_fail_nomem(e);
    struct mnq_stream *s = mnq_stream_new(g, &p->pictures, threads, 0, true, e);
    struct logits l = {&p->judge, p->logits};
    const struct mnq_spread_part part = {p->logits, p->judge.n * sizeof *p->logits};
    int rc = s == NULL ? -1 : mnq_stream_run(s, mnq_logits_last_node(&p->judge), -1, keep_logits, &l, &part, 1, e);
    if (rc == 0) rc = mnq_logits_set_mean(&p->judge, p->logits, p->pictures.n, p->arena, e);
    mnq_stream_free(s);
    p->r->samples = p->pictures.n;
    return rc;
}

void mnq_prune_copy_weights(const struct mnq_graph *from, struct mnq_graph *to)
{
    for (int i = 0; i < from->n; i++) {
        const struct mnq_node *a = &from->node[i];
        struct mnq_node *b = &to->node[i];
        if (a->w != NULL) memcpy(b->w, a->w, mnq_node_weights(from, a) * sizeof *a->w);
        if (a->b != NULL) memcpy(b->b, a->b, (size_t)a->out.c * sizeof *a->b);
    }
}

/* ---- what the result loses ---- */

/* The pictures that no weight was fitted to. */
static int held_back(const struct mnq_pruning *p, struct mnq_shots *shots, struct mnq_arena *arena)
{
    const struct mnq_split last = {MNQ_PRUNE_HOLDOUT, MNQ_SPLIT_JUDGE};
    size_t bytes = p->pictures.bytes;
    uint8_t *to = mnq_arena_array(arena, (size_t)p->pictures.n / MNQ_PRUNE_HOLDOUT + 1, bytes);
    if (to == NULL) return -1;
    *shots = (struct mnq_shots){.input = to, .bytes = bytes};
    for (int s = 0; s < p->pictures.n; s++)
        if (mnq_held_back(last, s)) memcpy(to + (size_t)shots->n++ * bytes, p->pictures.pixels + (size_t)s * bytes, bytes);
    return 0;
}

int mnq_prune_expect(struct mnq_pruning *p, struct mnq_err *e)
{
    enum { LEAST = 5 };
    struct mnq_arena scratch = {0};
    struct mnq_shots shots;
    int rc = held_back(p, &shots, &scratch) != 0 ? mnq_fail_nomem(e) : 0;
    if (rc == 0 && shots.n >= LEAST &&
        mnq_pictures_telling(shots.input, shots.bytes, p->legal->node[0].out.c, shots.n, &p->r->no_estimate, p->arena) != 0)
        rc = mnq_fail_nomem(e);
    if (rc == 0 && shots.n >= LEAST && p->r->no_estimate == NULL)
        rc = mnq_views_expect(p->legal, p->out, &p->pictures.preprocess, &shots, &p->judge, p->o->threads, &p->r->drop, e);
    mnq_arena_free(&scratch);
    return rc;
}
