/* SPDX-License-Identifier: Apache-2.0
 * MobileNet V2 (Sandler et al. 2018, arXiv:1801.04381) as keras.applications.mobilenet_v2 builds it. */
#include "import/arch_nets.h"

#include <stdio.h>

enum { NAME = 64 };

static int relu(struct mnq_build *b, const struct mnq_arch *a, const char *name, int x, struct mnq_err *e)
{
    return mnq_build_act(b, name, x, a->act == MNQ_ACT_NONE ? MNQ_ACT_RELU_MAX : a->act, 6, e);
}

/* 1x1 convolution and BatchNormalization: the expansion or the projection of block i. */
static int pointwise(struct mnq_build *b, const struct mnq_arch *a, int i, const char *prefix, const char *what, int x,
                     int filters, struct mnq_err *e)
{
    char name[NAME];
    snprintf(name, sizeof name, "%s%s", prefix, what);
    x = mnq_build_conv(b, name, x, (struct mnq_conv){1, 1, 1, 1, MNQ_PAD_SAME, filters, a->bias}, e);
    if (x < 0 || mnq_arch_alias(b, e, "mobl%d_conv_%s", i, what) != 0) return -1;
    snprintf(name, sizeof name, "%s%s_BN", prefix, what);
    x = mnq_build_batchnorm(b, name, x, (float)a->eps, true, true, e);
    return x < 0 || mnq_arch_alias(b, e, i == 0 ? "bn%d_conv_%s" : "bn%d_conv_bn_%s", i, what) != 0 ? -1 : x;
}

static int depthwise(struct mnq_build *b, const struct mnq_arch *a, int i, const char *prefix, int x, int stride,
                     struct mnq_err *e)
{
    char name[NAME], pad[NAME];
    snprintf(pad, sizeof pad, "%spad", prefix);
    snprintf(name, sizeof name, "%sdepthwise", prefix);
    x = mnq_arch_padded(b, a, pad, name, x, true, 3, stride, 1, e);
    if (x < 0 || mnq_arch_alias(b, e, "mobl%d_conv_depthwise", i) != 0) return -1;
    snprintf(name, sizeof name, "%sdepthwise_BN", prefix);
    x = mnq_build_batchnorm(b, name, x, (float)a->eps, true, true, e);
    if (x < 0 || mnq_arch_alias(b, e, "bn%d_conv_depthwise", i) != 0) return -1;
    snprintf(name, sizeof name, "%sdepthwise_relu", prefix);
    return relu(b, a, name, x, e);
}

static int inverted_residual(struct mnq_build *b, const struct mnq_arch *a, int i, int in, int expansion, int filters,
                             int stride, struct mnq_err *e)
{
    char prefix[32] = "expanded_conv_", name[NAME];
    int cin = b->g->node[in].out.c, x = in;
    if (i > 0) {
        snprintf(prefix, sizeof prefix, "block_%d_", i);
        x = pointwise(b, a, i, prefix, "expand", x, expansion * cin, e);
        snprintf(name, sizeof name, "%sexpand_relu", prefix);
        if (x >= 0) x = relu(b, a, name, x, e);
    }
    if (x >= 0) x = depthwise(b, a, i, prefix, x, stride, e);
    if (x >= 0) x = pointwise(b, a, i, prefix, "project", x, filters, e);
    if (x < 0 || stride != 1 || cin != filters) return x;
    snprintf(name, sizeof name, "%sadd", prefix);
    return mnq_build_add(b, name, in, x, e);
}

int mnq_arch_v2(struct mnq_build *b, const struct mnq_arch *a, int in, struct mnq_err *e)
{
    static const struct {
        int expansion, filters, count, stride;
    } stage[7] = {{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
    int x = mnq_arch_padded(b, a, "Conv1_pad", "Conv1", in, false, 3, 2, mnq_arch_round8(32 * a->width), e);
    if (x >= 0) x = mnq_build_batchnorm(b, "bn_Conv1", x, (float)a->eps, true, true, e);
    if (x >= 0) x = relu(b, a, "Conv1_relu", x, e);
    for (int s = 0, i = 0; s < 7; s++)
        for (int k = 0; k < stage[s].count && x >= 0; k++, i++)
            x = inverted_residual(b, a, i, x, stage[s].expansion, mnq_arch_round8((int)(stage[s].filters * a->width)),
                                  k == 0 ? stage[s].stride : 1, e);
    int last = a->width > 1.0 ? mnq_arch_round8(1280 * a->width) : 1280;
    if (x >= 0) x = mnq_build_conv(b, "Conv_1", x, (struct mnq_conv){1, 1, 1, 1, MNQ_PAD_VALID, last, a->bias}, e);
    if (x >= 0) x = mnq_build_batchnorm(b, "Conv_1_bn", x, (float)a->eps, true, true, e);
    if (x >= 0) x = relu(b, a, "out_relu", x, e);
    if (x < 0 || a->head == MNQ_HEAD_NONE) return x;
    if (a->head == MNQ_HEAD_CONV) return mnq_arch_conv_head(b, a, "predictions", "predictions/softmax", x, e);
    x = mnq_arch_dense_head(b, a, "predictions", x, e);
    return x < 0 || mnq_arch_alias(b, e, "Logits") != 0 ? -1 : x;
}
