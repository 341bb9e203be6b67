/* SPDX-License-Identifier: Apache-2.0
 * A model on the HVX kernels, as a FastRPC skeleton wants it: open, run, with sequences of bytes and an int for a result.
 * Before `session_run` the skeleton's thread must own the vector unit (qurt_hvx_lock, or what its SDK has for it). */
#ifndef SESSION_H
#define SESSION_H

#include "mnq/mnq.h"

struct session {
    struct mnq_model model;
    uint8_t *arena;
    size_t arena_size;
};

/**
 * Opens a model and packs it for HVX.
 * model   .mnq bytes, MNQ_ALIGN-aligned, unchanged as long as the session is used
 * memory  for packed weights and arena, 128-byte aligned
 * return  0, or an enum mnq_status; MNQ_E_ARENA: memory is too small
 */
int session_open(struct session *s, const uint8_t *model, size_t model_size, uint8_t *memory, size_t memory_size);

/** Runs one input as the model stores it. return 0, or an enum mnq_status; MNQ_E_ARG: other sizes than the model's */
int session_run(struct session *s, const uint8_t *input, size_t input_size, uint8_t *output, size_t output_size);

#endif
