/* SPDX-License-Identifier: Apache-2.0
 * Between image.c and the decoders of the single formats. */
#ifndef MNQ_IMAGE_CODEC_H
#define MNQ_IMAGE_CODEC_H

#include "image.h"

enum { MNQ_IMAGE_SIDE = 16384, MNQ_IMAGE_PIXELS = 1 << 26 }; /* larger pictures are refused before memory is taken */

/**
 * Takes memory for a picture whose size a file header claims; im->data is malloc'd, uninitialized.
 * c       1 grey, 3 RGB
 * return  0, or -1 with e (a side or the area over the limits, out of memory)
 */
int mnq_image_new(const char *name, uint32_t w, uint32_t h, int c, struct mnq_image *im, struct mnq_err *e);

/** Each decodes one format to 1 or 3 channels, whichever the file has. On failure im->data may be set; the caller frees it.
 */
int mnq_jpeg_decode(const char *name, const uint8_t *bytes, size_t n, struct mnq_image *im, struct mnq_err *e);
int mnq_png_decode(const char *name, const uint8_t *bytes, size_t n, struct mnq_image *im, struct mnq_err *e);
int mnq_pnm_decode(const char *name, const uint8_t *bytes, size_t n, struct mnq_image *im, struct mnq_err *e);

#endif
