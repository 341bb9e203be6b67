/* SPDX-License-Identifier: Apache-2.0
 * Which way up a camera says its picture is. */
#ifndef MNQ_IMAGE_EXIF_H
#define MNQ_IMAGE_EXIF_H

#include "bitmap.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Orientation of a JPEG's Exif data: 1 (as stored) .. 8, as in the standard's tag 0x112; 1 if it says nothing valid. */
int mnq_exif_orientation(const uint8_t *bytes, size_t n);

/** Turns and mirrors a picture so that it stands upright; sides may change places. 0, or -1 when out of memory. */
int mnq_image_turn(struct mnq_image *im, int orientation, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
