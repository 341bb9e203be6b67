/* SPDX-License-Identifier: Apache-2.0
 * What noise at the logits is expected to cost in accuracy, without labels. */
#include "drop.h"

#include <math.h>
#include <stddef.h>

/* The first class of v + d; with one logit, class 1 if it is positive. */
static int first_class(const float *v, const float *d, int n)
{
    int best = 0;
    double top = -HUGE_VAL;
    if (n == 1) return (double)v[0] + (d != NULL ? (double)d[0] : 0) > 0;
    for (int c = 0; c < n; c++) {
        double x = (double)v[c] + (d != NULL ? (double)d[c] : 0);
        if (x > top) {
            top = x;
            best = c;
        }
    }
    return best;
}

/* p[a] - p[b] of the softmax, or of the logistic function. */
static double probability_gap(const float *v, int n, int a, int b)
{
    double sum = 0;
    if (n == 1) return fabs(2 / (1 + exp(-(double)v[0])) - 1);
    for (int c = 0; c < n; c++) sum += exp((double)v[c] - (double)v[a]);
    return (1 - exp((double)v[b] - (double)v[a])) / sum;
}

double mnq_expected_drop(const float *logits, int samples, int classes, const float *noise, int n)
{
    double lost = 0;
    for (int s = 0; s < samples; s++) {
        const float *v = logits + (size_t)s * (size_t)classes;
        int top = first_class(v, NULL, classes);
        for (int k = 0; k < n; k++) {
            int other = first_class(v, noise + (size_t)k * (size_t)classes, classes);
            if (other != top) lost += probability_gap(v, classes, top, other);
        }
    }
    return n > 0 ? 100 * lost / ((double)samples * n) : 0;
}
