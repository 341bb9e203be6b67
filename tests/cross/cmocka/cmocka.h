/* SPDX-License-Identifier: Apache-2.0
 * The few names of cmocka that tests/unit/runtime uses, for cores whose cmocka nobody packages: the first failure ends the
 * program. */
#ifndef MNQ_TEST_CMOCKA_H
#define MNQ_TEST_CMOCKA_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct CMUnitTest {
    const char *name;
    void (*run)(void **state);
};

#define cmocka_unit_test(f)                                                                                                 \
    {                                                                                                                       \
#f, f                                                                                                               \
    }
#define cmocka_run_group_tests(tests, setup, teardown) mnq_run_tests(tests, sizeof(tests) / sizeof *(tests), setup, teardown)
#define fail_msg(...)                                  (printf("%s:%d: ", __FILE__, __LINE__), printf(__VA_ARGS__), printf("\n"), exit(1))
#define assert_true(c)                                 ((c) ? (void)0 : fail_msg("not true: %s", #c))
#define assert_non_null(p)                             assert_true((p) != NULL)
#define assert_null(p) assert_true((p) == NULL)
#define assert_false(c) assert_true(!(c))
#define assert_ptr_equal(a, b)                         assert_true((const void *)(a) == (const void *)(b))
#define assert_int_equal(a, b)                         assert_true((uintmax_t)(a) == (uintmax_t)(b))
#define assert_memory_equal(a, b, n)                   assert_true(memcmp(a, b, n) == 0)
#define assert_string_equal(a, b)                      assert_true(strcmp(a, b) == 0)
#define assert_string_not_equal(a, b)                  assert_true(strcmp(a, b) != 0)

static inline int mnq_run_tests(const struct CMUnitTest *test, size_t n, int (*setup)(void **), int (*teardown)(void **))
{
    void *state = NULL;
    if (setup != NULL && setup(&state) != 0) fail_msg("the setup fails");
    for (size_t i = 0; i < n; i++) test[i].run(&state);
    if (teardown != NULL && teardown(&state) != 0) fail_msg("the teardown fails");
    printf("%zu tests\n", n);
    return 0;
}

#endif
