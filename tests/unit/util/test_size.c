/* SPDX-License-Identifier: Apache-2.0
 * Numbers of bytes with and without suffixes. */
#include "util/size.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void good(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t want;
    } list[] = {{"0", 0},          {"204800", 204800}, {"200k", 200000},           {"200K", 200000},
                {"200kB", 200000}, {"200Ki", 204800},  {"200KiB", 204800},         {"200kiB", 204800},
                {"1M", 1000000},   {"1MiB", 1048576},  {"2GiB", (int64_t)2 << 30}, {"0.5M", 500000},
                {"1.5KiB", 1536},  {"0.1KiB", 102}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        int64_t got = -1;
        if (mnq_size_parse(list[i].text, &got) != 0) fail_msg("'%s' is refused", list[i].text);
        assert_int_equal(got, list[i].want);
    }
}

static void bad(void **state)
{
    (void)state;
    static const char *const list[] = {"",
                                       "k",
                                       "-1",
                                       "+1",
                                       " 1",
                                       "1 ",
                                       "1 k",
                                       "1.5",
                                       "1e3",
                                       "0x10",
                                       "1b",
                                       "1B",
                                       "1kb",
                                       "1kBB",
                                       "1m",
                                       "1T",
                                       "1kik",
                                       "1..5k",
                                       ".5k",
                                       "1.k.",
                                       "nan",
                                       "inf",
                                       "1,5k",
                                       "99999999999999999999999999999",
                                       "99999999999999999G",
                                       "1MM"};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        int64_t got = -77;
        if (mnq_size_parse(list[i], &got) == 0) fail_msg("'%s' is taken as %ld", list[i], (long)got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(good), cmocka_unit_test(bad)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
