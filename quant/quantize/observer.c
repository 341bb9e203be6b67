/* SPDX-License-Identifier: Apache-2.0
 * Observers: from one channel's histogram to the step that covers its range. */
#include "quantize/observer.h"

#include <math.h>

/* Step that makes [lo, hi] representable. */
static double cover(double lo, double hi, double qlo, double qhi)
{
    double s = 0;
    if (hi > 0) s = qhi > 0 ? hi / qhi : HUGE_VAL;
    if (lo < 0) s = fmax(s, qlo < 0 ? lo / qlo : HUGE_VAL);
    return s;
}

/* Bins of channel c folded to magnitudes: 0 .. half. */
static double magnitude(const struct mnq_hist *h, int c, int k)
{
    const uint32_t *n = h->count + (size_t)c * (size_t)h->bins;
    if (!h->sign) return n[k];
    int zero = h->bins / 2;
    return (double)n[zero + k] + (double)n[zero - 1 - k];
}

/* Divergence when magnitudes are clipped at bin `t` and quantized to `levels` steps. */
static double divergence(const struct mnq_hist *h, int c, int t, int half, int levels)
{
    double total = 0, tail = 0, kl = 0;
    for (int k = 0; k < half; k++) total += magnitude(h, c, k);
    for (int k = t; k < half; k++) tail += magnitude(h, c, k);
    double kept = total - tail;
    if (kept <= 0) return HUGE_VAL;
    for (int i = 0; i < levels; i++) {
        int a = (int)((int64_t)i * t / levels), b = (int)((int64_t)(i + 1) * t / levels), filled = 0;
        double sum = 0;
        for (int k = a; k < b; k++) {
            double n = magnitude(h, c, k);
            sum += n;
            filled += n > 0;
        }
        for (int k = a; k < b; k++) {
            double p = magnitude(h, c, k), q;
            if (p == 0) continue;
            q = sum / filled / kept;
            if (k == t - 1) p += tail;
            p /= total;
            kl += p * log(p / q);
        }
    }
    if (tail > 0 && magnitude(h, c, t - 1) == 0) kl += tail / total * log(total); /* the tail falls on an empty bin */
    return kl;
}

static double observe_kl(const struct mnq_hist *h, int c, double qlo, double qhi)
{
    int half = h->sign ? h->bins / 2 : h->bins, top = half;
    while (top > 1 && magnitude(h, c, top - 1) == 0) top--;
    int levels = (int)fmax(qhi, -qlo), best = top;
    double best_kl = divergence(h, c, top, half, levels);
    for (int t = top - 8; t >= top / 4 && t >= levels / 2; t -= 8) {
        double kl = divergence(h, c, t, half, levels);
        if (kl < best_kl) {
            best_kl = kl;
            best = t;
        }
    }
    double limit = ldexp(best, h->exp[c]);
    return cover(fmax((double)h->lo[c], -limit), fmin((double)h->hi[c], limit), qlo, qhi);
}

static double observe_mse(const struct mnq_hist_sums *s, int c, double full, double qlo, double qhi)
{
    double best = full, best_e = mnq_hist_noise(s, c, full, qlo, qhi);
    for (int i = 1; i <= 48; i++) { /* down to a quarter of the full range */
        double step = full * exp2(-i / 24.0), e = mnq_hist_noise(s, c, step, qlo, qhi);
        if (e < best_e) {
            best_e = e;
            best = step;
        }
    }
    return best;
}

double mnq_observe(const struct mnq_hist_sums *s, int c, enum mnq_observer kind, double percentile, double qlo, double qhi)
{
    const struct mnq_hist *h = s->hist;
    double full = cover((double)h->lo[c], (double)h->hi[c], qlo, qhi);
    if (!(full > 0)) return 0;
    switch (kind) {
    case MNQ_OBS_PERCENTILE: {
        double share = percentile / 100;
        double step = cover(mnq_hist_quantile(s, c, share, false), mnq_hist_quantile(s, c, share, true), qlo, qhi);
        return step > 0 ? step : full;
    }
    case MNQ_OBS_MSE:
        return isfinite(full) ? observe_mse(s, c, full, qlo, qhi) : full;
    case MNQ_OBS_KL:
        return isfinite(full) ? observe_kl(h, c, qlo, qhi) : full;
    case MNQ_OBS_AUTO:
    case MNQ_OBS_LEARNED:
    case MNQ_OBS_MINMAX:
        break;
    }
    return full;
}
