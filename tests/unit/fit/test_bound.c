/* SPDX-License-Identifier: Apache-2.0
 * Bounds of mean losses: quantiles against known ones, limits where nothing is lost, and coverage by simulation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bound.h"

#include <math.h>
#include <string.h>

enum { PICTURES = 200 };

static void assert_close(double got, double wanted, double by)
{
    if (!(fabs(got - wanted) <= by)) fail_msg("%.12g, wanted %.12g", got, wanted);
}

/* Twice a gamma variable of shape k is chi-squared with 2 k degrees of freedom: printed tables. */
static void quantiles_are_those_of_tables(void **state)
{
    (void)state;
    assert_close(mnq_gamma_quantile(1, 0.9), -log(0.1), 1e-12);
    assert_close(2 * mnq_gamma_quantile(0.5, 0.95), 3.841458820694124, 1e-9);
    assert_close(2 * mnq_gamma_quantile(5, 0.025), 3.246972780236845, 1e-9);
    assert_close(2 * mnq_gamma_quantile(50, 0.975), 129.56119718583659, 1e-7);
    assert_close(2 * mnq_gamma_quantile(1000, 0.9), 2081.4686, 1e-3);
}

/* Equal losses are a Poisson count: the exact interval of Garwood 1936. */
static void equal_losses_are_counts(void **state)
{
    (void)state;
    double loss[PICTURES] = {0};
    for (int i = 0; i < 10; i++) loss[7 * i] = 40;
    struct mnq_bound b = mnq_bound_of(loss, PICTURES);
    assert_close(b.points, 2, 1e-12);
    assert_close(b.low, 4.795389 * 40 / PICTURES, 1e-5);
    assert_close(b.high, 18.390356 * 40 / PICTURES, 1e-5);
    assert_true(b.upper < b.high);
    assert_int_equal(b.pictures, PICTURES);
}

/* No picture that loses is no proof: the bound is above zero and falls with their number, as the number wanted says. */
static void nothing_lost_is_no_proof(void **state)
{
    (void)state;
    double loss[PICTURES] = {0};
    double last = 101;
    for (int n = 5; n <= PICTURES; n += 5) {
        struct mnq_bound b = mnq_bound_of(loss, n);
        assert_true(b.points == 0 && b.low == 0 && b.upper > 0 && b.upper < last);
        last = b.upper;
        long wanted = mnq_bound_pictures(loss, n, 1);
        if (b.upper <= 1) assert_int_equal(wanted, n);
        else {
            assert_true(wanted > n);
            assert_true(mnq_bound_of(loss, PICTURES).upper <= 1 || wanted > PICTURES);
        }
    }
    loss[0] = 100;
    assert_int_equal(mnq_bound_pictures(loss, 50, 1), -1); /* the mean is above */
}

static double draw(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(*seed >> 11) / 9007199254740992.0;
}

/* Pictures lose with a small probability, and then between nothing and 40 points: intervals hold the mean as often as said.
 */
/* Half of what is small, all of what is everything; promises are not touched, and the order stays. */
static void told_is_no_more_than_priced(void **state)
{
    (void)state;
    double before = -1;
    for (double p = 0; p <= 100; p += 0.5) {
        const struct mnq_bound b = {.points = p, .low = 0.7 * p, .high = 1.5 * p, .upper = 1.3 * p, .pictures = 9};
        const struct mnq_bound t = mnq_bound_told(b);
        assert_true(t.points >= p / 2 && t.points <= p && t.points > before);
        assert_true(t.low >= b.low / 4 && t.low <= t.points);
        assert_true(t.high == b.high && t.upper == b.upper && t.pictures == 9);
        before = t.points;
    }
    assert_close(mnq_bound_told((struct mnq_bound){.points = 100, .low = 100}).points, 100, 1e-9);
    assert_close(mnq_bound_told((struct mnq_bound){.points = 2}).points, 1.02, 1e-9);
}

static void intervals_cover(void **state)
{
    (void)state;
    static const double share[] = {0.002, 0.01, 0.05, 0.3};
    enum { RUNS = 1000 };
    uint64_t seed = 5;
    for (int k = 0; k < 4; k++) {
        int inside = 0, kept = 0;
        double mean = share[k] * 20;
        for (int r = 0; r < RUNS; r++) {
            double loss[PICTURES];
            for (int i = 0; i < PICTURES; i++) loss[i] = draw(&seed) < share[k] ? 40 * draw(&seed) : 0;
            struct mnq_bound b = mnq_bound_of(loss, PICTURES);
            inside += b.low <= mean && mean <= b.high;
            kept += mean <= b.upper;
        }
        assert_in_range(inside, 945, RUNS);
        assert_in_range(kept, 895, RUNS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(quantiles_are_those_of_tables),
                                       cmocka_unit_test(equal_losses_are_counts), cmocka_unit_test(nothing_lost_is_no_proof),
                                       cmocka_unit_test(told_is_no_more_than_priced), cmocka_unit_test(intervals_cover)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
