/* SPDX-License-Identifier: Apache-2.0
 * HDF5 files written down as text: for tests that need many small files, good and bad ones.
 *
 * One directive a line; a line that starts with a space continues the one before; # starts a comment line.
 *   g PATH                        group
 *   s OBJECT ATTR TEXT...         attribute: one string of variable length, the rest of the line
 *   f OBJECT ATTR TEXT...         the same with fixed length
 *   l OBJECT ATTR WORD...         attribute: array of fixed-length strings; without words an empty array of float64
 *   d PATH TYPE D0,D1,... [V...]  dataset, TYPE f16 f32 f64 u8 i32 i64; the values V are repeated as often as needed,
 *                                 without any they are pseudo-random: -0.5..0.5, or 0..255 for integers
 *   z PATH TYPE D0,D1,... [V...]  the same in deflated chunks of one row
 * Groups on the way to a path are made. OBJECT is a path of a group or dataset that exists; / is the root. */
#ifndef MNQ_TEST_H5TEXT_H
#define MNQ_TEST_H5TEXT_H

#include <stddef.h>
#include <stdint.h>

/**
 * Makes the file described by n bytes of text, in memory. With MNQ_H5TEXT_KEEP=DIR in the environment the text is left in DIR too:
 * the unit tests' descriptions are seeds for fuzzers.
 * size    its size
 * bad     number of the first line that cannot be done, 0 = none; the file holds what could
 * return  its bytes, malloc'd; NULL if not even an empty file can be made
 */
uint8_t *mnq_h5text(const char *text, size_t n, size_t *size, int *bad);

#endif
