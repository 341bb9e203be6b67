/* SPDX-License-Identifier: Apache-2.0
 * Functions that move, resize, pool or part tensors: reshape, transpose, image.resize, pad, max_pool2d, split, ... */
#include "import/keras_moves.h"
#include "import/keras_front.h"
#include "import/keras_geometry.h"
#include "import/keras_values.h"
#include "import/netbuild_ops.h"

#include <stdio.h>
#include <string.h>

enum { MAX_SIZE = 1 << 14, MAX_BLOCK = 16, MAX_AXES = 6 };

static struct mnq_shape shape_of(const struct mnq_knet *k, int in)
{
    return k->b.g->node[in].out;
}

static int stand(struct mnq_knet *k, const struct mnq_klayer *l, int in)
{
    return in < 0 ? -1 : mnq_build_reshape(&k->b, l->name, in, shape_of(k, in), k->e);
}

static const char *part_name(const struct mnq_klayer *l, const char *what, int i, char *buf, size_t size)
{
    snprintf(buf, size, "%.400s/%s_%d", l->name, what, i);
    return buf;
}

/* ---- shapes ---- */

static int reshape(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, int in)
{
    const struct mnq_ynode *v = mnq_kv_plain(mnq_kcall_value(l, call, 1, "shape", "newshape"));
    if (v == NULL || v->kind != MNQ_Y_SEQ || v->n < 2) return mnq_knet_fail(k, l, "says no shape that is known here");
    return mnq_knet_reshape(k, l, v, 1, in);
}

static int transpose(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, int in)
{
    const struct mnq_ynode *v = mnq_kv_plain(mnq_kcall_value(l, call, 1, "perm", "axes"));
    if (v == NULL) v = mnq_kv_plain(mnq_kcall_value(l, call, 1, "pattern", NULL));
    int dim[MAX_AXES], n = 0;
    if (v == NULL || v->kind != MNQ_Y_SEQ || v->n < 2 || v->n > MAX_AXES)
        return mnq_knet_fail(k, l, "says no order of axes that is known here");
    for (const struct mnq_ynode *c = v->first; c != NULL; c = c->next, n++)
        if (mnq_kv_int(c, 0, v->n - 1, &dim[n], k->e) != 0) return -1;
    if (dim[0] != 0) return mnq_knet_fail(k, l, "moves the batch axis, which is not supported");
    return mnq_knet_permute(k, l, dim + 1, n - 1, in);
}

/* The axes of a call, those from the end counted as of `rank`; their number or -1. */
static int read_axes(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, int rank,
                     int axis[MAX_AXES])
{
    float v[MAX_AXES];
    int n = mnq_kcall_numbers(k, l, call, 1, "axis", "dim", v, MAX_AXES);
    for (int i = 0; i < n; i++) {
        axis[i] = (int)v[i] < 0 ? (int)v[i] + rank : (int)v[i];
        if (axis[i] < 0 || axis[i] >= rank) return mnq_knet_fail(k, l, "axis %d is out of range", (int)v[i]);
    }
    return n;
}

/* New axes of size 1: of a vector in front of its channels, or behind them. */
static int expand(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, int in)
{
    float v[MAX_AXES];
    struct mnq_shape s = shape_of(k, in), to = s;
    int n = mnq_kcall_numbers(k, l, call, 1, "axis", NULL, v, MAX_AXES);
    if (n < 0) return -1;
    for (int i = 0; i < n; i++) {
        int axis = (int)v[i];
        bool point = to.h == 1 && to.w == 1;
        if (axis == 1 || axis == -2 || axis == -3 || (axis == 2 && point)) continue;
        if (axis != -1 || to.h != 1) n = -1;
        else to = (struct mnq_shape){to.w, to.c, 1};
    }
    if (n <= 0 || (s.h > 1 && s.w > 1)) return mnq_knet_fail(k, l, "adds an axis where that is not supported");
    return mnq_build_reshape(&k->b, l->name, in, to, k->e);
}

static int squeeze(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, int in)
{
    int axis[MAX_AXES], n = read_axes(k, l, call, 4, axis);
    struct mnq_shape s = shape_of(k, in), to = s;
    if (n < 0) return -1;
    for (int i = 0; i < n; i++)
        if (axis[i] == 3) to = (struct mnq_shape){1, s.h, s.w};
    if (to.c != s.c && s.c != 1) return mnq_knet_fail(k, l, "drops an axis of %d channels", s.c);
    if (to.c == s.c && s.h != 1 && s.w != 1 && s.c != 1)
        return mnq_knet_fail(k, l, "drops an axis of a tensor of %d x %d x %d, which has none of size 1", s.h, s.w, s.c);
    int i = mnq_build_reshape(&k->b, l->name, in, to, k->e);
    if (i >= 0) k->sequence[i] = to.c != s.c;
    return k->knows = i;
}

/* ---- resizing and padding ---- */

/* Height and width that the call asks for, from a size or from factors. */
static int wanted_size(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, struct mnq_shape s,
                       int *h, int *w)
{
    const struct mnq_ynode *size = mnq_kcall_value(l, call, 1, "size", "target_size"),
                           *up = mnq_kcall_value(l, call, 1, "height_factor", NULL),
                           *along = mnq_kcall_value(l, call, 2, "width_factor", NULL);
    if (size == NULL) size = mnq_kcall_value(l, call, 1, "new_size", "images_size");
    if (size != NULL) return mnq_kv_pair(size, 1, MAX_SIZE, h, w, k->e);
    if (up == NULL || along == NULL) return mnq_knet_fail(k, l, "resizes without a size that is known here");
    if (mnq_kv_int(up, 1, MAX_BLOCK, h, k->e) != 0 || mnq_kv_int(along, 1, MAX_BLOCK, w, k->e) != 0) return -1;
    *h *= s.h;
    *w *= s.w;
    return 0;
}

/* A flag of the call, or of a TensorFlow node: {"align_corners": {"b": true}}. */
static bool flag(const struct mnq_klayer *l, const struct mnq_kcall *call, const char *key, bool missing)
{
    const struct mnq_ynode *v = mnq_kcall_value(l, call, 9, key, NULL);
    if (v == NULL) v = mnq_y_get(mnq_y_get(mnq_y_get(mnq_y_get(l->config, "node_def"), "attr"), key), "b");
    bool is = missing;
    return v == NULL || mnq_kv_bool(v, &is, NULL) != 0 ? missing : is;
}

static int resize_by(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, int in, bool bilinear)
{
    struct mnq_shape s = shape_of(k, in);
    int h, w;
    if (wanted_size(k, l, call, s, &h, &w) != 0) return -1;
    if (h == s.h && w == s.w) return stand(k, l, in);
    if (flag(l, call, "align_corners", false))
        return mnq_knet_fail(k, l, "resizes with aligned corners, which is not supported");
    if (mnq_knet_at_front(k, in))
        return stand(k, l, mnq_knet_resize_front(k, l, in, h, w, "pictures are brought there when they are read"));
    if (h % s.h == 0 && w % s.w == 0) {
        bool centred = !bilinear || flag(l, call, "half_pixel_centers", strstr(l->class_name, "TensorFlowOpLayer") == NULL);
        if (!centred) return mnq_knet_fail(k, l, "resizes by pixels' corners (TensorFlow 1), which is not supported");
        return mnq_build_upsample(&k->b, l->name, in, h / s.h, w / s.w, bilinear, k->e);
    }
    if (bilinear && s.h == 2 * h && s.w == 2 * w) /* half way between two pixels */
        return mnq_build_avgpool(&k->b, l->name, in, 2, 2, 2, 2, k->e);
    return mnq_knet_fail(k, l, "resizes %d x %d to %d x %d inside the network; whole factors are supported", s.h, s.w, h, w);
}

static int resize(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, int in)
{
    const struct mnq_ynode *how = mnq_kcall_value(l, call, 2, "method", "interpolation");
    const char *s = how != NULL && how->kind == MNQ_Y_SCALAR ? how->text : "bilinear";
    if (mnq_kcall_value(l, call, 1, "height_factor", NULL) != NULL && how == NULL)
        s = "nearest"; /* keras.backend.resize_images */
    if (strstr(s, "nearest") == NULL && strcmp(s, "bilinear") != 0)
        return mnq_knet_fail(k, l, "resizes by %.40s, nearest and bilinear are supported", s);
    return resize_by(k, l, call, in, strcmp(s, "bilinear") == 0);
}

static int resize_bilinear(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, int in)
{
    return resize_by(k, l, call, in, true);
}

static int resize_nearest(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, int in)
{
    return resize_by(k, l, call, in, false);
}

/* n channels of zeros, as a tensor of node `in`'s height and width. */
static int zeros(struct mnq_knet *k, const char *name, int in, int n)
{
    char part[600];
    int c = k->b.g->node[in].out.c, *map = mnq_arena_array(k->b.g->arena, (size_t)n, sizeof *map);
    if (map == NULL) return mnq_fail_nomem(k->e);
    for (int i = 0; i < n; i++) map[i] = i % c;
    snprintf(part, sizeof part, "%.500s/channels", name);
    int some = mnq_build_select(&k->b, part, in, map, n, k->e);
    return some < 0 ? -1 : mnq_build_affine(&k->b, name, some, &(float){0}, &(float){0}, 1, k->e);
}

/* Zeros before and behind the channels: shortcuts to blocks of more channels have them. */
static int pad_channels(struct mnq_knet *k, const struct mnq_klayer *l, int in, int before, int behind)
{
    int part[3], n = 0;
    char name[600];
    if (before > 0) {
        snprintf(name, sizeof name, "%.500s/before", l->name);
        if ((part[n++] = zeros(k, name, in, before)) < 0) return -1;
    }
    part[n++] = in;
    if (behind > 0) {
        snprintf(name, sizeof name, "%.500s/behind", l->name);
        if ((part[n++] = zeros(k, name, in, behind)) < 0) return -1;
    }
    return mnq_build_concat(&k->b, l->name, part, n, k->e);
}

static int pad(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, int in)
{
    enum { ENDS = 8 }; /* of four axes */
    float v[ENDS], with = 0;
    const struct mnq_ynode *mode = mnq_kcall_value(l, call, 2, "mode", NULL);
    int n = mnq_kcall_numbers(k, l, call, 1, "paddings", "pad_width", v, ENDS);
    if (n < 0 || mnq_kcall_numbers(k, l, call, 3, "constant_values", NULL, &with, 1) < 0) return -1;
    bool constant = mode == NULL || mnq_y_is(mode, "constant") || mnq_y_is(mode, "CONSTANT");
    for (int i = 0; i < n; i++) constant = constant && v[i] >= 0 && v[i] < MAX_SIZE;
    if (n != ENDS || !constant || v[0] != 0 || v[1] != 0 || with != 0)
        return mnq_knet_fail(k, l, "only zeros around rows, columns and channels are supported");
    bool around = v[2] + v[3] + v[4] + v[5] > 0;
    if (v[6] + v[7] > 0 && !around) return pad_channels(k, l, in, (int)v[6], (int)v[7]);
    if (v[6] + v[7] > 0) return mnq_knet_fail(k, l, "pads channels and pixels at once; one after the other is supported");
    return mnq_build_pad(&k->b, l->name, in, (int)v[2], (int)v[3], (int)v[4], (int)v[5], k->e);
}

/* ---- pools ---- */

/* One number, two, or four of which the middle ones count. */
static int window(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, int place, const char *key,
                  const char *other, int *h, int *w)
{
    float v[4];
    int n = mnq_kcall_numbers(k, l, call, place, key, other, v, 4);
    if (n < 0) return -1;
    bool four = n == 4 && v[0] == 1 && v[3] == 1;
    if (n != 1 && n != 2 && !four) return n == 0 ? 1 : mnq_knet_fail(k, l, "%s is not supported as it stands", key);
    *h = (int)(four ? v[1] : v[0]);
    *w = (int)(four ? v[2] : v[n - 1]);
    return *h < 1 || *w < 1 || *h > MAX_SIZE || *w > MAX_SIZE ? mnq_knet_fail(k, l, "%s is out of range", key) : 0;
}

static int pool(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, int in, enum mnq_op op)
{
    struct mnq_conv c = {.padding = MNQ_PAD_VALID};
    const struct mnq_ynode *padding = mnq_kcall_value(l, call, 3, "padding", NULL);
    int rc = window(k, l, call, 1, "ksize", "pool_size", &c.kh, &c.kw);
    if (rc == 0) rc = window(k, l, call, 2, "strides", NULL, &c.sh, &c.sw);
    if (rc < 0) return -1;
    if (c.kh == 0) return mnq_knet_fail(k, l, "says no size of its windows");
    if (rc > 0) c.sh = c.kh, c.sw = c.kw;
    if (mnq_y_is(padding, "SAME") || mnq_y_is(padding, "same")) c.padding = MNQ_PAD_SAME;
    else if (padding != NULL && !mnq_y_is(padding, "VALID") && !mnq_y_is(padding, "valid"))
        return mnq_knet_fail(k, l, "its padding is not supported as it stands");
    return mnq_build_pool(&k->b, op, l->name, in, c, k->e);
}

static int max_pool(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, int in)
{
    return pool(k, l, call, in, MNQ_OP_MAXPOOL);
}

static int average_pool(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, int in)
{
    return pool(k, l, call, in, MNQ_OP_AVGPOOL);
}

/* ---- reductions ---- */

enum reach { REACH_NONE, REACH_PLANE, REACH_CHANNELS };

/* What the axes of a reduction cover. */
static enum reach reach_of(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, int in)
{
    float v[MAX_AXES];
    int n = mnq_kcall_numbers(k, l, call, 1, "axis", "reduction_indices", v, MAX_AXES);
    struct mnq_shape s = shape_of(k, in);
    bool sequence = k->sequence[in], rows = s.h == 1, columns = s.w == 1, channels = false, other = n < 1;
    for (int i = 0; i < n; i++) {
        int a = (int)v[i] + (sequence && v[i] > 0 ? 1 : 0);
        if (a == -1 || a == 3) channels = true;
        else if (a == 1 || a == -3) rows = true;
        else if (a == 2 || a == -2) columns = true;
        else other = true;
    }
    if (other) return REACH_NONE;
    if (channels) return n == 1 ? REACH_CHANNELS : REACH_NONE;
    return rows && columns ? REACH_PLANE : REACH_NONE;
}

static int no_reach(struct mnq_knet *k, const struct mnq_klayer *l)
{
    return mnq_knet_fail(k, l, "reduces over axes that are not supported; height and width together are, and channels");
}

/* The mean of all channels: a 1x1 convolution with equal weights. */
static int channel_mean(struct mnq_knet *k, const struct mnq_klayer *l, int in, float share)
{
    int c = shape_of(k, in).c;
    float *w = mnq_arena_array(k->b.g->arena, (size_t)c, sizeof *w);
    if (w == NULL) return mnq_fail_nomem(k->e);
    for (int i = 0; i < c; i++) w[i] = share;
    return mnq_build_mix(&k->b, l->name, in, 1, w, k->e);
}

/* The largest of all channels: they become the columns of one window. */
static int channel_max(struct mnq_knet *k, const struct mnq_klayer *l, int in)
{
    struct mnq_shape s = shape_of(k, in);
    char name[512];
    if (s.c > MAX_SIZE / s.w)
        return mnq_knet_fail(k, l, "the maximum over %d channels of %d columns is not supported", s.c, s.w);
    int i = mnq_build_spread(&k->b, part_name(l, "apart", 0, name, sizeof name), in, 1, s.c, k->e);
    struct mnq_conv window = {.kh = 1, .kw = s.c, .sh = 1, .sw = s.c, .padding = MNQ_PAD_VALID};
    return i < 0 ? -1 : mnq_build_pool(&k->b, MNQ_OP_MAXPOOL, l->name, i, window, k->e);
}

static int mean(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, int in)
{
    struct mnq_shape s = shape_of(k, in);
    switch (reach_of(k, l, call, in)) {
    case REACH_PLANE:
        return mnq_build_avgpool(&k->b, l->name, in, 0, 0, 1, 1, k->e);
    case REACH_CHANNELS:
        return channel_mean(k, l, in, 1.0f / (float)s.c);
    default:
        return no_reach(k, l);
    }
}

static int sum(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, int in)
{
    struct mnq_shape s = shape_of(k, in);
    float pixels = (float)s.h * (float)s.w;
    char name[512];
    switch (reach_of(k, l, call, in)) {
    case REACH_PLANE:
        in = mnq_build_avgpool(&k->b, part_name(l, "mean", 0, name, sizeof name), in, 0, 0, 1, 1, k->e);
        return in < 0 ? -1 : mnq_build_affine(&k->b, l->name, in, &pixels, &(float){0}, 1, k->e);
    case REACH_CHANNELS:
        return channel_mean(k, l, in, 1.0f);
    default:
        return no_reach(k, l);
    }
}

static int maximum(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, int in)
{
    switch (reach_of(k, l, call, in)) {
    case REACH_PLANE:
        return mnq_build_pool(&k->b, MNQ_OP_MAXPOOL, l->name, in, (struct mnq_conv){0}, k->e);
    case REACH_CHANNELS:
        return channel_max(k, l, in);
    default:
        return no_reach(k, l);
    }
}

/* ---- blocks of pixels and channels ---- */

static int block_size(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, int missing, int *b)
{
    const struct mnq_ynode *v = mnq_kcall_value(l, call, 1, "block_size", "scale");
    *b = missing;
    if (v == NULL && missing == 0) return mnq_knet_fail(k, l, "says no block_size");
    return v == NULL ? 0 : mnq_kv_int(v, 1, MAX_BLOCK, b, k->e);
}

static int depth_to_space(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, int in)
{
    int b;
    if (block_size(k, l, call, 0, &b) != 0) return -1;
    return mnq_build_spread(&k->b, l->name, in, b, b, k->e);
}

/* Channel (y b + x) C + c is channel c of pixel (y, x) of a block: pictures of every b-th pixel, one behind the other. */
static int in_blocks(struct mnq_knet *k, const struct mnq_klayer *l, int in, int b)
{
    struct mnq_shape s = shape_of(k, in);
    int part[MAX_BLOCK * MAX_BLOCK];
    char name[512];
    if (s.h % b != 0 || s.w % b != 0) return mnq_knet_fail(k, l, "%d x %d pixels are no blocks of %d x %d", s.h, s.w, b, b);
    if (b == 1) return stand(k, l, in);
    struct mnq_conv every = {.kh = 1, .kw = 1, .sh = b, .sw = b, .padding = MNQ_PAD_VALID};
    for (int i = 0; i < b * b; i++) {
        int y = i / b, x = i % b;
        int at = i == 0 ? in : mnq_build_crop(&k->b, part_name(l, "crop", i, name, sizeof name), in, y, 0, x, 0, k->e);
        if (at < 0) return -1;
        part[i] = mnq_build_pool(&k->b, MNQ_OP_AVGPOOL, part_name(l, "every", i, name, sizeof name), at, every, k->e);
        if (part[i] < 0) return -1;
    }
    return mnq_build_concat(&k->b, l->name, part, b * b, k->e);
}

static int space_to_depth(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, int in)
{
    int b;
    return block_size(k, l, call, 0, &b) != 0 ? -1 : in_blocks(k, l, in, b);
}

/* The name under which Keras' ports of YOLOv2 keep it. */
static int space_to_depth_2(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, int in)
{
    (void)call;
    return in_blocks(k, l, in, 2);
}

/* ---- channels ---- */

static int shuffle(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, int in)
{
    const struct mnq_ynode *v = mnq_kcall_value(l, call, 1, "groups", "num_groups");
    int c = shape_of(k, in).c, groups = 2;
    if (v != NULL && mnq_kv_int(v, 1, c, &groups, k->e) != 0) return -1;
    if (c % groups != 0) return mnq_knet_fail(k, l, "%d groups of %d channels", groups, c);
    int *map = mnq_arena_array(k->b.g->arena, (size_t)c, sizeof *map);
    if (map == NULL) return mnq_fail_nomem(k->e);
    for (int o = 0; o < c; o++) map[o] = o % groups * (c / groups) + o / groups;
    return mnq_build_select(&k->b, l->name, in, map, c, k->e);
}

/* One channel three times. */
static int grey_to_colours(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, int in)
{
    (void)call;
    if (shape_of(k, in).c != 1) return mnq_knet_fail(k, l, "takes %d channels for grey ones", shape_of(k, in).c);
    return mnq_build_mix(&k->b, l->name, in, 3, (const float[]){1, 1, 1}, k->e);
}

static int colours_to_grey(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, int in)
{
    (void)call;
    return mnq_kl_grayscale(k, l, &in, 1);
}

/* First channels of the parts: a number of equal ones, sizes (TensorFlow), or where to cut (Keras 3). */
static int read_parts(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, int c,
                      int cut[MNQ_OUTPUTS_MAX + 1])
{
    float v[MNQ_OUTPUTS_MAX];
    const struct mnq_ynode *given = mnq_kcall_value(l, call, 1, "num_or_size_splits", "indices_or_sections");
    bool places = mnq_y_get(l->config, "indices_or_sections") != NULL;
    int n = mnq_kcall_numbers(k, l, call, 1, "num_or_size_splits", "indices_or_sections", v, MNQ_OUTPUTS_MAX - 1);
    if (n < 0) return -1;
    if (n == 1 && mnq_kv_plain(given)->kind == MNQ_Y_SCALAR) {
        int parts = v[0] >= 1 && v[0] <= MNQ_OUTPUTS_MAX ? (int)v[0] : 0;
        if (parts == 0 || c % parts != 0) return mnq_knet_fail(k, l, "%g equal parts of %d channels", (double)v[0], c);
        for (int i = 0; i <= parts; i++) cut[i] = i * (c / parts);
        return parts;
    }
    cut[0] = 0;
    for (int i = 0; i < n; i++) {
        if (!(v[i] >= 0 && v[i] <= (float)c)) return mnq_knet_fail(k, l, "a part of %g channels", (double)v[i]);
        cut[i + 1] = places ? (int)v[i] : cut[i] + (int)v[i];
    }
    if (places) cut[++n] = c;
    for (int i = 0; i < n; i++)
        if (cut[i + 1] <= cut[i] || cut[i + 1] > c) return mnq_knet_fail(k, l, "its parts are not those of %d channels", c);
    return n < 1 || cut[n] != c ? mnq_knet_fail(k, l, "its parts are not those of %d channels", c) : n;
}

static int split(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, int in)
{
    struct mnq_shape s = shape_of(k, in);
    const struct mnq_ynode *v = mnq_kcall_value(l, call, 2, "axis", NULL);
    int axis = 0, cut[MNQ_OUTPUTS_MAX + 1];
    bool vector = s.h == 1 && s.w == 1;
    if (v != NULL && mnq_kv_int(v, -4, 4, &axis, k->e) != 0) return -1;
    if (axis != -1 && axis != 3 && !(k->sequence[in] && axis == 2) && !(vector && axis == 1))
        return mnq_knet_fail(k, l, "parts axis %d, only the channels (-1 or 3) are supported", axis);
    int n = read_parts(k, l, call, s.c, cut);
    if (n < 0) return -1;
    for (int i = 0; i < n; i++) {
        char name[512];
        int c = cut[i + 1] - cut[i], *map = mnq_arena_array(k->b.g->arena, (size_t)c, sizeof *map);
        if (map == NULL) return mnq_fail_nomem(k->e);
        for (int o = 0; o < c; o++) map[o] = cut[i] + o;
        k->part[i] = mnq_build_select(&k->b, part_name(l, "part", i, name, sizeof name), in, map, c, k->e);
        if (k->part[i] < 0) return -1;
    }
    k->n_part = n;
    return k->part[0];
}

/* ---- the table ---- */

mnq_kmove *mnq_kmove_of(const char *name)
{
    static const struct {
        const char *name;
        mnq_kmove *move;
    } table[] = {
        {"reshape", reshape},
        {"transpose", transpose},
        {"permutedimensions", transpose},
        {"expanddims", expand},
        {"squeeze", squeeze},
        {"resize", resize},
        {"resizeimages", resize},
        {"resizebilinear", resize_bilinear},
        {"resizenearestneighbor", resize_nearest},
        {"pad", pad},
        {"padv2", pad},
        {"maxpool", max_pool},
        {"maxpool2d", max_pool},
        {"avgpool", average_pool},
        {"avgpool2d", average_pool},
        {"averagepool", average_pool},
        {"mean", mean},
        {"reducemean", mean},
        {"sum", sum},
        {"reducesum", sum},
        {"max", maximum},
        {"amax", maximum},
        {"reducemax", maximum},
        {"depthtospace", depth_to_space},
        {"spacetodepth", space_to_depth},
        {"spacetodepthx2", space_to_depth_2},
        {"channelshuffle", shuffle},
        {"grayscaletorgb", grey_to_colours},
        {"rgbtograyscale", colours_to_grey},
        {"split", split},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(name, table[i].name) == 0) return table[i].move;
    return NULL;
}
