/* SPDX-License-Identifier: Apache-2.0
 * Flatten, Reshape and Dropout vanish: elements stay where they are in memory.
 *
 * A reshape sinks through nodes that do not look at the shape until a dense or 1x1 layer, a pool over everything or the
 * output takes it in. A dense layer on H x W x C is a convolution with an H x W window: its weights are in that order. */
#include "passes/affine_map.h"
#include "passes/pass.h"

#include <string.h>

static bool same(struct mnq_shape a, struct mnq_shape b)
{
    return a.h == b.h && a.w == b.w && a.c == b.c;
}

static bool is_vector(struct mnq_shape s)
{
    return s.h == 1 && s.w == 1;
}

static bool is_reshape(const struct mnq_rw *rw, int i)
{
    return !rw->node[i].dead && rw->node[i].nd.op == MNQ_OP_RESHAPE;
}

static struct mnq_shape shape_in(const struct mnq_rw *rw, int reshape)
{
    return mnq_rw_at(rw, mnq_rw_producer(rw, reshape))->out;
}

static bool is_plain(const struct mnq_node *nd)
{
    return nd->kh == 1 && nd->kw == 1 && nd->sh == 1 && nd->sw == 1 && nd->pt == 0 && nd->pl == 0 && nd->pb == 0 &&
           nd->pr == 0;
}

/* Whether a convolution's window is all of its input: a dense layer's. */
static bool is_all(const struct mnq_node *nd, struct mnq_shape in)
{
    return nd->kh == in.h && nd->kw == in.w && nd->out.h == 1 && nd->out.w == 1 && nd->pt == 0 && nd->pl == 0 &&
           nd->pb == 0 && nd->pr == 0 && nd->dh <= 1 && nd->dw <= 1;
}

/* ---- readers ---- */

/* Reader r takes the reshape's input of shape `from` instead, its own output being of shape `to`. */
static int sink(struct mnq_rw *rw, int i, int r, struct mnq_shape from, struct mnq_err *e)
{
    struct mnq_node *nd = mnq_rw_at(rw, r);
    struct mnq_shape to = nd->out;
    nd->out.h = from.h;
    nd->out.w = from.w;
    if (nd->op != MNQ_OP_CONV) nd->out.c = from.c;
    int made = mnq_rw_make_behind(rw, MNQ_OP_RESHAPE, "reshape", r, e);
    if (made < 0) return -1;
    mnq_rw_at(rw, made)->out = to;
    return mnq_rw_read(rw, r, 0, mnq_rw_producer(rw, i), e);
}

/* Both factors or summands of r were reshaped alike: one reshape behind it does. */
static int sink_pair(struct mnq_rw *rw, int i, int r, struct mnq_err *e)
{
    struct mnq_shape from = shape_in(rw, i);
    const struct mnq_node *nd = mnq_rw_at(rw, r);
    int first = nd->in[0], second = nd->in[1];
    if (!is_reshape(rw, first) || !is_reshape(rw, second) || !same(shape_in(rw, first), from) ||
        !same(shape_in(rw, second), from) || !same(mnq_rw_at(rw, first)->out, mnq_rw_at(rw, second)->out))
        return 0;
    int from0 = mnq_rw_producer(rw, first), from1 = mnq_rw_producer(rw, second);
    struct mnq_shape to = nd->out;
    mnq_rw_at(rw, r)->out = from;
    int made = mnq_rw_make_behind(rw, MNQ_OP_RESHAPE, "reshape", r, e);
    if (made < 0) return -1;
    mnq_rw_at(rw, made)->out = to;
    return mnq_rw_read(rw, r, 0, from0, e) != 0 || mnq_rw_read(rw, r, 1, from1, e) != 0 ? -1 : 1;
}

/* Dense or 1x1 layer r on a vector that was H x W x C. */
static int to_window(struct mnq_rw *rw, int i, int r, struct mnq_shape from, struct mnq_err *e)
{
    struct mnq_node *nd = mnq_rw_at(rw, r);
    if (!is_vector(from)) {
        nd->op = MNQ_OP_CONV;
        nd->in_gain = NULL; /* one per element of what is a window now */
    }
    nd->kh = from.h;
    nd->kw = from.w;
    nd->sh = nd->sw = 1;
    return mnq_rw_read(rw, r, 0, mnq_rw_producer(rw, i), e);
}

/* Pool r over all of a tensor whose pixels were only arranged differently. */
static int to_global_pool(struct mnq_rw *rw, int i, int r, struct mnq_shape from, struct mnq_err *e)
{
    struct mnq_node *nd = mnq_rw_at(rw, r);
    nd->kh = from.h;
    nd->kw = from.w;
    nd->sh = nd->sw = 1;
    return mnq_rw_read(rw, r, 0, mnq_rw_producer(rw, i), e);
}

/* An affine map of a flattened tensor has one value per element: a dense layer behind it can take those. A uniform one
 * sinks past, and so does one whose channels the reshape kept. */
static int take_affine(struct mnq_rw *rw, int i, int r, struct mnq_err *e)
{
    struct mnq_shape from = shape_in(rw, i), to = mnq_rw_at(rw, i)->out;
    double scale, offset;
    int done = is_vector(to) ? mnq_rw_fold_forward(rw, r, e) : 0;
    if (done != 0) return done;
    if (from.c == to.c) return sink(rw, i, r, from, e) != 0 ? -1 : 1;
    if (!mnq_rw_uniform(rw, r, &scale, &offset)) return 0;
    return sink(rw, i, r, from, e) != 0 || mnq_rw_set_affine(rw, r, scale, offset, e) != 0 ? -1 : 1;
}

/* Elements of a vector chosen in another order (a transposed tensor, flattened): the rows of the dense layers behind are
 * chosen instead. Such weights have no place in a file any more. */
static int take_order(struct mnq_rw *rw, int select, struct mnq_err *e)
{
    const struct mnq_rw_node *n = &rw->node[select];
    const struct mnq_node *nd = mnq_rw_at(rw, select);
    size_t from = (size_t)mnq_rw_at(rw, mnq_rw_producer(rw, select))->out.c, rows = (size_t)nd->out.c;
    bool all = n->n_readers > 0 && rw->output != select && nd->act == MNQ_ACT_NONE;
    for (int k = 0; k < n->n_readers && all; k++) {
        const struct mnq_node *r = mnq_rw_at(rw, n->reader[k]);
        all = r->op == MNQ_OP_DENSE || (r->op == MNQ_OP_CONV && is_plain(r) && mnq_node_groups(r) == 1);
    }
    for (int k = 0; k < n->n_readers && all; k++) {
        struct mnq_node *r = mnq_rw_at(rw, n->reader[k]);
        size_t c = (size_t)r->out.c;
        float *w = mnq_arena_array(rw->arena, from * c, sizeof *w);
        if (w == NULL) return mnq_fail_nomem(e);
        for (size_t j = 0; j < rows; j++)
            for (size_t o = 0; o < c; o++) w[(size_t)nd->map[j] * c + o] += r->w[j * c + o];
        r->w = w;
        r->w_path = NULL;
        r->in_gain = NULL;
    }
    if (all) mnq_rw_forget(rw, select);
    return !all ? 0 : mnq_rw_bypass(rw, select, e) != 0 ? -1 : 1;
}

/* Dense layers on two vectors, one behind the other, are the sum of one on each: what was flattened in front can be a window
 * then. Such weights have no place in a file any more. */
static int part_dense(struct mnq_rw *rw, int select, struct mnq_err *e)
{
    const struct mnq_node *nd = mnq_rw_at(rw, select);
    int first = nd->in[0], second = nd->in[1], r = mnq_rw_only_reader(rw, select);
    size_t rows = (size_t)mnq_rw_at(rw, first)->out.c, more = (size_t)mnq_rw_at(rw, second)->out.c;
    if (r < 0 || first == second || nd->act != MNQ_ACT_NONE || rw->output == select) return 0;
    const struct mnq_node *dense = mnq_rw_at(rw, r);
    if (dense->op != MNQ_OP_DENSE && !(dense->op == MNQ_OP_CONV && is_plain(dense) && mnq_node_groups(dense) == 1)) return 0;
    size_t c = (size_t)dense->out.c;
    int sum = mnq_rw_make_behind(rw, MNQ_OP_ADD, "sum", r, e);
    int other = sum < 0 ? -1 : mnq_rw_make(rw, MNQ_OP_DENSE, mnq_rw_at(rw, r)->name, "part", second, e);
    float *w = mnq_arena_array(rw->arena, (rows + more) * c, sizeof *w);
    if (other < 0) return -1;
    if (w == NULL) return mnq_fail_nomem(e);
    struct mnq_node *a = mnq_rw_at(rw, r), *b = mnq_rw_at(rw, other);
    memcpy(w, a->w, (rows + more) * c * sizeof *w);
    a->w = w;
    b->w = w + rows * c;
    b->out = a->out;
    a->w_path = NULL;
    a->in_gain = NULL;
    return mnq_rw_read(rw, r, 0, first, e) != 0 || mnq_rw_second(rw, sum, other, e) != 0 ? -1 : 1;
}

/* One reader of reshape i: 1 if it was dealt with, 0, -1. */
static int take(struct mnq_rw *rw, int i, int r, struct mnq_err *e)
{
    struct mnq_shape from = shape_in(rw, i), to = mnq_rw_at(rw, i)->out;
    const struct mnq_node *nd = mnq_rw_at(rw, r);
    bool keeps_channels = from.c == to.c;
    switch (nd->op) {
    case MNQ_OP_JOIN: /* an output: same elements */
        return mnq_rw_read(rw, r, nd->in[0] == i ? 0 : 1, mnq_rw_producer(rw, i), e) != 0 ? -1 : 1;
    case MNQ_OP_DENSE:
        return to_window(rw, i, r, from, e) != 0 ? -1 : 1;
    case MNQ_OP_CONV:
        if (mnq_node_groups(nd) > 1) return 0;
        if (is_all(nd, to)) return to_window(rw, i, r, from, e) != 0 ? -1 : 1;
        if (!is_plain(nd)) return 0;
        if (is_vector(to)) return to_window(rw, i, r, from, e) != 0 ? -1 : 1;
        return !keeps_channels ? 0 : sink(rw, i, r, from, e) != 0 ? -1 : 1;
    case MNQ_OP_AVGPOOL:
    case MNQ_OP_MAXPOOL:
        if (!keeps_channels || nd->kh != to.h || nd->kw != to.w || nd->pt + nd->pb + nd->pl + nd->pr > 0) return 0;
        return to_global_pool(rw, i, r, from, e) != 0 ? -1 : 1;
    case MNQ_OP_AFFINE:
    case MNQ_OP_BATCHNORM:
        return take_affine(rw, i, r, e);
    case MNQ_OP_ACT:
        return sink(rw, i, r, from, e) != 0 ? -1 : 1;
    case MNQ_OP_SOFTMAX:
        return !keeps_channels ? 0 : sink(rw, i, r, from, e) != 0 ? -1 : 1;
    case MNQ_OP_SELECT:
        if (!is_vector(to)) return 0;
        return nd->n_in == 2 && nd->map == NULL   ? part_dense(rw, r, e)
               : nd->n_in == 1 && nd->map != NULL ? take_order(rw, r, e)
                                                  : 0;
    case MNQ_OP_ADD:
    case MNQ_OP_MUL:
        return sink_pair(rw, i, r, e);
    default:
        return 0;
    }
}

/* ---- reshapes ---- */

/* One step for reshape i: 1 if something changed, 0, -1. */
static int step(struct mnq_rw *rw, int i, struct mnq_err *e)
{
    int p = mnq_rw_producer(rw, i);
    struct mnq_node *producer = mnq_rw_at(rw, p);
    if (same(producer->out, mnq_rw_at(rw, i)->out)) return mnq_rw_bypass(rw, i, e) != 0 ? -1 : 1;
    if (producer->op == MNQ_OP_RESHAPE) return mnq_rw_read(rw, i, 0, producer->in[0], e) != 0 ? -1 : 1;
    struct mnq_shape to = mnq_rw_at(rw, i)->out;
    if (producer->op == MNQ_OP_INPUT && mnq_rw_only_reader(rw, p) == i && /* a row of pixels is a picture of any size */
        (producer->out.h == 1 || producer->out.w == 1) && producer->out.c == to.c) {
        producer->out = to;
        return 1;
    }
    if (rw->node[i].n_readers == 0) return mnq_rw_bypass(rw, i, e) != 0 ? -1 : 1; /* the output: same elements */
    for (int k = 0; k < rw->node[i].n_readers; k++) {
        int done = take(rw, i, rw->node[i].reader[k], e);
        if (done != 0) return done;
    }
    return 0;
}

/* Channels in groups that became pixels (boxes of a detector, each with its classes): SPREAD moves them where they are,
 * and what is left is a reshape that keeps channels. Those of a vector are at their place at once. */
static int to_spread(struct mnq_rw *rw, int i, struct mnq_err *e)
{
    struct mnq_shape from = shape_in(rw, i), to = mnq_rw_at(rw, i)->out;
    if (to.c >= from.c || from.c % to.c != 0) return 0;
    if (is_vector(from)) {
        struct mnq_node *whole = mnq_rw_at(rw, i);
        whole->op = MNQ_OP_SPREAD;
        whole->kh = to.h;
        whole->kw = to.w;
        return 1;
    }
    int made = mnq_rw_make_behind(rw, MNQ_OP_RESHAPE, "reshape", i, e);
    if (made < 0) return -1;
    mnq_rw_at(rw, made)->out = to;
    struct mnq_node *nd = mnq_rw_at(rw, i);
    nd->op = MNQ_OP_SPREAD;
    nd->kh = 1;
    nd->kw = from.c / to.c;
    nd->out = (struct mnq_shape){from.h, from.w * nd->kw, to.c};
    return 1;
}

enum { FLAT_MOST = 512 };

/* Pixels that became channels and that no reader takes as pixels: a window over everything whose weights are ones, each
 * for one element. So a softmax can run over a small map. */
static int to_elements(struct mnq_rw *rw, int i, struct mnq_err *e)
{
    struct mnq_shape from = shape_in(rw, i);
    struct mnq_node *nd = mnq_rw_at(rw, i);
    size_t n = (size_t)nd->out.c;
    if (!is_vector(nd->out) || is_vector(from) || n > FLAT_MOST) return 0;
    float *w = mnq_arena_array(rw->arena, n * n, sizeof *w);
    if (w == NULL) return mnq_fail_nomem(e);
    for (size_t k = 0; k < n; k++) w[k * n + k] = 1.0f;
    nd->op = MNQ_OP_CONV;
    nd->w = w;
    nd->kh = from.h;
    nd->kw = from.w;
    return 1;
}

int mnq_drop_reshape(struct mnq_rw *rw, struct mnq_err *e)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = 0; i < rw->n; i++) {
            if (!is_reshape(rw, i)) continue;
            int done = step(rw, i, e);
            if (done < 0) return -1;
            changed = changed || done > 0;
        }
        for (int i = 0; i < rw->n && !changed; i++) {
            int done = is_reshape(rw, i) ? to_spread(rw, i, e) : 0;
            if (done < 0) return -1;
            changed = done > 0;
        }
        for (int i = 0; i < rw->n && !changed; i++) {
            int done = is_reshape(rw, i) ? to_elements(rw, i, e) : 0;
            if (done < 0) return -1;
            changed = done > 0;
        }
    }
    for (int i = 0; i < rw->n; i++)
        if (is_reshape(rw, i)) {
            int whole = mnq_rw_producer(rw, i); /* what to_spread() made of one layer is told as that layer */
            if (mnq_rw_at(rw, whole)->op == MNQ_OP_SPREAD) mnq_rw_at(rw, whole)->op = MNQ_OP_RESHAPE;
            else whole = i;
            struct mnq_shape from = shape_in(rw, whole), to = mnq_rw_at(rw, i)->out;
            const struct mnq_node *r = mnq_rw_at(rw, rw->node[i].reader[0]);
            bool joins = r->op == MNQ_OP_PAD || (r->op == MNQ_OP_SELECT && r->n_in == 2);
            return mnq_rw_fail(rw, whole, e, "cannot be expressed: %dx%dx%d to %dx%dx%d in front of '%s'%s", from.h, from.w,
                               from.c, to.h, to.w, to.c, r->name,
                               joins ? "; save the model with the tensors that are joined there as outputs of their own"
                                     : "");
        }
    return 0;
}
