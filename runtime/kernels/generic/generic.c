/* SPDX-License-Identifier: Apache-2.0
 * The generic kernel table. */
#include "generic.h"

static mnq_kernel *find(const struct mnq_layer *l)
{
    static mnq_kernel *const pw[] = {mnq_pw_s8_c,     mnq_pw_s16_c,  mnq_pw_s4_c, mnq_pw_sparse_c, /* [wtype - 1] */
                                     mnq_pw_binary_c, mnq_pw_xnor_c, NULL,        mnq_pw_sparse4_c, mnq_pw_ternary_c};
    const int wide = l->wtype == MNQ_W_S16;

    switch (l->op) {
    case MNQ_L_CONV:
        if (l->mult > 1) return mnq_conv_groups_c;
        return wide ? mnq_conv_s16_c : mnq_conv_s8_c;
    case MNQ_L_DWCONV:
        if (l->q.act > MNQ_A_HSIGMOID) return mnq_dwconv_curve_c;
        return wide ? mnq_dwconv_s16_c : mnq_dwconv_s8_c;
    case MNQ_L_PW:
        return pw[l->wtype - 1];
    case MNQ_L_AVGPOOL:
        return l->counted ? mnq_avgpool_counted_c : mnq_avgpool_c;
    case MNQ_L_AVGPOOL_SUM:
        return mnq_avgpool_sum_c;
    case MNQ_L_ADD:
        return mnq_add_c;
    case MNQ_L_MUL:
        return mnq_mul_c;
    case MNQ_L_SOFTMAX:
        return mnq_softmax_c;
    case MNQ_L_MAXPOOL:
        return mnq_maxpool_c;
    case MNQ_L_SELECT:
        return mnq_select_c;
    case MNQ_L_UPSAMPLE:
        return mnq_upsample_c;
    case MNQ_L_SPREAD:
        return mnq_spread_c;
    default:
        return mnq_logistic_c;
    }
}

/* The sums of MNQ_L_AVGPOOL_SUM; the kernels of sparse and binary weights make do with what there is. */
static size_t scratch_bytes(const struct mnq_layer *l)
{
    return l->op == MNQ_L_AVGPOOL_SUM ? (size_t)l->c * sizeof(int32_t) : 0;
}

const struct mnq_kernels mnq_kernels_generic = {"generic", find, scratch_bytes, NULL, NULL};
