/* SPDX-License-Identifier: Apache-2.0
 * MobileNet V3 (Howard et al. 2019, arXiv:1905.02244) as keras.applications.mobilenet_v3 builds it. */
#include "import/arch_nets.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { NAME = 96 };

struct block {
    double expansion;
    int filters, kernel, stride;
    bool squeeze, hswish;
};

static const struct block small[] = {
    {1, 16, 3, 2, true, false}, {72.0 / 16, 24, 3, 2, false, false}, {88.0 / 24, 24, 3, 1, false, false},
    {4, 40, 5, 2, true, true},  {6, 40, 5, 1, true, true},           {6, 40, 5, 1, true, true},
    {3, 48, 5, 1, true, true},  {3, 48, 5, 1, true, true},           {6, 96, 5, 2, true, true},
    {6, 96, 5, 1, true, true},  {6, 96, 5, 1, true, true},
};

static const struct block large[] = {
    {1, 16, 3, 1, false, false},  {4, 24, 3, 2, false, false},  {3, 24, 3, 1, false, false}, {3, 40, 5, 2, true, false},
    {3, 40, 5, 1, true, false},   {3, 40, 5, 1, true, false},   {6, 80, 3, 2, false, true},  {2.5, 80, 3, 1, false, true},
    {2.3, 80, 3, 1, false, true}, {2.3, 80, 3, 1, false, true}, {6, 112, 3, 1, true, true},  {6, 112, 3, 1, true, true},
    {6, 160, 5, 2, true, true},   {6, 160, 5, 1, true, true},   {6, 160, 5, 1, true, true},
};

/* The newest slot under its Keras 3 name: "expanded_conv/expand/BatchNorm" is expanded_conv_expand_bn there. */
static int alias3(struct mnq_build *b, struct mnq_err *e)
{
    const char *s = b->slot[b->n_slot - 1].layer;
    char name[NAME];
    size_t o = 0;
    while (*s != '\0' && o + 4 < sizeof name) {
        static const char norm[] = "/BatchNorm";
        if (strncmp(s, norm, sizeof norm - 1) == 0) {
            memcpy(name + o, "_bn", 3);
            o += 3;
            s += sizeof norm - 1;
        } else {
            name[o++] = *s == '/' ? '_' : (char)tolower((unsigned char)*s);
            s++;
        }
    }
    name[o] = '\0';
    return mnq_arch_alias(b, e, "%s", name);
}

static int act(struct mnq_build *b, const struct mnq_arch *a, const char *prefix, const char *name, int x, bool hswish,
               struct mnq_err *e)
{
    char full[NAME];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    return x < 0 ? -1 : mnq_build_act(b, full, x, hswish && !a->minimalistic ? MNQ_ACT_HSWISH : MNQ_ACT_RELU, 0, e);
}

static int batchnorm(struct mnq_build *b, const struct mnq_arch *a, const char *prefix, const char *conv, int x,
                     struct mnq_err *e)
{
    char name[NAME];
    snprintf(name, sizeof name, "%s%s/BatchNorm", prefix, conv);
    if (x < 0 || alias3(b, e) != 0) return -1; /* of the convolution */
    x = mnq_build_batchnorm(b, name, x, (float)a->eps, true, true, e);
    return x < 0 || alias3(b, e) != 0 ? -1 : x;
}

static int conv1x1(struct mnq_build *b, const char *prefix, const char *conv, int x, int filters, bool bias,
                   struct mnq_err *e)
{
    char name[NAME];
    snprintf(name, sizeof name, "%s%s", prefix, conv);
    return x < 0 ? -1 : mnq_build_conv(b, name, x, (struct mnq_conv){1, 1, 1, 1, MNQ_PAD_SAME, filters, bias}, e);
}

/* x * h-sigmoid(1x1(relu(1x1(mean(x))))) */
static int squeeze_excite(struct mnq_build *b, const char *prefix, int in, int squeezed, struct mnq_err *e)
{
    char name[NAME];
    int c = b->g->node[in].out.c;
    snprintf(name, sizeof name, "%ssqueeze_excite/AvgPool", prefix);
    int x = mnq_build_avgpool(b, name, in, 0, 0, 1, 1, e);
    x = conv1x1(b, prefix, "squeeze_excite/Conv", x, squeezed, true, e);
    if (x < 0 || alias3(b, e) != 0) return -1;
    snprintf(name, sizeof name, "%ssqueeze_excite/Relu", prefix);
    x = mnq_build_act(b, name, x, MNQ_ACT_RELU, 0, e);
    x = conv1x1(b, prefix, "squeeze_excite/Conv_1", x, c, true, e);
    if (x < 0 || alias3(b, e) != 0) return -1;
    snprintf(name, sizeof name, "%ssqueeze_excite/hard_sigmoid", prefix);
    x = mnq_build_act(b, name, x, MNQ_ACT_HSIGMOID, 0, e);
    snprintf(name, sizeof name, "%ssqueeze_excite/Mul", prefix);
    return x < 0 ? -1 : mnq_build_mul(b, name, in, x, e);
}

static int block(struct mnq_build *b, const struct mnq_arch *a, int i, struct block k, int in, struct mnq_err *e)
{
    char prefix[32] = "expanded_conv/", name[NAME], pad[NAME];
    int cin = b->g->node[in].out.c, expanded = mnq_arch_round8(cin * k.expansion),
        filters = mnq_arch_round8(k.filters * a->width), x = in;
    if (i > 0) {
        snprintf(prefix, sizeof prefix, "expanded_conv_%d/", i);
        x = conv1x1(b, prefix, "expand", x, expanded, a->bias, e);
        x = batchnorm(b, a, prefix, "expand", x, e);
        x = act(b, a, prefix, "expand/act", x, k.hswish, e);
    }
    if (x < 0) return -1;
    snprintf(name, sizeof name, "%sdepthwise", prefix);
    snprintf(pad, sizeof pad, "%sdepthwise/pad", prefix);
    x = mnq_arch_padded(b, a, pad, name, x, true, a->minimalistic ? 3 : k.kernel, k.stride, 1, e);
    x = batchnorm(b, a, prefix, "depthwise", x, e);
    x = act(b, a, prefix, "depthwise/act", x, k.hswish, e);
    if (x >= 0 && k.squeeze && !a->minimalistic) x = squeeze_excite(b, prefix, x, mnq_arch_round8(expanded * 0.25), e);
    x = conv1x1(b, prefix, "project", x, filters, a->bias, e);
    x = batchnorm(b, a, prefix, "project", x, e);
    if (x < 0 || k.stride != 1 || cin != filters) return x;
    snprintf(name, sizeof name, "%sAdd", prefix);
    return mnq_build_add(b, name, in, x, e);
}

static int head(struct mnq_build *b, const struct mnq_arch *a, int x, int last, struct mnq_err *e)
{
    if (a->head == MNQ_HEAD_NONE) return x;
    if (a->head == MNQ_HEAD_DENSE) return mnq_arch_dense_head(b, a, "Logits", x, e);
    if (a->head == MNQ_HEAD_CONV) {
        x = mnq_arch_conv_head(b, a, "Logits", "Predictions", x, e);
        return x < 0 || alias3(b, e) != 0 ? -1 : x;
    }
    if (!a->pool_last) x = mnq_build_avgpool(b, "global_average_pooling2d", x, 0, 0, 1, 1, e);
    x = conv1x1(b, "", "Conv_2", x, last, true, e);
    if (x < 0 || alias3(b, e) != 0) return -1;
    x = act(b, a, "", "Conv_2/act", x, true, e);
    if (x >= 0 && a->pool_last) x = mnq_build_avgpool(b, "global_average_pooling2d", x, 0, 0, 1, 1, e);
    if (a->head == MNQ_HEAD_CONV2) return x;
    x = conv1x1(b, "", "Logits", x, a->classes, true, e);
    if (x < 0 || alias3(b, e) != 0) return -1;
    x = mnq_build_reshape(b, "flatten", x, (struct mnq_shape){1, 1, a->classes}, e);
    return x < 0 ? -1 : mnq_arch_final(b, a, "Predictions", x, e);
}

int mnq_arch_v3(struct mnq_build *b, const struct mnq_arch *a, int in, struct mnq_err *e)
{
    bool is_small = a->family == MNQ_FAMILY_V3_SMALL;
    const struct block *k = is_small ? small : large;
    int n = is_small ? (int)(sizeof small / sizeof *small) : (int)(sizeof large / sizeof *large),
        last = is_small ? 1024 : 1280;
    int x = mnq_arch_padded(b, a, "Conv_pad", "Conv", in, false, 3, 2, 16, e);
    x = batchnorm(b, a, "", "Conv", x, e);
    x = act(b, a, "", "Conv/act", x, true, e);
    for (int i = 0; i < n && x >= 0; i++) x = block(b, a, i, k[i], x, e);
    if (x < 0) return -1;
    x = conv1x1(b, "", "Conv_1", x, mnq_arch_round8(6.0 * b->g->node[x].out.c), a->bias, e);
    x = batchnorm(b, a, "", "Conv_1", x, e);
    x = act(b, a, "", "Conv_1/act", x, true, e);
    if (a->width > 1.0) last = mnq_arch_round8(last * a->width);
    return x < 0 ? -1 : head(b, a, x, last, e);
}
