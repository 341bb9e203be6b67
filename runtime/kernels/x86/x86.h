/* SPDX-License-Identifier: Apache-2.0
 * What the x86 kernels offer; avx2.c lists what replaces generic. */
#ifndef MNQ_X86_H
#define MNQ_X86_H

#include "kernels.h"

/* Largest window (kh * kw) the depthwise kernels keep pointers for. */
enum { MNQ_X86_TAPS = 49 };

mnq_kernel mnq_conv_s8_avx2, mnq_conv_s16_avx2;
mnq_kernel mnq_pw_s4_avx2, mnq_pw_sparse_avx2, mnq_pw_binary_avx2;
mnq_kernel mnq_pw_s8_avx2, mnq_pw_s16_avx2, mnq_dwconv_s8_avx2, mnq_dwconv_s16_avx2;

/** Needs AVX2. */
extern const struct mnq_kernels mnq_kernels_avx2;

#endif
