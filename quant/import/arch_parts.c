/* SPDX-License-Identifier: Apache-2.0
 * What the families of networks have in common. */
#include "import/arch_parts.h"

#include <stdarg.h>
#include <stdio.h>

/* Names, and what keras.applications (Lite0: its Keras port) takes by default. */
static const struct {
    const char *name, *shown, *preprocess;
    int resolution;
} family_table[MNQ_FAMILIES] = {
    [MNQ_FAMILY_V1] = {"v1", "MobileNet V1", "tf", 224},
    [MNQ_FAMILY_V2] = {"v2", "MobileNet V2", "tf", 224},
    [MNQ_FAMILY_V3_SMALL] = {"v3-small", "MobileNet V3-small", "tf", 224},
    [MNQ_FAMILY_V3_LARGE] = {"v3-large", "MobileNet V3-large", "tf", 224},
    [MNQ_FAMILY_NASNET] = {"nasnet-mobile", "NASNet-Mobile", "tf", 224},
    [MNQ_FAMILY_XCEPTION] = {"xception", "Xception", "tf", 299},
    [MNQ_FAMILY_EFFICIENTNET_B0] = {"efficientnet-b0", "EfficientNet-B0", "none", 224},
    [MNQ_FAMILY_EFFICIENTNET_LITE0] = {"efficientnet-lite0", "EfficientNet-Lite0", "0.0078125:-0.9921875", 224},
};

bool mnq_arch_is_v3(enum mnq_family family)
{
    return family == MNQ_FAMILY_V3_SMALL || family == MNQ_FAMILY_V3_LARGE;
}

bool mnq_arch_has_width(enum mnq_family family)
{
    return family <= MNQ_FAMILY_V3_LARGE;
}

const char *mnq_arch_family_name(enum mnq_family family)
{
    return family_table[family].name;
}

const char *mnq_arch_describe(const struct mnq_arch *a, char *buf, size_t n)
{
    const char *shown = family_table[a->family].shown;
    if (!mnq_arch_has_width(a->family)) snprintf(buf, n, "%s", shown);
    else
        snprintf(buf, n, "%s%s %.4g%s", shown, a->minimalistic ? " minimalistic" : "", a->width,
                 a->width == (int)a->width ? ".0" : "");
    return buf;
}

struct mnq_arch mnq_arch_default(enum mnq_family family)
{
    return (struct mnq_arch){.family = family,
                             .width = 1.0,
                             .resolution = family_table[family].resolution,
                             .channels = 3,
                             .classes = 1000,
                             .head = MNQ_HEAD_KERAS,
                             .bare = family == MNQ_FAMILY_EFFICIENTNET_LITE0,
                             .eps = 1e-3,
                             .preprocess = family_table[family].preprocess};
}

int mnq_arch_round8(double v)
{
    int r = (int)(v + 4) / 8 * 8;
    if (r < 8) r = 8;
    return r < 0.9 * v ? r + 8 : r;
}

int mnq_arch_padded(struct mnq_build *b, const struct mnq_arch *a, const char *pad_name, const char *name, int in,
                    bool depthwise, int k, int stride, int filters, struct mnq_err *e)
{
    struct mnq_conv c = {k, k, stride, stride, MNQ_PAD_SAME, filters, a->bias};
    if (stride != 1) {
        struct mnq_shape s = b->g->node[in].out;
        int top = a->symmetric || s.h % 2 == 1 ? k / 2 : k / 2 - 1, left = a->symmetric || s.w % 2 == 1 ? k / 2 : k / 2 - 1;
        in = mnq_build_pad(b, pad_name, in, top, k / 2, left, k / 2, e);
        if (in < 0) return -1;
        c.padding = MNQ_PAD_VALID;
    }
    return depthwise ? mnq_build_dwconv(b, name, in, c, e) : mnq_build_conv(b, name, in, c, e);
}

int mnq_arch_alias(struct mnq_build *b, struct mnq_err *e, const char *fmt, ...)
{
    char name[120];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(name, sizeof name, fmt, ap);
    va_end(ap);
    struct mnq_slot *s = &b->slot[b->n_slot - 1];
    for (int i = 0; i < MNQ_SLOT_ALIASES; i++) {
        if (s->alias[i] != NULL) continue;
        s->alias[i] = mnq_arena_strdup(b->g->arena, name);
        return s->alias[i] != NULL ? 0 : mnq_fail_nomem(e);
    }
    return 0;
}

int mnq_arch_final(struct mnq_build *b, const struct mnq_arch *a, const char *name, int in, struct mnq_err *e)
{
    if (a->final == MNQ_FINAL_SOFTMAX) return mnq_build_softmax(b, name, in, e);
    if (a->final == MNQ_FINAL_SIGMOID) return mnq_build_act(b, name, in, MNQ_ACT_SIGMOID, 0, e);
    return in;
}

int mnq_arch_dense_head(struct mnq_build *b, const struct mnq_arch *a, const char *name, int in, struct mnq_err *e)
{
    char out[80];
    snprintf(out, sizeof out, "%.60s/%s", name, a->final == MNQ_FINAL_SIGMOID ? "sigmoid" : "softmax");
    int x = mnq_build_avgpool(b, "global_average_pooling2d", in, 0, 0, 1, 1, e);
    if (x >= 0) x = mnq_build_dense(b, name, x, a->classes, true, e);
    return x < 0 ? -1 : mnq_arch_final(b, a, out, x, e);
}

int mnq_arch_conv_head(struct mnq_build *b, const struct mnq_arch *a, const char *name, const char *final, int in,
                       struct mnq_err *e)
{
    int x = mnq_build_avgpool(b, "global_average_pooling2d", in, 0, 0, 1, 1, e);
    if (x >= 0) x = mnq_build_conv(b, name, x, (struct mnq_conv){1, 1, 1, 1, MNQ_PAD_SAME, a->classes, true}, e);
    if (x >= 0) x = mnq_build_reshape(b, "flatten", x, (struct mnq_shape){1, 1, a->classes}, e);
    return x < 0 ? -1 : mnq_arch_final(b, a, final, x, e);
}
