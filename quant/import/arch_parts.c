/* SPDX-License-Identifier: Apache-2.0
 * What the families of networks have in common. */
#include "import/arch_parts.h"

#include <stdarg.h>
#include <stdio.h>

struct mnq_arch mnq_arch_default(enum mnq_family family)
{
    return (struct mnq_arch){.family = family,
                             .width = 1.0,
                             .resolution = 224,
                             .channels = 3,
                             .classes = 1000,
                             .head = MNQ_HEAD_KERAS,
                             .eps = 1e-3,
                             .preprocess = "tf"};
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
