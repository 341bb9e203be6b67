/* SPDX-License-Identifier: Apache-2.0
 * The expected output of a case: its arrays widened for the oracle, the oracle's values narrowed again. */
#include "kcase.h"

#include "oracle.h"

#include <stdio.h>
#include <stdlib.h>

static int32_t *widen(const void *p, size_t n, int width)
{
    int32_t *a = malloc((n ? n : 1) * sizeof *a);

    if (!a) {
        fprintf(stderr, "kerncheck: out of memory\n");
        exit(1);
    }
    for (size_t i = 0; i < n; i++) {
        a[i] = width == 1 ? ((const int8_t *)p)[i] : width == 2 ? ((const int16_t *)p)[i] : ((const int32_t *)p)[i];
    }
    return a;
}

/* Compressed weights as the oracle reads them. */
static int unpack(const struct mnq_kcase *k, struct mnq_oracle_layer *o, int32_t **v)
{
    *v = calloc((size_t)mnq_oracle_unpacked(o), sizeof **v);
    return *v ? mnq_oracle_unpack(o, k->g[KA_W].p, (int64_t)k->g[KA_W].n, *v) : -1;
}

int mnq_kcase_expect(const struct mnq_kcase *k, uint8_t *out)
{
    static const int widths[KA_COUNT] = {
        [KA_BIAS] = 4, [KA_MULT] = 4, [KA_SHIFT] = 1, [KA_MULT2] = 4, [KA_SHIFT2] = 1, [KA_PAD] = 1, [KA_TABLE] = 2};
    const struct mnq_layer *l = &k->l;
    int32_t *a[KA_COUNT] = {0};
    int32_t *y = malloc(k->out_n * sizeof *y);

    if (!y) return -1;
    for (int i = 0; i < KA_COUNT; i++) {
        int width = widths[i];
        if (!k->g[i].p || (i == KA_W && l->wtype > MNQ_W_S16 && l->wtype != MNQ_W_MAP)) continue;
        if (i == KA_IN0) width = l->in16 ? 2 : 1;
        if (i == KA_IN1) width = l->in16b ? 2 : 1;
        if (i == KA_W) width = l->wtype == MNQ_W_S16 || l->wtype == MNQ_W_MAP ? 2 : 1;
        a[i] = widen(k->g[i].p, k->g[i].n / (size_t)width, width);
    }
    if (l->in_flip) {
        for (size_t i = 0; i < k->g[KA_IN0].n; i++) a[KA_IN0][i] = (int32_t)k->g[KA_IN0].p[i] - 128;
    }
    struct mnq_oracle_layer o = {
        .op = l->op,
        .wtype = l->wtype,
        .act = l->q.act,
        .frac = l->q.frac,
        .kh = l->kh,
        .kw = l->kw,
        .sh = l->sh,
        .sw = l->sw,
        .pt = l->pt,
        .pl = l->pl,
        .mult = l->mult,
        .counted = l->counted,
        .h1 = l->point1 ? 1 : l->h,
        .w1 = l->point1 ? 1 : l->w,
        .c1 = l->c1,
        .h = l->h,
        .w = l->w,
        .c = l->c,
        .oh = l->oh,
        .ow = l->ow,
        .oc = l->oc,
        .zp0 = l->zp0,
        .zp1 = l->zp1,
        .zp_out = l->q.zp,
        .a0 = k->a0,
        .a1 = k->a1,
        .lo = l->q.lo,
        .hi = l->q.hi,
        .weights = a[KA_W],
        .bias = a[KA_BIAS],
        .m = a[KA_MULT],
        .r = a[KA_SHIFT],
        .m2 = a[KA_MULT2],
        .r2 = a[KA_SHIFT2],
        .pad = a[KA_PAD],
        .table = a[KA_TABLE],
    };
    int bad = l->wtype > MNQ_W_S16 && l->wtype != MNQ_W_MAP ? unpack(k, &o, &a[KA_W]) : 0;
    if (!bad) bad = mnq_oracle_layer(&o, a[KA_IN0], a[KA_IN1], y);
    for (size_t i = 0; i < k->out_n; i++) {
        if (l->q.out16) ((int16_t *)(void *)out)[i] = (int16_t)y[i];
        else out[i] = (uint8_t)(int8_t)y[i];
    }
    for (int i = 0; i < KA_COUNT; i++) free(a[i]);
    free(y);
    return bad;
}
