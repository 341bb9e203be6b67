/* SPDX-License-Identifier: Apache-2.0
 * Packs layers for the AArch64 tables; pack_neon.h says how. Plain C. */
#include "pack_neon.h"

#include "mnq_port.h"
#include "packed.h"

enum { BLOCK = MNQ_NEON_BLOCK };

/* Whether BINARY weights, sums of their coefficients, fit 16 bits. */
static int fits16(const struct mnq_layer *l)
{
    const int16_t *a = mnq_behind_planes(l, l->mult);
    int32_t o, m;

    if (l->mult == 1) return 1;
    for (o = 0; o < l->oc; o++) {
        int32_t sum = 0;
        for (m = 0; m < l->mult; m++) sum += *a++;
        if (sum > 32767) return 0;
    }
    return 1;
}

/* Whether every weight fits 8 bits. */
static int narrow(const struct mnq_layer *l)
{
    return l->wtype == MNQ_W_S8 || l->wtype == MNQ_W_S4 || l->wtype == MNQ_W_SPARSE ||
           (l->wtype == MNQ_W_BINARY && l->mult == 1);
}

int mnq_neon_kind_of(enum mnq_neon_level level, const struct mnq_layer *l)
{
    const int quads = level >= MNQ_NEON_DOTPROD && !l->in16;

    switch (l->op) {
    case MNQ_L_CONV:
        if (l->kh > MNQ_NEON_ROWS) return 0;
        return quads && narrow(l) ? MNQ_NEON_QUADS : MNQ_NEON_WIDE;
    case MNQ_L_PW:
        if (l->wtype == MNQ_W_XNOR || (l->wtype == MNQ_W_BINARY && !fits16(l))) return 0;
        if (!quads || !narrow(l)) return MNQ_NEON_WIDE;
        return level == MNQ_NEON_I8MM && l->h * l->w > 1 ? MNQ_NEON_OCTETS : MNQ_NEON_QUADS;
    case MNQ_L_DWCONV:
        return l->mult == 1 && l->kh == l->kw && (l->kh == 3 || l->kh == 5) && (l->sw == 1 || l->sw == 2) ? MNQ_NEON_WIDE
                                                                                                          : 0;
    default:
        return 0;
    }
}

static size_t aligned(size_t n)
{
    return (n + 15) / 16 * 16;
}

/* Bytes of the weights of a block. */
static size_t block_bytes(const struct mnq_layer *l, int kind)
{
    switch (l->op) {
    case MNQ_L_CONV:
    case MNQ_L_PW:
        return (size_t)l->kh * (size_t)mnq_neon_units(l->kw * l->c, kind) * BLOCK *
               (kind == MNQ_NEON_WIDE ? 2 : (size_t)kind);
    case MNQ_L_DWCONV:
        return (size_t)l->kh * l->kw * BLOCK * 2;
    default:
        return 0;
    }
}

static struct mnq_neon_head layout(enum mnq_neon_level level, const struct mnq_layer *l)
{
    struct mnq_neon_head h;
    const size_t blocks = (size_t)mnq_neon_padded(l->oc) / BLOCK;
    size_t at = sizeof h;

    memset(&h, 0, sizeof h);
    h.kind = mnq_neon_kind_of(level, l);
    if (h.kind == 0) return h;
    h.fields = l->q.act == MNQ_A_CLAMP ? MNQ_NEON_FIELDS1 : MNQ_NEON_FIELDS2;
    at += blocks * (size_t)h.fields * BLOCK * sizeof(int32_t);
    h.weights = (uint32_t)at;
    at += aligned(blocks * block_bytes(l, h.kind));
    h.pad = (uint32_t)at;
    if (l->op == MNQ_L_CONV || l->op == MNQ_L_DWCONV) at += aligned((size_t)mnq_neon_padded(l->c) * 2);
    h.bytes = at <= UINT32_MAX ? (uint32_t)at : 0;
    return h;
}

size_t mnq_neon_pack_bytes(enum mnq_neon_level level, const struct mnq_layer *l)
{
    return layout(level, l).bytes;
}

/* ---- requantization ---- */

static void put_rounding(int32_t *p, int32_t mult, int shift)
{
    const int r = shift < 1 ? 1 : shift;

    p[0] = mult;
    p[BLOCK] = -(r + 1);
    p[2 * BLOCK] = shift < 1 ? 1 - shift : 0;
}

static void put_records(const struct mnq_layer *l, const struct mnq_neon_head *h, uint8_t *mem)
{
    const struct mnq_requant_params *const q = &l->q;
    int32_t *const records = (int32_t *)(void *)(mem + sizeof *h);
    struct mnq_neon_head *const head = (struct mnq_neon_head *)(void *)mem;
    int32_t o;

    for (o = 0; o < mnq_neon_padded(l->oc); o++) {
        int32_t *const p = records + o / BLOCK * h->fields * BLOCK + o % BLOCK;
        const int real = o < l->oc;
        p[MNQ_NEON_BIAS] = real ? q->bias[o] : 0;
        put_rounding(p + MNQ_NEON_MULT * BLOCK, real ? q->mult[o] : 0, real ? q->shift[o] : 1);
        if (real && q->shift[o] < 1) head->general = 1;
        if (h->fields == MNQ_NEON_FIELDS1) continue;
        put_rounding(p + MNQ_NEON_FIELDS1 * BLOCK, real ? q->mult2[o] : 0, real ? q->shift2[o] : 1);
        if (real && q->shift2[o] < 1) head->general = 1;
    }
}

/* ---- weights ---- */

/* Where the weights of CONV and PW go. */
struct sink {
    uint8_t *to;
    size_t block; /* bytes of a block */
    int32_t run;  /* inputs in a row of the kernel */
    int kind;
};

/* Weight i of row ky of channel o. */
static void put(const struct sink *s, int32_t o, int32_t ky, int32_t i, int32_t w)
{
    const int32_t unit = ky * mnq_neon_units(s->run, s->kind) + i / s->kind;
    const size_t at = ((size_t)unit * BLOCK + (size_t)(o % BLOCK)) * (size_t)s->kind + (size_t)(i % s->kind);
    uint8_t *const block = s->to + (size_t)(o / BLOCK) * s->block;

    if (s->kind == MNQ_NEON_WIDE) ((int16_t *)(void *)block)[at] = (int16_t)w;
    else block[at] = (uint8_t)w;
}

static int32_t weight(const struct mnq_layer *l, size_t i)
{
    return l->wtype == MNQ_W_S16 ? ((const int16_t *)l->weights)[i] : ((const int8_t *)l->weights)[i];
}

static void put_plain(const struct mnq_layer *l, const struct sink *s)
{
    size_t from = 0;
    int32_t o, ky, i;

    for (o = 0; o < l->oc; o++)
        for (ky = 0; ky < l->kh; ky++)
            for (i = 0; i < s->run; i++, from++) put(s, o, ky, i, weight(l, from));
}

static void put_s4(const struct mnq_layer *l, const struct sink *s)
{
    const uint8_t *row = (const uint8_t *)l->weights;
    int32_t o, i;

    for (o = 0; o < l->oc; o++, row += ((size_t)l->c + 1) / 2)
        for (i = 0; i < l->c; i++) put(s, o, 0, i, mnq_s4_at(row, (size_t)i));
}

static void put_sparse(const struct mnq_layer *l, const struct sink *s)
{
    const size_t bytes = mnq_bitmap_bytes(l->c, l->mult);
    const uint8_t *bits = (const uint8_t *)l->weights;
    const int8_t *w = (const int8_t *)l->weights + (size_t)l->oc * bytes;
    int32_t o, b, j;

    for (o = 0; o < l->oc; o++, bits += bytes)
        for (b = 0; b < mnq_blocks(l->c, l->mult); b++)
            for (j = 0; (bits[b / 8] >> b % 8 & 1) != 0 && j < l->mult; j++) put(s, o, 0, b * l->mult + j, *w++);
}

static void put_binary(const struct mnq_layer *l, const struct sink *s)
{
    const size_t words = mnq_plane_words(l->c);
    const uint32_t *plane = (const uint32_t *)l->weights;
    const int16_t *a = mnq_behind_planes(l, l->mult);
    int32_t o, i, m;

    for (o = 0; o < l->oc; o++, plane += l->mult * words, a += l->mult)
        for (i = 0; i < l->c; i++) {
            int32_t w = 0;
            for (m = 0; m < l->mult; m++) {
                const int32_t v = l->mult == 1 ? 1 : a[m];
                w += (plane[(size_t)m * words + (size_t)i / 32] >> i % 32 & 1) != 0 ? v : -v;
            }
            put(s, o, 0, i, w);
        }
}

static void put_dwconv(const struct mnq_layer *l, uint8_t *to, size_t block)
{
    size_t from = 0;
    int32_t tap, o;

    for (tap = 0; tap < l->kh * l->kw; tap++)
        for (o = 0; o < l->oc; o++, from++)
            ((int16_t *)(void *)(to + (size_t)(o / BLOCK) * block))[tap * BLOCK + o % BLOCK] = (int16_t)weight(l, from);
}

/* As the kernels keep their inputs: int16, or bytes of QUADS. */
static void put_pad(const struct mnq_layer *l, const struct mnq_neon_head *h, uint8_t *to)
{
    int32_t i;

    for (i = 0; i < l->c; i++) {
        if (h->kind == MNQ_NEON_WIDE) ((int16_t *)(void *)to)[i] = l->pad[i];
        else to[i] = (uint8_t)l->pad[i];
    }
}

void mnq_neon_pack(enum mnq_neon_level level, const struct mnq_layer *l, void *mem)
{
    const struct mnq_neon_head h = layout(level, l);
    uint8_t *const to = (uint8_t *)mem;
    struct sink s;

    memset(mem, 0, h.bytes);
    memcpy(mem, &h, sizeof h);
    put_records(l, &h, to);
    s.to = to + h.weights;
    s.block = block_bytes(l, h.kind);
    s.run = l->kw * l->c;
    s.kind = h.kind;
    if (l->op == MNQ_L_DWCONV) put_dwconv(l, s.to, s.block);
    else if (l->op == MNQ_L_CONV || l->wtype <= MNQ_W_S16) put_plain(l, &s);
    else if (l->wtype == MNQ_W_S4) put_s4(l, &s);
    else if (l->wtype == MNQ_W_SPARSE) put_sparse(l, &s);
    else put_binary(l, &s);
    if (l->op == MNQ_L_CONV || l->op == MNQ_L_DWCONV) put_pad(l, &h, to + h.pad);
}

size_t mnq_neon_scratch(enum mnq_neon_level level, const struct mnq_layer *l)
{
    const int kind = mnq_neon_kind_of(level, l);

    if (kind == 0) return 0;
    if (l->op == MNQ_L_CONV) return MNQ_NEON_ACC + MNQ_NEON_ROWS * 8 + (size_t)l->kh * mnq_neon_conv_row(l, kind);
    if (l->op == MNQ_L_DWCONV) return MNQ_NEON_ACC + (size_t)l->kh * mnq_neon_dw_row(l);
    return MNQ_NEON_ACC + (size_t)mnq_neon_pw_run(l, kind) * mnq_neon_pw_pixel(l, kind) + MNQ_NEON_SLACK;
}
