/* SPDX-License-Identifier: Apache-2.0
 * Weights as the file stores them, FORMAT.md, and back: the host keeps one integer per weight (qmodel.h). */
#ifndef MNQ_PACK_WEIGHTS_H
#define MNQ_PACK_WEIGHTS_H

#include "pack/qmodel.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Writes the weights of l, little-endian.
 * cin, cout  channels of its input and output
 * to         mnq_qlayer_weight_bytes(l, cin, cout) bytes of zeros
 * return     0, or -1 if a weight has no form in the layer's weight type
 */
int mnq_weights_encode(const struct mnq_qlayer *l, int cin, int cout, uint8_t *to, struct mnq_err *e);

/**
 * Fills w, w_count, coef and threshold of l, whose other fields are set, from valid stored weights of n bytes; S8 and S16
 * stay where they are, as do coefficients and thresholds, the others are unpacked into the arena.
 */
int mnq_weights_decode(struct mnq_qlayer *l, int cin, int cout, uint8_t *from, size_t n, struct mnq_arena *arena,
                       struct mnq_err *e);

enum { MNQ_FORMAT_TEXT = 16 };

/** "int8", "int16", "int4", "sparse", "sparse4", "ternary", "binary x3", "xnor", or "-" without weights. Returns buf. */
const char *mnq_weights_format(const struct mnq_qlayer *l, char buf[MNQ_FORMAT_TEXT]);

/** Bits of one weight before zeros are left out: 16, 8, 4, 2 of ternary ones, or the number of bases; 0 without weights. */
int mnq_weights_bits(const struct mnq_qlayer *l);

/** Share of the weights that are 0; 0 without weights. */
double mnq_weights_zeros(const struct mnq_qlayer *l);

#ifdef __cplusplus
}
#endif
#endif
