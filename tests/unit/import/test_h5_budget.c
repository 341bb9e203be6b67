/* SPDX-License-Identifier: Apache-2.0
 * Processor time of the process that reads an HDF5 file: all answers share a budget, rows of samples do not.
 *
 * The clock is played (the linker wraps mnq_worker_seconds): what is tested is what the time is counted for. That one answer
 * which takes too long ends its process is in test_worker.c, with the real one. */
#include "h5text.h"
#include "import/h5file.h"
#include "tempdir.h"
#include "util/worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

enum { BUDGET = 12 }; /* seconds for a small file: four times the three that one answer may take */

static double clock_now, answer_takes;

double __wrap_mnq_worker_seconds(const struct mnq_worker *w);
double __wrap_mnq_worker_seconds(const struct mnq_worker *w)
{
    (void)w;
    return clock_now += answer_takes;
}

static struct mnq_h5 *open_file(struct mnq_arena *arena, double takes)
{
    static const char text[] = "d /x u8 2,4\n";
    struct mnq_err e = {0};
    size_t size;
    int bad;
    uint8_t *bytes = mnq_h5text(text, strlen(text), &size, &bad);
    assert_true(bytes != NULL && bad == 0);
    const char *path = mnq_temp_write("x.h5", bytes, size);
    free(bytes);
    clock_now = 0;
    answer_takes = takes;
    struct mnq_h5 *h = mnq_h5_open(path, arena, &e);
    if (h == NULL) fail_msg("%s", e.msg);
    return h;
}

/* None of them is too long by itself. */
static void answers_share_a_budget(void **state)
{
    struct mnq_arena arena = {0};
    struct mnq_err e = {0};
    struct mnq_h5_data d;
    const char *path = "/x";
    struct mnq_h5info info;
    (void)state;
    struct mnq_h5 *h = open_file(&arena, 1);
    int n = 0;
    while (n < 100 && (n % 2 == 0 ? mnq_h5_shapes(h, &path, 1, &d, &e) : mnq_h5_info(h, "/x", &info, &e)) == 0) n++;
    assert_in_range(n, BUDGET - 2, BUDGET);
    assert_non_null(strstr(e.msg, "x.h5: the HDF5 library fails on it: damaged (it takes more than 12 s in all)"));
    assert_int_equal(mnq_h5_shapes(h, &path, 1, &d, &e), -1); /* and it stays so */
    mnq_h5_close(h);
    mnq_arena_free(&arena);
}

/* They are read as often as anybody wants them. */
static void rows_cost_nothing(void **state)
{
    struct mnq_arena arena = {0};
    struct mnq_err e = {0};
    struct mnq_h5_data d;
    const char *path = "/x";
    uint8_t row[4];
    (void)state;
    struct mnq_h5 *h = open_file(&arena, 1);
    for (int i = 0; i < 10 * BUDGET; i++)
        assert_int_equal(mnq_h5_rows(h, "/x", (uint64_t)(i % 2), 1, row, sizeof row, &e), 0);
    assert_int_equal(mnq_h5_shapes(h, &path, 1, &d, &e), 0);
    mnq_h5_close(h);
    mnq_arena_free(&arena);
}

static int setup(void **state)
{
    (void)state;
    mnq_temp_make();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mnq_temp_remove();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers_share_a_budget), cmocka_unit_test(rows_cost_nothing)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
