/* SPDX-License-Identifier: Apache-2.0
 * A case of the kernel check made ready for one table: packed weights, scratch memory, the kernel chosen. */
#ifndef MNQ_KREADY_H
#define MNQ_KREADY_H

#include "kcase.h"

struct mnq_kready {
    struct mnq_layer l;
    mnq_kernel *run;
    struct mnq_guard packed, scratch; /* packed.p NULL: nothing is packed */
    int settled;                      /* packed again elsewhere, over other bytes, it came out the same */
};

/**
 * Makes case k ready for table t.
 * op    of the layer, k's own or MNQ_L_AVGPOOL_SUM
 * pack  whether to pack where the table would
 */
void mnq_kready_make(struct mnq_kready *r, const struct mnq_kcase *k, const struct mnq_kernels *t, int op, int pack);
void mnq_kready_free(struct mnq_kready *r);

/** Runs the whole layer at once; out has k->out_bytes bytes. */
void mnq_kready_whole(const struct mnq_kready *r, const struct mnq_kcase *k, void *out);

/**
 * Runs the layer in bands of random rows; what a band reads lies in a buffer of its own, a ring where it may be one, what it
 * writes in another.
 * out     filled, k->out_bytes bytes
 * return  NULL, or what a kernel touched that it must not
 */
const char *mnq_kready_bands(const struct mnq_kready *r, const struct mnq_kcase *k, uint64_t seed, void *out);

/** What was touched of packed weights and scratch; NULL if nothing. */
const char *mnq_kready_fault(const struct mnq_kready *r);

#endif
