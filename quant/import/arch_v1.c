/* SPDX-License-Identifier: Apache-2.0
 * MobileNet V1 (Howard et al. 2017, arXiv:1704.04861) as keras.applications.mobilenet builds it. */
#include "import/arch_nets.h"

#include <stdio.h>

static enum mnq_act act_of(const struct mnq_arch *a)
{
    return a->act == MNQ_ACT_NONE ? MNQ_ACT_RELU_MAX : a->act;
}

/* BatchNormalization and activation behind `name`. */
static int finish(struct mnq_build *b, const struct mnq_arch *a, const char *name, int x, struct mnq_err *e)
{
    char part[64];
    snprintf(part, sizeof part, "%s_bn", name);
    if (x >= 0) x = mnq_build_batchnorm(b, part, x, (float)a->eps, true, true, e);
    snprintf(part, sizeof part, "%s_relu", name);
    return x < 0 ? -1 : mnq_build_act(b, part, x, act_of(a), 6, e);
}

static int head(struct mnq_build *b, const struct mnq_arch *a, int x, struct mnq_err *e)
{
    if (a->head == MNQ_HEAD_NONE) return x;
    if (a->head == MNQ_HEAD_DENSE) return mnq_arch_dense_head(b, a, "predictions", x, e);
    return mnq_arch_conv_head(b, a, "conv_preds", "predictions", x, e);
}

int mnq_arch_v1(struct mnq_build *b, const struct mnq_arch *a, int in, struct mnq_err *e)
{
    static const struct {
        int filters, stride;
    } block[13] = {{64, 1},  {128, 2}, {128, 1}, {256, 2}, {256, 1},  {512, 2}, {512, 1},
                   {512, 1}, {512, 1}, {512, 1}, {512, 1}, {1024, 2}, {1024, 1}};
    int filters = (int)(32 * a->width);
    int x = a->symmetric ? mnq_build_pad(b, "conv1_pad", in, 1, 1, 1, 1, e) : in;
    if (x < 0) return -1;
    x = mnq_build_conv(b, "conv1", x,
                       (struct mnq_conv){3, 3, 2, 2, a->symmetric ? MNQ_PAD_VALID : MNQ_PAD_SAME, filters, a->bias}, e);
    x = finish(b, a, "conv1", x, e);
    for (int i = 0; i < 13 && x >= 0; i++) {
        char name[32], pad[32];
        snprintf(name, sizeof name, "conv_dw_%d", i + 1);
        snprintf(pad, sizeof pad, "conv_pad_%d", i + 1);
        int s = block[i].stride, before = a->symmetric ? 1 : 0;
        if (s == 2) x = mnq_build_pad(b, pad, x, before, 1, before, 1, e); /* fixed, also on odd sizes */
        if (x < 0) break;
        x = mnq_build_dwconv(b, name, x, (struct mnq_conv){3, 3, s, s, s == 2 ? MNQ_PAD_VALID : MNQ_PAD_SAME, 1, a->bias},
                             e);
        x = finish(b, a, name, x, e);
        if (x < 0) break;
        snprintf(name, sizeof name, "conv_pw_%d", i + 1);
        filters = (int)(block[i].filters * a->width);
        x = mnq_build_conv(b, name, x, (struct mnq_conv){1, 1, 1, 1, MNQ_PAD_SAME, filters, a->bias}, e);
        x = finish(b, a, name, x, e);
    }
    return x < 0 ? -1 : head(b, a, x, e);
}
