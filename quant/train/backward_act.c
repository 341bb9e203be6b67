/* SPDX-License-Identifier: Apache-2.0
 * Derivatives of activations. At a corner the flat side counts. */
#include "train/backward_ops.h"

bool mnq_backward_wants_pre(const struct mnq_node *nd)
{
    return nd->act == MNQ_ACT_HSWISH || nd->act == MNQ_ACT_HSIGMOID || nd->act == MNQ_ACT_HARD_SIGMOID_02 ||
           nd->act == MNQ_ACT_LEAKY;
}

void mnq_backward_act(const struct mnq_node *nd, const float *pre, const float *y, float *d)
{
    size_t n = mnq_elements(nd->out);
    float top = nd->act_max;
    switch (nd->act) {
    case MNQ_ACT_RELU:
        for (size_t i = 0; i < n; i++) d[i] = y[i] > 0.0f ? d[i] : 0.0f;
        break;
    case MNQ_ACT_RELU_MAX:
        for (size_t i = 0; i < n; i++) d[i] = y[i] > 0.0f && y[i] < top ? d[i] : 0.0f;
        break;
    case MNQ_ACT_HSWISH:
        for (size_t i = 0; i < n; i++) {
            float x = pre[i], s = x <= -3.0f ? 0.0f : x >= 3.0f ? 1.0f : (2.0f * x + 3.0f) * (1.0f / 6.0f);
            d[i] *= s;
        }
        break;
    case MNQ_ACT_HSIGMOID:
        for (size_t i = 0; i < n; i++) d[i] = pre[i] > -3.0f && pre[i] < 3.0f ? d[i] * (1.0f / 6.0f) : 0.0f;
        break;
    case MNQ_ACT_HARD_SIGMOID_02:
        for (size_t i = 0; i < n; i++) d[i] = pre[i] > -2.5f && pre[i] < 2.5f ? d[i] * 0.2f : 0.0f;
        break;
    case MNQ_ACT_SIGMOID:
        for (size_t i = 0; i < n; i++) d[i] *= y[i] * (1.0f - y[i]);
        break;
    case MNQ_ACT_LEAKY:
        for (size_t i = 0; i < n; i++) d[i] *= pre[i] < nd->act_threshold ? nd->act_alpha : pre[i] < top ? 1.0f : 0.0f;
        break;
    default: /* NONE; others are refused before */
        break;
    }
}
