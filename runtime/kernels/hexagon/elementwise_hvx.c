/* SPDX-License-Identifier: Apache-2.0
 * ADD and MUL on HVX. */
#include "hexagon/hvx.h"

#include "gather_hvx.h"
#include "lanes_hvx.h"
#include "mnq_port.h"

void mnq_add_hvx(const struct mnq_layer *l, const struct mnq_band *band)
{
    const int many = *(const uint8_t *)l->packed, in16 = l->in16, in16b = l->in16b, out16 = l->q.out16;
    const size_t record = mnq_hvx_lanes_record(l, many);
    const int32_t all = band->n * l->w * l->c, step = mnq_hvx_step(l), groups = mnq_hvx_lanes_records(l);
    const uint8_t *x = (const uint8_t *)band->in0.at, *y = (const uint8_t *)band->in1.at;
    const uint8_t *const x_end = x + ((size_t)all << in16), *const y_end = y + ((size_t)all << in16b);
    mnq_v *const sums = (mnq_v *)mnq_hvx_aligned(band->scratch);
    uint8_t *out = (uint8_t *)band->out;
    const uint8_t *const end = out + ((size_t)all << out16);
    int32_t left, g;

    for (left = all; left > 0; left -= step) {
        const uint8_t *w = (const uint8_t *)l->packed + MNQ_HVX_HEADER;
        for (g = 0; g < groups; g++, w += record) {
            const int32_t c = mnq_hvx_channel(l, g);
            mnq_vv acc = v_mul_h(mnq_hvx_take(x + (c << in16), x_end, in16), v_load(w));
            acc = v_mac_h(acc, mnq_hvx_take(y + (c << in16b), y_end, in16b), v_load(w + MNQ_HVX_BYTES));
            mnq_hvx_put(l, out + (c << out16), mnq_hvx_lanes(l, acc, w + 2 * MNQ_HVX_BYTES, many, sums), end);
        }
        x += step << in16;
        y += step << in16b;
        out += step << out16;
    }
}

/* Products of 64 values from x on, of which those in front of `end` count, with their gates; apart, for no vector may
 * outlive a call of mnq_hvx_finish(). */
static MNQ_APART void multiply(const struct mnq_layer *l, mnq_v *sums, const uint8_t *x, const uint8_t *end,
                               const uint8_t *gates)
{
    const mnq_vv y =
        v_mul_h(v_sub_h(mnq_hvx_take(x, end, l->in16), v_splat_h(l->zp0)), v_sub_h(v_load(gates), v_splat_h(l->zp1)));

    v_store_aligned(sums, v_low(y));
    v_store_aligned(sums + 1, v_high(y));
}

void mnq_mul_hvx(const struct mnq_layer *l, const struct mnq_band *band)
{
    const int many = *(const uint8_t *)l->packed, in16 = l->in16, out16 = l->q.out16;
    const size_t record = mnq_hvx_lanes_record(l, many);
    const int32_t all = band->n * l->w * l->c, step = mnq_hvx_step(l), groups = mnq_hvx_lanes_records(l);
    const uint8_t *x = (const uint8_t *)band->in0.at;
    const uint8_t *const x_end = x + ((size_t)all << in16);
    mnq_v *const sums = (mnq_v *)mnq_hvx_aligned(band->scratch);
    uint8_t *const gates = (uint8_t *)(sums + 2); /* as int16 */
    uint8_t *out = (uint8_t *)band->out;
    const uint8_t *const end = out + ((size_t)all << out16);
    int32_t left, g;

    for (left = 0; left < step; left += l->c) /* as many pixels as share a vector */
        (l->in16b ? mnq_hvx_copy_16 : mnq_hvx_widen_8)(gates + 2 * left, (const uint8_t *)band->in1.at, l->c);
    for (left = all; left > 0; left -= step) {
        const uint8_t *k = (const uint8_t *)l->packed + MNQ_HVX_HEADER;
        for (g = 0; g < groups; g++, k += record) {
            const int32_t c = mnq_hvx_channel(l, g);
            multiply(l, sums, x + (c << in16), x_end, gates + 2 * c);
            mnq_hvx_put(l, out + (c << out16),
                        mnq_hvx_lanes(l, v_pair(v_load_aligned(sums + 1), v_load_aligned(sums)), k, many, sums), end);
        }
        x += step << in16;
        out += step << out16;
    }
}
