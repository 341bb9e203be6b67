/* SPDX-License-Identifier: Apache-2.0
 * Activations as functions of a number, the same bits on every host. */
#include "graph/activation.h"

#include <math.h>

/* Klambauer et al. 2017 (arXiv:1706.02515), as Keras writes them. */
static const double SELU_SCALE = 1.05070098735548049342, SELU_ALPHA = 1.67326324235437728481;

double mnq_exp_plain(double x)
{
    const double log2e = 1.4426950408889634, ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
    if (x != x) return x;
    if (x < -700.0) return 0.0;
    if (x > 700.0) x = 700.0;
    double n = floor(x * log2e + 0.5), r = (x - n * ln2_high) - n * ln2_low, sum = 1.0;
    for (int i = 14; i > 0; i--) sum = 1.0 + sum * r / (double)i;
    return ldexp(sum, (int)n);
}

/* log(1 + u), 0 <= u <= 1: twice the inverse hyperbolic tangent of u / (2 + u). */
static double log1p_plain(double u)
{
    double z = u / (2.0 + u), zz = z * z, sum = 0.0;
    for (int k = 39; k > 0; k -= 2) sum = sum * zz + 1.0 / (double)k;
    return 2.0 * z * sum;
}

static double tanh_plain(double x)
{
    double a = fabs(x), y;
    if (a < 0.05) { /* where 1 - t would lose digits */
        double xx = x * x;
        return x * (1.0 + xx * (-1.0 / 3 + xx * (2.0 / 15 + xx * (-17.0 / 315 + xx * (62.0 / 2835)))));
    }
    double t = mnq_exp_plain(-2.0 * a);
    y = (1.0 - t) / (1.0 + t);
    return x < 0 ? -y : y;
}

/* The series without cancellation: erf(x) = 2 / sqrt(pi) exp(-x^2) sum of 2^k x^(2k+1) / (1 3 5 ... (2k+1)). */
static double erf_plain(double x)
{
    double a = fabs(x), term = a, sum = a;
    if (a > 6.0) return x < 0 ? -1.0 : 1.0;
    for (int k = 1; k < 200 && term > sum * 1e-17; k++) {
        term *= 2.0 * a * a / (2.0 * (double)k + 1.0);
        sum += term;
    }
    double y = 1.12837916709551257390 * mnq_exp_plain(-a * a) * sum;
    return x < 0 ? -y : y;
}

static double softplus(double x)
{
    return fmax(x, 0.0) + log1p_plain(mnq_exp_plain(-fabs(x)));
}

static double sigmoid(double x)
{
    return 1.0 / (1.0 + mnq_exp_plain(-x));
}

static double relu6(double x)
{
    return fmin(fmax(x, 0.0), 6.0);
}

double mnq_act_value(const struct mnq_node *nd, int c, double x)
{
    double max = (double)nd->act_max, alpha = (double)nd->act_alpha, threshold = (double)nd->act_threshold;
    switch (nd->act) {
    case MNQ_ACT_RELU:
        return fmax(x, 0.0);
    case MNQ_ACT_RELU_MAX:
        return fmin(fmax(x, 0.0), max);
    case MNQ_ACT_HSWISH:
        return x * relu6(x + 3.0) / 6.0;
    case MNQ_ACT_HSIGMOID:
        return relu6(x + 3.0) / 6.0;
    case MNQ_ACT_HARD_SIGMOID_02:
        return fmin(fmax(0.2 * x + 0.5, 0.0), 1.0);
    case MNQ_ACT_SIGMOID:
        return sigmoid(x);
    case MNQ_ACT_LEAKY:
        return x >= threshold ? fmin(x, max) : alpha * (x - threshold);
    case MNQ_ACT_PRELU:
        return x >= 0.0 ? x : (double)nd->slope[c] * x;
    case MNQ_ACT_ELU:
        return x >= 0.0 ? x : alpha * (mnq_exp_plain(x) - 1.0);
    case MNQ_ACT_SELU:
        return SELU_SCALE * (x >= 0.0 ? x : SELU_ALPHA * (mnq_exp_plain(x) - 1.0));
    case MNQ_ACT_SWISH:
        return x * sigmoid(x);
    case MNQ_ACT_TANH:
        return tanh_plain(x);
    case MNQ_ACT_GELU:
        return 0.5 * x * (1.0 + erf_plain(x * 0.70710678118654752440));
    case MNQ_ACT_GELU_TANH:
        return 0.5 * x * (1.0 + tanh_plain(0.79788456080286535588 * (x + 0.044715 * x * x * x)));
    case MNQ_ACT_SOFTPLUS:
        return softplus(x);
    case MNQ_ACT_SOFTSIGN:
        return x / (1.0 + fabs(x));
    case MNQ_ACT_MISH:
        return x * tanh_plain(softplus(x));
    case MNQ_ACT_EXP:
        return mnq_exp_plain(x);
    case MNQ_ACT_SQUARE:
        return x * x;
    case MNQ_ACT_NONE:
    case MNQ_ACT_COUNT:
        break;
    }
    return x;
}

bool mnq_act_is_linear(const struct mnq_node *nd)
{
    return nd->act == MNQ_ACT_RELU || nd->act == MNQ_ACT_RELU_MAX || nd->act == MNQ_ACT_PRELU ||
           (nd->act == MNQ_ACT_LEAKY && nd->act_threshold == 0.0f);
}

bool mnq_act_nonnegative(const struct mnq_node *nd)
{
    switch (nd->act) {
    case MNQ_ACT_RELU:
    case MNQ_ACT_RELU_MAX:
    case MNQ_ACT_HSIGMOID:
    case MNQ_ACT_HARD_SIGMOID_02:
    case MNQ_ACT_SIGMOID:
    case MNQ_ACT_SOFTPLUS:
    case MNQ_ACT_EXP:
    case MNQ_ACT_SQUARE:
        return true;
    case MNQ_ACT_LEAKY:
        return nd->act_alpha == 0.0f && nd->act_threshold >= 0.0f;
    default:
        return false;
    }
}

bool mnq_act_keeps_zero(const struct mnq_node *nd)
{
    return nd->act != MNQ_ACT_PRELU ? mnq_act_value(nd, 0, 0.0) == 0.0 : true;
}

bool mnq_act_rises(const struct mnq_node *nd)
{
    switch (nd->act) {
    case MNQ_ACT_RELU:
    case MNQ_ACT_RELU_MAX:
    case MNQ_ACT_HSIGMOID:
    case MNQ_ACT_HARD_SIGMOID_02:
    case MNQ_ACT_SIGMOID:
    case MNQ_ACT_SELU:
    case MNQ_ACT_TANH:
    case MNQ_ACT_SOFTPLUS:
    case MNQ_ACT_SOFTSIGN:
    case MNQ_ACT_EXP:
        return true;
    default:
        return false;
    }
}
