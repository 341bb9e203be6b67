/* SPDX-License-Identifier: Apache-2.0
 * Pictures for tests: pixels from a formula, files through the libraries' own encoders. */
#include "pictures.h"

#include <png.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

void mnq_noise(uint8_t *p, size_t n)
{
    uint32_t x = 12345;
    for (size_t i = 0; i < n; i++) {
        x = x * 1664525u + 1013904223u;
        p[i] = (uint8_t)(x >> 24);
    }
}

uint8_t *mnq_make_jpeg(const uint8_t *pixels, int h, int w, int c, int progressive, size_t *n)
{
    struct jpeg_compress_struct j;
    struct jpeg_error_mgr fault;
    unsigned char *out = NULL;
    unsigned long size = 0;
    j.err = jpeg_std_error(&fault);
    jpeg_create_compress(&j);
    jpeg_mem_dest(&j, &out, &size);
    j.image_width = (JDIMENSION)w;
    j.image_height = (JDIMENSION)h;
    j.input_components = c;
    j.in_color_space = c == 1 ? JCS_GRAYSCALE : c == 3 ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(&j);
    jpeg_set_quality(&j, 90, TRUE);
    if (progressive) jpeg_simple_progression(&j);
    jpeg_start_compress(&j, TRUE);
    while (j.next_scanline < j.image_height) {
        JSAMPROW row = (JSAMPROW)(uintptr_t)(pixels + (size_t)j.next_scanline * (size_t)(w * c));
        jpeg_write_scanlines(&j, &row, 1);
    }
    jpeg_finish_compress(&j);
    jpeg_destroy_compress(&j);
    *n = size;
    return out;
}

struct sink {
    uint8_t *p;
    size_t n;
};

static void put(png_structp png, png_bytep bytes, png_size_t n)
{
    struct sink *s = png_get_io_ptr(png);
    uint8_t *p = realloc(s->p, s->n + n);
    if (p == NULL) abort();
    memcpy(p + s->n, bytes, n);
    s->p = p;
    s->n += n;
}

static void flush(png_structp png)
{
    (void)png;
}

uint8_t *mnq_make_png(const uint8_t *rows, size_t stride, int h, int w, struct mnq_png_form form, size_t *n)
{
    struct sink s = {0};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png != NULL ? png_create_info_struct(png) : NULL;
    if (info == NULL) abort();
    png_set_write_fn(png, &s, put, flush);
    png_set_IHDR(png, info, (png_uint_32)w, (png_uint_32)h, form.depth, form.type,
                 form.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    if (form.palette != NULL) {
        png_color colour[256];
        for (int i = 0; i < 256; i++)
            colour[i] = (png_color){form.palette[3 * i], form.palette[3 * i + 1], form.palette[3 * i + 2]};
        png_set_PLTE(png, info, colour, 1 << form.depth);
    }
    png_bytep *row = malloc((size_t)h * sizeof *row);
    if (row == NULL) abort();
    for (int y = 0; y < h; y++) row[y] = (png_bytep)(uintptr_t)(rows + stride * (size_t)y);
    png_write_info(png, info);
    png_write_image(png, row);
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    free(row);
    *n = s.n;
    return s.p;
}

uint8_t *mnq_make_pnm(const uint8_t *pixels, int h, int w, int c, size_t *n)
{
    size_t size = (size_t)h * (size_t)w * (size_t)c;
    uint8_t *p = malloc(size + 32);
    if (p == NULL) abort();
    int head = snprintf((char *)p, 32, "P%d\n%d %d\n255\n", c == 3 ? 6 : 5, w, h);
    memcpy(p + head, pixels, size);
    *n = size + (size_t)head;
    return p;
}
