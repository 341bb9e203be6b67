/* SPDX-License-Identifier: Apache-2.0
 * How a picture becomes the network's input. */
#include "graph/preprocess.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CHANNELS = 4 };

/* keras.applications.imagenet_utils: ImageNet statistics in RGB (torch, of x/255) and BGR (caffe, of x) order. */
static const double torch_mean[3] = {0.485, 0.456, 0.406}, torch_std[3] = {0.229, 0.224, 0.225};
static const double caffe_mean[3] = {103.939, 116.779, 123.68};

static void set_all(struct mnq_preprocess *p, double scale, double offset)
{
    for (int c = 0; c < p->channels; c++) {
        p->scale[c] = (float)scale;
        p->offset[c] = (float)offset;
        p->source[c] = c;
    }
}

static int init(struct mnq_preprocess *p, const char *name, int channels, struct mnq_err *e)
{
    memset(p, 0, sizeof *p);
    if (channels < 1 || channels > MAX_CHANNELS)
        return mnq_fail(e, MNQ_EXIT_USAGE, "preprocess: inputs of %d channels, wanted 1 to %d", channels, MAX_CHANNELS);
    strncpy(p->name, name, sizeof p->name - 1);
    p->channels = channels;
    p->resize = MNQ_RESIZE_STRETCH;
    p->filter = MNQ_FILTER_PIL;
    return 0;
}

int mnq_preprocess_named(struct mnq_preprocess *p, const char *name, int channels, struct mnq_err *e)
{
    if (init(p, name, channels, e) != 0) return -1;
    bool torch = strcmp(name, "torch") == 0, caffe = strcmp(name, "caffe") == 0;
    if (strcmp(name, "tf") == 0) {
        set_all(p, 1.0 / 127.5, -1.0);
    } else if (strcmp(name, "unit") == 0) {
        set_all(p, 1.0 / 255.0, 0.0);
    } else if (strcmp(name, "none") == 0) {
        set_all(p, 1.0, 0.0);
    } else if (!torch && !caffe) {
        return mnq_fail(e, MNQ_EXIT_USAGE, "preprocess \"%s\": wanted tf, torch, caffe, unit, none or SCALE:OFFSET", name);
    } else if (channels != 3) {
        return mnq_fail(e, MNQ_EXIT_USAGE, "preprocess %s: defined for 3 channels, the model wants %d", name, channels);
    }
    for (int c = 0; torch && c < 3; c++) {
        p->scale[c] = (float)(1.0 / (255.0 * torch_std[c]));
        p->offset[c] = (float)(-torch_mean[c] / torch_std[c]);
        p->source[c] = c;
    }
    for (int c = 0; caffe && c < 3; c++) {
        p->scale[c] = 1.0f;
        p->offset[c] = (float)-caffe_mean[c];
        p->source[c] = 2 - c;
    }
    return 0;
}

/* One or `channels` comma-separated finite numbers up to the character `end`. */
static int numbers(const char **at, char end, int channels, float *v, bool nonzero)
{
    int n = 0;
    for (;;) {
        char *stop;
        double x = strtod(*at, &stop);
        float f = (float)x;
        if (stop == *at || !isfinite(f) || (nonzero && f == 0.0f) || n == channels) return -1;
        v[n++] = f;
        *at = stop + 1;
        if (*stop == end) break;
        if (*stop != ',') return -1;
    }
    if (n != 1 && n != channels) return -1;
    for (int c = n; c < channels; c++) v[c] = v[0];
    return 0;
}

int mnq_preprocess_parse(struct mnq_preprocess *p, const char *text, int channels, struct mnq_err *e)
{
    if (strchr(text, ':') == NULL) return mnq_preprocess_named(p, text, channels, e);
    if (init(p, "custom", channels, e) != 0) return -1;
    const char *at = text;
    set_all(p, 1.0, 0.0);
    if (numbers(&at, ':', channels, p->scale, true) != 0 || numbers(&at, '\0', channels, p->offset, false) != 0)
        return mnq_fail(e, MNQ_EXIT_USAGE,
                        "preprocess \"%s\": wanted SCALE:OFFSET with 1 or %d numbers on each side, no scale 0", text,
                        channels);
    return 0;
}

/* The fewest digits that read back as v. */
static int put_number(char *text, size_t size, float v)
{
    int n = 0;
    for (int digits = 6; digits <= 9; digits++) {
        n = snprintf(text, size, "%.*g", digits, (double)v);
        float back = (float)strtod(text, NULL);
        if (memcmp(&back, &v, sizeof v) == 0) break;
    }
    return n;
}

void mnq_preprocess_text(const struct mnq_preprocess *p, char text[MNQ_PREPROCESS_TEXT])
{
    if (strcmp(p->name, "custom") != 0) {
        snprintf(text, MNQ_PREPROCESS_TEXT, "%s", p->name);
        return;
    }
    for (int k = 0, at = 0; k < 2; k++)
        for (int c = 0; c < p->channels; c++) {
            if (c > 0 || k > 0) text[at++] = c > 0 ? ',' : ':';
            at += put_number(text + at, (size_t)(MNQ_PREPROCESS_TEXT - at), k == 0 ? p->scale[c] : p->offset[c]);
        }
}

/* What becomes of each value that a pixel can have, as a table of 256 for each channel: worth it for pictures. */
static void apply_table(const struct mnq_preprocess *p, const uint8_t *pixel, int n, float *real)
{
    const int channels = p->channels;
    float value[MAX_CHANNELS][256];
    for (int c = 0; c < channels; c++)
        for (int v = 0; v < 256; v++) value[c][v] = p->scale[c] * (float)v + p->offset[c];
    if (channels == 3) {
        const uint8_t *r = pixel + p->source[0], *g = pixel + p->source[1], *b = pixel + p->source[2];
        for (size_t i = 0; i < 3 * (size_t)n; i += 3) {
            real[i] = value[0][r[i]];
            real[i + 1] = value[1][g[i]];
            real[i + 2] = value[2][b[i]];
        }
        return;
    }
    for (int i = 0; i < n; i++, pixel += channels, real += channels)
        for (int c = 0; c < channels; c++) real[c] = value[c][pixel[p->source[c]]];
}

void mnq_preprocess_apply(const struct mnq_preprocess *p, const uint8_t *pixel, int n, float *real)
{
    const int channels = p->channels;
    if (n >= 1024) {
        apply_table(p, pixel, n, real);
        return;
    }
    for (int i = 0; i < n; i++) {
        for (int c = 0; c < channels; c++) real[c] = p->scale[c] * (float)pixel[p->source[c]] + p->offset[c];
        pixel += channels;
        real += channels;
    }
}
