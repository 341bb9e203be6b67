/* SPDX-License-Identifier: Apache-2.0
 * NUMERICS.md sections 4 to 7: every operator as the sum that the text writes, over absolute coordinates. */
#include "oracle.h"

/* ---- accumulators ---- */

/* Value of the input at (y, x, ch), or the padding where (y, x) is outside. */
static int64_t at(const struct mnq_oracle_layer *l, const int32_t *in, int y, int x, int ch)
{
    if (y < 0 || y >= l->h || x < 0 || x >= l->w) return l->pad[ch];
    return in[((int64_t)y * l->w + x) * l->c + ch];
}

static int64_t acc_conv(const struct mnq_oracle_layer *l, const int32_t *in, int y, int x, int o)
{
    int64_t acc = l->bias[o];
    for (int ky = 0; ky < l->kh; ky++) {
        for (int kx = 0; kx < l->kw; kx++) {
            for (int i = 0; i < l->c; i++) {
                int64_t w = l->weights[(((int64_t)o * l->kh + ky) * l->kw + kx) * l->c + i];
                acc += w * at(l, in, y * l->sh + ky - l->pt, x * l->sw + kx - l->pl, i);
            }
        }
    }
    return acc;
}

static int64_t acc_dwconv(const struct mnq_oracle_layer *l, const int32_t *in, int y, int x, int o)
{
    int64_t acc = l->bias[o];
    for (int ky = 0; ky < l->kh; ky++) {
        for (int kx = 0; kx < l->kw; kx++) {
            int64_t w = l->weights[((int64_t)ky * l->kw + kx) * l->oc + o];
            acc += w * at(l, in, y * l->sh + ky - l->pt, x * l->sw + kx - l->pl, o / l->mult);
        }
    }
    return acc;
}

static int64_t acc_binary(const struct mnq_oracle_layer *l, const int32_t *q, int o)
{
    int64_t acc = l->bias[o];
    for (int m = 0; m < l->mult; m++) {
        int64_t sum = 0, row = (int64_t)o * l->mult + m;
        for (int i = 0; i < l->c; i++) sum += l->weights[row * l->c + i] * (int64_t)q[i];
        acc += l->coef[row] * sum;
    }
    return acc;
}

static int64_t acc_xnor(const struct mnq_oracle_layer *l, const int32_t *q, int o)
{
    int64_t sum = 0;
    for (int i = 0; i < l->c; i++) sum += l->weights[(int64_t)o * l->c + i] * (q[i] >= l->threshold[i] ? 1 : -1);
    return l->bias[o] + 256 * sum;
}

static int64_t acc_pw(const struct mnq_oracle_layer *l, const int32_t *in, int y, int x, int o)
{
    const int32_t *q = in + ((int64_t)y * l->w + x) * l->c;
    int64_t acc = l->bias[o];
    if (l->wtype == ORC_W_BINARY) return acc_binary(l, q, o);
    if (l->wtype == ORC_W_XNOR) return acc_xnor(l, q, o);
    for (int i = 0; i < l->c; i++) acc += (int64_t)l->weights[(int64_t)o * l->c + i] * q[i];
    return acc;
}

static int64_t acc_avgpool(const struct mnq_oracle_layer *l, const int32_t *in, int y, int x, int o)
{
    int64_t acc = l->bias[o];
    for (int ky = 0; ky < l->kh; ky++) {
        for (int kx = 0; kx < l->kw; kx++) {
            acc += in[((int64_t)(y * l->sh + ky) * l->w + (x * l->sw + kx)) * l->c + o];
        }
    }
    return acc;
}

/* ---- bounds ---- */

static int64_t magnitude(int64_t x)
{
    return x < 0 ? -x : x;
}

/* Sum of |w| over one output channel's `count` weights, `step` apart. */
static int64_t absolute_sum(const int32_t *w, int64_t count, int64_t step)
{
    int64_t sum = 0;
    for (int64_t j = 0; j < count; j++) sum += magnitude(w[j * step]);
    return sum;
}

int64_t mnq_oracle_bound(const struct mnq_oracle_layer *l, int ch)
{
    int64_t window = (int64_t)l->kh * l->kw, b = l->op < ORC_SOFTMAX ? magnitude(l->bias[ch]) : 0;

    switch (l->op) {
    case ORC_CONV:
        return b + l->a0 * absolute_sum(l->weights + ch * window * l->c, window * l->c, 1);
    case ORC_DWCONV:
        return b + l->a0 * absolute_sum(l->weights + ch, window, l->oc);
    case ORC_PW:
        if (l->wtype == ORC_W_XNOR) return b + 256 * (int64_t)l->c;
        if (l->wtype == ORC_W_BINARY) return b + l->a0 * absolute_sum(l->coef + (int64_t)ch * l->mult, l->mult, 1) * l->c;
        return b + l->a0 * absolute_sum(l->weights + (int64_t)ch * l->c, l->c, 1);
    case ORC_AVGPOOL:
        return b + l->a0 * window;
    case ORC_ADD:
        return b + l->a0 * magnitude(l->weights[ch]) + l->a1 * magnitude(l->weights[l->oc + ch]);
    case ORC_MUL:
        return b + (l->a0 + magnitude(l->zp0)) * (l->a1 + magnitude(l->zp1));
    default:
        return 0;
    }
}

static int within(const int32_t *q, int64_t n, int32_t a)
{
    for (int64_t i = 0; i < n; i++) {
        if (magnitude(q[i]) > a) return 0;
    }
    return 1;
}

/* Inputs within their magnitudes, and channels within 32 bits. */
static int holds(const struct mnq_oracle_layer *l, const int32_t *in0, const int32_t *in1)
{
    int64_t n = (int64_t)l->h * l->w * l->c;

    if (!within(in0, n, l->a0) || (in1 && !within(in1, l->op == ORC_MUL ? l->c : n, l->a1))) return 0;
    for (int o = 0; o < l->oc; o++) {
        if (mnq_oracle_bound(l, o) > INT32_MAX) return 0;
    }
    return 1;
}

/* ---- layers ---- */

int mnq_oracle_layer(const struct mnq_oracle_layer *l, const int32_t *in0, const int32_t *in1, int32_t *out)
{
    if (!holds(l, in0, in1)) return -1;
    if (l->op == ORC_SOFTMAX) {
        mnq_oracle_softmax(in0, out, l->h * l->w * l->c, l->m[0], (int)l->r[0]);
        return 0;
    }
    if (l->op == ORC_LOGISTIC) {
        mnq_oracle_logistic(in0, out, l->h * l->w * l->c, l->m[0], (int)l->r[0]);
        return 0;
    }
    for (int y = 0; y < l->oh; y++) {
        for (int x = 0; x < l->ow; x++) {
            for (int o = 0; o < l->oc; o++) {
                int64_t k = ((int64_t)y * l->ow + x) * l->oc + o, acc = 0;
                switch (l->op) {
                case ORC_CONV:
                    acc = acc_conv(l, in0, y, x, o);
                    break;
                case ORC_DWCONV:
                    acc = acc_dwconv(l, in0, y, x, o);
                    break;
                case ORC_PW:
                    acc = acc_pw(l, in0, y, x, o);
                    break;
                case ORC_AVGPOOL:
                    acc = acc_avgpool(l, in0, y, x, o);
                    break;
                case ORC_ADD:
                    acc = l->bias[o] + (int64_t)l->weights[o] * in0[k] + (int64_t)l->weights[l->oc + o] * in1[k];
                    break;
                case ORC_MUL:
                    acc = ((int64_t)in0[k] - l->zp0) * ((int64_t)in1[o] - l->zp1);
                    break;
                default:
                    return -1;
                }
                if (acc < INT32_MIN || acc > INT32_MAX) return -1;
                out[k] = mnq_oracle_stage(l, o, (int32_t)acc);
            }
        }
    }
    return 0;
}
