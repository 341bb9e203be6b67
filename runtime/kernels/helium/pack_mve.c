/* SPDX-License-Identifier: Apache-2.0
 * Packs weights for a Cortex-M with Helium, layout_mve.h says how; which layers its kernels serve, and their scratch. Plain
 * C. */
#include "helium/mve.h"

#include "dw3x3_mve.h"
#include "layout_mve.h"
#include "mnq_port.h"
#include "packed.h"

static void put32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24);
}

/* The weights of channel o, the record's j-th. */
static void pack_weights(const struct mnq_layer *l, uint8_t *to, int32_t o, int32_t j)
{
    const int32_t n = mnq_mve_runs(l) * mnq_mve_run(l);
    const int wide = l->wtype == MNQ_W_S16;
    const int32_t lanes = mnq_mve_lanes(l);
    size_t from = (size_t)o * (size_t)n;
    int32_t k;

    for (k = 0; k < n; k++, from++) {
        const size_t at = (size_t)((k / lanes * 2 + j) * lanes + k % lanes);
        if (wide) {
            const uint32_t w = (uint16_t)((const int16_t *)l->weights)[from];
            to[2 * at] = (uint8_t)w;
            to[2 * at + 1] = (uint8_t)(w >> 8);
        } else {
            to[at] = ((const uint8_t *)l->weights)[from];
        }
    }
}

/* The same of 4 bits. */
static void pack_s4(const struct mnq_layer *l, uint8_t *to, int32_t o, int32_t j)
{
    const uint8_t *const row = (const uint8_t *)l->weights + (size_t)o * (((size_t)l->c + 1) / 2);
    int32_t k;

    for (k = 0; k < l->c; k++) to[k] |= (uint8_t)(((uint32_t)mnq_s4_at(row, (size_t)k) & 15u) << 4 * j);
}

size_t mnq_mve_packed_bytes(const struct mnq_layer *l)
{
    const int s4 = l->op == MNQ_L_PW && l->wtype == MNQ_W_S4;

    if ((l->op != MNQ_L_CONV && l->op != MNQ_L_PW) || l->oc < 2) return 0;
    if (l->wtype != MNQ_W_S8 && l->wtype != MNQ_W_S16 && !(s4 && mnq_s4_has_room(l))) return 0;
    if (l->oc > 8192 || (mnq_mve_ragged(l) && mnq_mve_vectors(l) > 1000)) return 0; /* places have 16 bits */
    return MNQ_MVE_HEADER + (size_t)((l->oc + 1) / 2) * mnq_mve_record(l);
}

void mnq_mve_pack(const struct mnq_layer *l, void *mem)
{
    const size_t record = mnq_mve_record(l);
    uint8_t *const header = (uint8_t *)mem, *p = header + MNQ_MVE_HEADER;
    const int up = l->wtype == MNQ_W_S4 ? MNQ_MVE_UP : 0; /* bits that the weights are larger */
    int32_t o, j;

    memset(mem, 0, mnq_mve_packed_bytes(l));
    if (l->q.act != MNQ_A_CLAMP || (!l->q.out16 && (l->q.lo != -128 || l->q.hi != 127))) header[0] = 1;
    for (o = 0; o < l->oc; o += 2, p += record) {
        const int32_t first = o + 1 < l->oc ? o : o - 1;
        uint8_t *const after = p + record - MNQ_MVE_AFTER;

        for (j = 0; j < 2; j++) {
            const int32_t r = l->q.shift[first + j] + up;
            if (r < 1) header[0] = 1; /* the sum is shifted first */
            put32(after + 4 * j, (uint32_t)l->q.bias[first + j] << up);
            put32(after + 8 + 4 * j, (uint32_t)l->q.mult[first + j]);
            put32(after + 16 + 4 * j, (uint32_t)(-r - 1));
            if (l->wtype == MNQ_W_S4) pack_s4(l, p, first + j, j);
            else pack_weights(l, p, first + j, j);
        }
    }
}

int mnq_mve_dw_serves(const struct mnq_layer *l)
{
    return l->op == MNQ_L_DWCONV && l->mult == 1 && !l->in_flip && (l->wtype == MNQ_W_S8 || l->wtype == MNQ_W_S16);
}

int mnq_mve_each_serves(const struct mnq_layer *l)
{
    if (l->in_flip || l->q.act > MNQ_A_HSIGMOID) return 0;
    if (l->op == MNQ_L_ADD) return l->c1 == l->c && !l->point1;
    if (l->op == MNQ_L_MUL) return l->c1 == l->c;
    return l->op == MNQ_L_AVGPOOL && !l->counted;
}

enum { KEPT = 4096 }; /* bytes of rows that are kept at a time, if these are more than three */

int mnq_mve_dw3x3_serves(const struct mnq_layer *l)
{
    return mnq_mve_dw_serves(l) && l->kh == 3 && l->kw == 3 && l->sh == l->sw && l->sh <= 2 &&
           mnq_mve_dw_pitch(l) <= 1024; /* 16 bits reach all planes */
}

size_t mnq_mve_dw3x3_scratch(const struct mnq_layer *l)
{
    const size_t row = MNQ_MVE_CHANNELS * mnq_mve_dw_pitch(l) * 2;
    const int32_t all = (l->oh - 1) * l->sh + 3;
    int32_t rows = 3;

    while (rows < all && (size_t)(rows + 1) * row <= KEPT) rows++;
    return MNQ_MVE_CHANNELS * sizeof(struct mnq_mve_channel) + (size_t)rows * row + (size_t)(l->ow < 4 ? 4 : l->ow) * 4;
}

size_t mnq_mve_image_scratch(const struct mnq_layer *l)
{
    return (size_t)mnq_mve_rows_kept(l) * 2 * 8 + 4 * MNQ_MVE_WINDOW + (size_t)(l->kh * mnq_mve_columns(l) * l->c);
}

/*
 * CONV and PW: vectors of four pixels and, if runs are ragged, one more and the places of their vectors; rows of windows put
 * together (CONV). DWCONV: pointers of the taps, a padding pixel.
 */
size_t mnq_mve_scratch(const struct mnq_layer *l)
{
    const size_t ragged = mnq_mve_ragged(l) ? 1 : 0, places = ragged * (size_t)(mnq_mve_runs(l) * mnq_mve_run_vectors(l));
    const size_t x = ((size_t)mnq_mve_vectors(l) + ragged) * 4 * MNQ_MVE_BYTES + places * MNQ_MVE_BYTES;

    if (l->op == MNQ_L_AVGPOOL_SUM) return (size_t)l->c * sizeof(int32_t);
    if (mnq_mve_dw3x3_serves(l)) return mnq_mve_dw3x3_scratch(l);
    if (mnq_mve_dw_serves(l)) return (size_t)l->kh * l->kw * 8 + ((size_t)l->c << l->in16);
    if (l->packed == NULL) return 0;
    if (mnq_mve_image(l)) return mnq_mve_image_scratch(l);
    if (l->op != MNQ_L_CONV) return x;
    return x + ((size_t)(4 * mnq_mve_run(l)) << l->in16) + (size_t)mnq_mve_rows_kept(l) * 8;
}
