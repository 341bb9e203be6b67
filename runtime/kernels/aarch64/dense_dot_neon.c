/* SPDX-License-Identifier: Apache-2.0
 * CONV and PW for AArch64 with dot products: SDOT by element, four inputs at a time. */
#define NAME(f)           f##_dotprod
#define KIND              MNQ_NEON_QUADS
#define LANES             4
#define XVECTOR           int8x16_t
#define XHALF             int8x8_t
#define XLOAD(p)          vld1q_s8((const int8_t *)(p))
#define XLOAD_HALF(p)     vld1_s8((const int8_t *)(p))
#define EACH_LANE(M)      M(0) M(1) M(2) M(3)
#define EACH_HALF_LANE(M) M(0) M(1)

#define MAC_ALL(k)                                                                                                          \
    {                                                                                                                       \
        const int8x16_t t = XLOAD(w + (k)*32), u = XLOAD(w + (k)*32 + 16);                                                  \
        MNQ_NEON_UNROLL                                                                                                     \
        for (r = 0; r < N; r++) {                                                                                           \
            a[r][0] = vdotq_laneq_s32(a[r][0], t, v[r], k);                                                                 \
            a[r][1] = vdotq_laneq_s32(a[r][1], u, v[r], k);                                                                 \
        }                                                                                                                   \
    }
#define MAC_HALF(k)                                                                                                         \
    {                                                                                                                       \
        const int8x16_t t = XLOAD(w + (k)*32), u = XLOAD(w + (k)*32 + 16);                                                  \
        MNQ_NEON_UNROLL                                                                                                     \
        for (r = 0; r < N; r++) {                                                                                           \
            a[r][0] = vdotq_lane_s32(a[r][0], t, v[r], k);                                                                  \
            a[r][1] = vdotq_lane_s32(a[r][1], u, v[r], k);                                                                  \
        }                                                                                                                   \
    }
#define MAC_ONE(a, w, x)                                                                                                    \
    {                                                                                                                       \
        const int8x16_t v = vreinterpretq_s8_s32(vld1q_dup_s32((const int32_t *)(const void *)(x)));                        \
        a[0] = vdotq_s32(a[0], XLOAD(w), v);                                                                                \
        a[1] = vdotq_s32(a[1], XLOAD((w) + 16), v);                                                                         \
    }

#include "dense_neon.h"
