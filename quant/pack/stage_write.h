/* SPDX-License-Identifier: Apache-2.0
 * Plans of stages as FORMAT.md's bytes. */
#ifndef MNQ_STAGE_WRITE_H
#define MNQ_STAGE_WRITE_H

#include "pack/stage.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of a section PLAN or PUSH. */
size_t mnq_stages_size(const struct mnq_stages *p, int n_tensors);

/** Writes them. */
void mnq_stages_write(const struct mnq_stages *p, int n_tensors, int n_layers, uint8_t *to);

#ifdef __cplusplus
}
#endif
#endif
