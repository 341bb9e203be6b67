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

/* Inputs of an output channel of a CONV: n of them from *first on. */
static int group_of(const struct mnq_oracle_layer *l, int o, int *first)
{
    int groups = l->mult > 1 ? l->mult : 1, n = l->c / groups;
    *first = o / (l->oc / groups) * n;
    return n;
}

static int64_t acc_conv(const struct mnq_oracle_layer *l, const int32_t *in, int y, int x, int o)
{
    int64_t acc = l->bias[o];
    int first, n = group_of(l, o, &first);
    for (int ky = 0; ky < l->kh; ky++) {
        for (int kx = 0; kx < l->kw; kx++) {
            for (int i = 0; i < n; i++) {
                int64_t w = l->weights[(((int64_t)o * l->kh + ky) * l->kw + kx) * n + i];
                acc += w * at(l, in, y * l->sh + ky - l->pt, x * l->sw + kx - l->pl, first + i);
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

/* Least common multiple of 1 .. k. */
static int64_t multiple_of(int k)
{
    int64_t m = 1;
    for (int n = 2; n <= k; n++) {
        int64_t a = m, b = n;
        while (b) {
            int64_t t = a % b;
            a = b;
            b = t;
        }
        m = m / a * n;
    }
    return m;
}

static int inside(const struct mnq_oracle_layer *l, int y, int x)
{
    return y >= 0 && y < l->h && x >= 0 && x < l->w;
}

/* Places of a window that lie inside, in one direction. */
static int count_inside(int at, int stride, int before, int window, int n)
{
    int count = 0;
    for (int k = 0; k < window; k++) count += at * stride - before + k >= 0 && at * stride - before + k < n;
    return count;
}

static int64_t acc_counted(const struct mnq_oracle_layer *l, const int32_t *in, int y, int x, int o)
{
    int64_t ny = count_inside(y, l->sh, l->pt, l->kh, l->h), nx = count_inside(x, l->sw, l->pl, l->kw, l->w), sum = 0;
    for (int ky = 0; ky < l->kh; ky++)
        for (int kx = 0; kx < l->kw; kx++) {
            int iy = y * l->sh + ky - l->pt, ix = x * l->sw + kx - l->pl;
            if (inside(l, iy, ix)) sum += in[((int64_t)iy * l->w + ix) * l->c + o] - l->zp0;
        }
    return l->bias[o] + sum * (multiple_of(l->kh) / ny) * (multiple_of(l->kw) / nx);
}

static int64_t acc_maxpool(const struct mnq_oracle_layer *l, const int32_t *in, int y, int x, int o)
{
    int64_t best = INT32_MIN;
    for (int ky = 0; ky < l->kh; ky++)
        for (int kx = 0; kx < l->kw; kx++) {
            int iy = y * l->sh + ky - l->pt, ix = x * l->sw + kx - l->pl;
            if (!inside(l, iy, ix)) continue;
            int64_t q = in[((int64_t)iy * l->w + ix) * l->c + o];
            if (q > best) best = q;
        }
    return l->bias[o] + best;
}

static int64_t acc_select(const struct mnq_oracle_layer *l, const int32_t *in0, const int32_t *in1, int y, int x, int o)
{
    int from = l->weights ? l->weights[o] : o;
    int64_t pixel = (int64_t)y * l->w + x;
    return l->bias[o] + (from < l->c ? in0[pixel * l->c + from] : in1[pixel * l->c1 + (from - l->c)]);
}

/* Share of input place i, out of 2 f, in what lies at output place `out`: a triangle around it, places outside are the edge.
 */
static int64_t share_at(int out, int f, int n, int i)
{
    int64_t sum = 0;
    for (int p = -1; p <= n; p++) {
        int64_t d = 2 * out + 1 - f - 2 * (int64_t)f * p; /* in halves of an output place */
        int64_t share = 2 * f - (d < 0 ? -d : d);
        int place = p < 0 ? 0 : p >= n ? n - 1 : p;
        if (share > 0 && place == i) sum += share;
    }
    return sum;
}

static int64_t acc_upsample(const struct mnq_oracle_layer *l, const int32_t *in, int y, int x, int o)
{
    int64_t acc = l->bias[o];
    if (!l->mult) return acc + in[((int64_t)(y / l->kh) * l->w + x / l->kw) * l->c + o];
    for (int iy = 0; iy < l->h; iy++) {
        int64_t sy = share_at(y, l->kh, l->h, iy);
        for (int ix = 0; sy && ix < l->w; ix++)
            acc += sy * share_at(x, l->kw, l->w, ix) * in[((int64_t)iy * l->w + ix) * l->c + o];
    }
    return acc;
}

static int64_t acc_spread(const struct mnq_oracle_layer *l, const int32_t *in, int y, int x, int o)
{
    int channel = (y % l->kh * l->kw + x % l->kw) * l->oc + o;
    return l->bias[o] + in[((int64_t)(y / l->kh) * l->w + x / l->kw) * l->c + channel];
}

/* The value of input 1 that meets (y, x, o). */
static int64_t other_at(const struct mnq_oracle_layer *l, const int32_t *in, int y, int x, int o)
{
    int iy = l->h1 == 1 ? 0 : y, ix = l->w1 == 1 ? 0 : x;
    return in[((int64_t)iy * l->w1 + ix) * l->c1 + (l->c1 == 1 ? 0 : o)];
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
    int64_t window = (int64_t)l->kh * l->kw, b = l->op != ORC_SOFTMAX && l->op != ORC_LOGISTIC ? magnitude(l->bias[ch]) : 0;
    int first, n = l->op == ORC_CONV ? group_of(l, ch, &first) : l->c;

    switch (l->op) {
    case ORC_CONV:
        return b + l->a0 * absolute_sum(l->weights + ch * window * n, window * n, 1);
    case ORC_DWCONV:
        return b + l->a0 * absolute_sum(l->weights + ch, window, l->oc);
    case ORC_PW:
        if (l->wtype == ORC_W_XNOR) return b + 256 * (int64_t)l->c;
        if (l->wtype == ORC_W_BINARY) return b + l->a0 * absolute_sum(l->coef + (int64_t)ch * l->mult, l->mult, 1) * l->c;
        return b + l->a0 * absolute_sum(l->weights + (int64_t)ch * l->c, l->c, 1);
    case ORC_AVGPOOL:
        if (l->counted) return b + (l->a0 + magnitude(l->zp0)) * multiple_of(l->kh) * multiple_of(l->kw);
        return b + l->a0 * window;
    case ORC_MAXPOOL:
    case ORC_SPREAD:
        return b + l->a0;
    case ORC_SELECT:
        return b + ((l->weights ? l->weights[ch] : ch) < l->c ? l->a0 : l->a1);
    case ORC_UPSAMPLE:
        return b + l->a0 * (l->mult ? 4 * window : 1);
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

    if (!within(in0, n, l->a0) || (in1 && !within(in1, (int64_t)l->h1 * l->w1 * l->c1, l->a1))) return 0;
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
        for (int p = 0; p < l->h * l->w; p++)
            mnq_oracle_softmax(in0 + (int64_t)p * l->c, out + (int64_t)p * l->c, l->c, l->m[0], (int)l->r[0]);
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
                    acc = l->counted ? acc_counted(l, in0, y, x, o) : acc_avgpool(l, in0, y, x, o);
                    break;
                case ORC_ADD:
                    acc = l->bias[o] + (int64_t)l->weights[o] * in0[k] +
                          (int64_t)l->weights[l->oc + o] * other_at(l, in1, y, x, o);
                    break;
                case ORC_MUL:
                    acc = ((int64_t)in0[k] - l->zp0) * (other_at(l, in1, y, x, o) - l->zp1);
                    break;
                case ORC_MAXPOOL:
                    acc = acc_maxpool(l, in0, y, x, o);
                    break;
                case ORC_SELECT:
                    acc = acc_select(l, in0, in1, y, x, o);
                    break;
                case ORC_UPSAMPLE:
                    acc = acc_upsample(l, in0, y, x, o);
                    break;
                case ORC_SPREAD:
                    acc = acc_spread(l, in0, y, x, o);
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
