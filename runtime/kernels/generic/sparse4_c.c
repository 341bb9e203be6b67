/* SPDX-License-Identifier: Apache-2.0
 * One row of sparse weights of four bits: as many at a time as inputs are listed become bytes. */
#include "packed.h"
#include "places.h"
#include "sparse.h"

const uint8_t *mnq_sparse4_row(const struct mnq_layer *l, int32_t o, const uint8_t *w, int32_t *acc,
                               const struct mnq_pixels *b)
{
    const uint8_t *map = (const uint8_t *)l->weights + (size_t)o * mnq_bitmap_bytes(l->c, l->mult);
    const int32_t bits = mnq_blocks(l->c, l->mult);
    uint16_t list[MNQ_PLACES];
    int8_t byte[MNQ_PLACES];
    int32_t bit = 0, k;
    size_t at = 0; /* of the row's next weight */

    while (bit < bits) {
        const int32_t count = mnq_list_places(map, bits, l->mult, &bit, list);
        for (k = 0; k < count; k++) byte[k] = (int8_t)mnq_s4_at(w, at++);
        mnq_sparse_list(l, acc, list, byte, count, b);
    }
    return w + (at + 1) / 2;
}
