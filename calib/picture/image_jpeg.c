/* SPDX-License-Identifier: Apache-2.0
 * JPEG through libjpeg-turbo, with the defaults that Pillow and Keras use: slow integer DCT, smooth upsampling.
 *
 * A file that ends early is an error, where libjpeg would fill with grey; other damage inside the entropy-coded data
 * is only noise in the picture and passes, as it does in other loaders. */
#include "image_codec.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>
#include <jerror.h>

/* A progressive file needs some ten scans; hundreds of empty ones over a large picture take minutes, thousands hours.
 * Pictures of more than FULL pixels may have fewer of them. */
enum { MAX_SCANS = 200, LEAST_SCANS = 40, FULL = 1 << 22 };

struct decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr fault;
    struct jpeg_progress_mgr progress;
    jmp_buf jump;
    const char *name;
    struct mnq_image *im;
    struct mnq_err *e;
};

static void on_error(j_common_ptr c)
{
    struct decoder *d = c->client_data;
    char text[JMSG_LENGTH_MAX];
    c->err->format_message(c, text);
    mnq_fail(d->e, MNQ_EXIT_FAILED, "%s: bad JPEG: %s", d->name, text);
    longjmp(d->jump, 1);
}

static void on_message(j_common_ptr c, int level)
{
    struct decoder *d = c->client_data;
    if (level >= 0 || c->err->msg_code != JWRN_JPEG_EOF) return;
    mnq_fail(d->e, MNQ_EXIT_FAILED, "%s: truncated JPEG", d->name);
    longjmp(d->jump, 1);
}

static int scans_allowed(const struct jpeg_decompress_struct *j)
{
    double pixels = (double)j->image_width * (double)j->image_height;
    double n = pixels > FULL ? MAX_SCANS * (FULL / pixels) : MAX_SCANS;
    return n > LEAST_SCANS ? (int)n : LEAST_SCANS;
}

static void on_progress(j_common_ptr c)
{
    struct decoder *d = c->client_data;
    if (d->jpeg.input_scan_number <= scans_allowed(&d->jpeg)) return;
    mnq_fail(d->e, MNQ_EXIT_FAILED, "%s: bad JPEG: more than %d scans of %u x %u pixels", d->name, scans_allowed(&d->jpeg),
             d->jpeg.image_width, d->jpeg.image_height);
    longjmp(d->jump, 1);
}

/* Print colours, stored inverted as Adobe does; the conversion is Pillow's, without a profile. */
static void cmyk_to_rgb(const uint8_t *cmyk, uint8_t *rgb, int w)
{
    for (int x = 0; x < w; x++, cmyk += 4, rgb += 3) {
        unsigned white = cmyk[3];
        for (int c = 0; c < 3; c++) {
            unsigned t = (255u - cmyk[c]) * white + 128;
            rgb[c] = (uint8_t)(white - ((t + (t >> 8)) >> 8));
        }
    }
}

/* Everything that may jump; its locals do not survive a jump and nobody needs them to. */
static int decode(struct decoder *d, const uint8_t *bytes, size_t n)
{
    struct jpeg_decompress_struct *j = &d->jpeg;
    jpeg_create_decompress(j);
    d->progress.progress_monitor = on_progress;
    j->progress = &d->progress;
    jpeg_mem_src(j, bytes, (unsigned long)n);
    jpeg_read_header(j, TRUE);
    int components = j->num_components;
    if (components != 1 && components != 3 && components != 4)
        return mnq_fail(d->e, MNQ_EXIT_FAILED, "%s: JPEG of %d components, wanted 1 (grey), 3 (colour) or 4 (CMYK)", d->name,
                        components);
    if (mnq_image_new(d->name, j->image_width, j->image_height, components == 1 ? 1 : 3, d->im, d->e) != 0) return -1;
    j->out_color_space = components == 1 ? JCS_GRAYSCALE : components == 3 ? JCS_RGB : JCS_CMYK;
    j->dct_method = JDCT_ISLOW;
    j->do_fancy_upsampling = TRUE;
    jpeg_start_decompress(j);

    JSAMPARRAY cmyk = NULL;
    if (components == 4) cmyk = j->mem->alloc_sarray((j_common_ptr)j, JPOOL_IMAGE, j->output_width * 4, 1);
    size_t stride = (size_t)d->im->w * (size_t)d->im->c;
    while (j->output_scanline < j->output_height) {
        uint8_t *row = d->im->data + stride * j->output_scanline;
        jpeg_read_scanlines(j, cmyk != NULL ? cmyk : &row, 1);
        if (cmyk != NULL) cmyk_to_rgb(cmyk[0], row, d->im->w);
    }
    jpeg_finish_decompress(j);
    return 0;
}

static int guarded(struct decoder *d, const uint8_t *bytes, size_t n)
{
    return setjmp(d->jump) == 0 ? decode(d, bytes, n) : -1;
}

int mnq_jpeg_decode(const char *name, const uint8_t *bytes, size_t n, struct mnq_image *im, struct mnq_err *e)
{
    struct decoder d = {.name = name, .im = im, .e = e};
    d.jpeg.err = jpeg_std_error(&d.fault);
    d.jpeg.client_data = &d; /* jpeg_create_decompress keeps both */
    d.fault.error_exit = on_error;
    d.fault.emit_message = on_message;
    int rc = guarded(&d, bytes, n);
    jpeg_destroy_decompress(&d.jpeg);
    return rc;
}
