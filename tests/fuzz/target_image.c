/* SPDX-License-Identifier: Apache-2.0
 * The picture decoders on arbitrary bytes, and turning and resizing of what they accept. */
#include "fuzz.h"
#include "image.h"
#include "image_exif.h"
#include "image_resize.h"
#include "util/arena.h"
#include "pictures.h"

#include <stdlib.h>
#include <string.h>

static void decode(const uint8_t *bytes, size_t n, int channels)
{
    struct mnq_image im;
    struct mnq_err e = {0};
    if (mnq_image_decode("x", bytes, n, channels, &im, &e) != 0) {
        MNQ_FUZZ_MUST(im.data == NULL && e.code != 0 && e.msg[0] != '\0' && strchr(e.msg, '\n') == NULL);
        return;
    }
    const int h = im.h, w = im.w, orientation = mnq_exif_orientation(bytes, n);
    MNQ_FUZZ_MUST(im.c == channels && h >= 1 && w >= 1 && e.code == 0 && orientation >= 1 && orientation <= 8);
    MNQ_FUZZ_MUST(mnq_image_turn(&im, orientation, &e) == 0 && im.c == channels);
    MNQ_FUZZ_MUST(orientation < 5 ? im.h == h && im.w == w : im.h == w && im.w == h);
    uint8_t *out = malloc((size_t)(12 * 9 * channels));
    if (out == NULL) abort();
    for (int i = 0; i < 4; i++)
        MNQ_FUZZ_MUST(mnq_image_fit(&im, 12, 9, i & 1 ? MNQ_RESIZE_CROP : MNQ_RESIZE_STRETCH,
                                    i & 2 ? MNQ_FILTER_TF : MNQ_FILTER_PIL, out, &e) == 0);
    free(out);
    mnq_image_free(&im);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *bytes = mnq_fuzz_copy(data, size);
    decode(bytes, size, 3);
    decode(bytes, size, 1);
    free(bytes);
    return 0;
}

/* A JPEG with n bytes of Exif data in front. */
static uint8_t *with_exif(uint8_t *jpeg, const void *exif, size_t size, size_t *n)
{
    uint8_t *bytes = malloc(*n + size);
    if (bytes == NULL) abort();
    memcpy(bytes, jpeg, 2);
    memcpy(bytes + 2, exif, size);
    memcpy(bytes + 2 + size, jpeg + 2, *n - 2);
    *n += size;
    free(jpeg);
    return bytes;
}

uint8_t *mnq_fuzz_seed(int i, size_t *n)
{
    static const char big[] = "\xff\xe1\0\x22"
                              "Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0";
    static const char little[] = "\xff\xe1\0\x2e"
                                 "Exif\0\0II*\0\x08\0\0\0\2\0\xf\1\2\0\4\0\0\0"
                                 "abc\0"
                                 "\x12\1\3\0\1\0\0\0\3\0\0\0\0\0\0\0";
    static const char *const text[] = {"P2\n# c\n2 2 15 1 2 3 15\n", "P3 1 1 255 1 2 3", "P5 2 1 65535\nabcd"};
    static const uint8_t bmp[] = {'B', 'M', 0x4e, 0, 0, 0, 0, 0, 0,  0, 0x36, 0, 0, 0, 40,   0, 0, 0, 3, 0,
                                  0,   0,   2,    0, 0, 0, 1, 0, 24, 0, 0,    0, 0, 0, 0x18, 0, 0, 0, 0, 0,
                                  0,   0,   0,    0, 0, 0, 0, 0, 0,  0, 0,    0, 0, 0, 1,    2, 3, 4, 5, 6,
                                  7,   8,   9,    0, 0, 0, 9, 8, 7,  6, 5,    4, 3, 2, 1,    0, 0, 0};
    static const uint8_t rle[] = {'B', 'M', 74, 0, 0, 0, 0, 0, 0, 0,  62, 0, 0, 0, 40, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0,
                                  0,   1,   0,  8, 0, 1, 0, 0, 0, 12, 0,  0, 0, 0, 0,  0, 0, 0, 0, 0, 0, 2, 0, 0, 0,
                                  0,   0,   0,  0, 1, 2, 3, 0, 4, 5,  6,  0, 3, 1, 0,  0, 0, 3, 0, 1, 0, 0, 0, 1};
    static const uint8_t gif[] = {'G', 'I',  'F', '8', '7', 'a',  3, 0, 2,    0,    0x81, 0, 0,    0xff, 0, 0,
                                  0,   0xff, 0,   0,   0,   0xff, 9, 9, 9,    ',',  0,    0, 0,    0,    3, 0,
                                  2,   0,    0,   8,   9,   0,    1, 4, 0x10, 0x20, 0x20, 0, 0x80, 0x80, 0, ';'};
    static const uint8_t gif89[] = {'G',  'I', 'F', '8',  '9', 'a', 3,    0,    2,    0, 0x81, 0,    0,    0xff,
                                    0,    0,   0,   0xff, 0,   0,   0,    0xff, 9,    9, 9,    '!',  0xf9, 4,
                                    1,    0,   0,   3,    0,   ',', 0,    0,    0,    0, 3,    0,    2,    0,
                                    0x40, 8,   9,   0,    1,   4,   0x10, 0x20, 0x20, 0, 0x80, 0x80, 0,    ';'};
    enum { H = 9, W = 7 };
    uint8_t pixel[H * W * 8];
    mnq_noise(pixel, sizeof pixel);
    switch (i) {
    case 0:
        return mnq_make_jpeg(pixel, H, W, 3, 0, n);
    case 1:
        return mnq_make_jpeg(pixel, H, W, 3, 1, n);
    case 2:
        return mnq_make_jpeg(pixel, H, W, 1, 0, n);
    case 3:
        return mnq_make_jpeg(pixel, H, W, 4, 0, n);
    case 4:
        return mnq_make_png(pixel, W * 3, H, W, (struct mnq_png_form){2, 8, 0, NULL}, n);
    case 5:
        return mnq_make_png(pixel, W * 8, H, W, (struct mnq_png_form){6, 16, 1, NULL}, n);
    case 6:
        return mnq_make_png(pixel, 1, H, W, (struct mnq_png_form){0, 1, 1, NULL}, n);
    case 7:
        return mnq_make_pnm(pixel, H, W, 3, n);
    case 8:
    case 9:
    case 10:
        *n = strlen(text[i - 8]);
        return mnq_fuzz_copy((const uint8_t *)text[i - 8], *n);
    case 11:
        return mnq_fuzz_copy(bmp, *n = sizeof bmp);
    case 12: /* run lengths and a palette */
        return mnq_fuzz_copy(rle, *n = sizeof rle);
    case 13:
        return mnq_fuzz_copy(gif, *n = sizeof gif);
    case 14: /* another version, interlaced, with an extension in front */
        return mnq_fuzz_copy(gif89, *n = sizeof gif89);
    case 15:
        return with_exif(mnq_make_jpeg(pixel, H, W, 3, 0, n), big, sizeof big - 1, n);
    case 16:
        return with_exif(mnq_make_jpeg(pixel, H, W, 1, 1, n), little, sizeof little - 1, n);
    default:
        return NULL;
    }
}
