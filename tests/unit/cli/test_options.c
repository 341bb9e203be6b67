/* SPDX-License-Identifier: Apache-2.0
 * Option tables: every form of an option, every fault of a value. */
#include "options.h"

#include "util/nearest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct values {
    bool force;
    int verbose, top, color;
    double share;
    int64_t flash;
    const char *output;
    struct mnq_opt_list data;
};

static const char *const colors[] = {"auto", "always", "never", NULL};
#define AT(m) offsetof(struct values, m)
static const struct mnq_option table[] = {
    {"force", 'f', MNQ_OPT_FLAG, AT(force), NULL, "overwrite", 0, 0, NULL},
    {"verbose", 'v', MNQ_OPT_COUNT, AT(verbose), NULL, "say more", 0, 0, NULL},
    {"top", 'k', MNQ_OPT_INT, AT(top), "N", "classes", 1, 100, NULL},
    {"color", 0, MNQ_OPT_CHOICE, AT(color), "WHEN", "colour", 0, 0, colors},
    {"share", 0, MNQ_OPT_DOUBLE, AT(share), "P", "percent", 0, 100, NULL},
    {"output", 'o', MNQ_OPT_STRING, AT(output), "FILE", "file", 0, 0, NULL},
    {"data", 'd', MNQ_OPT_LIST, AT(data), "PATH", "data", 0, 0, NULL},
    {"flash", 0, MNQ_OPT_SIZE, AT(flash), "BYTES", "size", 1, 2097152, NULL},
};

struct fixture {
    struct mnq_arena arena;
    struct values v;
    const char *input[16];
    int n_inputs, used;
    uint64_t given;
    struct mnq_err e;
};

/* Parses a line of words separated by single spaces. */
static int parse(struct fixture *f, const char *line, bool stop)
{
    static char text[256];
    char *argv[16];
    int n = 0;
    memset(f, 0, sizeof *f);
    f->v.top = 5;
    snprintf(text, sizeof text, "%s", line);
    for (char *p = strtok(text, " "); p != NULL; p = strtok(NULL, " ")) argv[n++] = p;
    struct mnq_option_set set = {table, sizeof table / sizeof *table, &f->v, 0};
    f->used = mnq_options_parse(&set, 1, argv, n, stop, f->input, &f->n_inputs, &f->arena, &f->e);
    f->given = set.given;
    return f->used;
}

static void forms(void **state)
{
    (void)state;
    struct fixture f;
    assert_int_equal(parse(&f, "a.h5 --top=7 -f b.h5 --output m.mnq -vv", false), 6 + 1);
    assert_int_equal(f.n_inputs, 2);
    assert_string_equal(f.input[0], "a.h5");
    assert_string_equal(f.input[1], "b.h5");
    assert_int_equal(f.v.top, 7);
    assert_true(f.v.force);
    assert_int_equal(f.v.verbose, 2);
    assert_string_equal(f.v.output, "m.mnq");
    assert_int_equal(f.given, 1 << 0 | 1 << 1 | 1 << 2 | 1 << 5);
    parse(&f, "-k9", false);
    assert_int_equal(f.v.top, 9);
    parse(&f, "-fk 3 -ox", false);
    assert_int_equal(f.v.top, 3);
    assert_true(f.v.force);
    assert_string_equal(f.v.output, "x");
    parse(&f, "--share 99.5 --color never", false);
    assert_true(f.v.share > 99.4 && f.v.share < 99.6);
    assert_int_equal(f.v.color, 2);
}

static void ends_and_dashes(void **state)
{
    (void)state;
    struct fixture f;
    parse(&f, "- -- --top -f", false);
    assert_int_equal(f.n_inputs, 3);
    assert_string_equal(f.input[0], "-");
    assert_string_equal(f.input[1], "--top");
    assert_false(f.v.force);
    parse(&f, "--output=--top", false); /* a value may look like an option */
    assert_string_equal(f.v.output, "--top");
    assert_int_equal(parse(&f, "-v run -f", true), 1); /* stops at the command */
    assert_false(f.v.force);
}

static void lists(void **state)
{
    (void)state;
    struct fixture f;
    parse(&f, "-d a --data b -dc", false);
    assert_int_equal(f.v.data.n, 3);
    assert_string_equal(f.v.data.item[0], "a");
    assert_string_equal(f.v.data.item[1], "b");
    assert_string_equal(f.v.data.item[2], "c");
    mnq_arena_free(&f.arena);
}

static void sizes(void **state)
{
    (void)state;
    struct fixture f;
    parse(&f, "--flash 200k", false);
    assert_int_equal(f.v.flash, 200000);
    mnq_arena_free(&f.arena);
    parse(&f, "--flash=2MiB", false);
    assert_int_equal(f.v.flash, 2097152);
    mnq_arena_free(&f.arena);
}

static void fails(const char *line, const char *message)
{
    struct fixture f;
    assert_int_equal(parse(&f, line, false), -1);
    assert_int_equal(f.e.code, MNQ_EXIT_USAGE);
    assert_string_equal(f.e.msg, message);
}

static void faults(void **state)
{
    (void)state;
    fails("--tpo 3", "unknown option --tpo; did you mean --top?");
    fails("--ouput=x", "unknown option --ouput; did you mean --output?");
    fails("--qqqqqqq", "unknown option --qqqqqqq");
    fails("-z", "unknown option -z");
    fails("--to 3", "unknown option --to; did you mean --top?"); /* no abbreviations */
    fails("--top", "--top: needs a value (N)");
    fails("-k", "--top: needs a value (N)");
    fails("--force=yes", "--force: takes no value, got 'yes'");
    fails("--top 0", "--top: expected a whole number 1..100, got '0'");
    fails("--top 101", "--top: expected a whole number 1..100, got '101'");
    fails("--top 3x", "--top: expected a whole number 1..100, got '3x'");
    fails("--top=", "--top: expected a whole number 1..100, got ''");
    fails("--top 1e1", "--top: expected a whole number 1..100, got '1e1'");
    fails("--top 99999999999999999999", "--top: expected a whole number 1..100, got '99999999999999999999'");
    fails("--share nan", "--share: expected a number 0..100, got 'nan'");
    fails("--share 0x10", "--share: expected a number 0..100, got '0x10'");
    fails("--share -1", "--share: expected a number 0..100, got '-1'");
    fails("--flash 0", "--flash: expected bytes in 1..2097152, as 204800, 200k or 200KiB, got '0'");
    fails("--flash 2.1M", "--flash: expected bytes in 1..2097152, as 204800, 200k or 200KiB, got '2.1M'");
    fails("--flash 2x", "--flash: expected bytes in 1..2097152, as 204800, 200k or 200KiB, got '2x'");
    fails("--color red", "--color: expected one of auto, always, never, got 'red'");
}

static void nearest(void **state)
{
    (void)state;
    static const char *const list[] = {"import", "inspect", "run", "eval"};
    assert_string_equal(mnq_nearest("inpsect", list, 4), "inspect");
    assert_string_equal(mnq_nearest("evla", list, 4), "eval");
    assert_null(mnq_nearest("calibrate", list, 4));
    assert_string_equal(mnq_nearest("ins", list, 4), "inspect"); /* a start */
    assert_null(mnq_nearest("i", list, 4));
    char text[200];
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\0';
    assert_null(mnq_nearest(text, list, 4));
}

static void defaults(void **state)
{
    (void)state;
    struct values v = {.top = 5, .share = 2.5, .color = 1};
    char text[80];
    mnq_option_default(&table[2], &v, text, sizeof text);
    assert_string_equal(text, "5");
    mnq_option_default(&table[3], &v, text, sizeof text);
    assert_string_equal(text, "always");
    mnq_option_default(&table[4], &v, text, sizeof text);
    assert_string_equal(text, "2.5");
    mnq_option_default(&table[7], &v, text, sizeof text);
    assert_string_equal(text, ""); /* 0: not set */
    v.flash = 2097152;
    mnq_option_default(&table[7], &v, text, sizeof text);
    assert_string_equal(text, "2097152");
    v.top = 0; /* outside its range: not set */
    mnq_option_default(&table[2], &v, text, sizeof text);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),  cmocka_unit_test(ends_and_dashes), cmocka_unit_test(lists),   cmocka_unit_test(sizes),
        cmocka_unit_test(faults), cmocka_unit_test(nearest),         cmocka_unit_test(defaults)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
