/* SPDX-License-Identifier: Apache-2.0
 * Further layers as Keras means them: pools, combinations of tensors, resizing, activations with parameters. */
#include "import/netbuild_ops.h"

#include <stdio.h>
#include <string.h>

static struct mnq_node *at(const struct mnq_build *b, int i)
{
    return &b->g->node[i];
}

int mnq_build_pool(struct mnq_build *b, enum mnq_op op, const char *name, int in, struct mnq_conv c, struct mnq_err *e)
{
    int i = mnq_build_node(b, op, name, in, e);
    if (i < 0) return -1;
    struct mnq_node *nd = at(b, i);
    struct mnq_shape s = at(b, in)->out;
    nd->kh = c.kh == 0 ? s.h : c.kh;
    nd->kw = c.kh == 0 ? s.w : c.kw;
    nd->sh = c.kh == 0 ? 1 : c.sh;
    nd->sw = c.kh == 0 ? 1 : c.sw;
    if (c.kh != 0 && c.padding == MNQ_PAD_SAME) {
        mnq_build_same_padding(s.h, nd->kh, nd->sh, &nd->pt, &nd->pb);
        mnq_build_same_padding(s.w, nd->kw, nd->sw, &nd->pl, &nd->pr);
    }
    return mnq_build_infer(b, i, e);
}

/* Keras: "same" gives in * stride rows, cut on both sides of what the windows cover, the odd one behind. */
static void transposed_size(int in, int window, int stride, enum mnq_padding padding, int *out, int *cut)
{
    int over = window > stride ? window - stride : 0;
    *out = in * stride + (padding == MNQ_PAD_SAME ? 0 : over);
    *cut = padding == MNQ_PAD_SAME ? over / 2 : 0;
}

/* The same with an output_padding: Keras states the size, TensorFlow cuts in front what the convolution of that size pads.
 */
static void padded_size(int in, int window, int stride, enum mnq_padding padding, int more, int *out, int *cut)
{
    int whole = (in - 1) * stride + window;
    *out = whole + more - (padding == MNQ_PAD_SAME ? 2 * (window / 2) : 0);
    *cut = padding == MNQ_PAD_SAME && whole > *out ? (whole - *out) / 2 : 0;
}

int mnq_build_tconv(struct mnq_build *b, const char *name, int in, struct mnq_conv c, const int *more, struct mnq_err *e)
{
    int i = mnq_build_node(b, MNQ_OP_TCONV, name, in, e);
    if (i < 0) return -1;
    struct mnq_node *nd = at(b, i);
    struct mnq_shape s = at(b, in)->out;
    if ((int64_t)s.h * c.sh + c.kh > 1 << 20 || (int64_t)s.w * c.sw + c.kw > 1 << 20)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: layer '%.100s': its output is too large", b->g->file, name);
    nd->kh = c.kh, nd->kw = c.kw, nd->sh = c.sh, nd->sw = c.sw;
    nd->out.c = c.filters;
    transposed_size(s.h, c.kh, c.sh, c.padding, &nd->out.h, &nd->pt);
    transposed_size(s.w, c.kw, c.sw, c.padding, &nd->out.w, &nd->pl);
    if (more != NULL) {
        padded_size(s.h, c.kh, c.sh, c.padding, more[0], &nd->out.h, &nd->pt);
        padded_size(s.w, c.kw, c.sw, c.padding, more[1], &nd->out.w, &nd->pl);
    }
    struct mnq_slot *slot = mnq_build_infer(b, i, e) < 0 ? NULL : mnq_build_slot(b, name, "Conv2DTranspose", e);
    if (slot == NULL) return -1;
    mnq_build_var(slot, MNQ_VAR_KERNEL, i, 4, c.kh, c.kw, c.filters, s.c);
    if (c.bias) mnq_build_var(slot, MNQ_VAR_BIAS, i, 1, c.filters, 0, 0, 0);
    return i;
}

int mnq_build_crop(struct mnq_build *b, const char *name, int in, int top, int bottom, int left, int right,
                   struct mnq_err *e)
{
    int i = mnq_build_node(b, MNQ_OP_CROP, name, in, e);
    if (i < 0) return -1;
    struct mnq_node *nd = at(b, i);
    nd->pt = top, nd->pb = bottom, nd->pl = left, nd->pr = right;
    return mnq_build_infer(b, i, e);
}

int mnq_build_upsample(struct mnq_build *b, const char *name, int in, int kh, int kw, bool bilinear, struct mnq_err *e)
{
    int i = mnq_build_node(b, MNQ_OP_UPSAMPLE, name, in, e);
    if (i < 0) return -1;
    struct mnq_node *nd = at(b, i);
    nd->kh = kh, nd->kw = kw;
    nd->bilinear = bilinear;
    return mnq_build_infer(b, i, e);
}

int mnq_build_spread(struct mnq_build *b, const char *name, int in, int kh, int kw, struct mnq_err *e)
{
    int i = mnq_build_node(b, MNQ_OP_SPREAD, name, in, e);
    if (i < 0) return -1;
    struct mnq_node *nd = at(b, i);
    struct mnq_shape s = at(b, in)->out;
    nd->kh = kh, nd->kw = kw;
    nd->out.h = s.h * kh;
    nd->out.w = s.w * kw;
    return mnq_build_infer(b, i, e);
}

int mnq_build_sum(struct mnq_build *b, const char *name, int x, float f, int y, float g, struct mnq_err *e)
{
    int i = mnq_build_node(b, MNQ_OP_ADD, name, x, e);
    if (i < 0) return -1;
    struct mnq_node *nd = at(b, i);
    nd->n_in = 2;
    nd->in[1] = y;
    nd->coef[0] = f;
    nd->coef[1] = g;
    return mnq_build_infer(b, i, e);
}

int mnq_build_extreme(struct mnq_build *b, const char *name, int x, int y, bool larger, struct mnq_err *e)
{
    char part[512];
    snprintf(part, sizeof part, "%.450s/difference", name);
    int d = mnq_build_sum(b, part, x, larger ? -1.0f : 1.0f, y, larger ? 1.0f : -1.0f, e);
    if (d < 0) return -1;
    snprintf(part, sizeof part, "%.450s/relu", name);
    int r = mnq_build_act(b, part, d, MNQ_ACT_RELU, 0, e);
    return r < 0 ? -1 : mnq_build_sum(b, name, x, 1.0f, r, larger ? 1.0f : -1.0f, e);
}

int mnq_build_concat(struct mnq_build *b, const char *name, const int *in, int n, struct mnq_err *e)
{
    int all = in[0];
    for (int k = 1; k < n; k++) {
        char part[512];
        snprintf(part, sizeof part, "%.450s/%d", name, k);
        int i = mnq_build_node(b, MNQ_OP_SELECT, k + 1 < n ? part : name, all, e);
        if (i < 0) return -1;
        at(b, i)->n_in = 2;
        at(b, i)->in[1] = in[k];
        if ((all = mnq_build_infer(b, i, e)) < 0) return -1;
    }
    return all;
}

int mnq_build_join(struct mnq_build *b, const char *name, const int *in, int n, bool rows, struct mnq_err *e)
{
    int all = -1, size = 0, before = 0;
    for (int k = 0; k < n; k++) size += rows ? at(b, in[k])->out.h : at(b, in[k])->out.w;
    for (int k = 0; k < n; k++) {
        char part[512];
        int own = rows ? at(b, in[k])->out.h : at(b, in[k])->out.w, behind = size - before - own;
        snprintf(part, sizeof part, "%.450s/part_%d", name, k);
        int i = rows ? mnq_build_pad(b, part, in[k], before, behind, 0, 0, e)
                     : mnq_build_pad(b, part, in[k], 0, 0, before, behind, e);
        snprintf(part, sizeof part, "%.450s/%d", name, k);
        if (i >= 0 && k > 0) i = mnq_build_add(b, k + 1 < n ? part : name, all, i, e);
        if (i < 0) return -1;
        all = i;
        before += own;
    }
    return all;
}

int mnq_build_select(struct mnq_build *b, const char *name, int in, const int *map, int n, struct mnq_err *e)
{
    int i = mnq_build_node(b, MNQ_OP_SELECT, name, in, e);
    if (i < 0) return -1;
    int *own = mnq_arena_array(b->g->arena, (size_t)n, sizeof *own);
    if (own == NULL) return mnq_fail_nomem(e);
    memcpy(own, map, (size_t)n * sizeof *own);
    at(b, i)->map = own;
    at(b, i)->out.c = n;
    return mnq_build_infer(b, i, e);
}

int mnq_build_curve(struct mnq_build *b, const char *name, int in, const struct mnq_node *like, struct mnq_err *e)
{
    int i = mnq_build_node(b, MNQ_OP_ACT, name, in, e);
    if (i < 0) return -1;
    struct mnq_node *nd = at(b, i);
    nd->act = like->act;
    nd->act_max = like->act_max;
    nd->act_alpha = like->act_alpha;
    nd->act_threshold = like->act_threshold;
    return mnq_build_infer(b, i, e);
}

int mnq_build_prelu(struct mnq_build *b, const char *name, int in, struct mnq_shape slopes, struct mnq_err *e)
{
    int i = mnq_build_node(b, MNQ_OP_ACT, name, in, e);
    if (i < 0) return -1;
    struct mnq_node *nd = at(b, i);
    nd->act = MNQ_ACT_PRELU;
    struct mnq_slot *s = mnq_build_infer(b, i, e) < 0 ? NULL : mnq_build_slot(b, name, "PReLU", e);
    if (s == NULL) return -1;
    if (slopes.h * slopes.w == 1) mnq_build_var(s, MNQ_VAR_ALPHA, i, 1, slopes.c, 0, 0, 0);
    else mnq_build_var(s, MNQ_VAR_ALPHA, i, 3, slopes.h, slopes.w, slopes.c, 0);
    nd->kept = (int)mnq_elements(slopes);
    return i;
}
