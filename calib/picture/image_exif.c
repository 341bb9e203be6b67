/* SPDX-License-Identifier: Apache-2.0
 * Exif orientation: finding it in a JPEG, and applying it. */
#include "image_exif.h"

#include <stdlib.h>
#include <string.h>

enum { TAG_ORIENTATION = 0x112, TYPE_SHORT = 3 };

static uint32_t number(const uint8_t *p, int bytes, bool big)
{
    uint32_t v = 0;
    for (int i = 0; i < bytes; i++) v = v << 8 | p[big ? i : bytes - 1 - i];
    return v;
}

/* A TIFF header and its first directory. */
static int in_tiff(const uint8_t *p, size_t n)
{
    if (n < 8 || (memcmp(p, "II*\0", 4) != 0 && memcmp(p, "MM\0*", 4) != 0)) return 1;
    bool big = p[0] == 'M';
    size_t at = number(p + 4, 4, big);
    if (at > n || n - at < 2) return 1;
    size_t entries = number(p + at, 2, big);
    at += 2;
    for (size_t i = 0; i < entries && n - at >= 12; i++, at += 12) {
        if (number(p + at, 2, big) != TAG_ORIENTATION || number(p + at + 2, 2, big) != TYPE_SHORT) continue;
        uint32_t v = number(p + at + 8, 2, big);
        return v >= 1 && v <= 8 ? (int)v : 1;
    }
    return 1;
}

int mnq_exif_orientation(const uint8_t *bytes, size_t n)
{
    size_t at = 2;
    if (n < 4 || memcmp(bytes, "\xff\xd8", 2) != 0) return 1;
    while (n - at >= 4 && bytes[at] == 0xff && bytes[at + 1] != 0xda) {
        size_t length = number(bytes + at + 2, 2, true);
        if (bytes[at + 1] == 0xff) { /* padding */
            at++;
            continue;
        }
        if (length < 2 || length > n - at - 2) return 1;
        if (bytes[at + 1] == 0xe1 && length >= 8 && memcmp(bytes + at + 4, "Exif\0\0", 6) == 0)
            return in_tiff(bytes + at + 10, length - 8);
        at += 2 + length;
    }
    return 1;
}

int mnq_image_turn(struct mnq_image *im, int orientation, struct mnq_err *e)
{
    /* Where output pixel (x, y) comes from: mirrored sideways, upside down, then rows for columns. */
    bool swap = orientation >= 5;
    bool mirror = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    bool flip = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    int w = swap ? im->h : im->w, h = swap ? im->w : im->h;
    size_t c = (size_t)im->c;
    if (orientation <= 1) return 0;
    uint8_t *out = malloc((size_t)w * (size_t)h * c), *to = out;
    if (out == NULL) return mnq_fail_nomem(e);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++, to += c) {
            int sx = swap ? y : x, sy = swap ? x : y;
            if (mirror) sx = im->w - 1 - sx;
            if (flip) sy = im->h - 1 - sy;
            memcpy(to, im->data + ((size_t)sy * (size_t)im->w + (size_t)sx) * c, c);
        }
    free(im->data);
    im->data = out;
    im->w = w;
    im->h = h;
    return 0;
}
