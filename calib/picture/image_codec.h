/* SPDX-License-Identifier: Apache-2.0
 * Between image.c and the decoders of the single formats. */
#ifndef MNQ_IMAGE_CODEC_H
#define MNQ_IMAGE_CODEC_H

#include "bitmap.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Each decodes one format to 1 or 3 channels, whichever the file has. On failure im->data may be set; the caller frees it.
 */
int mnq_bmp_decode(const char *name, const uint8_t *bytes, size_t n, struct mnq_image *im, struct mnq_err *e);
int mnq_gif_decode(const char *name, const uint8_t *bytes, size_t n, struct mnq_image *im, struct mnq_err *e);
int mnq_jpeg_decode(const char *name, const uint8_t *bytes, size_t n, struct mnq_image *im, struct mnq_err *e);
int mnq_png_decode(const char *name, const uint8_t *bytes, size_t n, struct mnq_image *im, struct mnq_err *e);
int mnq_pnm_decode(const char *name, const uint8_t *bytes, size_t n, struct mnq_image *im, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
