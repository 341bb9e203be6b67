/* SPDX-License-Identifier: Apache-2.0
 * 95 % intervals of what is measured over samples. */
#include "estimate.h"

#include <math.h>
#include <stdlib.h>

static const double Z = 1.959963984540054; /* 97.5 % quantile of the normal distribution */

/* ---- shares ---- */

static struct mnq_share wilson(double p, double n)
{
    double zz = Z * Z / n;
    double middle = (p + zz / 2) / (1 + zz);
    double half = Z / (1 + zz) * sqrt(p * (1 - p) / n + zz / (4 * n));
    double lo = p <= 0 ? 0 : middle - half, hi = p >= 1 ? 1 : middle + half;
    return (struct mnq_share){100 * p, 100 * lo, 100 * hi};
}

struct mnq_share mnq_wilson(int64_t k, int64_t n)
{
    return wilson((double)k / (double)n, (double)n);
}

struct mnq_share mnq_share_of_groups(const int64_t *hit, const int64_t *of, int n)
{
    double hits = 0, all = 0, square = 0;
    int groups = 0;
    for (int i = 0; i < n; i++) {
        hits += (double)hit[i];
        all += (double)of[i];
        groups += of[i] > 0;
    }
    if (!(all > 0)) return (struct mnq_share){(double)NAN, (double)NAN, (double)NAN};
    double p = hits / all;
    for (int i = 0; i < n; i++) {
        double d = (double)hit[i] - p * (double)of[i];
        square += d * d;
    }
    double variance = groups > 1 ? square * groups / (groups - 1) / (all * all) : 0;
    double effective = variance > 0 ? p * (1 - p) / variance : groups;
    return wilson(p, fmin(fmax(effective, 1), all));
}

/* ---- drawing again ---- */

/* splitmix64 (Steele, Lea and Flood 2014). */
static uint64_t next(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The value below which a share q of the n sorted ones lies, between its neighbours. */
static double percentile(const double *v, int n, double q)
{
    double at = q * (n - 1);
    int i = (int)at;
    return i + 1 < n ? v[i] + (at - i) * (v[i + 1] - v[i]) : v[n - 1];
}

int mnq_bootstrap(mnq_statistic *statistic, const void *ctx, int n, double work, struct mnq_estimate *out)
{
    enum { LEAST = 40, MOST = 1000, FEW = 5 };
    const double budget = 2e8;
    *out = (struct mnq_estimate){(double)NAN, (double)NAN, (double)NAN};
    if (n < 1) return 0;
    double draws = budget / fmax(work + n, 1);
    int wanted = draws < LEAST ? LEAST : draws > MOST ? MOST : (int)draws, got = 0;
    int *weight = malloc((size_t)n * sizeof *weight);
    double *value = malloc((size_t)wanted * sizeof *value);
    if (weight == NULL || value == NULL) {
        free(weight);
        free(value);
        return -1;
    }
    for (int i = 0; i < n; i++) weight[i] = 1;
    out->value = statistic(ctx, weight, n);
    uint64_t state = 1;
    for (int d = 0; d < wanted && n >= FEW; d++) {
        for (int i = 0; i < n; i++) weight[i] = 0;
        for (int i = 0; i < n; i++) weight[next(&state) % (uint64_t)n]++;
        double v = statistic(ctx, weight, n);
        if (!isnan(v)) value[got++] = v;
    }
    if (got > wanted / 2) {
        qsort(value, (size_t)got, sizeof *value, by_value);
        out->lo = percentile(value, got, 0.025);
        out->hi = percentile(value, got, 0.975);
    }
    free(weight);
    free(value);
    return 0;
}

/* ---- area under the curve ---- */

struct scored {
    float score;
    int positive;
};

static int by_score(const void *a, const void *b)
{
    float x = ((const struct scored *)a)->score, y = ((const struct scored *)b)->score;
    return x < y ? -1 : x > y;
}

/* Sums over the samples of each kind of the share of the other kind that they stand right to, and of its square. */
static void placements(const struct scored *s, int n, double positives, double negatives, double *sum, double *square)
{
    double below[2] = {0, 0}, of[2] = {positives, negatives};
    for (int i = 0, end; i < n; i = end) {
        int tied[2] = {0, 0};
        for (end = i; end < n && !(s[end].score > s[i].score); end++) tied[s[end].positive ? 0 : 1]++;
        for (int kind = 0; kind < 2; kind++) { /* 0: positives, which negatives lie below */
            double v = (below[1 - kind] + tied[1 - kind] / 2.0) / of[1 - kind];
            if (kind == 1) v = 1 - v;
            sum[kind] += v * tied[kind];
            square[kind] += v * v * tied[kind];
        }
        below[0] += tied[0];
        below[1] += tied[1];
    }
}

int mnq_auc(const float *score, const int *label, int n, struct mnq_estimate *out)
{
    struct scored *s = malloc(((size_t)n + 1) * sizeof *s);
    double count[2] = {0, 0}, sum[2] = {0, 0}, square[2] = {0, 0}, variance = 0;
    int used = 0;
    *out = (struct mnq_estimate){(double)NAN, (double)NAN, (double)NAN};
    if (s == NULL) return -1;
    for (int i = 0; i < n; i++) {
        if (label[i] != 0 && label[i] != 1) continue;
        s[used++] = (struct scored){isnan(score[i]) ? -INFINITY : score[i], label[i]};
        count[label[i] ? 0 : 1]++;
    }
    if (count[0] > 0 && count[1] > 0) {
        qsort(s, (size_t)used, sizeof *s, by_score);
        placements(s, used, count[0], count[1], sum, square);
        double auc = sum[0] / count[0];
        for (int k = 0; k < 2; k++)
            if (count[k] > 1) variance += (square[k] - sum[k] * sum[k] / count[k]) / (count[k] - 1) / count[k];
        double half = Z * sqrt(fmax(variance, 0)), fewer = fmin(count[0], count[1]);
        *out = (struct mnq_estimate){auc, fmax(auc - half, 0), fmin(auc + half, 1)};
        if (!(half > 1e-9)) {
            struct mnq_share w = wilson(auc, fewer);
            out->lo = w.lo / 100;
            out->hi = w.hi / 100;
        }
    }
    free(s);
    return 0;
}
