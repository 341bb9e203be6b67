/* SPDX-License-Identifier: Apache-2.0
 * Inputs as the kernels for HVX want them. */
#include "gather_hvx.h"

/* The end apart from the loop: clang counts the turns of a loop with two ends one too low. */

static inline void copy(uint8_t *to, const uint8_t *from, int32_t bytes, int32_t flip)
{
    for (; bytes >= 128; bytes -= 128, to += 128, from += 128) v_store(to, v_xor(v_load(from), v_splat_b(flip)));
    if (bytes > 0) v_store(to, v_xor(v_load_some(from, bytes), v_splat_b(flip)));
}

static inline void widen(uint8_t *to, mnq_v x, int32_t flip)
{
    const mnq_vv y = v_unpack_b(v_xor(x, v_splat_b(flip)));

    v_store(to, v_low(y));
    v_store(to + 128, v_high(y));
}

static inline void widen_all(uint8_t *to, const uint8_t *from, int32_t bytes, int32_t flip)
{
    for (; bytes >= 128; bytes -= 128, to += 256, from += 128) widen(to, v_load(from), flip);
    if (bytes > 0) widen(to, v_load_some(from, bytes), flip);
}

void mnq_hvx_copy_8(uint8_t *to, const uint8_t *from, int32_t n)
{
    copy(to, from, n, 0);
}

void mnq_hvx_copy_flip(uint8_t *to, const uint8_t *from, int32_t n)
{
    copy(to, from, n, 0x80);
}

void mnq_hvx_copy_16(uint8_t *to, const uint8_t *from, int32_t n)
{
    copy(to, from, 2 * n, 0);
}

void mnq_hvx_widen_8(uint8_t *to, const uint8_t *from, int32_t n)
{
    widen_all(to, from, n, 0);
}

void mnq_hvx_widen_flip(uint8_t *to, const uint8_t *from, int32_t n)
{
    widen_all(to, from, n, 0x80);
}
