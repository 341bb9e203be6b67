/* SPDX-License-Identifier: Apache-2.0
 * Xception (Chollet 2017, arXiv:1610.02357) as keras.applications.xception builds it. */
#include "import/arch_nets.h"
#include "import/netbuild_ops.h"

#include <stdio.h>

enum { NAME = 64 };

static int relu(struct mnq_build *b, int block, const char *what, int x, struct mnq_err *e)
{
    char name[NAME];
    snprintf(name, sizeof name, "block%d_%.40s_act", block, what);
    return x < 0 ? -1 : mnq_build_act(b, name, x, MNQ_ACT_RELU, 0, e);
}

/* Convolution (valid) and BatchNormalization of the entry. */
static int entry(struct mnq_build *b, const struct mnq_arch *a, const char *name, int x, int filters, int stride,
                 struct mnq_err *e)
{
    char part[NAME];
    if (x >= 0) x = mnq_build_conv(b, name, x, (struct mnq_conv){3, 3, stride, stride, MNQ_PAD_VALID, filters, a->bias}, e);
    snprintf(part, sizeof part, "%s_bn", name);
    return x < 0 ? -1 : mnq_build_batchnorm(b, part, x, (float)a->eps, true, true, e);
}

static int separable(struct mnq_build *b, const struct mnq_arch *a, int block, int i, int x, int filters, struct mnq_err *e)
{
    char name[NAME], part[NAME];
    snprintf(name, sizeof name, "block%d_sepconv%d", block, i);
    snprintf(part, sizeof part, "block%d_sepconv%d_bn", block, i);
    if (x >= 0) x = mnq_build_separable(b, name, x, (struct mnq_conv){3, 3, 1, 1, MNQ_PAD_SAME, filters, a->bias}, 1, e);
    return x < 0 ? -1 : mnq_build_batchnorm(b, part, x, (float)a->eps, true, true, e);
}

/* The 1x1 way around a block of stride 2; Keras numbers its layers by itself. */
static int residual(struct mnq_build *b, const struct mnq_arch *a, int number, int x, int filters, struct mnq_err *e)
{
    char conv[NAME] = "conv2d", norm[NAME] = "batch_normalization";
    if (number > 0) {
        snprintf(conv, sizeof conv, "conv2d_%d", number);
        snprintf(norm, sizeof norm, "batch_normalization_%d", number);
    }
    x = mnq_build_conv(b, conv, x, (struct mnq_conv){1, 1, 2, 2, MNQ_PAD_SAME, filters, a->bias}, e);
    return x < 0 ? -1 : mnq_build_batchnorm(b, norm, x, (float)a->eps, true, true, e);
}

/* Two separable convolutions and a pool of stride 2, plus the residual. The first block begins without an activation. */
static int down(struct mnq_build *b, const struct mnq_arch *a, int block, int number, int in, int first, int filters,
                struct mnq_err *e)
{
    char name[NAME];
    int around = residual(b, a, number, in, filters, e), x = around < 0 ? -1 : in;
    if (number > 0) x = relu(b, block, "sepconv1", x, e);
    x = separable(b, a, block, 1, x, first, e);
    x = separable(b, a, block, 2, relu(b, block, "sepconv2", x, e), filters, e);
    snprintf(name, sizeof name, "block%d_pool", block);
    if (x >= 0) x = mnq_build_pool(b, MNQ_OP_MAXPOOL, name, x, (struct mnq_conv){3, 3, 2, 2, MNQ_PAD_SAME, 0, false}, e);
    snprintf(name, sizeof name, "add_%d", block);
    return x < 0 ? -1 : mnq_build_add(b, name, x, around, e);
}

int mnq_arch_xception(struct mnq_build *b, const struct mnq_arch *a, int in, struct mnq_err *e)
{
    int x = relu(b, 1, "conv1", entry(b, a, "block1_conv1", in, 32, 2, e), e);
    x = relu(b, 1, "conv2", entry(b, a, "block1_conv2", x, 64, 1, e), e);
    if (x >= 0) x = down(b, a, 2, 0, x, 128, 128, e);
    if (x >= 0) x = down(b, a, 3, 1, x, 256, 256, e);
    if (x >= 0) x = down(b, a, 4, 2, x, 728, 728, e);
    for (int block = 5; block < 13 && x >= 0; block++) {
        char name[NAME];
        int around = x;
        for (int i = 1; i <= 3; i++) {
            snprintf(name, sizeof name, "sepconv%d", i);
            x = separable(b, a, block, i, relu(b, block, name, x, e), 728, e);
        }
        snprintf(name, sizeof name, "add_%d", block);
        if (x >= 0) x = mnq_build_add(b, name, x, around, e);
    }
    if (x >= 0) x = down(b, a, 13, 3, x, 728, 1024, e);
    x = relu(b, 14, "sepconv1", separable(b, a, 14, 1, x, 1536, e), e);
    x = relu(b, 14, "sepconv2", separable(b, a, 14, 2, x, 2048, e), e);
    if (x < 0 || a->head == MNQ_HEAD_NONE) return x;
    return mnq_arch_dense_head(b, a, "predictions", x, e);
}
