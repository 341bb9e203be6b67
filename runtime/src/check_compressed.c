/* SPDX-License-Identifier: Apache-2.0
 * Checks compressed weights: their size, and the proof of check_values.c for them. */
#include "check.h"
#include "packed.h"

/* ---- size ---- */

static uint64_t sparse_bytes(const struct mnq_model *m, const struct mnq_record *rec, uint32_t c, uint32_t oc)
{
    const size_t row = mnq_bitmap_bytes((int32_t)c, rec->mult);
    const uint64_t map = (uint64_t)oc * row;
    const uint8_t *p = m->data + rec->weights;
    uint64_t bytes = map;
    uint32_t o;
    size_t i;

    if (rec->weights + map > m->data_size) return map;
    for (o = 0; o < oc; o++) {
        size_t blocks = 0;
        for (i = 0; i < row; i++) blocks += mnq_popcount(*p++);
        bytes += mnq_stored_bytes(rec->wtype, blocks * rec->mult);
    }
    return bytes;
}

uint64_t mnq_compressed_bytes(const struct mnq_model *m, const struct mnq_record *rec, uint32_t c, uint32_t oc)
{
    const uint64_t plane = (uint64_t)oc * mnq_plane_words((int32_t)c) * 4;

    switch (rec->wtype) {
    case MNQ_W_S4:
        return (uint64_t)oc * ((c + 1) / 2);
    case MNQ_W_TERNARY:
        return (uint64_t)oc * mnq_ternary_bytes((int32_t)c);
    case MNQ_W_SPARSE:
    case MNQ_W_SPARSE4:
        return sparse_bytes(m, rec, c, oc);
    case MNQ_W_BINARY:
        return plane * rec->mult + (rec->mult > 1 ? (uint64_t)oc * rec->mult * 2 : 0);
    default: /* XNOR */
        return plane + (uint64_t)c * 2;
    }
}

/* ---- rows: *sum is what A is multiplied by in the bound; 0 if something is out of its range ---- */

static uint32_t magnitude(int32_t x)
{
    return x < 0 ? 0u - (uint32_t)x : (uint32_t)x;
}

static int s4_row(const struct mnq_layer *l, int32_t o, uint64_t *sum)
{
    const size_t c = (size_t)l->c, bytes = (c + 1) / 2;
    const uint8_t *row = (const uint8_t *)l->weights + (size_t)o * bytes;
    size_t i;

    *sum = 0;
    if (c % 2 != 0 && row[bytes - 1] >> 4 != 0) return 0;
    for (i = 0; i < c; i++) {
        const int32_t w = mnq_s4_at(row, i);
        if (w == -8) return 0;
        *sum += magnitude(w);
    }
    return 1;
}

static int ternary_row(const struct mnq_layer *l, int32_t o, uint64_t *sum)
{
    const size_t bytes = mnq_ternary_bytes(l->c);
    const uint8_t *row = (const uint8_t *)l->weights + (size_t)o * bytes;
    int32_t i, k;

    *sum = 0;
    for (i = 0; i < l->c; i += MNQ_TRITS) {
        int8_t w[MNQ_TRITS];
        if (mnq_ternary_byte(*row++, w) >= 243) return 0; /* another byte says the same */
        for (k = 0; k < MNQ_TRITS; k++) {
            if (i + k >= l->c && w[k] != 0) return 0;
            *sum += magnitude(w[k]);
        }
    }
    return 1;
}

/* *next is the row's first weight, and then the next row's. */
static int sparse_row(const struct mnq_layer *l, int32_t o, struct mnq_stored *next, uint64_t *sum)
{
    const int32_t least = l->wtype == MNQ_W_SPARSE4 ? -8 : -128;
    const size_t blocks = (size_t)mnq_blocks(l->c, l->mult), bytes = mnq_bitmap_bytes(l->c, l->mult);
    const uint8_t *map = (const uint8_t *)l->weights + (size_t)o * bytes;
    size_t i, n = 0;

    *sum = 0;
    if (blocks % 8 != 0 && map[bytes - 1] >> blocks % 8 != 0) return 0;
    for (i = 0; i < bytes; i++) n += mnq_popcount(map[i]);
    for (n *= (size_t)l->mult; n > 0; n--) {
        const int32_t w = mnq_stored_next(l, next);
        if (w == least) return 0;
        *sum += magnitude(w);
    }
    if (next->half && *next->at >> 4 != 0) return 0; /* a nibble behind the row's last weight */
    mnq_stored_row(next);
    return 1;
}

/* Bits behind the last input in every plane of output o. */
static int planes_clean(const struct mnq_layer *l, int32_t o, size_t planes)
{
    const size_t words = mnq_plane_words(l->c);
    const uint32_t *w = (const uint32_t *)l->weights + (size_t)o * planes * words;
    size_t k;

    if (l->c % 32 == 0) return 1;
    for (k = 0; k < planes; k++)
        if (w[k * words + words - 1] >> l->c % 32 != 0) return 0;
    return 1;
}

static int binary_row(const struct mnq_layer *l, int32_t o, uint64_t *sum)
{
    const size_t bases = l->mult;
    const int16_t *a = mnq_behind_planes(l, bases) + (size_t)o * bases;
    uint32_t total = bases == 1 ? 1 : 0;
    size_t k;

    for (k = 0; k < bases && bases > 1; k++) {
        if (a[k] <= 0) return 0;
        total += magnitude(a[k]);
    }
    *sum = (uint64_t)total * (uint32_t)l->c;
    return total <= 32767 && planes_clean(l, o, bases);
}

enum mnq_status mnq_check_compressed(const struct mnq_layer *l, uint32_t a)
{
    struct mnq_stored next = mnq_stored_first(l);
    int32_t o;

    for (o = 0; o < l->oc; o++) {
        uint64_t bound = 0;
        int valid;

        if (l->wtype == MNQ_W_S4) valid = s4_row(l, o, &bound);
        else if (l->wtype == MNQ_W_TERNARY) valid = ternary_row(l, o, &bound);
        else if (mnq_is_sparse(l)) valid = sparse_row(l, o, &next, &bound);
        else if (l->wtype == MNQ_W_BINARY) valid = binary_row(l, o, &bound);
        else valid = planes_clean(l, o, 1);
        if (!valid) return MNQ_E_FORMAT;
        bound = l->wtype == MNQ_W_XNOR ? (uint64_t)l->c * 256 : (uint64_t)a * bound;
        if (magnitude(l->q.bias[o]) + bound > INT32_MAX) return MNQ_E_OVERFLOW;
    }
    return MNQ_OK;
}
