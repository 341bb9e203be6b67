/* SPDX-License-Identifier: Apache-2.0
 * A layer that is not packed yet, as the runtime's kernels are told of it. */
#include "pack/qlayer.h"

#include <math.h>

size_t mnq_qtensor_bytes(const struct mnq_qtensor *t)
{
    return mnq_elements(t->shape) * (t->dtype == MNQ_S16 ? 2 : 1);
}

int64_t mnq_qlayer_macs(const struct mnq_qmodel *q, const struct mnq_qlayer *l)
{
    struct mnq_shape in = q->tensor[l->in0].shape, out = q->tensor[l->out].shape;
    int64_t pixels = (int64_t)out.h * out.w * out.c * l->kh * l->kw;
    if (l->op == MNQ_L_DWCONV) return pixels;
    return l->op == MNQ_L_CONV || l->op == MNQ_L_PW ? pixels * (in.c / mnq_qlayer_groups(l)) : 0;
}

int32_t mnq_qtensor_at(const struct mnq_qtensor *t, const void *data, size_t i)
{
    if (t->dtype == MNQ_S16) return ((const int16_t *)data)[i];
    return (int8_t)(((const uint8_t *)data)[i] ^ (t->dtype == MNQ_U8 ? 0x80 : 0));
}

/* Whether the second of two inputs is one pixel for all. */
static uint8_t is_point(const struct mnq_qmodel *q, const struct mnq_qlayer *l)
{
    if (l->op != MNQ_L_ADD && l->op != MNQ_L_MUL) return 0;
    struct mnq_shape a = q->tensor[l->in0].shape, b = q->tensor[l->in1].shape;
    return b.h == 1 && b.w == 1 && (a.h != 1 || a.w != 1);
}

struct mnq_layer mnq_qlayer_decode(const struct mnq_qmodel *q, const struct mnq_qlayer *l)
{
    const struct mnq_qtensor *in = &q->tensor[l->in0], *out = &q->tensor[l->out];
    return (struct mnq_layer){.op = l->op,
                              .wtype = l->map != NULL       ? MNQ_W_MAP
                                       : mnq_qlayer_wide(l) ? MNQ_W_S16
                                       : l->w != NULL       ? MNQ_W_S8
                                                            : MNQ_W_NONE,
                              .in_flip = in->dtype == MNQ_U8 ? 0x80 : 0,
                              .in16 = in->dtype == MNQ_S16,
                              .in16b = l->in1 >= 0 && q->tensor[l->in1].dtype == MNQ_S16,
                              .kh = (uint8_t)l->kh,
                              .kw = (uint8_t)l->kw,
                              .sh = (uint8_t)l->sh,
                              .sw = (uint8_t)l->sw,
                              .pt = (uint8_t)l->pt,
                              .pl = (uint8_t)l->pl,
                              .mult = (uint16_t)l->mult,
                              .h = in->shape.h,
                              .w = in->shape.w,
                              .c = in->shape.c,
                              .oh = out->shape.h,
                              .ow = out->shape.w,
                              .oc = out->shape.c,
                              .zp0 = in->zp,
                              .zp1 = l->in1 >= 0 ? q->tensor[l->in1].zp : 0,
                              .c1 = l->in1 >= 0 ? q->tensor[l->in1].shape.c : 0,
                              .point1 = is_point(q, l),
                              .counted = l->op == MNQ_L_AVGPOOL && l->pt + l->pl + l->pb + l->pr > 0,
                              .weights = l->map != NULL ? (const void *)l->map : l->w,
                              .pad = l->pad,
                              .q = {.bias = l->bias,
                                    .mult = l->m,
                                    .shift = l->r,
                                    .mult2 = l->m2,
                                    .shift2 = l->r2,
                                    .table = l->table,
                                    .zp = out->zp,
                                    .lo = l->lo,
                                    .hi = l->hi,
                                    .act = l->act,
                                    .frac = l->frac,
                                    .out16 = out->dtype == MNQ_S16}};
}

bool mnq_qlayer_plain(const struct mnq_qmodel *q, const struct mnq_qlayer *l)
{
    struct mnq_layer d = mnq_qlayer_decode(q, l);
    return mnq_layer_plain(&d) != 0;
}

double mnq_qlayer_reach(const struct mnq_qlayer *l, int o, int cout)
{
    bool rows = l->op == MNQ_L_CONV || l->op == MNQ_L_PW;
    size_t n = l->w_count / (size_t)cout, first = rows ? (size_t)o * n : (size_t)o, step = rows ? 1 : (size_t)cout;
    double sum = 0;
    if (l->wtype == MNQ_W_XNOR) return 256.0 * (double)n;
    if (l->wtype == MNQ_W_BINARY && l->coef == NULL) return l->in_max * (double)n;
    if (l->wtype == MNQ_W_BINARY) {
        for (int m = 0; m < l->bases; m++) sum += l->coef[(size_t)o * (size_t)l->bases + (size_t)m];
        return l->in_max * (double)n * sum;
    }
    for (size_t i = 0; i < n; i++) sum += fabs((double)mnq_qlayer_weight(l, first + i * step));
    return l->in_max * sum;
}
