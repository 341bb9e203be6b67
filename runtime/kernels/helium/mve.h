/* SPDX-License-Identifier: Apache-2.0
 * The kernels for a Cortex-M with Helium (M55, M85), integer MVE.
 *
 * All have the contract of mnq_kernel in kernels.h. */
#ifndef MNQ_MVE_H
#define MNQ_MVE_H

#include "kernels.h"
#include "layout_mve.h"

extern const struct mnq_kernels mnq_kernels_mve;

mnq_kernel mnq_dot_mve;       /* CONV and PW, packed */
mnq_kernel mnq_image_mve;     /* CONV of few inputs, packed */
mnq_kernel mnq_dwconv_mve;    /* any window and stride, no multiplier */
mnq_kernel mnq_dwconv3x3_mve; /* 3x3, stride 1 or 2 both ways, no multiplier */

mnq_kernel mnq_add_mve;     /* two tensors of the same shape */
mnq_kernel mnq_mul_mve;     /* the same */
mnq_kernel mnq_gate_mve;    /* MUL by one pixel */
mnq_kernel mnq_avgpool_mve; /* windows that lie inside */

/** Whether these four serve an ADD, MUL or AVGPOOL layer. Plain C. */
int mnq_mve_each_serves(const struct mnq_layer *l);

/** Whether mnq_dwconv_mve() serves a layer. Plain C. */
int mnq_mve_dw_serves(const struct mnq_layer *l);

/** Whether mnq_dwconv3x3_mve() serves a layer. Plain C. */
int mnq_mve_dw3x3_serves(const struct mnq_layer *l);

/** The packer of CONV and PW, and scratch of a layer's kernel: see struct mnq_packing and struct mnq_kernels. Plain C. */
size_t mnq_mve_packed_bytes(const struct mnq_layer *l);
void mnq_mve_pack(const struct mnq_layer *l, void *mem);
size_t mnq_mve_scratch(const struct mnq_layer *l);

#endif
