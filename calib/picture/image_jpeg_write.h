/* SPDX-License-Identifier: Apache-2.0
 * Small JPEGs for the HTML page. */
#ifndef MNQ_IMAGE_JPEG_WRITE_H
#define MNQ_IMAGE_JPEG_WRITE_H

#include "util/arena.h"
#include "util/err.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Encodes h*w*c bytes (c: 1 grey, 3 RGB) as a JPEG of the given quality (1..100) in the arena; fails only for memory. */
int mnq_image_jpeg(const uint8_t *pixels, int h, int w, int c, int quality, uint8_t **bytes, size_t *n,
                   struct mnq_arena *arena, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
