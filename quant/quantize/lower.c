/* SPDX-License-Identifier: Apache-2.0
 * Lowering: one node of the legal graph becomes one integer layer. */
#include "quantize/lower.h"

#include "quantize/act_table.h"
#include "kernels.h"
#include "pack/qlayer.h"
#include "quantize/multiplier.h"
#include "quantize/output_stage.h"
#include "quantize/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Largest accumulator the host allows; the runtime refuses more than 2^31 - 1. */
static const double ACC_LIMIT = 2147483647.0;

int mnq_lower_tensor_index(const struct mnq_graph *g, int node)
{
    bool affine = g->n > 1 && g->node[1].op == MNQ_OP_AFFINE;
    return affine && node > 0 ? node - 1 : node;
}

bool mnq_lower_is_layer(const struct mnq_graph *g, int node)
{
    return g->node[node].op != MNQ_OP_INPUT && g->node[node].op != MNQ_OP_AFFINE;
}

bool mnq_lower_has_weights(const struct mnq_graph *g, int node)
{
    enum mnq_op op = g->node[node].op;
    return op == MNQ_OP_CONV || op == MNQ_OP_DWCONV || op == MNQ_OP_DENSE;
}

bool mnq_lower_is_pointwise(const struct mnq_graph *g, int node)
{
    const struct mnq_node *nd = &g->node[node];
    if (nd->op == MNQ_OP_DENSE) return true;
    return nd->op == MNQ_OP_CONV && mnq_node_groups(nd) == 1 && nd->kh == 1 && nd->kw == 1 && nd->sh == 1 && nd->sw == 1 &&
           nd->pt + nd->pl + nd->pb + nd->pr == 0;
}

/* Largest |q| of a tensor, NUMERICS.md's A. */
static double magnitude(const struct mnq_qparams *qp)
{
    return fmax(qp->qmax, -(double)qp->qmin);
}

bool mnq_lower_needs_range(const struct mnq_node *nd)
{
    return nd->act == MNQ_ACT_HSWISH || nd->act == MNQ_ACT_HSIGMOID || mnq_act_by_table(nd);
}

int mnq_lower_acc_bits(double worst)
{
    return (int)floor(log2(worst)) + 2;
}

/* ---- weights ---- */

/* Stores rows in the runtime's layout. */
static int store_weights(const struct mnq_rows *r, const struct mnq_rounding_job *job, struct mnq_qlayer *out,
                         struct mnq_arena *arena)
{
    const struct mnq_wformat *f = &job->format;
    out->w_count = (size_t)r->n * (size_t)r->rows;
    out->wtype = f->bits == 16    ? MNQ_W_S16
                 : f->bits == 8   ? MNQ_W_S8
                 : f->bits == 4   ? MNQ_W_S4
                 : f->bits == 2   ? MNQ_W_TERNARY
                 : f->inputs == 1 ? MNQ_W_XNOR
                                  : MNQ_W_BINARY;
    bool wide = mnq_qlayer_wide(out);
    out->w = mnq_arena_array(arena, out->w_count, wide ? 2 : 1);
    if (out->w == NULL) return -1;
    for (int o = 0; o < r->rows; o++)
        for (int k = 0; k < r->n; k++) {
            size_t from = (size_t)o * (size_t)r->n + (size_t)k,
                   to = r->depthwise ? (size_t)k * (size_t)r->rows + (size_t)o : from;
            if (wide) ((int16_t *)out->w)[to] = r->q[from];
            else ((int8_t *)out->w)[to] = (int8_t)r->q[from];
        }
    if (out->wtype == MNQ_W_BINARY) {
        size_t n = (size_t)r->rows * f->bases;
        out->bases = f->bases;
        if (f->bases > 1 && (out->coef = mnq_arena_array(arena, n, sizeof *out->coef)) == NULL) return -1;
        if (f->bases > 1) memcpy(out->coef, r->coef, n * sizeof *out->coef);
    }
    if (out->wtype == MNQ_W_XNOR) {
        out->threshold = mnq_arena_array(arena, (size_t)r->n, sizeof *out->threshold);
        if (out->threshold == NULL) return -1;
        memcpy(out->threshold, job->threshold, (size_t)r->n * sizeof *out->threshold);
    }
    return 0;
}

/* ---- operators ---- */

static int lower_conv(const struct mnq_lowering *l, int i, const struct mnq_rounding_job *job, struct mnq_qlayer *out,
                      struct mnq_err *e)
{
    const struct mnq_node *nd = &l->g->node[i];
    const struct mnq_qparams *in = &l->qp[nd->in[0]];
    struct mnq_arena scratch = {0};
    struct mnq_rows r;
    double worst;
    int rc = -1;
    if (mnq_output_stage_alloc(out, nd->out.c, l->arena) != 0 || mnq_rows_absorb(l, i, &job->format, &r, &scratch) != 0) {
        mnq_fail_nomem(e);
        goto done;
    }
    if (mnq_rows_round(&r, nd->b, job, out->in_max, out->bias, &worst, e) != 0) goto done;
    out->acc_bits = mnq_lower_acc_bits(worst);
    memcpy(out->acc_step, r.step, (size_t)r.rows * sizeof *r.step);
    if (mnq_lower_is_pointwise(l->g, i)) {
        out->op = MNQ_L_PW;
    } else {
        int cin = l->g->node[nd->in[0]].out.c;
        out->op = nd->op == MNQ_OP_DWCONV ? MNQ_L_DWCONV : MNQ_L_CONV;
        out->mult = nd->op == MNQ_OP_DWCONV ? nd->mult : mnq_node_groups(nd) > 1 ? nd->groups : 0;
        out->pt = nd->pt, out->pl = nd->pl, out->pb = nd->pb, out->pr = nd->pr;
        out->pad = mnq_arena_alloc(l->arena, (size_t)cin);
        for (int c = 0; out->pad != NULL && c < cin; c++)
            out->pad[in->dtype == MNQ_U8 ? l->p->source[c] : c] = (int8_t)fmin(fmax(round(in->zero[c]), -128), 127);
    }
    if ((out->op != MNQ_L_PW && out->pad == NULL) || store_weights(&r, job, out, l->arena) != 0 ||
        mnq_output_stage(l, i, out) != 0)
        mnq_fail_nomem(e);
    else rc = 0;
done:
    mnq_arena_free(&scratch);
    return rc;
}

/* The least common multiple of 1 .. k: what the windows of a counted average share out (NUMERICS.md section 5). */
static double multiple_of(int k)
{
    static const double multiple[MNQ_COUNTED_WINDOW + 1] = {1, 1, 2, 6, 12, 60, 60, 420};
    return multiple[k];
}

static void set_padding(const struct mnq_node *nd, struct mnq_qlayer *out)
{
    out->pt = nd->pt, out->pl = nd->pl, out->pb = nd->pb, out->pr = nd->pr;
}

static int lower_counted(const struct mnq_lowering *l, int i, struct mnq_qlayer *out)
{
    const struct mnq_node *nd = &l->g->node[i];
    const struct mnq_qparams *in = &l->qp[nd->in[0]];
    double all = multiple_of(nd->kh) * multiple_of(nd->kw);
    if (mnq_output_stage_alloc(out, nd->out.c, l->arena) != 0) return -1;
    out->op = MNQ_L_AVGPOOL;
    set_padding(nd, out);
    for (int c = 0; c < nd->out.c; c++) out->acc_step[c] = in->scale[c] / all;
    out->acc_bits = mnq_lower_acc_bits((out->in_max + fabs((double)in->zp)) * all);
    return mnq_output_stage(l, i, out);
}

/* MAXPOOL, UPSAMPLE, SPREAD and SELECT: one input value, or shares of several that sum up to `shares`. */
static int lower_move(const struct mnq_lowering *l, int i, enum mnq_layer_op op, struct mnq_qlayer *out)
{
    const struct mnq_node *nd = &l->g->node[i];
    int first = l->g->node[nd->in[0]].out.c;
    double shares = nd->op == MNQ_OP_UPSAMPLE && nd->bilinear ? 4.0 * nd->kh * nd->kw : 1, worst = 0;
    if (mnq_output_stage_alloc(out, nd->out.c, l->arena) != 0) return -1;
    out->op = (uint8_t)op;
    out->mult = nd->op == MNQ_OP_UPSAMPLE && nd->bilinear;
    if (nd->op == MNQ_OP_MAXPOOL) set_padding(nd, out);
    if (nd->map != NULL && (out->map = mnq_arena_array(l->arena, (size_t)nd->out.c, sizeof *out->map)) == NULL) return -1;
    for (int c = 0; c < nd->out.c; c++) {
        int from = nd->map != NULL ? nd->map[c] : c; /* SPREAD: all channels that meet have one scale */
        const struct mnq_qparams *in = &l->qp[nd->in[from < first ? 0 : 1]];
        if (out->map != NULL) out->map[c] = (uint16_t)from;
        out->bias[c] = (int32_t)(-shares * in->zp);
        out->acc_step[c] = in->scale[from < first ? from : from - first] / shares;
        worst = fmax(worst, fabs((double)out->bias[c]) + magnitude(in) * shares);
    }
    out->acc_bits = mnq_lower_acc_bits(worst);
    return mnq_output_stage(l, i, out);
}

static int lower_avgpool(const struct mnq_lowering *l, int i, struct mnq_qlayer *out)
{
    const struct mnq_node *nd = &l->g->node[i];
    const struct mnq_qparams *in = &l->qp[nd->in[0]];
    int n = nd->kh * nd->kw;
    if (mnq_output_stage_alloc(out, nd->out.c, l->arena) != 0) return -1;
    out->op = MNQ_L_AVGPOOL;
    double worst = 0;
    for (int c = 0; c < nd->out.c; c++) {
        out->bias[c] = (int32_t)round(-n * in->zero[c]);
        out->acc_step[c] = in->scale[c] / n;
        worst = fmax(worst, fabs((double)out->bias[c]) + (double)out->in_max * n);
    }
    out->acc_bits = mnq_lower_acc_bits(worst);
    return mnq_output_stage(l, i, out);
}

static int lower_add(const struct mnq_lowering *l, int i, struct mnq_qlayer *out)
{
    const struct mnq_node *nd = &l->g->node[i];
    const struct mnq_qparams *a = &l->qp[nd->in[0]], *b = &l->qp[nd->in[1]];
    size_t n = (size_t)nd->out.c;
    int16_t *w = mnq_arena_array(l->arena, 2 * n, sizeof *w);
    if (w == NULL || mnq_output_stage_alloc(out, nd->out.c, l->arena) != 0) return -1;
    out->op = MNQ_L_ADD;
    out->wtype = MNQ_W_S16;
    out->w = w;
    out->w_count = 2 * n;
    double worst = 0;
    bool one = l->g->node[nd->in[1]].out.c == 1;
    for (size_t c = 0; c < n; c++) {
        double sa = a->scale[c] * (double)nd->coef[0], sb = b->scale[one ? 0 : c] * (double)nd->coef[1];
        double unit = fmax(fabs(sa), fabs(sb)) / 32767;
        if (!(unit > 0)) unit = 1; /* both factors are 0 */
        w[c] = (int16_t)round(sa / unit);
        w[n + c] = (int16_t)round(sb / unit);
        out->bias[c] = -(w[c] * a->zp + w[n + c] * b->zp);
        out->acc_step[c] = unit;
        worst = fmax(worst, fabs((double)out->bias[c]) + (double)out->in_max * (abs(w[c]) + abs(w[n + c])));
    }
    out->acc_bits = mnq_lower_acc_bits(worst);
    return mnq_output_stage(l, i, out);
}

static int lower_mul(const struct mnq_lowering *l, int i, struct mnq_qlayer *out)
{
    const struct mnq_node *nd = &l->g->node[i];
    const struct mnq_qparams *a = &l->qp[nd->in[0]], *b = &l->qp[nd->in[1]];
    if (mnq_output_stage_alloc(out, nd->out.c, l->arena) != 0) return -1;
    out->op = MNQ_L_MUL;
    double worst = (magnitude(a) + fabs((double)a->zp)) * (magnitude(b) + fabs((double)b->zp));
    out->acc_bits = mnq_lower_acc_bits(worst);
    bool one = l->g->node[nd->in[1]].out.c == 1;
    for (int c = 0; c < nd->out.c; c++) out->acc_step[c] = a->scale[c] * b->scale[one ? 0 : c];
    return mnq_output_stage(l, i, out);
}

static int lower_exponential(const struct mnq_lowering *l, int i, struct mnq_qlayer *out)
{
    const struct mnq_node *nd = &l->g->node[i];
    const double log2e = 1.4426950408889634;
    out->op = nd->op == MNQ_OP_SOFTMAX ? MNQ_L_SOFTMAX : MNQ_L_LOGISTIC;
    out->m = mnq_arena_array(l->arena, 1, sizeof *out->m);
    out->r = mnq_arena_array(l->arena, 1, sizeof *out->r);
    if (out->m == NULL || out->r == NULL) return -1;
    out->lo = 0;
    out->hi = 32767;
    mnq_multiplier(l->qp[nd->in[0]].scale[0] * log2e * 65536, out->m, out->r);
    return 0;
}

int mnq_lower_node(const struct mnq_lowering *l, int i, const struct mnq_rounding_job *job, struct mnq_qlayer *out,
                   struct mnq_err *e)
{
    const struct mnq_node *nd = &l->g->node[i];
    *out =
        (struct mnq_qlayer){.name = nd->name, .node = i, .in1 = -1, .kh = nd->kh, .kw = nd->kw, .sh = nd->sh, .sw = nd->sw};
    out->in0 = mnq_lower_tensor_index(l->g, nd->in[0]);
    if (nd->n_in > 1) out->in1 = mnq_lower_tensor_index(l->g, nd->in[1]);
    out->out = mnq_lower_tensor_index(l->g, i);
    for (int k = 0; k < nd->n_in; k++) {
        double top = magnitude(&l->qp[nd->in[k]]);
        if (top > out->in_max) out->in_max = (int32_t)top;
    }
    int rc;
    switch (nd->op) {
    case MNQ_OP_CONV:
    case MNQ_OP_DENSE:
    case MNQ_OP_DWCONV:
        return lower_conv(l, i, job, out, e);
    case MNQ_OP_AVGPOOL:
        rc = nd->pt + nd->pl + nd->pb + nd->pr > 0 ? lower_counted(l, i, out) : lower_avgpool(l, i, out);
        break;
    case MNQ_OP_ADD:
        rc = lower_add(l, i, out);
        break;
    case MNQ_OP_MUL:
        rc = lower_mul(l, i, out);
        break;
    case MNQ_OP_MAXPOOL:
        rc = lower_move(l, i, MNQ_L_MAXPOOL, out);
        break;
    case MNQ_OP_SELECT:
        rc = lower_move(l, i, MNQ_L_SELECT, out);
        break;
    case MNQ_OP_UPSAMPLE:
        rc = lower_move(l, i, MNQ_L_UPSAMPLE, out);
        break;
    case MNQ_OP_SPREAD:
        rc = lower_move(l, i, MNQ_L_SPREAD, out);
        break;
    case MNQ_OP_SOFTMAX:
    case MNQ_OP_ACT:
        rc = lower_exponential(l, i, out);
        break;
    default:
        return mnq_fail(e, MNQ_EXIT_FAILED, "layer %s: %s has no integer form", nd->name, mnq_op_name(nd->op));
    }
    return rc == 0 ? 0 : mnq_fail_nomem(e);
}

void mnq_lower_shift_bias(struct mnq_qlayer *l, const double *delta, int channels)
{
    double worst = 1;
    for (int o = 0; o < channels; o++) {
        double weight = mnq_qlayer_reach(l, o, channels), shift = round(delta[o] / l->acc_step[o]);
        if (isfinite(shift) && fabs(l->bias[o] + shift) + weight <= ACC_LIMIT) l->bias[o] = (int32_t)(l->bias[o] + shift);
        worst = fmax(worst, fabs((double)l->bias[o]) + weight);
    }
    l->acc_bits = mnq_lower_acc_bits(worst);
}

int mnq_lower_frame(const struct mnq_lowering *l, struct mnq_qmodel *q, struct mnq_err *e)
{
    const struct mnq_graph *g = l->g;
    *q = (struct mnq_qmodel){.arena = l->arena, .preprocess = *l->p, .input = 0};
    q->tensor = mnq_arena_array(l->arena, (size_t)g->n, sizeof *q->tensor);
    q->layer = mnq_arena_array(l->arena, (size_t)g->n, sizeof *q->layer);
    if (q->tensor == NULL || q->layer == NULL) return mnq_fail_nomem(e);
    for (int i = 0; i < g->n; i++) {
        struct mnq_qtensor *t = &q->tensor[mnq_lower_tensor_index(g, i)];
        size_t n = (size_t)g->node[i].out.c;
        *t = (struct mnq_qtensor){.shape = g->node[i].out, .dtype = l->qp[i].dtype, .zp = l->qp[i].zp};
        t->scale = mnq_arena_array(l->arena, n, sizeof *t->scale);
        if (t->scale == NULL) return mnq_fail_nomem(e);
        for (size_t c = 0; c < n; c++) {
            bool image = t->dtype == MNQ_U8;
            t->scale[image ? (size_t)l->p->source[c] : c] = (float)l->qp[i].scale[c];
        }
        q->n_tensors = mnq_lower_tensor_index(g, i) + 1;
    }
    q->output = mnq_lower_tensor_index(g, g->output);
    q->n_more = g->n_more;
    for (int k = 0; k < g->n_more; k++) q->more[k] = mnq_lower_tensor_index(g, g->more[k]);
    for (int k = 0; k < MNQ_OUTPUTS_MAX; k++) q->name_of[k] = g->output_name[k];
    return 0;
}
