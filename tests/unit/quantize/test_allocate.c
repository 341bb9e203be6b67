/* SPDX-License-Identifier: Apache-2.0
 * Sharing a total: against all combinations where the Lagrangian solution is exact, and what must hold always. */
#include "quantize/allocate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { LAYERS = 4, LEVELS = 5 };

struct offers {
    double amount[LAYERS][LEVELS], cost[LAYERS][LEVELS];
    struct mnq_offer offer[LAYERS];
};

/* Random convex offers, or wild ones. */
static void make(struct offers *o, bool convex)
{
    memset(o, 0, sizeof *o);
    for (int l = 0; l < LAYERS; l++) {
        double slope = 0.1;
        for (int k = 1; k < LEVELS; k++) {
            double step = 1 + rand() % 5;
            slope = convex ? slope * (1 + rand() % 100 / 50.0) : rand() % 1000 / 100.0;
            o->amount[l][k] = o->amount[l][k - 1] + step;
            o->cost[l][k] = o->cost[l][k - 1] + slope * step;
        }
        o->offer[l] = (struct mnq_offer){LEVELS, o->amount[l], o->cost[l]};
    }
}

/* Cost of an amount, linear between points. */
static double cost_of(const struct mnq_offer *o, double amount)
{
    for (int k = 1; k < o->n; k++)
        if (amount <= o->amount[k] + 1e-9)
            return o->cost[k - 1] +
                   (o->cost[k] - o->cost[k - 1]) * (amount - o->amount[k - 1]) / (o->amount[k] - o->amount[k - 1]);
    return HUGE_VAL;
}

static void convex_is_optimal(void **state)
{
    (void)state;
    srand(7);
    for (int round = 0; round < 200; round++) {
        struct offers o;
        double amount[LAYERS], most = 0, sum = 0, cost = 0, best = HUGE_VAL;
        make(&o, true);
        for (int l = 0; l < LAYERS; l++) most += o.amount[l][LEVELS - 1];
        double want = floor(most * (rand() % 100) / 100);
        assert_int_equal(mnq_allocate(o.offer, LAYERS, want, true, amount, NULL), 0);
        for (int l = 0; l < LAYERS; l++) {
            sum += amount[l];
            cost += cost_of(&o.offer[l], amount[l]);
        }
        assert_true(fabs(sum - want) < 1e-9);
        /* whole numbers suffice: points and total are whole */
        for (int a = 0; a <= o.amount[0][LEVELS - 1]; a++)
            for (int b = 0; b <= o.amount[1][LEVELS - 1]; b++)
                for (int c = 0; c <= o.amount[2][LEVELS - 1]; c++) {
                    double d = want - a - b - c;
                    if (d < 0 || d > o.amount[3][LEVELS - 1]) continue;
                    best = fmin(best, cost_of(&o.offer[0], a) + cost_of(&o.offer[1], b) + cost_of(&o.offer[2], c) +
                                          cost_of(&o.offer[3], d));
                }
        assert_true(cost <= best + 1e-9);
    }
}

static void whole_points(void **state)
{
    (void)state;
    srand(8);
    for (int round = 0; round < 500; round++) {
        struct offers o;
        double amount[LAYERS], more[LAYERS], most = 0, sum = 0, sum_more = 0;
        make(&o, false);
        for (int l = 0; l < LAYERS; l++) most += o.amount[l][LEVELS - 1];
        double want = most * (rand() % 90) / 100;
        assert_int_equal(mnq_allocate(o.offer, LAYERS, want, false, amount, NULL), 0);
        assert_int_equal(mnq_allocate(o.offer, LAYERS, want + most / 10, false, more, NULL), 0);
        for (int l = 0; l < LAYERS; l++) {
            bool point = false;
            for (int k = 0; k < LEVELS; k++) point = point || fabs(amount[l] - o.amount[l][k]) < 1e-9;
            assert_true(point);
            assert_true(more[l] >= amount[l] - 1e-9); /* who wants more takes nothing back */
            sum += amount[l];
            sum_more += more[l];
        }
        assert_true(sum >= want && sum_more >= want + most / 10 - 1e-9);
    }
}

static void too_much(void **state)
{
    (void)state;
    struct offers o;
    struct mnq_err e = {0};
    double amount[LAYERS];
    srand(9);
    make(&o, true);
    assert_int_equal(mnq_allocate(o.offer, LAYERS, 1000, true, amount, &e), -1);
    assert_non_null(strstr(e.msg, "1000 is wanted"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(convex_is_optimal), cmocka_unit_test(whole_points),
                                       cmocka_unit_test(too_much)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
