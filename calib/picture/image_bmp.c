/* SPDX-License-Identifier: Apache-2.0
 * Windows bitmaps: 1, 4, 8, 16, 24 and 32 bits a pixel, palettes, bit masks, run lengths; alpha is dropped.
 *
 * The file header names where the pixels begin; the information header its own size, which tells the versions apart. Rows go
 * from the bottom up unless the height is negative and take a multiple of four bytes. */
#include "image_codec.h"

#include <string.h>

enum { FILE_HEADER = 14, PALETTE = 256 };
enum { RGB = 0, RLE8 = 1, RLE4 = 2, BITFIELDS = 3 };

struct bmp {
    const char *name;
    const uint8_t *bytes;
    size_t n, pixels; /* offset of the pixels */
    uint32_t w, h, bits, compression, mask[3];
    bool top_down, grey;
    uint8_t palette[PALETTE][3];
    struct mnq_err *e;
};

static int bad(const struct bmp *b, const char *what)
{
    return mnq_fail(b->e, MNQ_EXIT_FAILED, "%s: bad BMP: %s", b->name, what);
}

static uint32_t get(const struct bmp *b, size_t at, int bytes)
{
    uint32_t v = 0;
    for (int i = 0; i < bytes; i++) v |= (uint32_t)b->bytes[at + (size_t)i] << (8 * i);
    return v;
}

static int read_palette(struct bmp *b, size_t at, size_t entry)
{
    uint32_t colours = entry == 4 ? get(b, FILE_HEADER + 32, 4) : 0, most = 1u << b->bits;
    if (colours == 0 || colours > most) colours = most;
    if (at + colours * entry > b->n) return bad(b, "the palette is cut short");
    b->grey = true;
    for (uint32_t i = 0; i < colours; i++) {
        for (size_t c = 0; c < 3; c++) b->palette[i][c] = b->bytes[at + i * entry + 2 - c];
        b->grey = b->grey && b->palette[i][0] == b->palette[i][1] && b->palette[i][1] == b->palette[i][2];
    }
    return 0;
}

static int read_header(struct bmp *b)
{
    if (b->n < FILE_HEADER + 12) return mnq_fail(b->e, MNQ_EXIT_FAILED, "%s: truncated BMP", b->name);
    size_t size = get(b, FILE_HEADER, 4);
    bool core = size == 12;
    if ((!core && size < 40) || size > 1024) return bad(b, "a header of unknown size");
    if (FILE_HEADER + size > b->n) return mnq_fail(b->e, MNQ_EXIT_FAILED, "%s: truncated BMP", b->name);
    b->pixels = get(b, 10, 4);
    b->w = get(b, FILE_HEADER + 4, core ? 2 : 4);
    b->h = get(b, FILE_HEADER + (core ? 6 : 8), core ? 2 : 4);
    b->bits = get(b, FILE_HEADER + (core ? 10 : 14), 2);
    b->compression = core ? RGB : get(b, FILE_HEADER + 16, 4);
    if (b->w >= 0x80000000u) return bad(b, "a negative width");
    if (!core && b->h >= 0x80000000u) {
        b->h = 0u - b->h;
        b->top_down = true;
    }
    size_t at = FILE_HEADER + size;
    uint32_t bits = b->bits;
    if (bits != 1 && bits != 4 && bits != 8 && bits != 16 && bits != 24 && bits != 32)
        return bad(b, "not 1, 4, 8, 16, 24 or 32 bits a pixel");
    bool runs = (b->compression == RLE8 && bits == 8) || (b->compression == RLE4 && bits == 4);
    bool masks = b->compression == BITFIELDS && (bits == 16 || bits == 32);
    if (b->compression != RGB && !runs && !masks) return bad(b, "its compression is not supported");
    static const uint32_t usual[2][3] = {{0x7c00, 0x3e0, 0x1f}, {0xff0000, 0xff00, 0xff}};
    memcpy(b->mask, usual[bits == 32], sizeof b->mask);
    if (masks) {
        if (FILE_HEADER + 52 > b->n) return bad(b, "no bit masks"); /* behind a header of 40 bytes, or within a longer one */
        for (size_t c = 0; c < 3; c++) b->mask[c] = get(b, FILE_HEADER + 40 + 4 * c, 4);
    }
    if (b->pixels < FILE_HEADER + size) return bad(b, "its pixels begin within the header");
    if (b->pixels > b->n) return mnq_fail(b->e, MNQ_EXIT_FAILED, "%s: truncated BMP", b->name);
    return bits <= 8 ? read_palette(b, at, core ? 3 : 4) : 0;
}

/* The bits of a mask, spread over 0 .. 255. */
static uint8_t masked(uint32_t v, uint32_t mask)
{
    if (mask == 0) return 0;
    while ((mask & 1) == 0) {
        mask >>= 1;
        v >>= 1;
    }
    return (uint8_t)(((uint64_t)(v & mask) * 255 + mask / 2) / mask);
}

static void put_index(const struct bmp *b, struct mnq_image *im, size_t at, unsigned index)
{
    if (im->c == 1) im->data[at] = b->palette[index][0];
    else memcpy(im->data + 3 * at, b->palette[index], 3);
}

static void put_row(const struct bmp *b, const uint8_t *row, size_t at, struct mnq_image *im)
{
    for (uint32_t x = 0; x < b->w; x++) {
        uint8_t *to = im->data + 3 * (at + x);
        if (b->bits <= 8) {
            unsigned per = 8 / b->bits, shift = b->bits * (per - 1 - x % per);
            put_index(b, im, at + x, (unsigned)row[x / per] >> shift & ((1u << b->bits) - 1));
        } else if (b->bits == 24) {
            for (int c = 0; c < 3; c++) to[c] = row[3 * x + 2 - (uint32_t)c];
        } else {
            size_t step = b->bits / 8;
            uint32_t v = 0;
            for (size_t i = 0; i < step; i++) v |= (uint32_t)row[x * step + i] << (8 * i);
            for (int c = 0; c < 3; c++) to[c] = masked(v, b->mask[c]);
        }
    }
}

static uint32_t line(const struct bmp *b, uint32_t y)
{
    return b->top_down ? y : b->h - 1 - y;
}

static int read_rows(const struct bmp *b, struct mnq_image *im)
{
    size_t stride = ((size_t)b->w * b->bits + 31) / 32 * 4, last = ((size_t)b->w * b->bits + 7) / 8;
    if (stride * (b->h - 1) + last > b->n - b->pixels) return mnq_fail(b->e, MNQ_EXIT_FAILED, "%s: truncated BMP", b->name);
    for (uint32_t y = 0; y < b->h; y++) put_row(b, b->bytes + b->pixels + y * stride, (size_t)line(b, y) * b->w, im);
    return 0;
}

/* Runs: a count and a value; count 0 is followed by 0 (end of line), 1 (end), 2 (move by x, y) or so many single values. */
static int read_runs(const struct bmp *b, struct mnq_image *im)
{
    const uint8_t *p = b->bytes + b->pixels, *end = b->bytes + b->n;
    bool four = b->bits == 4;
    uint32_t x = 0, y = 0;
    for (size_t i = 0; i < (size_t)b->w * b->h; i++) put_index(b, im, i, 0);
    while (end - p >= 2 && y < b->h) {
        uint32_t count = p[0], value = p[1];
        p += 2;
        if (count == 0 && value == 0) {
            x = 0;
            y++;
        } else if (count == 0 && value == 1) {
            return 0;
        } else if (count == 0 && value == 2) {
            if (end - p < 2) break;
            x += p[0];
            y += p[1];
            p += 2;
        } else {
            uint32_t n = count > 0 ? count : value, single = count == 0;
            size_t bytes = four ? (n + 1) / 2 : n;
            if (single && (size_t)(end - p) < bytes) break;
            for (uint32_t i = 0; i < n && x < b->w; i++, x++) {
                unsigned v = single ? p[four ? i / 2 : i] : value;
                put_index(b, im, (size_t)line(b, y) * b->w + x, !four ? v : i % 2 == 0 ? v >> 4 : v & 15);
            }
            if (single) p += bytes + bytes % 2 > (size_t)(end - p) ? (size_t)(end - p) : bytes + bytes % 2;
        }
    }
    return y >= b->h ? 0 : mnq_fail(b->e, MNQ_EXIT_FAILED, "%s: truncated BMP", b->name);
}

int mnq_bmp_decode(const char *name, const uint8_t *bytes, size_t n, struct mnq_image *im, struct mnq_err *e)
{
    struct bmp b = {.name = name, .bytes = bytes, .n = n, .e = e};
    if (read_header(&b) != 0 || mnq_image_new(name, b.w, b.h, b.bits <= 8 && b.grey ? 1 : 3, im, e) != 0) return -1;
    return b.compression == RLE8 || b.compression == RLE4 ? read_runs(&b, im) : read_rows(&b, im);
}
