/* SPDX-License-Identifier: Apache-2.0
 * FORMAT.md, "Compressed weights", read a second time: every weight, sign, coefficient and threshold as an integer. */
#include "oracle.h"

/* Bytes of a layer's weights that are read one after the other. */
struct bytes {
    const uint8_t *p;
    int64_t n, at; /* at > n: one was read that is not there */
};

static int next(struct bytes *b)
{
    return b->at++ < b->n ? b->p[b->at - 1] : 0;
}

static int32_t next16(struct bytes *b)
{
    int32_t x = next(b);
    x += 256 * next(b);
    return x < 32768 ? x : x - 65536;
}

int64_t mnq_oracle_unpacked(const struct mnq_oracle_layer *l)
{
    int64_t n = (int64_t)l->oc * l->c;
    if (l->wtype == ORC_W_BINARY) return (n + l->oc) * l->mult;
    return l->wtype == ORC_W_XNOR ? n + l->c : n;
}

/* Rows of nibbles, low ones first. */
static int unpack_s4(const struct mnq_oracle_layer *l, struct bytes *b, int32_t *w)
{
    int good = 1;

    for (int o = 0; o < l->oc; o++) {
        for (int i = 0; i < l->c; i += 2) {
            int byte = next(b), lo = byte % 16, hi = byte / 16;
            *w++ = lo < 8 ? lo : lo - 16;
            if (i + 1 < l->c) *w++ = hi < 8 ? hi : hi - 16;
            else if (hi) good = 0;
            if (lo == 8 || hi == 8) good = 0;
        }
    }
    return good;
}

/* Five weights of a byte are the first five digits, to base 3, of as many 256ths; of the bytes that begin with them it is the
 * least. */
static int unpack_ternary(const struct mnq_oracle_layer *l, struct bytes *b, int32_t *w)
{
    int good = 1;

    for (int o = 0; o < l->oc; o++) {
        for (int i = 0; i < l->c; i += 5) {
            int byte = next(b), digits = byte * 243 / 256;
            if (byte > 0 && (byte - 1) * 243 / 256 == digits) good = 0;
            for (int k = 0, power = 81; k < 5; k++, power /= 3) {
                int x = digits / power % 3 - 1;
                if (i + k < l->c) *w++ = x;
                else if (x) good = 0;
            }
        }
    }
    return good;
}

/* The bitmap of all rows, then the blocks that it says are there: numbers of 8 bits, or of 4, of which the first is a byte's
 * remainder by 16 and the second its quotient; a row of these ends with its byte. */
static int unpack_sparse(const struct mnq_oracle_layer *l, struct bytes *b, int32_t *w)
{
    int blocks = l->c / l->mult, good = l->c % l->mult == 0, half = l->wtype == ORC_W_SPARSE4 ? 8 : 128;
    struct bytes map = *b;

    b->at += (int64_t)l->oc * ((blocks + 7) / 8);
    for (int o = 0; o < l->oc && good; o++) {
        int held = -1; /* the quotient that is still to come */
        for (int k = 0, byte = 0; k < (blocks + 7) / 8 * 8; k++, byte /= 2) {
            if (k % 8 == 0) byte = next(&map);
            if (k >= blocks) good = good && byte % 2 == 0;
            for (int i = 0; i < l->mult && k < blocks; i++) {
                int x = 0;
                if (byte % 2 && held >= 0) {
                    x = held;
                    held = -1;
                } else if (byte % 2) {
                    x = next(b);
                    if (half == 8) held = x / 16, x %= 16;
                }
                *w++ = x < half ? x : x - 2 * half;
                good = good && x != half;
            }
        }
        good = good && held <= 0;
    }
    return good;
}

/* One row of signs in whole words. */
static int unpack_plane(int c, struct bytes *b, int32_t *s)
{
    int good = 1;

    for (int i = 0, byte = 0; i < (c + 31) / 32 * 32; i++, byte /= 2) {
        if (i % 8 == 0) byte = next(b);
        if (i < c) *s++ = byte % 2 ? 1 : -1;
        else good = good && byte % 2 == 0;
    }
    return good;
}

int mnq_oracle_unpack(struct mnq_oracle_layer *l, const uint8_t *p, int64_t n, int32_t *v)
{
    struct bytes b = {p, n, 0};
    int bases = l->wtype == ORC_W_BINARY ? l->mult : 1, good = 1;
    int32_t *behind = v + (int64_t)l->oc * bases * l->c;

    l->weights = v;
    if (l->wtype == ORC_W_S4) good = unpack_s4(l, &b, v);
    if (l->wtype == ORC_W_TERNARY) good = unpack_ternary(l, &b, v);
    if (l->wtype == ORC_W_SPARSE || l->wtype == ORC_W_SPARSE4) good = unpack_sparse(l, &b, v);
    if (l->wtype == ORC_W_BINARY || l->wtype == ORC_W_XNOR) {
        for (int k = 0; k < l->oc * bases; k++, v += l->c) good = unpack_plane(l->c, &b, v) && good;
    }
    if (l->wtype == ORC_W_BINARY) {
        l->coef = behind;
        for (int k = 0; k < l->oc * bases; k++) behind[k] = bases > 1 ? next16(&b) : 1;
        for (int o = 0; o < l->oc; o++) {
            int32_t sum = 0;
            for (int k = 0; k < bases; k++) sum += behind[o * bases + k];
            good = good && sum <= 32767;
        }
        for (int k = 0; k < l->oc * bases; k++) good = good && behind[k] > 0;
    }
    if (l->wtype == ORC_W_XNOR) {
        l->threshold = behind;
        good = good && l->c <= 1024;
        for (int i = 0; i < l->c; i++) behind[i] = next16(&b);
    }
    return good && b.at == n ? 0 : -1;
}
