/* SPDX-License-Identifier: Apache-2.0
 * NUMERICS.md sections 2, 3 and 8 as exact rational formulas.
 *
 * floor(x + 1/2) is computed as floor((floor(2x) + 1) / 2), so that no intermediate value needs more than 63 bits. */
#include "oracle.h"

/* floor(a / b), b > 0: C's division truncates towards zero. */
static int64_t floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return a % b < 0 ? q - 1 : q;
}

static int64_t clamp64(int64_t x, int64_t lo, int64_t hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

int32_t mnq_oracle_requant(int32_t acc, int32_t m, int r)
{
    int64_t a = acc;
    int s = r + 32;

    if (r < 1) {
        a = clamp64(a * ((int64_t)1 << (1 - r)), INT32_MIN, INT32_MAX);
        s = 33;
    }
    return (int32_t)floor_div(floor_div(a * m, (int64_t)1 << (s - 1)) + 1, 2);
}

/* Straight lines between the knots; 256 times what they say. */
static int64_t between_knots(const int32_t *table, int64_t t)
{
    int64_t i = floor_div(t, 256), f = t - 256 * i;
    return (256 - f) * table[i + 128] + f * table[i + 129];
}

int32_t mnq_oracle_stage(const struct mnq_oracle_layer *l, int ch, int32_t acc)
{
    int64_t y = mnq_oracle_requant(acc, l->m[ch], (int)l->r[ch]);

    if (l->act == ORC_PRELU) {
        int32_t sign = l->m2[ch] < 0 ? -1 : 1;
        if (acc < 0) y = mnq_oracle_requant(sign * acc, sign * l->m2[ch], (int)l->r2[ch]);
    } else if (l->act == ORC_TABLE) {
        int64_t v = between_knots(l->table, clamp64(y, -32768, 32767));
        y = mnq_oracle_requant((int32_t)v, l->m2[ch], (int)l->r2[ch]);
    } else if (l->act != ORC_CLAMP) {
        int64_t one = (int64_t)1 << l->frac;
        int64_t t = clamp64(y, -32768, 32767);
        int64_t u = clamp64(t + 3 * one, 0, 6 * one);
        int64_t v = l->act == ORC_HSWISH ? t * u : u;
        y = mnq_oracle_requant((int32_t)v, l->m2[ch], (int)l->r2[ch]);
    }
    return (int32_t)clamp64(l->zp_out + y, l->lo, l->hi);
}

/* ---- exponential ---- */

/* floor(a * b / 2^62) for a, b below 2^63, by 32-bit halves. */
static uint64_t mul_q62(uint64_t a, uint64_t b)
{
    uint64_t ah = a >> 32, al = a & 0xffffffffu, bh = b >> 32, bl = b & 0xffffffffu;
    uint64_t mid = ah * bl + (al * bl >> 32); /* no overflow: (2^31)(2^32) + 2^32 */
    uint64_t mid2 = al * bh + (mid & 0xffffffffu);
    uint64_t hi = ah * bh + (mid >> 32) + (mid2 >> 32);
    uint64_t lo = (mid2 << 32) | (al * bl & 0xffffffffu);
    return (hi << 2) | (lo >> 62);
}

/* exp(-i/64 * ln 2) by its Taylor series in Q62: alternating terms, each off by less than 2^-60. */
uint32_t mnq_oracle_exp2_table(int i)
{
    const uint64_t ln2_q62 = 0x2c5c85fdf473de6bu; /* ln(2) * 2^62 = 0.693147180559945309417 * 2^62 */
    uint64_t x = (ln2_q62 >> 6) * (uint64_t)i + ((ln2_q62 & 63u) * (uint64_t)i >> 6);
    uint64_t term = (uint64_t)1 << 62, plus = term, minus = 0;

    for (unsigned k = 1; k < 30; k++) {
        term = mul_q62(term, x) / k;
        if (k % 2) minus += term;
        else plus += term;
    }
    return (uint32_t)((plus - minus + ((uint64_t)1 << 31)) >> 32);
}

uint32_t mnq_oracle_exp2n(uint32_t t)
{
    uint32_t n = t / 65536, f = t % 65536;
    int i = (int)(f / 1024);
    uint64_t g = f % 1024;

    if (n > 30) return 0;
    uint64_t a = mnq_oracle_exp2_table(i), b = mnq_oracle_exp2_table(i + 1);
    return (uint32_t)((a - ((a - b) * g + 512) / 1024) / ((uint64_t)1 << n));
}

/* Q30 to Q16, half up. */
static uint64_t q16(uint64_t e)
{
    return (e + 8192) / 16384;
}

void mnq_oracle_softmax(const int32_t *q, int32_t *p, int n, int32_t m, int r)
{
    int32_t max = q[0];
    uint64_t sum = 0;

    for (int i = 1; i < n; i++) {
        if (q[i] > max) max = q[i];
    }
    for (int i = 0; i < n; i++) {
        p[i] = (int32_t)mnq_oracle_exp2n((uint32_t)mnq_oracle_requant(max - q[i], m, r));
        sum += (uint64_t)p[i];
    }
    sum = q16(sum);
    for (int i = 0; i < n; i++) {
        p[i] = (int32_t)clamp64((int64_t)((q16((uint64_t)p[i]) * 32768 + sum / 2) / sum), 0, 32767);
    }
}

void mnq_oracle_logistic(const int32_t *q, int32_t *p, int n, int32_t m, int r)
{
    for (int i = 0; i < n; i++) {
        uint64_t e = q16(mnq_oracle_exp2n((uint32_t)mnq_oracle_requant(q[i] < 0 ? -q[i] : q[i], m, r)));
        uint64_t den = 65536 + e, num = q[i] >= 0 ? 65536 : e;
        p[i] = (int32_t)clamp64((int64_t)((num * 32768 + den / 2) / den), 0, 32767);
    }
}
