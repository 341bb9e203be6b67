/* SPDX-License-Identifier: Apache-2.0
 * Streaming histograms per channel. */
#include "quantize/hist.h"

#include "graph/fkernel/fkernel.h"
#include "util/spread.h"

#include <math.h>
#include <string.h>

enum { BINS_POSITIVE = 1024, BINS_SIGNED = 2048, HALF_LOG2 = 10, EXP_EMPTY = -100 };

int mnq_hist_init(struct mnq_hist *h, int channels, bool sign, struct mnq_arena *arena)
{
    size_t n = (size_t)channels;
    *h = (struct mnq_hist){.channels = channels, .bins = sign ? BINS_SIGNED : BINS_POSITIVE, .sign = sign};
    h->count = mnq_arena_array(arena, n * (size_t)h->bins, sizeof *h->count);
    h->exp = mnq_arena_array(arena, n, sizeof *h->exp);
    h->inv = mnq_arena_array(arena, n, sizeof *h->inv);
    h->zeros = mnq_arena_array(arena, n, sizeof *h->zeros);
    h->lo = mnq_arena_array(arena, n, sizeof *h->lo);
    h->hi = mnq_arena_array(arena, n, sizeof *h->hi);
    h->mean_q30 = mnq_arena_array(arena, n, sizeof *h->mean_q30);
    if (h->count == NULL || h->exp == NULL || h->inv == NULL || h->zeros == NULL || h->lo == NULL || h->hi == NULL ||
        h->mean_q30 == NULL)
        return -1;
    for (int c = 0; c < channels; c++) {
        h->exp[c] = EXP_EMPTY;
        h->inv[c] = ldexpf(1.0f, -EXP_EMPTY);
    }
    return 0;
}

/* Doubles the bin width of channel c: bin k, counted from zero, goes to floor(k / 2). */
static void widen(struct mnq_hist *h, int c)
{
    uint32_t *n = h->count + (size_t)c * (size_t)h->bins;
    int zero = h->sign ? h->bins / 2 : 0;
    for (int k = zero; k < h->bins; k++) {
        uint32_t v = n[k];
        n[k] = 0;
        n[zero + (k - zero) / 2] += v;
    }
    for (int k = zero - 1; k >= 0; k--) {
        uint32_t v = n[k];
        n[k] = 0;
        n[zero - 1 - (zero - 1 - k) / 2] += v;
    }
    h->exp[c]++;
    h->inv[c] = ldexpf(1.0f, -h->exp[c]);
}

/* Makes channel c's range hold 512 * 2^exp. */
static void reach(struct mnq_hist *h, int c, int exp)
{
    if (h->exp[c] == EXP_EMPTY) {
        h->exp[c] = exp;
        h->inv[c] = ldexpf(1.0f, -exp);
    }
    while (h->exp[c] < exp) widen(h, c);
}

/* Makes channel c's range hold values up to x >= 0 in magnitude. */
static void cover(struct mnq_hist *h, int c, float x)
{
    int e;
    if (x == 0 || x * h->inv[c] < (float)(1 << HALF_LOG2)) return;
    (void)frexpf(x, &e); /* x < 2^e */
    reach(h, c, e - HALF_LOG2 > EXP_EMPTY ? e - HALF_LOG2 : EXP_EMPTY + 1);
}

/* What n values of one channel add to its counts, by their bins. Zeros, half of what follows a ReLU, leave first: whether
 * the next one is zero is nothing that a processor can foretell, so no branch asks. */
static void count(uint32_t *cnt, const int16_t *bin, int n)
{
    int16_t some[MNQ_FSLICE];
    int m = 0;
    for (int i = 0; i < n; i++) {
        some[m] = bin[i];
        m += bin[i] != INT16_MIN;
    }
    for (int i = 0; i < m; i++) cnt[some[i]]++;
}

/* n pixels of `group` channels from c0 on, at x; sums are added to in their order. */
static void add_slice(struct mnq_hist *h, int c0, int group, const float *x, size_t stride, int n, double *sum)
{
    const struct mnq_fkernels *f = mnq_fkernels_best();
    const float limit = 1e30f; /* infinities would never fit */
    struct mnq_fbins b = {{0}, {0}, {0}};
    int16_t bin[MNQ_FTOGETHER][MNQ_FSLICE];
    int32_t zeros[MNQ_FTOGETHER];
    f->extremes(x, stride, n, b.lo, b.hi, sum);
    for (int c = 0; c < group; c++) {
        b.lo[c] = h->sign ? fmaxf(b.lo[c], -limit) : 0;
        b.hi[c] = fminf(b.hi[c], limit);
        cover(h, c0 + c, fmaxf(-b.lo[c], b.hi[c]));
        b.inv[c] = h->inv[c0 + c];
    }
    f->bins(x, stride, n, &b, bin, zeros);
    for (int c = 0; c < group; c++) {
        count(h->count + (size_t)(c0 + c) * (size_t)h->bins + (h->sign ? h->bins / 2 : 0), bin[c], n);
        if (b.lo[c] < h->lo[c0 + c]) h->lo[c0 + c] = b.lo[c];
        if (b.hi[c] > h->hi[c0 + c]) h->hi[c0 + c] = b.hi[c];
        h->zeros[c0 + c] += (uint32_t)zeros[c];
    }
}

void mnq_hist_add(struct mnq_hist *h, const float *x, int n)
{
    enum { GROUP = MNQ_FTOGETHER, SLICE = MNQ_FSLICE };
    float padded[SLICE][GROUP] = {{0}}; /* the last channels */
    const size_t channels = (size_t)h->channels;
    for (int c0 = 0; c0 < h->channels; c0 += GROUP) {
        int group = h->channels - c0 < GROUP ? h->channels - c0 : GROUP;
        double sum[GROUP] = {0};
        for (int i0 = 0; i0 < n; i0 += SLICE) {
            int len = n - i0 < SLICE ? n - i0 : SLICE;
            const float *from = x + (size_t)i0 * channels + (size_t)c0;
            for (int i = 0; group < GROUP && i < len; i++)
                memcpy(padded[i], from + (size_t)i * channels, (size_t)group * sizeof *from);
            if (group < GROUP) add_slice(h, c0, group, padded[0], GROUP, len, sum);
            else add_slice(h, c0, group, from, channels, len, sum);
        }
        for (int c = 0; c < group; c++) {
            double mean = n > 0 ? sum[c] / n : 0;
            h->mean_q30[c0 + c] += llround(ldexp(fmin(fmax(mean, -1e6), 1e6), 30));
        }
    }
    h->samples++;
}

void mnq_hist_merge(struct mnq_hist *dst, struct mnq_hist *src)
{
    for (int c = 0; c < dst->channels; c++) {
        if (src->exp[c] != EXP_EMPTY) {
            reach(dst, c, src->exp[c]);
            reach(src, c, dst->exp[c]);
            const uint32_t *from = src->count + (size_t)c * (size_t)src->bins;
            uint32_t *to = dst->count + (size_t)c * (size_t)dst->bins;
            for (int k = 0; k < dst->bins; k++) to[k] += from[k];
        }
        dst->zeros[c] += src->zeros[c];
        if (src->lo[c] < dst->lo[c]) dst->lo[c] = src->lo[c];
        if (src->hi[c] > dst->hi[c]) dst->hi[c] = src->hi[c];
        dst->mean_q30[c] += src->mean_q30[c];
    }
    dst->samples += src->samples;
}

int mnq_hist_spread(struct mnq_hist *h, int n, struct mnq_err *e)
{
    enum { ARRAYS = 6 };
    if (mnq_spread_processes() == 1) return 0;
    struct mnq_arena scratch = {0};
    struct mnq_spread_array *a = mnq_arena_array(&scratch, ARRAYS * (size_t)n, sizeof *a);
    int rc = a == NULL ? mnq_fail_nomem(e) : 0, used = 0;
    for (int i = 0; rc == 0 && i < n; i++) { /* the widest bins of each channel */
        const size_t c = (size_t)h[i].channels;
        int *exp = c == 0 ? NULL : mnq_arena_array(&scratch, c, sizeof *exp);
        if (c == 0) continue;
        if (exp == NULL) rc = mnq_fail_nomem(e);
        else memcpy(exp, h[i].exp, c * sizeof *exp);
        a[used++] = (struct mnq_spread_array){exp, c, MNQ_SPREAD_MAX_I32};
    }
    if (rc == 0) rc = mnq_spread_sum(a, used, e);
    used = 0;
    for (int i = 0, k = 0; rc == 0 && i < n; i++) {
        if (h[i].channels == 0) continue;
        const int *exp = a[k++].value;
        for (int c = 0; c < h[i].channels; c++) reach(&h[i], c, exp[c]);
    }
    for (int i = 0; rc == 0 && i < n; i++) {
        const size_t c = (size_t)h[i].channels;
        if (c == 0) continue;
        a[used++] = (struct mnq_spread_array){h[i].count, c * (size_t)h[i].bins, MNQ_SPREAD_SUM_U32};
        a[used++] = (struct mnq_spread_array){h[i].zeros, c, MNQ_SPREAD_SUM_U64};
        a[used++] = (struct mnq_spread_array){h[i].lo, c, MNQ_SPREAD_MIN_F32};
        a[used++] = (struct mnq_spread_array){h[i].hi, c, MNQ_SPREAD_MAX_F32};
        a[used++] = (struct mnq_spread_array){h[i].mean_q30, c, MNQ_SPREAD_SUM_U64};
        a[used++] = (struct mnq_spread_array){&h[i].samples, 1, MNQ_SPREAD_SUM_U64};
    }
    if (rc == 0) rc = mnq_spread_sum(a, used, e);
    mnq_arena_free(&scratch);
    return rc;
}

int mnq_hist_collapse(const struct mnq_hist *h, struct mnq_hist *one, struct mnq_arena *arena)
{
    if (mnq_hist_init(one, 1, h->sign, arena) != 0) return -1;
    int top = EXP_EMPTY;
    for (int c = 0; c < h->channels; c++)
        if (h->exp[c] > top) top = h->exp[c];
    if (top != EXP_EMPTY) reach(one, 0, top);
    int zero = h->sign ? h->bins / 2 : 0;
    for (int c = 0; c < h->channels; c++) {
        one->zeros[0] += h->zeros[c];
        one->lo[0] = fminf(one->lo[0], h->lo[c]);
        one->hi[0] = fmaxf(one->hi[0], h->hi[c]);
        const uint32_t *n = h->count + (size_t)c * (size_t)h->bins;
        int shift = top - h->exp[c] > 30 ? 30 : top - h->exp[c];
        for (int k = 0; k < h->bins; k++) { /* floor((k - zero) / 2^shift), as repeated widening gives */
            int from = k - zero, to = from >= 0 ? from >> shift : -1 - ((-1 - from) >> shift);
            one->count[zero + to] += n[k];
        }
    }
    one->samples = h->samples;
    return 0;
}

double mnq_hist_mean(const struct mnq_hist *h, int c)
{
    return h->samples == 0 ? 0 : ldexp((double)h->mean_q30[c], -30) / (double)h->samples;
}

/* Centre of bin k of channel c. */
static double centre(const struct mnq_hist *h, int c, int k)
{
    return ldexp((double)(k - (h->sign ? h->bins / 2 : 0)) + 0.5, h->exp[c]);
}

int mnq_hist_sums_init(struct mnq_hist_sums *s, const struct mnq_hist *h, struct mnq_arena *arena)
{
    size_t row = (size_t)h->bins + 1, n = (size_t)h->channels * row;
    s->hist = h;
    s->n = mnq_arena_array(arena, n, sizeof *s->n);
    s->x = mnq_arena_array(arena, n, sizeof *s->x);
    s->xx = mnq_arena_array(arena, n, sizeof *s->xx);
    s->total = mnq_arena_array(arena, (size_t)h->channels, sizeof *s->total);
    if (s->n == NULL || s->x == NULL || s->xx == NULL || s->total == NULL) return -1;
    for (int c = 0; c < h->channels; c++) {
        size_t at = (size_t)c * row;
        for (int k = 0; k < h->bins; k++) {
            double cnt = h->count[(size_t)c * (size_t)h->bins + (size_t)k], v = centre(h, c, k);
            s->n[at + (size_t)k + 1] = s->n[at + (size_t)k] + cnt;
            s->x[at + (size_t)k + 1] = s->x[at + (size_t)k] + cnt * v;
            s->xx[at + (size_t)k + 1] = s->xx[at + (size_t)k] + cnt * v * v;
        }
        s->total[c] = s->n[at + (size_t)h->bins] + (double)h->zeros[c];
    }
    return 0;
}

/* First bin of channel c that lies at or above v. */
static size_t bin_at(const struct mnq_hist *h, int c, double v)
{
    double k = floor(ldexp(v, -h->exp[c]) + 0.5) + (h->sign ? h->bins / 2 : 0);
    return k < 0 ? 0 : k > h->bins ? (size_t)h->bins : (size_t)k;
}

double mnq_hist_noise(const struct mnq_hist_sums *s, int c, double scale, double qlo, double qhi)
{
    const struct mnq_hist *h = s->hist;
    if (s->total[c] == 0) return 0;
    size_t bins = (size_t)h->bins, at = (size_t)c * (bins + 1);
    const double *n = s->n + at, *x = s->x + at, *xx = s->xx + at;
    double a = qlo * scale, b = qhi * scale, half = scale / 2;
    size_t ia = bin_at(h, c, a), ib = bin_at(h, c, b);
    size_t il = bin_at(h, c, fmax(-half, a)), ih = bin_at(h, c, fmin(half, b));
    if (ib < ia) ib = ia;
    if (il < ia) il = ia;
    if (ih > ib) ih = ib;
    if (ih < il) ih = il;
    double e = 0;
    e += (xx[bins] - xx[ib]) - 2 * b * (x[bins] - x[ib]) + b * b * (n[bins] - n[ib]); /* above */
    e += xx[ia] - 2 * a * x[ia] + a * a * n[ia];                                      /* below */
    e += xx[ih] - xx[il];                                                             /* rounds to zero */
    e += scale * scale / 12 * ((n[ib] - n[ih]) + (n[il] - n[ia]));
    return e / s->total[c];
}

double mnq_hist_power(const struct mnq_hist_sums *s, int c)
{
    size_t bins = (size_t)s->hist->bins;
    return s->total[c] == 0 ? 0 : s->xx[(size_t)c * (bins + 1) + bins] / s->total[c];
}

double mnq_hist_outside(const struct mnq_hist_sums *s, int c, double lo, double hi)
{
    size_t bins = (size_t)s->hist->bins, at = (size_t)c * (bins + 1);
    if (s->total[c] == 0) return 0;
    double below = lo <= (double)s->hist->lo[c] ? 0 : s->n[at + bin_at(s->hist, c, lo)];
    double above = hi >= (double)s->hist->hi[c] ? 0 : s->n[at + bins] - s->n[at + bin_at(s->hist, c, hi)];
    return (below + above) / s->total[c];
}

double mnq_hist_quantile(const struct mnq_hist_sums *s, int c, double share, bool upper)
{
    const struct mnq_hist *h = s->hist;
    size_t bins = (size_t)h->bins, at = (size_t)c * (bins + 1);
    double drop = (1 - share) * s->total[c];
    if (upper) {
        size_t k = bins;
        while (k > 0 && s->n[at + bins] - s->n[at + k - 1] <= drop) k--;
        double v = ldexp((double)k - (h->sign ? h->bins / 2 : 0), h->exp[c]);
        return fmin(fmax(v, 0), (double)h->hi[c]);
    }
    size_t k = 0;
    while (k < bins && s->n[at + k + 1] <= drop) k++;
    double v = ldexp((double)k - (h->sign ? h->bins / 2 : 0), h->exp[c]);
    return fmax(fmin(v, 0), (double)h->lo[c]);
}
