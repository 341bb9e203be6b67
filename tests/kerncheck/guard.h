/* SPDX-License-Identifier: Apache-2.0
 * Guarded buffers: a payload between two zones of known bytes, so that a stray write is seen and, under
 * AddressSanitizer, a stray read as well. */
#ifndef MNQ_GUARD_H
#define MNQ_GUARD_H

#include <stddef.h>
#include <stdint.h>

struct mnq_guard {
    uint8_t *base; /* what was allocated */
    uint8_t *p;    /* payload, 16-byte aligned and no better */
    size_t n;      /* payload bytes */
    uint64_t sum;  /* of the payload when sealed */
};

/** A buffer of n bytes; `skew` (0..3) moves it by multiples of 16, so that wider alignment is never granted by luck. */
struct mnq_guard mnq_guard_new(size_t n, unsigned skew);
void mnq_guard_free(struct mnq_guard *g);

/** Remembers the payload as it is now and makes the zones untouchable where the build can. */
void mnq_guard_seal(struct mnq_guard *g);

/** return 0, or -1 if a zone was written since sealing. */
int mnq_guard_zones(const struct mnq_guard *g);

/** return 0, or -1 if the payload changed since sealing. */
int mnq_guard_payload(const struct mnq_guard *g);

#endif
