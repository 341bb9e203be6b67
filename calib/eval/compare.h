/* SPDX-License-Identifier: Apache-2.0
 * Layer by layer: how far an integer model strays from the float model it was made from, on the same inputs. */
#ifndef MNQ_COMPARE_H
#define MNQ_COMPARE_H

#include "util/progress.h"
#include "data.h"
#include "subject.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One integer layer against the float node of the same name, over all samples. error = integer - float, in real values. */
struct mnq_compare_layer {
    const char *name;
    int layer, node;      /* indices in the integer model and in the legal graph */
    struct mnq_shape out; /* of the float node */
    int channels;         /* compared: those that the integer model still computes */
    int64_t values;       /* compared */
    double sqnr_db;       /* 10 log10(sum of float^2 / sum of error^2); infinite when equal */
    double bias;          /* mean error */
    double rms_error, max_error;
    double rms_float; /* signal */
    double clipped;   /* share of values whose float lies more than one step outside what the tensor can hold */
    double cosine;    /* of float and integer values; 1 if both are zero throughout */
    /* Leave-one-layer sensitivity: noise over signal power at the logits with everything else float. NaN: not measured. */
    double weights_alone; /* this layer alone has 8-bit weights, rounded to nearest */
    double output_alone;  /* this layer's output alone is rounded and clipped as the integer model does it */
};

struct mnq_comparison {
    struct mnq_compare_layer *layer;
    int n_layers, samples;
    int unmatched; /* integer layers without a float node of the same name and shape */
};

/** Layers of an integer model that have a float node of the same name and shape; 0 if the inputs differ. */
int mnq_compare_matches(const struct mnq_subject *flt, const struct mnq_subject *packed);

/**
 * Runs both on every sample; the integer layers see the integer results of the layers before (errors accumulate as they
 * do in use). Sums are taken in sample order: the same for any thread count.
 */
int mnq_compare(const struct mnq_subject *flt, const struct mnq_subject *packed, const struct mnq_data *data, int threads,
                struct mnq_comparison *c, struct mnq_arena *arena, mnq_progress *progress, void *progress_ctx,
                struct mnq_err *e);

/**
 * Fills weights_alone and output_alone of the layers that mnq_compare() found, over at most 16 samples spread evenly. The
 * logits and what follows have no output_alone: they are where the noise is measured.
 */
int mnq_compare_alone(const struct mnq_subject *flt, const struct mnq_subject *packed, const struct mnq_data *data,
                      int threads, struct mnq_comparison *c, mnq_progress *progress, void *progress_ctx, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
