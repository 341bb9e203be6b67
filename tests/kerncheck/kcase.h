/* SPDX-License-Identifier: Apache-2.0
 * One case of the kernel check: a layer with data, made from an operator and a seed and nothing else. */
#ifndef MNQ_KCASE_H
#define MNQ_KCASE_H

#include "guard.h"

#include "kernels.h"

enum { MNQ_KOPS = 12 }; /* enum mnq_layer_op, 1..12 */

/** The arrays of a case, indices of mnq_kcase.g. */
enum mnq_karray { KA_IN0, KA_IN1, KA_W, KA_BIAS, KA_MULT, KA_SHIFT, KA_MULT2, KA_SHIFT2, KA_PAD, KA_TABLE, KA_COUNT };

struct mnq_kcase {
    struct mnq_layer l;           /* what a kernel gets; its pointers go into g */
    struct mnq_guard g[KA_COUNT]; /* sealed; p NULL where the layer has no such array */
    size_t out_n;                 /* output elements */
    size_t out_bytes;
    int64_t macs;
    size_t scratch; /* bytes to offer to a kernel that uses what there is */
    int32_t a0, a1; /* magnitudes of the inputs; a0 at least 128 where padding is possible */
};

/** Name of an operator on the command line, and back (0 = unknown). */
const char *mnq_kop_name(int op);
int mnq_kop_find(const char *name);

/** Whether a layer's inputs may be said to have two tensors, and the elements of the second. */
size_t mnq_kcase_second(const struct mnq_layer *l);

/** A random case: shape, types, extremes and data all follow from (op, seed). Free with mnq_kcase_free(). */
void mnq_kcase_make(struct mnq_kcase *k, int op, uint64_t seed);

/** A case of a given shape (fields op, wtype, in16, in16b, kernel, strides, padding, mult, h .. oc of *shape) with typical
 * data; SPARSE and SPARSE4 leave out `zeros` percent of the blocks. */
void mnq_kcase_shaped(struct mnq_kcase *k, const struct mnq_layer *shape, int zeros, uint64_t seed);

void mnq_kcase_free(struct mnq_kcase *k);

/** What NUMERICS.md says: out_bytes of expected output, from the oracle. return 0, or -1 if the case is not valid. */
int mnq_kcase_expect(const struct mnq_kcase *k, uint8_t *out);

#endif
