/* SPDX-License-Identifier: Apache-2.0
 * NumPy arrays, labels for every task, columns of CSV files, folders in folders. */
#include "dataset.h"
#include "numpy.h"
#include "tempdir.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct mnq_err err;

/* A .npy of version 1 in memory; its size. */
static size_t npy(uint8_t *out, const char *type, const char *shape, const void *data, size_t n)
{
    char header[200];
    int length = snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n", type, shape);
    memcpy(out, "\x93NUMPY\1\0", 8);
    out[8] = (uint8_t)length;
    out[9] = 0;
    memcpy(out + 10, header, (size_t)length);
    memcpy(out + 10 + length, data, n);
    return 10 + (size_t)length + n;
}

static int parse(const uint8_t *bytes, size_t n, struct mnq_array *a)
{
    memset(&err, 0, sizeof err);
    return mnq_numpy_parse("x", bytes, n, a, &err);
}

static void arrays(void **state)
{
    uint8_t bytes[300];
    struct mnq_array a;
    const int16_t whole[] = {1, -2, 300};
    const double real[] = {0.5, -8};
    const uint16_t halves[] = {0x3c00, 0xc000, 0x0001};
    (void)state;
    size_t n = npy(bytes, "<i2", "(3,)", whole, sizeof whole);
    assert_int_equal(parse(bytes, n, &a), 0);
    assert_int_equal(a.dims, 1);
    for (size_t i = 0; i < 3; i++) assert_true(mnq_array_at(&a, i) <= whole[i] && mnq_array_at(&a, i) >= whole[i]);
    assert_int_equal(parse(bytes, n - 1, &a), -1);
    assert_string_equal(err.msg, "x: bad .npy: cut short");
    n = npy(bytes, "<f8", "(1, 2)", real, sizeof real);
    assert_int_equal(parse(bytes, n, &a), 0);
    assert_int_equal(mnq_array_row(&a), 2);
    assert_true(mnq_array_at(&a, 1) < -7.9);
    n = npy(bytes, "<f2", "(3,)", halves, sizeof halves);
    assert_int_equal(parse(bytes, n, &a), 0);
    assert_true(fabs(mnq_array_at(&a, 0) - 1) < 1e-9 && fabs(mnq_array_at(&a, 1) + 2) < 1e-9);
    assert_true(fabs(mnq_array_at(&a, 2) - ldexp(1, -24)) < 1e-12);
    n = npy(bytes, ">i2", "(3,)", whole, sizeof whole);
    assert_int_equal(parse(bytes, n, &a), -1);
    assert_string_equal(err.msg, "x: bad .npy: its numbers are big-endian");
    n = npy(bytes, "|O", "(3,)", whole, sizeof whole);
    assert_int_equal(parse(bytes, n, &a), -1);
    n = npy(bytes, "<i2", "(4294967296, 4294967296)", whole, sizeof whole);
    assert_int_equal(parse(bytes, n, &a), -1);
}

/* Two readers of a header that says something twice would read two arrays. */
static void headers_of_arrays(void **state)
{
    static const char twice[] = "x: bad .npy: a key twice in its header",
                      none[] = "x: bad .npy: its header is no dictionary";
    static const char other[] = "x: bad .npy: a key in its header that no array has";
    static const struct {
        const char *header, *message;
    } c[] = {
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}", ""},
        {" {\"shape\":(2,),\"descr\":\"|u1\",\"fortran_order\":False,}  \n", ""},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (2,), 'shape': (1,)}", twice},
        {"{'descr': '|u1', 'descr': '|i1', 'fortran_order': False, 'shape': (2,)}", twice},
        {"{'descr': '|u1', 'fortran_order': True, 'fortran_order': False, 'shape': (2,)}", twice},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (2,), 'x': 1}", other},
        {"{'descr': '|u1', 'fortran_order': False, 'x': {'shape': (2,)}}", other},
        {"{'descr': [('shape', '|u1')], 'fortran_order': False, 'shape': (2,)}",
         "x: bad .npy: its elements are records; plain numbers are read"},
        {"{'descr': '|u1', 'fortran_order': False}", "x: bad .npy: no shape"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (2,)} + {'shape': (1,)}", none},
        {"['descr', '|u1']", none},
        {"{'descr", none},
        {"{'descr': '|u1", none},
        {"{'descr': ((((", none},
        {"{'descr'", none},
        {"", none},
    };
    (void)state;
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        uint8_t bytes[200] = "\x93NUMPY\1";
        struct mnq_array a;
        size_t n = strlen(c[i].header);
        bytes[8] = (uint8_t)n;
        memcpy(bytes + 10, c[i].header, n);
        assert_int_equal(parse(bytes, 10 + n + 2, &a), *c[i].message == '\0' ? 0 : -1);
        assert_string_equal(err.msg, c[i].message);
        if (*c[i].message == '\0') assert_int_equal(a.shape[0], 2);
    }
    for (int version = 0; version < 256; version++) { /* those that there are differ in the header's length alone */
        uint8_t bytes[200] = "\x93NUMPY";
        const char *header = "{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}";
        struct mnq_array a;
        size_t n = strlen(header), at = version > 1 ? 12 : 10;
        bytes[6] = (uint8_t)version;
        bytes[8] = (uint8_t)n;
        memcpy(bytes + at, header, n);
        assert_int_equal(parse(bytes, at + n + 2, &a), version >= 1 && version <= 3 ? 0 : -1);
    }
}

/* Archives whose member is not what its checksum says, or is cut. */
static void archives(void **state)
{
    static const char array[] = "\x93NUMPY\1\0\x42\0{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 2, 1)}   abcd";
    (void)state;
    char *path = strdup(mnq_temp_path("a.npz"));
    unlink(path);
    zip_t *z = zip_open(path, ZIP_CREATE, NULL);
    zip_source_t *from = zip_source_buffer(z, array, sizeof array - 1, 0);
    zip_int64_t at = zip_file_add(z, "images.npy", from, 0);
    assert_int_equal(zip_set_file_compression(z, (zip_uint64_t)at, ZIP_CM_STORE, 0), 0);
    assert_int_equal(zip_close(z), 0);
    for (int wrong = 0; wrong < 2; wrong++) {
        struct mnq_err e = {0};
        if (wrong) { /* a pixel */
            static char bytes[4096];
            FILE *f = fopen(path, "r+b");
            size_t n = fread(bytes, 1, sizeof bytes, f);
            const char *p = NULL;
            for (size_t i = 0; i + 4 <= n && p == NULL; i++) p = memcmp(bytes + i, "abcd", 4) == 0 ? bytes + i : NULL;
            assert_non_null(p);
            fseek(f, p - bytes, SEEK_SET);
            fputc('z', f);
            fclose(f);
        }
        struct mnq_dataset *d = mnq_dataset_open(&path, 1, 2, 2, 1, &e);
        if (!wrong && d == NULL) fail_msg("%s", e.msg);
        if (wrong) {
            assert_null(d);
            assert_non_null(strstr(e.msg, "images.npy: cannot be unpacked (damaged or truncated file)"));
        }
        mnq_dataset_close(d);
    }
    free(path);
}

/* Opens what the options say as labels of a task; the messages are about the temporary folder. */
static struct mnq_dataset *open_data(struct mnq_data *data, const char *path, const struct mnq_task *task)
{
    static char *paths[1];
    static char name[1200];
    snprintf(name, sizeof name, "%s", mnq_temp_path(path));
    paths[0] = name;
    data->path = paths;
    data->n = 1;
    memset(&err, 0, sizeof err);
    return mnq_dataset_open_as(data, task, 2, 2, 1, &err);
}

static const struct mnq_task classes = {.kind = MNQ_TASK_CLASSES, .out = {1, 1, 3}},
                             labels = {.kind = MNQ_TASK_MULTILABEL, .threshold = 0.5, .out = {1, 1, 2}},
                             number = {.kind = MNQ_TASK_REGRESSION, .out = {1, 1, 1}};

static void picture_at(const char *name, char value)
{
    char text[16] = "P5 2 2 255\n....";
    memset(text + 11, value, 4);
    mnq_temp_write(name, text, 15);
}

static void columns(void **state)
{
    struct mnq_data data = {0};
    (void)state;
    mnq_temp_dir("p");
    picture_at("p/a.pgm", 1);
    picture_at("p/b.pgm", 2);
    /* as pandas writes it: an index without a heading */
    mnq_temp_text("pandas.csv", ",filename,label,width\n0,p/a.pgm,1,7\n1,p/b.pgm,2,9\n");
    struct mnq_dataset *d = open_data(&data, "pandas.csv", &classes);
    if (d == NULL) fail_msg("%s", err.msg);
    assert_int_equal(mnq_dataset_label(d, 0), 1);
    assert_int_equal(mnq_dataset_label(d, 1), 2);
    mnq_dataset_close(d);
    data.label_column = "width";
    d = open_data(&data, "pandas.csv", &number);
    if (d == NULL) fail_msg("%s", err.msg);
    assert_true(mnq_dataset_values(d, 1)[0] > 8.9F);
    mnq_dataset_close(d);
    data.label_column = "none";
    assert_null(open_data(&data, "pandas.csv", &classes));
    assert_non_null(strstr(err.msg, "--label-column: no column 'none' in the 4 of the first line"));
    /* no header: columns by number, and all others where the task wants as many */
    mnq_temp_text("bare.csv", "0,1,p/a.pgm\n1,1,p/b.pgm\n");
    data = (struct mnq_data){.path_column = "3", .label_column = "1"};
    d = open_data(&data, "bare.csv", &classes);
    if (d == NULL) fail_msg("%s", err.msg);
    assert_int_equal(mnq_dataset_label(d, 1), 1);
    mnq_dataset_close(d);
    data = (struct mnq_data){.path_column = "3"};
    d = open_data(&data, "bare.csv", &labels);
    if (d == NULL) fail_msg("%s", err.msg);
    assert_true(mnq_dataset_values(d, 0)[0] < 0.5F && mnq_dataset_values(d, 0)[1] > 0.5F);
    mnq_dataset_close(d);
    mnq_temp_text("two.csv", "path,cat,dog\np/a.pgm,1,0\n");
    data = (struct mnq_data){0};
    assert_null(open_data(&data, "two.csv", &classes));
    assert_non_null(strstr(err.msg, "2 columns may be the label (cat, dog ...); --label-column chooses"));
    /* which of two columns of one name is meant, nobody knows */
    static const char *const twice[] = {"path,label,label\np/a.pgm,1,0\n", "path,path,label\np/a.pgm,p/b.pgm,1\n"};
    for (int i = 0; i < 4; i++) {
        mnq_temp_text("twice.csv", twice[i % 2]);
        data = (struct mnq_data){.label_column = i < 2 ? NULL : "label", .path_column = i < 2 ? NULL : "path"};
        assert_null(open_data(&data, "twice.csv", &classes));
        assert_non_null(
            strstr(err.msg, i % 2 == 0 ? ": two columns are called 'label'" : ": two columns are called 'path'"));
    }
    data = (struct mnq_data){.label_column = "3"}; /* its number tells */
    mnq_temp_text("twice.csv", twice[0]);
    if ((d = open_data(&data, "twice.csv", &classes)) == NULL) fail_msg("%s", err.msg);
    assert_int_equal(mnq_dataset_label(d, 0), 0);
    mnq_dataset_close(d);
}

static void label_files(void **state)
{
    uint8_t bytes[300];
    const uint8_t wide[] = {0, 0, 1, 1, 0, 0};
    char file[1200];
    (void)state;
    mnq_temp_dir("q");
    picture_at("q/a.pgm", 1);
    picture_at("q/b.pgm", 2);
    mnq_temp_text("l.txt", "2\n0\n");
    snprintf(file, sizeof file, "%s", mnq_temp_path("l.txt"));
    struct mnq_data data = {.labels = file};
    struct mnq_dataset *d = open_data(&data, "q", &classes);
    if (d == NULL) fail_msg("%s", err.msg);
    assert_int_equal(mnq_dataset_label(d, 0), 2);
    mnq_dataset_close(d);
    /* one number for each class: the largest counts */
    size_t n = npy(bytes, "|u1", "(2, 3)", wide, sizeof wide);
    mnq_temp_write("l.npy", bytes, n);
    snprintf(file, sizeof file, "%s", mnq_temp_path("l.npy"));
    d = open_data(&data, "q", &classes);
    if (d == NULL) fail_msg("%s", err.msg);
    assert_int_equal(mnq_dataset_label(d, 0), 2);
    assert_int_equal(mnq_dataset_label(d, 1), 0);
    mnq_dataset_close(d);
    mnq_temp_text("l.txt", "2\n0\n1\n0\n");
    snprintf(file, sizeof file, "%s", mnq_temp_path("l.txt"));
    assert_null(open_data(&data, "q", &classes));
    assert_non_null(strstr(err.msg, "4 labels for 2 samples"));
}

/* Folders of a class are walked; what is no picture is counted; numbers stand in the order of their letters. */
static void folders(void **state)
{
    char text[300];
    struct mnq_data data = {.skip = true};
    (void)state;
    mnq_temp_dir("f");
    mnq_temp_dir("f/10");
    mnq_temp_dir("f/10/more");
    mnq_temp_dir("f/2");
    picture_at("f/10/a.pgm", 1);
    picture_at("f/10/more/b.pgm", 2);
    picture_at("f/2/c.pgm", 3);
    mnq_temp_text("f/2/notes.txt", "x");
    mnq_temp_text("f/2/.hidden", "x");
    mnq_temp_text("f/2/bad.pgm", "P5 2");
    struct mnq_dataset *d = open_data(&data, "f", NULL);
    if (d == NULL) fail_msg("%s", err.msg);
    assert_int_equal(mnq_dataset_count(d), 3);
    assert_string_equal(mnq_dataset_class(d, 0), "10");
    assert_int_equal(mnq_dataset_label(d, 1), 0);
    assert_int_equal(mnq_dataset_label(d, 2), 1);
    assert_true(mnq_dataset_left_out(d, text, sizeof text));
    assert_string_equal(text, "left out: 1 that cannot be read, 1 that are no pictures (notes.txt), 1 hidden; class folders "
                              "are in the order of their letters, 10 before 2, as Keras has them");
    assert_int_equal(mnq_dataset_damaged(d), 1);
    assert_non_null(strstr(mnq_dataset_damaged_as(d, 0), "bad.pgm: truncated PNM"));
    mnq_dataset_close(d);
}

static void numpy_pictures(void **state)
{
    uint8_t bytes[300];
    const uint8_t pixel[] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct mnq_preprocess p;
    uint8_t out[4];
    struct mnq_data data = {0};
    (void)state;
    mnq_temp_write("x.npy", bytes, npy(bytes, "|u1", "(2, 2, 2)", pixel, sizeof pixel));
    struct mnq_dataset *d = open_data(&data, "x.npy", NULL);
    if (d == NULL) fail_msg("%s", err.msg);
    assert_int_equal(mnq_dataset_count(d), 2);
    assert_int_equal(mnq_preprocess_named(&p, "none", 1, &err), 0);
    assert_int_equal(mnq_dataset_load(d, 1, &p, out, &err), 0);
    assert_memory_equal(out, pixel + 4, 4);
    mnq_dataset_close(d);
    mnq_temp_write("x.npy", bytes, npy(bytes, "<f4", "(1, 2, 1)", pixel, sizeof pixel));
    assert_null(open_data(&data, "x.npy", NULL));
    assert_non_null(strstr(err.msg, "the pictures are floats of 32 bits, wanted uint8 (0 .. 255)"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(arrays),        cmocka_unit_test(headers_of_arrays),
                                       cmocka_unit_test(columns),       cmocka_unit_test(label_files),
                                       cmocka_unit_test(archives),      cmocka_unit_test(folders),
                                       cmocka_unit_test(numpy_pictures)};
    mnq_temp_make();
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    mnq_temp_remove();
    return rc;
}
