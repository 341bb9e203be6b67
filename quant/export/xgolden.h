/* SPDX-License-Identifier: Apache-2.0
 * What a self-test on the target compares with: inputs that both sides make, and checksums of what becomes of them here. */
#ifndef MNQ_XGOLDEN_H
#define MNQ_XGOLDEN_H

#include "pack/qmodel.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MNQ_XGOLDEN_INPUTS = 2 };

struct mnq_xgolden {
    uint32_t *layer;                                      /* [n_layers] CRC-32 of each layer's output, first input */
    uint32_t output[MNQ_XGOLDEN_INPUTS][MNQ_OUTPUTS_MAX]; /* of the network's outputs */
};

/** Input k, n bytes: uniform noise, then a slow ramp with some noise. The exported self-test holds the same lines. */
void mnq_xgolden_input(int k, uint8_t *p, size_t n);

int mnq_xgolden_make(const struct mnq_package *p, struct mnq_xgolden *g, struct mnq_arena *arena, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
