/* SPDX-License-Identifier: Apache-2.0
 * Resizing: values and checksums from Pillow 9.4 (Image.resize, BILINEAR) and from a double-precision bilinear. */
#include "image_resize.h"
#include "pictures.h"
#include "util/file.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static uint8_t *fit(int h, int w, int c, int oh, int ow, enum mnq_resize resize, enum mnq_filter filter)
{
    struct mnq_image im = {.h = h, .w = w, .c = c, .data = malloc((size_t)(h * w * c))};
    uint8_t *out = malloc((size_t)(oh * ow * c));
    struct mnq_err e = {0};
    assert_non_null(im.data);
    assert_non_null(out);
    mnq_noise(im.data, (size_t)(h * w * c));
    assert_int_equal(mnq_image_fit(&im, oh, ow, resize, filter, out, &e), 0);
    mnq_image_free(&im);
    return out;
}

static void check_bytes(uint8_t *found, const uint8_t *wanted, size_t n)
{
    assert_memory_equal(found, wanted, n);
    free(found);
}

static void pillow_values(void **state)
{
    static const uint8_t shrunk[] = {64, 147, 119, 149, 140, 180, 135, 130, 155, 122, 74, 110};
    static const uint8_t grown[] = {5, 5, 4, 85, 139, 44, 51, 61, 91, 111, 123, 144, 175, 104, 56, 162, 190, 232, 110, 28};
    static const uint8_t colour[] = {139, 72, 151, 147, 120, 162, 109, 90, 192, 103, 96, 183};
    static const uint8_t nearest[] = {4, 162, 28, 152, 10, 247, 108, 73, 172, 218, 1, 74};
    static const uint8_t cubic[] = {52, 158, 110, 153, 141, 185, 135, 129, 157, 120, 67, 104};
    static const uint8_t cubic_grown[] = {0, 0, 0, 91, 161, 36, 41, 51, 94, 121, 126, 155, 185, 101, 41, 170, 213, 252, 104, 1};
    (void)state;
    check_bytes(fit(5, 7, 1, 4, 3, MNQ_RESIZE_STRETCH, MNQ_FILTER_NEAREST), nearest, sizeof nearest);
    check_bytes(fit(5, 7, 1, 4, 3, MNQ_RESIZE_STRETCH, MNQ_FILTER_BICUBIC), cubic, sizeof cubic);
    check_bytes(fit(2, 3, 1, 4, 5, MNQ_RESIZE_STRETCH, MNQ_FILTER_BICUBIC), cubic_grown, sizeof cubic_grown);
    check_bytes(fit(5, 7, 1, 4, 3, MNQ_RESIZE_STRETCH, MNQ_FILTER_PIL), shrunk, sizeof shrunk);
    check_bytes(fit(2, 3, 1, 4, 5, MNQ_RESIZE_STRETCH, MNQ_FILTER_PIL), grown, sizeof grown);
    check_bytes(fit(4, 3, 3, 2, 2, MNQ_RESIZE_STRETCH, MNQ_FILTER_PIL), colour, sizeof colour);
}

struct sum {
    int h, w, c, oh, ow;
    enum mnq_resize resize;
    uint32_t crc;
};

static void pillow_checksums(void **state)
{
    static const struct sum sums[] = {
        {200, 300, 3, 224, 224, MNQ_RESIZE_STRETCH, 0x76d6a3d1}, {375, 500, 3, 96, 96, MNQ_RESIZE_STRETCH, 0x2d71bf25},
        {1, 1000, 1, 3, 7, MNQ_RESIZE_STRETCH, 0x21068427},      {480, 17, 3, 17, 224, MNQ_RESIZE_STRETCH, 0x044e7c91},
        {333, 222, 1, 224, 224, MNQ_RESIZE_STRETCH, 0x7047a143}, {200, 300, 3, 96, 96, MNQ_RESIZE_CROP, 0xa08a4e44},
        {301, 200, 1, 64, 64, MNQ_RESIZE_CROP, 0x68c088a8},      {50, 50, 3, 32, 24, MNQ_RESIZE_CROP, 0x1780a8a9},
        {97, 150, 3, 64, 64, MNQ_RESIZE_CROP, 0x7199e7c3},
    };
    (void)state;
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        const struct sum *s = &sums[i];
        uint8_t *out = fit(s->h, s->w, s->c, s->oh, s->ow, s->resize, MNQ_FILTER_PIL);
        uint32_t crc = mnq_bytes_crc32(0, out, (size_t)(s->oh * s->ow * s->c));
        free(out);
        if (crc != s->crc)
            fail_msg("%d x %d x %d to %d x %d: crc %08x, wanted %08x", s->h, s->w, s->c, s->oh, s->ow, crc, s->crc);
    }
}

static void tensorflow_values(void **state)
{
    static const uint8_t shrunk[] = {51, 153, 205, 94, 156, 119, 121, 250, 112, 86, 103, 109};
    static const uint8_t grown[] = {5, 5, 4, 85, 139, 44, 51, 61, 91, 111, 123, 144, 175, 103, 56, 162, 190, 232, 110, 28};
    (void)state;
    check_bytes(fit(5, 7, 1, 3, 4, MNQ_RESIZE_STRETCH, MNQ_FILTER_TF), shrunk, sizeof shrunk);
    check_bytes(fit(2, 3, 1, 4, 5, MNQ_RESIZE_STRETCH, MNQ_FILTER_TF), grown, sizeof grown);
}

static void same_size_is_unchanged(void **state)
{
    uint8_t wanted[12 * 9 * 3];
    (void)state;
    mnq_noise(wanted, sizeof wanted);
    for (int resize = 0; resize < 2; resize++)
        for (int filter = 0; filter < 2; filter++)
            check_bytes(fit(12, 9, 3, 12, 9, (enum mnq_resize)resize, (enum mnq_filter)filter), wanted, sizeof wanted);
}

/* White stays white: the rounded weights of 16384 taps may sum to more than one. */
static void full_scale_saturates(void **state)
{
    struct mnq_image im = {.h = 1, .w = 16384, .c = 1, .data = malloc(16384)};
    (void)state;
    assert_non_null(im.data);
    memset(im.data, 255, 16384);
    for (int w = 1; w < 40; w++) {
        uint8_t out[40];
        struct mnq_err e = {0};
        assert_int_equal(mnq_image_fit(&im, 1, w, MNQ_RESIZE_STRETCH, MNQ_FILTER_PIL, out, &e), 0);
        for (int i = 0; i < w; i++) assert_int_equal(out[i], 255);
    }
    mnq_image_free(&im);
}

/* A crop of an extreme picture computes only what it keeps: 16384 x 1 enlarged to height 224 would have 3.6 million columns.
 */
static void crop_of_a_line(void **state)
{
    (void)state;
    uint8_t *out = fit(1, 16384, 3, 224, 224, MNQ_RESIZE_CROP, MNQ_FILTER_PIL);
    uint8_t *tf = fit(1, 16384, 3, 224, 224, MNQ_RESIZE_CROP, MNQ_FILTER_TF);
    for (int i = 1; i < 224; i++) {
        assert_memory_equal(out, out + i * 224 * 3, 224 * 3);
        assert_memory_equal(tf, tf + i * 224 * 3, 224 * 3);
    }
    free(out);
    free(tf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pillow_values),        cmocka_unit_test(pillow_checksums),
        cmocka_unit_test(tensorflow_values),    cmocka_unit_test(same_size_is_unchanged),
        cmocka_unit_test(full_scale_saturates), cmocka_unit_test(crop_of_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
