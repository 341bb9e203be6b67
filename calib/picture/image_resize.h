/* SPDX-License-Identifier: Apache-2.0
 * Resizing pictures. */
#ifndef MNQ_IMAGE_RESIZE_H
#define MNQ_IMAGE_RESIZE_H

#include "graph/preprocess.h"
#include "bitmap.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Resizes into out (h*w*c bytes); the same size passes unchanged. PIL: bit-exact with Pillow's BILINEAR; TF:
 * tf.image.resize bilinear, half-pixel centres, no antialias, rounded to uint8. */
int mnq_image_fit(const struct mnq_image *im, int h, int w, enum mnq_resize resize, enum mnq_filter filter, uint8_t *out,
                  struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
