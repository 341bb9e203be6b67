/* SPDX-License-Identifier: Apache-2.0
 * NASNet-A (4 @ 1056), the mobile one (Zoph et al. 2018, arXiv:1707.07012), as keras.applications.nasnet builds it. */
#include "import/arch_nets.h"
#include "import/netbuild_ops.h"

#include <stdarg.h>
#include <stdio.h>

enum { NAME = 96, BLOCKS = 4, FILTERS = 44, STEM = 32 };

/* What every cell is built with. */
struct maker {
    struct mnq_build *b;
    const struct mnq_arch *a;
    struct mnq_err *e;
    char name[NAME];
};

/* Formats a layer's name into m->name. */
static const char *call(struct maker *m, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(m->name, sizeof m->name, fmt, ap);
    va_end(ap);
    return m->name;
}

static struct mnq_shape shape(const struct maker *m, int x)
{
    return m->b->g->node[x].out;
}

/* Keras leaves these unnamed. */
static int relu(struct maker *m, int x)
{
    return x < 0 ? -1 : mnq_build_act(m->b, "activation", x, MNQ_ACT_RELU, 0, m->e);
}

static int norm(struct maker *m, const char *name, int x)
{
    return x < 0 ? -1 : mnq_build_batchnorm(m->b, name, x, (float)m->a->eps, true, true, m->e);
}

static int pointwise(struct maker *m, const char *name, int x, int filters)
{
    return x < 0 ? -1
                 : mnq_build_conv(m->b, name, x, (struct mnq_conv){1, 1, 1, 1, MNQ_PAD_SAME, filters, m->a->bias}, m->e);
}

static int sum(struct maker *m, const char *name, int x, int y)
{
    return x < 0 || y < 0 ? -1 : mnq_build_add(m->b, name, x, y, m->e);
}

static int pool(struct maker *m, enum mnq_op op, const char *name, int x, int window, int stride, enum mnq_padding padding)
{
    return x < 0 ? -1
                 : mnq_build_pool(m->b, op, name, x, (struct mnq_conv){window, window, stride, stride, padding, 0, false},
                                  m->e);
}

/* Keras' correct_pad: what "same" would pad at stride 2, and on both sides alike where sizes are odd. */
static int padded(struct maker *m, const char *name, int x, int k)
{
    struct mnq_shape s = shape(m, x);
    int top = s.h % 2 == 1 ? k / 2 : k / 2 - 1, left = s.w % 2 == 1 ? k / 2 : k / 2 - 1;
    return mnq_build_pad(m->b, name, x, top, k / 2, left, k / 2, m->e);
}

/* Twice ReLU, separable convolution, BatchNormalization; the first one strides. */
static int separable(struct maker *m, int x, int filters, int k, int stride, const char *what, const char *id)
{
    for (int i = 1; i <= 2 && x >= 0; i++) {
        struct mnq_conv c = {k, k, 1, 1, MNQ_PAD_SAME, filters, m->a->bias};
        x = relu(m, x);
        if (i == 1 && stride == 2 && x >= 0) {
            x = padded(m, call(m, "separable_conv_1_pad_%s_%s", what, id), x, k);
            c.sh = c.sw = 2;
            c.padding = MNQ_PAD_VALID;
        }
        if (x >= 0) x = mnq_build_separable(m->b, call(m, "separable_conv_%d_%s_%s", i, what, id), x, c, 1, m->e);
        x = norm(m, call(m, "separable_conv_%d_bn_%s_%s", i, what, id), x);
    }
    return x;
}

/* p of half the size by two shifted samplings of every other pixel. */
static int halve(struct maker *m, int p, int filters, const char *id)
{
    p = mnq_build_act(m->b, call(m, "adjust_relu_1_%s", id), p, MNQ_ACT_RELU, 0, m->e);
    int a = pool(m, MNQ_OP_AVGPOOL, call(m, "adjust_avg_pool_1_%s", id), p, 1, 2, MNQ_PAD_VALID);
    a = pointwise(m, call(m, "adjust_conv_1_%s", id), a, filters / 2);
    int c = a < 0 ? -1 : mnq_build_pad(m->b, "zero_padding2d", p, 0, 1, 0, 1, m->e);
    if (c >= 0) c = mnq_build_crop(m->b, "cropping2d", c, 1, 0, 1, 0, m->e);
    c = pool(m, MNQ_OP_AVGPOOL, call(m, "adjust_avg_pool_2_%s", id), c, 1, 2, MNQ_PAD_VALID);
    c = pointwise(m, call(m, "adjust_conv_2_%s", id), c, filters / 2);
    if (c < 0) return -1;
    int both[2] = {a, c};
    return norm(m, call(m, "adjust_bn_%s", id), mnq_build_concat(m->b, "concatenate", both, 2, m->e));
}

/* Brings p, the cell before the last, to the size of ip and to `filters` channels. */
static int adjust(struct maker *m, int p, int ip, int filters, const char *id)
{
    if (p < 0) return ip;
    if (shape(m, p).w != shape(m, ip).w) return halve(m, p, filters, id);
    if (shape(m, p).c == filters) return p;
    p = pointwise(m, call(m, "adjust_conv_projection_%s", id), relu(m, p), filters);
    return norm(m, call(m, "adjust_bn_%s", id), p);
}

static int normal_cell(struct maker *m, int ip, int p, int filters, const char *id)
{
    p = adjust(m, p, ip, filters, id);
    if (p < 0) return -1;
    int h = pointwise(m, call(m, "normal_conv_1_%s", id), relu(m, ip), filters);
    h = norm(m, call(m, "normal_bn_1_%s", id), h);
    if (h < 0) return -1;
    int part[6] = {p};
    int left = separable(m, h, filters, 5, 1, "normal_left1", id),
        right = separable(m, p, filters, 3, 1, "normal_right1", id);
    part[1] = sum(m, call(m, "normal_add_1_%s", id), left, right);
    left = separable(m, p, filters, 5, 1, "normal_left2", id);
    right = separable(m, p, filters, 3, 1, "normal_right2", id);
    part[2] = sum(m, call(m, "normal_add_2_%s", id), left, right);
    left = pool(m, MNQ_OP_AVGPOOL, call(m, "normal_left3_%s", id), h, 3, 1, MNQ_PAD_SAME);
    part[3] = sum(m, call(m, "normal_add_3_%s", id), left, p);
    left = pool(m, MNQ_OP_AVGPOOL, call(m, "normal_left4_%s", id), p, 3, 1, MNQ_PAD_SAME);
    right = pool(m, MNQ_OP_AVGPOOL, call(m, "normal_right4_%s", id), p, 3, 1, MNQ_PAD_SAME);
    part[4] = sum(m, call(m, "normal_add_4_%s", id), left, right);
    left = separable(m, h, filters, 3, 1, "normal_left5", id);
    part[5] = sum(m, call(m, "normal_add_5_%s", id), left, h);
    for (int i = 0; i < 6; i++)
        if (part[i] < 0) return -1;
    return mnq_build_concat(m->b, call(m, "normal_concat_%s", id), part, 6, m->e);
}

static int reduction_cell(struct maker *m, int ip, int p, int filters, const char *id)
{
    p = adjust(m, p, ip, filters, id);
    if (p < 0) return -1;
    int h = pointwise(m, call(m, "reduction_conv_1_%s", id), relu(m, ip), filters);
    h = norm(m, call(m, "reduction_bn_1_%s", id), h);
    int h3 = h < 0 ? -1 : padded(m, call(m, "reduction_pad_1_%s", id), h, 3);
    if (h3 < 0) return -1;
    int left = separable(m, h, filters, 5, 2, "reduction_left1", id),
        right = separable(m, p, filters, 7, 2, "reduction_right1", id);
    int x1 = sum(m, call(m, "reduction_add_1_%s", id), left, right), part[4];
    left = pool(m, MNQ_OP_MAXPOOL, call(m, "reduction_left2_%s", id), h3, 3, 2, MNQ_PAD_VALID);
    right = separable(m, p, filters, 7, 2, "reduction_right2", id);
    part[0] = sum(m, call(m, "reduction_add_2_%s", id), left, right);
    left = pool(m, MNQ_OP_AVGPOOL, call(m, "reduction_left3_%s", id), h3, 3, 2, MNQ_PAD_VALID);
    right = separable(m, p, filters, 5, 2, "reduction_right3", id);
    part[1] = sum(m, call(m, "reduction_add3_%s", id), left, right);
    left = pool(m, MNQ_OP_AVGPOOL, call(m, "reduction_left4_%s", id), x1, 3, 1, MNQ_PAD_SAME);
    part[2] = sum(m, "add", part[0], left);
    left = separable(m, x1, filters, 3, 1, "reduction_left4", id);
    right = pool(m, MNQ_OP_MAXPOOL, call(m, "reduction_right5_%s", id), h3, 3, 2, MNQ_PAD_VALID);
    part[3] = sum(m, call(m, "reduction_add4_%s", id), left, right);
    for (int i = 0; i < 4; i++)
        if (part[i] < 0) return -1;
    return mnq_build_concat(m->b, call(m, "reduction_concat_%s", id), part, 4, m->e);
}

int mnq_arch_nasnet(struct mnq_build *b, const struct mnq_arch *a, int in, struct mnq_err *e)
{
    struct maker maker = {.b = b, .a = a, .e = e}, *m = &maker;
    char id[16];
    int x = mnq_build_conv(b, "stem_conv1", in, (struct mnq_conv){3, 3, 2, 2, MNQ_PAD_VALID, STEM, a->bias}, e), p = -1,
        next;
    x = norm(m, "stem_bn1", x);
    for (int i = 0; i < 2 && x >= 0; i++) {
        snprintf(id, sizeof id, "stem_%d", i + 1);
        next = reduction_cell(m, x, p, FILTERS / (i == 0 ? 4 : 2), id);
        p = x;
        x = next;
    }
    for (int stage = 0; stage < 3; stage++) {
        int filters = FILTERS << stage;
        if (stage > 0 && x >= 0) {
            snprintf(id, sizeof id, "reduce_%d", stage * BLOCKS);
            next = reduction_cell(m, x, p, filters, id);
            p = x;
            x = next;
        }
        for (int i = 0; i < BLOCKS && x >= 0; i++) {
            snprintf(id, sizeof id, "%d", stage * BLOCKS + i + (stage > 0 ? 1 : 0));
            next = normal_cell(m, x, p, filters, id);
            p = x;
            x = next;
        }
    }
    x = relu(m, x);
    if (x < 0 || a->head == MNQ_HEAD_NONE) return x;
    return mnq_arch_dense_head(b, a, "predictions", x, e);
}
