/* SPDX-License-Identifier: Apache-2.0
 * The weights of one layer on their way to integers: one row per output channel. */
#ifndef MNQ_ROWS_H
#define MNQ_ROWS_H

#include "quantize/lower.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Rows in real units per input integer: w[o][k] * (q_k - zero_k). For XNOR: per sign. */
struct mnq_rows {
    int n, rows;     /* inputs per output, outputs */
    double *w;       /* [rows][n] */
    uint8_t *pruned; /* [rows][n] nonzero: the float weight is exactly 0 and stays it */
    double zeros;    /* share of pruned weights */
    double *zero;    /* [rows][n] for depthwise, else [1][n] */
    bool depthwise;
    int16_t *q;    /* [rows][n] integers */
    double *step;  /* [rows] real value of one accumulator unit */
    int16_t *coef; /* [rows][bases], binary formats with more than one base */
};

/** The rows of node i, the input's scales absorbed; arrays in arena. -1 when out of memory. */
int mnq_rows_absorb(const struct mnq_lowering *l, int i, const struct mnq_wformat *f, struct mnq_rows *r,
                    struct mnq_arena *arena);

/**
 * Rounds every row as the job says and proves its accumulator: a row that could overflow gets a larger step until it fits.
 * b       [rows] real biases, or NULL
 * in_max  largest |q| of the input
 * bias    [rows] filled, in accumulator units, the input's zero point folded in
 * worst   filled with the largest accumulator possible
 */
int mnq_rows_round(struct mnq_rows *r, const float *b, const struct mnq_rounding_job *job, double in_max, int32_t *bias,
                   double *worst, struct mnq_err *e);

/** Noise power at the output of rounded rows, as mnq_lower_weight_noise() has it. */
int mnq_rows_noise(struct mnq_rows *r, const struct mnq_rounding_job *job, const struct mnq_gram *gram, double *noise,
                   struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
