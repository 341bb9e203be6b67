/* SPDX-License-Identifier: Apache-2.0
 * Observers: from one channel's histogram to the step that covers its range. */
#ifndef MNQ_OBSERVER_H
#define MNQ_OBSERVER_H

#include "quantize/qparams.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Step for channel c with integers qlo..qhi around the zero point (qlo <= 0 <= qhi, qhi > qlo).
 * MINMAX covers the extremes; PERCENTILE the given share of values; MSE has the least mean squared error (clipping and
 * rounding, mnq_hist_noise); KL the least Kullback-Leibler divergence between the histogram and its clipped, quantized self
 * (Migacz 2017, "8-bit inference with TensorRT"). 0 when the channel saw nothing but zeros.
 */
double mnq_observe(const struct mnq_hist_sums *s, int c, enum mnq_observer kind, double percentile, double qlo, double qhi);

#ifdef __cplusplus
}
#endif
#endif
