/* SPDX-License-Identifier: Apache-2.0
 * CONV and PW for AArch64 on int16 inputs and weights: SMLAL by element, any width of either. */
#define NAME(f)           f##_neon
#define KIND              MNQ_NEON_WIDE
#define LANES             8
#define XVECTOR           int16x8_t
#define XHALF             int16x4_t
#define XLOAD(p)          vld1q_s16((const int16_t *)(const void *)(p))
#define XLOAD_HALF(p)     vld1_s16((const int16_t *)(const void *)(p))
#define EACH_LANE(M)      M(0) M(1) M(2) M(3) M(4) M(5) M(6) M(7)
#define EACH_HALF_LANE(M) M(0) M(1) M(2) M(3)

#define MAC_ALL(k)                                                                                                          \
    {                                                                                                                       \
        const int16x8_t t = XLOAD(w + (k)*16);                                                                              \
        MNQ_NEON_UNROLL                                                                                                     \
        for (r = 0; r < N; r++) {                                                                                           \
            a[r][0] = vmlal_laneq_s16(a[r][0], vget_low_s16(t), v[r], k);                                                   \
            a[r][1] = vmlal_high_laneq_s16(a[r][1], t, v[r], k);                                                            \
        }                                                                                                                   \
    }
#define MAC_HALF(k)                                                                                                         \
    {                                                                                                                       \
        const int16x8_t t = XLOAD(w + (k)*16);                                                                              \
        MNQ_NEON_UNROLL                                                                                                     \
        for (r = 0; r < N; r++) {                                                                                           \
            a[r][0] = vmlal_lane_s16(a[r][0], vget_low_s16(t), v[r], k);                                                    \
            a[r][1] = vmlal_high_lane_s16(a[r][1], t, v[r], k);                                                             \
        }                                                                                                                   \
    }
#define MAC_ONE(a, w, x)                                                                                                    \
    {                                                                                                                       \
        const int16x8_t t = XLOAD(w), u = vld1q_dup_s16((const int16_t *)(const void *)(x));                                \
        a[0] = vmlal_s16(a[0], vget_low_s16(t), vget_low_s16(u));                                                           \
        a[1] = vmlal_high_s16(a[1], t, u);                                                                                  \
    }

#include "dense_neon.h"
