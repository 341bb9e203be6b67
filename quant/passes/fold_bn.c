/* SPDX-License-Identifier: Apache-2.0
 * BatchNormalization and other affine maps per channel, folded into the weights beside them, in double.
 *
 *     behind a linear layer:   s (W x + b) + o = (s W) x + (s b + o)
 *     in front of one:         W (s x + o) + b = (W s) x + (W o + b), with o != 0 only where nothing is padded
 *
 * Where neither neighbour can take it, a pool, a repetition, a zero padding (o = 0) or a product (o = 0) lets it pass; what
 * is left becomes a 1x1 depthwise convolution. */
#include "passes/affine_map.h"
#include "passes/pass.h"

static bool is_affine(const struct mnq_rw *rw, int i)
{
    return rw->node[i].nd.op == MNQ_OP_AFFINE;
}

/* A convolution or dense layer without activation. */
static bool is_linear(const struct mnq_rw *rw, int i)
{
    enum mnq_op op = rw->node[i].nd.op;
    return (op == MNQ_OP_CONV || op == MNQ_OP_DWCONV || op == MNQ_OP_DENSE) && rw->node[i].nd.act == MNQ_ACT_NONE;
}

/* Both summands of p are linear layers for p alone. */
static bool both_linear(const struct mnq_rw *rw, int p)
{
    const struct mnq_node *nd = &rw->node[p].nd;
    for (int k = 0; k < 2; k++)
        if (mnq_rw_at(rw, nd->in[k])->out.c != nd->out.c || !is_linear(rw, nd->in[k]) ||
            mnq_rw_only_reader(rw, nd->in[k]) != p)
            return false;
    return true;
}

static int fold_backward(struct mnq_rw *rw, int a, struct mnq_err *e)
{
    const double *offset = rw->node[a].offset;
    int p = mnq_rw_producer(rw, a);
    if (mnq_rw_only_reader(rw, p) != a) return 0;
    if (is_linear(rw, p)) {
        if (mnq_rw_fold_back(rw, p, a, offset, e) != 0) return -1;
        return mnq_rw_merge(rw, a, e) != 0 ? -1 : 1;
    }
    const struct mnq_node *nd = &rw->node[p].nd;
    if (nd->act != MNQ_ACT_NONE) return 0;
    if (nd->op == MNQ_OP_AVGPOOL && is_linear(rw, nd->in[0]) && mnq_rw_only_reader(rw, nd->in[0]) == p) {
        mnq_rw_forget(rw, nd->in[0]);
        if (mnq_rw_fold_back(rw, nd->in[0], a, offset, e) != 0) return -1;
        return mnq_rw_merge(rw, a, e) != 0 ? -1 : 1;
    }
    if (nd->op != MNQ_OP_ADD) return 0;
    double factor, shift;
    bool both = both_linear(rw, p);
    if (!both && mnq_rw_uniform(rw, a, &factor, &shift) && shift == 0.0) {
        for (int k = 0; k < 2; k++) mnq_rw_at(rw, p)->coef[k] = (float)((double)nd->coef[k] * factor);
        return mnq_rw_merge(rw, a, e) != 0 ? -1 : 1;
    }
    if (!both || nd->coef[0] != 1.0f || nd->coef[1] != 1.0f) return 0;
    for (int k = 0; k < 2; k++) mnq_rw_forget(rw, nd->in[k]);
    if (mnq_rw_fold_back(rw, nd->in[0], a, offset, e) != 0 || mnq_rw_fold_back(rw, nd->in[1], a, NULL, e) != 0) return -1;
    return mnq_rw_merge(rw, a, e) != 0 ? -1 : 1;
}

static bool only_rises(const struct mnq_rw *rw, int a)
{
    for (int c = 0; c < rw->node[a].nd.out.c; c++)
        if (!(rw->node[a].scale[c] > 0.0)) return false;
    return true;
}

/* Lets an affine map sink one node further towards the output. */
static int sink(struct mnq_rw *rw, int a, struct mnq_err *e)
{
    int r = mnq_rw_only_reader(rw, a);
    if (r < 0 || rw->node[r].nd.act != MNQ_ACT_NONE) return 0;
    enum mnq_op op = rw->node[r].nd.op;
    bool passes = op == MNQ_OP_AVGPOOL || op == MNQ_OP_UPSAMPLE || (op == MNQ_OP_MAXPOOL && only_rises(rw, a)) ||
                  ((op == MNQ_OP_PAD || op == MNQ_OP_MUL) && mnq_rw_only_scales(rw, a));
    if (!passes || rw->node[r].nd.out.c != rw->node[a].nd.out.c) return 0;
    rw->node[a].nd.out = rw->node[r].nd.out;
    return mnq_rw_sink(rw, a, r, e) != 0 ? -1 : 1;
}

/* One step for one map: 1 if something changed, 0, -1. */
static int step(struct mnq_rw *rw, int a, struct mnq_err *e)
{
    if (mnq_rw_is_identity(rw, a)) return mnq_rw_bypass(rw, a, e) != 0 ? -1 : 1;
    int p = mnq_rw_producer(rw, a);
    if (rw->node[p].nd.op == MNQ_OP_INPUT && mnq_rw_only_reader(rw, p) == a) return 0; /* legal there */
    int done = mnq_rw_merge_affine(rw, a, e);
    if (done == 0) done = fold_backward(rw, a, e);
    if (done == 0) done = mnq_rw_fold_forward(rw, a, e);
    if (done == 0) done = sink(rw, a, e);
    return done;
}

int mnq_fold_bn(struct mnq_rw *rw, struct mnq_err *e)
{
    for (int i = 0; i < rw->n; i++) {
        if (rw->node[i].dead || rw->node[i].nd.op != MNQ_OP_BATCHNORM) continue;
        if (mnq_rw_batchnorm_map(rw, i, e) != 0) return -1;
        rw->node[i].nd.op = MNQ_OP_AFFINE;
    }
    for (bool changed = true; changed;) {
        int joined = mnq_join_twice(rw, e);
        if (joined < 0) return -1;
        changed = joined > 0;
        for (int i = 0; i < rw->n; i++) {
            if (rw->node[i].dead || !is_affine(rw, i)) continue;
            int done = step(rw, i, e);
            if (done < 0) return -1;
            changed = changed || done > 0;
        }
    }
    return 0;
}

int mnq_affine_to_dwconv(struct mnq_rw *rw, struct mnq_err *e)
{
    for (int i = 0; i < rw->n; i++) {
        if (rw->node[i].dead || !is_affine(rw, i)) continue;
        int p = mnq_rw_producer(rw, i);
        if (rw->node[p].nd.op == MNQ_OP_INPUT && mnq_rw_only_reader(rw, p) == i) continue;
        if (mnq_rw_identity(rw, i, 1, 1, 0, e) != 0) return -1;
        if (mnq_rw_fold_back(rw, i, i, rw->node[i].offset, e) != 0) return -1;
    }
    return 0;
}
