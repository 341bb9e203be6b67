/* SPDX-License-Identifier: Apache-2.0
 * JPEG out: small pictures for reports. The same library writes the same bytes on every host (integer transform). */
#include "image_jpeg_write.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

struct encoder {
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr fault;
    jmp_buf jump;
    unsigned char *bytes;
    unsigned long n;
};

static void on_error(j_common_ptr c)
{
    struct encoder *d = c->client_data;
    longjmp(d->jump, 1);
}

static void on_message(j_common_ptr c, int level)
{
    (void)c;
    (void)level;
}

/* Everything that may jump. */
static void encode(struct encoder *d, const uint8_t *pixels, int h, int w, int c, int quality)
{
    struct jpeg_compress_struct *j = &d->jpeg;
    jpeg_create_compress(j);
    jpeg_mem_dest(j, &d->bytes, &d->n);
    j->image_width = (JDIMENSION)w;
    j->image_height = (JDIMENSION)h;
    j->input_components = c;
    j->in_color_space = c == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(j);
    jpeg_set_quality(j, quality, TRUE);
    j->dct_method = JDCT_ISLOW;
    j->optimize_coding = TRUE;
    jpeg_start_compress(j, TRUE);
    while (j->next_scanline < j->image_height) {
        const uint8_t *row = pixels + (size_t)w * (size_t)c * j->next_scanline;
        JSAMPROW rows[1];
        memcpy(rows, &row, sizeof row); /* libjpeg only reads it */
        jpeg_write_scanlines(j, rows, 1);
    }
    jpeg_finish_compress(j);
}

static int guarded(struct encoder *d, const uint8_t *pixels, int h, int w, int c, int quality)
{
    if (setjmp(d->jump) != 0) return -1;
    encode(d, pixels, h, w, c, quality);
    return 0;
}

int mnq_image_jpeg(const uint8_t *pixels, int h, int w, int c, int quality, uint8_t **bytes, size_t *n,
                   struct mnq_arena *arena, struct mnq_err *e)
{
    struct encoder d = {.bytes = NULL};
    d.jpeg.err = jpeg_std_error(&d.fault);
    d.jpeg.client_data = &d;
    d.fault.error_exit = on_error;
    d.fault.emit_message = on_message;
    int rc = guarded(&d, pixels, h, w, c, quality);
    jpeg_destroy_compress(&d.jpeg);
    *n = d.n;
    *bytes = rc == 0 ? mnq_arena_alloc(arena, d.n) : NULL;
    if (*bytes != NULL) memcpy(*bytes, d.bytes, d.n);
    free(d.bytes);
    return *bytes != NULL ? 0 : mnq_fail_nomem(e);
}
