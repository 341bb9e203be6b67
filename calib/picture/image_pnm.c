/* SPDX-License-Identifier: Apache-2.0
 * PGM and PPM, binary (P5, P6) and text (P2, P3), any maximum value up to 65535. */
#include "image_codec.h"

#include <string.h>

struct reader {
    const uint8_t *p, *end;
};

static bool is_space(int ch)
{
    return ch == ' ' || (ch >= '\t' && ch <= '\r');
}

/* The next decimal number behind white space and # comments; -1 at the end, -2 if there is something else. */
static long number(struct reader *r)
{
    while (r->p < r->end && (is_space(*r->p) || *r->p == '#')) {
        bool comment = *r->p == '#';
        while (comment && r->p < r->end && *r->p != '\n') r->p++;
        if (r->p < r->end) r->p++;
    }
    if (r->p == r->end) return -1;
    if (*r->p < '0' || *r->p > '9') return -2;
    long v = 0;
    while (r->p < r->end && *r->p >= '0' && *r->p <= '9') {
        if (v < 1000000) v = v * 10 + (*r->p - '0');
        r->p++;
    }
    return v;
}

static int bad(const char *name, long found, const char *what, struct mnq_err *e)
{
    if (found == -1) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: truncated PNM", name);
    if (found < 0) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: bad PNM: %s is not a number", name, what);
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: bad PNM: %s is %ld", name, what, found);
}

static int samples(const char *name, struct reader *r, bool text, long max, struct mnq_image *im, struct mnq_err *e)
{
    size_t n = (size_t)im->w * (size_t)im->h * (size_t)im->c;
    for (size_t i = 0; i < n; i++) {
        long v;
        if (text) {
            v = number(r);
        } else {
            v = *r->p++;
            if (max > 255) v = v << 8 | *r->p++;
        }
        if (v < 0 || v > max) return bad(name, v, "a sample", e);
        im->data[i] = (uint8_t)((v * 255 + max / 2) / max);
    }
    return 0;
}

int mnq_pnm_decode(const char *name, const uint8_t *bytes, size_t n, struct mnq_image *im, struct mnq_err *e)
{
    if (n < 3 || strchr("2356", bytes[1]) == NULL || !is_space(bytes[2]))
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: not a PNM of type P2, P3, P5 or P6", name);
    bool text = bytes[1] < '5';
    int c = bytes[1] == '3' || bytes[1] == '6' ? 3 : 1;
    struct reader r = {bytes + 2, bytes + n};
    long w = number(&r), h = w < 0 ? w : number(&r), max = h < 0 ? h : number(&r);
    if (w < 0) return bad(name, w, "the width", e);
    if (h < 0) return bad(name, h, "the height", e);
    if (max < 1 || max > 65535) return bad(name, max, "the maximum", e);
    if (r.p == r.end) return bad(name, -1, "", e);
    if (!is_space(*r.p)) return bad(name, -2, "the maximum", e);
    r.p++;
    if (w < 1 || h < 1 || w > MNQ_IMAGE_SIDE || h > MNQ_IMAGE_SIDE)
        return mnq_image_new(name, (uint32_t)w, (uint32_t)h, c, im, e); /* fails, with its message */
    size_t count = (size_t)w * (size_t)h * (size_t)c;
    size_t least = text ? 2 * count - 1 : max > 255 ? 2 * count : count;
    if ((size_t)(r.end - r.p) < least) return bad(name, -1, "", e);
    if (mnq_image_new(name, (uint32_t)w, (uint32_t)h, c, im, e) != 0) return -1;
    return samples(name, &r, text, max, im, e);
}
