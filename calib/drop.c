/* SPDX-License-Identifier: Apache-2.0
 * What a change of the logits is expected to cost in accuracy, without labels. */
#include "drop.h"

#include <math.h>
#include <stddef.h>

/* The first class; with one logit, class 1 if it is positive. */
static int first_class(const float *v, int n)
{
    int best = 0;
    if (n == 1) return v[0] > 0;
    for (int c = 1; c < n; c++)
        if (v[c] > v[best]) best = c;
    return best;
}

/* p[a] - p[b] of the softmax, or of the logistic function; a is the first class. */
static double probability_gap(const float *v, int n, int a, int b)
{
    double sum = 0;
    if (n == 1) return fabs(2 / (1 + exp(-(double)v[0])) - 1);
    for (int c = 0; c < n; c++) sum += exp((double)v[c] - (double)v[a]);
    return (1 - exp((double)v[b] - (double)v[a])) / sum;
}

double mnq_expected_drop(const float *want, const float *got, int n, int classes)
{
    double lost = 0;
    for (int s = 0; s < n; s++) {
        const float *v = want + (size_t)s * (size_t)classes;
        int a = first_class(v, classes), b = first_class(got + (size_t)s * (size_t)classes, classes);
        if (a != b) lost += probability_gap(v, classes, a, b);
    }
    return n > 0 ? 100 * lost / n : 0;
}
