/* SPDX-License-Identifier: Apache-2.0
 * Requantization is one rounding: the definition as an exact fraction, the two-step form that processors use, and the
 * runtime's fixed.h agree on millions of random triples and on all combinations of extremes. */
#include "fixed.h"
#include "oracle.h"
#include "rng.h"

#include <stdio.h>

__extension__ typedef __int128 wide;

static long checked, failed;

/* floor(acc * m / 2^s + 1/2) as a fraction, for any s 2..63. */
static int64_t exact(int64_t acc, int64_t m, int s)
{
    wide num = ((wide)acc * m * 2) + ((wide)1 << s), den = (wide)1 << (s + 1), q = num / den;
    return (int64_t)(num % den < 0 ? q - 1 : q);
}

/* A truncating high multiply, then a rounding shift right by s - 32. */
static int64_t two_step(int32_t acc, int32_t m, int s)
{
    int64_t h = ((int64_t)acc * m) >> 32;
    return (h + ((int64_t)1 << (s - 33))) >> (s - 32);
}

static void check(int32_t acc, int32_t m, int r)
{
    int64_t want = mnq_oracle_requant(acc, m, r), got = mnq_requant(acc, m, r);
    int bad = want != got;

    if (r >= 1) {
        bad |= exact(acc, m, r + 32) != want || two_step(acc, m, r + 32) != want;
    } else {
        wide a = (wide)acc * ((wide)1 << (1 - r));
        int inside = a >= INT32_MIN && a <= INT32_MAX;
        if (inside && r + 32 >= 2) bad |= exact(acc, m, r + 32) != want;
        if (!inside) bad |= exact(a < 0 ? INT32_MIN : INT32_MAX, m, 33) != want;
    }
    if (bad && failed++ < 10) {
        printf("FAILED acc %ld, m %ld, r %d: oracle %lld, fixed.h %lld\n", (long)acc, (long)m, r, (long long)want,
               (long long)got);
    }
    checked++;
}

int main(void)
{
    static const int32_t acc[] = {
        INT32_MIN, INT32_MIN + 1, -(1 << 30),    -65536,  -32769,        -3,       -2, -1, 0, 1, 2, 3,
        32767,     65535,         (1 << 30) - 1, 1 << 30, INT32_MAX - 1, INT32_MAX};
    static const int32_t mult[] = {0,        1, 2, 3, 65535, 1 << 29, (1 << 30) - 1, 1 << 30, (1 << 30) + 1, INT32_MAX - 1,
                                   INT32_MAX};
    struct mnq_rng g = mnq_rng_seed(1, 1);

    for (unsigned i = 0; i < sizeof acc / sizeof *acc; i++) {
        for (unsigned j = 0; j < sizeof mult / sizeof *mult; j++) {
            for (int r = -30; r <= 31; r++) check(acc[i], mult[j], r);
        }
    }
    for (long i = 0; i < 6000000; i++) {
        int32_t a = (int32_t)(mnq_rng_u64(&g) >> 32 & 0x7fffffff);
        a = (i & 1 ? -a : a) >> mnq_rng_in(&g, 0, 30); /* every magnitude */
        check(a, mnq_rng_in(&g, i % 8 ? 1 << 30 : 0, INT32_MAX), mnq_rng_in(&g, i % 4 ? 1 : -30, 31));
    }
    printf("requant: %ld triples, %ld failures\n", checked, failed);
    return failed != 0;
}
