/* SPDX-License-Identifier: Apache-2.0
 * Trials: surviving work, crashing, spinning and exiting work; nothing of it shows here. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "util/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <unistd.h>

static void fine(void *ctx)
{
    *(int *)ctx = 5;
    puts("this must not appear");
}

static void aborts(void *ctx)
{
    (void)ctx;
    abort();
}

static void faults(void *ctx)
{
    (void)ctx;
    raise(SIGSEGV);
}

static void exits(void *ctx)
{
    (void)ctx;
    _exit(0); /* not the end of the work */
}

static void spins(void *ctx)
{
    volatile unsigned *n = ctx;
    for (;;) ++*n;
}

static void trials(void **state)
{
    int value = 1;
    (void)state;
    assert_int_equal(mnq_trial(fine, &value, 10), 0);
    assert_int_equal(value, 1); /* the child's memory is not ours */
    assert_int_equal(mnq_trial(aborts, &value, 10), -1);
    assert_int_equal(mnq_trial(faults, &value, 10), -1);
    assert_int_equal(mnq_trial(exits, &value, 10), -1);
    assert_int_equal(mnq_trial(spins, &value, 1), -1);
    assert_int_equal(mnq_trial(fine, &value, 10), 0);
    assert_int_equal(value, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(trials)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
