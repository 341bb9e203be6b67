/* SPDX-License-Identifier: Apache-2.0
 * What noise at the logits is expected to cost in accuracy, without labels. */
#include "drop.h"

#include <math.h>
#include <stdint.h>
#include <stddef.h>

enum { DRAWS = 64 };

/* Sum of twelve uniform numbers minus six: Gaussian enough for decisions, and the same bits wherever doubles are IEEE. */
static double gauss(uint64_t *state)
{
    double sum = -6;
    for (int i = 0; i < 12; i++) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        sum += (double)(*state >> 11) * 0x1p-53;
    }
    return sum;
}

static int first_class(const float *v, int n, double sigma, uint64_t *state)
{
    int best = 0;
    double top = -HUGE_VAL;
    for (int c = 0; c < n; c++) {
        double x = (double)v[c] + (sigma > 0 ? sigma * gauss(state) : 0);
        if (x > top) {
            top = x;
            best = c;
        }
    }
    return best;
}

/* Power of one sample's logits around their mean. */
static double signal_power(const float *v, int n)
{
    double mean = 0, p = 0;
    for (int c = 0; c < n; c++) mean += (double)v[c] / n;
    if (n == 1) mean = 0;
    for (int c = 0; c < n; c++) p += ((double)v[c] - mean) * ((double)v[c] - mean);
    return p;
}

/* p[a] - p[b] of a softmax. */
static double probability_gap(const float *v, int n, int a, int b)
{
    double sum = 0;
    for (int c = 0; c < n; c++) sum += exp((double)v[c] - (double)v[a]);
    return (1 - exp((double)v[b] - (double)v[a])) / sum;
}

double mnq_expected_drop(const float *logits, int samples, int classes, double noise)
{
    double power = 0, lost = 0;
    uint64_t state = 1;
    for (int s = 0; s < samples; s++) power += signal_power(logits + (size_t)s * (size_t)classes, classes);
    double sigma = sqrt(fmax(noise, 0) * power / ((double)samples * classes));
    for (int s = 0; s < samples; s++) {
        float two[2] = {0, 0};
        const float *v = logits + (size_t)s * (size_t)classes;
        int n = classes;
        if (classes == 1) { /* "no" has logit 0 and no noise of its own */
            two[1] = v[0];
            v = two;
            n = 2;
        }
        int top = first_class(v, n, 0, &state);
        for (int d = 0; d < DRAWS; d++) {
            int other = classes == 1 ? (double)two[1] + sigma * gauss(&state) > 0 : first_class(v, n, sigma, &state);
            if (other != top) lost += probability_gap(v, n, top, other);
        }
    }
    return 100 * lost / ((double)samples * DRAWS);
}
