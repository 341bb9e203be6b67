/* SPDX-License-Identifier: Apache-2.0
 * CONV and PW of the AArch64 kernels on bytes: panels of 8 pixels, whose inputs are taken once for all output channels, and
 * tiles of up to 8 pixels by 8 output channels, whose sums stay in registers.
 *
 *     panel:  for every unit of KIND inputs the unit of each of the 8 pixels; a plane, or two, pack_neon.h
 *
 * Whoever includes it defines KIND; struct sums and its functions: sums_start(), sums_add(), sums_shift(), sums_end().
 */
#include "mnq_port.h"

/* What panels are made of and how. */
struct source {
    const struct mnq_layer *l;
    int32_t inputs, units;     /* of a pixel */
    uint32_t pixel;            /* bytes from pixel to pixel of the input */
    uint32_t x_plane, w_plane; /* bytes from plane to plane */
    uint32_t x_second;         /* to the plane that the second sums are of */
    uint32_t panel;            /* bytes */
    int split;
};

enum how { BYTES, UPPER, LOWER }; /* LOWER: less 128 */

/* 16 or 8 inputs at p. */
MNQ_NEON_INLINE uint8x16_t load16(const uint8_t *p, enum how how)
{
    uint8x16_t a, b;

    if (how == BYTES) return vld1q_u8(p);
    a = vld1q_u8(p);
    b = vld1q_u8(p + 16);
    return how == UPPER ? vuzp2q_u8(a, b) : veorq_u8(vuzp1q_u8(a, b), vdupq_n_u8(0x80));
}

MNQ_NEON_INLINE uint8x8_t load8(const uint8_t *p, enum how how)
{
    if (how == BYTES) return vld1_u8(p);
    if (how == UPPER) return vshrn_n_u16(vreinterpretq_u16_u8(vld1q_u8(p)), 8);
    return veor_u8(vmovn_u16(vreinterpretq_u16_u8(vld1q_u8(p))), vdup_n_u8(0x80));
}

/* Where the last n inputs, 1 to 15, lie in the last 16 of more, or in the first 8 and the last 8; what is behind them is 0.
 */
MNQ_NEON_INLINE uint8x16_t last_places(int32_t n, int more)
{
    static const uint8_t count[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const uint8x16_t i = vld1q_u8(count), moved = vaddq_u8(i, vdupq_n_u8((uint8_t)(16 - n)));

    return more ? moved : vbslq_u8(vcltq_u8(i, vdupq_n_u8(8)), i, moved);
}

/* n inputs, fewer than 8. */
static MNQ_APART uint8x16_t load_few(const uint8_t *p, int32_t n, enum how how)
{
    uint8_t copy[8 * 2];

    memset(copy, 0, sizeof copy);
    memcpy(copy, p, (size_t)n << (how != BYTES));
    return vcombine_u8(how == BYTES   ? load8(copy, BYTES)
                       : how == UPPER ? load8(copy, UPPER)
                                      : load8(copy, LOWER),
                       vdup_n_u8(0));
}

/* The last n inputs of a pixel of c at p; `end`: of the pixels. What is behind meets weights of 0. */
MNQ_NEON_INLINE uint8x16_t load_last(const uint8_t *p, const uint8_t *end, int32_t c, int32_t n, uint8x16_t places,
                                     enum how how)
{
    const size_t wide = how != BYTES;
    if (c >= 16) return vqtbl1q_u8(load16(p + ((size_t)(c - 16) << wide), how), places);
    if (c >= 8) return vqtbl1q_u8(vcombine_u8(load8(p, how), load8(p + ((size_t)(c - 8) << wide), how)), places);
    if (end - p >= 8 << wide) return vcombine_u8(load8(p, how), vdup_n_u8(0));
    return load_few(p, n, how);
}

/* One plane of a panel of n pixels from `from` on; what fills it up is the last pixel again, and inputs that meet weights of
 * 0. again: BYTES, the next plane is the same plus 128. */
MNQ_NEON_INLINE void plane_of(const struct source *s, uint8_t *to, const uint8_t *from, int32_t n, enum how how,
                              const int again)
{
    const int32_t c = s->inputs;
    const size_t wide = how != BYTES, pixel = s->pixel, plane = s->x_plane;
    const uint8_t *const end = from + (size_t)n * pixel, *p[8];
    uint8x16_t places = vdupq_n_u8(0);
    int32_t i;
    int j;

    p[0] = from;
    MNQ_NEON_UNROLL
    for (j = 1; j < 8; j++) p[j] = p[j - 1] + (j < n ? pixel : 0);
    if (c % 16 != 0) places = last_places(c % 16, c >= 16);
    for (i = 0; i + 16 <= c; i += 16, to += 128) {
        uint8x16_t v[8];
        MNQ_NEON_UNROLL
        for (j = 0; j < 8; j++) v[j] = load16(p[j] + ((size_t)i << wide), how);
        put_units16(to, plane, v, again);
    }
    if (i + 8 == c) {
        uint8x8_t v[8];
        MNQ_NEON_UNROLL
        for (j = 0; j < 8; j++) v[j] = load8(p[j] + ((size_t)i << wide), how);
        put_units8(to, plane, v, again);
    } else if (i < c) {
        uint8x16_t v[8];
        MNQ_NEON_UNROLL
        for (j = 0; j < 8; j++) v[j] = load_last(p[j], end, c, c - i, places, how);
        put_units16(to, plane, v, again);
    }
}

/* A panel of n pixels. */
static MNQ_APART void take_bytes(const struct source *s, uint8_t *to, const uint8_t *from, int32_t n)
{
    plane_of(s, to, from, n, BYTES, 0);
}

static MNQ_APART void take_twice(const struct source *s, uint8_t *to, const uint8_t *from, int32_t n)
{
    plane_of(s, to, from, n, BYTES, 1);
}

static MNQ_APART void take_upper(const struct source *s, uint8_t *to, const uint8_t *from, int32_t n)
{
    plane_of(s, to, from, n, UPPER, 0);
}

static MNQ_APART void take_lower(const struct source *s, uint8_t *to, const uint8_t *from, int32_t n)
{
    plane_of(s, to, from, n, LOWER, 0);
}

static void take(const struct source *s, uint8_t *to, const uint8_t *from, int32_t n)
{
    if (s->split == MNQ_NEON_SPLIT_X) {
        take_upper(s, to, from, n);
        take_lower(s, to + s->x_plane, from, n);
    } else if (s->split == MNQ_NEON_SPLIT_W && KIND == MNQ_NEON_QUADS) {
        take_twice(s, to, from, n);
    } else {
        take_bytes(s, to, from, n);
    }
}

/* N pixels of a panel, the first of which is at x. */
MNQ_NEON_INLINE void tile(const struct mnq_neon_emit *e, const struct source *s, const uint8_t *x, const uint8_t *w,
                          const int32_t *record, int channels, uint8_t *out, const int N, const int SPLIT)
{
    struct sums a;
    int32x4_t y[8][2];

    sums_start(&a, record, N, SPLIT);
    sums_add(&a, x, w, s->units, N, SPLIT, 1);
    if (SPLIT) {
        sums_shift(&a, record, N, SPLIT);
        if (SPLIT == MNQ_NEON_SPLIT_W) sums_add(&a, x + s->x_second, w + s->w_plane, s->units, N, SPLIT, 0);
        else sums_add(&a, x + s->x_second, w, s->units, N, SPLIT, 1);
    }
    sums_end(&a, y, N, SPLIT);
    mnq_neon_put(e, record, y, channels, out, N);
}

/* n pixels of consecutive panels by a block of channels. */
MNQ_NEON_INLINE void tiles(const struct mnq_neon_emit *e, const struct source *s, const uint8_t *x, const uint8_t *w,
                           const int32_t *record, int channels, int32_t n, uint8_t *out, const int SPLIT)
{
    for (; n >= 8; n -= 8, x += s->panel, out += 8 * e->step) tile(e, s, x, w, record, channels, out, 8, SPLIT);
    if ((n & 4) != 0) {
        tile(e, s, x, w, record, channels, out, 4, SPLIT);
        x += 4 * KIND;
        out += 4 * e->step;
    }
    if ((n & 2) != 0) {
        tile(e, s, x, w, record, channels, out, 2, SPLIT);
        x += 2 * KIND;
        out += 2 * e->step;
    }
    if ((n & 1) != 0) tile(e, s, x, w, record, channels, out, 1, SPLIT);
}

#define TILES(name, SPLIT)                                                                                                  \
    static MNQ_APART void name(const struct mnq_neon_emit *e, const struct source *s, const uint8_t *x, const uint8_t *w,   \
                               const int32_t *record, int channels, int32_t n, uint8_t *out)                                \
    {                                                                                                                       \
        tiles(e, s, x, w, record, channels, n, out, SPLIT);                                                                 \
    }
TILES(tiles_bytes, 0)
TILES(tiles_w, MNQ_NEON_SPLIT_W)
TILES(tiles_x, MNQ_NEON_SPLIT_X)

/* All output channels of n pixels from `from` on; `kept`: memory of their panels. */
static MNQ_APART void dense(const struct source *s, const struct mnq_neon_emit *e, uint8_t *kept, const uint8_t *from,
                            int32_t n, uint8_t *out)
{
    const struct mnq_neon_head *const h = (const struct mnq_neon_head *)s->l->packed;
    const size_t block = (size_t)s->w_plane << (s->split == MNQ_NEON_SPLIT_W);
    const uint8_t *w = (const uint8_t *)h + h->weights;
    const int32_t *record = mnq_neon_records(h);
    int32_t p, left;

    for (p = 0; p < n; p += 8)
        take(s, kept + (size_t)(p / 8) * s->panel, from + (size_t)p * s->pixel, n - p < 8 ? n - p : 8);
    for (left = s->l->oc; left > 0; left -= 8, w += block, record += e->record) {
        const int channels = mnq_neon_stored(s->l->oc);
        uint8_t *const first = out + ((size_t)mnq_neon_first(s->l->oc, left) << e->out16);
        if (s->split == 0) tiles_bytes(e, s, kept, w, record, channels, n, first);
        else if (s->split == MNQ_NEON_SPLIT_W) tiles_w(e, s, kept, w, record, channels, n, first);
        else tiles_x(e, s, kept, w, record, channels, n, first);
    }
}

static struct source source_of(const struct mnq_layer *l, int32_t inputs)
{
    struct source s;

    s.l = l;
    s.inputs = inputs;
    s.units = mnq_neon_units(inputs, KIND);
    s.pixel = (uint32_t)inputs << l->in16;
    s.split = ((const struct mnq_neon_head *)l->packed)->split;
    s.x_plane = (uint32_t)mnq_neon_kept(inputs) * 8;
    s.w_plane = (uint32_t)s.units * KIND * 8;
    s.panel = s.x_plane * (uint32_t)mnq_neon_planes(KIND, s.split);
    s.x_second = s.panel - s.x_plane;
    return s;
}

static void pw(const struct mnq_layer *l, const struct mnq_band *b)
{
    uint8_t *const memory = (uint8_t *)b->scratch;
    const struct mnq_neon_emit e = mnq_neon_emit_of(l, memory);
    const struct source s = source_of(l, l->c);
    const int32_t pixels = b->n * l->w, run = mnq_neon_run(l, KIND, s.split);
    const uint8_t *from = (const uint8_t *)b->in0.at;
    uint8_t *out = (uint8_t *)b->out;
    int32_t p;

    for (p = 0; p < pixels; p += run, from += (size_t)run * s.pixel, out += (size_t)run * e.step)
        dense(&s, &e, memory + MNQ_NEON_ACC, from, pixels - p < run ? pixels - p : run, out);
}

/* Windows of n outputs from column x on, one behind the other. */
static MNQ_APART void windows(const struct source *s, const uint8_t *const *row, uint8_t *to, int32_t x, int32_t n)
{
    const struct mnq_layer *const l = s->l;
    const size_t step = (size_t)l->sw * (size_t)l->c, run = (size_t)l->kw * (size_t)l->c, pixel = s->pixel;
    size_t at = (size_t)x * step;
    int32_t ky;

    if (run <= 16 && l->kh == 3) { /* with what follows, which is then written over */
        const uint8_t *a = row[0] + at, *b = row[1] + at, *c = row[2] + at;
        for (; n > 0; n--, to += pixel, a += step, b += step, c += step) {
            vst1q_u8(to, vld1q_u8(a));
            vst1q_u8(to + run, vld1q_u8(b));
            vst1q_u8(to + 2 * run, vld1q_u8(c));
        }
        return;
    }
    for (; n > 0; n--, to += pixel, at += step)
        for (ky = 0; ky < l->kh; ky++) memcpy(to + (size_t)ky * run, row[ky] + at, run);
}

static void conv(const struct mnq_layer *l, const struct mnq_band *b)
{
    uint8_t *const memory = (uint8_t *)b->scratch;
    const uint8_t **const row = (const uint8_t **)(void *)(memory + MNQ_NEON_ACC);
    const struct mnq_neon_emit e = mnq_neon_emit_of(l, memory);
    struct source s = source_of(l, l->kh * l->kw * l->c);
    const int32_t run = mnq_neon_run(l, KIND, s.split);
    struct mnq_neon_ring ring;
    uint8_t *out = (uint8_t *)b->out, *kept, *taken;
    int32_t y, x;

    s.inputs = mnq_neon_kept(s.inputs); /* whole vectors of what they are copied to */
    s.pixel = (uint32_t)s.inputs;
    ring.rows = memory + MNQ_NEON_ACC + MNQ_NEON_ROWS * sizeof *row;
    ring.bytes = mnq_neon_conv_row(l, KIND);
    ring.next = INT32_MIN;
    kept = ring.rows + (size_t)l->kh * ring.bytes;
    taken = kept + (size_t)run * s.panel / 8;
    for (y = b->y; y < b->y + b->n; y++) {
        mnq_neon_window(l, &b->in0, &ring, y, 1, row);
        for (x = 0; x < l->ow; x += run) {
            const int32_t n = l->ow - x < run ? l->ow - x : run;
            windows(&s, row, taken, x, n);
            dense(&s, &e, kept, taken, n, out);
            out += (size_t)n * e.step;
        }
    }
}
