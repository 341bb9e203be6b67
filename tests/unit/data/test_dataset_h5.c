/* SPDX-License-Identifier: Apache-2.0
 * Datasets from HDF5: layouts, labels of any integer type, class names, threads, what is refused. */
#include "dataset.h"
#include "image.h"
#include "image_resize.h"
#include "pictures.h"
#include "tempdir.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <hdf5.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 9, H = 5, W = 4, C = 3, SIZE = H * W * C };

static struct mnq_err err;
static uint8_t pixel[N * SIZE];
static hid_t file;

static int setup(void **state)
{
    (void)state;
    mnq_temp_make();
    mnq_noise(pixel, sizeof pixel);
    file = H5Fcreate(mnq_temp_path("d.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    return file < 0;
}

static int teardown(void **state)
{
    (void)state;
    if (file >= 0) H5Fclose(file);
    mnq_temp_remove();
    return 0;
}

/* Writes a dataset; chunk > 0: deflated chunks of that many rows. */
static void put(const char *name, hid_t type, const void *values, hid_t memory, int rank, const hsize_t *dim, hsize_t chunk)
{
    hsize_t size[4] = {chunk, rank > 1 ? dim[1] : 1, rank > 2 ? dim[2] : 1, rank > 3 ? dim[3] : 1};
    hid_t space = H5Screate_simple(rank, dim, NULL), layout = H5Pcreate(H5P_DATASET_CREATE);
    if (chunk > 0) {
        H5Pset_chunk(layout, rank, size);
        H5Pset_deflate(layout, 6);
    }
    hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, layout, H5P_DEFAULT);
    assert_true(set >= 0);
    if (values != NULL) assert_true(H5Dwrite(set, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Dclose(set);
    H5Pclose(layout);
    H5Sclose(space);
}

static void put_images(hsize_t chunk)
{
    const hsize_t dim[4] = {N, H, W, C};
    put("images", H5T_STD_U8LE, pixel, H5T_NATIVE_UINT8, 4, dim, chunk);
}

static void put_labels(hid_t type, const int *label, hsize_t n)
{
    put("labels", type, label, H5T_NATIVE_INT, 1, &n, 0);
}

static void put_names(const char *const *name, hsize_t n, int variable)
{
    char fixed[8][8] = {{0}};
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate_simple(1, &n, NULL);
    H5Tset_size(type, variable ? H5T_VARIABLE : 8);
    if (variable) H5Tset_cset(type, H5T_CSET_UTF8);
    hid_t attr = H5Acreate2(file, "class_names", type, space, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(attr >= 0);
    for (hsize_t i = 0; i < n; i++) snprintf(fixed[i], 8, "%s", name[i]);
    assert_true(H5Awrite(attr, type, variable ? (const void *)name : (const void *)fixed) >= 0);
    H5Aclose(attr);
    H5Sclose(space);
    H5Tclose(type);
}

static struct mnq_dataset *try_open(int h, int w, int c)
{
    char *paths[1] = {(char *)(uintptr_t)mnq_temp_path("d.h5")};
    if (file >= 0) H5Fclose(file);
    file = -1;
    memset(&err, 0, sizeof err);
    return mnq_dataset_open(paths, 1, h, w, c, &err);
}

static struct mnq_dataset *must_open(int h, int w, int c)
{
    struct mnq_dataset *d = try_open(h, w, c);
    if (d == NULL) fail_msg("%s", err.msg);
    return d;
}

static void expect_refusal(const char *message)
{
    char wanted[1200];
    assert_null(try_open(H, W, C));
    snprintf(wanted, sizeof wanted, "%s%s", mnq_temp_path("d.h5"), message);
    assert_string_equal(err.msg, wanted);
}

static void check_rows(const struct mnq_dataset *d)
{
    struct mnq_preprocess p;
    uint8_t out[SIZE];
    mnq_preprocess_named(&p, "none", C, &err);
    assert_int_equal(mnq_dataset_count(d), N);
    for (int i = N - 1; i >= 0; i--) {
        assert_int_equal(mnq_dataset_load(d, i, &p, out, &err), 0);
        assert_memory_equal(out, pixel + i * SIZE, SIZE);
    }
}

static void contiguous_and_chunked(void **state)
{
    (void)state;
    for (int chunk = 0; chunk < 8; chunk += 4) {
        if (file < 0) file = H5Fcreate(mnq_temp_path("d.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
        put_images((hsize_t)chunk);
        struct mnq_dataset *d = must_open(H, W, C);
        check_rows(d);
        assert_int_equal(mnq_dataset_classes(d), 0);
        assert_int_equal(mnq_dataset_label(d, 3), -1);
        char wanted[1200];
        snprintf(wanted, sizeof wanted, "%s[3]", mnq_temp_path("d.h5"));
        assert_string_equal(mnq_dataset_name(d, 3), wanted);
        assert_ptr_equal(mnq_dataset_name(d, 3), mnq_dataset_name(d, 3));
        mnq_dataset_close(d);
    }
}

static void grey_without_channel_axis(void **state)
{
    const hsize_t dim[3] = {N, H, W};
    struct mnq_preprocess p;
    uint8_t out[H * W];
    (void)state;
    put("images", H5T_STD_U8LE, pixel, H5T_NATIVE_UINT8, 3, dim, 0);
    struct mnq_dataset *d = must_open(H, W, 1);
    mnq_preprocess_named(&p, "none", 1, &err);
    assert_int_equal(mnq_dataset_load(d, 2, &p, out, &err), 0);
    assert_memory_equal(out, pixel + 2 * H * W, sizeof out);
    mnq_dataset_close(d);
}

static void resized(void **state)
{
    struct mnq_preprocess p;
    struct mnq_image im = {.h = H, .w = W, .c = C, .data = pixel + SIZE};
    uint8_t out[8 * 8 * C], wanted[8 * 8 * C];
    (void)state;
    put_images(4);
    struct mnq_dataset *d = must_open(8, 8, C);
    mnq_preprocess_named(&p, "none", C, &err);
    assert_int_equal(mnq_dataset_load(d, 1, &p, out, &err), 0);
    assert_int_equal(mnq_image_fit(&im, 8, 8, p.resize, p.filter, wanted, &err), 0);
    assert_memory_equal(out, wanted, sizeof out);
    mnq_dataset_close(d);
}

/* Rows of numbers are maps, row after row; a row of another length is a picture to be resized. */
static void rows_of_numbers(void **state)
{
    (void)state;
    const hsize_t dim[4] = {N, 1, H * W, C};
    struct mnq_preprocess p;
    mnq_preprocess_named(&p, "none", C, &err);
    uint8_t out[SIZE];
    put("images", H5T_STD_U8LE, pixel, H5T_NATIVE_UINT8, 4, dim, 0);
    struct mnq_dataset *d = must_open(H, W, C);
    check_rows(d);
    mnq_dataset_close(d);
    d = must_open(H, W - 1, C);
    assert_int_equal(mnq_dataset_load(d, 1, &p, out, &err), 0);
    assert_true(memcmp(out, pixel + SIZE, H * (W - 1) * C) != 0);
    mnq_dataset_close(d);
}

static void labels(void **state)
{
    static const int label[N] = {0, 1, 2, 3, 4, 3, 2, 1, 0};
    const hid_t type[] = {H5T_STD_U8LE, H5T_STD_I16BE, H5T_STD_I64LE, H5T_STD_U32BE};
    (void)state;
    for (int t = 0; t < 4; t++) {
        if (file < 0) file = H5Fcreate(mnq_temp_path("d.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
        put_images(0);
        put_labels(type[t], label, N);
        struct mnq_dataset *d = must_open(H, W, C);
        assert_int_equal(mnq_dataset_classes(d), 5);
        assert_null(mnq_dataset_class(d, 0));
        for (int i = 0; i < N; i++) assert_int_equal(mnq_dataset_label(d, i), label[i]);
        mnq_dataset_close(d);
    }
}

static void class_names(void **state)
{
    static const int label[N] = {0, 1, 1};
    static const char *const name[] = {"rose", "daisy", "tulip"};
    (void)state;
    for (int variable = 0; variable < 2; variable++) {
        if (file < 0) file = H5Fcreate(mnq_temp_path("d.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
        put_images(0);
        put_labels(H5T_STD_I32LE, label, N);
        put_names(name, 3, variable);
        struct mnq_dataset *d = must_open(H, W, C);
        assert_int_equal(mnq_dataset_classes(d), 3);
        for (int i = 0; i < 3; i++) assert_string_equal(mnq_dataset_class(d, i), name[i]);
        assert_int_equal(mnq_dataset_label(d, 2), 1);
        mnq_dataset_close(d);
    }
}

/* Opens a path below the test's folder; it is named as it was given. */
static struct mnq_dataset *open_path(const char *path)
{
    char *paths[1] = {(char *)(uintptr_t)mnq_temp_path(path)};
    if (file >= 0) H5Fclose(file);
    file = -1;
    memset(&err, 0, sizeof err);
    return mnq_dataset_open(paths, 1, H, W, C, &err);
}

static void put_group(const char *name, int first, int n)
{
    const hsize_t dim[4] = {(hsize_t)n, H, W, C};
    static const int label[N] = {0, 1, 1, 0, 1, 0, 0, 1, 1};
    char path[80];
    H5Gclose(H5Gcreate2(file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    snprintf(path, sizeof path, "%s/images", name);
    put(path, H5T_STD_U8LE, pixel + first * SIZE, H5T_NATIVE_UINT8, 4, dim, 1);
    snprintf(path, sizeof path, "%s/labels", name);
    put(path, H5T_STD_I32LE, label + first, H5T_NATIVE_INT, 1, dim, 0);
}

/* Two sets of samples in one file, the classes named once. */
static void groups(void **state)
{
    static const char *const name[] = {"rose", "daisy"};
    struct mnq_preprocess p;
    uint8_t out[SIZE];
    char wanted[1200];
    (void)state;
    mnq_preprocess_named(&p, "none", C, &err);
    put_group("calib", 0, 4);
    put_group("test", 4, 5);
    put_group("test/more:1", 2, 1);
    H5Gclose(H5Gcreate2(file, "empty", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    put_names(name, 2, 1);
    static const struct {
        const char *path;
        int first, n;
    } good[] = {{"d.h5:calib", 0, 4}, {"d.h5:test", 4, 5}, {"d.h5:/test/", 4, 5}, {"d.h5:test/more:1", 2, 1}};
    for (size_t k = 0; k < sizeof good / sizeof *good; k++) {
        struct mnq_dataset *d = open_path(good[k].path);
        if (d == NULL) fail_msg("%s: %s", good[k].path, err.msg);
        assert_int_equal(mnq_dataset_count(d), good[k].n);
        assert_string_equal(mnq_dataset_class(d, 1), "daisy");
        for (int i = 0; i < good[k].n; i++) {
            assert_int_equal(mnq_dataset_load(d, i, &p, out, &err), 0);
            assert_memory_equal(out, pixel + (good[k].first + i) * SIZE, SIZE);
        }
        snprintf(wanted, sizeof wanted, "%s[0]", mnq_temp_path(good[k].path));
        assert_string_equal(mnq_dataset_name(d, 0), wanted);
        assert_int_equal(mnq_dataset_label(d, 0), good[k].first > 0);
        mnq_dataset_close(d);
    }
    static const char *const bad[][2] = {
        {"d.h5:train", ": no group 'train'; groups that hold images: calib, test, test/more:1"},
        {"d.h5:", ": no group ''; groups that hold images: calib, test, test/more:1"},
        {"d.h5:calib/images", ": no group 'calib/images'; groups that hold images: calib, test, test/more:1"},
        {"d.h5:calib/x/y", ": no group 'calib/x/y'; groups that hold images: calib, test, test/more:1"},
        {"d.h5:empty", ": no dataset `images`, wanted uint8 (N, H, W, C) or (N, H, W)"},
        {"none.h5:calib", ": cannot open: No such file or directory"},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        assert_null(open_path(bad[k][0]));
        snprintf(wanted, sizeof wanted, "%s%s", mnq_temp_path(bad[k][0]), bad[k][1]);
        assert_string_equal(err.msg, wanted);
    }
    char root[500];
    snprintf(root, sizeof root, "%s", mnq_temp_path("d.h5"));
    snprintf(wanted, sizeof wanted,
             "%s: no dataset `images` at the root; name a group that holds one (calib, test, test/more:1) as %s:GROUP", root,
             root);
    assert_null(open_path("d.h5"));
    assert_string_equal(err.msg, wanted);
}

/* A file whose own name has a colon is itself. */
static void colon_in_name(void **state)
{
    (void)state;
    put_group("calib", 0, 3);
    put_images(0);
    H5Fclose(file);
    file = -1;
    size_t n;
    unsigned char *bytes = mnq_temp_read(mnq_temp_path("d.h5"), &n);
    mnq_temp_write("d.h5:calib", bytes, n);
    mnq_temp_write("a:b.h5", bytes, n);
    free(bytes);
    static const struct {
        const char *path;
        int n;
    } list[] = {{"d.h5:calib", N}, {"d.h5:calib:calib", 3}, {"a:b.h5", N}, {"a:b.h5:calib", 3}};
    for (size_t k = 0; k < sizeof list / sizeof *list; k++) {
        struct mnq_dataset *d = open_path(list[k].path);
        if (d == NULL) fail_msg("%s: %s", list[k].path, err.msg);
        assert_int_equal(mnq_dataset_count(d), list[k].n);
        mnq_dataset_close(d);
    }
    mnq_temp_write("text.csv", "x,0\n", 4);
    assert_null(open_path("text.csv:calib"));
    assert_non_null(strstr(err.msg, "text.csv:calib: no such file, and "));
    assert_non_null(strstr(err.msg, "text.csv is no HDF5 file with a group 'calib'"));
}

struct reader {
    const struct mnq_dataset *d;
    int bad;
};

static void *read_all(void *arg)
{
    struct reader *r = arg;
    struct mnq_preprocess p;
    struct mnq_err e = {0};
    uint8_t out[SIZE];
    mnq_preprocess_named(&p, "none", C, &e);
    for (int i = 0; i < 40 * N; i++) {
        if (mnq_dataset_load(r->d, i % N, &p, out, &e) != 0 || memcmp(out, pixel + i % N * SIZE, SIZE) != 0) r->bad++;
        if (strstr(mnq_dataset_name(r->d, i % N), "d.h5[") == NULL) r->bad++;
    }
    return NULL;
}

static void threads(void **state)
{
    (void)state;
    put_images(4);
    struct mnq_dataset *d = must_open(H, W, C);
    struct reader r[4];
    pthread_t thread[4];
    for (int i = 0; i < 4; i++) {
        r[i] = (struct reader){d, 0};
        assert_int_equal(pthread_create(&thread[i], NULL, read_all, &r[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(thread[i], NULL);
        assert_int_equal(r[i].bad, 0);
    }
    mnq_dataset_close(d);
}

/* One refusal per file: a table of what to write and what is said. */
static void no_images(void **state)
{
    (void)state;
    expect_refusal(": no dataset `images`, wanted uint8 (N, H, W, C) or (N, H, W)");
}

static void wrong_type(void **state)
{
    const hsize_t dim[4] = {N, H, W, C};
    (void)state;
    put("images", H5T_IEEE_F32LE, NULL, -1, 4, dim, 0);
    expect_refusal(": images is float32, wanted uint8");
}

static void signed_type(void **state)
{
    const hsize_t dim[4] = {N, H, W, C};
    (void)state;
    put("images", H5T_STD_I8LE, NULL, -1, 4, dim, 0);
    expect_refusal(": images is int8, wanted uint8");
}

static void wrong_rank(void **state)
{
    const hsize_t dim[2] = {N, SIZE};
    (void)state;
    put("images", H5T_STD_U8LE, NULL, -1, 2, dim, 0);
    expect_refusal(": images has 2 dimensions, wanted (N, H, W, C) or (N, H, W)");
}

static void wrong_channels(void **state)
{
    const hsize_t dim[4] = {N, H, W, 1};
    (void)state;
    put("images", H5T_STD_U8LE, NULL, -1, 4, dim, 0);
    expect_refusal(": images has 1 channel, the model wants 3");
}

static void zero_samples(void **state)
{
    const hsize_t dim[4] = {0, H, W, C};
    (void)state;
    put("images", H5T_STD_U8LE, NULL, -1, 4, dim, 0);
    expect_refusal(": images is empty, wanted at least 1 sample");
}

static void huge_claims(void **state)
{
    const hsize_t dim[4] = {(hsize_t)1 << 40, 1, 1, C};
    (void)state;
    put("images", H5T_STD_U8LE, NULL, -1, 4, dim, 1 << 20);
    expect_refusal(": images has 1099511627776 samples, wanted at most 10000000");
}

static void huge_pictures(void **state)
{
    const hsize_t dim[4] = {1, 100000, 100000, C};
    hid_t space = H5Screate_simple(4, dim, NULL);
    hid_t set = H5Dcreate2(file, "images", H5T_STD_U8LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    (void)state;
    H5Dclose(set);
    H5Sclose(space);
    expect_refusal(": images of 100000 x 100000 pixels, wanted 1 to 16384 a side and at most 67108864");
}

static void group_instead(void **state)
{
    (void)state;
    H5Gclose(H5Gcreate2(file, "images", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    expect_refusal(": `images` is not a readable dataset");
}

static void label_count(void **state)
{
    static const int label[4] = {0};
    (void)state;
    put_images(0);
    put_labels(H5T_STD_I32LE, label, 4);
    expect_refusal(": 4 labels for 9 images");
}

static void label_range(void **state)
{
    static const int label[N] = {0, 1, -1};
    (void)state;
    put_images(0);
    put_labels(H5T_STD_I32LE, label, N);
    expect_refusal(": labels[2] is -1, wanted 0 to 65535");
}

static void label_type(void **state)
{
    static const int label[N] = {0};
    (void)state;
    put_images(0);
    put_labels(H5T_IEEE_F64LE, label, N);
    expect_refusal(": labels is float64, wanted integers");
}

static void label_without_name(void **state)
{
    static const int label[N] = {0, 1, 2};
    static const char *const name[] = {"rose", "daisy"};
    (void)state;
    put_images(0);
    put_labels(H5T_STD_I32LE, label, N);
    put_names(name, 2, 1);
    expect_refusal(": labels[2] is 2, class_names has 2");
}

/* A file cut anywhere opens and reads fully, or says that it is damaged. */
static void truncated(void **state)
{
    static const int label[N] = {0, 1, 2};
    struct mnq_preprocess p;
    uint8_t out[SIZE];
    size_t n;
    (void)state;
    put_images(4);
    put_labels(H5T_STD_I32LE, label, N);
    H5Fclose(file);
    file = -1;
    mnq_preprocess_named(&p, "none", C, &err);
    unsigned char *bytes = mnq_temp_read(mnq_temp_path("d.h5"), &n);
    for (size_t cut = 0; cut < n; cut += cut < 16 ? 1 : 97) {
        mnq_temp_write("d.h5", bytes, cut);
        struct mnq_dataset *d = try_open(H, W, C);
        if (d != NULL) {
            mnq_dataset_close(d);
            fail_msg("%zu of %zu bytes opened", cut, n);
        }
        assert_non_null(
            strstr(err.msg, cut < 8 ? "d.h5: not an HDF5 file" : "d.h5: not a readable HDF5 file (truncated or damaged)"));
    }
    /* Damaged compressed data: found when the row is read. */
    int failed = 0;
    for (size_t at = n / 2; at < n; at += 61) {
        unsigned char kept = bytes[at];
        bytes[at] ^= 0x55;
        mnq_temp_write("d.h5", bytes, n);
        bytes[at] = kept;
        struct mnq_dataset *d = try_open(H, W, C);
        if (d == NULL) continue;
        for (int i = 0; i < mnq_dataset_count(d); i++) {
            memset(&err, 0, sizeof err);
            if (mnq_dataset_load(d, i, &p, out, &err) == 0) continue;
            assert_non_null(strstr(err.msg, "]: /images: a chunk is damaged: it does not inflate to its size"));
            failed++;
        }
        mnq_dataset_close(d);
    }
    assert_true(failed > 0);
    free(bytes);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(contiguous_and_chunked),
        T(grey_without_channel_axis),
        T(resized),
        T(rows_of_numbers),
        T(labels),
        T(class_names),
        T(groups),
        T(colon_in_name),
        T(threads),
        T(no_images),
        T(wrong_type),
        T(signed_type),
        T(wrong_rank),
        T(wrong_channels),
        T(zero_samples),
        T(huge_claims),
        T(huge_pictures),
        T(group_instead),
        T(label_count),
        T(label_range),
        T(label_type),
        T(label_without_name),
        T(truncated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
