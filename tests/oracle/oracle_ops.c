/* SPDX-License-Identifier: Apache-2.0
 * NUMERICS.md sections 4 to 7: every operator as the sum that the text writes, over absolute coordinates. */
#include "oracle.h"

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

static int64_t acc_pw(const struct mnq_oracle_layer *l, const int32_t *in, int y, int x, int o)
{
    const int32_t *q = in + ((int64_t)y * l->w + x) * l->c;
    int64_t acc = l->bias[o];
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

int mnq_oracle_layer(const struct mnq_oracle_layer *l, const int32_t *in0, const int32_t *in1, int32_t *out)
{
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
