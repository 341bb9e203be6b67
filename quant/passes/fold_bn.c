/* SPDX-License-Identifier: Apache-2.0
 * BatchNormalization and other affine maps per channel, folded into the weights beside them, in double.
 *
 *     behind a linear layer:   s (W x + b) + o = (s W) x + (s b + o)
 *     in front of one:         W (s x + o) + b = (W s) x + (W o + b), with o != 0 only where nothing is padded
 *
 * Where neither neighbour can take it, an average pool, a zero padding (o = 0) or a product (o = 0) lets it pass; what is
 * left becomes a 1x1 depthwise convolution. */
#include "passes/rewrite.h"

#include <math.h>
#include <string.h>

static size_t channels(const struct mnq_rw *rw, int i)
{
    return (size_t)rw->node[i].nd.out.c;
}

static bool is_affine(const struct mnq_rw *rw, int i)
{
    return rw->node[i].nd.op == MNQ_OP_AFFINE;
}

/* A convolution or dense layer without activation. */
static bool is_linear(const struct mnq_rw *rw, int i)
{
    enum mnq_op op = rw->node[i].nd.op;
    return (op == MNQ_OP_CONV || op == MNQ_OP_DWCONV || op == MNQ_OP_DENSE) && rw->node[i].nd.act == MNQ_ACT_NONE;
}

static bool only_scales(const struct mnq_rw *rw, int a)
{
    for (size_t c = 0; c < channels(rw, a); c++)
        if (rw->node[a].offset[c] != 0.0) return false;
    return true;
}

/* ---- affine maps ---- */

static int alloc_affine(struct mnq_rw *rw, int i, struct mnq_err *e)
{
    struct mnq_rw_node *n = &rw->node[i];
    n->scale = mnq_arena_array(rw->arena, channels(rw, i), sizeof *n->scale);
    n->offset = mnq_arena_array(rw->arena, channels(rw, i), sizeof *n->offset);
    return n->scale == NULL || n->offset == NULL ? mnq_fail_nomem(e) : 0;
}

int mnq_rw_set_affine(struct mnq_rw *rw, int i, double scale, double offset, struct mnq_err *e)
{
    if (alloc_affine(rw, i, e) != 0) return -1;
    for (size_t c = 0; c < channels(rw, i); c++) {
        rw->node[i].scale[c] = scale;
        rw->node[i].offset[c] = offset;
    }
    return 0;
}

bool mnq_rw_uniform(const struct mnq_rw *rw, int i, double *scale, double *offset)
{
    const struct mnq_rw_node *n = &rw->node[i];
    if (n->nd.op != MNQ_OP_AFFINE) return false;
    for (size_t c = 1; c < channels(rw, i); c++)
        if (n->scale[c] != n->scale[0] || n->offset[c] != n->offset[0]) return false;
    *scale = n->scale[0];
    *offset = n->offset[0];
    return true;
}

bool mnq_rw_is_identity(const struct mnq_rw *rw, int a)
{
    const double tiny = 1e-7; /* what 1/6 in single precision is off, times 6 */
    for (size_t c = 0; c < channels(rw, a); c++)
        if (fabs(rw->node[a].scale[c] - 1.0) > tiny || rw->node[a].offset[c] != 0.0) return false;
    return true;
}

/* Multiplies a gain by a factor per channel; NULL stands for ones. */
static int scale_gain(struct mnq_rw *rw, double **gain, const double *factor, size_t n, struct mnq_err *e)
{
    double *g = mnq_arena_array(rw->arena, n, sizeof *g);
    if (g == NULL) return mnq_fail_nomem(e);
    for (size_t c = 0; c < n; c++) g[c] = (*gain != NULL ? (*gain)[c] : 1.0) * factor[c];
    *gain = g;
    return 0;
}

int mnq_rw_merge_affine(struct mnq_rw *rw, int a, struct mnq_err *e)
{
    int p = mnq_rw_producer(rw, a);
    if (!is_affine(rw, p) || mnq_rw_only_reader(rw, p) != a) return 0;
    const struct mnq_rw_node *first = &rw->node[p];
    struct mnq_rw_node *second = &rw->node[a];
    double *scale = second->scale, *offset = second->offset;
    if (second->nd.b_path == NULL && first->nd.b_path != NULL) {
        second->nd.b_path = first->nd.b_path;
        second->nd.b_gain = first->nd.b_gain;
        if (scale_gain(rw, &second->nd.b_gain, scale, channels(rw, a), e) != 0) return -1;
    }
    for (size_t c = 0; c < channels(rw, a); c++) {
        offset[c] += scale[c] * first->offset[c];
        scale[c] *= first->scale[c];
    }
    return mnq_rw_bypass(rw, p, e) != 0 ? -1 : 1;
}

/* BatchNormalization (raw) as an affine map, still under its own operator. */
static int batchnorm_map(struct mnq_rw *rw, int i, struct mnq_err *e)
{
    if (rw->node[i].scale != NULL) return 0;
    if (alloc_affine(rw, i, e) != 0) return -1;
    const struct mnq_rw_node *n = &rw->node[i];
    const struct mnq_node *nd = &n->nd;
    for (size_t c = 0; c < channels(rw, i); c++) {
        double gamma = nd->gamma != NULL ? (double)nd->gamma[c] : 1.0, beta = nd->beta != NULL ? (double)nd->beta[c] : 0.0;
        n->scale[c] = gamma / sqrt((double)nd->var[c] + (double)nd->eps);
        n->offset[c] = beta - (double)nd->mean[c] * n->scale[c];
    }
    return 0;
}

/* ---- into weights ---- */

/* Bias of node i in double, zero where there is none. */
static double bias_at(const struct mnq_node *nd, size_t c)
{
    return nd->b != NULL ? (double)nd->b[c] : 0.0;
}

/* Input channels behind one output value of node i's weights, and whether they are its own channel's only. */
static size_t inner_channels(const struct mnq_rw *rw, int i)
{
    const struct mnq_node *nd = &rw->node[i].nd;
    return nd->op == MNQ_OP_DWCONV ? 1 : channels(rw, nd->in[0]);
}

/* The map y = scale x + offset of node a (offset NULL: none) into the layer before it. */
static int fold_back(struct mnq_rw *rw, int conv, int a, const double *offset, struct mnq_err *e)
{
    struct mnq_node *nd = &rw->node[conv].nd;
    const struct mnq_node *map = &rw->node[a].nd;
    const double *scale = rw->node[a].scale;
    size_t c = channels(rw, conv), rows = (size_t)nd->kh * (size_t)nd->kw * inner_channels(rw, conv);
    float *w = mnq_arena_array(rw->arena, rows * c, sizeof *w), *b = mnq_arena_array(rw->arena, c, sizeof *b);
    if (w == NULL || b == NULL) return mnq_fail_nomem(e);
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < c; j++) w[r * c + j] = (float)((double)nd->w[r * c + j] * scale[j]);
    for (size_t j = 0; j < c; j++) b[j] = (float)(bias_at(nd, j) * scale[j] + (offset != NULL ? offset[j] : 0.0));
    nd->w = w;
    nd->b = b;
    if (nd->source >= 0 && offset != NULL && map->b_path != NULL) {
        nd->b_path = map->b_path;
        nd->b_gain = map->b_gain;
    } else if (nd->b_path != NULL && scale_gain(rw, &nd->b_gain, scale, c, e) != 0) {
        return -1;
    }
    return scale_gain(rw, &nd->out_gain, scale, c, e);
}

static int fold_into_reader(struct mnq_rw *rw, int a, int conv, struct mnq_err *e)
{
    const double *scale = rw->node[a].scale, *offset = rw->node[a].offset;
    struct mnq_node *nd = &rw->node[conv].nd;
    size_t c = channels(rw, conv), taps = (size_t)nd->kh * (size_t)nd->kw, inner = inner_channels(rw, conv);
    float *w = mnq_arena_array(rw->arena, taps * inner * c, sizeof *w), *b = mnq_arena_array(rw->arena, c, sizeof *b);
    double *sum = mnq_arena_array(rw->arena, c, sizeof *sum);
    if (w == NULL || b == NULL || sum == NULL) return mnq_fail_nomem(e);
    for (size_t r = 0; r < taps * inner; r++)
        for (size_t j = 0; j < c; j++) {
            size_t in = nd->op == MNQ_OP_DWCONV ? j / (size_t)nd->mult : r % inner;
            double v = (double)nd->w[r * c + j];
            w[r * c + j] = (float)(v * scale[in]);
            sum[j] += v * offset[in];
        }
    for (size_t j = 0; j < c; j++) b[j] = (float)(bias_at(nd, j) + sum[j]);
    bool keep = nd->b == NULL && only_scales(rw, a);
    nd->w = w;
    if (!keep) nd->b = b;
    return taps == 1 && nd->op != MNQ_OP_DWCONV ? scale_gain(rw, &nd->in_gain, scale, inner, e) : 0;
}

static bool can_take(const struct mnq_rw *rw, int a, int reader)
{
    const struct mnq_node *nd = &rw->node[reader].nd;
    if (nd->op != MNQ_OP_CONV && nd->op != MNQ_OP_DWCONV && nd->op != MNQ_OP_DENSE) return false;
    return (nd->pt == 0 && nd->pl == 0 && nd->pb == 0 && nd->pr == 0) || only_scales(rw, a);
}

int mnq_rw_fold_forward(struct mnq_rw *rw, int a, struct mnq_err *e)
{
    struct mnq_rw_node *n = &rw->node[a];
    if (n->nd.op == MNQ_OP_BATCHNORM && batchnorm_map(rw, a, e) != 0) return -1;
    if (rw->output == a) return 0;
    for (int k = 0; k < n->n_readers; k++)
        if (!can_take(rw, a, n->reader[k])) return 0;
    for (int k = 0; k < n->n_readers; k++)
        if (fold_into_reader(rw, a, n->reader[k], e) != 0) return -1;
    return mnq_rw_bypass(rw, a, e) != 0 ? -1 : 1;
}

/* ---- past other nodes ---- */

static int fold_backward(struct mnq_rw *rw, int a, struct mnq_err *e)
{
    const double *offset = rw->node[a].offset;
    int p = mnq_rw_producer(rw, a);
    if (mnq_rw_only_reader(rw, p) != a) return 0;
    if (is_linear(rw, p)) {
        if (fold_back(rw, p, a, offset, e) != 0) return -1;
        return mnq_rw_bypass(rw, a, e) != 0 ? -1 : 1;
    }
    const struct mnq_node *nd = &rw->node[p].nd;
    if (nd->act != MNQ_ACT_NONE) return 0;
    if (nd->op == MNQ_OP_AVGPOOL && is_linear(rw, nd->in[0]) && mnq_rw_only_reader(rw, nd->in[0]) == p) {
        if (fold_back(rw, nd->in[0], a, offset, e) != 0) return -1;
        return mnq_rw_bypass(rw, a, e) != 0 ? -1 : 1;
    }
    if (nd->op != MNQ_OP_ADD) return 0;
    for (int k = 0; k < 2; k++)
        if (!is_linear(rw, nd->in[k]) || mnq_rw_only_reader(rw, nd->in[k]) != p) return 0;
    if (fold_back(rw, nd->in[0], a, offset, e) != 0 || fold_back(rw, nd->in[1], a, NULL, e) != 0) return -1;
    return mnq_rw_bypass(rw, a, e) != 0 ? -1 : 1;
}

/* Lets an affine map sink one node further towards the output. */
static int sink(struct mnq_rw *rw, int a, struct mnq_err *e)
{
    int r = mnq_rw_only_reader(rw, a);
    if (r < 0 || rw->node[r].nd.act != MNQ_ACT_NONE) return 0;
    enum mnq_op op = rw->node[r].nd.op;
    bool passes = op == MNQ_OP_AVGPOOL || ((op == MNQ_OP_PAD || op == MNQ_OP_MUL) && only_scales(rw, a));
    if (!passes) return 0;
    rw->node[a].nd.out = rw->node[r].nd.out;
    return mnq_rw_sink(rw, a, r, e) != 0 ? -1 : 1;
}

/* One step for one map: 1 if something changed, 0, -1. */
static int step(struct mnq_rw *rw, int a, struct mnq_err *e)
{
    if (mnq_rw_is_identity(rw, a)) return mnq_rw_bypass(rw, a, e) != 0 ? -1 : 1;
    int p = mnq_rw_producer(rw, a);
    if (rw->node[p].nd.op == MNQ_OP_INPUT && mnq_rw_only_reader(rw, p) == a) return 0; /* legal there */
    int done = mnq_rw_merge_affine(rw, a, e);
    if (done == 0) done = fold_backward(rw, a, e);
    if (done == 0) done = mnq_rw_fold_forward(rw, a, e);
    if (done == 0) done = sink(rw, a, e);
    return done;
}

int mnq_fold_bn(struct mnq_rw *rw, struct mnq_err *e)
{
    for (int i = 0; i < rw->n; i++) {
        if (rw->node[i].dead || rw->node[i].nd.op != MNQ_OP_BATCHNORM) continue;
        if (batchnorm_map(rw, i, e) != 0) return -1;
        rw->node[i].nd.op = MNQ_OP_AFFINE;
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = 0; i < rw->n; i++) {
            if (rw->node[i].dead || !is_affine(rw, i)) continue;
            int done = step(rw, i, e);
            if (done < 0) return -1;
            changed = changed || done > 0;
        }
    }
    return 0;
}

int mnq_affine_to_dwconv(struct mnq_rw *rw, struct mnq_err *e)
{
    for (int i = 0; i < rw->n; i++) {
        if (rw->node[i].dead || !is_affine(rw, i)) continue;
        int p = mnq_rw_producer(rw, i);
        if (rw->node[p].nd.op == MNQ_OP_INPUT && mnq_rw_only_reader(rw, p) == i) continue;
        if (mnq_rw_identity(rw, i, 1, 1, 0, e) != 0) return -1;
        if (fold_back(rw, i, i, rw->node[i].offset, e) != 0) return -1;
    }
    return 0;
}
