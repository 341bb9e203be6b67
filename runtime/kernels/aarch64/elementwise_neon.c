/* SPDX-License-Identifier: Apache-2.0
 * ADD and MUL for AArch64: eight channels of up to four pixels at a time. */
#include "eight_neon.h"
#include "emit_neon.h"
#include "neon.h"

/* The inputs of one block. */
struct pair {
    const uint8_t *x, *y;
    size_t x_step, y_step; /* bytes from pixel to pixel; of a gate 0 */
    int x16, y16;
    int32_t z0, z1;
};

/* N pixels. w: ADD: of the block, else NULL. */
MNQ_NEON_INLINE void tile(const struct mnq_neon_emit *e, const struct pair *s, const int16_t *w, const int32_t *record,
                          int channels, uint8_t *out, const int N)
{
    const int16x8_t z0 = vdupq_n_s16((int16_t)s->z0), z1 = vdupq_n_s16((int16_t)s->z1);
    int32x4_t a[4][2];
    int r;

    MNQ_NEON_UNROLL
    for (r = 0; r < N; r++) {
        int16x8_t x = mnq_neon_eight(s->x + (size_t)r * s->x_step, s->x16, channels);
        int16x8_t y = mnq_neon_eight(s->y + (size_t)r * s->y_step, s->y16, channels);
        if (w != NULL) {
            const int16x8_t u = vld1q_s16(w), v = vld1q_s16(w + 8);
            a[r][0] = vmlal_s16(vld1q_s32(record), vget_low_s16(u), vget_low_s16(x));
            a[r][1] = vmlal_high_s16(vld1q_s32(record + 4), u, x);
            a[r][0] = vmlal_s16(a[r][0], vget_low_s16(v), vget_low_s16(y));
            a[r][1] = vmlal_high_s16(a[r][1], v, y);
        } else {
            x = vsubq_s16(x, z0);
            y = vsubq_s16(y, z1);
            a[r][0] = vmull_s16(vget_low_s16(x), vget_low_s16(y));
            a[r][1] = vmull_high_s16(x, y);
        }
    }
    mnq_neon_put(e, record, a, channels, out, N);
}

MNQ_NEON_INLINE void tiles(const struct mnq_neon_emit *e, const struct pair *of, const int16_t *w, const int32_t *record,
                           int channels, int32_t n, uint8_t *out)
{
    struct pair s = *of;

    for (; n >= 4; n -= 4, s.x += 4 * s.x_step, s.y += 4 * s.y_step, out += 4 * e->step)
        tile(e, &s, w, record, channels, out, 4);
    for (; n > 0; n--, s.x += s.x_step, s.y += s.y_step, out += e->step) tile(e, &s, w, record, channels, out, 1);
}

static MNQ_APART void sums(const struct mnq_neon_emit *e, const struct pair *s, const int16_t *w, const int32_t *record,
                           int channels, int32_t n, uint8_t *out)
{
    tiles(e, s, w, record, channels, n, out);
}

static MNQ_APART void products(const struct mnq_neon_emit *e, const struct pair *s, const int32_t *record, int channels,
                               int32_t n, uint8_t *out)
{
    tiles(e, s, NULL, record, channels, n, out);
}

/* w: ADD: of all blocks, else NULL. */
static void blocks(const struct mnq_layer *l, const struct mnq_band *b, const int16_t *w)
{
    const struct mnq_neon_emit e = mnq_neon_emit_of(l, b->scratch);
    const int32_t *record = mnq_neon_records((const struct mnq_neon_head *)l->packed);
    struct pair s;
    int32_t left;

    s.x_step = (size_t)l->c << l->in16;
    s.y_step = l->point1 ? 0 : (size_t)l->c << l->in16b;
    s.x16 = l->in16;
    s.y16 = l->in16b;
    s.z0 = l->zp0;
    s.z1 = l->zp1;
    for (left = l->c; left > 0; left -= 8, record += e.record) {
        const int channels = mnq_neon_stored(l->c);
        const size_t first = (size_t)mnq_neon_first(l->c, left);
        uint8_t *const out = (uint8_t *)b->out + (first << e.out16);
        s.x = (const uint8_t *)b->in0.at + (first << l->in16);
        s.y = (const uint8_t *)b->in1.at + (first << l->in16b);
        if (w != NULL) sums(&e, &s, w, record, channels, b->n * l->w, out);
        else products(&e, &s, record, channels, b->n * l->w, out);
        if (w != NULL) w += 16;
    }
}

void mnq_add_neon(const struct mnq_layer *l, const struct mnq_band *b)
{
    const struct mnq_neon_head *const h = (const struct mnq_neon_head *)l->packed;

    blocks(l, b, (const int16_t *)(const void *)((const uint8_t *)h + h->weights));
}

void mnq_mul_neon(const struct mnq_layer *l, const struct mnq_band *b)
{
    blocks(l, b, NULL);
}
