/* SPDX-License-Identifier: Apache-2.0
 * BMP, GIF and Exif orientation: small files with known pixels, and every way to cut them short. */
#include "image.h"
#include "image_exif.h"

#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct mnq_err err;

/* 3 x 2 pixels: red, green, blue; 10 20 30, 40 50 60, 70 80 90. */
static const uint8_t bmp[] = {0x42, 0x4d, 0x4e, 0, 0,    0, 0,    0,    0,    0,    0x36, 0,    0,    0,    0x28, 0,
                              0,    0,    3,    0, 0,    0, 2,    0,    0,    0,    1,    0,    0x18, 0,    0,    0,
                              0,    0,    0x18, 0, 0,    0, 0xc4, 0x0e, 0,    0,    0xc4, 0x0e, 0,    0,    0,    0,
                              0,    0,    0,    0, 0,    0, 0x1e, 0x14, 0x0a, 0x3c, 0x32, 0x28, 0x5a, 0x50, 0x46, 0,
                              0,    0,    0,    0, 0xff, 0, 0xff, 0,    0xff, 0,    0,    0,    0,    0};
static const uint8_t bmp_pixels[] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30, 40, 50, 60, 70, 80, 90};

/* 3 x 2 pixels of colours red, green, blue: 0 1 2, 2 1 0. */
static const uint8_t gif[] = {0x47, 0x49, 0x46, 0x38, 0x37, 0x61, 3, 0, 2,    0,    0x81, 0, 0,    0xff, 0, 0,
                              0,    0xff, 0,    0,    0,    0xff, 9, 9, 9,    0x2c, 0,    0, 0,    0,    3, 0,
                              2,    0,    0,    8,    9,    0,    1, 4, 0x10, 0x20, 0x20, 0, 0x80, 0x80, 0, 0x3b};
static const uint8_t gif_pixels[] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 255, 0, 255, 0, 255, 0, 0};

/* Decodes from memory of exactly that size, so that reading behind it is found. */
static int decode(const uint8_t *bytes, size_t n, struct mnq_image *im)
{
    uint8_t *copy = malloc(n);
    assert_non_null(copy);
    memcpy(copy, bytes, n);
    memset(&err, 0, sizeof err);
    int rc = mnq_image_decode("x", copy, n, 3, im, &err);
    free(copy);
    return rc;
}

static void expect(const uint8_t *bytes, size_t n, const uint8_t *pixels)
{
    struct mnq_image im;
    if (decode(bytes, n, &im) != 0) fail_msg("%s", err.msg);
    assert_int_equal(im.w, 3);
    assert_int_equal(im.h, 2);
    assert_memory_equal(im.data, pixels, 18);
    mnq_image_free(&im);
}

static void expect_cut(const uint8_t *bytes, size_t n, size_t least)
{
    struct mnq_image im;
    for (size_t k = 3; k < n; k++) {
        int rc = decode(bytes, k, &im);
        if (rc == 0) mnq_image_free(&im);
        if ((rc == 0) != (k >= least)) fail_msg("%zu of %zu bytes: %s", k, n, rc == 0 ? "accepted" : err.msg);
    }
}

static void bitmaps(void **state)
{
    (void)state;
    expect(bmp, sizeof bmp, bmp_pixels);
    expect_cut(bmp, sizeof bmp, 54 + 12 + 9); /* the last row needs no padding */
    uint8_t up[sizeof bmp];
    memcpy(up, bmp, sizeof up);
    memcpy(up + 22, "\xfe\xff\xff\xff", 4); /* height -2: rows from the top */
    memcpy(up + 54, bmp + 66, 12);
    memcpy(up + 66, bmp + 54, 12);
    expect(up, sizeof up, bmp_pixels);
    struct mnq_image im;
    up[28] = 7;
    assert_int_equal(decode(up, sizeof up, &im), -1);
    assert_string_equal(err.msg, "x: bad BMP: not 1, 4, 8, 16, 24 or 32 bits a pixel");
}

/* A palette of two colours and run lengths: 3 of colour 1; end of line; a single 0, 1, 0; end. */
static void runs(void **state)
{
    static const uint8_t pixels[] = {10, 20, 30, 40, 50, 60, 10, 20, 30, 40, 50, 60, 40, 50, 60, 40, 50, 60};
    uint8_t rle[54 + 8 + 12] = {0};
    (void)state;
    memcpy(rle, bmp, 54);
    rle[10] = 62;
    rle[28] = 8;
    rle[30] = 1;
    rle[46] = 2;
    memcpy(rle + 54, "\x1e\x14\x0a\0\x3c\x32\x28", 7);
    memcpy(rle + 62, "\3\1\0\0\0\3\0\1\0\0\0\1", 12);
    expect(rle, sizeof rle, pixels);
}

static void first_frames(void **state)
{
    (void)state;
    expect(gif, sizeof gif, gif_pixels);
    expect_cut(gif, sizeof gif, sizeof gif - 3);
    uint8_t bad[sizeof gif];
    struct mnq_image im;
    memcpy(bad, gif, sizeof bad);
    bad[26] = 9; /* to the right of its canvas */
    assert_int_equal(decode(bad, sizeof bad, &im), -1);
    assert_string_equal(err.msg, "x: bad GIF: a frame larger than its canvas");
}

/* Every byte changed in turn, in a few ways: an error or a picture, and no other memory (sanitizers, valgrind). */
static void damaged(void **state)
{
    static const uint8_t change[] = {0x01, 0x80, 0xff};
    uint8_t copy[sizeof bmp > sizeof gif ? sizeof bmp : sizeof gif];
    struct mnq_image im;
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        size_t n = kind == 0 ? sizeof bmp : sizeof gif;
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < sizeof change; k++) {
                memcpy(copy, kind == 0 ? bmp : gif, n);
                copy[i] ^= change[k];
                if (decode(copy, n, &im) == 0) mnq_image_free(&im);
            }
    }
}

/* Where the top left pixel of the upright picture is stored, for each orientation of a 2 x 1 picture "ab". */
static void orientation(void **state)
{
    static const char wanted[9][3] = {"", "ab", "ba", "ba", "ab", "ab", "ab", "ba", "ba"};
    (void)state;
    for (int o = 1; o <= 8; o++) {
        struct mnq_image im = {.h = 1, .w = 2, .c = 1, .data = malloc(2)};
        assert_non_null(im.data);
        memcpy(im.data, "ab", 2);
        assert_int_equal(mnq_image_turn(&im, o, &err), 0);
        assert_int_equal(im.h, o >= 5 ? 2 : 1);
        assert_memory_equal(im.data, wanted[o], 2);
        mnq_image_free(&im);
    }
    static const uint8_t jpeg[] = "\xff\xd8\xff\xe1\0\x1e"
                                  "Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0";
    assert_int_equal(mnq_exif_orientation(jpeg, sizeof jpeg - 1), 6);
    for (size_t n = 0; n + 3 < sizeof jpeg; n++) (void)mnq_exif_orientation(jpeg, n);
    assert_int_equal(mnq_exif_orientation((const uint8_t *)"\xff\xd8\xff\xda", 4), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(bitmaps), cmocka_unit_test(runs), cmocka_unit_test(first_frames),
                                       cmocka_unit_test(damaged), cmocka_unit_test(orientation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
