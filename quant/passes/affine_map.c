/* SPDX-License-Identifier: Apache-2.0
 * Affine maps per channel, and how they move into the weights beside them, in double.
 *
 *     behind a linear layer:   s (W x + b) + o = (s W) x + (s b + o)
 *     in front of one:         W (s x + o) + b = (W s) x + (W o + b), with o != 0 only where nothing is padded */
#include "passes/affine_map.h"

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

bool mnq_rw_only_scales(const struct mnq_rw *rw, int a)
{
    for (size_t c = 0; c < channels(rw, a); c++)
        if (rw->node[a].offset[c] != 0.0) return false;
    return true;
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
    mnq_rw_forget(rw, p);
    return mnq_rw_bypass(rw, p, e) != 0 ? -1 : 1;
}

int mnq_rw_batchnorm_map(struct mnq_rw *rw, int i, struct mnq_err *e)
{
    if (rw->node[i].scale != NULL) return 0;
    if (mnq_rw_alloc_affine(rw, i, e) != 0) return -1;
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

/* Input channels behind one output value of node i's weights. */
static size_t inner_channels(const struct mnq_rw *rw, int i)
{
    const struct mnq_node *nd = &rw->node[i].nd;
    return nd->op == MNQ_OP_DWCONV ? 1 : channels(rw, nd->in[0]) / (size_t)mnq_node_groups(nd);
}

/* Input channel of the weight in row r (of taps and inner channels) and column j. */
static size_t input_channel(const struct mnq_node *nd, size_t inner, size_t r, size_t j)
{
    if (nd->op == MNQ_OP_DWCONV) return j / (size_t)nd->mult;
    return j / ((size_t)nd->out.c / (size_t)mnq_node_groups(nd)) * inner + r % inner;
}

int mnq_rw_fold_back(struct mnq_rw *rw, int conv, int a, const double *offset, struct mnq_err *e)
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
            size_t in = input_channel(nd, inner, r, j);
            double v = (double)nd->w[r * c + j];
            w[r * c + j] = (float)(v * scale[in]);
            sum[j] += v * offset[in];
        }
    for (size_t j = 0; j < c; j++) b[j] = (float)(bias_at(nd, j) + sum[j]);
    bool keep = nd->b == NULL && mnq_rw_only_scales(rw, a);
    nd->w = w;
    if (!keep) nd->b = b;
    return taps == 1 && nd->op != MNQ_OP_DWCONV && mnq_node_groups(nd) == 1 ? scale_gain(rw, &nd->in_gain, scale, inner, e)
                                                                            : 0;
}

static bool can_take(const struct mnq_rw *rw, int a, int reader)
{
    const struct mnq_node *nd = &rw->node[reader].nd;
    if (nd->op != MNQ_OP_CONV && nd->op != MNQ_OP_DWCONV && nd->op != MNQ_OP_DENSE) return false;
    return (nd->pt == 0 && nd->pl == 0 && nd->pb == 0 && nd->pr == 0) || mnq_rw_only_scales(rw, a);
}

int mnq_rw_fold_forward(struct mnq_rw *rw, int a, struct mnq_err *e)
{
    struct mnq_rw_node *n = &rw->node[a];
    if (n->nd.op == MNQ_OP_BATCHNORM && mnq_rw_batchnorm_map(rw, a, e) != 0) return -1;
    if (rw->output == a) return 0;
    for (int k = 0; k < n->n_readers; k++)
        if (!can_take(rw, a, n->reader[k])) return 0;
    for (int k = 0; k < n->n_readers; k++)
        if (fold_into_reader(rw, a, n->reader[k], e) != 0) return -1;
    mnq_rw_forget(rw, a);
    return mnq_rw_bypass(rw, a, e) != 0 ? -1 : 1;
}
