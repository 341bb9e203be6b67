/* SPDX-License-Identifier: Apache-2.0
 * Runs a layer that is not packed yet, with the runtime's own kernels. */
#ifndef MNQ_QRUN_H
#define MNQ_QRUN_H

#include "pack/qlayer.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A layer ready to run: packed for a kernel table, with scratch memory for every worker. */
struct mnq_qready;

/**
 * Makes layer l of q ready for kernel table k. Compressed weights run as what they stand for, S8 or S16, XNOR as S8 weights
 * on activations of +-256: the packed layer's bits, by definition (NUMERICS.md section 4). The layer may not change from now
 * on. return  NULL if memory is short
 */
struct mnq_qready *mnq_qready_new(const struct mnq_qmodel *q, const struct mnq_qlayer *l, const struct mnq_kernels *k,
                                  int workers, struct mnq_err *e);

/** NULL is fine. */
void mnq_qready_free(struct mnq_qready *r);

/**
 * Runs it.
 * worker          0 .. workers - 1, one call of each at a time
 * out, in0, in1   whole tensors, 16-byte aligned, not overlapping; in1 NULL if unused
 */
void mnq_qready_run(const struct mnq_qready *r, int worker, void *out, const void *in0, const void *in1);

/**
 * Sums of the inputs that every tap sees over the output's pixels of one picture, padding included; for CONV, DWCONV and PW.
 * Exact. The accumulator is linear in them: any number of pictures may be summed before it is taken.
 * sum      [kh * kw][C_in], added to
 * scratch  mnq_qlayer_tap_scratch() values
 * return   pixels summed
 */
size_t mnq_qlayer_tap_scratch(const struct mnq_qmodel *q, const struct mnq_qlayer *l);
int64_t mnq_qlayer_tap_sums(const struct mnq_qmodel *q, const struct mnq_qlayer *l, const void *in0, int64_t *sum,
                            int32_t *scratch);

/** Sums of the accumulators (bias included) of every output channel [C_out], from the sums of the taps over `pixels`. */
void mnq_qlayer_acc_sums(const struct mnq_qmodel *q, const struct mnq_qlayer *l, const int64_t *tap, int64_t pixels,
                         int64_t *sum);

#ifdef __cplusplus
}
#endif
#endif
