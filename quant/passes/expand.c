/* SPDX-License-Identifier: Apache-2.0
 * Sums and products of tensors as integer layers know them: two tensors that differ, the first of the output's size, the
 * second of that size too or one pixel, of as many channels or one. Cropping becomes an identity convolution. */
#include "passes/pass.h"

#include <string.h>

static bool same(struct mnq_shape a, struct mnq_shape b)
{
    return a.h == b.h && a.w == b.w && a.c == b.c;
}

/* x + x = 2 x; x x is an activation. */
static int join_inputs(struct mnq_rw *rw, int i, struct mnq_err *e)
{
    struct mnq_node *nd = mnq_rw_at(rw, i);
    mnq_rw_one_input(rw, i);
    if (nd->op == MNQ_OP_ADD) {
        nd->op = MNQ_OP_AFFINE;
        return mnq_rw_set_affine(rw, i, (double)nd->coef[0] + (double)nd->coef[1], 0.0, e);
    }
    nd->op = MNQ_OP_ACT;
    nd->act = MNQ_ACT_SQUARE;
    return 0;
}

/* Both inputs of a selection are one tensor: what it took from the second is in the first. */
static int join_select(struct mnq_rw *rw, int i, struct mnq_err *e)
{
    struct mnq_node *nd = mnq_rw_at(rw, i);
    int c = mnq_rw_at(rw, nd->in[0])->out.c;
    int *map = mnq_arena_array(rw->arena, (size_t)nd->out.c, sizeof *map);
    if (map == NULL) return mnq_fail_nomem(e);
    for (int k = 0; k < nd->out.c; k++) map[k] = (nd->map == NULL ? k : nd->map[k]) % c;
    nd->map = map;
    mnq_rw_one_input(rw, i);
    return 0;
}

static void exchange(struct mnq_node *nd)
{
    int in = nd->in[0];
    float coef = nd->coef[0];
    nd->in[0] = nd->in[1];
    nd->coef[0] = nd->coef[1];
    nd->in[1] = in;
    nd->coef[1] = coef;
}

/* Input k of node i repeated to `to` rows and columns, and to its channels where `channels` says so. */
static int repeat(struct mnq_rw *rw, int i, int k, struct mnq_shape to, bool channels, struct mnq_err *e)
{
    int from = mnq_rw_at(rw, i)->in[k], made = from;
    struct mnq_shape s = mnq_rw_at(rw, from)->out;
    if (s.h != to.h || s.w != to.w) {
        made = mnq_rw_make(rw, MNQ_OP_UPSAMPLE, mnq_rw_at(rw, i)->name, "repeat", made, e);
        if (made < 0) return -1;
        struct mnq_node *nd = mnq_rw_at(rw, made);
        nd->kh = to.h / s.h;
        nd->kw = to.w / s.w;
        nd->out = (struct mnq_shape){to.h, to.w, s.c};
    }
    if (s.c != to.c && channels) {
        made = mnq_rw_make(rw, MNQ_OP_SELECT, mnq_rw_at(rw, i)->name, "channels", made, e);
        if (made < 0) return -1;
        struct mnq_node *nd = mnq_rw_at(rw, made);
        nd->out.c = to.c;
        nd->map = mnq_arena_array(rw->arena, (size_t)to.c, sizeof *nd->map); /* all zeros */
        if (nd->map == NULL) return mnq_fail_nomem(e);
    }
    return mnq_rw_read(rw, i, k, made, e);
}

static int expand_pair(struct mnq_rw *rw, int i, struct mnq_err *e)
{
    struct mnq_node *nd = mnq_rw_at(rw, i);
    if (!same(mnq_rw_at(rw, nd->in[0])->out, nd->out) && same(mnq_rw_at(rw, nd->in[1])->out, nd->out)) exchange(nd);
    struct mnq_shape out = nd->out, b = mnq_rw_at(rw, nd->in[1])->out;
    if (!same(mnq_rw_at(rw, nd->in[0])->out, out) && repeat(rw, i, 0, out, true, e) != 0) return -1;
    bool plane = b.h == out.h && b.w == out.w, point = b.h == 1 && b.w == 1;
    return plane || point ? 0 : repeat(rw, i, 1, out, false, e);
}

/* One tap, as far from the window's corner as the crop goes. */
static int expand_crop(struct mnq_rw *rw, int i, struct mnq_err *e)
{
    struct mnq_node *nd = mnq_rw_at(rw, i);
    int kh = nd->pt + nd->pb + 1, kw = nd->pl + nd->pr + 1, tap = nd->pt * kw + nd->pl;
    nd->pt = nd->pl = nd->pb = nd->pr = 0;
    return mnq_rw_identity(rw, i, kh, kw, tap, e);
}

/* Node i reads one tensor twice. */
static bool reads_twice(const struct mnq_rw *rw, int i)
{
    const struct mnq_node *nd = mnq_rw_at(rw, i);
    bool pair = nd->op == MNQ_OP_ADD || nd->op == MNQ_OP_MUL || nd->op == MNQ_OP_SELECT;
    return pair && nd->n_in == 2 && nd->in[0] == nd->in[1];
}

static int join(struct mnq_rw *rw, int i, struct mnq_err *e)
{
    return mnq_rw_at(rw, i)->op == MNQ_OP_SELECT ? join_select(rw, i, e) : join_inputs(rw, i, e);
}

int mnq_join_twice(struct mnq_rw *rw, struct mnq_err *e)
{
    int joined = 0;
    for (int i = 0; i < rw->n; i++) {
        if (rw->node[i].dead || !reads_twice(rw, i)) continue;
        if (join(rw, i, e) != 0) return -1;
        joined++;
    }
    return joined;
}

int mnq_expand(struct mnq_rw *rw, struct mnq_err *e)
{
    for (int i = 0, n = rw->n; i < n; i++) {
        enum mnq_op op = mnq_rw_at(rw, i)->op;
        if (rw->node[i].dead) continue;
        int rc = 0;
        if (reads_twice(rw, i)) rc = join(rw, i, e);
        else if (op == MNQ_OP_ADD || op == MNQ_OP_MUL) rc = expand_pair(rw, i, e);
        else if (op == MNQ_OP_CROP) rc = expand_crop(rw, i, e);
        if (rc != 0) return -1;
    }
    return 0;
}
