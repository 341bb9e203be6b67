/* SPDX-License-Identifier: Apache-2.0
 * An 8-bit picture in memory. */
#ifndef MNQ_BITMAP_H
#define MNQ_BITMAP_H

#include "util/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** 8-bit picture, NHWC without gaps; data is malloc'd. */
struct mnq_image {
    int h, w, c;
    uint8_t *data;
    size_t charge; /* bytes of the budget that it holds */
};

enum { MNQ_IMAGE_SIDE = 16384, MNQ_IMAGE_PIXELS = 1 << 26 }; /* larger pictures are refused before memory is taken */

/** Bytes that large pictures of all threads may take together while they are decoded, the decoders' own included. */
#define MNQ_IMAGE_BUDGET ((size_t)1 << 30)

/**
 * Takes memory for a picture whose size a file header claims; im->data is malloc'd, uninitialized.
 * Waits while other threads' large pictures fill the budget: a thread must not hold two pictures that it decoded.
 * c       1 grey, 3 RGB
 * return  0, or -1 with e (a side or the area over the limits, out of memory)
 */
int mnq_image_new(const char *name, uint32_t w, uint32_t h, int c, struct mnq_image *im, struct mnq_err *e);

void mnq_image_free(struct mnq_image *im);

#ifdef __cplusplus
}
#endif
#endif
