/* SPDX-License-Identifier: Apache-2.0
 * The YAML and JSON reader: trees, typed values, positions in messages, hostile text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "util/ydoc.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mnq_arena arena;
static struct mnq_err err;

static int setup(void **state)
{
    (void)state;
    memset(&err, 0, sizeof err);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mnq_arena_free(&arena);
    return 0;
}

static const struct mnq_ynode *parse(const char *text)
{
    return mnq_ydoc_parse("f.yaml", MNQ_EXIT_USAGE, text, strlen(text), &arena, &err);
}

static void expect_error(const char *text, const char *message)
{
    memset(&err, 0, sizeof err);
    assert_null(parse(text));
    assert_int_equal(err.code, MNQ_EXIT_USAGE);
    assert_string_equal(err.msg, message);
}

static void reads_json(void **state)
{
    (void)state;
    const struct mnq_ynode *d = parse("{\"a\": [1, 2.5, \"3\", null, true], \"b\": {\"c\":-1e-3}, \"p\": \"x\\/y\\u00e9\"}");
    assert_non_null(d);
    const struct mnq_ynode *a = mnq_y_get(d, "a");
    assert_int_equal(a->n, 5);
    int i;
    double f;
    bool t;
    const char *s;
    assert_int_equal(mnq_y_int(mnq_y_at(a, 0), 0, 9, &i, &err), 0);
    assert_int_equal(i, 1);
    assert_int_equal(mnq_y_double(mnq_y_at(a, 1), 0, 9, &f, &err), 0);
    assert_true(f == 2.5);
    assert_false(mnq_y_is_number(mnq_y_at(a, 2)));
    assert_true(mnq_y_null(mnq_y_at(a, 3)));
    assert_int_equal(mnq_y_bool(mnq_y_at(a, 4), &t, &err), 0);
    assert_true(t);
    assert_null(mnq_y_at(a, 5));
    assert_int_equal(mnq_y_double(mnq_y_get(mnq_y_get(d, "b"), "c"), -1, 1, &f, &err), 0);
    assert_true(f == -1e-3);
    assert_int_equal(mnq_y_string(mnq_y_get(d, "p"), &s, &err), 0);
    assert_string_equal(s, "x/y\xc3\xa9");
    assert_null(mnq_y_get(d, "zzz"));
    assert_null(mnq_y_get(a, "zzz"));
}

static void reads_block_yaml_and_nothing(void **state)
{
    (void)state;
    const struct mnq_ynode *d = parse("# comment\nfamily: v1\nwidths: [0.25, 0.5]\nhead:\n  classes: 10\n");
    assert_true(mnq_y_is(mnq_y_get(d, "family"), "v1"));
    int i;
    assert_int_equal(mnq_y_int(mnq_y_get(mnq_y_get(d, "head"), "classes"), 1, 100, &i, &err), 0);
    assert_int_equal(i, 10);
    assert_true(mnq_y_null(parse("")));
    assert_true(mnq_y_null(parse("# only a comment\n")));
}

static void joins_surrogate_pairs(void **state)
{
    (void)state;
    const struct mnq_ynode *d = parse("[\"\\ud83d\\ude00\", \"\\\\ud83d\"]");
    assert_non_null(d);
    assert_string_equal(d->first->text, "\xf0\x9f\x98\x80");
    assert_string_equal(d->first->next->text, "\\ud83d");
}

static void names_positions(void **state)
{
    (void)state;
    int i;
    double f;
    bool t;
    const char *s;
    static const char *const word[] = {"mse", "kl"};
    const struct mnq_ynode *d = parse("a: x\nb:\n  mean: [1, 2]\n  n: 70\n");
    assert_int_equal(mnq_y_int(mnq_y_get(d, "a"), 0, 9, &i, &err), -1);
    assert_string_equal(err.msg, "f.yaml:1:4: a: expected an integer in 0..9, got x");
    memset(&err, 0, sizeof err);
    mnq_y_int(mnq_y_get(mnq_y_get(d, "b"), "n"), 1, 64, &i, &err);
    assert_string_equal(err.msg, "f.yaml:4:6: b.n: expected an integer in 1..64, got 70");
    memset(&err, 0, sizeof err);
    mnq_y_double(mnq_y_get(mnq_y_get(d, "b"), "mean"), 0, 1, &f, &err);
    assert_string_equal(err.msg, "f.yaml:3:9: b.mean: expected a number, got a list of 2");
    memset(&err, 0, sizeof err);
    mnq_y_bool(mnq_y_get(d, "a"), &t, &err);
    assert_string_equal(err.msg, "f.yaml:1:4: a: expected true or false, got x");
    memset(&err, 0, sizeof err);
    mnq_y_string(mnq_y_get(d, "b"), &s, &err);
    assert_string_equal(err.msg, "f.yaml:3:3: b: expected a text, got a map");
    memset(&err, 0, sizeof err);
    mnq_y_choice(mnq_y_get(d, "a"), word, 2, &i, &err);
    assert_string_equal(err.msg, "f.yaml:1:4: a: expected one of mse, kl, got x");
}

static void refuses_other_numbers(void **state)
{
    (void)state;
    static const char *const bad[] = {"[0x10]", "[nan]", "[.inf]", "[1e999]", "[1.]x", "[1 2]", "[\"1\"]", "[+-1]"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        memset(&err, 0, sizeof err);
        const struct mnq_ynode *d = parse(bad[i]);
        double f;
        if (d != NULL) assert_int_equal(mnq_y_double(d->first, -1e300, 1e300, &f, &err), -1);
    }
    int n;
    memset(&err, 0, sizeof err);
    assert_int_equal(mnq_y_int(parse("[99999999999999999999]")->first, INT_MIN, INT_MAX, &n, &err), -1);
}

static void refuses_what_is_ambiguous_or_hostile(void **state)
{
    (void)state;
    expect_error("a: 1\nb: 2\na: 3\n", "f.yaml:3:1: key 'a' appears twice");
    expect_error("a: &x [1]\nb: *x\n", "f.yaml:2:4: aliases (*name) are not supported; a text that starts with * belongs in quotes");
    expect_error("&a [*a]", "f.yaml:1:5: aliases (*name) are not supported; a text that starts with * belongs in quotes");
    expect_error("a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document; one is read");
    expect_error("{[1]: 2}", "f.yaml:1:2: a key must be a plain word");
    expect_error("[\"a\\0b\"]", "f.yaml:1:2: text contains a NUL character");
    memset(&err, 0, sizeof err);
    assert_null(parse("{\"a\": [1, 2"));
    assert_int_equal(err.code, MNQ_EXIT_USAGE);
    memset(&err, 0, sizeof err);
    assert_null(parse("a: \xff\xfe"));
    assert_non_null(strstr(err.msg, "f.yaml: byte"));
    memset(&err, 0, sizeof err);
    assert_null(parse("[\"\\ud83d\"]"));

    size_t n = 200000;
    char *deep = malloc(n + 1);
    assert_non_null(deep);
    memset(deep, '[', n);
    deep[n] = '\0';
    memset(&err, 0, sizeof err);
    assert_null(parse(deep));
    assert_string_equal(err.msg, "f.yaml:1:97: nested too deeply");
    free(deep);
}

static void suggests_the_nearest_key(void **state)
{
    (void)state;
    static const char *const known[] = {"family", "width", "classes"};
    assert_int_equal(mnq_y_only(parse("width: 1\nfamily: v1"), known, 3, &err), 0);
    assert_int_equal(mnq_y_only(parse("width: 1\nfamly: v1"), known, 3, &err), -1);
    assert_string_equal(err.msg, "f.yaml:2:1: unknown key 'famly'; did you mean 'family'?");
    memset(&err, 0, sizeof err);
    assert_int_equal(mnq_y_only(parse("something_else: 1"), known, 3, &err), -1);
    assert_string_equal(err.msg, "f.yaml:1:1: unknown key 'something_else'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_json, setup, teardown),
        cmocka_unit_test_setup_teardown(reads_block_yaml_and_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(joins_surrogate_pairs, setup, teardown),
        cmocka_unit_test_setup_teardown(names_positions, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_other_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_what_is_ambiguous_or_hostile, setup, teardown),
        cmocka_unit_test_setup_teardown(suggests_the_nearest_key, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
