/* SPDX-License-Identifier: Apache-2.0
 * Packs sparse weights for a Cortex-M with the DSP extension; layout_dsp.h says how. Plain C. */
#include "layout_dsp.h"

#include "mnq_port.h"
#include "packed.h"

enum { LIKE_S8 = 14 }; /* bytes of a channel beside its weights that are no reason to decode it */
enum { FAR = 7, WORDS = MNQ_DSP_SPARSE_STEP / 4 }; /* pairs that one entry passes over, at most; words of a step */

static uint8_t *put32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24);
    return p + 4;
}

/* One entry: weights u and v behind `skip` pairs that are not stored. to NULL: only counted. */
static void put(uint8_t *to, int32_t n, int8_t u, int32_t skip, int8_t v)
{
    if (to == NULL) return;
    to[3 * n] = (uint8_t)u;
    to[3 * n + 1] = (uint8_t)(skip * MNQ_DSP_SPARSE_PAIR);
    to[3 * n + 2] = (uint8_t)v;
}

int8_t mnq_dsp_sparse_weight(const struct mnq_layer *l, int32_t o, int32_t k, const int8_t **w)
{
    const uint8_t *const map = (const uint8_t *)l->weights + (size_t)o * mnq_bitmap_bytes(l->c, l->mult);
    const int32_t bit = mnq_blocks(k, l->mult);

    return k < l->c && (map[bit / 8] >> bit % 8 & 1) ? *(*w)++ : 0;
}

const int8_t *mnq_dsp_sparse_first(const struct mnq_layer *l)
{
    return (const int8_t *)l->weights + (size_t)l->oc * mnq_bitmap_bytes(l->c, l->mult);
}

/* The entries of row o, whose weights begin at *w, which is moved behind them. return how many */
static int32_t row(const struct mnq_layer *l, int32_t o, const int8_t **w, uint8_t *to)
{
    int32_t n = 0, skip = 0, k;

    for (k = 0; k < l->c; k += 2) {
        const int8_t u = mnq_dsp_sparse_weight(l, o, k, w), v = mnq_dsp_sparse_weight(l, o, k + 1, w);
        if (u == 0 && v == 0) {
            skip++;
            continue;
        }
        for (; skip > FAR; skip -= FAR + 1) put(to, n++, 0, FAR, 0);
        put(to, n++, u, skip, v);
        skip = 0;
    }
    while (n < MNQ_DSP_SPARSE_LEAST) put(to, n++, 0, 0, 0);
    return n;
}

size_t mnq_dsp_sparse_bytes(const struct mnq_layer *l)
{
    const int8_t *w;
    size_t bytes = MNQ_DSP_HEADER;
    int32_t o;

    if (l->op != MNQ_L_PW || l->wtype != MNQ_W_SPARSE) return 0;
    w = mnq_dsp_sparse_first(l);
    for (o = 0; o < l->oc; o++) bytes += mnq_dsp_sparse_record((uint32_t)row(l, o, &w, NULL));
    /* What is hardly sparse would take more flash than int8 does. */
    if (bytes >= (size_t)1 << 24 || bytes > (size_t)l->oc * ((size_t)l->c + LIKE_S8)) return 0;
    return bytes;
}

void mnq_dsp_sparse_pack(const struct mnq_layer *l, void *mem)
{
    uint8_t *const header = (uint8_t *)mem, *p = header + MNQ_DSP_HEADER;
    const int8_t *w = mnq_dsp_sparse_first(l);
    const size_t bytes = mnq_dsp_sparse_bytes(l);
    int32_t o;

    memset(mem, 0, bytes);
    put32(header, (uint32_t)bytes << 8);
    for (o = 0; o < l->oc; o++) {
        const int plain = !mnq_dsp_folds(&l->q, o);
        const uint32_t n = (uint32_t)row(l, o, &w, p + MNQ_DSP_SPARSE_BEFORE),
                       into = (MNQ_DSP_SPARSE_LOOP + 1 - n) % MNQ_DSP_SPARSE_LOOP;

        if (plain) header[0] = 1;
        put32(put32(put32(p, (uint32_t)l->q.bias[o]), (uint32_t)l->q.mult[o]),
              (plain ? MNQ_DSP_PLAIN : (uint32_t)(l->q.shift[o] - 1)) | into * WORDS << 8 | n << 16);
        p += mnq_dsp_sparse_record(n);
    }
}
