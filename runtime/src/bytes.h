/* SPDX-License-Identifier: Apache-2.0
 * Little-endian reads from a byte stream of any alignment. */
#ifndef MNQ_BYTES_H
#define MNQ_BYTES_H

#include <stdint.h>

/** Unsigned 16 bits at p. */
static inline uint16_t mnq_read_u16(const uint8_t *p)
{
    return (uint16_t)(p[0] | (unsigned)p[1] << 8);
}

/** Unsigned 32 bits at p. */
static inline uint32_t mnq_read_u32(const uint8_t *p)
{
    return mnq_read_u16(p) | (uint32_t)mnq_read_u16(p + 2) << 16;
}

/** Signed 32 bits at p. */
static inline int32_t mnq_read_i32(const uint8_t *p)
{
    return (int32_t)mnq_read_u32(p);
}

#endif
