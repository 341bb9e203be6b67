/* SPDX-License-Identifier: Apache-2.0
 * Errors: the first one stays, context goes in front, long text is cut and not overrun. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "util/err.h"

#include <string.h>

static void first_error_stays(void **state)
{
    struct mnq_err e = {0};
    (void)state;
    assert_int_equal(mnq_fail(&e, MNQ_EXIT_USAGE, "%s: %d channels, wanted %d", "a.h5", 1, 3), -1);
    assert_int_equal(mnq_fail(&e, MNQ_EXIT_FAILED, "later"), -1);
    assert_int_equal(mnq_fail_nomem(&e), -1);
    assert_int_equal(e.code, MNQ_EXIT_USAGE);
    assert_string_equal(e.msg, "a.h5: 1 channels, wanted 3");
}

static void context(void **state)
{
    struct mnq_err e = {0};
    (void)state;
    mnq_fail(&e, MNQ_EXIT_FAILED, "no kernel");
    assert_int_equal(mnq_fail_in(&e, "conv1"), -1);
    assert_int_equal(mnq_fail_in(&e, "m.h5"), -1);
    assert_string_equal(e.msg, "m.h5: conv1: no kernel");
    assert_int_equal(e.code, MNQ_EXIT_FAILED);
}

static void nobody_listens(void **state)
{
    (void)state;
    assert_int_equal(mnq_fail(NULL, MNQ_EXIT_FAILED, "x"), -1);
    assert_int_equal(mnq_fail_in(NULL, "x"), -1);
    assert_int_equal(mnq_fail_nomem(NULL), -1);
}

static void memory(void **state)
{
    struct mnq_err e = {0};
    (void)state;
    mnq_fail_nomem(&e);
    assert_int_equal(e.code, MNQ_EXIT_FAILED);
    assert_string_equal(e.msg, "out of memory");
}

static void long_text_is_cut(void **state)
{
    struct mnq_err e = {0};
    char text[3000];
    (void)state;
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    mnq_fail(&e, MNQ_EXIT_FAILED, "%s", text);
    assert_int_equal(strlen(e.msg), sizeof e.msg - 1);
    mnq_fail_in(&e, "where");
    assert_int_equal(strlen(e.msg), sizeof e.msg - 1);
    assert_memory_equal(e.msg, "where: aaa", 10);
    mnq_fail_in(&e, text); /* leaves no room for anything else */
    assert_true(strlen(e.msg) < sizeof e.msg);
}

static void always_one_line(void **state)
{
    struct mnq_err e = {0};
    (void)state;
    mnq_fail(&e, MNQ_EXIT_FAILED, "layer \"%s\"", "a\nb\x1b[2J\x7f\xc3\xa9");
    mnq_fail_in(&e, "x\ty");
    assert_string_equal(e.msg, "x\\x09y: layer \"a\\nb\\x1b[2J\\x7f\xc3\xa9\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(first_error_stays), cmocka_unit_test(context),
                                       cmocka_unit_test(nobody_listens),    cmocka_unit_test(memory),
                                       cmocka_unit_test(long_text_is_cut),  cmocka_unit_test(always_one_line)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
