/* SPDX-License-Identifier: Apache-2.0
 * Activations as the runtime's tables: 257 knots, straight lines between them. */
#ifndef MNQ_ACT_TABLE_H
#define MNQ_ACT_TABLE_H

#include "pack/qmodel.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A table and what its integers mean. */
struct mnq_act_table {
    int in_bits;  /* fraction bits of the pre-activation t, which has 16 bits in all; may be negative */
    int out_bits; /* fraction bits of the knots; the value between them has 8 more */
    int16_t knot[MNQ_TABLE_KNOTS];
};

/** Whether the integer network computes this activation by a table (NUMERICS.md section 3, TABLE). */
bool mnq_act_by_table(const struct mnq_node *nd);

/**
 * The table of node nd's activation (not PRELU) for pre-activations up to pre_max in magnitude, with a quarter to spare;
 * beyond them it holds its last value.
 */
void mnq_act_table_make(const struct mnq_node *nd, double pre_max, struct mnq_act_table *t);

#ifdef __cplusplus
}
#endif
#endif
