/* SPDX-License-Identifier: Apache-2.0
 * EfficientNet-B0 (Tan & Le 2019, arXiv:1905.11946) as keras.applications.efficientnet builds it, and Lite0, which has no
 * squeeze-excite, ReLU6 for swish, and no layers that scale pixels. */
#include "import/arch_nets.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NAME = 64 };

static bool is_lite(const struct mnq_arch *a)
{
    return a->family == MNQ_FAMILY_EFFICIENTNET_LITE0;
}

static int act(struct mnq_build *b, const struct mnq_arch *a, const char *name, int x, struct mnq_err *e)
{
    return x < 0 ? -1 : mnq_build_act(b, name, x, is_lite(a) ? MNQ_ACT_RELU_MAX : MNQ_ACT_SWISH, 6, e);
}

static int norm(struct mnq_build *b, const struct mnq_arch *a, const char *prefix, const char *what, int x,
                struct mnq_err *e)
{
    char name[NAME];
    snprintf(name, sizeof name, "%s%s", prefix, what);
    return x < 0 ? -1 : mnq_build_batchnorm(b, name, x, (float)a->eps, true, true, e);
}

static int pointwise(struct mnq_build *b, const char *prefix, const char *what, int x, int filters, bool bias,
                     struct mnq_err *e)
{
    char name[NAME];
    snprintf(name, sizeof name, "%s%s", prefix, what);
    return x < 0 ? -1 : mnq_build_conv(b, name, x, (struct mnq_conv){1, 1, 1, 1, MNQ_PAD_SAME, filters, bias}, e);
}

/* x * sigmoid(1x1(swish(1x1(mean(x))))) */
static int squeeze_excite(struct mnq_build *b, const struct mnq_arch *a, const char *prefix, int in, int squeezed,
                          struct mnq_err *e)
{
    char name[NAME];
    if (in < 0) return -1;
    int c = b->g->node[in].out.c;
    snprintf(name, sizeof name, "%sse_squeeze", prefix);
    int x = mnq_build_avgpool(b, name, in, 0, 0, 1, 1, e);
    x = pointwise(b, prefix, "se_reduce", x, squeezed, true, e);
    snprintf(name, sizeof name, "%sse_reduce/swish", prefix);
    x = pointwise(b, prefix, "se_expand", act(b, a, name, x, e), c, true, e);
    snprintf(name, sizeof name, "%sse_expand/sigmoid", prefix);
    if (x >= 0) x = mnq_build_act(b, name, x, MNQ_ACT_SIGMOID, 0, e);
    snprintf(name, sizeof name, "%sse_excite", prefix);
    return x < 0 ? -1 : mnq_build_mul(b, name, in, x, e);
}

static int block(struct mnq_build *b, const struct mnq_arch *a, const char *prefix, int in, int k, int stride, int ratio,
                 int filters, struct mnq_err *e)
{
    char name[NAME], pad[NAME];
    int cin = b->g->node[in].out.c, x = in;
    if (ratio != 1) {
        x = norm(b, a, prefix, "expand_bn", pointwise(b, prefix, "expand_conv", x, cin * ratio, a->bias, e), e);
        snprintf(name, sizeof name, "%sexpand_activation", prefix);
        x = act(b, a, name, x, e);
    }
    snprintf(name, sizeof name, "%sdwconv", prefix);
    snprintf(pad, sizeof pad, "%sdwconv_pad", prefix);
    if (x >= 0) x = mnq_arch_padded(b, a, pad, name, x, true, k, stride, 1, e);
    x = norm(b, a, prefix, "bn", x, e);
    snprintf(name, sizeof name, "%sactivation", prefix);
    x = act(b, a, name, x, e);
    if (!is_lite(a)) x = squeeze_excite(b, a, prefix, x, cin / 4 > 1 ? cin / 4 : 1, e);
    x = norm(b, a, prefix, "project_bn", pointwise(b, prefix, "project_conv", x, filters, a->bias, e), e);
    if (x < 0 || stride != 1 || cin != filters) return x;
    snprintf(name, sizeof name, "%sadd", prefix);
    return mnq_build_add(b, name, x, in, e);
}

int mnq_arch_efficientnet(struct mnq_build *b, const struct mnq_arch *a, int in, struct mnq_err *e)
{
    static const struct {
        int kernel, count, filters, ratio, stride;
    } stage[7] = {{3, 1, 16, 1, 1},  {3, 2, 24, 6, 2},  {5, 2, 40, 6, 2}, {3, 3, 80, 6, 2},
                  {5, 3, 112, 6, 1}, {5, 4, 192, 6, 2}, {3, 1, 320, 6, 1}};
    int x = in;
    if (!a->bare) {
        x = mnq_build_affine(b, "rescaling", x, &(float){1 / 255.0f}, &(float){0}, 1, e);
        if (x >= 0) x = mnq_build_normalization(b, "normalization", x, a->channels, false, e);
        if (x >= 0) x = mnq_build_affine(b, "rescaling_1", x, &(float){1}, &(float){0}, 1, e);
    }
    if (x >= 0) x = mnq_arch_padded(b, a, "stem_conv_pad", "stem_conv", x, false, 3, 2, 32, e);
    x = act(b, a, "stem_activation", norm(b, a, "", "stem_bn", x, e), e);
    for (int s = 0; s < 7; s++)
        for (int i = 0; i < stage[s].count && x >= 0; i++) {
            char prefix[16];
            snprintf(prefix, sizeof prefix, "block%d%c_", s + 1, 'a' + i);
            x = block(b, a, prefix, x, stage[s].kernel, i == 0 ? stage[s].stride : 1, stage[s].ratio, stage[s].filters, e);
        }
    x = norm(b, a, "", "top_bn", pointwise(b, "", "top_conv", x, 1280, a->bias, e), e);
    x = act(b, a, "top_activation", x, e);
    if (x < 0 || a->head == MNQ_HEAD_NONE) return x;
    return mnq_arch_dense_head(b, a, "predictions", x, e);
}

/* Keras' ImageNet files keep deviations where variances belong; since 2.12 a second Rescaling divides by their roots. */
int mnq_arch_efficientnet_settle(struct mnq_build *b, struct mnq_err *e)
{
    static const double deviation[3] = {0.229, 0.224, 0.225};
    struct mnq_node *norm = NULL, *second = NULL;
    for (int i = 0; i < b->g->n; i++) {
        if (strcmp(b->g->node[i].name, "normalization") == 0) norm = &b->g->node[i];
        if (strcmp(b->g->node[i].name, "rescaling_1") == 0) second = &b->g->node[i];
    }
    if (norm == NULL || second == NULL || norm->scale == NULL || norm->out.c != 3) return 0;
    for (int c = 0; c < 3; c++)
        if (fabs(1.0 / ((double)norm->scale[c] * (double)norm->scale[c]) - deviation[c]) > 1e-3) return 0;
    for (int c = 0; c < 3; c++) second->scale[c] = (float)(1.0 / sqrt(deviation[c]));
    return mnq_graph_note(b->g,
                          "ImageNet's deviations stand for variances, as in Keras' own weights: they are applied twice by "
                          "their roots, as Keras does since 2.12") != 0
               ? mnq_fail_nomem(e)
               : 0;
}
