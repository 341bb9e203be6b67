/* SPDX-License-Identifier: Apache-2.0
 * The arena: alignment, zeroing, overflow, reuse. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "util/arena.h"

#include <stdint.h>
#include <string.h>

static void aligned_zeroed_disjoint(void **state)
{
    static const size_t size[] = {0, 1, 63, 64, 65, 1000, 65536, 65537, 200000, 3, 1 << 20, 7};
    enum { COUNT = sizeof size / sizeof *size };
    unsigned char *p[COUNT];
    struct mnq_arena a = {0};
    (void)state;
    for (int round = 0; round < 2; round++) { /* the second time after a free */
        size_t total = 0;
        for (int i = 0; i < COUNT; i++) {
            p[i] = mnq_arena_alloc(&a, size[i]);
            assert_non_null(p[i]);
            assert_int_equal((uintptr_t)p[i] % 64, 0);
            for (size_t k = 0; k < size[i]; k++) assert_int_equal(p[i][k], 0);
            memset(p[i], i + 1, size[i]);
            total += size[i];
        }
        for (int i = 0; i < COUNT; i++)
            for (size_t k = 0; k < size[i]; k++) assert_int_equal(p[i][k], i + 1);
        assert_true(a.used >= total);
        mnq_arena_free(&a);
        assert_int_equal(a.used, 0);
        assert_null(a.head);
    }
}

static void overflow_gives_null(void **state)
{
    struct mnq_arena a = {0};
    (void)state;
    assert_null(mnq_arena_alloc(&a, SIZE_MAX));
    assert_null(mnq_arena_alloc(&a, SIZE_MAX - 64));
    assert_null(mnq_arena_array(&a, SIZE_MAX / 2, 3));
    assert_null(mnq_arena_array(&a, 3, SIZE_MAX / 2));
    assert_non_null(mnq_arena_array(&a, 0, 8));
    assert_non_null(mnq_arena_array(&a, 5, 0));
    int *v = mnq_arena_array(&a, 1000, sizeof *v);
    assert_non_null(v);
    v[999] = 1;
    mnq_arena_free(&a);
}

static void copies_strings(void **state)
{
    struct mnq_arena a = {0};
    char text[] = "block_1_project";
    (void)state;
    char *copy = mnq_arena_strdup(&a, text);
    text[0] = 'x';
    assert_string_equal(copy, "block_1_project");
    assert_string_equal(mnq_arena_strdup(&a, ""), "");
    mnq_arena_free(&a);
    mnq_arena_free(&a); /* twice is harmless */
}

/* What one arena gave out lives as long as the other, in front of which small requests still find room. */
static void taken_over(void **state)
{
    struct mnq_arena a = {0}, b = {0};
    (void)state;
    for (int round = 0; round < 2; round++) {
        if (round == 1) assert_non_null(mnq_arena_alloc(&a, 10));
        unsigned char *p = mnq_arena_alloc(&b, 100), *q = mnq_arena_alloc(&b, 1 << 18);
        assert_true(p != NULL && q != NULL);
        memset(p, 7, 100);
        memset(q, 8, 1 << 18);
        const size_t used = a.used + b.used;
        mnq_arena_take(&a, &b);
        assert_int_equal(a.used, used);
        assert_true(b.head == NULL && b.used == 0);
        unsigned char *more = mnq_arena_alloc(&a, 1000);
        assert_non_null(more);
        memset(more, 9, 1000);
        assert_int_equal(p[99], 7);
        assert_int_equal(q[(1 << 18) - 1], 8);
    }
    mnq_arena_take(&a, &b); /* nothing */
    mnq_arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(aligned_zeroed_disjoint), cmocka_unit_test(overflow_gives_null),
                                       cmocka_unit_test(copies_strings), cmocka_unit_test(taken_over)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
