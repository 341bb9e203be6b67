/* SPDX-License-Identifier: Apache-2.0
 * Convolutions that no integer layer computes as they stand.
 *
 * A window with gaps is a larger one with zeros in the gaps. A transposed convolution of stride s writes s x s outputs per
 * input pixel, each a plain convolution of its own:
 *     out[s b + j] = sum over d of in[b + d] w[j + cut - s d],
 * so it is a convolution with s s times the channels, whose pixels then spread over blocks of s x s. */
#include "passes/pass.h"

#include <string.h>

/* ---- gaps ---- */

static int close_gaps(struct mnq_rw *rw, int i, struct mnq_err *e)
{
    struct mnq_node *nd = mnq_rw_at(rw, i);
    int dh = nd->dh > 1 ? nd->dh : 1, dw = nd->dw > 1 ? nd->dw : 1, kh = (nd->kh - 1) * dh + 1, kw = (nd->kw - 1) * dw + 1;
    if (kh > 255 || kw > 255) return mnq_rw_fail(rw, i, e, "its window spans %d x %d pixels, 255 are supported", kh, kw);
    size_t inner = nd->op == MNQ_OP_DWCONV ? 1 : (size_t)mnq_rw_at(rw, nd->in[0])->out.c / (size_t)mnq_node_groups(nd);
    size_t rest = inner * (size_t)nd->out.c;
    float *w = mnq_arena_array(rw->arena, (size_t)kh * (size_t)kw * rest, sizeof *w);
    if (w == NULL) return mnq_fail_nomem(e);
    for (int y = 0; y < nd->kh; y++)
        for (int x = 0; x < nd->kw; x++)
            memcpy(w + ((size_t)(y * dh) * (size_t)kw + (size_t)(x * dw)) * rest, nd->w + (size_t)(y * nd->kw + x) * rest,
                   rest * sizeof *w);
    nd->w = w;
    nd->kh = kh;
    nd->kw = kw;
    nd->dh = nd->dw = 1;
    nd->w_path = NULL; /* not in the shape of the file's */
    return 0;
}

/* ---- transposed ---- */

static int ceil_div(int a, int b)
{
    return a >= 0 ? (a + b - 1) / b : -(-a / b);
}

/* One direction: window, padding and output size of the convolution. */
struct axis {
    int least, taps, before, after, blocks;
};

static struct axis find_axis(int in, int out, int window, int stride, int cut)
{
    struct axis a = {.least = ceil_div(cut - window + 1, stride), .blocks = ceil_div(out, stride)};
    a.taps = (stride - 1 + cut) / stride - a.least + 1;
    a.before = -a.least;
    a.after = a.blocks - in - a.before + a.taps - 1;
    if (a.after < 0) a.after = 0;
    a.blocks = in + a.before + a.after - a.taps + 1;
    return a;
}

static int transposed(struct mnq_rw *rw, int i, struct mnq_err *e)
{
    struct mnq_node *nd = mnq_rw_at(rw, i);
    struct mnq_shape in = mnq_rw_at(rw, nd->in[0])->out, out = nd->out;
    struct axis ay = find_axis(in.h, out.h, nd->kh, nd->sh, nd->pt), ax = find_axis(in.w, out.w, nd->kw, nd->sw, nd->pl);
    size_t cin = (size_t)in.c, cout = (size_t)out.c, wide = (size_t)(nd->sh * nd->sw) * cout;
    float *w = mnq_arena_array(rw->arena, (size_t)ay.taps * (size_t)ax.taps * cin * wide, sizeof *w);
    float *b = nd->b != NULL ? mnq_arena_array(rw->arena, wide, sizeof *b) : NULL;
    if (w == NULL || (nd->b != NULL && b == NULL)) return mnq_fail_nomem(e);
    for (int ty = 0; ty < ay.taps; ty++)
        for (int tx = 0; tx < ax.taps; tx++)
            for (int j = 0; j < nd->sh * nd->sw; j++) {
                int ky = j / nd->sw + nd->pt - nd->sh * (ay.least + ty), kx = j % nd->sw + nd->pl - nd->sw * (ax.least + tx);
                if (ky < 0 || ky >= nd->kh || kx < 0 || kx >= nd->kw) continue;
                const float *from = nd->w + (size_t)(ky * nd->kw + kx) * cout * cin;
                float *to = w + (size_t)(ty * ax.taps + tx) * cin * wide + (size_t)j * cout;
                for (size_t o = 0; o < cout; o++)
                    for (size_t k = 0; k < cin; k++) to[k * wide + o] = from[o * cin + k];
            }
    for (size_t j = 0; b != NULL && j < wide; j++) b[j] = nd->b[j % cout];
    int sh = nd->sh, sw = nd->sw, made = mnq_rw_make_behind(rw, MNQ_OP_SPREAD, "spread", i, e);
    if (made < 0) return -1;
    nd = mnq_rw_at(rw, i);
    nd->op = MNQ_OP_CONV;
    nd->w = w;
    nd->b = b;
    nd->kh = ay.taps, nd->kw = ax.taps, nd->sh = nd->sw = 1;
    nd->pt = ay.before, nd->pb = ay.after, nd->pl = ax.before, nd->pr = ax.after;
    nd->out = (struct mnq_shape){ay.blocks, ax.blocks, (int)wide};
    nd->w_path = nd->b_path = NULL;
    nd = mnq_rw_at(rw, made);
    nd->kh = sh;
    nd->kw = sw;
    nd->out = out;
    return 0;
}

int mnq_expand_conv(struct mnq_rw *rw, struct mnq_err *e)
{
    for (int i = 0, n = rw->n; i < n; i++) {
        const struct mnq_node *nd = mnq_rw_at(rw, i);
        bool conv = nd->op == MNQ_OP_CONV || nd->op == MNQ_OP_DWCONV;
        if (rw->node[i].dead) continue;
        if (conv && (nd->dh > 1 || nd->dw > 1) && close_gaps(rw, i, e) != 0) return -1;
        if (nd->op == MNQ_OP_TCONV && transposed(rw, i, e) != 0) return -1;
    }
    return 0;
}
