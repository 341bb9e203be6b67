/* SPDX-License-Identifier: Apache-2.0
 * Packs weights for a Cortex-M with the DSP extension; layout_dsp.h says how. Plain C. */
#include "layout_dsp.h"

#include "mnq_port.h"
#include "packed.h"

/* Where input k of a run of n is among the run's pairs, counted in halves of pairs. */
static int32_t place(int32_t k, int32_t n, int bytes)
{
    if (!bytes || k >= n / 4 * 4) return k;
    return k / 4 * 4 + k % 2 * 2 + k % 4 / 2;
}

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
    const int32_t runs = mnq_dsp_runs(l), n = mnq_dsp_run(l);
    size_t from = (size_t)o * (size_t)runs * (size_t)n;
    int32_t i, k;

    for (i = 0; i < runs; i++) {
        for (k = 0; k < n; k++, from++) {
            const size_t at = (size_t)i * (size_t)((n + 1) / 2 * 2) + (size_t)place(k, n, !l->in16);
            if (l->wtype == MNQ_W_S16) {
                const uint32_t w = (uint16_t)((const int16_t *)l->weights)[from];
                uint8_t *p = to + at / 2 * 8 + at % 2 * 2 + (size_t)j * 4;
                p[0] = (uint8_t)w;
                p[1] = (uint8_t)(w >> 8);
            } else {
                to[at * 2 + (size_t)j] = ((const uint8_t *)l->weights)[from];
            }
        }
    }
}

/* The same of 4 bits. */
static void pack_s4(const struct mnq_layer *l, uint8_t *to, int32_t o, int32_t j)
{
    const uint8_t *const row = (const uint8_t *)l->weights + (size_t)o * (((size_t)l->c + 1) / 2);
    int32_t k;

    for (k = 0; k < l->c; k++) {
        const size_t at = (size_t)place(k, l->c, !l->in16), pair = at / 2;
        to[pair / 2 * 4 + at % 2 * 2 + (size_t)j] |= (uint8_t)(((uint32_t)mnq_s4_at(row, (size_t)k) & 15u) << pair % 2 * 4);
    }
}

/* The same of sparse weights that are decoded; w: the row's first stored one. return the next row's */
static const int8_t *pack_sparse(const struct mnq_layer *l, uint8_t *to, int32_t o, int32_t j, const int8_t *w)
{
    int32_t k;

    for (k = 0; k < l->c; k++)
        to[(size_t)place(k, l->c, !l->in16) * 2 + (size_t)j] = (uint8_t)mnq_dsp_sparse_weight(l, o, k, &w);
    return w;
}

size_t mnq_dsp_packed_bytes(const struct mnq_layer *l)
{
    const size_t sparse = mnq_dsp_sparse_bytes(l);
    int serves = l->wtype == MNQ_W_S8 || l->wtype == MNQ_W_S16;

    if (sparse > 0) return sparse;
    if (l->op == MNQ_L_PW) serves |= l->wtype == MNQ_W_SPARSE || (l->wtype == MNQ_W_S4 && mnq_s4_has_room(l));
    else if (l->op != MNQ_L_CONV) serves = 0;
    return serves && l->oc >= 2 ? MNQ_DSP_HEADER + (size_t)((l->oc + 1) / 2) * mnq_dsp_record(l) : 0;
}

/* mnq_dsp_folds() of 16 times the weights: then a shift of -3 or more is one to the right, and what would be shifted to the
 * left has the room. */
static int folds(const struct mnq_layer *l, int32_t c)
{
    if (l->wtype != MNQ_W_S4) return mnq_dsp_folds(&l->q, c);
    return l->q.shift[c] >= -3 && l->q.shift[c] <= (l->q.zp != 0 ? 19 : 27);
}

void mnq_dsp_pack(const struct mnq_layer *l, void *mem)
{
    const size_t record = mnq_dsp_record(l);
    uint8_t *const header = (uint8_t *)mem, *p = header + MNQ_DSP_HEADER;
    const int up = l->wtype == MNQ_W_S4 ? 4 : 0; /* bits that the weights are larger */
    const int8_t *stored[2] = {NULL, NULL};      /* of the record's rows */
    int32_t o, j;

    if (mnq_dsp_sparse_bytes(l) > 0) {
        mnq_dsp_sparse_pack(l, mem);
        return;
    }
    if (l->wtype == MNQ_W_SPARSE) stored[0] = mnq_dsp_sparse_first(l);
    memset(mem, 0, mnq_dsp_packed_bytes(l));
    for (o = 0; o < l->oc; o += 2, p += record) {
        const int32_t first = o + 1 < l->oc ? o : o - 1;
        const int plain = !folds(l, first) || !folds(l, first + 1);
        uint8_t *const after = p + record - MNQ_DSP_AFTER;

        if (plain) header[0] = 1;
        for (j = 0; j < 2; j++) {
            put32(p + 4 * j, (uint32_t)l->q.bias[first + j] << up);
            put32(after + 4 * j, (uint32_t)l->q.mult[first + j]);
            after[8 + j] = plain ? MNQ_DSP_PLAIN : (uint8_t)(l->q.shift[first + j] - 1 + up);
            if (up != 0) pack_s4(l, p + MNQ_DSP_BEFORE, first + j, j);
            else if (l->wtype != MNQ_W_SPARSE) pack_weights(l, p + MNQ_DSP_BEFORE, first + j, j);
            else if (j == 0) stored[1] = pack_sparse(l, p + MNQ_DSP_BEFORE, first, 0, stored[o - first]);
            else stored[0] = pack_sparse(l, p + MNQ_DSP_BEFORE, first + 1, 1, stored[1]);
        }
    }
}
