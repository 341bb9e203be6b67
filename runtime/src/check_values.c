/* SPDX-License-Identifier: Apache-2.0
 * Checks that no value of a layer leaves its range, NUMERICS.md sections 2 to 7. */
#include "check.h"

/* Multipliers are not negative, or at least have a positive counterpart; shifts lie in -30..31. */
static int scaling_valid(const int32_t *m, const int8_t *r, int32_t n, int negative)
{
    int32_t i;

    for (i = 0; i < n; i++)
        if (m[i] < (negative ? -INT32_MAX : 0) || r[i] < -30 || r[i] > 31) return 0;
    return 1;
}

/* Every channel of a SELECT is one of its inputs'. */
static int select_valid(const struct mnq_layer *l)
{
    const uint16_t *const map = (const uint16_t *)l->weights;
    int32_t i;

    if (map == NULL) return l->oc == l->c + l->c1;
    for (i = 0; i < l->oc; i++)
        if (map[i] >= l->c + l->c1) return 0;
    return 1;
}

enum mnq_status mnq_check_values(const struct mnq_model *m, unsigned i)
{
    struct mnq_layer l;
    uint32_t offset[3], a[2];

    mnq_layer_read(m, i, &l, offset);
    if (l.op == MNQ_L_SELECT && !select_valid(&l)) return MNQ_E_FORMAT;
    if (l.op == MNQ_L_SOFTMAX || l.op == MNQ_L_LOGISTIC)
        return scaling_valid(l.q.mult, l.q.shift, 1, 0) ? MNQ_OK : MNQ_E_FORMAT;
    if (!scaling_valid(l.q.mult, l.q.shift, l.oc, 0)) return MNQ_E_FORMAT;
    if (l.q.act != MNQ_A_CLAMP && !scaling_valid(l.q.mult2, l.q.shift2, l.oc, l.q.act == MNQ_A_PRELU)) return MNQ_E_FORMAT;
    mnq_magnitudes(m, i, a);
    return l.wtype > MNQ_W_S16 && l.wtype != MNQ_W_MAP ? mnq_check_compressed(&l, a[0]) : mnq_check_bounds(&l, a);
}
