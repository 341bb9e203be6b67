/* SPDX-License-Identifier: Apache-2.0
 * The executor's operators without weights: sums and products of two tensors, pools, and those that only move values. */
#include "graph/exec_move.h"

#include <string.h>

/* Row x of a tensor's row y. */
static const float *pixel_at(const float *data, struct mnq_shape s, int y, int x)
{
    return data + ((size_t)y * (size_t)s.w + (size_t)x) * (size_t)s.c;
}

/* ---- two tensors ---- */

static bool same(struct mnq_shape a, struct mnq_shape b)
{
    return a.h == b.h && a.w == b.w && a.c == b.c;
}

/* One pixel; steps are 0 where one channel stands for all. */
static void pair_pixel(const struct mnq_node *nd, const float *a, int step_a, const float *b, int step_b, float *out)
{
    float f = nd->coef[0], g = nd->coef[1];
    int n = nd->out.c;
    if (nd->op == MNQ_OP_MUL)
        for (int c = 0; c < n; c++) out[c] = a[c * step_a] * b[c * step_b];
    else if (f == 1.0f && g == 1.0f)
        for (int c = 0; c < n; c++) out[c] = a[c * step_a] + b[c * step_b];
    else
        for (int c = 0; c < n; c++) out[c] = f * a[c * step_a] + g * b[c * step_b];
}

void mnq_exec_pair(const struct mnq_exec_op *op)
{
    const struct mnq_node *nd = op->nd;
    struct mnq_shape o = nd->out, a = op->g->node[nd->in[0]].out, b = op->g->node[nd->in[1]].out;
    bool plain = nd->op == MNQ_OP_ADD ? nd->coef[0] == 1.0f && nd->coef[1] == 1.0f : true;
    if (same(a, b) && plain) {
        (nd->op == MNQ_OP_ADD ? op->kernels->add : op->kernels->mul)(op->in[0], op->in[1], op->out, mnq_elements(o));
        return;
    }
    if (nd->op == MNQ_OP_MUL && same(a, o) && b.h == 1 && b.w == 1 && b.c == o.c) {
        op->kernels->gate(op->in[0], op->in[1], op->out, o.h * o.w, o.c);
        return;
    }
    for (int y = 0; y < o.h; y++)
        for (int x = 0; x < o.w; x++)
            pair_pixel(nd, pixel_at(op->in[0], a, a.h == 1 ? 0 : y, a.w == 1 ? 0 : x), a.c == o.c,
                       pixel_at(op->in[1], b, b.h == 1 ? 0 : y, b.w == 1 ? 0 : x), b.c == o.c,
                       op->out + ((size_t)y * (size_t)o.w + (size_t)x) * (size_t)o.c);
}

/* ---- pools ---- */

/* What of a window at output place `at` lies inside. */
static void inside(int at, int stride, int before, int window, int n, int from_to[2])
{
    int first = at * stride - before;
    from_to[0] = first < 0 ? 0 : first;
    from_to[1] = n - first < window ? n : first + window;
}

static void pool(const struct mnq_exec_op *op, bool largest)
{
    const struct mnq_node *nd = op->nd;
    struct mnq_shape in = op->g->node[nd->in[0]].out, o = nd->out;
    float *out = op->out;
    for (int y = 0; y < o.h; y++)
        for (int x = 0; x < o.w; x++, out += o.c) {
            int ry[2], rx[2];
            inside(y, nd->sh, nd->pt, nd->kh, in.h, ry);
            inside(x, nd->sw, nd->pl, nd->kw, in.w, rx);
            memcpy(out, pixel_at(op->in[0], in, ry[0], rx[0]), (size_t)o.c * sizeof *out);
            for (int iy = ry[0]; iy < ry[1]; iy++)
                for (int ix = rx[0]; ix < rx[1]; ix++) {
                    const float *v = pixel_at(op->in[0], in, iy, ix);
                    if (largest)
                        for (int c = 0; c < o.c; c++) out[c] = v[c] > out[c] ? v[c] : out[c];
                    else if (iy != ry[0] || ix != rx[0])
                        for (int c = 0; c < o.c; c++) out[c] += v[c];
                }
            float n = (float)((ry[1] - ry[0]) * (rx[1] - rx[0]));
            for (int c = 0; !largest && c < o.c; c++) out[c] /= n;
        }
}

void mnq_exec_avgpool_padded(const struct mnq_exec_op *op)
{
    pool(op, false);
}

void mnq_exec_maxpool(const struct mnq_exec_op *op)
{
    pool(op, true);
}

/* ---- channels ---- */

void mnq_exec_select(const struct mnq_exec_op *op)
{
    const struct mnq_node *nd = op->nd;
    size_t pixels = (size_t)nd->out.h * (size_t)nd->out.w, ca = (size_t)op->g->node[nd->in[0]].out.c;
    size_t cb = nd->n_in > 1 ? (size_t)op->g->node[nd->in[1]].out.c : 0, n = (size_t)nd->out.c;
    for (size_t p = 0; p < pixels; p++) {
        const float *a = op->in[0] + p * ca, *b = nd->n_in > 1 ? op->in[1] + p * cb : NULL;
        float *out = op->out + p * n;
        for (size_t c = 0; c < n; c++) {
            size_t from = nd->map != NULL ? (size_t)nd->map[c] : c;
            out[c] = from < ca ? a[from] : b[from - ca];
        }
    }
}

/* ---- places ---- */

void mnq_upsample_taps(int out, int factor, int n, int at[2], int share[2])
{
    /* pixel centres: input place (out + 1/2) / factor - 1/2, here in 1 / (2 factor) */
    int place = 2 * out + 1 - factor, whole = 2 * factor, low = place < 0 ? -1 : place / whole;
    share[1] = place - low * whole;
    share[0] = whole - share[1];
    for (int k = 0; k < 2; k++) at[k] = low + k < 0 ? 0 : low + k >= n ? n - 1 : low + k;
}

void mnq_exec_upsample(const struct mnq_exec_op *op)
{
    const struct mnq_node *nd = op->nd;
    struct mnq_shape in = op->g->node[nd->in[0]].out, o = nd->out;
    float *out = op->out, unit_y = 1.0f / (float)(2 * nd->kh), unit_x = 1.0f / (float)(2 * nd->kw);
    for (int y = 0; y < o.h; y++)
        for (int x = 0; x < o.w; x++, out += o.c) {
            int ay[2], sy[2], ax[2], sx[2];
            if (!nd->bilinear) {
                memcpy(out, pixel_at(op->in[0], in, y / nd->kh, x / nd->kw), (size_t)o.c * sizeof *out);
                continue;
            }
            mnq_upsample_taps(y, nd->kh, in.h, ay, sy);
            mnq_upsample_taps(x, nd->kw, in.w, ax, sx);
            float fy = (float)sy[1] * unit_y, fx = (float)sx[1] * unit_x;
            const float *a = pixel_at(op->in[0], in, ay[0], ax[0]), *b = pixel_at(op->in[0], in, ay[0], ax[1]);
            const float *c = pixel_at(op->in[0], in, ay[1], ax[0]), *d = pixel_at(op->in[0], in, ay[1], ax[1]);
            for (int k = 0; k < o.c; k++) {
                float top = a[k] + (b[k] - a[k]) * fx, bottom = c[k] + (d[k] - c[k]) * fx;
                out[k] = top + (bottom - top) * fy;
            }
        }
}

void mnq_exec_spread(const struct mnq_exec_op *op)
{
    const struct mnq_node *nd = op->nd;
    struct mnq_shape in = op->g->node[nd->in[0]].out, o = nd->out;
    float *out = op->out;
    for (int y = 0; y < o.h; y++)
        for (int x = 0; x < o.w; x++, out += o.c) {
            const float *v = pixel_at(op->in[0], in, y / nd->kh, x / nd->kw);
            memcpy(out, v + (y % nd->kh * nd->kw + x % nd->kw) * o.c, (size_t)o.c * sizeof *out);
        }
}

void mnq_exec_pad(const struct mnq_exec_op *op)
{
    const struct mnq_node *nd = op->nd;
    struct mnq_shape in = op->g->node[nd->in[0]].out;
    size_t row = (size_t)in.w * (size_t)in.c, out_row = (size_t)nd->out.w * (size_t)nd->out.c;
    memset(op->out, 0, mnq_elements(nd->out) * sizeof *op->out);
    float *to = op->out + (size_t)nd->pt * out_row + (size_t)nd->pl * (size_t)in.c;
    for (int y = 0; y < in.h; y++) memcpy(to + (size_t)y * out_row, op->in[0] + (size_t)y * row, row * sizeof *to);
}

void mnq_exec_crop(const struct mnq_exec_op *op)
{
    const struct mnq_node *nd = op->nd;
    struct mnq_shape in = op->g->node[nd->in[0]].out;
    size_t row = (size_t)nd->out.w * (size_t)nd->out.c;
    for (int y = 0; y < nd->out.h; y++)
        memcpy(op->out + (size_t)y * row, pixel_at(op->in[0], in, y + nd->pt, nd->pl), row * sizeof *op->out);
}
