/* SPDX-License-Identifier: Apache-2.0
 * h-swish and h-sigmoid over all 65536 pre-activations, for every F and several output scales, against the real
 * functions: largest error within 1 LSB of the real value rounded, mean error within 0.01 LSB of zero.
 *
 * A bias in h-swish costs top-1 accuracy where a larger but balanced error does not, hence the mean. It is taken over the
 * whole domain; over its n points where the function is neither zero nor clamped it must vanish as the mean of n independent
 * rounding errors does: within 0.005 LSB plus three standard deviations, 3 * sqrt(1/12) / sqrt(n). */
#include "oracle.h"

#include <math.h>
#include <stdio.h>

static int failures;

/* m * 2^-(32 + r) nearest to x. */
static void split(double x, int32_t *m, int32_t *r)
{
    int e;
    double f = frexp(x, &e);
    int64_t q = llround(f * 2147483648.0);

    if (q == (int64_t)1 << 31) q >>= 1, e++;
    *m = (int32_t)q;
    *r = -1 - e;
}

struct result {
    double mean, active, worst; /* LSB: mean error, mean over the active part, largest distance to the rounded value */
    long n_active;
};

static struct result measure(int act, int frac, double scale, int zp, int wide)
{
    int32_t m = 1 << 30, r = -2, m2, r2; /* the first requantization is the identity */
    double one = (double)(1 << frac), sum = 0.0, sum_active = 0.0;
    struct result res = {0};
    struct mnq_oracle_layer l = {.act = act, .frac = frac, .zp_out = zp, .m = &m, .r = &r, .m2 = &m2, .r2 = &r2};

    l.lo = wide ? -32768 : -128;
    l.hi = wide ? 32767 : 127;
    split(1.0 / (6.0 * one * (act == ORC_HSWISH ? one : 1.0) * scale), &m2, &r2);
    if (r2 < -30 || r2 > 31) {
        printf("FAILED: F %d, scale %g: shift %ld outside -30..31\n", frac, scale, (long)r2);
        failures++;
        return res;
    }
    for (int32_t t = -32768; t <= 32767; t++) {
        double x = t / one, gate = fmin(fmax(x + 3.0, 0.0), 6.0) / 6.0;
        double real = (act == ORC_HSWISH ? x * gate : gate) / scale + zp, y = mnq_oracle_stage(&l, 0, t);
        double clamped = fmin(fmax(real, l.lo), l.hi);
        res.worst = fmax(res.worst, fabs(y - floor(clamped + 0.5)));
        sum += y - clamped;
        if (x > -3.0 && (act == ORC_HSWISH || x < 3.0) && clamped == real) {
            sum_active += y - clamped;
            res.n_active++;
        }
    }
    res.mean = sum / 65536.0;
    res.active = res.n_active ? sum_active / (double)res.n_active : 0.0;
    return res;
}

static void check(const char *name, int act, double scale, int zp, int wide)
{
    double mean = 0.0, active = 0.0, worst = 0.0;

    for (int frac = 0; frac <= 12; frac++) {
        struct result r = measure(act, frac, scale, zp, wide);
        double noise = 0.005 + 0.87 / sqrt((double)r.n_active);
        if (r.worst > 1.0 || fabs(r.mean) > 0.01 || fabs(r.active) > noise) {
            printf("FAILED %s F %d, scale %.6g, zp %d: mean %.5f, active %.5f over %ld, worst %.0f LSB\n", name, frac, scale,
                   zp, r.mean, r.active, r.n_active, r.worst);
            failures++;
        }
        mean = fmax(mean, fabs(r.mean));
        if (frac >= 8) active = fmax(active, fabs(r.active));
        worst = fmax(worst, r.worst);
    }
    printf("%-10s %s scale %-10.6g zp %4d: |mean error| <= %.5f LSB, active part (F >= 8) <= %.5f, worst %.0f LSB\n", name,
           wide ? "s16" : "s8 ", scale, zp, mean, active, worst);
}

int main(void)
{
    static const double tops[] = {0.9, 1.7, 2.63, 3.9, 6.1, 7.7, 11.3, 23.0};

    for (unsigned i = 0; i < sizeof tops / sizeof *tops; i++) {
        double scale = (tops[i] + 0.375) / 255.0;
        check("h-swish", ORC_HSWISH, scale, -128 + (int)lround(0.375 / scale), 0);
        check("h-swish", ORC_HSWISH, tops[i] / 32700.0, 0, 1);
    }
    check("h-sigmoid", ORC_HSIGMOID, 1.0 / 255.0, -128, 0);
    check("h-sigmoid", ORC_HSIGMOID, 1.0 / 127.0, 0, 0);
    check("h-sigmoid", ORC_HSIGMOID, 1.0 / 32767.0, 0, 1);
    return failures != 0;
}
