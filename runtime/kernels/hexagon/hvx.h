/* SPDX-License-Identifier: Apache-2.0
 * The kernels for Hexagon with HVX vectors of 128 bytes, v65 and later.
 *
 * All have the contract of mnq_kernel in kernels.h. A vector is read where at least one of its bytes, as memory is cut into
 * vectors, is one that the contract grants: nothing notices that on a core whose pages and caches are made of such vectors.
 */
#ifndef MNQ_HVX_H
#define MNQ_HVX_H

#include "kernels.h"

extern const struct mnq_kernels mnq_kernels_hvx;

mnq_kernel mnq_dot_hvx;     /* CONV and PW, packed, as all of them */
mnq_kernel mnq_dwconv_hvx;  /* any window and stride, no multiplier */
mnq_kernel mnq_add_hvx;     /* of two tensors of one shape */
mnq_kernel mnq_mul_hvx;     /* by one pixel */
mnq_kernel mnq_avgpool_hvx; /* windows inside the input */

/** The packer, and scratch of a layer's kernel: see struct mnq_packing and struct mnq_kernels. Plain C. */
size_t mnq_hvx_packed_bytes(const struct mnq_layer *l);
void mnq_hvx_pack(const struct mnq_layer *l, void *mem);
size_t mnq_hvx_scratch(const struct mnq_layer *l);

#endif
