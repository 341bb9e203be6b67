/* SPDX-License-Identifier: Apache-2.0
 * Pictures for tests: pixels from a formula, files through the libraries' own encoders. */
#ifndef MNQ_TEST_PICTURES_H
#define MNQ_TEST_PICTURES_H

#include <stddef.h>
#include <stdint.h>

/** Fills n bytes with the high bytes of x' = 1664525 x + 1013904223 mod 2^32, x = 12345 to start. */
void mnq_noise(uint8_t *p, size_t n);

/** Encodes as JPEG at quality 90, 4:2:0; c 1 grey, 3 RGB, 4 CMYK. malloc'd. */
uint8_t *mnq_make_jpeg(const uint8_t *pixels, int h, int w, int c, int progressive, size_t *n);

/** PNG of one colour type (libpng's number) and depth; rows are given as PNG packs them. palette: 256 RGB entries or NULL.
 */
struct mnq_png_form {
    int type, depth, interlaced;
    const uint8_t *palette;
};
uint8_t *mnq_make_png(const uint8_t *rows, size_t stride, int h, int w, struct mnq_png_form form, size_t *n);

/** Binary PGM (c = 1) or PPM (c = 3). */
uint8_t *mnq_make_pnm(const uint8_t *pixels, int h, int w, int c, size_t *n);

#endif
