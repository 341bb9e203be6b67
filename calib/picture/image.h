/* SPDX-License-Identifier: Apache-2.0
 * Pictures: decoding (JPEG, PNG, PNM) and resizing. */
#ifndef MNQ_IMAGE_H
#define MNQ_IMAGE_H

#include "graph/preprocess.h"
#include "util/arena.h"

#include <stddef.h>

/** 8-bit picture, NHWC without gaps; data is malloc'd. */
struct mnq_image {
    int h, w, c;
    uint8_t *data;
};

/** Decodes a file to `channels` channels (1 grey, 3 RGB; alpha is dropped, 16 bits become 8, EXIF orientation is
 *  not applied, as in the loaders of Keras and TensorFlow). Limits: 1..16384 a side, 2^26 pixels in all. */
int mnq_image_read(const char *path, int channels, struct mnq_image *im, struct mnq_err *e);

/** The same from memory; `name` is for messages. */
int mnq_image_decode(const char *name, const uint8_t *bytes, size_t n, int channels, struct mnq_image *im,
                     struct mnq_err *e);

/** Resizes into out (h*w*c bytes); the same size passes unchanged. PIL: bit-exact with Pillow's BILINEAR; TF:
 * tf.image.resize bilinear, half-pixel centres, no antialias, rounded to uint8. */
int mnq_image_fit(const struct mnq_image *im, int h, int w, enum mnq_resize resize, enum mnq_filter filter, uint8_t *out,
                  struct mnq_err *e);

/** Encodes h*w*c bytes (c: 1 grey, 3 RGB) as a JPEG of the given quality (1..100) in the arena; fails only for memory. */
int mnq_image_jpeg(const uint8_t *pixels, int h, int w, int c, int quality, uint8_t **bytes, size_t *n,
                   struct mnq_arena *arena, struct mnq_err *e);

void mnq_image_free(struct mnq_image *im);

#endif
