/* SPDX-License-Identifier: Apache-2.0
 * Text tables and numbers for people. */
#include "table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void alignment(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    struct mnq_table t;
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    assert_non_null(f);
    mnq_table_init(&t, &arena, "lrl");
    mnq_table_row(&t, "layer", "MACs", "kind");
    mnq_table_row(&t, "conv1", "7", "");
    mnq_table_row(&t, "größe", "123456", "x");
    mnq_table_cell(&t, "%s", "sh\033rt"); /* an unfinished row */
    mnq_table_print(&t, f, "<", ">");
    fclose(f);
    assert_string_equal(text, "<layer       MACs  kind>\n"
                              "conv1          7\n"
                              "größe     123456  x\n"
                              "sh\\x1brt\n");
    free(text);
    mnq_arena_free(&arena);
}

static void many_rows(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    struct mnq_table t;
    mnq_table_init(&t, &arena, "r");
    for (int i = 0; i < 1000; i++) mnq_table_cell(&t, "%d", i);
    assert_int_equal(t.n, 1000);
    assert_string_equal(t.cell[0], "0");
    assert_string_equal(t.cell[999], "999");
    mnq_arena_free(&arena);
}

static void numbers(void **state)
{
    (void)state;
    char text[32];
    assert_string_equal(mnq_text_bytes(text, 0), "0 B");
    assert_string_equal(mnq_text_bytes(text, 999), "999 B");
    assert_string_equal(mnq_text_bytes(text, 1000), "0.98 KiB");
    assert_string_equal(mnq_text_bytes(text, 221794), "217 KiB");
    assert_string_equal(mnq_text_bytes(text, 1048576), "1.00 MiB");
    assert_string_equal(mnq_text_bytes(text, 17015456), "16.2 MiB");
    assert_string_equal(mnq_text_count(text, 0), "0");
    assert_string_equal(mnq_text_count(text, 999), "999");
    assert_string_equal(mnq_text_count(text, 7489664), "7,489,664");
    assert_string_equal(mnq_text_count(text, -1000), "-1,000");
    assert_string_equal(mnq_text_count(text, INT64_MIN), "-9,223,372,036,854,775,808");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(alignment), cmocka_unit_test(many_rows), cmocka_unit_test(numbers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
