/* SPDX-License-Identifier: Apache-2.0
 * How large the values of a layer's inputs can be: the bounds of the layer that wrote them, NUMERICS.md section 1.
 *
 * Only layers before the reader are searched, the nearest first: those were validated. That a tensor has one writer,
 * and has it before its readers, is proved by check_plan.c. */
#include "bytes.h"
#include "check.h"

static uint32_t absolute(int32_t x)
{
    return (uint32_t)(x < 0 ? -x : x);
}

/* Bound of |q| in tensor t as written before layer i. */
static uint32_t tensor_magnitude(const struct mnq_model *m, unsigned i, unsigned t)
{
    if (m->tens[(size_t)t * MNQ_TENSOR_BYTES + 6] != MNQ_S16) return 128;
    while (i-- > 0) {
        const uint8_t *p = m->layr + (size_t)i * MNQ_LAYER_BYTES;
        uint32_t lo, hi;
        if (mnq_read_u16(p + 8) != t) continue;
        if (p[0] == MNQ_L_SOFTMAX || p[0] == MNQ_L_LOGISTIC) return 32767; /* whatever lo and hi say */
        lo = absolute(mnq_read_i32(p + 20));
        hi = absolute(mnq_read_i32(p + 24));
        return lo > hi ? lo : hi;
    }
    return 32768;
}

void mnq_magnitudes(const struct mnq_model *m, unsigned i, uint32_t a[2])
{
    const uint8_t *p = m->layr + (size_t)i * MNQ_LAYER_BYTES;
    const unsigned in1 = mnq_read_u16(p + 6), padded = p[14] | p[15] | p[16] | p[17];

    a[0] = tensor_magnitude(m, i, mnq_read_u16(p + 4));
    if (padded && a[0] < 128) a[0] = 128; /* any int8 may stand there */
    a[1] = in1 == MNQ_NO_TENSOR ? 0 : tensor_magnitude(m, i, in1);
}
