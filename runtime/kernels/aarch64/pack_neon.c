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
    return l->wtype == MNQ_W_S8 || l->wtype == MNQ_W_S4 || l->wtype == MNQ_W_TERNARY || mnq_is_sparse(l) ||
           (l->wtype == MNQ_W_BINARY && l->mult == 1);
}

/* What the weights of CONV and PW become. */
static void choose(enum mnq_neon_level level, const struct mnq_layer *l, struct mnq_neon_head *h)
{
    h->kind = MNQ_NEON_WIDE;
    if (level < MNQ_NEON_DOTPROD || (l->in16 && (!narrow(l) || l->op == MNQ_L_CONV)) || (l->in_flip && l->op == MNQ_L_PW))
        return;
    h->kind = level == MNQ_NEON_I8MM && l->oh * l->ow > 1 ? MNQ_NEON_OCTETS : MNQ_NEON_QUADS;
    h->split = l->in16 ? MNQ_NEON_SPLIT_X : narrow(l) ? 0 : MNQ_NEON_SPLIT_W;
}

/* Kind and split; kind 0: the layer is not packed. */
static struct mnq_neon_head head_of(enum mnq_neon_level level, const struct mnq_layer *l)
{
    struct mnq_neon_head h;

    memset(&h, 0, sizeof h);
    switch (l->op) {
    case MNQ_L_CONV:
        if (l->kh <= MNQ_NEON_ROWS) choose(level, l, &h);
        break;
    case MNQ_L_PW:
        if (l->wtype != MNQ_W_XNOR && (l->wtype != MNQ_W_BINARY || fits16(l))) choose(level, l, &h);
        break;
    case MNQ_L_DWCONV:
        if (l->mult == 1 && l->kh == l->kw && (l->kh == 3 || l->kh == 5) && (l->sw == 1 || l->sw == 2))
            h.kind =
                level >= MNQ_NEON_DOTPROD && l->kh == 3 && l->wtype == MNQ_W_S8 && !l->in16 ? MNQ_NEON_QUADS : MNQ_NEON_WIDE;
        break;
    case MNQ_L_AVGPOOL:
    case MNQ_L_ADD:
    case MNQ_L_MUL:
        if (!l->in_flip) h.kind = MNQ_NEON_WIDE;
        break;
    default:
        break;
    }
    return h;
}

int mnq_neon_kind(enum mnq_neon_level level, const struct mnq_layer *l)
{
    return head_of(level, l).kind;
}

static size_t aligned(size_t n)
{
    return (n + 15) / 16 * 16;
}

/* Bytes of one plane of the weights of a block. */
static size_t plane_bytes(const struct mnq_layer *l, const struct mnq_neon_head *h)
{
    const size_t unit = h->kind == MNQ_NEON_WIDE ? 2 : (size_t)h->kind;

    if (l->op == MNQ_L_DWCONV && h->kind == MNQ_NEON_QUADS) return MNQ_NEON_DW_QUADS;
    if (l->op == MNQ_L_DWCONV) return (size_t)l->kh * l->kw * BLOCK * 2;
    if (l->op == MNQ_L_ADD) return 2 * BLOCK * 2;
    if (l->op == MNQ_L_AVGPOOL || l->op == MNQ_L_MUL) return 0;
    return (size_t)mnq_neon_rows(l, h->kind) * (size_t)mnq_neon_units(mnq_neon_inputs(l, h->kind), h->kind) * BLOCK * unit;
}

static size_t block_bytes(const struct mnq_layer *l, const struct mnq_neon_head *h)
{
    return plane_bytes(l, h) << (h->split == MNQ_NEON_SPLIT_W);
}

static struct mnq_neon_head layout(enum mnq_neon_level level, const struct mnq_layer *l)
{
    struct mnq_neon_head h = head_of(level, l);
    const size_t blocks = (size_t)mnq_neon_padded(l->oc) / BLOCK;
    size_t at = sizeof h;

    if (h.kind == 0) return h;
    h.fields = l->q.act == MNQ_A_CLAMP ? MNQ_NEON_FIELDS1 : MNQ_NEON_FIELDS2;
    at += blocks * (size_t)h.fields * BLOCK * sizeof(int32_t);
    h.weights = (uint32_t)at;
    at += aligned(blocks * block_bytes(l, &h));
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
    int32_t i;

    for (i = 0; i < mnq_neon_padded(l->oc); i++) {
        int32_t *const p = records + i / BLOCK * h->fields * BLOCK + i % BLOCK;
        const int32_t o = mnq_neon_first(l->oc, l->oc - i / BLOCK * BLOCK) + i % BLOCK;
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
    int32_t *records;
    size_t block, plane; /* bytes */
    size_t record;       /* int32 */
    int32_t run;         /* inputs in a row of the kernel */
    int32_t channels;
    int kind, split;
};

/* Weight i of row ky of the channel in place `o`. */
static void put_at(const struct sink *s, int32_t o, int32_t ky, int32_t i, int32_t w)
{
    const int32_t unit = ky * mnq_neon_units(s->run, s->kind) + i / s->kind;
    const size_t at = ((size_t)unit * BLOCK + (size_t)(o % BLOCK)) * (size_t)s->kind + (size_t)(i % s->kind);
    uint8_t *const block = s->to + (size_t)(o / BLOCK) * s->block;
    int32_t *const bias = s->records + (size_t)(o / BLOCK) * s->record + o % BLOCK;

    if (s->kind == MNQ_NEON_WIDE) {
        ((int16_t *)(void *)block)[at] = (int16_t)w;
        return;
    }
    block[at] = (uint8_t)(s->split == MNQ_NEON_SPLIT_W ? w >> 8 : w);
    if (s->split == MNQ_NEON_SPLIT_W) {
        block[s->plane + at] = (uint8_t)w;
        if (s->kind == MNQ_NEON_QUADS) *bias = (int32_t)((uint32_t)*bias - 128u * (uint8_t)w);
    }
    if (s->split == MNQ_NEON_SPLIT_X) *bias = (int32_t)((uint32_t)*bias + 128u * (uint32_t)w);
}

/* The places of channel o of c: one, or another one in the last block too. */
static int32_t places(int32_t c, int32_t o, int32_t at[2])
{
    const int32_t last = (c - 1) / BLOCK * BLOCK, first = mnq_neon_first(c, c - last);
    int32_t n = 0;

    if (o < last || first == last) at[n++] = o;
    if (first != last && o >= first) at[n++] = last + o - first;
    return n;
}

/* Weight i of row ky of channel o. */
static void put(const struct sink *s, int32_t o, int32_t ky, int32_t i, int32_t w)
{
    int32_t at[2], n = places(s->channels, o, at);

    while (n > 0) put_at(s, at[--n], ky, i, w);
}

static int32_t weight(const struct mnq_layer *l, size_t i)
{
    return l->wtype == MNQ_W_S16 ? ((const int16_t *)l->weights)[i] : ((const int8_t *)l->weights)[i];
}

static void put_plain(const struct mnq_layer *l, const struct sink *s, int32_t rows)
{
    size_t from = 0;
    int32_t o, ky, i;

    for (o = 0; o < l->oc; o++)
        for (ky = 0; ky < rows; ky++)
            for (i = 0; i < s->run; i++, from++) put(s, o, ky, i, weight(l, from));
}

static void put_s4(const struct mnq_layer *l, const struct sink *s)
{
    const uint8_t *row = (const uint8_t *)l->weights;
    int32_t o, i;

    for (o = 0; o < l->oc; o++, row += ((size_t)l->c + 1) / 2)
        for (i = 0; i < l->c; i++) put(s, o, 0, i, mnq_s4_at(row, (size_t)i));
}

static void put_ternary(const struct mnq_layer *l, const struct sink *s)
{
    const uint8_t *row = (const uint8_t *)l->weights;
    int32_t o, i;

    for (o = 0; o < l->oc; o++, row += mnq_ternary_bytes(l->c))
        for (i = 0; i < l->c; i++) put(s, o, 0, i, mnq_ternary_at(row, (size_t)i));
}

static void put_sparse(const struct mnq_layer *l, const struct sink *s)
{
    const size_t bytes = mnq_bitmap_bytes(l->c, l->mult);
    const uint8_t *bits = (const uint8_t *)l->weights;
    struct mnq_stored w = mnq_stored_first(l);
    int32_t o, b, j;

    for (o = 0; o < l->oc; o++, bits += bytes, mnq_stored_row(&w))
        for (b = 0; b < mnq_blocks(l->c, l->mult); b++)
            for (j = 0; (bits[b / 8] >> b % 8 & 1) != 0 && j < l->mult; j++)
                put(s, o, 0, b * l->mult + j, mnq_stored_next(l, &w));
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

static void put_taps(const struct mnq_layer *l, uint8_t *to, size_t block, int32_t taps)
{
    size_t from = 0;
    int32_t tap, o, n, at[2];

    for (tap = 0; tap < taps; tap++)
        for (o = 0; o < l->oc; o++, from++)
            for (n = places(l->oc, o, at); n > 0; n--) {
                const int32_t i = at[n - 1];
                ((int16_t *)(void *)(to + (size_t)(i / BLOCK) * block))[tap * BLOCK + i % BLOCK] = (int16_t)weight(l, from);
            }
}

/* Taps of 3x3 by columns, for either row of two. */
static void put_columns(const struct mnq_layer *l, uint8_t *to)
{
    int32_t tap, o, n, at[2];
    size_t from = 0;

    for (tap = 0; tap < 9; tap++)
        for (o = 0; o < l->oc; o++, from++)
            for (n = places(l->oc, o, at); n > 0; n--) {
                const int32_t i = at[n - 1], column = tap % 3, row = tap / 3;
                uint8_t *const p = to + i / BLOCK * MNQ_NEON_DW_QUADS + column * 4 * BLOCK + i % BLOCK * 4 + row;
                p[0] = (uint8_t)weight(l, from);
                p[MNQ_NEON_DW_QUADS / 2 + 1] = p[0];
            }
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
    s.records = (int32_t *)(void *)(to + sizeof h);
    s.block = block_bytes(l, &h);
    s.plane = plane_bytes(l, &h);
    s.record = (size_t)h.fields * BLOCK;
    s.run = mnq_neon_inputs(l, h.kind);
    s.channels = l->oc;
    s.kind = h.kind;
    s.split = h.split;
    if (l->op == MNQ_L_DWCONV && h.kind == MNQ_NEON_QUADS) put_columns(l, s.to);
    else if (l->op == MNQ_L_DWCONV) put_taps(l, s.to, s.block, l->kh * l->kw);
    else if (l->op == MNQ_L_ADD) put_taps(l, s.to, s.block, 2);
    else if (l->op == MNQ_L_AVGPOOL || l->op == MNQ_L_MUL) return;
    else if (l->op == MNQ_L_CONV || l->wtype <= MNQ_W_S16) put_plain(l, &s, mnq_neon_rows(l, h.kind));
    else if (l->wtype == MNQ_W_S4) put_s4(l, &s);
    else if (l->wtype == MNQ_W_TERNARY) put_ternary(l, &s);
    else if (mnq_is_sparse(l)) put_sparse(l, &s);
    else put_binary(l, &s);
    if (l->op == MNQ_L_CONV || l->op == MNQ_L_DWCONV) put_pad(l, &h, to + h.pad);
}

size_t mnq_neon_scratch(enum mnq_neon_level level, const struct mnq_layer *l)
{
    const struct mnq_neon_head h = head_of(level, l);
    size_t n = MNQ_NEON_ACC + MNQ_NEON_SLACK;

    if (h.kind == 0) return 0;
    if (l->op > MNQ_L_PW) return n;
    if (l->op == MNQ_L_DWCONV && h.kind == MNQ_NEON_QUADS) return n + mnq_neon_dw_zipped(l) + (size_t)l->w * (size_t)l->c;
    if (l->op == MNQ_L_DWCONV) return n + (size_t)l->kh * mnq_neon_dw_row(l);
    n += (size_t)mnq_neon_run(l, h.kind, h.split) * mnq_neon_pixel(l, h.kind, h.split);
    if (l->op == MNQ_L_PW) return n;
    n += MNQ_NEON_ROWS * sizeof(void *) + (size_t)l->kh * mnq_neon_conv_row(l, h.kind);
    if (h.kind == MNQ_NEON_WIDE) return n;
    return n + (size_t)mnq_neon_run(l, h.kind, h.split) * (size_t)mnq_neon_kept(mnq_neon_inputs(l, h.kind));
}
