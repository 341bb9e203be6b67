/* SPDX-License-Identifier: Apache-2.0
 * How a picture becomes the network's input. Stored in every .mnq. */
#ifndef MNQ_PREPROCESS_H
#define MNQ_PREPROCESS_H

#include "util/err.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum mnq_resize { MNQ_RESIZE_STRETCH, MNQ_RESIZE_CROP }; /* whole picture / shorter side, then centre crop */
/* Antialiased bilinear; plain bilinear, half-pixel centres; the pixel under each centre; antialiased bicubic. */
enum mnq_filter { MNQ_FILTER_PIL, MNQ_FILTER_TF, MNQ_FILTER_NEAREST, MNQ_FILTER_BICUBIC };

/**
 * real[c] = scale[c] * pixel[source[c]] + offset[c], pixel 0..255 in RGB order (or grey).
 * Named forms follow keras.applications.imagenet_utils.preprocess_input: tf x/127.5-1, torch (x/255-mean)/std,
 * caffe BGR minus mean; unit x/255; none x.
 */
struct mnq_preprocess {
    char name[16]; /* "tf", "torch", "caffe", "unit", "none", "custom" */
    int channels;  /* 1..4 */
    float scale[4], offset[4];
    int source[4]; /* which picture channel feeds input channel c (caffe: 2, 1, 0) */
    enum mnq_resize resize;
    enum mnq_filter filter;
};

/** Named preprocessing for `channels` channels (torch and caffe need 3). Resize STRETCH, filter PIL. */
int mnq_preprocess_named(struct mnq_preprocess *p, const char *name, int channels, struct mnq_err *e);

/** Parses a name, or "SCALE:OFFSET" with one or `channels` comma-separated numbers on each side ("0.0078:-1"). */
int mnq_preprocess_parse(struct mnq_preprocess *p, const char *text, int channels, struct mnq_err *e);

enum { MNQ_PREPROCESS_TEXT = 160 };

/** What mnq_preprocess_parse() reads back as the same: the name, or the numbers of a custom one. */
void mnq_preprocess_text(const struct mnq_preprocess *p, char text[MNQ_PREPROCESS_TEXT]);

/** Applies it: n pixels of p->channels bytes to floats. */
void mnq_preprocess_apply(const struct mnq_preprocess *p, const uint8_t *pixel, int n, float *real);

#ifdef __cplusplus
}
#endif
#endif
