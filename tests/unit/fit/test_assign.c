/* SPDX-License-Identifier: Apache-2.0
 * Mixed precision: the path of least noise against every combination, and what noise is expected to cost. */
#include "assign.h"

#include <math.h>
#include <stdlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { LAYERS = 4, FORMATS = 4 };

static void assert_close(double got, double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance)) fail_msg("got %.17g, wanted %.17g", got, wanted);
}

static double uniform(void)
{
    return (double)rand() / RAND_MAX;
}

static void random_choices(struct mnq_choices *c)
{
    for (int i = 0; i < LAYERS; i++) {
        c[i] = (struct mnq_choices){.node = i, .n = FORMATS};
        for (int k = 0; k < FORMATS; k++)
            c[i].candidate[k] =
                (struct mnq_candidate){.bytes = 100 * (1 + i) / (1 + k), .noise = k * uniform() + 0.01 * uniform()};
    }
}

/* Least noise of all combinations that need no more than `limit` bytes. */
static double brute_force(const struct mnq_choices *c, double limit)
{
    double best = HUGE_VAL;
    for (int code = 0; code < FORMATS * FORMATS * FORMATS * FORMATS; code++) {
        double bytes = 0, noise = 0;
        for (int i = 0, rest = code; i < LAYERS; i++, rest /= FORMATS) {
            bytes += c[i].candidate[rest % FORMATS].bytes;
            noise += c[i].candidate[rest % FORMATS].noise;
        }
        if (bytes <= limit + 1e-9) best = fmin(best, noise);
    }
    return best;
}

/* Every prefix of the path is optimal for its own size. */
static void every_prefix_is_optimal(void **state)
{
    (void)state;
    srand(1);
    for (int t = 0; t < 200; t++) {
        struct mnq_choices c[LAYERS], all[LAYERS];
        struct mnq_step_down step[LAYERS * MNQ_FORMATS_MAX];
        int at[LAYERS] = {0};
        random_choices(c);
        for (int i = 0; i < LAYERS; i++) all[i] = c[i];
        int n = mnq_assign_path(c, LAYERS, step);
        for (int k = 0; k <= n; k++) {
            double bytes = 0, noise = 0;
            for (int i = 0; i < LAYERS; i++) {
                bytes += c[i].candidate[at[i]].bytes;
                noise += c[i].candidate[at[i]].noise;
            }
            assert_true(noise <= brute_force(all, bytes) + 1e-9);
            if (k == n) break;
            assert_int_equal(step[k].to, at[step[k].choices] + 1); /* steps of a layer come in order */
            at[step[k].choices]++;
        }
        for (int i = 0; i < LAYERS; i++) assert_int_equal(at[i], c[i].n - 1);
    }
}

static void bytes_of_formats(void **state)
{
    (void)state;
    struct mnq_wformat f[] = {{16, 0, 8}, {8, 0, 8}, {4, 0, 8}, {2, 0, 8}, {1, 1, 8}, {1, 3, 8}};
    double want[] = {2 * 6400, 6400, 3200, 100 * 13, 100 * 8, 100 * 3 * (8 + 2)}; /* 64 inputs: two words a row and base */
    for (size_t i = 0; i < sizeof f / sizeof *f; i++) assert_close(mnq_wformat_bytes(&f[i], 6400, 100), want[i], 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_prefix_is_optimal), cmocka_unit_test(bytes_of_formats)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
