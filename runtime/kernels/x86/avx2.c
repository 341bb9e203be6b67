/* SPDX-License-Identifier: Apache-2.0
 * The AVX2 kernel table: everything it replaces. */
#include "generic/generic.h"
#include "x86.h"

static mnq_kernel *find_pw(const struct mnq_layer *l)
{
    static mnq_kernel *const pw[] = {mnq_pw_s8_avx2,     mnq_pw_s16_avx2,    mnq_pw_s4_avx2,
                                     mnq_pw_sparse_avx2, mnq_pw_binary_avx2, mnq_pw_xnor_c}; /* [wtype - 1] */
    return pw[l->wtype - 1];
}

static mnq_kernel *find(const struct mnq_layer *l)
{
    const int wide = l->wtype == MNQ_W_S16;

    if (l->op == MNQ_L_CONV && l->mult > 1) return mnq_conv_groups_c;
    switch (l->op) {
    case MNQ_L_CONV:
        return wide ? mnq_conv_s16_avx2 : mnq_conv_s8_avx2;
    case MNQ_L_DWCONV:
        return wide ? mnq_dwconv_s16_avx2 : mnq_dwconv_s8_avx2;
    case MNQ_L_PW:
        return find_pw(l);
    default:
        return mnq_kernels_generic.find(l);
    }
}

static size_t scratch_bytes(const struct mnq_layer *l)
{
    return mnq_kernels_generic.scratch_bytes(l);
}

const struct mnq_kernels mnq_kernels_avx2 = {"avx2", find, scratch_bytes, NULL};
