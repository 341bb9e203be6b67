/* SPDX-License-Identifier: Apache-2.0
 * CRC-32 as zlib computes it. */
#ifndef MNQ_CRC32_H
#define MNQ_CRC32_H

#include <stddef.h>
#include <stdint.h>

/** CRC-32 (IEEE 802.3, reflected, initial value and final xor ~0) of n bytes. */
uint32_t mnq_crc32(const uint8_t *p, size_t n);

#endif
