/* SPDX-License-Identifier: Apache-2.0
 * The executor's operators: one node, its inputs and its output in memory.
 *
 * A convolution is a matrix product of pixels with weights [kh*kw*cin][cout]. For 1x1 the input is that matrix; otherwise
 * tiles of pixels are gathered, zeros where the window leaves the input. */
#include "graph/exec_ops.h"

#include "graph/activation.h"
#include "graph/exec_move.h"

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

/* Groups, or a window with gaps. */
static bool is_apart(const struct mnq_node *nd)
{
    return mnq_node_groups(nd) > 1 || nd->dh > 1 || nd->dw > 1;
}

static size_t tile_pixels(size_t k)
{
    size_t n = TILE_FLOATS / (k == 0 ? 1 : k) / 12 * 12;
    return n < 12 ? 12 : n;
}

/* The same for a window with gaps, or one that sees c channels of the input's, from `first` on. */
static void gather_apart(const struct mnq_node *nd, struct mnq_shape in, const float *data, int y, int x, int first, int c,
                         float *row)
{
    int dh = nd->dh > 1 ? nd->dh : 1, dw = nd->dw > 1 ? nd->dw : 1;
    for (int ky = 0; ky < nd->kh; ky++)
        for (int kx = 0; kx < nd->kw; kx++, row += c) {
            int iy = y * nd->sh - nd->pt + ky * dh, ix = x * nd->sw - nd->pl + kx * dw;
            if (iy < 0 || iy >= in.h || ix < 0 || ix >= in.w) memset(row, 0, (size_t)c * sizeof *row);
            else
                memcpy(row, data + ((size_t)iy * (size_t)in.w + (size_t)ix) * (size_t)in.c + first, (size_t)c * sizeof *row);
        }
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

/* Group after group, each a dense matrix of its own columns. */
static void conv_groups(const struct mnq_exec_op *op)
{
    const struct mnq_node *nd = op->nd;
    struct mnq_shape in = op->g->node[nd->in[0]].out;
    int groups = mnq_node_groups(nd), cin = in.c / groups, cout = nd->out.c / groups;
    struct mnq_fmat m = {0, nd->kh * nd->kw * cin, cout};
    size_t k = (size_t)m.k, n = (size_t)cout, tile = tile_pixels(k), total = (size_t)nd->out.h * (size_t)nd->out.w;
    float *w = op->scratch, *packed = w + k * n, *rows = packed + k * mnq_fpacked_width(cout), *out = rows + tile * k;
    for (int g = 0; g < groups; g++) {
        size_t first = (size_t)g * n;
        for (size_t r = 0; r < k; r++) memcpy(w + r * n, nd->w + r * (size_t)nd->out.c + first, n * sizeof *w);
        op->kernels->pack(&m, w, packed);
        for (size_t p = 0; p < total; p += tile) {
            m.pixels = (int)(total - p < tile ? total - p : tile);
            for (int i = 0; i < m.pixels; i++)
                gather_apart(nd, in, op->in[0], (int)(p + (size_t)i) / nd->out.w, (int)(p + (size_t)i) % nd->out.w, g * cin,
                             cin, rows + (size_t)i * k);
            op->kernels->matmul(&m, rows, packed, nd->b != NULL ? nd->b + first : NULL, out);
            for (size_t i = 0; i < (size_t)m.pixels; i++)
                memcpy(op->out + (p + i) * (size_t)nd->out.c + first, out + i * n, n * sizeof *out);
        }
    }
}

static size_t groups_scratch(const struct mnq_node *nd, int cin)
{
    size_t groups = (size_t)mnq_node_groups(nd), k = (size_t)nd->kh * (size_t)nd->kw, c = (size_t)cin / groups;
    size_t n = (size_t)nd->out.c / groups, most = SIZE_MAX / sizeof(float) / 8, width = mnq_fpacked_width((int)n);
    if (k > INT32_MAX / c || k * c > most / (2 * width + TILE_FLOATS)) return SIZE_MAX;
    k *= c;
    return k * (n + width) + tile_pixels(k) * (k + n);
}

static const float *packed_weights(const struct mnq_exec_op *op, const struct mnq_fmat *m)
{
    struct mnq_exec_packed *k = op->kept;
    if (k == NULL) {
        op->kernels->pack(m, op->nd->w, op->scratch);
        return op->scratch;
    }
    if (k->of != op->nd->w) op->kernels->pack(m, op->nd->w, k->to);
    k->of = op->nd->w;
    return k->to;
}

static void conv(const struct mnq_exec_op *op)
{
    const struct mnq_node *nd = op->nd;
    struct mnq_shape in = op->g->node[nd->in[0]].out;
    if (is_apart(nd)) {
        conv_groups(op);
        return;
    }
    struct mnq_fmat m = {nd->out.h * nd->out.w, is_pointwise(nd) ? in.c : nd->kh * nd->kw * in.c, nd->out.c};
    bool pack = m.pixels >= PACK_FROM;
    const float *packed = pack ? packed_weights(op, &m) : NULL;
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

/* Windows with gaps: no vectors, since a legal graph has none. */
static void dwconv_apart(const struct mnq_exec_op *op)
{
    const struct mnq_node *nd = op->nd;
    struct mnq_shape in = op->g->node[nd->in[0]].out, out = nd->out;
    for (int y = 0; y < out.h; y++)
        for (int x = 0; x < out.w; x++)
            for (int o = 0; o < out.c; o++) {
                float sum = nd->b != NULL ? nd->b[o] : 0.0f;
                for (int t = 0; t < nd->kh * nd->kw; t++) {
                    int iy = y * nd->sh - nd->pt + t / nd->kw * nd->dh, ix = x * nd->sw - nd->pl + t % nd->kw * nd->dw;
                    if (iy < 0 || iy >= in.h || ix < 0 || ix >= in.w) continue;
                    sum += op->in[0][((size_t)iy * (size_t)in.w + (size_t)ix) * (size_t)in.c + (size_t)(o / nd->mult)] *
                           nd->w[(size_t)t * (size_t)out.c + (size_t)o];
                }
                op->out[((size_t)y * (size_t)out.w + (size_t)x) * (size_t)out.c + (size_t)o] = sum;
            }
}

/* Conv2DTranspose: every input pixel adds its window of weights to the output. */
static void tconv(const struct mnq_exec_op *op)
{
    const struct mnq_node *nd = op->nd;
    struct mnq_shape in = op->g->node[nd->in[0]].out, out = nd->out;
    size_t cin = (size_t)in.c, cout = (size_t)out.c, pixels = (size_t)out.h * (size_t)out.w;
    for (size_t p = 0; p < pixels; p++)
        for (size_t o = 0; o < cout; o++) op->out[p * cout + o] = nd->b != NULL ? nd->b[o] : 0.0f;
    for (int iy = 0; iy < in.h; iy++)
        for (int ix = 0; ix < in.w; ix++)
            for (int t = 0; t < nd->kh * nd->kw; t++) {
                int y = iy * nd->sh + t / nd->kw - nd->pt, x = ix * nd->sw + t % nd->kw - nd->pl;
                if (y < 0 || y >= out.h || x < 0 || x >= out.w) continue;
                const float *from = op->in[0] + ((size_t)iy * (size_t)in.w + (size_t)ix) * cin;
                float *to = op->out + ((size_t)y * (size_t)out.w + (size_t)x) * cout;
                for (size_t o = 0; o < cout; o++) {
                    const float *w = nd->w + ((size_t)t * cout + o) * cin;
                    float sum = 0.0f;
                    for (size_t i = 0; i < cin; i++) sum += from[i] * w[i];
                    to[o] += sum;
                }
            }
}

static void dwconv(const struct mnq_exec_op *op)
{
    const struct mnq_node *nd = op->nd;
    struct mnq_shape in = op->g->node[nd->in[0]].out;
    const float *from = op->in[0];
    if (nd->dh > 1 || nd->dw > 1) {
        dwconv_apart(op);
        return;
    }
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

/* ---- exponentials ---- */

static void softmax(const struct mnq_exec_op *op)
{
    size_t n = (size_t)op->nd->out.c, pixels = count(op->nd->out) / n;
    for (size_t p = 0; p < pixels; p++) {
        const float *x = op->in[0] + p * n;
        float *y = op->out + p * n, max = x[0];
        for (size_t i = 1; i < n; i++) max = x[i] > max ? x[i] : max;
        double sum = 0.0;
        for (size_t i = 0; i < n; i++) {
            double v = mnq_exp_plain((double)x[i] - (double)max);
            y[i] = (float)v;
            sum += v;
        }
        for (size_t i = 0; i < n; i++) y[i] = (float)((double)y[i] / sum);
    }
}

void mnq_exec_act(const struct mnq_exec_op *op)
{
    const struct mnq_node *nd = op->nd;
    size_t n = count(nd->out), c = (size_t)nd->out.c;
    float *x = op->out;
    switch (nd->act) {
    case MNQ_ACT_NONE:
        break;
    case MNQ_ACT_RELU:
    case MNQ_ACT_RELU_MAX:
    case MNQ_ACT_HSWISH:
    case MNQ_ACT_HSIGMOID:
    case MNQ_ACT_HARD_SIGMOID_02:
        op->kernels->act(nd->act, nd->act_max, x, n);
        break;
    case MNQ_ACT_PRELU:
        for (size_t p = 0; p < n; p += c)
            for (size_t j = 0; j < c; j++) x[p + j] = x[p + j] >= 0.0f ? x[p + j] : nd->slope[j] * x[p + j];
        break;
    default:
        if (op->kernels->curve(nd->act, nd->act_alpha, x, n)) break;
        for (size_t i = 0; i < n; i++) x[i] = (float)mnq_act_value(nd, 0, (double)x[i]);
        break;
    }
}

/* ---- dispatch ---- */

size_t mnq_exec_scratch(const struct mnq_graph *g, const struct mnq_node *nd)
{
    size_t most = SIZE_MAX / sizeof(float) / 4;
    if (nd->op == MNQ_OP_BATCHNORM) return 2 * (size_t)nd->out.c;
    if (nd->op == MNQ_OP_DWCONV) return nd->mult > 1 ? count(g->node[nd->in[0]].out) * (size_t)nd->mult : 0;
    if (nd->op != MNQ_OP_CONV && nd->op != MNQ_OP_DENSE) return 0;
    if (is_apart(nd)) return groups_scratch(nd, g->node[nd->in[0]].out.c);
    size_t pixels = (size_t)nd->out.h * (size_t)nd->out.w, n = mnq_fpacked_width(nd->out.c);
    size_t cin = (size_t)g->node[nd->in[0]].out.c, k = is_pointwise(nd) ? 1 : (size_t)nd->kh * (size_t)nd->kw;
    if (k > INT32_MAX / cin || k * cin > most / (n + TILE_FLOATS)) return SIZE_MAX;
    k *= cin;
    size_t tile = tile_pixels(k);
    return (pixels >= PACK_FROM ? k * n : 0) + (is_pointwise(nd) ? 0 : k * (pixels < tile ? pixels : tile));
}

size_t mnq_exec_packed_floats(const struct mnq_graph *g, const struct mnq_node *nd)
{
    if ((nd->op != MNQ_OP_CONV && nd->op != MNQ_OP_DENSE) || is_apart(nd)) return 0;
    size_t k = (size_t)nd->kh * (size_t)nd->kw * (size_t)g->node[nd->in[0]].out.c;
    if (is_pointwise(nd)) k = (size_t)g->node[nd->in[0]].out.c;
    return nd->out.h * nd->out.w >= PACK_FROM ? k * mnq_fpacked_width(nd->out.c) : 0;
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
    case MNQ_OP_TCONV:
        tconv(op);
        break;
    case MNQ_OP_AVGPOOL: {
        struct mnq_fwindow d = {op->g->node[nd->in[0]].out, nd->out, nd->kh, nd->kw, nd->sh, nd->sw, 0, 0};
        if (nd->pt + nd->pl + nd->pb + nd->pr > 0) mnq_exec_avgpool_padded(op);
        else op->kernels->avgpool(&d, op->in[0], op->out);
        break;
    }
    case MNQ_OP_ADD:
    case MNQ_OP_MUL:
        mnq_exec_pair(op);
        break;
    case MNQ_OP_MAXPOOL:
        mnq_exec_maxpool(op);
        break;
    case MNQ_OP_SELECT:
        mnq_exec_select(op);
        break;
    case MNQ_OP_UPSAMPLE:
        mnq_exec_upsample(op);
        break;
    case MNQ_OP_SPREAD:
        mnq_exec_spread(op);
        break;
    case MNQ_OP_CROP:
        mnq_exec_crop(op);
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
        mnq_exec_pad(op);
        break;
    case MNQ_OP_ACT:
    case MNQ_OP_RESHAPE:
        memcpy(op->out, op->in[0], n * sizeof *op->out);
        break;
    default: /* INPUT holds its values already */
        break;
    }
}
