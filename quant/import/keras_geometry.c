/* SPDX-License-Identifier: Apache-2.0
 * Keras' layers that move, pool or rename pixels: padding, pooling, Flatten, Reshape. */
#include "import/keras_geometry.h"

enum { MAX_WINDOW = 4096 };

int mnq_kl_zero_padding(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    const struct mnq_ynode *v = mnq_kf_get(l, "padding", NULL);
    int t, b, left, right;
    if (mnq_kf_channels_last(k, l) != 0) return -1;
    if (v == NULL) return mnq_knet_fail(k, l, "has no padding");
    if (v->kind == MNQ_Y_SEQ && v->n == 2 && v->first->kind == MNQ_Y_SEQ) {
        if (mnq_kf_pair(k, v->first, 0, MAX_WINDOW, &t, &b) != 0 ||
            mnq_kf_pair(k, v->first->next, 0, MAX_WINDOW, &left, &right) != 0)
            return -1;
    } else {
        if (mnq_kf_pair(k, v, 0, MAX_WINDOW, &t, &left) != 0) return -1;
        b = t;
        right = left;
    }
    return mnq_build_pad(&k->b, l->name, in[0], t, b, left, right, k->e);
}

int mnq_kl_average_pooling(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    const struct mnq_ynode *v = mnq_kf_get(l, "pool_size", NULL);
    enum mnq_padding padding;
    int kh = 2, kw = 2, sh, sw;
    if (mnq_kf_channels_last(k, l) != 0 || mnq_kf_padding(k, l, &padding) != 0) return -1;
    if (v != NULL && mnq_kf_pair(k, v, 1, MAX_WINDOW, &kh, &kw) != 0) return -1;
    sh = kh;
    sw = kw;
    v = mnq_kf_get(l, "strides", NULL);
    if (v != NULL && mnq_kf_pair(k, v, 1, MAX_WINDOW, &sh, &sw) != 0) return -1;
    struct mnq_shape s = k->b.g->node[in[0]].out;
    /* 'same' divides by the number of real pixels at the border, which no single window weight expresses */
    bool tiles = (s.h - 1) / sh * sh + kh <= s.h && (s.w - 1) / sw * sw + kw <= s.w;
    if (padding == MNQ_PAD_SAME && !tiles)
        return mnq_knet_fail(
            k, l, "padding is same and windows of %d x %d reach over the border of %d x %d, which is not supported", kh, kw,
            s.h, s.w);
    return mnq_build_avgpool(&k->b, l->name, in[0], kh, kw, sh, sw, k->e);
}

int mnq_kl_global_pooling(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    if (mnq_kf_channels_last(k, l) != 0) return -1;
    return mnq_build_avgpool(&k->b, l->name, in[0], 0, 0, 1, 1, k->e); /* with or without keepdims: 1 x 1 x C */
}

int mnq_kl_flatten(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    struct mnq_shape s = k->b.g->node[in[0]].out;
    int64_t n = (int64_t)s.h * s.w * s.c;
    if (mnq_kf_channels_last(k, l) != 0) return -1;
    if (n > 1 << 20) return mnq_knet_fail(k, l, "flattens %lld values, at most %d are supported", (long long)n, 1 << 20);
    return mnq_build_reshape(&k->b, l->name, in[0], (struct mnq_shape){1, 1, (int)n}, k->e);
}

int mnq_kl_reshape(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    const struct mnq_ynode *v = mnq_kf_get(l, "target_shape", "dims");
    struct mnq_shape s = k->b.g->node[in[0]].out;
    int dim[3] = {1, 1, 1}, open = -1, at;
    int64_t known = 1;
    if (v == NULL) return mnq_knet_fail(k, l, "has no target_shape");
    if (v->kind != MNQ_Y_SEQ || v->n < 1 || v->n > 3) return mnq_knet_fail(k, l, "target_shape must have 1 to 3 dimensions");
    at = 3 - v->n;
    for (const struct mnq_ynode *c = v->first; c != NULL; c = c->next, at++) {
        if (mnq_y_int(c, -1, 1 << 20, &dim[at], k->e) != 0) return -1;
        if (dim[at] == -1 && open >= 0) return mnq_knet_fail(k, l, "target_shape leaves two dimensions open");
        if (dim[at] == -1) open = at;
        else known *= dim[at];
    }
    int64_t all = (int64_t)s.h * s.w * s.c;
    if (open >= 0 && known > 0 && all / known <= 1 << 20) dim[open] = (int)(all / known);
    return mnq_build_reshape(&k->b, l->name, in[0], (struct mnq_shape){dim[0], dim[1], dim[2]}, k->e);
}
