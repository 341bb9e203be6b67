/* SPDX-License-Identifier: Apache-2.0
 * Changes to a file of netgen: fields by their place, and a checksum that fits afterwards. */
#ifndef MNQ_NETPATCH_H
#define MNQ_NETPATCH_H

#include <stddef.h>
#include <stdint.h>

/** Little-endian words. */
uint32_t mnq_netpatch_get32(const uint8_t *p);
void mnq_netpatch_put32(uint8_t *p, uint32_t v);

/** A section's place by its tag, and its size; the file must have it, as every file of netgen does. */
uint8_t *mnq_netpatch_section(uint8_t *file, const char *tag, uint32_t *n);

/** Makes the CRC right again. */
void mnq_netpatch_seal(uint8_t *file, size_t n);

#endif
