/* SPDX-License-Identifier: Apache-2.0
 * AVGPOOL on HVX. */
#include "hexagon/hvx.h"

#include "lanes_hvx.h"
#include "mnq_port.h"

/* The outputs of record g of one pixel, from sums[2]: a call, so that its vectors are not its callers'. */
static MNQ_APART void put_pixel(const struct mnq_layer *l, uint8_t *out, int32_t g, mnq_v *sums, const uint8_t *end)
{
    const int many = *(const uint8_t *)l->packed;
    const uint8_t *const k = (const uint8_t *)l->packed + MNQ_HVX_HEADER + (size_t)g * mnq_hvx_lanes_record(l, many);
    const mnq_vv acc = v_pair(v_load_aligned(sums + 1), v_load_aligned(sums));

    mnq_hvx_put(l, out + (mnq_hvx_channel(l, g) << l->q.out16), mnq_hvx_lanes(l, acc, k, many, sums), end);
}

/* Adds n pixels from x on to sums[2]; bytes in front of `end` are there. */
static MNQ_APART void add_pixels(mnq_v *sums, const uint8_t *x, const uint8_t *end, size_t pixel, int32_t n, int in16)
{
    const mnq_v one = v_splat_h(1);
    mnq_vv acc = v_pair(v_load_aligned(sums + 1), v_load_aligned(sums));

    for (; n > 0; n--, x += pixel) acc = v_mac_h(acc, mnq_hvx_take(x, end, in16), one);
    v_store_aligned(sums, v_low(acc));
    v_store_aligned(sums + 1, v_high(acc));
}

static MNQ_APART void clear(mnq_v *sums)
{
    v_store_aligned(sums, v_splat_w(0));
    v_store_aligned(sums + 1, v_splat_w(0));
}

void mnq_avgpool_hvx(const struct mnq_layer *l, const struct mnq_band *band)
{
    const size_t pixel = (size_t)l->c << l->in16, bytes = (size_t)l->c << l->q.out16;
    const int32_t groups = mnq_hvx_lanes_records(l);
    mnq_v *const sums = (mnq_v *)mnq_hvx_aligned(band->scratch);
    uint8_t *out = (uint8_t *)band->out;
    const uint8_t *const end = out + (size_t)(band->n * l->ow) * bytes;
    int32_t y, x, g, ky;

    for (y = band->y; y < band->y + band->n; y++) {
        for (x = 0; x < l->ow; x++, out += bytes) {
            for (g = 0; g < groups; g++) {
                const size_t at = (size_t)(x * l->sw) * pixel + ((size_t)mnq_hvx_channel(l, g) << l->in16);
                clear(sums);
                for (ky = 0; ky < l->kh; ky++) {
                    const uint8_t *const row = (const uint8_t *)mnq_view_row(&band->in0, y * l->sh + ky);
                    add_pixels(sums, row + at, row + (size_t)l->w * pixel, pixel, l->kw, l->in16);
                }
                put_pixel(l, out, g, sums, end);
            }
        }
    }
}
