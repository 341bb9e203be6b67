/* SPDX-License-Identifier: Apache-2.0
 * Rows of a windowed layer's input in scratch, with their padding. */
#ifndef MNQ_ROWS_HVX_H
#define MNQ_ROWS_HVX_H

#include "gather_hvx.h"

/**
 * The rows of a window.
 * rows     [kh]: where they are
 * wide     1: as int16, else as int8
 * phases   1: columns as they follow one another; sw: columns 0, sw, 2 sw, ..., then 1, sw + 1, ...
 * columns  bytes from one of these series to the next
 */
struct mnq_hvx_rows {
    const struct mnq_layer *l;
    const struct mnq_view *in;
    mnq_hvx_copy *copy;
    uint8_t **rows;
    size_t columns;
    int32_t wide, phases;
};

/** The rows that output row y is made of; those of the row before it are there, unless `first`. */
void mnq_hvx_rows_take(const struct mnq_hvx_rows *r, int32_t y, int first);

#endif
