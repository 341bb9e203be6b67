/* SPDX-License-Identifier: Apache-2.0
 * Backpropagation through a legal float graph, one picture at a time. */
#include "train/backward.h"

#include "graph/exec.h"
#include "graph/exec_variant.h"
#include "train/backward_ops.h"
#include "util/pool.h"

#include <stdlib.h>
#include <string.h>

struct mnq_backward {
    const struct mnq_training *t;
    struct mnq_exec *exec;
    struct mnq_arena arena;
    float **pre, **d; /* [g->n] what activations read, gradients of outputs; NULL: not needed */
    float *scratch;
};

static bool has_weights(const struct mnq_node *nd)
{
    return nd->op == MNQ_OP_CONV || nd->op == MNQ_OP_DWCONV || nd->op == MNQ_OP_DENSE;
}

int mnq_training_init(struct mnq_training *t, const struct mnq_graph *g, int from, int last, const bool *keep_w,
                      const bool *keep_b, struct mnq_arena *arena, struct mnq_err *e)
{
    size_t n = (size_t)g->n;
    *t = (struct mnq_training){.g = g, .from = from, .last = last, .kernels = mnq_fkernels_best(), .arena = arena};
    t->trains_w = mnq_arena_array(arena, n, sizeof *t->trains_w);
    t->trains_b = mnq_arena_array(arena, n, sizeof *t->trains_b);
    t->transposed = mnq_arena_array(arena, n, sizeof *t->transposed);
    if (t->trains_w == NULL || t->trains_b == NULL || t->transposed == NULL) return mnq_fail_nomem(e);
    for (int i = from; i <= last; i++) {
        const struct mnq_node *nd = &g->node[i];
        const char *what;
        if (!mnq_backward_known(g, nd, &what))
            return mnq_fail(e, MNQ_EXIT_FAILED,
                            "layer '%s': no gradient of %s is known; training covers what MobileNets use", nd->name, what);
        if (!has_weights(nd)) continue;
        t->trains_w[i] = keep_w == NULL || !keep_w[i];
        t->trains_b[i] = nd->b != NULL && (keep_b == NULL || !keep_b[i]);
        if (nd->in[0] < from) continue; /* nobody asks for its input's gradient */
        size_t size = mnq_backward_transposed(g, nd);
        if (size > 0 && (t->transposed[i] = mnq_arena_array(arena, size, sizeof(float))) == NULL) return mnq_fail_nomem(e);
    }
    return 0;
}

static int settle_node(void *ctx, int i, int w, struct mnq_err *e)
{
    (void)w;
    struct mnq_training *t = ctx;
    const struct mnq_node *nd = &t->g->node[i];
    if (t->transposed[i] == NULL) return 0;
    float *scratch = malloc(mnq_node_weights(t->g, nd) * sizeof *scratch);
    if (scratch == NULL) return mnq_fail_nomem(e);
    mnq_backward_transpose(t->g, nd, t->kernels, scratch, t->transposed[i]);
    free(scratch);
    return 0;
}

int mnq_training_settle(struct mnq_training *t, int threads, struct mnq_err *e)
{
    return mnq_pool_for(t->g->n, threads, settle_node, t, e);
}

int mnq_gradients_init(const struct mnq_training *t, struct mnq_gradients *d, struct mnq_arena *arena, struct mnq_err *e)
{
    const struct mnq_graph *g = t->g;
    d->w = mnq_arena_array(arena, (size_t)g->n, sizeof *d->w);
    d->b = mnq_arena_array(arena, (size_t)g->n, sizeof *d->b);
    if (d->w == NULL || d->b == NULL) return mnq_fail_nomem(e);
    for (int i = t->from; i <= t->last; i++) {
        const struct mnq_node *nd = &g->node[i];
        if (t->trains_w[i] && (d->w[i] = mnq_arena_array(arena, mnq_node_weights(g, nd), sizeof **d->w)) == NULL)
            return mnq_fail_nomem(e);
        if (t->trains_b[i] && (d->b[i] = mnq_arena_array(arena, (size_t)nd->out.c, sizeof **d->b)) == NULL)
            return mnq_fail_nomem(e);
    }
    return 0;
}

static int alloc_tensors(struct mnq_backward *b)
{
    const struct mnq_training *t = b->t;
    const struct mnq_graph *g = t->g;
    size_t scratch = 1;
    b->pre = mnq_arena_array(&b->arena, (size_t)g->n, sizeof *b->pre);
    b->d = mnq_arena_array(&b->arena, (size_t)g->n, sizeof *b->d);
    if (b->pre == NULL || b->d == NULL) return -1;
    for (int i = t->from; i <= t->last; i++) {
        const struct mnq_node *nd = &g->node[i];
        size_t n = mnq_elements(nd->out), need = mnq_backward_scratch(g, nd);
        if (need > scratch) scratch = need;
        if ((b->d[i] = mnq_arena_array(&b->arena, n, sizeof **b->d)) == NULL) return -1;
        if (mnq_backward_wants_pre(nd) && (b->pre[i] = mnq_arena_array(&b->arena, n, sizeof **b->pre)) == NULL) return -1;
    }
    b->scratch = mnq_arena_array(&b->arena, scratch, sizeof *b->scratch);
    return b->scratch == NULL ? -1 : 0;
}

struct mnq_backward *mnq_backward_new(const struct mnq_training *t, struct mnq_err *e)
{
    struct mnq_backward *b = calloc(1, sizeof *b);
    if (b == NULL) {
        mnq_fail_nomem(e);
        return NULL;
    }
    b->t = t;
    b->exec = mnq_exec_new(t->g, true, e);
    if (b->exec != NULL) mnq_exec_variant(b->exec, t->kernels);
    if (b->exec == NULL || alloc_tensors(b) != 0) {
        if (b->exec != NULL) mnq_fail_nomem(e);
        mnq_backward_free(b);
        return NULL;
    }
    return b;
}

void mnq_backward_free(struct mnq_backward *b)
{
    if (b == NULL) return;
    mnq_exec_free(b->exec);
    mnq_arena_free(&b->arena);
    free(b);
}

float *mnq_backward_tensor(struct mnq_backward *b, int i)
{
    return mnq_exec_tensor(b->exec, i);
}

float *mnq_backward_of(struct mnq_backward *b, int i)
{
    return b->d[i];
}

static void keep_pre(void *ctx, int i, enum mnq_tap_kind kind, const float *data)
{
    struct mnq_backward *b = ctx;
    if (kind == MNQ_TAP_PRE && b->pre[i] != NULL) memcpy(b->pre[i], data, mnq_elements(b->t->g->node[i].out) * sizeof *data);
}

const float *mnq_backward_forward(struct mnq_backward *b)
{
    const struct mnq_training *t = b->t;
    mnq_exec_rerun(b->exec, t->from, keep_pre, b);
    for (int i = t->from; i <= t->last; i++) memset(b->d[i], 0, mnq_elements(t->g->node[i].out) * sizeof **b->d);
    return mnq_exec_tensor(b->exec, t->last);
}

void mnq_backward_run(struct mnq_backward *b, struct mnq_gradients *sum)
{
    const struct mnq_training *t = b->t;
    const struct mnq_graph *g = t->g;
    for (int i = t->last; i >= t->from; i--) {
        const struct mnq_node *nd = &g->node[i];
        struct mnq_backward_op op = {.g = g,
                                     .nd = nd,
                                     .kernels = t->kernels,
                                     .dy = b->d[i],
                                     .dw = sum->w[i],
                                     .db = sum->b[i],
                                     .transposed = t->transposed[i],
                                     .scratch = b->scratch};
        for (int k = 0; k < nd->n_in; k++) {
            op.in[k] = mnq_exec_tensor(b->exec, nd->in[k]);
            op.dx[k] = nd->in[k] >= t->from ? b->d[nd->in[k]] : NULL;
        }
        mnq_backward_act(nd, b->pre[i], mnq_exec_tensor(b->exec, i), b->d[i]);
        mnq_backward_linear(&op);
    }
}
