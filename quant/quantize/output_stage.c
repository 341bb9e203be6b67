/* SPDX-License-Identifier: Apache-2.0
 * The output stage of a layer: from the accumulator's step to multipliers, shifts, activation and clamp. */
#include "quantize/output_stage.h"

#include "kernels.h"
#include "quantize/act_table.h"
#include "quantize/multiplier.h"

#include <math.h>
#include <string.h>

/* Fraction bits that hold the pre-activations seen, with a quarter to spare. */
static int fraction_bits(double pre_max)
{
    int f = 12;
    while (f > 0 && pre_max * 1.25 * ldexp(1, f) > 32767) f--;
    return f;
}

static int second_scaling(const struct mnq_lowering *l, struct mnq_qlayer *out, int n)
{
    out->m2 = mnq_arena_array(l->arena, (size_t)n, sizeof *out->m2);
    out->r2 = mnq_arena_array(l->arena, (size_t)n, sizeof *out->r2);
    return out->m2 == NULL || out->r2 == NULL ? -1 : 0;
}

/* Straight lines that meet at 0: a factor on either side. */
static int prelu_stage(const struct mnq_lowering *l, int i, struct mnq_qlayer *out)
{
    const struct mnq_node *nd = &l->g->node[i];
    out->act = MNQ_A_PRELU;
    if (second_scaling(l, out, nd->out.c) != 0) return -1;
    for (int c = 0; c < nd->out.c; c++) {
        double slope = (double)(nd->act == MNQ_ACT_PRELU ? nd->slope[c] : nd->act_alpha),
               unit = out->acc_step[c] / l->qp[i].scale[c];
        mnq_multiplier(unit, &out->m[c], &out->r[c]);
        mnq_multiplier(fabs(slope) * unit, &out->m2[c], &out->r2[c]);
        if (slope < 0) out->m2[c] = -out->m2[c];
    }
    return 0;
}

static int table_stage(const struct mnq_lowering *l, int i, struct mnq_qlayer *out)
{
    const struct mnq_node *nd = &l->g->node[i];
    struct mnq_act_table t;
    out->act = MNQ_A_TABLE;
    out->table = mnq_arena_array(l->arena, MNQ_TABLE_KNOTS, sizeof *out->table);
    if (out->table == NULL || second_scaling(l, out, nd->out.c) != 0) return -1;
    mnq_act_table_make(nd, l->pre_max[i], &t);
    memcpy(out->table, t.knot, sizeof t.knot);
    for (int c = 0; c < nd->out.c; c++) {
        mnq_multiplier(ldexp(out->acc_step[c], t.in_bits), &out->m[c], &out->r[c]);
        mnq_multiplier(ldexp(1, -t.out_bits - 8) / l->qp[i].scale[c], &out->m2[c], &out->r2[c]);
    }
    return 0;
}

int mnq_output_stage_alloc(struct mnq_qlayer *out, int channels, struct mnq_arena *arena)
{
    size_t n = (size_t)channels;
    out->bias = mnq_arena_array(arena, n, sizeof *out->bias);
    out->m = mnq_arena_array(arena, n, sizeof *out->m);
    out->r = mnq_arena_array(arena, n, sizeof *out->r);
    out->acc_step = mnq_arena_array(arena, n, sizeof *out->acc_step);
    return out->bias == NULL || out->m == NULL || out->r == NULL || out->acc_step == NULL ? -1 : 0;
}

int mnq_output_stage(const struct mnq_lowering *l, int i, struct mnq_qlayer *out)
{
    const struct mnq_node *nd = &l->g->node[i];
    const struct mnq_qparams *qp = &l->qp[i];
    int n = nd->out.c;
    bool wide = qp->dtype == MNQ_S16;
    out->lo = qp->qmin;
    out->hi = qp->qmax;
    if (nd->act == MNQ_ACT_RELU || nd->act == MNQ_ACT_RELU_MAX) out->lo = qp->zp;
    if (nd->act == MNQ_ACT_RELU_MAX && wide)
        out->hi = (int32_t)fmin(qp->qmax, fmax(0, round((double)nd->act_max / qp->scale[0])));
    if (nd->act == MNQ_ACT_PRELU || (nd->act == MNQ_ACT_LEAKY && !mnq_act_by_table(nd))) return prelu_stage(l, i, out);
    if (mnq_act_by_table(nd)) return table_stage(l, i, out);
    if (nd->act != MNQ_ACT_HSWISH && nd->act != MNQ_ACT_HSIGMOID) {
        for (int c = 0; c < n; c++) mnq_multiplier(out->acc_step[c] / qp->scale[c], &out->m[c], &out->r[c]);
        return 0;
    }
    int f = fraction_bits(nd->act == MNQ_ACT_HSIGMOID ? fmin(l->pre_max[i], 6) : l->pre_max[i]);
    bool swish = nd->act == MNQ_ACT_HSWISH;
    out->act = swish ? MNQ_A_HSWISH : MNQ_A_HSIGMOID;
    out->frac = (uint8_t)f;
    if (second_scaling(l, out, n) != 0) return -1;
    for (int c = 0; c < n; c++) {
        mnq_multiplier(ldexp(out->acc_step[c], f), &out->m[c], &out->r[c]);
        mnq_multiplier(ldexp(1, swish ? -2 * f : -f) / 6 / qp->scale[c], &out->m2[c], &out->r2[c]);
    }
    return 0;
}
