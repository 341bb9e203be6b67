/* SPDX-License-Identifier: Apache-2.0
 * Datasets from folders and single pictures: order, labels, loading, what is refused. */
#include "dataset.h"
#include "image.h"
#include "image_resize.h"
#include "pictures.h"
#include "tempdir.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 6 };

static struct mnq_err err;

static int setup(void **state)
{
    (void)state;
    memset(&err, 0, sizeof err);
    mnq_temp_make();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mnq_temp_remove();
    return 0;
}

static struct mnq_dataset *open1(const char *path, int c)
{
    char *paths[1] = {(char *)(uintptr_t)path};
    memset(&err, 0, sizeof err);
    return mnq_dataset_open(paths, 1, SIDE, SIDE, c, &err);
}

static void expect_refusal(const char *path, int c, const char *format, const char *argument)
{
    char wanted[2048];
    snprintf(wanted, sizeof wanted, "%s", format);
    char *at = strstr(wanted, "@");
    if (at != NULL)
        snprintf(wanted, sizeof wanted, "%.*s%s%s", (int)(at - wanted), format, argument, format + (at - wanted) + 1);
    assert_null(open1(path, c));
    assert_string_equal(err.msg, wanted);
    assert_int_not_equal(err.code, 0);
}

/* A picture whose every pixel is `value`. */
static void picture(const char *name, int value)
{
    uint8_t pixel[SIDE * SIDE * 3];
    size_t n;
    memset(pixel, value, sizeof pixel);
    uint8_t *file = mnq_make_pnm(pixel, SIDE, SIDE, 3, &n);
    mnq_temp_write(name, file, n);
    free(file);
}

static int first_pixel(const struct mnq_dataset *d, int i)
{
    struct mnq_preprocess p;
    uint8_t out[SIDE * SIDE * 3];
    assert_int_equal(mnq_preprocess_named(&p, "none", 3, &err), 0);
    if (mnq_dataset_load(d, i, &p, out, &err) != 0) fail_msg("%s", err.msg);
    for (int k = 0; k < SIDE * SIDE * 3; k++) assert_int_equal(out[k], out[0]);
    return out[0];
}

static void class_folders(void **state)
{
    (void)state;
    mnq_temp_dir("d");
    mnq_temp_dir("d/rose");
    mnq_temp_dir("d/daisy");
    mnq_temp_dir("d/Tulip"); /* upper case sorts first */
    mnq_temp_dir("d/empty");
    mnq_temp_dir("d/.hidden");
    picture("d/rose/2.ppm", 12);
    picture("d/rose/10.PPM", 11);
    picture("d/daisy/1.pnm", 10);
    picture("d/Tulip/x.ppm", 9);
    picture("d/.hidden/x.ppm", 1);
    mnq_temp_text("d/README.txt", "not a picture");
    mnq_temp_text("d/rose/notes", "neither");
    struct mnq_dataset *d = open1(mnq_temp_path("d"), 3);
    if (d == NULL) fail_msg("%s", err.msg);
    assert_int_equal(mnq_dataset_count(d), 4);
    assert_int_equal(mnq_dataset_classes(d), 4);
    static const char *const class[] = {"Tulip", "daisy", "empty", "rose"};
    for (int i = 0; i < 4; i++) assert_string_equal(mnq_dataset_class(d, i), class[i]);
    assert_null(mnq_dataset_class(d, 4));
    assert_null(mnq_dataset_class(d, -1));
    static const int label[] = {0, 1, 3, 3};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(mnq_dataset_label(d, i), label[i]);
        assert_int_equal(first_pixel(d, i), 9 + i);
    }
    assert_string_equal(mnq_dataset_name(d, 2), mnq_temp_path("d/rose/10.PPM"));
    mnq_dataset_close(d);
}

static void flat_folder(void **state)
{
    (void)state;
    mnq_temp_dir("d");
    mnq_temp_dir("d/sub");
    picture("d/b.ppm", 2);
    picture("d/a.ppm", 1);
    struct mnq_dataset *d = open1(mnq_temp_path("d/"), 3);
    assert_non_null(d);
    assert_int_equal(mnq_dataset_count(d), 2);
    assert_int_equal(mnq_dataset_classes(d), 0);
    assert_int_equal(mnq_dataset_label(d, 0), -1);
    assert_string_equal(mnq_dataset_name(d, 0), mnq_temp_path("d/a.ppm"));
    assert_int_equal(first_pixel(d, 1), 2);
    mnq_dataset_close(d);

    picture("d/sub/c.ppm", 3);
    expect_refusal(mnq_temp_path("d"), 3, "@/: has pictures of its own and in subfolders; wanted one or the other",
                   mnq_temp_path("d"));
}

static void several_sources(void **state)
{
    (void)state;
    mnq_temp_dir("a");
    mnq_temp_dir("a/x");
    mnq_temp_dir("a/y");
    mnq_temp_dir("b");
    mnq_temp_dir("b/y");
    picture("a/x/1.ppm", 1);
    picture("a/y/1.ppm", 2);
    picture("b/y/1.ppm", 3);
    picture("c.ppm", 4);
    char *paths[3];
    static const char *const name[] = {"a", "b", "c.ppm"};
    for (int i = 0; i < 3; i++) paths[i] = (char *)(uintptr_t)mnq_temp_path(name[i]);
    struct mnq_dataset *d = mnq_dataset_open(paths, 3, SIDE, SIDE, 3, &err);
    if (d == NULL) fail_msg("%s", err.msg);
    static const int label[] = {0, 1, 1, -1};
    assert_int_equal(mnq_dataset_count(d), 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(mnq_dataset_label(d, i), label[i]);
        assert_int_equal(first_pixel(d, i), i + 1);
    }
    mnq_dataset_close(d);

    mnq_temp_dir("b/z");
    memset(&err, 0, sizeof err);
    for (int i = 0; i < 3; i++) paths[i] = (char *)(uintptr_t)mnq_temp_path(name[i]);
    assert_null(mnq_dataset_open(paths, 3, SIDE, SIDE, 3, &err));
    assert_non_null(strstr(err.msg, "/b: class \"z\" is not one of the 2 classes of "));
}

static void refusals(void **state)
{
    (void)state;
    mnq_temp_dir("empty");
    expect_refusal(mnq_temp_path("empty"), 3, "@/: no pictures (JPEG, PNG, BMP, GIF, PNM) found", mnq_temp_path("empty"));
    expect_refusal(mnq_temp_path("none"), 3, "@: cannot open: No such file or directory", mnq_temp_path("none"));
    mnq_temp_write("a.npy", "\x93NUMPY\x01\x00v", 9);
    expect_refusal(mnq_temp_path("a.npy"), 3, "@: bad .npy: cut short", mnq_temp_path("a.npy"));
    mnq_temp_text("a.txt", "hello");
    expect_refusal(mnq_temp_path("a.txt"), 3,
                   "@: neither a folder, a CSV, an HDF5 or NumPy file nor a picture (JPEG, PNG, BMP, GIF, PNM)",
                   mnq_temp_path("a.txt"));
    picture("a.ppm", 1);
    expect_refusal(mnq_temp_path("a.ppm"), 4, "@: pictures give 1 or 3 channels, the model wants 4", mnq_temp_path("a.ppm"));
    expect_refusal("/dev/null", 3, "/dev/null: not a regular file but a device", "");
    memset(&err, 0, sizeof err);
    assert_null(mnq_dataset_open(NULL, 0, SIDE, SIDE, 3, &err));
    assert_string_equal(err.msg, "no samples given");
}

static void a_damaged_picture_is_named(void **state)
{
    struct mnq_preprocess p;
    uint8_t out[SIDE * SIDE * 3];
    char wanted[1200];
    (void)state;
    mnq_temp_dir("d");
    mnq_temp_write("d/a.jpg", "\xff\xd8\xff\xe0", 4);
    struct mnq_dataset *d = open1(mnq_temp_path("d"), 3);
    assert_non_null(d);
    mnq_preprocess_named(&p, "none", 3, &err);
    assert_int_equal(mnq_dataset_load(d, 0, &p, out, &err), -1);
    snprintf(wanted, sizeof wanted, "%s: truncated JPEG", mnq_temp_path("d/a.jpg"));
    assert_string_equal(err.msg, wanted);
    mnq_dataset_close(d);
}

/* Pictures go through the preprocessing's resize. */
static void resized(void **state)
{
    struct mnq_preprocess p;
    struct mnq_image im = {.h = 9, .w = 14, .c = 1};
    uint8_t pixel[9 * 14], out[SIDE * SIDE], wanted[SIDE * SIDE];
    size_t n;
    (void)state;
    mnq_noise(pixel, sizeof pixel);
    uint8_t *file = mnq_make_pnm(pixel, 9, 14, 1, &n);
    mnq_temp_write("a.pgm", file, n);
    free(file);
    struct mnq_dataset *d = open1(mnq_temp_path("a.pgm"), 1);
    assert_non_null(d);
    im.data = pixel;
    mnq_preprocess_named(&p, "none", 1, &err);
    for (int i = 0; i < 4; i++) {
        p.resize = i & 1 ? MNQ_RESIZE_CROP : MNQ_RESIZE_STRETCH;
        p.filter = i & 2 ? MNQ_FILTER_TF : MNQ_FILTER_PIL;
        assert_int_equal(mnq_dataset_load(d, 0, &p, out, &err), 0);
        assert_int_equal(mnq_image_fit(&im, SIDE, SIDE, p.resize, p.filter, wanted, &err), 0);
        assert_memory_equal(out, wanted, sizeof wanted);
    }
    mnq_dataset_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(class_folders, setup, teardown),
        cmocka_unit_test_setup_teardown(flat_folder, setup, teardown),
        cmocka_unit_test_setup_teardown(several_sources, setup, teardown),
        cmocka_unit_test_setup_teardown(refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(a_damaged_picture_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(resized, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
