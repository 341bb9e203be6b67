/* SPDX-License-Identifier: Apache-2.0
 * Datasets from CSV: quoting, line ends, header, relative paths, labels by number and by name. */
#include "dataset.h"
#include "tempdir.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static struct mnq_err err;
static struct mnq_dataset *data;

static int setup(void **state)
{
    (void)state;
    mnq_temp_make();
    mnq_temp_dir("pics");
    mnq_temp_text("pics/a.pgm", "P2 1 1 255 7");
    mnq_temp_text("pics/b, \"c\".pgm", "P2 1 1 255 8");
    mnq_temp_text("path", "P2 1 1 255 9");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mnq_temp_remove();
    return 0;
}

static void open_text(const char *text)
{
    char *paths[1] = {(char *)(uintptr_t)mnq_temp_text("t.csv", text)};
    memset(&err, 0, sizeof err);
    data = mnq_dataset_open(paths, 1, 1, 1, 1, &err);
}

/* Opens a good CSV; labels: one digit per sample, '-' = none. */
static void expect(const char *text, const char *labels, int classes)
{
    open_text(text);
    if (data == NULL) fail_msg("%s: %s", text, err.msg);
    assert_int_equal(mnq_dataset_count(data), strlen(labels));
    assert_int_equal(mnq_dataset_classes(data), classes);
    for (int i = 0; labels[i] != '\0'; i++)
        assert_int_equal(mnq_dataset_label(data, i), labels[i] == '-' ? -1 : labels[i] - '0');
    mnq_dataset_close(data);
}

static void expect_error(const char *text, const char *message)
{
    char wanted[1200];
    open_text(text);
    if (data != NULL) {
        mnq_dataset_close(data);
        fail_msg("accepted: %s", text);
    }
    snprintf(wanted, sizeof wanted, "%s%s", mnq_temp_path("t.csv"), message);
    assert_string_equal(err.msg, wanted);
}

static void forms(void **state)
{
    (void)state;
    expect("pics/a.pgm,3\n", "3", 4);
    expect("pics/a.pgm,3", "3", 4);
    expect("pics/a.pgm,0\r\n\r\npics/a.pgm,1\r\n", "01", 2);
    expect("pics/a.pgm,0\rpics/a.pgm,1\r", "01", 2);
    expect("\xef\xbb\xbfPath,Label\npics/a.pgm,1\n", "1", 2);
    expect("filename,class\n\"pics/a.pgm\",\"1\"\n", "1", 2);
    expect("  pics/a.pgm , 2  \n", "2", 3);
    expect("pics/a.pgm\npics/a.pgm,\n", "--", 0);
    expect("pics/a.pgm,0\n\"pics/b, \"\"c\"\".pgm\",1\n", "01", 2);
}

static void names(void **state)
{
    (void)state;
    expect("path,label\npics/a.pgm,rose\npics/a.pgm,daisy\npics/a.pgm,rose\n", "101", 2);
    open_text("pics/a.pgm,rose\npics/a.pgm,\"lily, white\"\n");
    assert_non_null(data);
    assert_string_equal(mnq_dataset_class(data, 0), "lily, white");
    assert_string_equal(mnq_dataset_class(data, 1), "rose");
    mnq_dataset_close(data);
}

static void loads_what_it_names(void **state)
{
    struct mnq_preprocess p;
    uint8_t out = 0;
    (void)state;
    open_text("pics/a.pgm\n\"pics/b, \"\"c\"\".pgm\"\n");
    assert_non_null(data);
    assert_int_equal(mnq_preprocess_named(&p, "none", 1, &err), 0);
    assert_int_equal(mnq_dataset_load(data, 0, &p, &out, &err), 0);
    assert_int_equal(out, 7);
    assert_int_equal(mnq_dataset_load(data, 1, &p, &out, &err), 0);
    assert_int_equal(out, 8);
    assert_string_equal(mnq_dataset_name(data, 0), mnq_temp_path("pics/a.pgm"));
    mnq_dataset_close(data);
    char absolute[1200];
    snprintf(absolute, sizeof absolute, "%s,1\n", mnq_temp_path("pics/a.pgm"));
    expect(absolute, "1", 2);
}

static void errors(void **state)
{
    (void)state;
    expect_error("", ": no samples, wanted lines of path,label");
    expect_error("path,label\n", ": no samples, wanted lines of path,label");
    expect_error("pics/a.pgm,0\npics/a.pgm,1\npics/a.pgm,x\n",
                 ":3: label \"x\" is neither a number, as in line 1, nor the name of a class");
    expect_error("pics/a.pgm,x\npics/a.pgm,1\n", ":2: label \"1\" is a number, line 1 has a class name");
    expect_error("pics/a.pgm,0\npics/a.pgm,-1\n", ":2: label \"-1\" is not a class number, wanted 0 to 65535");
    expect_error("pics/a.pgm,65536\n", ":1: label \"65536\" is not a class number, wanted 0 to 65535");
    expect_error("pics/a.pgm,1.5\n", ":1: label \"1.5\" is not a class number, wanted 0 to 65535");
    expect_error("pics/a.pgm,1\npics/a.pgm\n", ":2: no label, line 1 has one");
    expect_error("pics/a.pgm\npics/a.pgm,1\n", ":2: a label, line 1 has none");
    expect_error("pics/a.pgm,1,2\n", ":1: 3 fields, wanted path,label; --path-column and --label-column choose from more");
    expect_error("pics/a.pgm,1\n,1\n", ":2: the path is empty");
    expect_error("\n\"pics/a.pgm,1\n", ":2: quotation mark without its partner");
    expect_error("\"pics/a.pgm\"x,1\n", ":1: text behind a quoted field");
}

static void missing_file(void **state)
{
    char wanted[2400];
    (void)state;
    open_text("pics/a.pgm,1\npics/none.pgm,1\n");
    assert_null(data);
    snprintf(wanted, sizeof wanted, "%s:2: %s does not exist or cannot be read", mnq_temp_path("t.csv"),
             mnq_temp_path("pics/none.pgm"));
    assert_string_equal(err.msg, wanted);
}

static void not_text(void **state)
{
    char *paths[1] = {(char *)(uintptr_t)mnq_temp_write("t.csv", "a\0b", 3)};
    (void)state;
    memset(&err, 0, sizeof err);
    assert_null(mnq_dataset_open(paths, 1, 1, 1, 1, &err));
    assert_non_null(strstr(err.msg, "t.csv: not a text file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),  cmocka_unit_test(names),        cmocka_unit_test(loads_what_it_names),
        cmocka_unit_test(errors), cmocka_unit_test(missing_file), cmocka_unit_test(not_text),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
