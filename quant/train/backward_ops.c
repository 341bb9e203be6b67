/* SPDX-License-Identifier: Apache-2.0
 * Gradients of the float operators: one node, from its output's gradient to those of its inputs and weights.
 *
 * Convolutions are matrix products of pixels [P][K] with weights [K][N], and so are their gradients, by the same kernels:
 * dX = dY W^T, dW = X^T dY. */
#include "train/backward_ops.h"

#include <string.h>

/* Fewer pixels than this are not worth packing. */
enum { PACK_FROM = 6 };

static bool is_matrix(const struct mnq_node *nd)
{
    return nd->op == MNQ_OP_CONV || nd->op == MNQ_OP_DENSE;
}

static bool is_pointwise(const struct mnq_node *nd)
{
    return nd->op == MNQ_OP_DENSE || (nd->kh == 1 && nd->kw == 1 && nd->sh == 1 && nd->sw == 1 && nd->pt == 0 &&
                                      nd->pl == 0 && nd->pb == 0 && nd->pr == 0);
}

static bool same_shape(struct mnq_shape a, struct mnq_shape b)
{
    return a.h == b.h && a.w == b.w && a.c == b.c;
}

bool mnq_backward_known(const struct mnq_graph *g, const struct mnq_node *nd, const char **what)
{
    bool act = nd->act == MNQ_ACT_NONE || nd->act == MNQ_ACT_RELU || nd->act == MNQ_ACT_RELU_MAX ||
               nd->act == MNQ_ACT_SIGMOID || mnq_backward_wants_pre(nd);
    *what = act ? mnq_op_name(nd->op) : mnq_act_name(nd->act);
    if (!act) return false;
    switch (nd->op) {
    case MNQ_OP_CONV:
        return mnq_node_groups(nd) == 1 && nd->dh <= 1 && nd->dw <= 1;
    case MNQ_OP_DWCONV:
        return nd->mult == 1 && nd->dh <= 1 && nd->dw <= 1;
    case MNQ_OP_AVGPOOL:
        return nd->pt + nd->pl + nd->pb + nd->pr == 0;
    case MNQ_OP_ADD:
        return same_shape(g->node[nd->in[0]].out, nd->out) && same_shape(g->node[nd->in[1]].out, nd->out);
    case MNQ_OP_MUL: {
        struct mnq_shape b = g->node[nd->in[1]].out;
        return same_shape(g->node[nd->in[0]].out, nd->out) && b.c == nd->out.c &&
               (same_shape(b, nd->out) || (b.h == 1 && b.w == 1));
    }
    case MNQ_OP_INPUT:
    case MNQ_OP_DENSE:
    case MNQ_OP_ACT:
    case MNQ_OP_AFFINE:
    case MNQ_OP_PAD:
        return true;
    default:
        return false;
    }
}

/* ---- matrices ---- */

/* Pixels, inputs of one output, outputs. */
static struct mnq_fmat matrix(const struct mnq_graph *g, const struct mnq_node *nd)
{
    int cin = g->node[nd->in[0]].out.c;
    return (struct mnq_fmat){nd->out.h * nd->out.w, is_pointwise(nd) ? cin : nd->kh * nd->kw * cin, nd->out.c};
}

size_t mnq_backward_scratch(const struct mnq_graph *g, const struct mnq_node *nd)
{
    if (!is_matrix(nd)) return 0;
    struct mnq_fmat m = matrix(g, nd);
    size_t p = (size_t)m.pixels, k = (size_t)m.k, n = (size_t)m.n;
    /* gathered rows, their transpose, packed dY, dW before it is added */
    return 2 * p * k + p * mnq_fpacked_width(m.n) + k * n;
}

size_t mnq_backward_transposed(const struct mnq_graph *g, const struct mnq_node *nd)
{
    if (!is_matrix(nd)) return 0;
    struct mnq_fmat m = matrix(g, nd);
    return (size_t)m.n * mnq_fpacked_width(m.k);
}

/* to [n][k] from [k][n]. */
static void transpose(const float *from, size_t k, size_t n, float *to)
{
    enum { TILE = 16 };
    for (size_t i = 0; i < k; i += TILE)
        for (size_t j = 0; j < n; j += TILE)
            for (size_t a = i; a < i + TILE && a < k; a++)
                for (size_t b = j; b < j + TILE && b < n; b++) to[b * k + a] = from[a * n + b];
}

void mnq_backward_transpose(const struct mnq_graph *g, const struct mnq_node *nd, const struct mnq_fkernels *kernels,
                            float *scratch, float *transposed)
{
    struct mnq_fmat m = matrix(g, nd), t = {m.pixels, m.n, m.k};
    transpose(nd->w, (size_t)m.k, (size_t)m.n, scratch);
    kernels->pack(&t, scratch, transposed);
}

/* Copies between an input and rows [P][kh kw cin] of the windows over it: to the rows, or adding them to the input. */
static void windows(const struct mnq_backward_op *op, const float *in, float *rows, float *add_to)
{
    const struct mnq_node *nd = op->nd;
    struct mnq_shape s = op->g->node[nd->in[0]].out;
    size_t c = (size_t)s.c;
    for (int y = 0; y < nd->out.h; y++)
        for (int x = 0; x < nd->out.w; x++)
            for (int t = 0; t < nd->kh * nd->kw; t++, rows += c) {
                int iy = y * nd->sh - nd->pt + t / nd->kw, ix = x * nd->sw - nd->pl + t % nd->kw;
                bool inside = iy >= 0 && iy < s.h && ix >= 0 && ix < s.w;
                size_t at = inside ? ((size_t)iy * (size_t)s.w + (size_t)ix) * c : 0;
                if (add_to == NULL && inside) memcpy(rows, in + at, c * sizeof *rows);
                else if (add_to == NULL) memset(rows, 0, c * sizeof *rows);
                else if (inside)
                    for (size_t k = 0; k < c; k++) add_to[at + k] += rows[k];
            }
}

static void add_columns(const float *dy, size_t pixels, size_t n, float *db)
{
    for (size_t p = 0; p < pixels; p++)
        for (size_t j = 0; j < n; j++) db[j] += dy[p * n + j];
}

static void weights_gradient(const struct mnq_backward_op *op, const struct mnq_fmat *m, const float *x, float *free_rows)
{
    size_t p = (size_t)m->pixels, k = (size_t)m->k, n = (size_t)m->n;
    if (m->pixels < PACK_FROM) {
        for (size_t i = 0; i < p; i++)
            for (size_t a = 0; a < k; a++) {
                float v = x[i * k + a];
                for (size_t j = 0; j < n; j++) op->dw[a * n + j] += v * op->dy[i * n + j];
            }
        return;
    }
    float *turned = free_rows, *packed = turned + p * k, *dw = packed + p * mnq_fpacked_width(m->n);
    struct mnq_fmat t = {m->k, m->pixels, m->n};
    transpose(x, p, k, turned);
    op->kernels->pack(&t, op->dy, packed);
    op->kernels->matmul(&t, turned, packed, NULL, dw);
    for (size_t i = 0; i < k * n; i++) op->dw[i] += dw[i];
}

static void matrix_backward(const struct mnq_backward_op *op)
{
    struct mnq_fmat m = matrix(op->g, op->nd), back = {m.pixels, m.n, m.k};
    size_t p = (size_t)m.pixels, k = (size_t)m.k;
    float *rows = op->scratch;
    bool window = !is_pointwise(op->nd);
    if (op->db != NULL) add_columns(op->dy, p, (size_t)m.n, op->db);
    if (op->dw != NULL) {
        if (window) windows(op, op->in[0], rows, NULL);
        weights_gradient(op, &m, window ? rows : op->in[0], rows + p * k);
    }
    if (op->dx[0] == NULL) return;
    op->kernels->matmul(&back, op->dy, op->transposed, NULL, rows);
    if (window) windows(op, NULL, rows, op->dx[0]);
    else
        for (size_t i = 0; i < p * k; i++) op->dx[0][i] += rows[i];
}

/* ---- the others ---- */

static void depthwise(const struct mnq_backward_op *op)
{
    const struct mnq_node *nd = op->nd;
    struct mnq_shape s = op->g->node[nd->in[0]].out;
    size_t c = (size_t)nd->out.c;
    if (op->db != NULL) add_columns(op->dy, (size_t)nd->out.h * (size_t)nd->out.w, c, op->db);
    for (int y = 0; y < nd->out.h; y++)
        for (int x = 0; x < nd->out.w; x++) {
            const float *restrict dy = op->dy + ((size_t)y * (size_t)nd->out.w + (size_t)x) * c;
            for (int t = 0; t < nd->kh * nd->kw; t++) {
                int iy = y * nd->sh - nd->pt + t / nd->kw, ix = x * nd->sw - nd->pl + t % nd->kw;
                if (iy < 0 || iy >= s.h || ix < 0 || ix >= s.w) continue;
                size_t at = ((size_t)iy * (size_t)s.w + (size_t)ix) * c;
                const float *restrict in = op->in[0] + at, *restrict w = nd->w + (size_t)t * c;
                float *restrict dw = op->dw == NULL ? NULL : op->dw + (size_t)t * c;
                float *restrict dx = op->dx[0] == NULL ? NULL : op->dx[0] + at;
                if (dw != NULL)
                    for (size_t k = 0; k < c; k++) dw[k] += in[k] * dy[k];
                if (dx != NULL)
                    for (size_t k = 0; k < c; k++) dx[k] += w[k] * dy[k];
            }
        }
}

static void pool(const struct mnq_backward_op *op)
{
    const struct mnq_node *nd = op->nd;
    struct mnq_shape s = op->g->node[nd->in[0]].out;
    size_t c = (size_t)s.c;
    float share = 1.0f / (float)(nd->kh * nd->kw);
    for (int y = 0; y < nd->out.h; y++)
        for (int x = 0; x < nd->out.w; x++)
            for (int t = 0; t < nd->kh * nd->kw; t++) {
                int iy = y * nd->sh + t / nd->kw, ix = x * nd->sw + t % nd->kw;
                const float *dy = op->dy + ((size_t)y * (size_t)nd->out.w + (size_t)x) * c;
                float *dx = op->dx[0] + ((size_t)iy * (size_t)s.w + (size_t)ix) * c;
                for (size_t k = 0; k < c; k++) dx[k] += share * dy[k];
            }
}

static void add(const struct mnq_backward_op *op)
{
    size_t n = mnq_elements(op->nd->out);
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; op->dx[k] != NULL && i < n; i++) op->dx[k][i] += op->nd->coef[k] * op->dy[i];
}

/* The second factor has the first one's shape, or one pixel. */
static void multiply(const struct mnq_backward_op *op)
{
    size_t n = mnq_elements(op->nd->out), m = mnq_elements(op->g->node[op->nd->in[1]].out);
    const float *a = op->in[0], *b = op->in[1], *dy = op->dy;
    for (size_t i = 0; i < n; i += m) {
        for (size_t k = 0; op->dx[0] != NULL && k < m; k++) op->dx[0][i + k] += dy[i + k] * b[k];
        for (size_t k = 0; op->dx[1] != NULL && k < m; k++) op->dx[1][k] += dy[i + k] * a[i + k];
    }
}

static void pad(const struct mnq_backward_op *op)
{
    const struct mnq_node *nd = op->nd;
    struct mnq_shape s = op->g->node[nd->in[0]].out;
    size_t row = (size_t)s.w * (size_t)s.c;
    for (int y = 0; y < s.h; y++) {
        const float *from = op->dy + ((size_t)(y + nd->pt) * (size_t)nd->out.w + (size_t)nd->pl) * (size_t)s.c;
        for (size_t i = 0; i < row; i++) op->dx[0][(size_t)y * row + i] += from[i];
    }
}

void mnq_backward_linear(const struct mnq_backward_op *op)
{
    const struct mnq_node *nd = op->nd;
    size_t n = mnq_elements(nd->out), c = (size_t)nd->out.c;
    bool wanted = op->dx[0] != NULL;
    switch (nd->op) {
    case MNQ_OP_CONV:
    case MNQ_OP_DENSE:
        matrix_backward(op);
        break;
    case MNQ_OP_DWCONV:
        depthwise(op);
        break;
    case MNQ_OP_AVGPOOL:
        if (wanted) pool(op);
        break;
    case MNQ_OP_ADD:
        add(op);
        break;
    case MNQ_OP_MUL:
        multiply(op);
        break;
    case MNQ_OP_ACT:
        for (size_t i = 0; wanted && i < n; i++) op->dx[0][i] += op->dy[i];
        break;
    case MNQ_OP_AFFINE:
        for (size_t i = 0; wanted && i < n; i++) op->dx[0][i] += nd->scale[i % c] * op->dy[i];
        break;
    case MNQ_OP_PAD:
        if (wanted) pad(op);
        break;
    default: /* INPUT; others are refused before */
        break;
    }
}
