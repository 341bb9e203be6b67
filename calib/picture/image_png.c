/* SPDX-License-Identifier: Apache-2.0
 * PNG through libpng: palettes and low depths expanded, 16 bits cut to their high byte, alpha dropped, gamma ignored. */
#include "image_codec.h"

#include <png.h>

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

struct decoder {
    png_structp png;
    png_infop info;
    jmp_buf jump;
    const char *name;
    const uint8_t *bytes;
    size_t n, at, left; /* left: bytes that may still be read while the last rows are */
    struct mnq_image *im;
    struct mnq_err *e;
};

static void on_error(png_structp png, png_const_charp text)
{
    struct decoder *d = png_get_error_ptr(png);
    mnq_fail(d->e, MNQ_EXIT_FAILED, "%s: bad PNG: %s", d->name, text);
    longjmp(d->jump, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void read_bytes(png_structp png, png_bytep out, png_size_t n)
{
    struct decoder *d = png_get_io_ptr(png);
    if (n > d->n - d->at) {
        mnq_fail(d->e, MNQ_EXIT_FAILED, "%s: truncated PNG", d->name);
        longjmp(d->jump, 1);
    }
    if (n > d->left) {
        mnq_fail(d->e, MNQ_EXIT_FAILED, "%s: bad PNG: more data than its pixels take", d->name);
        longjmp(d->jump, 1);
    }
    if (d->left != SIZE_MAX) d->left -= n;
    memcpy(out, d->bytes + d->at, n);
    d->at += n;
}

/* With the last row libpng inflates all that follows, a thousand times what the file holds: so that has to be little. The
 * last row of an interlaced picture with pixels in the last pass is one of the last two. */
static void read_rows(struct decoder *d, int passes, size_t stride)
{
    enum { SLACK = 1 << 16 };
    for (int pass = 0; pass < passes; pass++)
        for (int y = 0; y < d->im->h; y++) {
            bool last = d->im->h <= 2 || (pass == passes - 1 && y + 2 >= d->im->h);
            if (last && d->left == SIZE_MAX) d->left = SLACK + 16 * (size_t)d->im->w * 8;
            png_read_row(d->png, d->im->data + stride * (size_t)y, NULL);
        }
    d->left = SIZE_MAX;
}

/* Everything that may jump; its locals do not survive a jump and nobody needs them to. */
static int decode(struct decoder *d)
{
    png_structp png = d->png;
    png_set_read_fn(png, d, read_bytes);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); /* mnq_image_new() limits, with a better message */
    png_set_chunk_malloc_max(png, 1 << 20);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1); /* text and profiles, which nobody reads */
    png_read_info(png, d->info);
    int type = png_get_color_type(png, d->info);
    bool colour = (type & PNG_COLOR_MASK_COLOR) != 0;
    if (mnq_image_new(d->name, png_get_image_width(png, d->info), png_get_image_height(png, d->info), colour ? 3 : 1, d->im,
                      d->e) != 0)
        return -1;
    if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
    if (type == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(png);
    png_set_strip_16(png);
    png_set_strip_alpha(png);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, d->info);
    size_t stride = (size_t)d->im->w * (size_t)d->im->c;
    if (png_get_rowbytes(png, d->info) != stride)
        return mnq_fail(d->e, MNQ_EXIT_FAILED, "%s: bad PNG: rows of %zu bytes, wanted %zu", d->name,
                        (size_t)png_get_rowbytes(png, d->info), stride);
    read_rows(d, passes, stride);
    png_read_end(png, NULL);
    return 0;
}

static int guarded(struct decoder *d)
{
    if (setjmp(d->jump) != 0) return -1;
    d->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, d, on_error, on_warning);
    if (d->png != NULL) d->info = png_create_info_struct(d->png);
    return d->info != NULL ? decode(d) : mnq_fail_nomem(d->e);
}

int mnq_png_decode(const char *name, const uint8_t *bytes, size_t n, struct mnq_image *im, struct mnq_err *e)
{
    struct decoder d = {.name = name, .bytes = bytes, .n = n, .left = SIZE_MAX, .im = im, .e = e};
    int rc = guarded(&d);
    png_destroy_read_struct(&d.png, &d.info, NULL);
    return rc;
}
