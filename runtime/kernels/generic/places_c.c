/* SPDX-License-Identifier: Apache-2.0
 * From a bitmap to a list of the inputs whose bits are 1. */
#include "places.h"

#include "mnq_port.h"

/* Four 16-bit places of 1 bits in a nibble, the first in the lowest 16 bits as little-endian memory wants it. */
#define PLACES(a, b, c, d) ((uint64_t)(a) | (uint64_t)(b) << 16 | (uint64_t)(c) << 32 | (uint64_t)(d) << 48)
static const uint64_t nibble_places[16] = {
    0,
    PLACES(0, 0, 0, 0),
    PLACES(1, 0, 0, 0),
    PLACES(0, 1, 0, 0),
    PLACES(2, 0, 0, 0),
    PLACES(0, 2, 0, 0),
    PLACES(1, 2, 0, 0),
    PLACES(0, 1, 2, 0),
    PLACES(3, 0, 0, 0),
    PLACES(0, 3, 0, 0),
    PLACES(1, 3, 0, 0),
    PLACES(0, 1, 3, 0),
    PLACES(2, 3, 0, 0),
    PLACES(0, 2, 3, 0),
    PLACES(1, 2, 3, 0),
    PLACES(0, 1, 2, 3),
};
static const uint8_t nibble_count[16] = {0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4};

int32_t mnq_list_places(const uint8_t *map, int32_t bits, int32_t block, int32_t *bit, uint16_t *list)
{
    int32_t n = 0, k;

    if (block == 1) {
        for (; *bit < bits && n <= MNQ_PLACES - 4; *bit += 4) {
            const unsigned nibble = map[*bit / 8] >> *bit % 8 & 15;
            const uint64_t places = nibble_places[nibble] + (uint64_t)*bit * PLACES(1, 1, 1, 1);
            memcpy(list + n, &places, sizeof places);
            n += nibble_count[nibble];
        }
        return n;
    }
    for (; *bit < bits && n <= MNQ_PLACES - block; ++*bit) {
        if (!(map[*bit / 8] >> *bit % 8 & 1)) continue;
        for (k = 0; k < block; k++) list[n++] = (uint16_t)(*bit * block + k);
    }
    return n;
}
