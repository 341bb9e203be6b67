/* SPDX-License-Identifier: Apache-2.0
 * Packs layers for HVX, layout_hvx.h says how; which layers its kernels serve, and their scratch. Plain C. */
#include "hexagon/hvx.h"

#include "layout_hvx.h"
#include "mnq_port.h"
#include "packed.h"

static void put32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24);
}

/* ---- weights ---- */

/* Number of 1 bits in the first n bytes of a map. */
static size_t bits_in(const uint8_t *map, size_t n)
{
    size_t count = 0, i;

    for (i = 0; i < n; i++) count += mnq_popcount(map[i]);
    return count;
}

/* The weights of an output channel one after the other: where the next one is. */
struct reader {
    const struct mnq_layer *l;
    int32_t o;
    struct mnq_stored stored; /* sparse: the next weight that is there */
};

static struct reader reader_at(const struct mnq_layer *l, int32_t o)
{
    struct reader r;
    int32_t i;

    r.l = l;
    r.o = o;
    r.stored = mnq_stored_first(l);
    for (i = 0; mnq_is_sparse(l) && i < o; i++) { /* rows are whole bytes, what is behind their ends is 0 */
        const size_t row = mnq_bitmap_bytes(l->c, l->mult);
        const uint8_t *const map = (const uint8_t *)l->weights + (size_t)i * row;
        r.stored.at += mnq_stored_bytes(l->wtype, bits_in(map, row) * l->mult);
    }
    return r;
}

/* The sum of the bases' signs, times their coefficients. */
static int32_t binary_weight(const struct mnq_layer *l, int32_t o, int32_t i)
{
    const size_t words = mnq_plane_words(l->c), bases = l->wtype == MNQ_W_XNOR ? 1 : l->mult;
    const uint32_t *const plane = (const uint32_t *)l->weights + (size_t)o * bases * words;
    int32_t w = 0;
    size_t m;

    for (m = 0; m < bases; m++) {
        const int32_t a = l->wtype == MNQ_W_XNOR ? 4 : bases > 1 ? mnq_behind_planes(l, bases)[(size_t)o * bases + m] : 1;
        w += plane[m * words + (size_t)i / 32] >> i % 32 & 1 ? a : -a;
    }
    return w;
}

/* Weight i; they are read in turn. */
static int32_t next_weight(struct reader *r, int32_t i)
{
    const struct mnq_layer *const l = r->l;
    const uint8_t *const bytes = (const uint8_t *)l->weights;
    const size_t at = (size_t)r->o * (size_t)mnq_hvx_run(l) + (size_t)i;

    if (l->wtype == MNQ_W_S8) return (int8_t)bytes[at];
    if (l->wtype == MNQ_W_S16) return ((const int16_t *)l->weights)[at];
    if (l->wtype == MNQ_W_S4) return mnq_s4_at(bytes + (size_t)r->o * ((size_t)(l->c + 1) / 2), (size_t)i);
    if (l->wtype == MNQ_W_TERNARY) return mnq_ternary_at(bytes + (size_t)r->o * mnq_ternary_bytes(l->c), (size_t)i);
    if (mnq_is_sparse(l)) {
        const size_t block = (size_t)mnq_blocks(i, l->mult);
        const uint8_t *const map = bytes + (size_t)r->o * mnq_bitmap_bytes(l->c, l->mult);
        return map[block / 8] >> block % 8 & 1 ? mnq_stored_next(l, &r->stored) : 0;
    }
    return binary_weight(l, r->o, i);
}

/* Lane j of a record's vectors: the weights of channel o; oc and beyond: zeros. */
static void pack_weights(const struct mnq_layer *l, uint8_t *record, int32_t o, int32_t j)
{
    const int wide = mnq_hvx_wide(l);
    const int32_t run = mnq_hvx_run(l), n = mnq_hvx_words(l) * (wide ? 2 : 4);
    struct reader r = reader_at(l, o < l->oc ? o : 0);
    int32_t i;

    for (i = 0; i < n; i++) {
        const uint32_t w = o < l->oc && i < run ? (uint32_t)next_weight(&r, i) : 0;
        if (wide) {
            uint8_t *const to = record + (i / 2) * MNQ_HVX_BYTES + 4 * j + 2 * (i % 2);
            to[0] = (uint8_t)w;
            to[1] = (uint8_t)(w >> 8);
        } else {
            record[(i / 4) * MNQ_HVX_BYTES + 4 * j + i % 4] = (uint8_t)(w + 128);
        }
    }
}

/* ---- outputs ---- */

/* Three numbers of requant(): m, rounding, shift. `left`: how far the sum is shifted before. */
static void put_scale(uint8_t *at, size_t pitch, int32_t m, int32_t r)
{
    put32(at, (uint32_t)m);
    put32(at + pitch, (uint32_t)1 << ((r < 1 ? 1 : r) - 1));
    put32(at + 2 * pitch, (uint32_t)(r < 1 ? 1 : r));
}

void mnq_hvx_put_numbers(const struct mnq_layer *l, int many, uint8_t *at, size_t pitch, int32_t o)
{
    const struct mnq_requant_params *const q = &l->q;

    if (o >= l->oc) { /* nobody looks at the result */
        put32(at, 0);
        put_scale(at + pitch, pitch, 0, 1);
        if (!many) return;
        put32(at + MNQ_HVX_LEFT * pitch, 0);
        put_scale(at + MNQ_HVX_M2 * pitch, pitch, 0, 1);
        put32(at + MNQ_HVX_LEFT2 * pitch, 0);
        return;
    }
    put32(at, q->bias != NULL ? (uint32_t)q->bias[o] : 0);
    put_scale(at + pitch, pitch, q->mult[o], q->shift[o]);
    if (!many) return;
    put32(at + MNQ_HVX_LEFT * pitch, (uint32_t)(q->shift[o] < 1 ? 1 - q->shift[o] : 0));
    put_scale(at + MNQ_HVX_M2 * pitch, pitch, q->act != MNQ_A_CLAMP ? q->mult2[o] : 0,
              q->act != MNQ_A_CLAMP ? q->shift2[o] : 1);
    put32(at + MNQ_HVX_LEFT2 * pitch, (uint32_t)(q->act != MNQ_A_CLAMP && q->shift2[o] < 1 ? 1 - q->shift2[o] : 0));
}

int mnq_hvx_many(const struct mnq_layer *l)
{
    int32_t o;

    if (l->q.act != MNQ_A_CLAMP) return 1;
    for (o = 0; o < l->oc; o++)
        if (l->q.shift[o] < 1) return 1;
    return 0;
}

/* ---- lanes of channels ---- */

/* Lane j of a record: the weights and numbers of channel o. */
static void pack_lane(const struct mnq_layer *l, int many, uint8_t *p, int32_t j, int32_t o)
{
    const int32_t taps = mnq_hvx_taps(l);
    int32_t t;

    for (t = 0; t < taps; t++) {
        const size_t at = (size_t)t * (size_t)l->oc + (size_t)o;
        const int32_t w = l->wtype == MNQ_W_S16 ? ((const int16_t *)l->weights)[at] : ((const int8_t *)l->weights)[at];
        p[t * MNQ_HVX_BYTES + 2 * j] = (uint8_t)w;
        p[t * MNQ_HVX_BYTES + 2 * j + 1] = (uint8_t)((uint32_t)w >> 8);
    }
    mnq_hvx_put_numbers(l, many, p + (taps + j % 2) * MNQ_HVX_BYTES + 4 * (j / 2), 2 * MNQ_HVX_BYTES, o);
}

/* return channels of the whole pixels of a vector; 0: it holds none */
static int32_t pack_lanes(const struct mnq_layer *l, int many, uint8_t *p)
{
    int32_t whole = 0, g, j;

    for (g = 0; g < mnq_hvx_lanes_records(l); g++, p += mnq_hvx_lanes_record(l, many)) {
        int32_t o = mnq_hvx_channel(l, g);
        for (j = 0; j < MNQ_HVX_VALUES; j++) {
            pack_lane(l, many, p, j, o);
            if (++o < l->c) continue;
            o = 0; /* the next pixel */
            if (l->c <= MNQ_HVX_VALUES) whole = j + 1;
        }
    }
    return whole;
}

/* ---- layers ---- */

static int is_dot(const struct mnq_layer *l)
{
    return l->op == MNQ_L_CONV || l->op == MNQ_L_PW;
}

size_t mnq_hvx_packed_bytes(const struct mnq_layer *l)
{
    if (mnq_hvx_lanes_serve(l))
        return MNQ_HVX_HEADER + (size_t)mnq_hvx_lanes_records(l) * mnq_hvx_lanes_record(l, mnq_hvx_many(l));
    if (!is_dot(l)) return 0;
    return MNQ_HVX_HEADER + (size_t)mnq_hvx_groups(l) * mnq_hvx_record(l, mnq_hvx_many(l)) +
           (l->wtype == MNQ_W_XNOR ? (size_t)l->c * 2 : 0);
}

void mnq_hvx_pack(const struct mnq_layer *l, void *mem)
{
    const int many = mnq_hvx_many(l);
    const size_t record = mnq_hvx_record(l, many), vectors = (size_t)mnq_hvx_words(l) * MNQ_HVX_BYTES;
    uint8_t *const header = (uint8_t *)mem, *p = header + MNQ_HVX_HEADER;
    int32_t o, j;

    memset(mem, 0, MNQ_HVX_HEADER);
    header[0] = (uint8_t)many;
    if (!is_dot(l)) {
        header[1] = (uint8_t)pack_lanes(l, many, p);
        return;
    }
    for (o = 0; o < l->oc; o += MNQ_HVX_LANES, p += record) {
        for (j = 0; j < MNQ_HVX_LANES; j++) {
            pack_weights(l, p, o + j, j);
            mnq_hvx_put_numbers(l, many, p + vectors + 4 * j, MNQ_HVX_BYTES, o + j);
        }
    }
    if (l->wtype == MNQ_W_XNOR) memcpy(p, mnq_behind_planes(l, 1), (size_t)l->c * 2);
}

size_t mnq_hvx_scratch(const struct mnq_layer *l)
{
    const size_t sums = 3 * MNQ_HVX_BYTES; /* two vectors, wherever scratch begins */

    if (l->op == MNQ_L_AVGPOOL_SUM) return (size_t)l->c * sizeof(int32_t);
    if (l->packed == NULL) return 0;
    switch (l->op) {
    case MNQ_L_DWCONV:
        return sums + mnq_hvx_rows_bytes(l);
    case MNQ_L_MUL: /* the gates of a vector or a pixel */
        return sums + ((size_t)l->c + 2 * MNQ_HVX_VALUES) * 2 + 2 * MNQ_HVX_BYTES;
    case MNQ_L_ADD:
    case MNQ_L_AVGPOOL:
        return sums;
    default:
        return MNQ_HVX_BYTES + MNQ_HVX_PIXELS * (mnq_hvx_pixel(l) + mnq_hvx_output(l) + MNQ_HVX_BYTES) +
               (l->op == MNQ_L_CONV ? mnq_hvx_rows_bytes(l) : 0);
    }
}
