/* SPDX-License-Identifier: Apache-2.0
 * How far the student's answer is from the teacher's, and in which direction that grows. */
#include "tune_loss.h"

#include "graph/activation.h"

#include <math.h>

double mnq_log_plain(double x)
{
    int exponent;
    double m = frexp(x, &exponent), z, sum = 0;
    if (m < 0.70710678118654752) {
        m *= 2;
        exponent--;
    }
    z = (m - 1) / (m + 1); /* log(m) = 2 artanh(z), |z| <= 0.172 */
    for (int k = 23; k > 0; k -= 2) sum = sum * z * z + 1.0 / k;
    return exponent * 0.69314718055994530942 + 2 * z * sum;
}

/* log of the sum of exp(v / T), and the largest v / T. */
static double log_sum(const float *v, int n, double cold)
{
    double top = (double)v[0], sum = 0;
    for (int c = 1; c < n; c++) top = fmax(top, (double)v[c]);
    for (int c = 0; c < n; c++) sum += mnq_exp_plain(((double)v[c] - top) * cold);
    return top * cold + mnq_log_plain(sum);
}

static double divergence(const float *teacher, const float *student, int n, double temperature, double share,
                         float *gradient)
{
    double cold = 1 / temperature, a = log_sum(teacher, n, cold), b = log_sum(student, n, cold), kl = 0;
    for (int c = 0; c < n; c++) {
        double log_t = (double)teacher[c] * cold - a, log_s = (double)student[c] * cold - b, p = mnq_exp_plain(log_t);
        kl += p * (log_t - log_s);
        if (gradient != NULL) gradient[c] += (float)(share * temperature * (mnq_exp_plain(log_s) - p));
    }
    return share * temperature * temperature * kl;
}

double mnq_tune_label_loss(const struct mnq_tune_loss *l, double weight, const float *wanted, const float *student,
                           float *gradient)
{
    const int n = (int)l->logits.n;
    if (wanted[0] < 0) return 0;
    double all = log_sum(student, n, 1), loss = 0;
    for (int c = 0; c < n; c++) {
        double log_s = (double)student[c] - all;
        loss -= (double)wanted[c] * log_s;
        if (gradient != NULL) gradient[c] += (float)(weight * (mnq_exp_plain(log_s) - (double)wanted[c]));
    }
    return weight * loss;
}

double mnq_tune_loss(const struct mnq_tune_loss *l, double temperature, const float *teacher, const float *student,
                     float *gradient)
{
    size_t n = l->logits.n, c = (size_t)l->logits.part[0].task.out.c;
    double loss = 0;
    if (l->logits.part[0].task.kind == MNQ_TASK_CLASSES) {
        for (size_t i = 0; i + c <= n; i += c)
            loss += divergence(teacher + i, student + i, (int)c, temperature, (double)c / (double)n,
                               gradient != NULL ? gradient + i : NULL);
        return loss;
    }
    double scale = l->signal > 0 ? 1 / l->signal : 1;
    for (size_t i = 0; i < n; i++) {
        double d = (double)student[i] - (double)teacher[i];
        loss += scale * d * d;
        if (gradient != NULL) gradient[i] += (float)(2 * scale * d);
    }
    return loss;
}
