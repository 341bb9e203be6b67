/* SPDX-License-Identifier: Apache-2.0
 * Decoding: every form of each format, channel conversion, damaged and oversized files. */
#include "image.h"
#include "image_resize.h"
#include "util/arena.h"
#include "pictures.h"
#include "tempdir.h"
#include "util/file.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

enum { H = 7, W = 11 };

static struct mnq_err err;
static struct mnq_image im;

/* Decodes bytes and frees them. */
static int decode(uint8_t *bytes, size_t n, int channels)
{
    memset(&err, 0, sizeof err);
    int rc = mnq_image_decode("x", bytes, n, channels, &im, &err);
    free(bytes);
    if (rc != 0) {
        assert_null(im.data);
        assert_int_equal(err.code, MNQ_EXIT_FAILED);
    }
    return rc;
}

static void expect_pixels(const uint8_t *wanted, int h, int w, int c)
{
    if (im.data == NULL) fail_msg("%s", err.msg);
    assert_int_equal(im.h, h);
    assert_int_equal(im.w, w);
    assert_int_equal(im.c, c);
    assert_memory_equal(im.data, wanted, (size_t)(h * w * c));
    mnq_image_free(&im);
}

static void expect_error(const char *text, size_t n, int channels, const char *message)
{
    uint8_t *copy = malloc(n + 1);
    assert_non_null(copy);
    memcpy(copy, text, n);
    assert_int_equal(decode(copy, n, channels), -1);
    assert_string_equal(err.msg, message);
}

static uint8_t luma(const uint8_t *p)
{
    return (uint8_t)((p[0] * 19595 + p[1] * 38470 + p[2] * 7471 + 0x8000) >> 16);
}

static void pnm(void **state)
{
    uint8_t rgb[H * W * 3], grey[H * W], spread[H * W * 3];
    size_t n;
    (void)state;
    mnq_noise(rgb, sizeof rgb);
    for (int i = 0; i < H * W; i++) grey[i] = luma(rgb + 3 * i);
    for (int i = 0; i < H * W; i++) memset(spread + 3 * i, rgb[i], 3);
    uint8_t *file = mnq_make_pnm(rgb, H, W, 3, &n);
    decode(file, n, 3);
    expect_pixels(rgb, H, W, 3);
    file = mnq_make_pnm(rgb, H, W, 3, &n);
    decode(file, n, 1);
    expect_pixels(grey, H, W, 1);
    file = mnq_make_pnm(rgb, H, W, 1, &n);
    decode(file, n, 3);
    expect_pixels(spread, H, W, 3);
}

static void pnm_text_and_depths(void **state)
{
    static const char *const same[] = {
        "P2 3 1 255 0 128 255",
        "P2\n# by hand\n3 # wide\n1\n255\n0\n128\n255\n",
        "P2 3 1 2 0 1 2",
        "P5 3 1 2\n\x00\x01\x02",
        "P5 3 1 65535\n\x00\x00\x80\x00\xff\xff",
        "P5 3 1 510\n\x00\x00\x01\x00\x01\xfe trailing bytes",
    };
    static const size_t size[] = {20, 0, 14, 12, 19, 0};
    static const uint8_t wanted[] = {0, 128, 255};
    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        size_t n = size[i] != 0 ? size[i] : i == 1 ? strlen(same[1]) : 17 + 15;
        uint8_t *copy = malloc(n);
        assert_non_null(copy);
        memcpy(copy, same[i], n);
        decode(copy, n, 1);
        expect_pixels(wanted, 1, 3, 1);
    }
}

static void bad_pnm(void **state)
{
    (void)state;
    expect_error("P5 3 1 255\n\x01\x02", 13, 1, "x: truncated PNM");
    expect_error("P5 3", 4, 1, "x: truncated PNM");
    expect_error("P2 2 2 255 1 2 3", 16, 1, "x: truncated PNM");
    expect_error("P2 2 1 255 1 f", 14, 1, "x: bad PNM: a sample is not a number");
    expect_error("P2 2 1 255 1 256", 16, 1, "x: bad PNM: a sample is 256");
    expect_error("P5 2 1 9\n\x01\x0a", 11, 1, "x: bad PNM: a sample is 10");
    expect_error("P5 2 x 9\n\x01\x0a", 11, 1, "x: bad PNM: the height is not a number");
    expect_error("P5 1 1 0\n\x01", 10, 1, "x: bad PNM: the maximum is 0");
    expect_error("P5 1 1 70000\n\x01", 14, 1, "x: bad PNM: the maximum is 70000");
    expect_error("P5 1 1 255x\x01", 12, 1, "x: bad PNM: the maximum is not a number");
    expect_error("P5 0 1 255\n", 11, 1, "x: 0 x 1 pixels, wanted 1 to 16384 a side");
    expect_error("P5 99999999999 1 255\n", 21, 1, "x: 9999999 x 1 pixels, wanted 1 to 16384 a side");
    expect_error("P5 16384 16384 255\n", 19, 1, "x: truncated PNM");
    expect_error("P4 8 1\n\x01", 8, 1, "x: not a PNM of type P2, P3, P5 or P6");
}

static void not_a_picture(void **state)
{
    (void)state;
    expect_error("", 0, 3, "x: empty file");
    expect_error("GIX89a", 6, 3, "x: not a JPEG, PNG, BMP, GIF or PNM picture");
    expect_error("P5 1 1 255\n\x01", 12, 2, "x: pictures give 1 or 3 channels, the model wants 2");
    memset(&err, 0, sizeof err);
    assert_int_equal(mnq_image_read("/nonexistent/x.png", 3, &im, &err), -1);
    assert_string_equal(err.msg, "/nonexistent/x.png: cannot open: No such file or directory");
}

static void png_colour(void **state)
{
    uint8_t rgb[H * W * 3], rgba[H * W * 4], wide[H * W * 6];
    size_t n;
    (void)state;
    mnq_noise(rgba, sizeof rgba);
    for (int i = 0; i < H * W; i++) memcpy(rgb + 3 * i, rgba + 4 * i, 3);
    for (int i = 0; i < H * W * 3; i++) { /* only the high byte counts */
        wide[2 * i] = rgb[i];
        wide[2 * i + 1] = 0xff;
    }
    for (int interlaced = 0; interlaced < 2; interlaced++) {
        uint8_t *file = mnq_make_png(rgb, W * 3, H, W, (struct mnq_png_form){2, 8, interlaced, NULL}, &n);
        decode(file, n, 3);
        expect_pixels(rgb, H, W, 3);
        file = mnq_make_png(rgba, W * 4, H, W, (struct mnq_png_form){6, 8, interlaced, NULL}, &n);
        decode(file, n, 3);
        expect_pixels(rgb, H, W, 3);
        file = mnq_make_png(wide, W * 6, H, W, (struct mnq_png_form){2, 16, interlaced, NULL}, &n);
        decode(file, n, 3);
        expect_pixels(rgb, H, W, 3);
    }
}

static void png_grey(void **state)
{
    uint8_t grey[H * W], bits[H * 2], black_white[H * W], alpha[H * W * 2];
    size_t n;
    (void)state;
    mnq_noise(grey, sizeof grey);
    mnq_noise(bits, sizeof bits);
    for (int i = 0; i < H * W; i++) {
        alpha[2 * i] = grey[i];
        alpha[2 * i + 1] = (uint8_t)(7 * i);
        black_white[i] = bits[i / W * 2 + i % W / 8] >> (7 - i % W % 8) & 1 ? 255 : 0;
    }
    uint8_t *file = mnq_make_png(grey, W, H, W, (struct mnq_png_form){0, 8, 0, NULL}, &n);
    decode(file, n, 1);
    expect_pixels(grey, H, W, 1);
    file = mnq_make_png(alpha, W * 2, H, W, (struct mnq_png_form){4, 8, 0, NULL}, &n);
    decode(file, n, 1);
    expect_pixels(grey, H, W, 1);
    file = mnq_make_png(bits, 2, H, W, (struct mnq_png_form){0, 1, 0, NULL}, &n);
    decode(file, n, 1);
    expect_pixels(black_white, H, W, 1);
}

static void png_palette(void **state)
{
    uint8_t palette[768], index[H * W], rgb[H * W * 3], grey[H * W];
    size_t n;
    (void)state;
    mnq_noise(palette, sizeof palette);
    for (int i = 0; i < H * W; i++) {
        index[i] = (uint8_t)(37 * i);
        memcpy(rgb + 3 * i, palette + 3 * index[i], 3);
        grey[i] = luma(rgb + 3 * i);
    }
    struct mnq_png_form form = {3, 8, 1, palette};
    uint8_t *file = mnq_make_png(index, W, H, W, form, &n);
    decode(file, n, 3);
    expect_pixels(rgb, H, W, 3);
    file = mnq_make_png(index, W, H, W, form, &n);
    decode(file, n, 1);
    expect_pixels(grey, H, W, 1);
}

static void put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++) p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* Some megabytes of text, as photo editors leave them, are skipped. */
/* A chunk of n bytes at p; returns where the next goes. */
static uint8_t *put_chunk(uint8_t *p, const char *type, const void *bytes, uint32_t n)
{
    put32(p, n);
    memcpy(p + 4, type, 4);
    memcpy(p + 8, bytes, n);
    put32(p + 8 + n, mnq_bytes_crc32(0, p + 4, n + 4));
    return p + 12 + n;
}

/* Texts and a profile of 32 MiB each, deflated to a thousandth: nobody reads them, they cost nothing. */
static void png_with_packed_bombs(void **state)
{
    enum { HEAD = 33, PLAIN = 32 << 20, BOMBS = 90 };
    static const char *const type[] = {"zTXt", "iTXt", "iCCP"};
    static const char front[][16] = {"k\0", "k\0\1\0\0", "k\0"};
    static const size_t front_n[] = {3, 6, 3};
    uint8_t grey[H * W];
    size_t n;
    (void)state;
    mnq_noise(grey, sizeof grey);
    uint8_t *file = mnq_make_png(grey, W, H, W, (struct mnq_png_form){0, 8, 0, NULL}, &n);
    uint8_t *plain = calloc(PLAIN, 1), *body = malloc(1 << 16), *packed = malloc(1 << 17),
            *large = malloc(n + BOMBS * (1 << 16));
    uLongf size = 1 << 16;
    assert_true(plain != NULL && body != NULL && packed != NULL && large != NULL);
    assert_int_equal(compress2(body, &size, plain, PLAIN, 9), Z_OK);
    uint8_t *at = large + HEAD;
    memcpy(large, file, HEAD);
    for (int i = 0; i < BOMBS; i++) {
        const int t = i == 0 ? 2 : i % 2; /* one profile is all that there may be */
        memcpy(packed, front[t], front_n[t]);
        memcpy(packed + front_n[t], body, size);
        at = put_chunk(at, type[t], packed, (uint32_t)(front_n[t] + size));
    }
    memcpy(at, file + HEAD, n - HEAD);
    free(file);
    free(plain);
    free(body);
    free(packed);
    const clock_t before = clock();
    decode(large, (size_t)(at - large) + n - HEAD, 1);
    expect_pixels(grey, H, W, 1);
    assert_true((double)(clock() - before) / CLOCKS_PER_SEC < 1);
}

static void png_with_much_text(void **state)
{
    enum { HEAD = 33, TEXT = 3 << 20 }; /* signature and IHDR */
    uint8_t grey[H * W];
    size_t n;
    (void)state;
    mnq_noise(grey, sizeof grey);
    uint8_t *file = mnq_make_png(grey, W, H, W, (struct mnq_png_form){0, 8, 0, NULL}, &n);
    uint8_t *large = malloc(n + TEXT + 12);
    assert_non_null(large);
    memcpy(large, file, HEAD);
    put32(large + HEAD, TEXT);
    memcpy(large + HEAD + 4, "tEXt", 4);
    memset(large + HEAD + 8, 'a', TEXT);
    large[HEAD + 8 + 5] = '\0'; /* ends the keyword */
    put32(large + HEAD + 8 + TEXT, mnq_bytes_crc32(0, large + HEAD + 4, TEXT + 4));
    memcpy(large + HEAD + 12 + TEXT, file + HEAD, n - HEAD);
    free(file);
    decode(large, n + TEXT + 12, 1);
    expect_pixels(grey, H, W, 1);
}

/* Every shorter file fails, in one line that names it. */
static void expect_prefixes_fail(const uint8_t *file, size_t n, const char *message)
{
    for (size_t cut = 8; cut < n; cut++) {
        uint8_t *copy = malloc(cut);
        assert_non_null(copy);
        memcpy(copy, file, cut);
        if (decode(copy, cut, 3) == 0) fail_msg("%zu of %zu bytes decoded", cut, n);
        if (strcmp(err.msg, message) != 0) fail_msg("%zu of %zu bytes: %s", cut, n, err.msg);
    }
}

static void truncated(void **state)
{
    uint8_t rgb[H * W * 3];
    size_t n;
    (void)state;
    mnq_noise(rgb, sizeof rgb);
    uint8_t *file = mnq_make_png(rgb, W * 3, H, W, (struct mnq_png_form){2, 8, 0, NULL}, &n);
    expect_prefixes_fail(file, n, "x: truncated PNG");
    free(file);
    for (int progressive = 0; progressive < 2; progressive++) {
        file = mnq_make_jpeg(rgb, H, W, 3, progressive, &n);
        expect_prefixes_fail(file, n, "x: truncated JPEG");
        free(file);
    }
}

/* The encoder's loss at quality 90 on a smooth ramp is small, and decoding twice gives the same bytes. */
static void jpeg(void **state)
{
    enum { SIDE = 32 };
    static uint8_t ramp[SIDE * SIDE * 4];
    (void)state;
    for (int c = 1; c <= 4; c++) {
        if (c == 2) continue;
        for (int i = 0; i < SIDE * SIDE * c; i++) ramp[i] = (uint8_t)(60 + i / c % SIDE * 3 + i / c / SIDE);
        if (c == 4) /* inverted, as Adobe stores it: ink = 255 - value, no black */
            for (int i = 3; i < SIDE * SIDE * 4; i += 4) ramp[i] = 255;
        for (int progressive = 0; progressive < 2; progressive++) {
            size_t n;
            uint8_t *file = mnq_make_jpeg(ramp, SIDE, SIDE, c, progressive, &n);
            assert_int_equal(decode(file, n, c == 1 ? 1 : 3), 0);
            for (int i = 0; i < SIDE * SIDE * im.c; i++) {
                int wanted = ramp[i / im.c * c + i % im.c];
                if (abs(im.data[i] - wanted) > 4) fail_msg("%d channels, value %d: %d, wanted %d", c, i, im.data[i], wanted);
            }
            mnq_image_free(&im);
        }
    }
}

static void oversized(void **state)
{
    uint8_t rgb[3] = {0};
    size_t n;
    (void)state;
    uint8_t *file = mnq_make_png(rgb, 3, 1, 1, (struct mnq_png_form){2, 8, 0, NULL}, &n);
    memcpy(file + 16, "\x00\x01\x00\x00", 4); /* the width; then the chunk's checksum */
    put32(file + 29, mnq_bytes_crc32(0, file + 12, 17));
    assert_int_equal(decode(file, n, 3), -1);
    assert_string_equal(err.msg, "x: 65536 x 1 pixels, wanted 1 to 16384 a side");

    file = mnq_make_jpeg(rgb, 1, 1, 3, 0, &n);
    for (size_t i = 2; i + 9 < n; i++) {
        if (file[i] != 0xff || file[i + 1] != 0xc0) continue;
        memcpy(file + i + 5, "\xff\xdc\xff\xdc", 4); /* height and width in the frame header */
        break;
    }
    assert_int_equal(decode(file, n, 3), -1);
    assert_string_equal(err.msg, "x: 65500 x 65500 pixels, wanted 1 to 16384 a side");
}

/* Behind the last row libpng inflates whatever there is. */
static void more_than_pixels(void **state)
{
    enum { MORE = 84 << 20, PIECE = 1 << 20 };
    static const uint8_t head[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x08\0\0\0\x08\x08\2\0\0";
    (void)state;
    for (int interlaced = 0; interlaced < 2; interlaced++)
        for (size_t more = 0; more <= MORE; more += MORE) {
            uint8_t *file = calloc(1, PIECE), *zeros = calloc(1, PIECE);
            z_stream z = {0};
            assert_true(file != NULL && zeros != NULL && deflateInit(&z, 9) == Z_OK);
            memcpy(file, head, sizeof head - 1);
            file[28] = (uint8_t)interlaced;
            put32(file + 29, mnq_bytes_crc32(0, file + 12, 17));
            memcpy(file + 37, "IDAT", 4);
            z.next_out = file + 41;
            z.avail_out = PIECE - 41 - 16;
            for (size_t at = 0; at <= more; at += PIECE) {
                z.next_in = zeros;
                z.avail_in = more == 0 ? 8 * 25 + 8 * 7 : PIECE;
                deflate(&z, more == 0 || at == more ? Z_FINISH : Z_NO_FLUSH);
            }
            size_t n = (size_t)z.total_out;
            deflateEnd(&z);
            put32(file + 33, (uint32_t)n);
            put32(file + 41 + n, mnq_bytes_crc32(0, file + 37, n + 4));
            memcpy(file + 45 + n, "\0\0\0\0IEND\xae\x42\x60\x82", 12);
            free(zeros);
            assert_int_equal(decode(file, 57 + n, 3), more == 0 ? 0 : -1);
            assert_string_equal(err.msg, more == 0 ? "" : "x: bad PNG: more data than its pixels take");
            mnq_image_free(&im);
        }
}

/* A scan costs as much as its picture is large, however few bytes it takes. */
static void many_scans(void **state)
{
    enum { MOST = 200 };
    static uint8_t rgb[H * W * 3];
    size_t n;
    (void)state;
    uint8_t *file = mnq_make_jpeg(rgb, H, W, 3, 1, &n);
    size_t last = n - 3;
    while (last > 0 && (file[last] != 0xff || file[last + 1] != 0xda)) last--;
    const size_t length = n - 2 - last; /* of the last scan; then the end of the picture */
    for (int copies = 0; copies <= MOST; copies += MOST / 2) {
        size_t size = n + (size_t)copies * length;
        uint8_t *longer = malloc(size);
        assert_non_null(longer);
        memcpy(longer, file, n - 2);
        for (int i = 0; i < copies; i++) memcpy(longer + n - 2 + (size_t)i * length, file + last, length);
        memcpy(longer + size - 2, file + n - 2, 2);
        assert_int_equal(decode(longer, size, 3), copies < MOST ? 0 : -1);
        mnq_image_free(&im);
        if (copies == MOST) assert_non_null(strstr(err.msg, "x: bad JPEG: more than 200 scans of "));
    }
    free(file);
}

/* Damage anywhere gives pixels or one error, nothing else (the sanitizers watch). */
static void damaged(void **state)
{
    uint8_t rgb[H * W * 3];
    (void)state;
    mnq_noise(rgb, sizeof rgb);
    for (int kind = 0; kind < 4; kind++) {
        size_t n;
        uint8_t *file = kind < 2    ? mnq_make_jpeg(rgb, H, W, 3, kind, &n)
                        : kind == 2 ? mnq_make_png(rgb, W * 3, H, W, (struct mnq_png_form){2, 8, 1, NULL}, &n)
                                    : mnq_make_pnm(rgb, H, W, 3, &n);
        for (size_t at = 0; at < n; at++) {
            for (int value = 0; value < 256; value += 51) {
                uint8_t *copy = malloc(n);
                assert_non_null(copy);
                memcpy(copy, file, n);
                copy[at] = (uint8_t)value;
                if (decode(copy, n, 3) == 0) mnq_image_free(&im);
                else assert_null(strchr(err.msg, '\n'));
            }
        }
        free(file);
    }
}

static void from_file(void **state)
{
    uint8_t rgb[H * W * 3];
    size_t n;
    (void)state;
    mnq_noise(rgb, sizeof rgb);
    mnq_temp_make();
    uint8_t *file = mnq_make_pnm(rgb, H, W, 3, &n);
    const char *path = mnq_temp_write("a.ppm", file, n);
    free(file);
    memset(&err, 0, sizeof err);
    assert_int_equal(mnq_image_read(path, 3, &im, &err), 0);
    expect_pixels(rgb, H, W, 3);
    mnq_temp_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pnm),
        cmocka_unit_test(pnm_text_and_depths),
        cmocka_unit_test(bad_pnm),
        cmocka_unit_test(not_a_picture),
        cmocka_unit_test(png_colour),
        cmocka_unit_test(png_grey),
        cmocka_unit_test(png_palette),
        cmocka_unit_test(png_with_much_text),
        cmocka_unit_test(png_with_packed_bombs),
        cmocka_unit_test(truncated),
        cmocka_unit_test(jpeg),
        cmocka_unit_test(more_than_pixels),
        cmocka_unit_test(many_scans),
        cmocka_unit_test(oversized),
        cmocka_unit_test(damaged),
        cmocka_unit_test(from_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
