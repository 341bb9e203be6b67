/* SPDX-License-Identifier: Apache-2.0
 * DWCONV: depthwise convolution with depth multiplier, NUMERICS.md section 4; for activations that need no call, which would
 * double the stack. */
#include "dwconv.h"
#include "generic.h"
#include "output.h"
#include "row.h"

/* Channels whose accumulators are held at a time: bounds the stack, and long enough to vectorize. */
enum { BLOCK = 24 };

/* A depth multiplier's bookkeeping: output channel o is number k of those made from input channel i. */
struct origin {
    int32_t i, k;
};

/* acc[j] += w[j] * q[i] of each channel's own input, for n output channels from `from` on. */
static void mac_multiplied(int32_t *acc, const void *w, int wide, const void *x, enum mnq_row_input type, struct origin from,
                           int32_t n, int32_t mult)
{
    int32_t j;

    for (j = 0; j < n; j++) {
        acc[j] = mnq_mac(acc[j], mnq_weight(w, wide, (size_t)j), mnq_row_value(x, type, (size_t)from.i));
        if (++from.k == mult) {
            from.k = 0;
            from.i++;
        }
    }
}

/* Output channels o .. o + n - 1 of one output pixel, whose window starts at row top, column left of the input. */
static inline void window(const struct mnq_layer *l, int32_t *acc, const struct mnq_view *in, int wide, int32_t top,
                          int32_t left, int32_t o, struct origin from, int32_t n)
{
    const enum mnq_row_input inside = mnq_row_input0(l);
    size_t tap = (size_t)o;
    int32_t ky, kx;

    for (ky = 0; ky < l->kh; ky++) {
        const int32_t iy = top + ky;
        const void *const row = iy >= 0 && iy < l->h ? mnq_view_row(in, iy) : NULL;
        for (kx = 0; kx < l->kw; kx++, tap += (size_t)l->oc) {
            const void *w = mnq_weights_at(l->weights, wide, tap);
            const int32_t ix = left + kx;
            const void *x = l->pad;
            enum mnq_row_input type = MNQ_ROW_S8;
            if (row != NULL && ix >= 0 && ix < l->w) {
                type = inside;
                x = mnq_row_at(row, type, (size_t)ix * (size_t)l->c);
            }
            if (l->mult == 1) mnq_row_mac(acc, w, wide, mnq_row_at(x, type, (size_t)o), type, n);
            else mac_multiplied(acc, w, wide, x, type, from, n, l->mult);
        }
    }
}

static inline void dwconv(const struct mnq_layer *l, const struct mnq_band *b, int wide)
{
    const struct mnq_requant_params *const q = &l->q;
    size_t i = 0;
    int32_t y, x, o, j;

    for (y = b->y; y < b->y + b->n; y++) {
        for (x = 0; x < l->ow; x++) {
            struct origin from = {0, 0};
            for (o = 0; o < l->oc; o += BLOCK) {
                const int32_t n = l->oc - o < BLOCK ? l->oc - o : BLOCK;
                int32_t acc[BLOCK];
                for (j = 0; j < n; j++) acc[j] = q->bias[o + j];
                window(l, acc, &b->in0, wide, y * l->sh - l->pt, x * l->sw - l->pl, o, from, n);
                if (l->mult > 1)
                    for (from.k += n; from.k >= l->mult; from.k -= l->mult) from.i++;
                for (j = 0; j < n; j++, i++) mnq_output_plain(q, b->out, i, o + j, acc[j]);
            }
        }
    }
}

void mnq_dwconv_s8_c(const struct mnq_layer *l, const struct mnq_band *b)
{
    dwconv(l, b, 0);
}

void mnq_dwconv_s16_c(const struct mnq_layer *l, const struct mnq_band *b)
{
    dwconv(l, b, 1);
}

void mnq_dwconv_sums(const struct mnq_layer *l, const struct mnq_view *in, const struct mnq_dwconv_place *p, int32_t *acc)
{
    const struct origin from = {p->i, p->k};
    int32_t j;

    for (j = 0; j < p->n; j++) acc[j] = l->q.bias[p->o + j];
    window(l, acc, in, l->wtype == MNQ_W_S16, p->y * l->sh - l->pt, p->x * l->sw - l->pl, p->o, from, p->n);
}
