/* SPDX-License-Identifier: Apache-2.0
 * Keras' layers that move, pool or rename pixels: padding, pooling, Flatten, Reshape. */
#include "import/keras_geometry.h"
#include "import/keras_values.h"

enum { MAX_WINDOW = 4096, MAX_RANK = 6 };

int mnq_kl_zero_padding(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    const struct mnq_ynode *v = mnq_kf_get(l, "padding", NULL);
    int t, b, left, right;
    if (mnq_kf_channels_last(k, l) != 0) return -1;
    if (v == NULL) return mnq_knet_fail(k, l, "has no padding");
    if (v->kind == MNQ_Y_SEQ && v->n == 2 && v->first->kind == MNQ_Y_SEQ) {
        if (mnq_kv_pair(v->first, 0, MAX_WINDOW, &t, &b, k->e) != 0 ||
            mnq_kv_pair(v->first->next, 0, MAX_WINDOW, &left, &right, k->e) != 0)
            return -1;
    } else {
        if (mnq_kv_pair(v, 0, MAX_WINDOW, &t, &left, k->e) != 0) return -1;
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
    if (v != NULL && mnq_kv_pair(v, 1, MAX_WINDOW, &kh, &kw, k->e) != 0) return -1;
    sh = kh;
    sw = kw;
    v = mnq_kf_get(l, "strides", NULL);
    if (v != NULL && mnq_kv_pair(v, 1, MAX_WINDOW, &sh, &sw, k->e) != 0) return -1;
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

/* Sizes of target_shape, of which one may be open (-1): their number, or -1. */
static int read_target(struct mnq_knet *k, const struct mnq_klayer *l, int64_t all, int dim[MAX_RANK])
{
    const struct mnq_ynode *v = mnq_kv_plain(mnq_kf_get(l, "target_shape", "dims"));
    int n = 0, open = -1;
    int64_t known = 1;
    if (v == NULL) return mnq_knet_fail(k, l, "has no target_shape");
    if (v->kind != MNQ_Y_SEQ || v->n < 1 || v->n > MAX_RANK)
        return mnq_knet_fail(k, l, "target_shape must have 1 to %d dimensions", (int)MAX_RANK);
    for (const struct mnq_ynode *c = v->first; c != NULL; c = c->next, n++) {
        if (mnq_kv_int(c, -1, 1 << 20, &dim[n], k->e) != 0) return -1;
        if (dim[n] == -1 && open >= 0) return mnq_knet_fail(k, l, "target_shape leaves two dimensions open");
        if (dim[n] == -1) open = n;
        else known = known > all ? known : known * dim[n]; /* more than all cannot fit anyway */
    }
    if (open >= 0 && known > 0 && all / known <= 1 << 20) dim[open] = (int)(all / known);
    return n;
}

int mnq_kl_reshape(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    struct mnq_shape s = k->b.g->node[in[0]].out;
    int dim[MAX_RANK], n = read_target(k, l, (int64_t)s.h * s.w * s.c, dim);
    if (n < 0) return -1;
    struct mnq_shape to = {n > 2 ? dim[0] : 1, n > 2 ? dim[1] : n > 1 ? dim[0] : 1, dim[n > 2 ? 2 : n - 1]};
    for (int i = 3; i < n; i++) {
        if (dim[i] < 1 || to.c < 1 || to.c > (1 << 20) / dim[i]) return mnq_knet_fail(k, l, "target_shape is out of range");
        to.c *= dim[i];
    }
    int i = mnq_build_reshape(&k->b, l->name, in[0], to, k->e);
    if (i >= 0 && n > 3) k->folded[i] = true;
    return i;
}

int mnq_kl_permute(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    const struct mnq_ynode *v = mnq_kv_plain(mnq_kf_get(l, "dims", NULL));
    struct mnq_node *from = &k->b.g->node[in[0]];
    int dim[3], n = 0, order[3] = {0, 1, 2}, moved = -1, size[3] = {from->out.h, from->out.w, from->out.c};
    bool seen[4] = {false}, renames = true;
    if (v == NULL || v->kind != MNQ_Y_SEQ || v->n < 1 || v->n > 3)
        return mnq_knet_fail(k, l, "dims must order 1 to 3 dimensions");
    for (const struct mnq_ynode *c = v->first; c != NULL; c = c->next, n++) {
        if (mnq_kv_int(c, 1, v->n, &dim[n], k->e) != 0) return -1;
        if (seen[dim[n]]) return mnq_knet_fail(k, l, "dims names dimension %d twice", dim[n]);
        seen[dim[n]] = true;
    }
    for (int i = 0; i < n; i++) order[3 - n + i] = 3 - n + dim[i] - 1;
    for (int i = 0; i < 3; i++) {
        if (size[order[i]] == 1) continue; /* wherever it stands */
        if (order[i] < moved) renames = false;
        moved = order[i];
    }
    struct mnq_shape to = {size[order[0]], size[order[1]], size[order[2]]};
    if (renames) return mnq_build_reshape(&k->b, l->name, in[0], to, k->e);
    if (from->op != MNQ_OP_INPUT || k->b.g->n != 1)
        return mnq_knet_fail(k, l, "transposes %d x %d x %d inside the network, which is not supported", size[0], size[1],
                             size[2]);
    from->out = to; /* pictures come as rows of pixels of channels, whatever order the model was fed in */
    if (mnq_graph_note(k->b.g,
                       "Permute '%.100s' stands at the front: the input is %d x %d pixels of %d channels as it leaves it",
                       l->name, to.h, to.w, to.c) != 0)
        return mnq_fail_nomem(k->e);
    return mnq_build_reshape(&k->b, l->name, in[0], to, k->e);
}
