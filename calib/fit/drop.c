/* SPDX-License-Identifier: Apache-2.0
 * What a change of the logits is expected to cost in accuracy, without labels. */
#include "drop.h"

#include <math.h>
#include <stddef.h>

/* The first class; with one logit, class 1 if it is positive. */
int mnq_first_class(const float *v, int n)
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
        int a = mnq_first_class(v, classes), b = mnq_first_class(got + (size_t)s * (size_t)classes, classes);
        if (a != b) lost += probability(v, classes, a, cold) - probability(v, classes, b, cold);
    }
    return n > 0 ? 100 * lost / n : 0;
}

/* A probability as a logit, within what floats tell from 0 and 1. */
static double logit(double p)
{
    const double least = 1e-7;
    p = fmin(fmax(p, least), 1 - least);
    return log(p / (1 - p));
}

/* Decisions at a threshold. One that does not stand at 1/2 is a choice against likelihood: what turns over counts in full.
 */
static double decision_drop(const struct mnq_logits *l, const float *want, const float *got, size_t n, double temperature)
{
    double cut = logit(l->part[0].task.threshold), lost = 0;
    bool probability = l->part[0].task.link == MNQ_LINK_SIGMOID;
    for (size_t i = 0; i < n; i++) {
        double a = probability ? logit((double)want[i]) : (double)want[i],
               b = probability ? logit((double)got[i]) : (double)got[i];
        if ((a > cut) != (b > cut)) lost += fabs(tanh(a / temperature / 2)); /* |p - (1 - p)| */
    }
    return n > 0 ? 100 * lost / (double)n : 0;
}

static double cosine_drop(const struct mnq_logits *l, const float *want, const float *got, int n)
{
    double sum = 0;
    for (int s = 0; s < n; s++) {
        const float *a = want + (size_t)s * l->n, *b = got + (size_t)s * l->n;
        double aa = 0, bb = 0, ab = 0;
        for (size_t i = 0; i < l->n; i++) {
            aa += (double)a[i] * (double)a[i];
            bb += (double)b[i] * (double)b[i];
            ab += (double)a[i] * (double)b[i];
        }
        sum += aa > 0 && bb > 0 ? 1 - fmin(ab / sqrt(aa * bb), 1) : aa > 0 || bb > 0;
    }
    return n > 0 ? 100 * sum / n : 0;
}

static double number_drop(const struct mnq_logits *l, const float *want, const float *got, int n)
{
    double noise = 0, signal = 0;
    for (int s = 0; s < n; s++) {
        noise += mnq_logits_noise(l, got + (size_t)s * l->n, want + (size_t)s * l->n);
        signal += mnq_logits_signal(l, want + (size_t)s * l->n);
    }
    return fmin(100, signal > 0 ? 100 * noise / signal : noise > 0 ? 100 : 0);
}

double mnq_task_drop(const struct mnq_logits *l, const float *want, const float *got, int n, double temperature)
{
    int c = l->part[0].task.out.c;
    switch (l->part[0].task.kind) {
    case MNQ_TASK_BINARY:
    case MNQ_TASK_MULTILABEL:
        return decision_drop(l, want, got, (size_t)n * l->n, temperature);
    case MNQ_TASK_REGRESSION:
        return number_drop(l, want, got, n);
    case MNQ_TASK_FEATURES:
        return cosine_drop(l, want, got, n);
    default:
        return mnq_expected_drop(want, got, n * (int)(l->n / (size_t)c), c, temperature);
    }
}

void mnq_task_losses(const struct mnq_logits *l, const float *want, const float *got, int n, double temperature,
                     double *loss)
{
    double signal = 0;
    for (int s = 0; s < n; s++) {
        const float *a = want + (size_t)s * l->n, *b = got + (size_t)s * l->n;
        if (l->part[0].task.kind == MNQ_TASK_REGRESSION) {
            loss[s] = mnq_logits_noise(l, b, a);
            signal += mnq_logits_signal(l, a) / n;
        } else {
            loss[s] = mnq_task_drop(l, a, b, 1, temperature);
        }
    }
    if (l->part[0].task.kind != MNQ_TASK_REGRESSION) return;
    for (int s = 0; s < n; s++) loss[s] = fmin(100, signal > 0 ? 100 * loss[s] / signal : loss[s] > 0 ? 100 : 0);
}

const char *mnq_task_drop_unit(const struct mnq_task *t)
{
    static const char *const unit[MNQ_TASK_KINDS] = {"", "top-1", "accuracy", "accuracy per label", "R2", "cosine"};
    if (mnq_task_is_map(t) && mnq_task_decides(t)) return "accuracy per cell";
    return unit[t->kind];
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
    for (int s = 0; s < n; s++) right += label[s] == mnq_first_class(logits + (size_t)s * (size_t)classes, classes);
    if (2 * right < n) return 1;
    for (int i = 0; i < HALVINGS; i++) {
        double middle = (lo + hi) / 2;
        if (slope(logits, label, n, classes, middle) < 0) lo = middle;
        else hi = middle;
    }
    return 1 / lo;
}
