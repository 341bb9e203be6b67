/* SPDX-License-Identifier: Apache-2.0
 * Activation scales: which real range each tensor's eight bits cover, channel by channel. */
#ifndef MNQ_QPARAMS_H
#define MNQ_QPARAMS_H

#include "graph/graph.h"
#include "graph/preprocess.h"
#include "quantize/hist.h"

#include "mnq/mnq.h"

#ifdef __cplusplus
extern "C" {
#endif

/** LEARNED is a finding, no wish: the range that training found, which AUTO takes where there is one. */
enum mnq_observer { MNQ_OBS_AUTO, MNQ_OBS_MINMAX, MNQ_OBS_PERCENTILE, MNQ_OBS_MSE, MNQ_OBS_KL, MNQ_OBS_LEARNED };
enum mnq_act_scale { MNQ_SCALE_TENSOR, MNQ_SCALE_CHANNEL };

/** How ranges are chosen. */
struct mnq_range_opts {
    enum mnq_observer observer;
    const int *observer_of; /* [g->n] of single tensors, -1 = `observer`; or NULL */
    double percentile;      /* PERCENTILE: share of values kept, in percent, e.g. 99.99 */
    enum mnq_act_scale act_scale;
    double weight_noise; /* what rounding keeps of the noise of nearest rounding: 1 nearest, about 0.4 second order */
    int small_layer;     /* layers with fewer weights are taken as 16-bit (no weight noise); 0 = none */
};

/** Quantization of one tensor: real = scale[c] * (q - zero[c]). */
struct mnq_qparams {
    enum mnq_dtype dtype;
    int32_t qmin, qmax;   /* range of the integers; S16 tensors between layers use MNQ_WIDE_BITS of their 16 */
    int32_t zp;           /* zero[c] for S8 and S16 */
    double *scale, *zero; /* [c] */
    /* How it was chosen, for the report. */
    enum mnq_observer observer;
    double stretch; /* alpha: scale[c] = own[c]^alpha * max^(1 - alpha) */
    double clipped; /* share of values outside the range */
};

/** Bits of a 16-bit activation between layers: 30 dB better than 8, and 18 bits are left in the accumulator for its readers.
 */
#define MNQ_WIDE_BITS 14

/** Whether node i cannot be negative, whatever the data. */
bool mnq_node_nonnegative(const struct mnq_graph *g, int i);

/** Of output k: the node whose tensor is the softmax's or sigmoid's input, or the output itself: it gets 16 bits. */
int mnq_logits_node(const struct mnq_graph *g, int k);

/** Whether node i is that of an output. */
bool mnq_node_is_logits(const struct mnq_graph *g, int i);

/** Whether node i is that of an output, or the softmax or sigmoid behind it, or a softmax inside the network or what it
 *  reads: their types are settled. */
bool mnq_node_is_settled(const struct mnq_graph *g, int i);

/**
 * Whether node i only moves values, or picks or mixes neighbours, of the tensors it reads: it takes their scales where these
 * are of one type and zero point, so that nothing is rounded again.
 */
bool mnq_node_moves(const struct mnq_graph *g, int i);

/** Rounds n pixels of a float tensor to what the integers can hold. Channels with scale 0 (removed ones) stay as they are.
 */
void mnq_qparams_apply(const struct mnq_qparams *qp, float *x, int n, int channels);

/**
 * Chooses scales for every node's tensor of a legal graph.
 * hist   [g->n], statistics of every node's output (INPUT and AFFINE unused)
 * wide   [g->n], nonzero: the tensor gets 16 bits
 * qp     [g->n], filled; arrays in arena
 */
int mnq_qparams_choose(const struct mnq_graph *g, const struct mnq_hist *hist, const uint8_t *wide,
                       const struct mnq_preprocess *p, const struct mnq_range_opts *o, struct mnq_qparams *qp,
                       struct mnq_arena *arena, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
