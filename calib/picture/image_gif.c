/* SPDX-License-Identifier: Apache-2.0
 * GIF: the first frame on its canvas, as the loaders of Keras and Pillow take it. What the frame leaves uncovered is the
 * transparent colour, or colour 0. */
#include "image_codec.h"

#include <stdlib.h>
#include <string.h>

enum { CODES = 4096, PALETTE = 256 };

struct gif {
    const char *name;
    const uint8_t *p, *end;
    uint8_t palette[PALETTE][3];
    int transparent; /* colour, -1 = none */
    struct mnq_err *e;
};

static int bad(const struct gif *g, const char *what)
{
    return mnq_fail(g->e, MNQ_EXIT_FAILED, "%s: bad GIF: %s", g->name, what);
}

static int cut(const struct gif *g)
{
    return mnq_fail(g->e, MNQ_EXIT_FAILED, "%s: truncated GIF", g->name);
}

static uint32_t word(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8;
}

static int read_palette(struct gif *g, int flags)
{
    size_t n = (size_t)2 << (flags & 7);
    if ((flags & 0x80) == 0) return 0;
    if ((size_t)(g->end - g->p) < 3 * n) return cut(g);
    memset(g->palette, 0, sizeof g->palette);
    memcpy(g->palette, g->p, 3 * n);
    g->p += 3 * n;
    return 0;
}

static int skip_blocks(struct gif *g)
{
    for (;;) {
        if (g->p == g->end) return cut(g);
        size_t n = *g->p++;
        if (n == 0) return 0;
        if ((size_t)(g->end - g->p) < n) return cut(g);
        g->p += n;
    }
}

/* Extensions before the first frame; of the graphic control only the transparent colour counts. */
static int skip_extension(struct gif *g)
{
    if (g->end - g->p < 2) return cut(g);
    bool control = g->p[1] == 0xf9;
    g->p += 2;
    if (control && g->end - g->p >= 5 && g->p[0] == 4 && (g->p[1] & 1) != 0) g->transparent = g->p[4];
    return skip_blocks(g);
}

/* ---- Lempel, Ziv, Welch ---- */

struct bits {
    struct gif *g;
    unsigned held, left; /* bits at hand, bytes of the block at work */
    uint32_t value;
};

/* The next code of so many bits; -1 at the end of the blocks, -2 at the end of the file. */
static int next_code(struct bits *b, unsigned size)
{
    while (b->held < size) {
        if (b->left == 0) {
            if (b->g->p == b->g->end) return -2;
            b->left = *b->g->p++;
            if (b->left == 0) {
                b->g->p--; /* for skip_blocks() */
                return -1;
            }
        }
        if (b->g->p == b->g->end) return -2;
        b->value |= (uint32_t)*b->g->p++ << b->held;
        b->held += 8;
        b->left--;
    }
    int code = (int)(b->value & ((1u << size) - 1));
    b->value >>= size;
    b->held -= size;
    return code;
}

/* Every code but the first ones is an earlier code and one more pixel. */
struct dictionary {
    int16_t before[CODES];
    uint8_t last[CODES], first[CODES];
    uint16_t length[CODES];
};

/* Fills n pixels; stops early where the stream does. Returns how many, or -1 with the message. */
static long decode_pixels(struct gif *g, struct dictionary *d, uint8_t *out, size_t n)
{
    if (g->p == g->end) return cut(g);
    unsigned least = *g->p++;
    if (least < 1 || least > 8) return bad(g, "a code size that is not 1 to 8");
    int clear = 1 << least, stop = clear + 1, used = stop + 1, previous = -1;
    unsigned size = least + 1;
    struct bits b = {.g = g};
    size_t at = 0;
    for (int i = 0; i < clear; i++) {
        d->before[i] = -1;
        d->last[i] = d->first[i] = (uint8_t)i;
        d->length[i] = 1;
    }
    while (at < n) {
        int code = next_code(&b, size);
        if (code < 0 || code == stop) break;
        if (code == clear) {
            used = stop + 1;
            size = least + 1;
            previous = -1;
            continue;
        }
        if (code > used || (code == used && previous < 0) || (code >= clear && code <= stop))
            return bad(g, "a code that was not defined");
        if (code == used && used == CODES) return bad(g, "a code that was not defined");
        if (previous >= 0 && used < CODES) {
            d->before[used] = (int16_t)previous;
            d->first[used] = d->first[previous];
            d->last[used] = code == used ? d->first[previous] : d->first[code];
            d->length[used] = (uint16_t)(d->length[previous] + 1);
            used++;
            if (used == 1 << size && size < 12) size++;
        }
        size_t length = d->length[code];
        int c = code;
        for (size_t k = length; k-- > 0; c = d->before[c])
            if (at + k < n) out[at + k] = d->last[c];
        at += length < n - at ? length : n - at;
        previous = code;
    }
    return (long)at;
}

/* Row y of the stream is this row of an interlaced frame. */
static uint32_t interlaced(uint32_t y, uint32_t h)
{
    static const uint32_t start[] = {0, 4, 2, 1}, step[] = {8, 8, 4, 2};
    for (int pass = 0; pass < 4; pass++) {
        uint32_t rows = h > start[pass] ? (h - start[pass] + step[pass] - 1) / step[pass] : 0;
        if (y < rows) return start[pass] + y * step[pass];
        y -= rows;
    }
    return 0;
}

static bool is_grey(const struct gif *g)
{
    for (int i = 0; i < PALETTE; i++)
        if (g->palette[i][0] != g->palette[i][1] || g->palette[i][1] != g->palette[i][2]) return false;
    return true;
}

static void put(const struct gif *g, struct mnq_image *im, size_t at, int colour)
{
    if (im->c == 1) im->data[at] = g->palette[colour][0];
    else memcpy(im->data + 3 * at, g->palette[colour], 3);
}

static int read_frame(struct gif *g, uint32_t canvas_w, uint32_t canvas_h, struct mnq_image *im)
{
    if (g->end - g->p < 9) return cut(g);
    uint32_t left = word(g->p), top = word(g->p + 2), w = word(g->p + 4), h = word(g->p + 6);
    int flags = g->p[8];
    g->p += 9;
    if (canvas_w == 0 || canvas_h == 0) {
        canvas_w = left + w;
        canvas_h = top + h;
    }
    if (w == 0 || h == 0) return bad(g, "an empty frame");
    if (left + w > canvas_w || top + h > canvas_h) return bad(g, "a frame larger than its canvas");
    if (read_palette(g, flags) != 0 || mnq_image_new(g->name, canvas_w, canvas_h, is_grey(g) ? 1 : 3, im, g->e) != 0)
        return -1;
    size_t n = (size_t)w * h;
    struct dictionary *d = malloc(sizeof *d);
    uint8_t *index = malloc(n);
    long got = d == NULL || index == NULL ? mnq_fail_nomem(g->e) : decode_pixels(g, d, index, n);
    if (got >= 0 && (size_t)got < n) got = cut(g);
    int rest = g->transparent >= 0 ? g->transparent : 0;
    for (size_t i = 0; got >= 0 && i < (size_t)canvas_w * canvas_h; i++) put(g, im, i, rest);
    for (uint32_t y = 0; got >= 0 && y < h; y++) {
        uint32_t to = top + ((flags & 0x40) != 0 ? interlaced(y, h) : y);
        for (uint32_t x = 0; x < w; x++) put(g, im, (size_t)to * canvas_w + left + x, index[(size_t)y * w + x]);
    }
    free(d);
    free(index);
    return got < 0 ? -1 : 0;
}

int mnq_gif_decode(const char *name, const uint8_t *bytes, size_t n, struct mnq_image *im, struct mnq_err *e)
{
    struct gif g = {.name = name, .p = bytes + 13, .end = bytes + n, .transparent = -1, .e = e};
    if (n < 13) return cut(&g);
    for (int i = 0; i < PALETTE; i++) memset(g.palette[i], i, 3);
    if (read_palette(&g, bytes[10]) != 0) return -1;
    for (;;) {
        if (g.p == g.end) return cut(&g);
        int kind = *g.p++;
        if (kind == ',') return read_frame(&g, word(bytes + 6), word(bytes + 8), im);
        if (kind == ';') return bad(&g, "no frame");
        if (kind != '!') return bad(&g, "neither a frame nor an extension");
        g.p--;
        if (skip_extension(&g) != 0) return -1;
    }
}
