/* SPDX-License-Identifier: Apache-2.0
 * A graph on its way through all samples, layer by layer. */
#include "prune_stream.h"

#include "util/spread.h"

#include <stdlib.h>
#include <string.h>

/* ---- pictures ---- */

struct load {
    const struct mnq_dataset *d;
    const struct mnq_preprocess *p;
    struct mnq_pictures *out;
};

/* Of picture i in the dataset. */
static int index_of(const struct mnq_dataset *d, const struct mnq_pictures *s, int i)
{
    return (int)((int64_t)i * mnq_dataset_count(d) / s->n);
}

static int load_one(void *ctx, int i, int w, struct mnq_err *e)
{
    (void)w;
    struct load *l = ctx;
    return mnq_dataset_load(l->d, index_of(l->d, l->out, i), l->p, l->out->pixels + (size_t)i * l->out->bytes, e);
}

int mnq_pictures_load(const struct mnq_dataset *d, const struct mnq_preprocess *p, struct mnq_shape input, int most,
                      int threads, struct mnq_pictures *out, struct mnq_arena *arena, struct mnq_err *e)
{
    int n = mnq_dataset_count(d);
    *out = (struct mnq_pictures){.n = most > 0 && most < n ? most : n, .preprocess = *p};
    out->bytes = mnq_elements(input);
    out->pixels = mnq_arena_array(arena, (size_t)out->n, out->bytes);
    if (out->pixels == NULL) return mnq_fail_nomem(e);
    out->classes = mnq_dataset_classes(d);
    out->names = mnq_dataset_class(d, 0) != NULL;
    if (out->classes > 0) {
        int *label = mnq_arena_array(arena, (size_t)out->n, sizeof *label);
        if (label == NULL) return mnq_fail_nomem(e);
        for (int i = 0; i < out->n; i++) label[i] = mnq_dataset_label(d, index_of(d, out, i));
        out->label = label;
    }
    struct load l = {d, p, out};
    const struct mnq_spread_part part = {out->pixels, out->bytes};
    struct mnq_spread_job job = {.n = out->n, .threads = threads, .work = load_one, .ctx = &l, .part = &part, .n_parts = 1};
    return mnq_spread_for(&job, e);
}

/* ---- streams ---- */

struct worker {
    struct mnq_graph g; /* its own n, so that a run may end early; the nodes are shared */
    struct mnq_float_worker net;
    const float *pre; /* of the node at work */
};

struct mnq_stream {
    const struct mnq_graph *g;
    const struct mnq_pictures *pictures;
    int threads;
    size_t budget;
    int every; /* of so many samples the last one is run */
    struct worker *worker;
    int kept;     /* node up to which results are kept, -1: none */
    float **keep; /* [samples] tensors alive behind that node, one after the other */
    /* of the run at work */
    int node, settled;
    float **next; /* what will be kept, or NULL */
    float *pre_copy;
    mnq_visit *visit;
    void *ctx;
};

static size_t elements(const struct mnq_graph *g, int i)
{
    return mnq_elements(g->node[i].out);
}

/* Whether something behind node `cut` reads node i. */
static bool alive(const struct mnq_graph *g, int i, int cut)
{
    for (int k = cut + 1; k < g->n; k++)
        for (int j = 0; j < g->node[k].n_in; j++)
            if (g->node[k].in[j] == i) return true;
    return false;
}

static size_t alive_floats(const struct mnq_graph *g, int cut)
{
    size_t n = 0;
    for (int i = 0; i <= cut; i++)
        if (alive(g, i, cut)) n += elements(g, i);
    return n;
}

struct mnq_stream *mnq_stream_new(const struct mnq_graph *g, const struct mnq_pictures *pictures, int threads, size_t budget,
                                  bool constant, struct mnq_err *e)
{
    struct mnq_stream *s = calloc(1, sizeof *s);
    if (s == NULL) {
        mnq_fail_nomem(e);
        return NULL;
    }
    *s = (struct mnq_stream){.g = g, .pictures = pictures, .threads = threads, .budget = budget, .every = 1, .kept = -1};
    s->worker = calloc((size_t)threads, sizeof *s->worker);
    s->keep = calloc((size_t)pictures->n, sizeof *s->keep);
    if (s->worker == NULL || s->keep == NULL) {
        mnq_fail_nomem(e);
        goto fail;
    }
    for (int t = 0; t < threads; t++) {
        struct worker *w = &s->worker[t];
        w->g = *g;
        if (mnq_float_worker_init(&w->net, &w->g, true, e) != 0) goto fail;
        if (constant) mnq_exec_keep_weights(w->net.exec);
    }
    return s;
fail:
    mnq_stream_free(s);
    return NULL;
}

static void free_all(float **p, int n)
{
    for (int i = 0; p != NULL && i < n; i++) free(p[i]);
    free(p);
}

void mnq_stream_free(struct mnq_stream *s)
{
    if (s == NULL) return;
    for (int t = 0; s->worker != NULL && t < s->threads; t++) mnq_float_worker_free(&s->worker[t].net);
    free(s->worker);
    free_all(s->keep, s->pictures->n);
    free(s);
}

void mnq_stream_only(struct mnq_stream *s, int every)
{
    s->every = every;
}

struct tapping {
    int node;
    const float *pre;
    float *copy;
    size_t n;
};

/* The activation works in place, so a pre-activation is copied. */
static void tap(void *ctx, int node, enum mnq_tap_kind kind, const float *data)
{
    struct tapping *t = ctx;
    if (node != t->node) return;
    if (kind == MNQ_TAP_PRE) {
        memcpy(t->copy, data, t->n * sizeof *data);
        t->pre = t->copy;
    } else if (t->pre == NULL) {
        t->pre = data;
    }
}

static void move_alive(const struct mnq_stream *s, struct mnq_exec *x, int cut, float *kept, bool store)
{
    const struct mnq_graph *g = s->g;
    for (int i = 0; i <= cut; i++) {
        if (!alive(g, i, cut)) continue;
        float *tensor = mnq_exec_tensor(x, i);
        size_t n = elements(g, i);
        if (store) memcpy(kept, tensor, n * sizeof *kept);
        else memcpy(tensor, kept, n * sizeof *kept);
        kept += n;
    }
}

static int run_sample(void *ctx, int k, int worker, struct mnq_err *e)
{
    struct mnq_stream *s = ctx;
    int i = k * s->every + s->every - 1;
    struct worker *w = &s->worker[worker];
    size_t n = elements(s->g, s->node);
    struct tapping t = {.node = s->node, .copy = s->pre_copy + (size_t)worker * n, .n = n};
    w->g.n = s->node + 1;
    if (s->kept >= 0) {
        move_alive(s, w->net.exec, s->kept, s->keep[i], false);
        mnq_exec_rerun(w->net.exec, s->kept + 1, tap, &t);
    } else {
        mnq_float_worker_run(&w->net, &w->g, &s->pictures->preprocess, s->pictures->pixels + (size_t)i * s->pictures->bytes,
                             tap, &t);
    }
    w->g.n = s->g->n;
    if (s->visit != NULL) s->visit(s->ctx, i, worker, t.pre, w->net.exec);
    if (s->next == NULL) return 0;
    s->next[i] = malloc((alive_floats(s->g, s->settled) + 1) * sizeof **s->next);
    if (s->next[i] == NULL) return mnq_fail_nomem(e);
    move_alive(s, w->net.exec, s->settled, s->next[i], true);
    free(s->keep[i]);
    s->keep[i] = NULL;
    return 0;
}

int mnq_stream_run(struct mnq_stream *s, int node, int settled, mnq_visit *visit, void *ctx,
                   const struct mnq_spread_part *part, int n_parts, struct mnq_err *e)
{
    size_t samples = (size_t)s->pictures->n;
    if (s->kept >= node) { /* asked for something in front of what is kept: from the pictures again */
        for (size_t i = 0; i < samples; i++) free(s->keep[i]);
        memset(s->keep, 0, samples * sizeof *s->keep);
        s->kept = -1;
    }
    bool keep = s->every == 1 && settled > s->kept && alive_floats(s->g, settled) * sizeof(float) * samples <= s->budget;
    s->node = node;
    s->settled = settled;
    s->visit = visit;
    s->ctx = ctx;
    s->next = keep ? calloc(samples, sizeof *s->next) : NULL;
    s->pre_copy = malloc((size_t)s->threads * elements(s->g, node) * sizeof *s->pre_copy);
    /* an item is `every` samples, of which one leaves something */
    struct mnq_spread_part of_item[MNQ_STREAM_PARTS];
    for (int k = 0; k < n_parts; k++) of_item[k] = (struct mnq_spread_part){part[k].base, part[k].bytes * (size_t)s->every};
    struct mnq_spread_job job = {.n = s->pictures->n / s->every,
                                 .threads = s->threads,
                                 .work = run_sample,
                                 .ctx = s,
                                 .part = of_item,
                                 .n_parts = n_parts};
    int rc = s->pre_copy == NULL || (keep && s->next == NULL) ? mnq_fail_nomem(e) : 0;
    if (rc == 0) rc = mnq_spread_for(&job, e);
    free(s->pre_copy);
    s->pre_copy = NULL;
    if (s->next != NULL && rc == 0) {
        free(s->keep);
        s->keep = s->next;
        s->kept = settled;
    } else {
        free_all(s->next, s->pictures->n);
    }
    s->next = NULL;
    return rc;
}
