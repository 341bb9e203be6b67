/* SPDX-License-Identifier: Apache-2.0
 * The picture decoders on arbitrary bytes, and resizing of what they accept. */
#include "fuzz.h"
#include "image.h"
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
    MNQ_FUZZ_MUST(im.c == channels && im.h >= 1 && im.w >= 1 && e.code == 0);
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

uint8_t *mnq_fuzz_seed(int i, size_t *n)
{
    static const char *const text[] = {"P2\n# c\n2 2 15 1 2 3 15\n", "P3 1 1 255 1 2 3", "P5 2 1 65535\nabcd"};
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
    default:
        return NULL;
    }
}
