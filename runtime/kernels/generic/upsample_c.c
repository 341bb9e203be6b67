/* SPDX-License-Identifier: Apache-2.0
 * UPSAMPLE: pixels repeated, or what lies between their centres, NUMERICS.md section 10. */
#include "generic.h"
#include "output.h"
#include "row.h"

/* A place of the output between two places of the input, for one direction of factor f. */
struct place {
    int32_t low;   /* the first of the two; -1 or the last where there is one only */
    int32_t share; /* of the second, out of 2 f */
};

static struct place place_at(int32_t out, int32_t f)
{
    struct place p;

    p.low = 0;
    p.share = 1 - f;
    if (p.share < 0) {
        p.low = -1;
        p.share += 2 * f;
    }
    for (; out > 0; out--) {
        p.share += 2;
        if (p.share >= 2 * f) {
            p.share -= 2 * f;
            p.low++;
        }
    }
    return p;
}

static void step(struct place *p, int32_t f)
{
    p->share += 2;
    if (p->share < 2 * f) return;
    p->share -= 2 * f;
    p->low++;
}

static int32_t within(int32_t at, int32_t n)
{
    return at < 0 ? 0 : at >= n ? n - 1 : at;
}

static void bilinear(const struct mnq_layer *l, const struct mnq_band *b)
{
    const struct mnq_requant_params *const q = &l->q;
    const enum mnq_row_input type = mnq_row_input0(l);
    struct place py = place_at(b->y, l->kh);
    size_t i = 0;
    int32_t y, x, c;

    for (y = 0; y < b->n; y++, step(&py, l->kh)) {
        const void *const above = mnq_view_row(&b->in0, within(py.low, l->h));
        const void *const below = mnq_view_row(&b->in0, within(py.low + 1, l->h));
        struct place px = place_at(0, l->kw);
        for (x = 0; x < l->ow; x++, step(&px, l->kw)) {
            const size_t left = (size_t)within(px.low, l->w) * (size_t)l->c;
            const size_t right = (size_t)within(px.low + 1, l->w) * (size_t)l->c;
            const int32_t sx = 2 * l->kw - px.share, sy = 2 * l->kh - py.share;
            for (c = 0; c < l->c; c++, i++) {
                const size_t at = left + (size_t)c, to = right + (size_t)c;
                const int32_t top =
                    mnq_mac(mnq_mac(0, sx, mnq_row_value(above, type, at)), px.share, mnq_row_value(above, type, to));
                const int32_t low =
                    mnq_mac(mnq_mac(0, sx, mnq_row_value(below, type, at)), px.share, mnq_row_value(below, type, to));
                mnq_output_store(q, b->out, i, c, mnq_mac(mnq_mac(q->bias[c], sy, top), py.share, low));
            }
        }
    }
}

static void nearest(const struct mnq_layer *l, const struct mnq_band *b)
{
    const struct mnq_requant_params *const q = &l->q;
    const enum mnq_row_input type = mnq_row_input0(l);
    int32_t y, x, c, k, row = 0, part = b->y;
    size_t i = 0;

    for (; part >= l->kh; part -= l->kh) row++;
    for (y = 0; y < b->n; y++) {
        const void *in = mnq_view_row(&b->in0, row);
        for (x = 0; x < l->w; x++, in = mnq_row_at(in, type, (size_t)l->c))
            for (k = 0; k < l->kw; k++)
                for (c = 0; c < l->c; c++, i++)
                    mnq_output_store(q, b->out, i, c, mnq_add(q->bias[c], mnq_row_value(in, type, (size_t)c)));
        if (++part < l->kh) continue;
        part = 0;
        row++;
    }
}

void mnq_upsample_c(const struct mnq_layer *l, const struct mnq_band *b)
{
    if (l->mult != 0) bilinear(l, b);
    else nearest(l, b);
}
