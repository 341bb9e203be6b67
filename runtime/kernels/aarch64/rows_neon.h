/* SPDX-License-Identifier: Apache-2.0
 * Rows of the input of CONV, with their padding, in a ring of as many as the kernel has. */
#ifndef MNQ_ROWS_NEON_H
#define MNQ_ROWS_NEON_H

#include "convert_neon.h"
#include "pack_neon.h"

/** The ring: row r, also -kh < r < 0, lies at rows + (r + kh) % kh * bytes. */
struct mnq_neon_ring {
    uint8_t *rows;
    size_t bytes;
    int32_t next; /* the first row that is not there, INT32_MIN at first */
};

/* A row of the input, or one of padding (from NULL), with padding before and behind it; value: its bytes. */
static MNQ_APART void mnq_neon_row(const struct mnq_layer *l, uint8_t *to, const uint8_t *from, size_t value)
{
    const struct mnq_neon_head *const h = (const struct mnq_neon_head *)l->packed;
    const uint8_t *const pad = (const uint8_t *)h + h->pad;
    const size_t pixel = (size_t)l->c * value, n = (size_t)l->w * (size_t)l->c;
    const int32_t columns = mnq_neon_columns(l);
    int32_t x;

    if (from != NULL && value == 2)
        mnq_neon_wide((int16_t *)(void *)(to + (size_t)l->pl * pixel), from, n, l->in16, l->in_flip);
    else if (from != NULL) mnq_neon_bytes(to + (size_t)l->pl * pixel, from, n, l->in_flip);
    for (x = 0; x < columns; x++) {
        if (from != NULL && x == l->pl) x += l->w;
        if (x < columns) memcpy(to + (size_t)x * pixel, pad, pixel);
    }
}

/** The rows of the window of output row y. */
static MNQ_APART void mnq_neon_window(const struct mnq_layer *l, const struct mnq_view *in, struct mnq_neon_ring *ring,
                                      int32_t y, size_t value, const uint8_t **row)
{
    const int32_t top = y * l->sh - l->pt;
    int32_t ky;

    for (ky = 0; ky < l->kh; ky++) {
        const int32_t iy = top + ky;
        uint8_t *const to = ring->rows + (size_t)((iy + l->kh) % l->kh) * ring->bytes; /* iy > -kh */
        row[ky] = to;
        if (iy < ring->next) continue; /* still there */
        mnq_neon_row(l, to, iy >= 0 && iy < l->h ? (const uint8_t *)mnq_view_row(in, iy) : NULL, value);
        ring->next = iy + 1;
    }
}

#endif
