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

/* Softmax of v at inverse temperature `cold`: probability of class c. With one logit, of classes 0 and 1. */
static double probability(const float *v, int n, int c, double cold)
{
    double sum = 0;
    if (n == 1) return 1 / (1 + exp((c == 1 ? -cold : cold) * (double)v[0]));
    for (int k = 0; k < n; k++) sum += exp(cold * ((double)v[k] - (double)v[c]));
    return 1 / sum;
}

double mnq_expected_drop(const float *want, const float *got, int n, int classes, double temperature)
{
    double lost = 0, cold = 1 / temperature;
    for (int s = 0; s < n; s++) {
        const float *v = want + (size_t)s * (size_t)classes;
        int a = first_class(v, classes), b = first_class(got + (size_t)s * (size_t)classes, classes);
        if (a != b) lost += probability(v, classes, a, cold) - probability(v, classes, b, cold);
    }
    return n > 0 ? 100 * lost / n : 0;
}

/* Derivative of the cross entropy by the inverse temperature: it only rises. */
static double slope(const float *logits, const int *label, int n, int classes, double cold)
{
    double sum = 0;
    for (int s = 0; s < n; s++) {
        const float *v = logits + (size_t)s * (size_t)classes;
        if (label[s] < 0) continue;
        if (classes == 1) {
            sum += (probability(v, 1, 1, cold) - label[s]) * (double)v[0];
            continue;
        }
        sum -= (double)v[label[s]];
        for (int c = 0; c < classes; c++) sum += probability(v, classes, c, cold) * (double)v[c];
    }
    return sum;
}

double mnq_fit_temperature(const float *logits, const int *label, int n, int classes)
{
    enum { HALVINGS = 40 };
    double lo = 0.25, hi = 4;
    int right = 0;
    for (int s = 0; s < n; s++) right += label[s] == first_class(logits + (size_t)s * (size_t)classes, classes);
    if (2 * right < n) return 1;
    for (int i = 0; i < HALVINGS; i++) {
        double middle = (lo + hi) / 2;
        if (slope(logits, label, n, classes, middle) < 0) lo = middle;
        else hi = middle;
    }
    return 1 / lo;
}
