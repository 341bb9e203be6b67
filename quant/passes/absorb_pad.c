/* SPDX-License-Identifier: Apache-2.0
 * Zero padding moves into the convolutions that read it.
 *
 * A window may be padded by less than its size (the runtime's rule). An average pool over a padded tensor is a depthwise
 * convolution with equal weights; a maximum of what is never negative takes it as it is. Padding that nothing takes becomes
 * an identity convolution. */
#include "passes/pass.h"

#include "graph/activation.h"

static bool is_pad(const struct mnq_rw *rw, int i)
{
    return !rw->node[i].dead && rw->node[i].nd.op == MNQ_OP_PAD;
}

/* Activations that leave zero alone. */
static bool keeps_zero(const struct mnq_node *nd)
{
    return nd->op == MNQ_OP_ACT && mnq_act_keeps_zero(nd);
}

/* A maximum takes zeros that it need not see: none is below them. An average that counts what is there takes none. */
static bool can_take(const struct mnq_rw *rw, const struct mnq_node *pad, const struct mnq_node *r)
{
    bool own = r->pt + r->pl + r->pb + r->pr > 0;
    if (r->op == MNQ_OP_MAXPOOL ? !mnq_rw_nonnegative(rw, pad->in[0])
                                : r->op != MNQ_OP_CONV && r->op != MNQ_OP_DWCONV && (r->op != MNQ_OP_AVGPOOL || own))
        return false;
    return pad->pt + r->pt < r->kh && pad->pb + r->pb < r->kh && pad->pl + r->pl < r->kw && pad->pr + r->pr < r->kw;
}

static void add_padding(struct mnq_node *to, const struct mnq_node *pad)
{
    to->pt += pad->pt;
    to->pl += pad->pl;
    to->pb += pad->pb;
    to->pr += pad->pr;
}

/* Zeros count in the mean, as they do in the raw graph. */
static int pool_to_dwconv(struct mnq_rw *rw, int i, struct mnq_err *e)
{
    struct mnq_node *nd = mnq_rw_at(rw, i);
    size_t taps = (size_t)nd->kh * (size_t)nd->kw, n = taps * (size_t)nd->out.c;
    float *w = mnq_arena_array(rw->arena, n, sizeof *w);
    if (w == NULL) return mnq_fail_nomem(e);
    for (size_t k = 0; k < n; k++) w[k] = (float)(1.0 / (double)taps);
    nd->op = MNQ_OP_DWCONV;
    nd->mult = 1;
    nd->w = w;
    return 0;
}

static int merge(struct mnq_rw *rw, int i, int p, struct mnq_err *e)
{
    add_padding(mnq_rw_at(rw, i), mnq_rw_at(rw, p));
    mnq_rw_forget(rw, p);
    return mnq_rw_bypass(rw, p, e);
}

/* relu(pad(x)) = pad(relu(x)) */
static int sink(struct mnq_rw *rw, int i, int act, struct mnq_err *e)
{
    mnq_rw_at(rw, act)->out = mnq_rw_at(rw, mnq_rw_producer(rw, i))->out;
    return mnq_rw_sink(rw, i, act, e);
}

/* One step for one padding: 1 if something changed, 0, -1. */
static int step(struct mnq_rw *rw, int i, struct mnq_err *e)
{
    const struct mnq_node *pad = mnq_rw_at(rw, i);
    int p = mnq_rw_producer(rw, i), only = mnq_rw_only_reader(rw, i);
    if (pad->pt == 0 && pad->pl == 0 && pad->pb == 0 && pad->pr == 0) return mnq_rw_bypass(rw, i, e) != 0 ? -1 : 1;
    if (is_pad(rw, p) && mnq_rw_only_reader(rw, p) == i) return merge(rw, i, p, e) != 0 ? -1 : 1;
    if (only >= 0 && keeps_zero(mnq_rw_at(rw, only))) return sink(rw, i, only, e) != 0 ? -1 : 1;
    for (int k = 0; k < rw->node[i].n_readers; k++) {
        int r = rw->node[i].reader[k];
        struct mnq_node *nd = mnq_rw_at(rw, r);
        if (!can_take(rw, pad, nd)) continue;
        if (nd->op == MNQ_OP_AVGPOOL && pool_to_dwconv(rw, r, e) != 0) return -1;
        add_padding(nd, pad);
        return mnq_rw_read(rw, r, 0, p, e) != 0 ? -1 : 1;
    }
    return 0;
}

int mnq_absorb_pad(struct mnq_rw *rw, struct mnq_err *e)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = 0; i < rw->n; i++) {
            if (!is_pad(rw, i)) continue;
            int done = step(rw, i, e);
            if (done < 0) return -1;
            changed = changed || done > 0;
        }
    }
    return 0;
}

enum { PAD_MOST = 254 }; /* the format holds windows of 255 */

/* Keeps what one window can add before and behind; the rest is left in the other two. */
static void limit(int *before, int *behind, int *rest_before, int *rest_behind)
{
    int b = *before < PAD_MOST ? *before : PAD_MOST, a = *behind < PAD_MOST - b ? *behind : PAD_MOST - b;
    *rest_before = *before - b;
    *rest_behind = *behind - a;
    *before = b;
    *behind = a;
}

/* Padding wider than a window is done in steps. */
static int split(struct mnq_rw *rw, int i, struct mnq_err *e)
{
    struct mnq_node *nd = mnq_rw_at(rw, i), rest = *nd;
    struct mnq_shape from = mnq_rw_at(rw, mnq_rw_producer(rw, i))->out;
    limit(&nd->pt, &nd->pb, &rest.pt, &rest.pb);
    limit(&nd->pl, &nd->pr, &rest.pl, &rest.pr);
    if (rest.pt + rest.pb + rest.pl + rest.pr == 0) return 0;
    nd->out.h = from.h + nd->pt + nd->pb;
    nd->out.w = from.w + nd->pl + nd->pr;
    int made = mnq_rw_make_behind(rw, MNQ_OP_PAD, "pad", i, e);
    if (made < 0) return -1;
    struct mnq_node *more = mnq_rw_at(rw, made);
    more->out = rest.out;
    more->pt = rest.pt, more->pb = rest.pb, more->pl = rest.pl, more->pr = rest.pr;
    return 0;
}

/* Padding by t before and b behind is a window of t + b + 1 over t + b zeros on either side, one tap at position b. */
int mnq_pad_to_dwconv(struct mnq_rw *rw, struct mnq_err *e)
{
    for (int i = 0; i < rw->n; i++) {
        if (!is_pad(rw, i)) continue;
        if (split(rw, i, e) != 0) return -1;
        struct mnq_node *nd = mnq_rw_at(rw, i);
        int rows = nd->pt + nd->pb, columns = nd->pl + nd->pr;
        int center = nd->pb * (columns + 1) + nd->pr;
        nd->pt = nd->pb = rows;
        nd->pl = nd->pr = columns;
        if (mnq_rw_identity(rw, i, rows + 1, columns + 1, center, e) != 0) return -1;
    }
    return 0;
}
