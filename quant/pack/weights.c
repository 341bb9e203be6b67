/* SPDX-License-Identifier: Apache-2.0
 * Weights as the file stores them and back. */
#include "pack/weights.h"

#include "kernels.h"
#include "packed.h"

#include <stdio.h>

static void le16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static void set_bit(uint8_t *p, size_t i)
{
    p[i / 8] |= (uint8_t)(1u << i % 8);
}

static bool bit_at(const uint8_t *p, size_t i)
{
    return p[i / 8] >> i % 8 & 1;
}

/* Bytes of one plane of signs: words of 32 bits, little-endian, so that bit i is bit i % 8 of byte i / 8. */
static size_t plane_bytes(int cin)
{
    return 4 * mnq_plane_words(cin);
}

/* ---- size ---- */

static bool block_stored(const struct mnq_qlayer *l, size_t first, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (mnq_qlayer_weight(l, first + i) != 0) return true;
    return false;
}

static size_t sparse_bytes(const struct mnq_qlayer *l, int cin, int cout)
{
    size_t b = (size_t)l->block, n = (size_t)cin, bytes = (size_t)cout * mnq_bitmap_bytes(cin, l->block);
    for (size_t first = 0; first < l->w_count; first += n) {
        size_t stored = 0;
        for (size_t i = 0; i < n; i += b) stored += block_stored(l, first + i, b) ? b : 0;
        bytes += mnq_stored_bytes(l->wtype, stored);
    }
    return bytes;
}

size_t mnq_qlayer_weight_bytes(const struct mnq_qlayer *l, int cin, int cout)
{
    size_t rows = (size_t)cout;
    if (l->map != NULL) return 2 * rows;
    switch (l->wtype) {
    case MNQ_W_S4:
        return rows * (((size_t)cin + 1) / 2);
    case MNQ_W_TERNARY:
        return rows * mnq_ternary_bytes(cin);
    case MNQ_W_SPARSE:
    case MNQ_W_SPARSE4:
        return sparse_bytes(l, cin, cout);
    case MNQ_W_BINARY:
        return rows * (size_t)l->bases * (plane_bytes(cin) + (l->bases > 1 ? 2 : 0));
    case MNQ_W_XNOR:
        return rows * plane_bytes(cin) + 2 * (size_t)cin;
    default:
        return l->w_count * (l->wtype == MNQ_W_S16 ? 2 : 1);
    }
}

/* ---- writing ---- */

static int no_form(const struct mnq_qlayer *l, size_t i, const char *wanted, struct mnq_err *e)
{
    return mnq_fail(e, MNQ_EXIT_FAILED, "layer %s: weight %zu is %d; %s", l->name, i, (int)mnq_qlayer_weight(l, i), wanted);
}

static int encode_s4(const struct mnq_qlayer *l, size_t cin, size_t cout, uint8_t *to, struct mnq_err *e)
{
    for (size_t o = 0; o < cout; o++, to += (cin + 1) / 2)
        for (size_t i = 0; i < cin; i++) {
            int32_t w = mnq_qlayer_weight(l, o * cin + i);
            if (w < -7 || w > 7) return no_form(l, o * cin + i, "four bits hold -7..7", e);
            to[i / 2] |= (uint8_t)(((unsigned)w & 15) << 4 * (i % 2));
        }
    return 0;
}

/* Five digits to base 3, the first one the highest, as 256ths: the reader multiplies by 3 and takes what leaves the byte. */
static int encode_ternary(const struct mnq_qlayer *l, size_t cin, size_t cout, uint8_t *to, struct mnq_err *e)
{
    for (size_t o = 0; o < cout; o++)
        for (size_t first = 0; first < cin; first += MNQ_TRITS) {
            unsigned digits = 0;
            for (size_t i = first; i < first + MNQ_TRITS; i++) {
                int32_t w = i < cin ? mnq_qlayer_weight(l, o * cin + i) : 0;
                if (w < -1 || w > 1) return no_form(l, o * cin + i, "ternary weights are -1, 0 and 1", e);
                digits = 3 * digits + (unsigned)(w + 1);
            }
            *to++ = (uint8_t)((256 * digits + 242) / 243);
        }
    return 0;
}

static int encode_sparse(const struct mnq_qlayer *l, int cin, size_t cout, uint8_t *to, struct mnq_err *e)
{
    size_t b = (size_t)l->block, blocks = (size_t)cin / b, row = mnq_bitmap_bytes(cin, l->block), at = 0;
    bool four = l->wtype == MNQ_W_SPARSE4;
    uint8_t *weight = to + cout * row;
    for (size_t o = 0; o < cout; o++, to += row) {
        size_t n = 0; /* of the row's weights */
        for (size_t k = 0; k < blocks; k++, at += b) {
            if (!block_stored(l, at, b)) continue;
            set_bit(to, k);
            for (size_t i = 0; i < b; i++, n++) {
                int32_t w = mnq_qlayer_weight(l, at + i);
                if (four && (w < -7 || w > 7)) return no_form(l, at + i, "four bits hold -7..7", e);
                if (four) weight[n / 2] |= (uint8_t)(((unsigned)w & 15) << 4 * (n % 2));
                else weight[n] = (uint8_t)w;
            }
        }
        weight += mnq_stored_bytes(l->wtype, n);
    }
    return 0;
}

/* Which bases are +1 so that their signed coefficients make w, bit m for base m; -1 if none. */
static int signs_of(int32_t w, const int16_t *coef, int bases)
{
    for (int bits = 0; bits < 1 << bases; bits++) {
        int32_t sum = 0;
        for (int m = 0; m < bases; m++) sum += bits >> m & 1 ? coef[m] : -coef[m];
        if (sum == w) return bits;
    }
    return -1;
}

static int encode_binary(const struct mnq_qlayer *l, int cin, size_t cout, uint8_t *to, struct mnq_err *e)
{
    static const int16_t one = 1;
    size_t plane = plane_bytes(cin), n = (size_t)cin, bases = (size_t)l->bases;
    uint8_t *coef = to + cout * bases * plane;
    for (size_t o = 0; o < cout; o++, to += bases * plane) {
        const int16_t *a = l->bases > 1 ? l->coef + o * bases : &one;
        for (size_t i = 0; i < n; i++) {
            int bits = signs_of(mnq_qlayer_weight(l, o * n + i), a, l->bases);
            if (bits < 0) return no_form(l, o * n + i, "wanted a sum of its bases, each with either sign", e);
            for (size_t m = 0; m < bases; m++)
                if (bits >> m & 1) set_bit(to + m * plane, i);
        }
        for (size_t m = 0; m < bases && bases > 1; m++, coef += 2) le16(coef, (unsigned)a[m]);
    }
    return 0;
}

static int encode_xnor(const struct mnq_qlayer *l, int cin, size_t cout, uint8_t *to, struct mnq_err *e)
{
    size_t plane = plane_bytes(cin), n = (size_t)cin;
    for (size_t o = 0; o < cout; o++, to += plane)
        for (size_t i = 0; i < n; i++) {
            int32_t w = mnq_qlayer_weight(l, o * n + i);
            if (w != 1 && w != -1) return no_form(l, o * n + i, "an XNOR layer has -1 and 1", e);
            if (w > 0) set_bit(to, i);
        }
    for (size_t i = 0; i < n; i++, to += 2) le16(to, (unsigned)l->threshold[i]);
    return 0;
}

int mnq_weights_encode(const struct mnq_qlayer *l, int cin, int cout, uint8_t *to, struct mnq_err *e)
{
    size_t rows = (size_t)cout;
    if (l->wtype == MNQ_W_S4) return encode_s4(l, (size_t)cin, rows, to, e);
    if (l->wtype == MNQ_W_TERNARY) return encode_ternary(l, (size_t)cin, rows, to, e);
    if (l->wtype == MNQ_W_BINARY) return encode_binary(l, cin, rows, to, e);
    if (l->wtype == MNQ_W_XNOR) return encode_xnor(l, cin, rows, to, e);
    if (l->wtype == MNQ_W_SPARSE || l->wtype == MNQ_W_SPARSE4) return encode_sparse(l, cin, rows, to, e);
    for (size_t i = 0; i < l->w_count; i++) {
        if (l->wtype == MNQ_W_S16) le16(to + 2 * i, (unsigned)mnq_qlayer_weight(l, i));
        else to[i] = (uint8_t)mnq_qlayer_weight(l, i);
    }
    return 0;
}

/* ---- reading ---- */

static void decode_s4(int8_t *w, size_t cin, size_t cout, const uint8_t *from)
{
    for (size_t o = 0; o < cout; o++, from += (cin + 1) / 2)
        for (size_t i = 0; i < cin; i++) *w++ = (int8_t)mnq_s4_at(from, i);
}

static void decode_ternary(int8_t *w, int cin, size_t cout, const uint8_t *from)
{
    for (size_t o = 0; o < cout; o++, from += mnq_ternary_bytes(cin))
        for (size_t i = 0; i < (size_t)cin; i++) *w++ = (int8_t)mnq_ternary_at(from, i);
}

static void decode_sparse(const struct mnq_qlayer *q, int8_t *w, int cin, int cout, const uint8_t *from)
{
    size_t b = (size_t)q->block, blocks = (size_t)cin / b, row = mnq_bitmap_bytes(cin, q->block);
    struct mnq_layer l = {.wtype = q->wtype, .mult = (uint16_t)q->block, .c = cin, .oc = cout, .weights = from};
    struct mnq_stored next = mnq_stored_first(&l);
    for (int o = 0; o < cout; o++, from += row) {
        for (size_t k = 0; k < blocks; k++)
            for (size_t i = 0; i < b; i++) *w++ = (int8_t)(bit_at(from, k) ? mnq_stored_next(&l, &next) : 0);
        mnq_stored_row(&next);
    }
}

static void decode_binary(int16_t *w, int cin, size_t cout, int bases, const uint8_t *from, const int16_t *coef)
{
    size_t plane = plane_bytes(cin), n = (size_t)cin, m_n = (size_t)bases;
    for (size_t o = 0; o < cout; o++, from += m_n * plane)
        for (size_t i = 0; i < n; i++) {
            int32_t sum = 0;
            for (size_t m = 0; m < m_n; m++) {
                int32_t a = coef != NULL ? coef[o * m_n + m] : 1;
                sum += bit_at(from + m * plane, i) ? a : -a;
            }
            *w++ = (int16_t)sum;
        }
}

static void decode_xnor(int8_t *w, int cin, size_t cout, const uint8_t *from)
{
    for (size_t o = 0; o < cout; o++, from += plane_bytes(cin))
        for (size_t i = 0; i < (size_t)cin; i++) *w++ = bit_at(from, i) ? 1 : -1;
}

int mnq_weights_decode(struct mnq_qlayer *l, int cin, int cout, uint8_t *from, size_t n, struct mnq_arena *arena,
                       struct mnq_err *e)
{
    size_t rows = (size_t)cout, planes = (size_t)(l->wtype == MNQ_W_BINARY ? l->bases : 1);
    uint8_t *behind = from + rows * planes * plane_bytes(cin);
    if (l->wtype <= MNQ_W_S16) {
        l->w = from;
        l->w_count = n / (l->wtype == MNQ_W_S16 ? 2 : 1);
        return 0;
    }
    l->w_count = rows * (size_t)cin;
    l->w = mnq_arena_array(arena, l->w_count, mnq_qlayer_wide(l) ? 2 : 1);
    if (l->w == NULL) return mnq_fail_nomem(e);
    if (l->wtype == MNQ_W_S4) {
        decode_s4(l->w, (size_t)cin, rows, from);
    } else if (l->wtype == MNQ_W_TERNARY) {
        decode_ternary(l->w, cin, rows, from);
    } else if (l->wtype == MNQ_W_SPARSE || l->wtype == MNQ_W_SPARSE4) {
        decode_sparse(l, l->w, cin, cout, from);
    } else if (l->wtype == MNQ_W_BINARY) {
        l->coef = l->bases > 1 ? (int16_t *)(void *)behind : NULL;
        decode_binary(l->w, cin, rows, l->bases, from, l->coef);
    } else {
        l->threshold = (int16_t *)(void *)behind;
        decode_xnor(l->w, cin, rows, from);
    }
    return 0;
}

/* ---- description ---- */

const char *mnq_weights_format(const struct mnq_qlayer *l, char buf[MNQ_FORMAT_TEXT])
{
    static const char *const name[] = {"-", "int8", "int16", "int4", "sparse", "binary", "xnor", "-", "sparse4", "ternary"};
    const char *text = l->w == NULL || l->wtype > MNQ_W_TERNARY ? "-" : name[l->wtype];
    if (l->wtype == MNQ_W_BINARY) snprintf(buf, MNQ_FORMAT_TEXT, "%s x%d", text, l->bases);
    else snprintf(buf, MNQ_FORMAT_TEXT, "%s", text);
    return buf;
}

int mnq_weights_bits(const struct mnq_qlayer *l)
{
    static const int bits[] = {0, 8, 16, 4, 8, 0, 1, 0, 4, 2};
    if (l->w == NULL || l->wtype > MNQ_W_TERNARY) return 0;
    return l->wtype == MNQ_W_BINARY ? l->bases : bits[l->wtype];
}

double mnq_weights_zeros(const struct mnq_qlayer *l)
{
    size_t zeros = 0;
    for (size_t i = 0; i < l->w_count; i++) zeros += mnq_qlayer_weight(l, i) == 0;
    return l->w_count > 0 ? (double)zeros / (double)l->w_count : 0;
}
