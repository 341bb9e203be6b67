/* SPDX-License-Identifier: Apache-2.0
 * The thread pool: every item once, worker numbers in range, the lowest error whatever the thread count. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "util/pool.h"

#include <string.h>

enum { ITEMS = 1000, THREADS = 8 };

struct job {
    int count[ITEMS], busy[THREADS], bad, threads, fail_from;
};

static int work(void *ctx, int i, int w, struct mnq_err *e)
{
    struct job *job = ctx;
    if (w < 0 || w >= job->threads) {
        job->bad = 1;
        return 0;
    }
    job->busy[w]++; /* belongs to worker w: no lock */
    job->count[i]++;
    if (i >= job->fail_from) return mnq_fail(e, MNQ_EXIT_FAILED, "item %d", i);
    return 0;
}

static void every_item_once(void **state)
{
    (void)state;
    for (int threads = 1; threads <= THREADS; threads++) {
        for (int n = 0; n <= ITEMS; n += n < 10 ? 1 : 330) {
            struct job job = {.threads = threads, .fail_from = ITEMS};
            struct mnq_err e = {0};
            int sum = 0;
            assert_int_equal(mnq_pool_for(n, threads, work, &job, &e), 0);
            assert_int_equal(job.bad, 0);
            for (int i = 0; i < ITEMS; i++) assert_int_equal(job.count[i], i < n);
            for (int w = 0; w < THREADS; w++) sum += job.busy[w];
            assert_int_equal(sum, n);
        }
    }
}

static void lowest_error(void **state)
{
    (void)state;
    for (int threads = 1; threads <= THREADS; threads++) {
        for (int round = 0; round < 20; round++) {
            struct job job = {.threads = threads, .fail_from = 50};
            struct mnq_err e = {0};
            assert_int_equal(mnq_pool_for(ITEMS, threads, work, &job, &e), -1);
            assert_int_equal(e.code, MNQ_EXIT_FAILED);
            assert_string_equal(e.msg, "item 50");
            for (int i = 0; i < 50; i++) assert_int_equal(job.count[i], 1);
            for (int i = 50 + threads; i < ITEMS; i++)
                assert_int_equal(job.count[i], 0); /* nothing starts behind an error */
        }
    }
}

static void odd_thread_counts(void **state)
{
    struct job job = {.threads = 1, .fail_from = ITEMS};
    struct mnq_err e = {0};
    (void)state;
    assert_int_equal(mnq_pool_for(3, 0, work, &job, &e), 0);
    assert_int_equal(mnq_pool_for(3, -5, work, &job, &e), 0);
    assert_int_equal(job.count[2], 2);
    assert_int_equal(mnq_pool_for(1, THREADS, work, &job, NULL), 0); /* one item, one worker */
    assert_int_equal(job.bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_item_once), cmocka_unit_test(lowest_error),
                                       cmocka_unit_test(odd_thread_counts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
