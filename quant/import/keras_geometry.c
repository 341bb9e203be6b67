/* SPDX-License-Identifier: Apache-2.0
 * Keras' layers that move or rename pixels: padding, Flatten, Reshape. */
#include "import/keras_geometry.h"
#include "import/keras_values.h"
#include "import/netbuild_ops.h"

#include <string.h>

enum { MAX_WINDOW = 4096, MAX_RANK = 6 };

int mnq_kl_zero_padding(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    const struct mnq_ynode *v = mnq_kf_get(l, "padding", NULL);
    int t, b, left, right;
    if (mnq_kf_data_format(k, l) != 0) return -1;
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

int mnq_kl_flatten(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    struct mnq_shape s = k->b.g->node[in[0]].out;
    int64_t n = (int64_t)s.h * s.w * s.c;
    static const int channels_in_front[] = {3, 1, 2};
    /* Flatten moves channels to the end itself, if it is told that they are in front */
    bool told = mnq_y_is(mnq_kf_get(l, "data_format", NULL), "channels_first");
    if (!k->first && mnq_kf_data_format(k, l) != 0) return -1;
    if (n > 1 << 20) return mnq_knet_fail(k, l, "flattens %lld values, at most %d are supported", (long long)n, 1 << 20);
    int from = in[0];
    if (mnq_knet_turned(k, from) && !told) from = mnq_knet_permute(k, l, channels_in_front, 3, from);
    return k->knows = from < 0 ? -1 : mnq_build_reshape(&k->b, l->name, from, (struct mnq_shape){1, 1, (int)n}, k->e);
}

/* Sizes of target_shape behind the first `skip`, of which one may be open (-1): their number, or -1. */
static int read_target(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_ynode *v, int skip, int64_t all,
                       int dim[MAX_RANK])
{
    int n = 0, open = -1;
    int64_t known = 1;
    if (v == NULL) return mnq_knet_fail(k, l, "has no target_shape");
    if (v->kind != MNQ_Y_SEQ || v->n < 1 + skip || v->n > MAX_RANK + skip)
        return mnq_knet_fail(k, l, "target_shape must have 1 to %d dimensions", (int)MAX_RANK);
    const struct mnq_ynode *c = v->first;
    for (int i = 0; i < skip; i++) c = c->next;
    for (; c != NULL; c = c->next, n++) {
        if (mnq_kv_int(c, -1, 1 << 20, &dim[n], k->e) != 0) return -1;
        if (dim[n] == -1 && open >= 0) return mnq_knet_fail(k, l, "target_shape leaves two dimensions open");
        if (dim[n] == -1) open = n;
        else known = known > all ? known : known * dim[n]; /* more than all cannot fit anyway */
    }
    if (open >= 0 && known > 0 && all / known <= 1 << 20) dim[open] = (int)(all / known);
    return n;
}

int mnq_knet_reshape(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_ynode *target, int skip, int in)
{
    struct mnq_shape s = k->b.g->node[in].out;
    int dim[MAX_RANK], n = read_target(k, l, target, skip, (int64_t)s.h * s.w * s.c, dim);
    if (n < 0) return -1;
    struct mnq_shape to = {n > 2 ? dim[0] : 1, n > 2 ? dim[1] : n > 1 ? dim[0] : 1, dim[n > 2 ? 2 : n - 1]};
    bool vector = s.h == 1 && s.w == 1;
    if (mnq_knet_turned(k, in) || (k->first && (n > 3 || (n == 3 && (!vector || dim[1] != 1 || dim[2] != 1)))))
        return mnq_knet_fail(k, l, "reshapes pixels of a channels_first model, which is not supported");
    if (k->first && n == 3) to = (struct mnq_shape){1, 1, dim[0]};
    for (int i = 3; i < n; i++) {
        if (dim[i] < 1 || to.c < 1 || to.c > (1 << 20) / dim[i]) return mnq_knet_fail(k, l, "target_shape is out of range");
        to.c *= dim[i];
    }
    int i = mnq_build_reshape(&k->b, l->name, in, to, k->e);
    if (i >= 0 && n > 3) k->folded[i] = dim[n - 1];
    if (i >= 0) k->sequence[i] = n == 2;
    if (i >= 0) k->plane[i] = n == 3;
    return k->knows = i;
}

int mnq_kl_reshape(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    return mnq_knet_reshape(k, l, mnq_kv_plain(mnq_kf_get(l, "target_shape", "dims")), 0, in[0]);
}

/* The last two of four dimensions exchanged: channels in groups become groups of channels. */
static int exchange(struct mnq_knet *k, const struct mnq_klayer *l, const int *dim, int in)
{
    static const int order[] = {1, 2, 4, 3};
    int inner = k->folded[in], c = k->b.g->node[in].out.c, groups = inner > 0 ? c / inner : 0;
    if (memcmp(dim, order, sizeof order) != 0 || groups == 0)
        return mnq_knet_fail(k, l, "of four dimensions, only the order 1, 2, 4, 3 behind a Reshape is supported");
    int *map = mnq_arena_array(k->b.g->arena, (size_t)c, sizeof *map);
    if (map == NULL) return mnq_fail_nomem(k->e);
    for (int o = 0; o < c; o++) map[o] = o % groups * inner + o / groups;
    int made = mnq_build_select(&k->b, l->name, in, map, c, k->e);
    if (made >= 0) k->folded[made] = groups;
    return k->knows = made;
}

/* Any other order: the tensor as a vector, its elements chosen, then its new shape. */
static int transpose(struct mnq_knet *k, const struct mnq_klayer *l, int in, const int order[3], struct mnq_shape to)
{
    struct mnq_shape s = k->b.g->node[in].out;
    int64_t n = (int64_t)s.h * s.w * s.c;
    int step[3] = {s.w * s.c, s.c, 1}, at = 0;
    if (n > 1 << 20) return mnq_knet_fail(k, l, "transposes %lld values, at most %d are supported", (long long)n, 1 << 20);
    int *map = mnq_arena_array(k->b.g->arena, (size_t)n, sizeof *map);
    if (map == NULL) return mnq_fail_nomem(k->e);
    for (int y = 0; y < to.h; y++)
        for (int x = 0; x < to.w; x++)
            for (int c = 0; c < to.c; c++) map[at++] = y * step[order[0]] + x * step[order[1]] + c * step[order[2]];
    int i = mnq_build_reshape(&k->b, l->name, in, (struct mnq_shape){1, 1, (int)n}, k->e);
    if (i >= 0) i = mnq_build_select(&k->b, l->name, i, map, (int)n, k->e);
    return i < 0 ? -1 : mnq_build_reshape(&k->b, l->name, i, to, k->e);
}

int mnq_knet_permute(struct mnq_knet *k, const struct mnq_klayer *l, const int *dim, int n, int in)
{
    if (n < 1 || n > 4) return mnq_knet_fail(k, l, "dims must order 1 to 3 dimensions");
    if (mnq_knet_turned(k, in) && strcmp(l->class_name, "Flatten") != 0)
        return mnq_knet_fail(k, l, "exchanges axes in a channels_first model, which is not supported");
    if (n == 4) return exchange(k, l, dim, in);
    if (k->folded[in] > 0) return mnq_knet_fail(k, l, "orders %d of more dimensions", n);
    struct mnq_node *from = &k->b.g->node[in];
    int order[3] = {0, 1, 2}, moved = -1, size[3] = {from->out.h, from->out.w, from->out.c};
    bool seen[5] = {false}, renames = true;
    for (int i = 0; i < n; i++) {
        if (dim[i] < 1 || dim[i] > n) return mnq_knet_fail(k, l, "dimension %d of %d", dim[i], n);
        if (seen[dim[i]]) return mnq_knet_fail(k, l, "dims names dimension %d twice", dim[i]);
        seen[dim[i]] = true;
    }
    for (int i = 0; i < n; i++) order[3 - n + i] = 3 - n + dim[i] - 1;
    for (int i = 0; i < 3; i++) {
        if (size[order[i]] == 1) continue; /* wherever it stands */
        if (order[i] < moved) renames = false;
        moved = order[i];
    }
    struct mnq_shape to = {size[order[0]], size[order[1]], size[order[2]]};
    if (renames) return mnq_build_reshape(&k->b, l->name, in, to, k->e);
    if (from->op != MNQ_OP_INPUT || k->b.g->n != 1) return transpose(k, l, in, order, to);
    from->out = to; /* pictures come as rows of pixels of channels, whatever order the model was fed in */
    if (mnq_graph_note(k->b.g,
                       "Permute '%.100s' stands at the front: the input is %d x %d pixels of %d channels as it leaves it",
                       l->name, to.h, to.w, to.c) != 0)
        return mnq_fail_nomem(k->e);
    return mnq_build_reshape(&k->b, l->name, in, to, k->e);
}

int mnq_kl_permute(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    const struct mnq_ynode *v = mnq_kv_plain(mnq_kf_get(l, "dims", NULL));
    int dim[4], n = 0;
    if (v == NULL || v->kind != MNQ_Y_SEQ || v->n < 1 || v->n > 4)
        return mnq_knet_fail(k, l, "dims must order 1 to 3 dimensions");
    for (const struct mnq_ynode *c = v->first; c != NULL; c = c->next, n++)
        if (mnq_kv_int(c, 1, v->n, &dim[n], k->e) != 0) return -1;
    return mnq_knet_permute(k, l, dim, n, in[0]);
}
