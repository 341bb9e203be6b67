/* SPDX-License-Identifier: Apache-2.0
 * Interval propagation through an integer network. */
#include "quantize/interval.h"

#include "fixed.h"
#include "kernels.h"

struct range {
    int32_t lo, hi;
};

static struct range add_scaled(struct range acc, int32_t w, struct range x)
{
    return w >= 0 ? (struct range){acc.lo + w * x.lo, acc.hi + w * x.hi}
                  : (struct range){acc.lo + w * x.hi, acc.hi + w * x.lo};
}

/* t * min(max(t + 3, 0), 6) in fixed point: falls to its minimum at -1.5, then rises. */
static int32_t swish_product(int32_t t, unsigned frac)
{
    return t * mnq_hgate(t, frac);
}

static struct range swish_range(struct range t, unsigned frac)
{
    int32_t a = swish_product(t.lo, frac), b = swish_product(t.hi, frac);
    struct range p = {a < b ? a : b, a < b ? b : a};
    int32_t vertex = -(int32_t)(3u << frac) / 2; /* -1.5; for frac 0 its neighbours are -1 and -2 */
    for (int32_t v = vertex - 1; v <= vertex; v++)
        if (v >= t.lo && v <= t.hi && swish_product(v, frac) < p.lo) p.lo = swish_product(v, frac);
    return p;
}

/* PRELU may fall and TABLE do anything: at most as far as the layer's own bounds. */
static struct range curve_range(const struct mnq_qmodel *q, const struct mnq_qlayer *l, int o, struct range acc)
{
    int32_t zp = q->tensor[l->out].zp;
    if (l->act == MNQ_A_TABLE || acc.lo < 0 || l->m2[o] < 0) {
        bool constant = acc.lo == acc.hi && l->act == MNQ_A_PRELU && l->m2[o] >= 0;
        if (!constant) return (struct range){l->lo, l->hi};
        int32_t y = mnq_clamp(zp + mnq_requant(acc.lo, l->m2[o], l->r2[o]), l->lo, l->hi);
        return (struct range){y, y};
    }
    return (struct range){mnq_clamp(zp + mnq_requant(acc.lo, l->m[o], l->r[o]), l->lo, l->hi),
                          mnq_clamp(zp + mnq_requant(acc.hi, l->m[o], l->r[o]), l->lo, l->hi)};
}

/* NUMERICS.md section 3 on an interval; requant is monotone since m >= 0. */
static struct range output_range(const struct mnq_qmodel *q, const struct mnq_qlayer *l, int o, struct range acc)
{
    int32_t zp = q->tensor[l->out].zp;
    struct range y = {mnq_requant(acc.lo, l->m[o], l->r[o]), mnq_requant(acc.hi, l->m[o], l->r[o])};
    if (l->act == MNQ_A_PRELU || l->act == MNQ_A_TABLE) return curve_range(q, l, o, acc);
    if (l->act != MNQ_A_CLAMP) {
        y = (struct range){mnq_clamp(y.lo, -32768, 32767), mnq_clamp(y.hi, -32768, 32767)};
        if (l->act == MNQ_A_HSWISH) y = swish_range(y, l->frac);
        else y = (struct range){mnq_hgate(y.lo, l->frac), mnq_hgate(y.hi, l->frac)};
        y = (struct range){mnq_requant(y.lo, l->m2[o], l->r2[o]), mnq_requant(y.hi, l->m2[o], l->r2[o])};
    }
    return (struct range){mnq_clamp(zp + y.lo, l->lo, l->hi), mnq_clamp(zp + y.hi, l->lo, l->hi)};
}

/* Whether some output position sees padding through tap (ky, kx), and whether some sees the input. */
static void tap_sides(const struct mnq_qmodel *q, const struct mnq_qlayer *l, int ky, int kx, bool *padding, bool *input)
{
    struct mnq_shape in = q->tensor[l->in0].shape, out = q->tensor[l->out].shape;
    bool out_y = false, in_y = false, out_x = false, in_x = false;
    for (int y = 0; y < out.h; y++) {
        int at = y * l->sh + ky - l->pt;
        if (at < 0 || at >= in.h) out_y = true;
        else in_y = true;
    }
    for (int x = 0; x < out.w; x++) {
        int at = x * l->sw + kx - l->pl;
        if (at < 0 || at >= in.w) out_x = true;
        else in_x = true;
    }
    *padding = out_y || out_x;
    *input = in_y && in_x;
}

static struct range channel(const struct mnq_interval *iv, int c)
{
    return (struct range){iv->lo[c], iv->hi[c]};
}

/* What tap (ky, kx) can see of channel c. */
static struct range tap_range(const struct mnq_qlayer *l, const struct mnq_interval *iv, int c, bool padding, bool input)
{
    struct range x = channel(iv, c);
    if (!padding) return x;
    int32_t pad = l->pad[c];
    if (!input) return (struct range){pad, pad};
    return (struct range){pad < x.lo ? pad : x.lo, pad > x.hi ? pad : x.hi};
}

/* What an XNOR layer sees of channel c: its sign, times 256. */
static struct range sign_range(const struct mnq_qlayer *l, const struct mnq_interval *iv, int c)
{
    return (struct range){iv->lo[c] >= l->threshold[c] ? 256 : -256, iv->hi[c] >= l->threshold[c] ? 256 : -256};
}

static void conv_accumulators(const struct mnq_qmodel *q, const struct mnq_qlayer *l, const struct mnq_interval *in,
                              struct range *acc)
{
    int groups = mnq_qlayer_groups(l), cin = q->tensor[l->in0].shape.c / groups, cout = q->tensor[l->out].shape.c,
        taps = l->kh * l->kw;
    for (int o = 0; o < cout; o++) acc[o] = (struct range){l->bias[o], l->bias[o]};
    for (int t = 0; t < taps; t++) {
        bool padding = false, input = true;
        if (l->pad != NULL) tap_sides(q, l, t / l->kw, t % l->kw, &padding, &input);
        for (int o = 0; o < cout; o++) {
            if (l->op == MNQ_L_DWCONV) {
                struct range x = tap_range(l, in, o / l->mult, padding, input);
                acc[o] = add_scaled(acc[o], mnq_qlayer_weight(l, (size_t)t * (size_t)cout + (size_t)o), x);
                continue;
            }
            size_t row = ((size_t)o * (size_t)taps + (size_t)t) * (size_t)cin;
            for (int k = 0; k < cin; k++) {
                int c = o / (cout / groups) * cin + k;
                struct range x = l->wtype == MNQ_W_XNOR ? sign_range(l, in, c) : tap_range(l, in, c, padding, input);
                acc[o] = add_scaled(acc[o], mnq_qlayer_weight(l, row + (size_t)k), x);
            }
        }
    }
}

static struct range product(struct range a, int32_t za, struct range b, int32_t zb)
{
    int32_t p[4] = {(a.lo - za) * (b.lo - zb), (a.lo - za) * (b.hi - zb), (a.hi - za) * (b.lo - zb),
                    (a.hi - za) * (b.hi - zb)};
    struct range r = {p[0], p[0]};
    for (int i = 1; i < 4; i++) {
        if (p[i] < r.lo) r.lo = p[i];
        if (p[i] > r.hi) r.hi = p[i];
    }
    return r;
}

/* MAXPOOL, SELECT, UPSAMPLE, SPREAD: one input value, or shares of several of a channel. */
static struct range moved(const struct mnq_qmodel *q, const struct mnq_qlayer *l, const struct mnq_interval *iv, int c)
{
    int first = q->tensor[l->in0].shape.c, n = q->tensor[l->out].shape.c, from = l->map != NULL ? l->map[c] : c;
    struct range acc = {l->bias[c], l->bias[c]},
                 x = channel(&iv[from < first ? l->in0 : l->in1], from < first ? from : from - first);
    for (int k = c + n; l->op == MNQ_L_SPREAD && k < first; k += n) {
        struct range other = channel(&iv[l->in0], k);
        if (other.lo < x.lo) x.lo = other.lo;
        if (other.hi > x.hi) x.hi = other.hi;
    }
    return add_scaled(acc, l->op == MNQ_L_UPSAMPLE && l->mult != 0 ? 4 * l->kh * l->kw : 1, x);
}

/* An average of what lies inside: the shares sum up to the same everywhere. */
static struct range counted(const struct mnq_qmodel *q, const struct mnq_qlayer *l, struct range x)
{
    static const int32_t multiple[] = {1, 1, 2, 6, 12, 60, 60, 420};
    int32_t z = q->tensor[l->in0].zp;
    return add_scaled((struct range){0, 0}, multiple[l->kh] * multiple[l->kw], (struct range){x.lo - z, x.hi - z});
}

static void accumulators(const struct mnq_qmodel *q, const struct mnq_qlayer *l, const struct mnq_interval *iv,
                         struct range *acc)
{
    const struct mnq_interval *a = &iv[l->in0], *b = l->in1 >= 0 ? &iv[l->in1] : NULL;
    int n = q->tensor[l->out].shape.c;
    if (l->op == MNQ_L_CONV || l->op == MNQ_L_DWCONV || l->op == MNQ_L_PW) {
        conv_accumulators(q, l, a, acc);
        return;
    }
    for (int c = 0; c < n; c++) {
        int c1 = l->in1 >= 0 && q->tensor[l->in1].shape.c == 1 ? 0 : c;
        acc[c] = (struct range){l->bias[c], l->bias[c]};
        if (l->op > MNQ_L_LOGISTIC) {
            acc[c] = moved(q, l, iv, c);
        } else if (l->op == MNQ_L_AVGPOOL && l->pt + l->pl + l->pb + l->pr > 0) {
            acc[c] = counted(q, l, channel(a, c));
        } else if (l->op == MNQ_L_AVGPOOL) {
            acc[c] = add_scaled(acc[c], l->kh * l->kw, channel(a, c));
        } else if (l->op == MNQ_L_ADD) {
            acc[c] = add_scaled(acc[c], mnq_qlayer_weight(l, (size_t)c), channel(a, c));
            acc[c] = add_scaled(acc[c], mnq_qlayer_weight(l, (size_t)(n + c)), channel(b, c1));
        } else {
            acc[c] = product(channel(a, c), q->tensor[l->in0].zp, channel(b, c1), q->tensor[l->in1].zp);
        }
    }
}

int mnq_intervals(const struct mnq_qmodel *q, struct mnq_interval *iv, struct mnq_arena *arena, struct mnq_err *e)
{
    struct mnq_arena scratch = {0};
    int rc = -1;
    for (int t = 0; t < q->n_tensors; t++) {
        size_t n = (size_t)q->tensor[t].shape.c;
        iv[t].lo = mnq_arena_array(arena, n, sizeof *iv[t].lo);
        iv[t].hi = mnq_arena_array(arena, n, sizeof *iv[t].hi);
        if (iv[t].lo == NULL || iv[t].hi == NULL) return mnq_fail_nomem(e);
        for (size_t c = 0; c < n && t == q->input; c++) {
            iv[t].lo[c] = -128;
            iv[t].hi[c] = 127;
        }
    }
    for (int k = 0; k < q->n_layers; k++) {
        const struct mnq_qlayer *l = &q->layer[k];
        struct mnq_interval *out = &iv[l->out];
        int n = q->tensor[l->out].shape.c;
        bool exponential = l->op == MNQ_L_SOFTMAX || l->op == MNQ_L_LOGISTIC;
        struct range *acc = mnq_arena_array(&scratch, (size_t)n, sizeof *acc);
        if (acc == NULL) {
            mnq_fail_nomem(e);
            goto done;
        }
        if (!exponential) accumulators(q, l, iv, acc);
        for (int c = 0; c < n; c++) {
            struct range y = exponential ? (struct range){0, 32767} : output_range(q, l, c, acc[c]);
            out->lo[c] = y.lo;
            out->hi[c] = y.hi;
        }
    }
    rc = 0;
done:
    mnq_arena_free(&scratch);
    return rc;
}
