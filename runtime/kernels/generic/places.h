/* SPDX-License-Identifier: Apache-2.0
 * From a bitmap to a list of the inputs whose bits are 1. */
#ifndef MNQ_PLACES_H
#define MNQ_PLACES_H

#include <stdint.h>

enum { MNQ_PLACES = 32 }; /* inputs listed at a time; a block of 16 fits */

/**
 * Lists the inputs of a row of `bits` bits, each standing for `block` inputs, from bit *bit on, until list or row are at
 * their end.
 * bit     moved behind the last bit looked at; a multiple of 4 before and after if block is 1, unless the row is at its end
 * list    [MNQ_PLACES]
 * return  inputs listed
 */
int32_t mnq_list_places(const uint8_t *map, int32_t bits, int32_t block, int32_t *bit, uint16_t *list);

#endif
