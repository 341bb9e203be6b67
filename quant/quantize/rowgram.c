/* SPDX-License-Identifier: Apache-2.0
 * One output channel's own Gram matrix: samples count by what the activation behind lets through. */
#include "quantize/rowgram.h"

#include "quantize/gram.h"
#include "quantize/linalg.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 64 }; /* samples summed in floats before they are added in doubles */
/* Multiply-accumulates that one layer may cost. */
static const double COST_MAX = 4e10;
/* Weight of samples on a flat part, and how far beyond its end a sample still counts fully, in deviations. */
static const double FLAT = 0.05, MARGIN = 0.1;

bool mnq_row_gram_pays(const struct mnq_row_data *d)
{
    double cost = (double)d->rows * d->n * d->n / 4 * d->outputs;
    return d->act != MNQ_ACT_NONE && d->act != MNQ_ACT_SIGMOID && cost <= COST_MAX;
}

size_t mnq_row_gram_scratch(int n)
{
    size_t k = (size_t)n;
    return 2 * k * k + (k * k + 1) / 2 + 4 * k + BLOCK * (k + 1) / 2 + 64;
}

/* Squared slope of the activation at y, widened by `margin`. */
static double weight_at(const struct mnq_row_data *d, double y, double margin)
{
    double top = d->act == MNQ_ACT_RELU_MAX ? (double)d->act_max : HUGE_VAL, slope;
    switch (d->act) {
    case MNQ_ACT_RELU:
    case MNQ_ACT_RELU_MAX:
        slope = y > -margin && y < top + margin ? 1 : 0;
        break;
    case MNQ_ACT_HSWISH:
        slope = y <= -3 - margin ? 0 : y >= 3 ? 1 : fmax(fabs(2 * y + 3) / 6, 0.3);
        break;
    default: /* hard sigmoids: flat beyond their kinks */
        slope = fabs(y) < 3 + margin ? 1 : 0;
        break;
    }
    return fmax(FLAT, slope * slope);
}

/* Deviation of output o. */
static double deviation(const struct mnq_row_data *d, int o)
{
    double s = 0, ss = 0;
    for (size_t p = 0; p < d->rows; p++) {
        double y = (double)d->y[p * (size_t)d->outputs + (size_t)o];
        s += y;
        ss += y * y;
    }
    s /= (double)d->rows;
    return sqrt(fmax(0, ss / (double)d->rows - s * s));
}

/* g += sum over len rows of b of their outer products, upper triangle. */
static void add_block(float *g, const float *b, int len, int n)
{
    for (int i = 0; i < n; i++) {
        float *row = g + (size_t)i * (size_t)n;
        int p = 0;
        for (; p + 4 <= len; p += 4) {
            const float *b0 = b + (size_t)p * (size_t)n, *b1 = b0 + n, *b2 = b1 + n, *b3 = b2 + n;
            float v0 = b0[i], v1 = b1[i], v2 = b2[i], v3 = b3[i];
            for (int j = i; j < n; j++) row[j] += (v0 * b0[j] + v1 * b1[j]) + (v2 * b2[j] + v3 * b3[j]);
        }
        for (; p < len; p++) {
            const float *b0 = b + (size_t)p * (size_t)n;
            float v0 = b0[i];
            for (int j = i; j < n; j++) row[j] += v0 * b0[j];
        }
    }
}

int mnq_row_gram_make(const struct mnq_row_data *d, const struct mnq_gram *shared, int o, double *scratch,
                      struct mnq_row_gram *out)
{
    size_t n = (size_t)d->n;
    double *h = scratch, *u = h + n * n, *cross = u + n * n, *mean = cross + n, *global = mean + n, *sum_x = global + n;
    float *part = (float *)(sum_x + n), *block = part + n * n;
    double margin = MARGIN * deviation(d, o), total = 0, mean_y = 0, sum_y = 0, trace = 0, rows = (double)d->rows;
    *out = (struct mnq_row_gram){.h = h, .u = u, .cross = cross, .mean_x = mean};
    for (size_t k = 0; k < n; k++) global[k] = shared->mean[k];
    for (size_t p = 0; p < d->rows; p++) mean_y += (double)d->y[p * (size_t)d->outputs + (size_t)o] / rows;

    /* The flat share of all samples is the shared matrix; what counts more is added. */
    memset(h, 0, n * n * sizeof *h);
    memset(part, 0, n * n * sizeof *part);
    for (size_t k = 0; k < n; k++) {
        cross[k] = FLAT * rows * shared->cross[(size_t)o * n + k];
        sum_x[k] = 0;
    }
    total = FLAT * rows;
    int len = 0;
    for (size_t p = 0; p <= d->rows; p++) {
        if (len == BLOCK || (p == d->rows && len > 0)) {
            add_block(part, block, len, d->n);
            len = 0;
            for (size_t i = 0; i < n; i++)
                for (size_t j = i; j < n; j++) {
                    h[i * n + j] += (double)part[i * n + j];
                    part[i * n + j] = 0;
                }
        }
        if (p == d->rows) break;
        double y = (double)d->y[p * (size_t)d->outputs + (size_t)o], w = weight_at(d, y, margin) - FLAT;
        if (w <= 0) continue;
        float root = (float)sqrt(w), *to = block + (size_t)len++ * n;
        const int16_t *x = d->x + p * n;
        total += w;
        sum_y += w * (y - mean_y);
        for (size_t k = 0; k < n; k++) {
            double v = x[shared->order[k]] - d->zero - global[k];
            to[k] = root * (float)v;
            sum_x[k] += w * v;
            cross[k] += w * v * (y - mean_y);
        }
    }
    for (size_t k = 0; k < n; k++) mean[k] = sum_x[k] / total;
    double offset_y = sum_y / total;
    for (size_t i = 0; i < n; i++) {
        cross[i] = cross[i] / total - mean[i] * offset_y;
        for (size_t j = i; j < n; j++) {
            double all = shared->h[i * n + j] - (i == j ? shared->damp : 0);
            h[i * n + j] = (h[i * n + j] + FLAT * rows * all) / total - mean[i] * mean[j];
        }
        trace += h[i * n + i];
    }
    out->damp = MNQ_GRAM_DAMPING * (trace > 0 ? trace / (double)n : 1);
    for (size_t i = 0; i < n; i++) {
        h[i * n + i] += out->damp;
        for (size_t j = i + 1; j < n; j++) h[j * n + i] = h[i * n + j];
        mean[i] += global[i];
    }
    out->mean_y = mean_y + offset_y;
    memcpy(u, h, n * n * sizeof *u);
    return mnq_inverse_cholesky(u, d->n);
}
