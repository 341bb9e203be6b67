/* SPDX-License-Identifier: Apache-2.0
 * Text of strangers as it is shown, in terminals, messages and documents. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "util/err.h"
#include "util/json.h"
#include "util/plain.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *raw, *shown, *json;
} texts[] = {
    {"plain \\ name", "plain \\ name", "\"plain \\\\ name\""},
    {"gr\xc3\xb6\xc3\x9f"
     "e \xe6\x97\xa5 \xf0\x9f\x8c\xbb",
     "gr\xc3\xb6\xc3\x9f"
     "e \xe6\x97\xa5 \xf0\x9f\x8c\xbb",
     "\"gr\xc3\xb6\xc3\x9f"
     "e \xe6\x97\xa5 \xf0\x9f\x8c\xbb\""},
    {"a\x1b[2J\ny", "a\\x1b[2J\\ny", "\"a\\u001b[2J\\ny\""},
    {"\x1b]0;title\x07\r\t\x7f", "\\x1b]0;title\\x07\\x0d\\x09\\x7f", "\"\\u001b]0;title\\u0007\\u000d\\u0009\\u007f\""},
    {"\xc2\x9b"
     "31m",
     "\\x9b31m", "\"\\u009b31m\""}, /* C1: CSI in one character */
    {"\x9b"
     "31m\xff",
     "\\x9b31m\\xff",
     "\"\xef\xbf\xbd"
     "31m\xef\xbf\xbd\""},                                           /* and in one byte */
    {"\xe2\x80\xaegpj.exe", "\\u202egpj.exe", "\"\\u202egpj.exe\""}, /* read from right to left */
    {"\xe2\x81\xa6x\xe2\x81\xa9\xd8\x9c", "\\u2066x\\u2069\\u061c", "\"\\u2066x\\u2069\\u061c\""},
    {"l\xe2\x80\xa8p\xe2\x80\xa9", "l\\u2028p\\u2029", "\"l\\u2028p\\u2029\""},
    {"t\xf3\xa0\x81\x81", "t\\U000e0041", "\"t\\udb40\\udc41\""},                                    /* a tag */
    {"\xed\xa0\x80\xc0\x80\xf4\x90\x80\x80", "\\xed\\xa0\\x80\\xc0\\x80\\xf4\\x90\\x80\\x80", NULL}, /* no UTF-8 */
    {"\xef\xbf\xbe", "\\ufffe", "\"\\ufffe\""},
};
enum { TEXTS = sizeof texts / sizeof *texts };

static void shown(void **state)
{
    char text[200];
    (void)state;
    for (int i = 0; i < TEXTS; i++) {
        assert_int_equal(mnq_plain_copy(text, sizeof text, texts[i].raw, false), strlen(texts[i].shown));
        assert_string_equal(text, texts[i].shown);
    }
    mnq_plain_copy(text, sizeof text, "a\n\x1b", true);
    assert_string_equal(text, "a\n\\x1b");
}

/* Every room there can be: never behind the end, never part of an escape. */
static void cut(void **state)
{
    (void)state;
    for (int i = 0; i < TEXTS; i++)
        for (size_t n = 1; n < strlen(texts[i].shown) + 2; n++) {
            char text[200];
            memset(text, '#', sizeof text);
            assert_int_equal(mnq_plain_copy(text, n, texts[i].raw, false), strlen(texts[i].shown));
            assert_true(strlen(text) < n);
            assert_int_equal(strncmp(text, texts[i].shown, strlen(text)), 0);
            for (size_t k = n; k < sizeof text; k++) assert_int_equal(text[k], '#');
        }
}

/* All bytes and pairs of them: nothing that drives a terminal passes. */
static void all_pairs(void **state)
{
    (void)state;
    for (unsigned a = 1; a < 256; a++)
        for (unsigned b = 1; b < 256; b++) {
            const char raw[4] = {(char)a, (char)b, 'x', 0};
            char text[64];
            size_t length;
            unsigned code = 0;
            mnq_plain_copy(text, sizeof text, raw, false);
            for (const char *s = text; *s != '\0'; s += length) {
                assert_true(mnq_plain_next(s, &length, &code));
                assert_false(mnq_plain_forbidden(code));
            }
        }
}

static void documents(void **state)
{
    (void)state;
    for (int i = 0; i < TEXTS; i++) {
        struct mnq_json j = {.indent = 0};
        if (texts[i].json == NULL) continue;
        mnq_json_array(&j, NULL);
        mnq_json_string(&j, NULL, texts[i].raw);
        mnq_json_end(&j);
        assert_false(j.failed);
        assert_int_equal(strncmp(j.text + 1, texts[i].json, strlen(texts[i].json)), 0);
        mnq_json_free(&j);
    }
}

static void messages(void **state)
{
    (void)state;
    for (int i = 0; i < TEXTS; i++) {
        struct mnq_err e = {0};
        char wanted[300];
        mnq_fail(&e, MNQ_EXIT_FAILED, "%s: bad", texts[i].raw);
        mnq_fail_in(&e, texts[i].raw);
        snprintf(wanted, sizeof wanted, "%s: %s: bad", texts[i].shown, texts[i].shown);
        assert_string_equal(e.msg, wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(shown), cmocka_unit_test(cut), cmocka_unit_test(all_pairs),
                                       cmocka_unit_test(documents), cmocka_unit_test(messages)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
