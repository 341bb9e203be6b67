/* SPDX-License-Identifier: Apache-2.0
 * One output channel's own Gram matrix: samples count by what the activation behind lets through. */
#ifndef MNQ_ROWGRAM_H
#define MNQ_ROWGRAM_H

#include "quantize/lower.h"

/** The samples of a layer, as mnq_gram_make() and mnq_gram_targets() had them. */
struct mnq_row_data {
    const int16_t *x; /* [rows][n] */
    const float *y;   /* [rows][outputs] pre-activations of the float layer */
    size_t rows;
    int n, outputs, zero;
    enum mnq_act act;
    float act_max;
};

/** One channel's view; arrays in the caller's scratch. */
struct mnq_row_gram {
    double *h, *u, *cross; /* as in struct mnq_gram */
    double damp;
    double *mean_x, mean_y; /* weighted; mean_x around `zero`, in the matrix's order */
};

/** Whether channels of this layer differ in what counts, and their own matrices cost little enough. */
bool mnq_row_gram_pays(const struct mnq_row_data *d);

/** Doubles of scratch that mnq_row_gram_make() needs. */
size_t mnq_row_gram_scratch(int n);

/**
 * The Gram matrix of output o, in which a sample weighs the squared slope of the activation at the float pre-activation (and
 * a little where that is flat, since the pre-activation will move). Nonlinear reconstruction as in Zhang et al. 2015
 * (arXiv:1411.4229) without alternation.
 * shared  centred, factored, with targets
 * return  0, or -1: not positive definite, the shared one serves
 */
int mnq_row_gram_make(const struct mnq_row_data *d, const struct mnq_gram *shared, int o, double *scratch,
                      struct mnq_row_gram *out);

#endif
