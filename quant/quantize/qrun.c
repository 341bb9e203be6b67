/* SPDX-License-Identifier: Apache-2.0
 * Runs a layer that is not packed yet, with the runtime's own kernels. */
#include "quantize/qrun.h"

#include "kernels.h"

#include <math.h>
#include <string.h>

size_t mnq_qtensor_bytes(const struct mnq_qtensor *t)
{
    return (size_t)t->shape.h * (size_t)t->shape.w * (size_t)t->shape.c * (t->dtype == MNQ_S16 ? 2 : 1);
}

int64_t mnq_qlayer_macs(const struct mnq_qmodel *q, const struct mnq_qlayer *l)
{
    struct mnq_shape in = q->tensor[l->in0].shape, out = q->tensor[l->out].shape;
    int64_t pixels = (int64_t)out.h * out.w * out.c * l->kh * l->kw;
    if (l->op == MNQ_L_DWCONV) return pixels;
    return l->op == MNQ_L_CONV || l->op == MNQ_L_PW ? pixels * in.c : 0;
}

int32_t mnq_qtensor_at(const struct mnq_qtensor *t, const void *data, size_t i)
{
    if (t->dtype == MNQ_S16) return ((const int16_t *)data)[i];
    return (int8_t)(((const uint8_t *)data)[i] ^ (t->dtype == MNQ_U8 ? 0x80 : 0));
}

static struct mnq_layer decode(const struct mnq_qmodel *q, const struct mnq_qlayer *l)
{
    const struct mnq_qtensor *in = &q->tensor[l->in0], *out = &q->tensor[l->out];
    return (struct mnq_layer){.op = l->op,
                              .wtype = mnq_qlayer_wide(l) ? MNQ_W_S16
                                       : l->w != NULL     ? MNQ_W_S8
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
                              .weights = l->w,
                              .pad = l->pad,
                              .q = {.bias = l->bias,
                                    .mult = l->m,
                                    .shift = l->r,
                                    .mult2 = l->m2,
                                    .shift2 = l->r2,
                                    .zp = out->zp,
                                    .lo = l->lo,
                                    .hi = l->hi,
                                    .act = l->act,
                                    .frac = l->frac,
                                    .out16 = out->dtype == MNQ_S16}};
}

/* Pixel p's activations as +-256, which the dense kernel reads as S16. */
static void binarize(const struct mnq_qmodel *q, const struct mnq_qlayer *l, const void *x, size_t p, int16_t *t)
{
    const struct mnq_qtensor *in = &q->tensor[l->in0];
    size_t c = (size_t)in->shape.c;
    for (size_t i = 0; i < c; i++) t[i] = mnq_qtensor_at(in, x, p * c + i) >= l->threshold[i] ? 256 : -256;
}

/* XNOR: 16 pixels at a time, so that outputs start where a tensor may. */
static void run_xnor(const struct mnq_qmodel *q, const struct mnq_qlayer *l, const struct mnq_kernels *k,
                     struct mnq_layer *d, void *out, const void *x)
{
    enum { PIXELS = 16 };
    _Alignas(16) int16_t t[PIXELS * MNQ_XNOR_MAX];
    size_t c = (size_t)d->c, n = (size_t)d->h * (size_t)d->w, row = (size_t)d->oc << d->q.out16;
    d->in16 = 1;
    d->in_flip = 0;
    d->w = d->ow = 1;
    for (size_t p = 0; p < n; p += PIXELS) {
        d->h = d->oh = (int32_t)(n - p < PIXELS ? n - p : PIXELS);
        for (size_t j = 0; j < (size_t)d->h; j++) binarize(q, l, x, p + j, t + j * c);
        k->pw[0](d, (uint8_t *)out + p * row, t, NULL);
    }
}

void mnq_qlayer_run(const struct mnq_qmodel *q, const struct mnq_qlayer *l, const struct mnq_kernels *k, void *out,
                    const void *in0, const void *in1)
{
    struct mnq_layer d = decode(q, l);
    int wide = mnq_qlayer_wide(l);
    if (l->wtype == MNQ_W_XNOR) {
        run_xnor(q, l, k, &d, out, in0);
        return;
    }
    switch (l->op) {
    case MNQ_L_CONV:
        k->conv[wide](&d, out, in0, in1);
        break;
    case MNQ_L_DWCONV:
        k->dwconv[wide](&d, out, in0, in1);
        break;
    case MNQ_L_PW:
        k->pw[wide](&d, out, in0, in1);
        break;
    case MNQ_L_AVGPOOL:
        k->avgpool(&d, out, in0, in1);
        break;
    case MNQ_L_ADD:
        k->add(&d, out, in0, in1);
        break;
    case MNQ_L_MUL:
        k->mul(&d, out, in0, in1);
        break;
    case MNQ_L_SOFTMAX:
        k->softmax(&d, out, in0, in1);
        break;
    case MNQ_L_LOGISTIC:
        k->logistic(&d, out, in0, in1);
        break;
    default:
        break;
    }
}

/* Sums over the output's pixels of the inputs that tap (ky, kx) sees, for every input channel. */
static void tap_sums(const struct mnq_qtensor *in, const struct mnq_qtensor *out, const struct mnq_qlayer *l, const void *x,
                     int ky, int kx, int64_t *s)
{
    uint8_t flip = in->dtype == MNQ_U8 ? 0x80 : 0;
    int cin = in->shape.c;
    memset(s, 0, (size_t)cin * sizeof *s);
    for (int oy = 0; oy < out->shape.h; oy++) {
        int y = oy * l->sh + ky - l->pt;
        for (int ox = 0; ox < out->shape.w; ox++) {
            int xx = ox * l->sw + kx - l->pl;
            if (y >= 0 && y < in->shape.h && xx >= 0 && xx < in->shape.w) {
                size_t at = ((size_t)y * (size_t)in->shape.w + (size_t)xx) * (size_t)cin;
                if (in->dtype == MNQ_S16)
                    for (int c = 0; c < cin; c++) s[c] += ((const int16_t *)x)[at + (size_t)c];
                else
                    for (int c = 0; c < cin; c++) s[c] += (int8_t)(((const uint8_t *)x)[at + (size_t)c] ^ flip);
            } else {
                for (int c = 0; c < cin; c++) s[c] += l->pad[c];
            }
        }
    }
}

/* The same for XNOR, which has one tap and no padding: sums of +-256. */
static void sign_sums(const struct mnq_qtensor *in, const struct mnq_qlayer *l, const void *x, int64_t *s)
{
    size_t c = (size_t)in->shape.c, n = (size_t)in->shape.h * (size_t)in->shape.w * c;
    memset(s, 0, c * sizeof *s);
    for (size_t i = 0; i < n; i++) s[i % c] += mnq_qtensor_at(in, x, i) >= l->threshold[i % c] ? 256 : -256;
}

int64_t mnq_qlayer_acc_sums(const struct mnq_qmodel *q, const struct mnq_qlayer *l, const void *in0, int64_t *sum,
                            int64_t *scratch)
{
    const struct mnq_qtensor *in = &q->tensor[l->in0], *out = &q->tensor[l->out];
    int64_t pixels = (int64_t)out->shape.h * out->shape.w;
    int cin = in->shape.c, cout = out->shape.c, taps = l->kh * l->kw;
    for (int o = 0; o < cout; o++) sum[o] += pixels * l->bias[o];
    for (int t = 0; t < taps; t++) { /* the mean is linear: sum the inputs first, multiply once */
        if (l->wtype == MNQ_W_XNOR) sign_sums(in, l, in0, scratch);
        else tap_sums(in, out, l, in0, t / l->kw, t % l->kw, scratch);
        for (int o = 0; o < cout; o++) {
            if (l->op == MNQ_L_DWCONV) {
                sum[o] += scratch[o / l->mult] * mnq_qlayer_weight(l, (size_t)t * (size_t)cout + (size_t)o);
                continue;
            }
            size_t row = ((size_t)o * (size_t)taps + (size_t)t) * (size_t)cin;
            for (int c = 0; c < cin; c++) sum[o] += scratch[c] * mnq_qlayer_weight(l, row + (size_t)c);
        }
    }
    return pixels;
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
