/* SPDX-License-Identifier: Apache-2.0
 * Pictures: files and bytes to grey or RGB. */
#include "image.h"

#include "image_codec.h"
#include "image_exif.h"
#include "util/file.h"
#include "util/filekind.h"

#include <stdlib.h>
#include <string.h>

static const size_t MAX_FILE = (size_t)1 << 28;

/* ITU-R 601 luma in 16-bit fixed point, rounded: the formula of Pillow's convert("L"). In place. */
static void to_grey(struct mnq_image *im)
{
    size_t n = (size_t)im->w * (size_t)im->h;
    const uint8_t *p = im->data;
    for (size_t i = 0; i < n; i++, p += 3)
        im->data[i] = (uint8_t)((p[0] * 19595 + p[1] * 38470 + p[2] * 7471 + 0x8000) >> 16);
    im->c = 1;
}

static int to_rgb(struct mnq_image *im, struct mnq_err *e)
{
    size_t n = (size_t)im->w * (size_t)im->h;
    uint8_t *rgb = malloc(n * 3);
    if (rgb == NULL) return mnq_fail_nomem(e);
    for (size_t i = 0; i < n; i++) memset(rgb + 3 * i, im->data[i], 3);
    free(im->data);
    im->data = rgb;
    im->c = 3;
    return 0;
}

static int decode(const char *name, const uint8_t *bytes, size_t n, struct mnq_image *im, struct mnq_err *e)
{
    if (n >= 3 && memcmp(bytes, "\xff\xd8\xff", 3) == 0) return mnq_jpeg_decode(name, bytes, n, im, e);
    if (n >= 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0) return mnq_png_decode(name, bytes, n, im, e);
    if (n >= 6 && (memcmp(bytes, "GIF87a", 6) == 0 || memcmp(bytes, "GIF89a", 6) == 0))
        return mnq_gif_decode(name, bytes, n, im, e);
    if (n >= 2 && bytes[0] == 'B' && bytes[1] == 'M') return mnq_bmp_decode(name, bytes, n, im, e);
    if (n >= 2 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '7') return mnq_pnm_decode(name, bytes, n, im, e);
    if (n == 0) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: empty file", name);
    if (mnq_filekind_explain_bytes(name, bytes, n, MNQ_WANTED_PICTURE, e) != 0) return -1;
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: not a JPEG, PNG, BMP, GIF or PNM picture", name);
}

int mnq_image_decode(const char *name, const uint8_t *bytes, size_t n, int channels, struct mnq_image *im, struct mnq_err *e)
{
    *im = (struct mnq_image){0};
    if (channels != 1 && channels != 3)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: pictures give 1 or 3 channels, the model wants %d", name, channels);
    int rc = decode(name, bytes, n, im, e);
    if (rc == 0 && im->c > channels) to_grey(im);
    else if (rc == 0 && im->c < channels) rc = to_rgb(im, e);
    if (rc != 0) mnq_image_free(im);
    return rc;
}

static int read_file(const char *path, int channels, bool upright, struct mnq_image *im, struct mnq_err *e)
{
    struct mnq_arena arena = {0};
    uint8_t *bytes;
    size_t n;
    *im = (struct mnq_image){0};
    int rc = mnq_file_read(path, MAX_FILE, &arena, &bytes, &n, e);
    if (rc == 0) rc = mnq_image_decode(path, bytes, n, channels, im, e);
    if (rc == 0 && upright && (rc = mnq_image_turn(im, mnq_exif_orientation(bytes, n), e)) != 0) mnq_image_free(im);
    mnq_arena_free(&arena);
    return rc;
}

int mnq_image_read(const char *path, int channels, struct mnq_image *im, struct mnq_err *e)
{
    return read_file(path, channels, false, im, e);
}

int mnq_image_read_upright(const char *path, int channels, struct mnq_image *im, struct mnq_err *e)
{
    return read_file(path, channels, true, im, e);
}
