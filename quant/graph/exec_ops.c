/* SPDX-License-Identifier: Apache-2.0
 * The executor's operators: one node, its inputs and its output in memory.
 *
 * A convolution is a matrix product of pixels with weights [kh*kw*cin][cout]. For 1x1 the input is that matrix; otherwise
 * tiles of pixels are gathered, zeros where the window leaves the input. */
#include "graph/exec_ops.h"

#include <math.h>
#include <string.h>

/* Gathered floats per tile, small enough for a second-level cache, and pixels from which packing the weights pays. */
enum { TILE_FLOATS = 1 << 16, PACK_FROM = 6 };

/* ---- convolution ---- */

static bool is_pointwise(const struct mnq_node *nd)
{
    if (nd->op == MNQ_OP_DENSE) return true;
    return nd->kh == 1 && nd->kw == 1 && nd->sh == 1 && nd->sw == 1 && nd->pt == 0 && nd->pl == 0 && nd->pb == 0 &&
           nd->pr == 0;
}

static size_t count(struct mnq_shape s)
{
    return mnq_elements(s);
}

static size_t tile_pixels(size_t k)
{
    size_t n = TILE_FLOATS / (k == 0 ? 1 : k) / 12 * 12;
    return n < 12 ? 12 : n;
}

/* Row of the gathered matrix: the kh x kw x cin values under the window at output (y, x). */
static void gather(const struct mnq_node *nd, struct mnq_shape in, const float *data, int y, int x, float *row)
{
    size_t c = (size_t)in.c;
    int y0 = y * nd->sh - nd->pt, x0 = x * nd->sw - nd->pl;
    int left = x0 < 0 ? -x0 : 0, right = in.w - x0 < nd->kw ? in.w - x0 : nd->kw;
    if (left > nd->kw) left = nd->kw;
    if (right < left) right = left;
    for (int ky = 0; ky < nd->kh; ky++, row += (size_t)nd->kw * c) {
        if (y0 + ky < 0 || y0 + ky >= in.h || left == right) {
            memset(row, 0, (size_t)nd->kw * c * sizeof *row);
            continue;
        }
        size_t from = ((size_t)(y0 + ky) * (size_t)in.w + (size_t)(x0 + left)) * c;
        memset(row, 0, (size_t)left * c * sizeof *row);
        memcpy(row + (size_t)left * c, data + from, (size_t)(right - left) * c * sizeof *row);
        memset(row + (size_t)right * c, 0, (size_t)(nd->kw - right) * c * sizeof *row);
    }
}

static void conv(const struct mnq_exec_op *op)
{
    const struct mnq_node *nd = op->nd;
    struct mnq_shape in = op->g->node[nd->in[0]].out;
    struct mnq_fmat m = {nd->out.h * nd->out.w, is_pointwise(nd) ? in.c : nd->kh * nd->kw * in.c, nd->out.c};
    bool pack = m.pixels >= PACK_FROM;
    float *packed = op->scratch;
    if (pack) op->kernels->pack(&m, nd->w, packed);
    if (is_pointwise(nd)) {
        if (pack) op->kernels->matmul(&m, op->in[0], packed, nd->b, op->out);
        else op->kernels->matvec(&m, op->in[0], nd->w, nd->b, op->out);
        return;
    }
    size_t k = (size_t)m.k, tile = tile_pixels(k), total = (size_t)m.pixels, wide = (size_t)nd->out.w;
    float *rows = op->scratch + (pack ? k * mnq_fpacked_width(m.n) : 0);
    for (size_t p = 0; p < total; p += tile) {
        size_t n = total - p < tile ? total - p : tile;
        for (size_t i = 0; i < n; i++) gather(nd, in, op->in[0], (int)((p + i) / wide), (int)((p + i) % wide), rows + i * k);
        m.pixels = (int)n;
        float *out = op->out + p * (size_t)m.n;
        if (pack) op->kernels->matmul(&m, rows, packed, nd->b, out);
        else op->kernels->matvec(&m, rows, nd->w, nd->b, out);
    }
}

static void dwconv(const struct mnq_exec_op *op)
{
    const struct mnq_node *nd = op->nd;
    struct mnq_shape in = op->g->node[nd->in[0]].out;
    const float *from = op->in[0];
    if (nd->mult > 1) { /* repeat every channel, then it is the plain case */
        size_t n = count(in), mult = (size_t)nd->mult;
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < mult; j++) op->scratch[i * mult + j] = from[i];
        from = op->scratch;
        in.c *= nd->mult;
    }
    struct mnq_fwindow d = {in, nd->out, nd->kh, nd->kw, nd->sh, nd->sw, nd->pt, nd->pl};
    op->kernels->dwconv(&d, from, nd->w, nd->b, op->out);
}

/* ---- channelwise ---- */

/* BatchNormalization as Keras computes it, with gamma / sqrt(var + eps) rounded once. */
static void batchnorm(const struct mnq_exec_op *op)
{
    const struct mnq_node *nd = op->nd;
    struct mnq_fmat m = {.pixels = nd->out.h * nd->out.w, .n = nd->out.c};
    float *scale = op->scratch, *offset = op->scratch + m.n;
    for (int c = 0; c < m.n; c++) {
        double gamma = nd->gamma != NULL ? (double)nd->gamma[c] : 1.0;
        scale[c] = (float)(gamma / sqrt((double)nd->var[c] + (double)nd->eps));
        offset[c] = nd->beta != NULL ? nd->beta[c] : 0.0f;
    }
    op->kernels->affine(op->in[0], nd->mean, scale, offset, op->out, &m);
}

static void mul(const struct mnq_exec_op *op)
{
    struct mnq_shape a = op->nd->out, b = op->g->node[op->nd->in[1]].out;
    if (b.h == a.h && b.w == a.w) op->kernels->mul(op->in[0], op->in[1], op->out, count(a));
    else op->kernels->gate(op->in[0], op->in[1], op->out, a.h * a.w, a.c);
}

static void pad(const struct mnq_exec_op *op)
{
    const struct mnq_node *nd = op->nd;
    struct mnq_shape in = op->g->node[nd->in[0]].out;
    size_t row = (size_t)in.w * (size_t)in.c, out_row = (size_t)nd->out.w * (size_t)nd->out.c;
    memset(op->out, 0, count(nd->out) * sizeof *op->out);
    float *to = op->out + (size_t)nd->pt * out_row + (size_t)nd->pl * (size_t)in.c;
    for (int y = 0; y < in.h; y++) memcpy(to + (size_t)y * out_row, op->in[0] + (size_t)y * row, row * sizeof *to);
}

/* ---- exponentials ---- */

/* exp(x) by range reduction and its Taylor series: libm's differs between hosts in the last bit. Error < 1e-15 relative. */
static double exp_plain(double x)
{
    const double log2e = 1.4426950408889634, ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
    if (x != x) return x;
    if (x < -700.0) return 0.0;
    if (x > 700.0) x = 700.0;
    double n = floor(x * log2e + 0.5), r = (x - n * ln2_high) - n * ln2_low, sum = 1.0;
    for (int i = 14; i > 0; i--) sum = 1.0 + sum * r / (double)i;
    return ldexp(sum, (int)n);
}

static void softmax(const struct mnq_exec_op *op)
{
    size_t n = (size_t)op->nd->out.c, pixels = count(op->nd->out) / n;
    for (size_t p = 0; p < pixels; p++) {
        const float *x = op->in[0] + p * n;
        float *y = op->out + p * n, max = x[0];
        for (size_t i = 1; i < n; i++) max = x[i] > max ? x[i] : max;
        double sum = 0.0;
        for (size_t i = 0; i < n; i++) {
            double v = exp_plain((double)x[i] - (double)max);
            y[i] = (float)v;
            sum += v;
        }
        for (size_t i = 0; i < n; i++) y[i] = (float)((double)y[i] / sum);
    }
}

void mnq_exec_act(const struct mnq_exec_op *op)
{
    size_t n = count(op->nd->out);
    if (op->nd->act == MNQ_ACT_SIGMOID)
        for (size_t i = 0; i < n; i++) op->out[i] = (float)(1.0 / (1.0 + exp_plain(-(double)op->out[i])));
    else if (op->nd->act != MNQ_ACT_NONE) op->kernels->act(op->nd->act, op->nd->act_max, op->out, n);
}

/* ---- dispatch ---- */

size_t mnq_exec_scratch(const struct mnq_graph *g, const struct mnq_node *nd)
{
    size_t most = SIZE_MAX / sizeof(float) / 4;
    if (nd->op == MNQ_OP_BATCHNORM) return 2 * (size_t)nd->out.c;
    if (nd->op == MNQ_OP_DWCONV) return nd->mult > 1 ? count(g->node[nd->in[0]].out) * (size_t)nd->mult : 0;
    if (nd->op != MNQ_OP_CONV && nd->op != MNQ_OP_DENSE) return 0;
    size_t pixels = (size_t)nd->out.h * (size_t)nd->out.w, n = mnq_fpacked_width(nd->out.c);
    size_t cin = (size_t)g->node[nd->in[0]].out.c, k = is_pointwise(nd) ? 1 : (size_t)nd->kh * (size_t)nd->kw;
    if (k > INT32_MAX / cin || k * cin > most / (n + TILE_FLOATS)) return SIZE_MAX;
    k *= cin;
    size_t tile = tile_pixels(k);
    return (pixels >= PACK_FROM ? k * n : 0) + (is_pointwise(nd) ? 0 : k * (pixels < tile ? pixels : tile));
}

void mnq_exec_linear(const struct mnq_exec_op *op)
{
    const struct mnq_node *nd = op->nd;
    size_t n = count(nd->out);
    switch (nd->op) {
    case MNQ_OP_CONV:
    case MNQ_OP_DENSE: /* window 1 x 1 */
        conv(op);
        break;
    case MNQ_OP_DWCONV:
        dwconv(op);
        break;
    case MNQ_OP_AVGPOOL: {
        struct mnq_fwindow d = {op->g->node[nd->in[0]].out, nd->out, nd->kh, nd->kw, nd->sh, nd->sw, 0, 0};
        op->kernels->avgpool(&d, op->in[0], op->out);
        break;
    }
    case MNQ_OP_ADD:
        op->kernels->add(op->in[0], op->in[1], op->out, n);
        break;
    case MNQ_OP_MUL:
        mul(op);
        break;
    case MNQ_OP_SOFTMAX:
        softmax(op);
        break;
    case MNQ_OP_BATCHNORM:
        batchnorm(op);
        break;
    case MNQ_OP_AFFINE: {
        struct mnq_fmat m = {.pixels = nd->out.h * nd->out.w, .n = nd->out.c};
        op->kernels->affine(op->in[0], NULL, nd->scale, nd->offset, op->out, &m);
        break;
    }
    case MNQ_OP_PAD:
        pad(op);
        break;
    case MNQ_OP_ACT:
    case MNQ_OP_RESHAPE:
        memcpy(op->out, op->in[0], n * sizeof *op->out);
        break;
    default: /* INPUT holds its values already */
        break;
    }
}
