/* SPDX-License-Identifier: Apache-2.0
 * What the loader proves before anything runs. */
#ifndef MNQ_CHECK_H
#define MNQ_CHECK_H

#include "record.h"

/** FORMAT.md, TENS: every field of every tensor. On failure m->bad is the tensor. */
enum mnq_status mnq_check_tensors(struct mnq_model *m);

/** FORMAT.md, LAYR: every field of every layer, and mnq_check_values(). On failure m->bad is the layer. */
enum mnq_status mnq_check_layers(struct mnq_model *m);

/**
 * NUMERICS.md: the values of layer i, whose record was validated, are in their ranges and no accumulator
 * leaves 32 bits.
 */
enum mnq_status mnq_check_values(const struct mnq_model *m, unsigned i);

/**
 * The static memory plan: every tensor is written before it is read, by one layer, and nothing that is
 * still needed is overwritten. On failure m->bad is a tensor. Quadratic in tensors and layers.
 */
enum mnq_status mnq_check_plan(struct mnq_model *m);

#endif
