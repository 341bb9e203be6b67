/* SPDX-License-Identifier: Apache-2.0
 * Pictures: files and bytes (JPEG, PNG, BMP, GIF, PNM) to grey or RGB. */
#ifndef MNQ_IMAGE_H
#define MNQ_IMAGE_H

#include "bitmap.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Decodes a file to `channels` channels (1 grey, 3 RGB; alpha is dropped, 16 bits become 8, EXIF orientation is
 *  not applied, as in the loaders of Keras and TensorFlow). Limits: 1..16384 a side, 2^26 pixels in all. */
int mnq_image_read(const char *path, int channels, struct mnq_image *im, struct mnq_err *e);

/** The same, turned as the Exif data of a JPEG says. */
int mnq_image_read_upright(const char *path, int channels, struct mnq_image *im, struct mnq_err *e);

/** The same from memory; `name` is for messages. */
int mnq_image_decode(const char *name, const uint8_t *bytes, size_t n, int channels, struct mnq_image *im,
                     struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
