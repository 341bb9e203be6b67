/* SPDX-License-Identifier: Apache-2.0
 * The kernels for RISC-V with vectors, RVV 1.0 of any vector length; 32-bit lanes suffice (Zve32x).
 *
 * All have the contract of mnq_kernel in kernels.h. */
#ifndef MNQ_RVV_H
#define MNQ_RVV_H

#include "kernels.h"

extern const struct mnq_kernels mnq_kernels_rvv;

/* CONV and PW, packed: int8 or int16 activations by int8 or int16 weights. */
mnq_kernel mnq_dense_x8w8_rvv, mnq_dense_x8w16_rvv, mnq_dense_x16w8_rvv, mnq_dense_x16w16_rvv;
mnq_kernel mnq_dwconv_rvv;                            /* any window and stride, no multiplier */
mnq_kernel mnq_add_rvv, mnq_mul_rvv, mnq_avgpool_rvv; /* AVGPOOL: global row by row, too */

/** Whether a kernel serves a layer. Plain C. */
int mnq_rvv_dw_serves(const struct mnq_layer *l);
int mnq_rvv_add_serves(const struct mnq_layer *l);
int mnq_rvv_mul_serves(const struct mnq_layer *l);
int mnq_rvv_avgpool_serves(const struct mnq_layer *l);

/** The packer of CONV and PW, and scratch of a layer's kernel: see struct mnq_packing and struct mnq_kernels. Plain C. */
size_t mnq_rvv_packed_bytes(const struct mnq_layer *l);
void mnq_rvv_pack(const struct mnq_layer *l, void *mem);
size_t mnq_rvv_scratch(const struct mnq_layer *l);

#endif
