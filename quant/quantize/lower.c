/* SPDX-License-Identifier: Apache-2.0
 * Lowering: one node of the legal graph becomes one integer layer. */
#include "quantize/lower.h"

#include "kernels.h"
#include "quantize/multiplier.h"
#include "quantize/qrun.h"
#include "quantize/wround.h"

#include <math.h>
#include <string.h>

/* Largest accumulator the host allows; the runtime refuses more than 2^31 - 1. */
static const double ACC_LIMIT = 2147483647.0;
/* Bias in accumulator units stays below this, so that weights keep their share of the 31 bits. */
static const double BIAS_LIMIT = 1073741824.0;

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
    return nd->op == MNQ_OP_CONV && nd->kh == 1 && nd->kw == 1 && nd->sh == 1 && nd->sw == 1 &&
           nd->pt + nd->pl + nd->pb + nd->pr == 0;
}

/* Largest |q| of a tensor, NUMERICS.md's A. */
static double magnitude(const struct mnq_qparams *qp)
{
    return fmax(qp->qmax, -(double)qp->qmin);
}

int mnq_lower_acc_bits(double worst)
{
    return (int)floor(log2(worst)) + 2;
}

/* ---- weights ---- */

/* One output channel's weights in real units per input integer: absorbed[k] * (q_k - zero_k). */
struct rows {
    int n, rows;  /* inputs per output, outputs */
    double *w;    /* [rows][n] */
    double *zero; /* [rows][n] for depthwise, else [1][n] */
    bool depthwise;
    int16_t *q;   /* [rows][n] */
    double *step; /* [rows] */
};

static const double *row_zero(const struct rows *r, int o)
{
    return r->zero + (r->depthwise ? (size_t)o * (size_t)r->n : 0);
}

static int absorb(const struct mnq_lowering *l, int i, struct rows *r, struct mnq_arena *scratch)
{
    const struct mnq_node *nd = &l->g->node[i];
    const struct mnq_qparams *in = &l->qp[nd->in[0]];
    bool image = in->dtype == MNQ_U8;
    int cin = l->g->node[nd->in[0]].out.c, taps = nd->kh * nd->kw, cout = nd->out.c;
    *r = (struct rows){.depthwise = nd->op == MNQ_OP_DWCONV, .rows = cout, .n = nd->op == MNQ_OP_DWCONV ? taps : taps * cin};
    size_t total = (size_t)r->n * (size_t)cout;
    r->w = mnq_arena_array(scratch, total, sizeof *r->w);
    r->q = mnq_arena_array(scratch, total, sizeof *r->q);
    r->step = mnq_arena_array(scratch, (size_t)cout, sizeof *r->step);
    r->zero = mnq_arena_array(scratch, r->depthwise ? total : (size_t)r->n, sizeof *r->zero);
    if (r->w == NULL || r->q == NULL || r->step == NULL || r->zero == NULL) return -1;

    for (int t = 0; t < taps; t++) {
        if (r->depthwise) {
            for (int o = 0; o < cout; o++) {
                int c = o / nd->mult;
                r->w[(size_t)o * (size_t)taps + (size_t)t] =
                    (double)nd->w[(size_t)t * (size_t)cout + (size_t)o] * in->scale[c];
                r->zero[(size_t)o * (size_t)taps + (size_t)t] = in->zero[c];
            }
            continue;
        }
        for (int c = 0; c < cin; c++) {
            int k = t * cin + (image ? l->p->source[c] : c); /* the picture's channel order */
            r->zero[k] = in->zero[c];
            for (int o = 0; o < cout; o++)
                r->w[(size_t)o * (size_t)r->n + (size_t)k] =
                    (double)nd->w[((size_t)t * (size_t)cin + (size_t)c) * (size_t)cout + (size_t)o] * in->scale[c];
        }
    }
    return 0;
}

static void round_row(struct rows *r, int o, const struct mnq_rounding_job *job, int qmax, double *work)
{
    const double *w = r->w + (size_t)o * (size_t)r->n;
    int16_t *q = r->q + (size_t)o * (size_t)r->n;
    const struct mnq_gram *gram = job->gram;
    if (gram == NULL || gram->u == NULL || job->bits != 8) {
        mnq_wround_nearest(w, r->n, r->step[o], qmax, q);
        return;
    }
    int16_t *permuted = (int16_t *)(void *)(work + r->n);
    for (int k = 0; k < r->n; k++) work[k] = w[gram->order[k]];
    mnq_wround_second_order(work, gram->u, r->n, r->step[o], qmax, permuted);
    for (int k = 0; k < r->n; k++) q[gram->order[k]] = permuted[k];
}

/* Bias in accumulator units and the worst-case accumulator of a rounded row. */
static double row_bound(const struct rows *r, int o, double in_max, double bias_real, double *bias)
{
    const int16_t *q = r->q + (size_t)o * (size_t)r->n;
    const double *zero = row_zero(r, o);
    double sum = 0, b = bias_real / r->step[o];
    for (int k = 0; k < r->n; k++) {
        sum += fabs((double)q[k]);
        b -= q[k] * zero[k];
    }
    *bias = round(b);
    return fabs(*bias) + in_max * sum;
}

/* Rounds every row; a row whose accumulator could overflow gets a larger step until it fits. */
static int round_rows(struct rows *r, const float *b, const struct mnq_rounding_job *job, double in_max, int32_t *bias,
                      int *acc_bits, struct mnq_arena *scratch)
{
    int qmax = job->bits == 16 ? 32767 : 127;
    double *work = mnq_arena_array(scratch, 2 * (size_t)r->n + 8, sizeof *work), worst = 1;
    if (work == NULL) return -1;
    for (int o = 0; o < r->rows; o++) {
        const double *importance = job->gram != NULL && job->bits == 8 ? job->gram->diag : NULL;
        double real = b != NULL ? (double)b[o] : 0, q_bias, bound;
        r->step[o] = mnq_wround_step(r->w + (size_t)o * (size_t)r->n, importance, r->n, qmax);
        r->step[o] = fmax(r->step[o], fabs(real) / BIAS_LIMIT);
        for (;;) {
            round_row(r, o, job, qmax, work);
            bound = row_bound(r, o, in_max, real, &q_bias);
            if (bound <= ACC_LIMIT) break;
            r->step[o] *= fmax(1.001, bound / ACC_LIMIT);
        }
        bias[o] = (int32_t)q_bias;
        worst = fmax(worst, bound);
    }
    *acc_bits = mnq_lower_acc_bits(worst);
    return 0;
}

/* Stores rows in the runtime's layout. */
static int store_weights(const struct rows *r, int bits, struct mnq_qlayer *out, struct mnq_arena *arena)
{
    out->w_count = (size_t)r->n * (size_t)r->rows;
    out->wtype = bits == 16 ? MNQ_W_S16 : MNQ_W_S8;
    out->w = mnq_arena_array(arena, out->w_count, bits == 16 ? 2 : 1);
    if (out->w == NULL) return -1;
    for (int o = 0; o < r->rows; o++)
        for (int k = 0; k < r->n; k++) {
            size_t from = (size_t)o * (size_t)r->n + (size_t)k,
                   to = r->depthwise ? (size_t)k * (size_t)r->rows + (size_t)o : from;
            if (bits == 16) ((int16_t *)out->w)[to] = r->q[from];
            else ((int8_t *)out->w)[to] = (int8_t)r->q[from];
        }
    return 0;
}

/* ---- output stage ---- */

static int alloc_channels(struct mnq_qlayer *out, int channels, struct mnq_arena *arena)
{
    size_t n = (size_t)channels;
    out->bias = mnq_arena_array(arena, n, sizeof *out->bias);
    out->m = mnq_arena_array(arena, n, sizeof *out->m);
    out->r = mnq_arena_array(arena, n, sizeof *out->r);
    out->acc_step = mnq_arena_array(arena, n, sizeof *out->acc_step);
    return out->bias == NULL || out->m == NULL || out->r == NULL || out->acc_step == NULL ? -1 : 0;
}

/* Fraction bits that hold the pre-activations seen, with a quarter to spare. */
static int fraction_bits(double pre_max)
{
    int f = 12;
    while (f > 0 && pre_max * 1.25 * ldexp(1, f) > 32767) f--;
    return f;
}

/* m, r, m2, r2, act, lo, hi from out->acc_step. */
static int output_stage(const struct mnq_lowering *l, int i, struct mnq_qlayer *out)
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
    if (nd->act != MNQ_ACT_HSWISH && nd->act != MNQ_ACT_HSIGMOID) {
        for (int c = 0; c < n; c++) mnq_multiplier(out->acc_step[c] / qp->scale[c], &out->m[c], &out->r[c]);
        return 0;
    }
    int f = fraction_bits(nd->act == MNQ_ACT_HSIGMOID ? fmin(l->pre_max[i], 6) : l->pre_max[i]);
    bool swish = nd->act == MNQ_ACT_HSWISH;
    out->act = swish ? MNQ_A_HSWISH : MNQ_A_HSIGMOID;
    out->frac = (uint8_t)f;
    out->m2 = mnq_arena_array(l->arena, (size_t)n, sizeof *out->m2);
    out->r2 = mnq_arena_array(l->arena, (size_t)n, sizeof *out->r2);
    if (out->m2 == NULL || out->r2 == NULL) return -1;
    for (int c = 0; c < n; c++) {
        mnq_multiplier(ldexp(out->acc_step[c], f), &out->m[c], &out->r[c]);
        mnq_multiplier(ldexp(1, swish ? -2 * f : -f) / 6 / qp->scale[c], &out->m2[c], &out->r2[c]);
    }
    return 0;
}

/* ---- operators ---- */

static int lower_conv(const struct mnq_lowering *l, int i, const struct mnq_rounding_job *job, struct mnq_qlayer *out)
{
    const struct mnq_node *nd = &l->g->node[i];
    const struct mnq_qparams *in = &l->qp[nd->in[0]];
    struct mnq_arena scratch = {0};
    struct rows r;
    int rc = -1;
    if (alloc_channels(out, nd->out.c, l->arena) != 0 || absorb(l, i, &r, &scratch) != 0 ||
        round_rows(&r, nd->b, job, out->in_max, out->bias, &out->acc_bits, &scratch) != 0 ||
        store_weights(&r, job->bits, out, l->arena) != 0)
        goto done;
    memcpy(out->acc_step, r.step, (size_t)r.rows * sizeof *r.step);
    if (mnq_lower_is_pointwise(l->g, i)) {
        out->op = MNQ_L_PW;
    } else {
        int cin = l->g->node[nd->in[0]].out.c;
        out->op = nd->op == MNQ_OP_DWCONV ? MNQ_L_DWCONV : MNQ_L_CONV;
        out->mult = nd->op == MNQ_OP_DWCONV ? nd->mult : 0;
        out->pt = nd->pt, out->pl = nd->pl, out->pb = nd->pb, out->pr = nd->pr;
        out->pad = mnq_arena_alloc(l->arena, (size_t)cin);
        if (out->pad == NULL) goto done;
        for (int c = 0; c < cin; c++)
            out->pad[in->dtype == MNQ_U8 ? l->p->source[c] : c] = (int8_t)fmin(fmax(round(in->zero[c]), -128), 127);
    }
    rc = output_stage(l, i, out);
done:
    mnq_arena_free(&scratch);
    return rc;
}

static int lower_avgpool(const struct mnq_lowering *l, int i, struct mnq_qlayer *out)
{
    const struct mnq_node *nd = &l->g->node[i];
    const struct mnq_qparams *in = &l->qp[nd->in[0]];
    int n = nd->kh * nd->kw;
    if (alloc_channels(out, nd->out.c, l->arena) != 0) return -1;
    out->op = MNQ_L_AVGPOOL;
    double worst = 0;
    for (int c = 0; c < nd->out.c; c++) {
        out->bias[c] = (int32_t)round(-n * in->zero[c]);
        out->acc_step[c] = in->scale[c] / n;
        worst = fmax(worst, fabs((double)out->bias[c]) + (double)out->in_max * n);
    }
    out->acc_bits = mnq_lower_acc_bits(worst);
    return output_stage(l, i, out);
}

static int lower_add(const struct mnq_lowering *l, int i, struct mnq_qlayer *out)
{
    const struct mnq_node *nd = &l->g->node[i];
    const struct mnq_qparams *a = &l->qp[nd->in[0]], *b = &l->qp[nd->in[1]];
    size_t n = (size_t)nd->out.c;
    int16_t *w = mnq_arena_array(l->arena, 2 * n, sizeof *w);
    if (w == NULL || alloc_channels(out, nd->out.c, l->arena) != 0) return -1;
    out->op = MNQ_L_ADD;
    out->wtype = MNQ_W_S16;
    out->w = w;
    out->w_count = 2 * n;
    double worst = 0;
    for (size_t c = 0; c < n; c++) {
        double unit = fmax(a->scale[c], b->scale[c]) / 32767;
        w[c] = (int16_t)round(a->scale[c] / unit);
        w[n + c] = (int16_t)round(b->scale[c] / unit);
        out->bias[c] = -(w[c] * a->zp + w[n + c] * b->zp);
        out->acc_step[c] = unit;
        worst = fmax(worst, fabs((double)out->bias[c]) + (double)out->in_max * (w[c] + w[n + c]));
    }
    out->acc_bits = mnq_lower_acc_bits(worst);
    return output_stage(l, i, out);
}

static int lower_mul(const struct mnq_lowering *l, int i, struct mnq_qlayer *out)
{
    const struct mnq_node *nd = &l->g->node[i];
    const struct mnq_qparams *a = &l->qp[nd->in[0]], *b = &l->qp[nd->in[1]];
    if (alloc_channels(out, nd->out.c, l->arena) != 0) return -1;
    out->op = MNQ_L_MUL;
    double worst = (magnitude(a) + fabs((double)a->zp)) * (magnitude(b) + fabs((double)b->zp));
    out->acc_bits = mnq_lower_acc_bits(worst);
    for (int c = 0; c < nd->out.c; c++) out->acc_step[c] = a->scale[c] * b->scale[c];
    return output_stage(l, i, out);
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
        rc = lower_conv(l, i, job, out);
        break;
    case MNQ_OP_AVGPOOL:
        rc = lower_avgpool(l, i, out);
        break;
    case MNQ_OP_ADD:
        rc = lower_add(l, i, out);
        break;
    case MNQ_OP_MUL:
        rc = lower_mul(l, i, out);
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

int mnq_lower_fake_quantize(const struct mnq_lowering *l, int i, int bits, float *w)
{
    const struct mnq_node *nd = &l->g->node[i];
    const struct mnq_qparams *in = &l->qp[nd->in[0]];
    struct mnq_arena scratch = {0};
    struct rows r;
    int rc = absorb(l, i, &r, &scratch), qmax = bits == 16 ? 32767 : 127;
    for (int o = 0; rc == 0 && o < r.rows; o++) {
        r.step[o] = mnq_wround_step(r.w + (size_t)o * (size_t)r.n, NULL, r.n, qmax);
        mnq_wround_nearest(r.w + (size_t)o * (size_t)r.n, r.n, r.step[o], qmax, r.q + (size_t)o * (size_t)r.n);
    }
    int taps = nd->kh * nd->kw, cin = l->g->node[nd->in[0]].out.c, cout = nd->out.c;
    for (int t = 0; rc == 0 && t < taps; t++)
        for (int c = 0; c < (r.depthwise ? 1 : cin); c++) {
            int k = r.depthwise ? t : t * cin + (in->dtype == MNQ_U8 ? l->p->source[c] : c);
            for (int o = 0; o < cout; o++) {
                double s = in->scale[r.depthwise ? o / nd->mult : c];
                size_t to = r.depthwise ? (size_t)t * (size_t)cout + (size_t)o
                                        : ((size_t)t * (size_t)cin + (size_t)c) * (size_t)cout + (size_t)o;
                w[to] = s == 0 ? nd->w[to] : (float)(r.q[(size_t)o * (size_t)r.n + (size_t)k] * r.step[o] / s);
            }
        }
    mnq_arena_free(&scratch);
    return rc;
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
    return 0;
}
