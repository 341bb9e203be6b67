/* SPDX-License-Identifier: Apache-2.0
 * A camera's pixels as models take them: bytes red, green, blue, or grey. Integers only; nothing of the runtime calls this.
 *
 * Rows for mnq_push_rows(), or for mnq_input() where the whole picture is kept. */
#ifndef MNQ_CAMERA_H
#define MNQ_CAMERA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** 0 .. 255. */
static inline uint8_t mnq_camera_clamp(int32_t x)
{
    return (uint8_t)(x < 0 ? 0 : x > 255 ? 255 : x);
}

/**
 * RGB565: red in the upper five bits of a half-word. The upper bits are repeated below, so that 31 and 63 become 255.
 * from    n pixels; cameras that send the upper byte first want their bytes swapped before
 * rgb     3 * n bytes, not over `from`
 */
static inline void mnq_camera_rgb565(const uint16_t *from, size_t n, uint8_t *rgb)
{
    for (; n > 0; n--, rgb += 3) {
        const unsigned p = *from++, r = p >> 11 & 31, g = p >> 5 & 63, b = p & 31;
        rgb[0] = (uint8_t)(r << 3 | r >> 2);
        rgb[1] = (uint8_t)(g << 2 | g >> 4);
        rgb[2] = (uint8_t)(b << 3 | b >> 2);
    }
}

/**
 * YUV 4:2:2 in the order Y0 U Y1 V, full range (JPEG, ITU-R 601), rounded: what a decoder makes of such pixels.
 * from    n pixels, n even: 2 * n bytes
 * rgb     3 * n bytes, not over `from`
 */
static inline void mnq_camera_yuyv(const uint8_t *from, size_t n, uint8_t *rgb)
{
    for (; n > 1; n -= 2, from += 4) {
        const int32_t u = from[1] - 128, v = from[3] - 128;
        const int32_t r = 91881 * v, g = -22554 * u - 46802 * v, b = 116130 * u; /* 1.402, 0.344136, 0.714136, 1.772 */
        int k;
        for (k = 0; k < 4; k += 2, rgb += 3) {
            const int32_t y = from[k] * 65536 + 32768;
            rgb[0] = mnq_camera_clamp((y + r) >> 16);
            rgb[1] = mnq_camera_clamp((y + g) >> 16);
            rgb[2] = mnq_camera_clamp((y + b) >> 16);
        }
    }
}

/**
 * Grey of red, green and blue, ITU-R 601, as mnquant makes it of pictures for models of one channel.
 * rgb     n pixels, 3 * n bytes
 * grey    n bytes; may begin where `rgb` does
 */
static inline void mnq_camera_grey(const uint8_t *rgb, size_t n, uint8_t *grey)
{
    for (; n > 0; n--, rgb += 3) *grey++ = (uint8_t)((rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 0x8000u) >> 16);
}

#ifdef __cplusplus
}
#endif
#endif
