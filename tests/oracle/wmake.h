/* SPDX-License-Identifier: Apache-2.0
 * Random compressed weights for tests, as the plain integers of wpack.h. */
#ifndef MNQ_WMAKE_H
#define MNQ_WMAKE_H

#include "rng.h"
#include "wpack.h"

/** What to make; wtype, c, oc and field as in wpack.h. */
struct mnq_wmake {
    int wtype, c, oc, field;
    int64_t a;      /* magnitude of the inputs: every row keeps NUMERICS.md's bound with room for no bias */
    int style;      /* of weights and signs: 0 random, 1 all largest, 2 all smallest, 3 the two in turn */
    int zeros;      /* SPARSE, SPARSE4: percent of blocks left out */
    int32_t lo, hi; /* XNOR: range of the thresholds */
};

/** One row as a layer sees it. */
struct mnq_wrow {
    int64_t reach;  /* what |accumulator - bias| may be, by NUMERICS.md's bound */
    int64_t sum;    /* of the weights; 0 for XNOR */
    double squares; /* sum of squared weights; XNOR: of the accumulator's terms */
};

/** Fills v, mnq_wpack_count() integers. */
void mnq_wmake(struct mnq_rng *g, const struct mnq_wmake *m, int32_t *v);

struct mnq_wrow mnq_wmake_row(const struct mnq_wmake *m, const int32_t *v, int o);

/** The field at 18 for c inputs: a block length that divides c, a number of bases, or 0. */
int mnq_wmake_field(struct mnq_rng *g, int wtype, int c);

#endif
