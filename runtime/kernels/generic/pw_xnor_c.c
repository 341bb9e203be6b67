/* SPDX-License-Identifier: Apache-2.0
 * PW with signs for weights and for activations, NUMERICS.md section 4: the signs of a pixel, then its outputs. */
#include "generic.h"
#include "packed.h"
#include "row.h"
#include "xnor.h"

/* The signs of one pixel, bit i % 32 of word i / 32; bits behind the last are 0. */
static void binarize(uint32_t *t, const void *x, enum mnq_row_input type, const int16_t *threshold, int32_t c)
{
    int32_t i;

    for (i = 0; i < c; i++) {
        if (i % 32 == 0) t[i / 32] = 0;
        t[i / 32] |= (uint32_t)(mnq_row_value(x, type, (size_t)i) >= threshold[i]) << i % 32;
    }
}

void mnq_pw_xnor_c(const struct mnq_layer *l, const struct mnq_band *b)
{
    const enum mnq_row_input type = mnq_row_input0(l);
    const int16_t *threshold = mnq_behind_planes(l, 1);
    const size_t c = (size_t)l->c, oc = (size_t)l->oc, pixels = (size_t)b->n * (size_t)l->w;
    const void *in = b->in0.at;
    uint32_t t[MNQ_XNOR_MAX / 32];
    size_t p;

    for (p = 0; p < pixels; p++, in = mnq_row_at(in, type, c)) {
        binarize(t, in, type, threshold, l->c);
        mnq_xnor_outputs(l, b->out, p * oc, t);
    }
}
