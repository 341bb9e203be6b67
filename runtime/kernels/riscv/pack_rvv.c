/* SPDX-License-Identifier: Apache-2.0
 * Packs weights for RISC-V vectors, layout_rvv.h says how; which layers the kernels serve, and their scratch. Plain C. */
#include "riscv/rvv.h"

#include "layout_rvv.h"
#include "mnq_port.h"
#include "packed.h"

/* Inputs of one output channel. */
static int32_t inputs_of(const struct mnq_layer *l)
{
    return l->op == MNQ_L_CONV ? l->kh * l->kw * l->c : l->c;
}

/* Whether weights of several bases of signs fit 16 bits. */
static int bases_fit(const struct mnq_layer *l)
{
    const int16_t *a = mnq_behind_planes(l, l->mult);
    int32_t o, m;

    for (o = 0; o < l->oc; o++) {
        int32_t sum = 0;
        for (m = 0; m < l->mult; m++) sum += *a++;
        if (sum > 32767) return 0;
    }
    return 1;
}

size_t mnq_rvv_packed_bytes(const struct mnq_layer *l)
{
    if (l->op != MNQ_L_CONV && l->op != MNQ_L_PW) return 0;
    if (l->wtype == MNQ_W_XNOR || l->kh > MNQ_RVV_ROWS || (l->op == MNQ_L_PW && l->in_flip)) return 0;
    if (l->wtype == MNQ_W_BINARY && l->mult > 1 && !bases_fit(l)) return 0;
    return ((size_t)inputs_of(l) * (size_t)l->oc) << mnq_rvv_wide(l);
}

/* ---- weights of output o, input i goes to to[i * oc] ---- */

static void pack8(const struct mnq_layer *l, int8_t *to, int32_t o)
{
    const int32_t n = inputs_of(l);
    const int8_t *w = (const int8_t *)l->weights + (size_t)o * (size_t)n;
    int32_t i;

    for (i = 0; i < n; i++, to += l->oc) *to = w[i];
}

static void pack16(const struct mnq_layer *l, int16_t *to, int32_t o)
{
    const int32_t n = inputs_of(l);
    const int16_t *w = (const int16_t *)l->weights + (size_t)o * (size_t)n;
    int32_t i;

    for (i = 0; i < n; i++, to += l->oc) *to = w[i];
}

static void pack4(const struct mnq_layer *l, int8_t *to, int32_t o)
{
    const uint8_t *const row = (const uint8_t *)l->weights + (size_t)o * (((size_t)l->c + 1) / 2);
    int32_t i;

    for (i = 0; i < l->c; i++, to += l->oc) *to = (int8_t)mnq_s4_at(row, (size_t)i);
}

static void pack_ternary(const struct mnq_layer *l, int8_t *to, int32_t o)
{
    const uint8_t *const row = (const uint8_t *)l->weights + (size_t)o * mnq_ternary_bytes(l->c);
    int32_t i;

    for (i = 0; i < l->c; i++, to += l->oc) *to = (int8_t)mnq_ternary_at(row, (size_t)i);
}

/* Values that are stored follow one another from *stream on. */
static void pack_sparse(const struct mnq_layer *l, int8_t *to, int32_t o, struct mnq_stored *stream)
{
    const uint8_t *const map = (const uint8_t *)l->weights + (size_t)o * mnq_bitmap_bytes(l->c, l->mult);
    const int32_t blocks = mnq_blocks(l->c, l->mult);
    int32_t k, j;

    for (k = 0; k < blocks; k++) {
        const int stored = map[k >> 3] >> (k & 7) & 1;
        for (j = 0; j < l->mult; j++, to += l->oc) *to = (int8_t)(stored ? mnq_stored_next(l, stream) : 0);
    }
    mnq_stored_row(stream);
}

static int32_t sign(const uint32_t *plane, int32_t i)
{
    return (plane[i >> 5] >> (i & 31) & 1) != 0 ? 1 : -1;
}

static void pack_signs(const struct mnq_layer *l, int8_t *to, int32_t o)
{
    const uint32_t *const plane = (const uint32_t *)l->weights + (size_t)o * mnq_plane_words(l->c);
    int32_t i;

    for (i = 0; i < l->c; i++, to += l->oc) *to = (int8_t)sign(plane, i);
}

static void pack_bases(const struct mnq_layer *l, int16_t *to, int32_t o)
{
    const size_t words = mnq_plane_words(l->c);
    const uint32_t *const plane = (const uint32_t *)l->weights + (size_t)o * l->mult * words;
    const int16_t *const a = mnq_behind_planes(l, l->mult) + (size_t)o * l->mult;
    int32_t i, m;

    for (i = 0; i < l->c; i++, to += l->oc) {
        int32_t w = 0;
        for (m = 0; m < l->mult; m++) w += a[m] * sign(plane + (size_t)m * words, i);
        *to = (int16_t)w;
    }
}

void mnq_rvv_pack(const struct mnq_layer *l, void *mem)
{
    struct mnq_stored stream = mnq_stored_first(l);
    int32_t o;

    for (o = 0; o < l->oc; o++) {
        int8_t *const to = (int8_t *)mem + ((size_t)o << mnq_rvv_wide(l));
        int16_t *const to16 = (int16_t *)(void *)to;
        if (l->wtype == MNQ_W_S4) pack4(l, to, o);
        else if (l->wtype == MNQ_W_TERNARY) pack_ternary(l, to, o);
        else if (mnq_is_sparse(l)) pack_sparse(l, to, o, &stream);
        else if (l->wtype == MNQ_W_S16) pack16(l, to16, o);
        else if (l->wtype == MNQ_W_S8) pack8(l, to, o);
        else if (l->mult > 1) pack_bases(l, to16, o);
        else pack_signs(l, to, o);
    }
}

/* ---- which layers ---- */

int mnq_rvv_dw_serves(const struct mnq_layer *l)
{
    return l->op == MNQ_L_DWCONV && mnq_layer_plain(l) && l->mult == 1 && !l->in_flip && l->kh <= MNQ_RVV_ROWS;
}

int mnq_rvv_add_serves(const struct mnq_layer *l)
{
    return l->op == MNQ_L_ADD && mnq_layer_plain(l) && !l->in_flip;
}

int mnq_rvv_mul_serves(const struct mnq_layer *l)
{
    return l->op == MNQ_L_MUL && mnq_layer_plain(l) && !l->in_flip;
}

int mnq_rvv_avgpool_serves(const struct mnq_layer *l)
{
    return mnq_layer_plain(l) && (l->op == MNQ_L_AVGPOOL || l->op == MNQ_L_AVGPOOL_SUM) && !l->in_flip;
}

/* Accumulators, and behind them: CONV kh rows of its input, DWCONV a pixel of padding as int16 and what strips need. Sums
 * are kept where they are. */
size_t mnq_rvv_scratch(const struct mnq_layer *l)
{
    if (l->op == MNQ_L_AVGPOOL_SUM) return (size_t)l->c * sizeof(int32_t);
    if (l->packed != NULL) return MNQ_RVV_ACC + (l->op == MNQ_L_CONV ? (size_t)l->kh * mnq_rvv_row_bytes(l) : 0);
    if (mnq_rvv_dw_serves(l))
        return MNQ_RVV_ACC + mnq_rvv_pad_bytes(l) +
               (mnq_rvv_strips(l) ? sizeof(struct mnq_rvv_strip) + (size_t)(l->kh * l->kw - 1) * MNQ_RVV_STRIP * 2 : 0);
    return mnq_rvv_add_serves(l) || mnq_rvv_mul_serves(l) || mnq_rvv_avgpool_serves(l) ? MNQ_RVV_ACC : 0;
}
