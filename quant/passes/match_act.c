/* SPDX-License-Identifier: Apache-2.0
 * h-sigmoid, h-swish and swish in every spelling become activations.
 *
 * With hs(x) = min(max(x + 3, 0), 6) / 6 all of them follow from five rules, applied until none fits:
 *     min(max(s x + o, 0), m)      = m hs(x)           if s/m = 1/6, o/m = 1/2;   m hs(1.2 x)  if s/m = 1/5, o/m = 1/2
 *     min(max(0.2 x + 0.5, 0), 1)  = hs(1.2 x)
 *     (k x) y                      = k (x y)
 *     x hs(x)                      = hswish(x)
 *     x hs(k x)                    = hswish(k x) / k    for k > 0
 * sigmoid and swish follow the last two as well, and x tanh(softplus(x)) is mish. The first is applied only where a product
 * or a division by m follows, so that an ordinary ReLU6 stays one. */
#include "passes/affine_map.h"
#include "passes/pass.h"

#include <math.h>
#include <string.h>

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-4 * fabs(b);
}

static bool is_act(const struct mnq_rw *rw, int i, enum mnq_act act)
{
    return !rw->node[i].dead && rw->node[i].nd.op == MNQ_OP_ACT && rw->node[i].nd.act == act;
}

/* Node i, an activation, becomes scale * hs(k x) of node `from`; its readers read that. */
static int to_hsigmoid(struct mnq_rw *rw, int i, int from, double k, double scale, struct mnq_err *e)
{
    const char *name = mnq_rw_at(rw, i)->name;
    if (k != 1.0) {
        from = mnq_rw_make(rw, MNQ_OP_AFFINE, name, "stretch", from, e);
        if (from < 0 || mnq_rw_set_affine(rw, from, k, 0.0, e) != 0) return -1;
    }
    if (mnq_rw_read(rw, i, 0, from, e) != 0) return -1;
    mnq_rw_at(rw, i)->act = MNQ_ACT_HSIGMOID;
    if (scale == 1.0) return 0;
    int made = mnq_rw_make_behind(rw, MNQ_OP_AFFINE, "scale", i, e);
    return made < 0 ? -1 : mnq_rw_set_affine(rw, made, scale, 0.0, e);
}

/* Every reader of node i is a product, or divides by max (to the digits people write)? */
static bool used_as_gate(const struct mnq_rw *rw, int i, double max)
{
    const struct mnq_rw_node *n = &rw->node[i];
    for (int k = 0; k < n->n_readers; k++) {
        double scale, offset;
        if (rw->node[n->reader[k]].nd.op == MNQ_OP_MUL) continue;
        if (!mnq_rw_uniform(rw, n->reader[k], &scale, &offset) || fabs(scale * max - 1.0) > 1e-2) return false;
    }
    return n->n_readers > 0 && rw->output != i;
}

/* min(max(s x + o, 0), m); a limit of 1 needs no division. */
static int match_relu(struct mnq_rw *rw, int i, struct mnq_err *e)
{
    int a = mnq_rw_producer(rw, i);
    double scale, offset, max = (double)mnq_rw_at(rw, i)->act_max;
    if (!is_act(rw, i, MNQ_ACT_RELU_MAX) || !mnq_rw_uniform(rw, a, &scale, &offset)) return 0;
    bool sixth = near(scale / max, 1.0 / 6.0), fifth = near(scale / max, 0.2);
    if (!(sixth || fifth) || !near(offset / max, 0.5) || !used_as_gate(rw, i, max)) return 0;
    return to_hsigmoid(rw, i, mnq_rw_producer(rw, a), sixth ? 1.0 : 1.2, max, e) != 0 ? -1 : 1;
}

/* x = node `x`, gate = h-sigmoid or sigmoid of k times x? Gives k and what the product is. */
static bool gates_itself(const struct mnq_rw *rw, int x, int gate, double *k, enum mnq_act *act)
{
    double offset;
    int from = mnq_rw_producer(rw, gate);
    *k = 1.0;
    *act = MNQ_ACT_MISH;
    if (is_act(rw, gate, MNQ_ACT_TANH)) return is_act(rw, from, MNQ_ACT_SOFTPLUS) && mnq_rw_producer(rw, from) == x;
    if (!is_act(rw, gate, MNQ_ACT_HSIGMOID) && !is_act(rw, gate, MNQ_ACT_SIGMOID)) return false;
    *act = is_act(rw, gate, MNQ_ACT_HSIGMOID) ? MNQ_ACT_HSWISH : MNQ_ACT_SWISH;
    if (from == x) return true;
    return mnq_rw_uniform(rw, from, k, &offset) && offset == 0.0 && *k > 0.0 && mnq_rw_producer(rw, from) == x;
}

static int match_mul(struct mnq_rw *rw, int i, struct mnq_err *e)
{
    const struct mnq_node *nd = mnq_rw_at(rw, i);
    for (int order = 0; order < 2; order++) {
        int x = nd->in[order], gate = nd->in[1 - order];
        double k;
        enum mnq_act kind;
        if (!gates_itself(rw, x, gate, &k, &kind)) continue;
        int from = kind == MNQ_ACT_MISH ? x : mnq_rw_producer(rw, gate);
        int act = mnq_rw_make(rw, MNQ_OP_ACT, nd->name, mnq_act_name(kind), from, e);
        if (act < 0) return -1;
        mnq_rw_at(rw, act)->act = kind;
        memcpy(mnq_rw_at(rw, act)->learned, mnq_rw_at(rw, i)->learned, sizeof nd->learned);
        if (mnq_rw_replace(rw, i, act, e) != 0) return -1;
        if (k == 1.0) return 1;
        int made = mnq_rw_make_behind(rw, MNQ_OP_AFFINE, "scale", act, e);
        return made < 0 || mnq_rw_set_affine(rw, made, 1.0 / k, 0.0, e) != 0 ? -1 : 1;
    }
    return 0;
}

/* Scale k of a factor of a product, moved behind the product. */
static int sink_scale(struct mnq_rw *rw, int a, struct mnq_err *e)
{
    double scale, offset;
    int mul = mnq_rw_only_reader(rw, a);
    if (mul < 0 || mnq_rw_at(rw, mul)->op != MNQ_OP_MUL) return 0;
    if (!mnq_rw_uniform(rw, a, &scale, &offset) || offset != 0.0) return 0;
    if (mnq_rw_at(rw, a)->out.c != mnq_rw_at(rw, mul)->out.c) return 0;
    mnq_rw_at(rw, a)->out = mnq_rw_at(rw, mul)->out;
    return mnq_rw_sink(rw, a, mul, e) != 0 ? -1 : 1;
}

static int step(struct mnq_rw *rw, int i, struct mnq_err *e)
{
    switch (mnq_rw_at(rw, i)->op) {
    case MNQ_OP_AFFINE: {
        if (mnq_rw_is_identity(rw, i)) return mnq_rw_bypass(rw, i, e) != 0 ? -1 : 1;
        int done = mnq_rw_merge_affine(rw, i, e);
        return done != 0 ? done : sink_scale(rw, i, e);
    }
    case MNQ_OP_ACT:
        if (is_act(rw, i, MNQ_ACT_HARD_SIGMOID_02))
            return to_hsigmoid(rw, i, mnq_rw_producer(rw, i), 1.2, 1.0, e) != 0 ? -1 : 1;
        return match_relu(rw, i, e);
    case MNQ_OP_MUL:
        return match_mul(rw, i, e);
    default:
        return 0;
    }
}

int mnq_match_act(struct mnq_rw *rw, struct mnq_err *e)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = 0; i < rw->n; i++) {
            if (rw->node[i].dead) continue;
            int done = step(rw, i, e);
            if (done < 0) return -1;
            changed = changed || done > 0;
        }
    }
    return 0;
}
