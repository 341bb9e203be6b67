/* SPDX-License-Identifier: Apache-2.0
 * The output stage of the x86 kernels: pixels of one block of output channels, from accumulators in memory to the output. */
#ifndef MNQ_EMIT_X86_H
#define MNQ_EMIT_X86_H

#include "x86.h"
#include "x86_pack.h"

/* Loops over what stays in registers. */
#ifdef __clang__
#define MNQ_UNROLL _Pragma("unroll")
#else
#define MNQ_UNROLL _Pragma("GCC unroll 16")
#endif

/** The output stage of a layer. */
struct mnq_emit {
    const int32_t *par;     /* fields of all blocks */
    const uint8_t *general; /* of every vector of channels */
    int act, out16, frac, fields;
    int32_t zp, lo, hi, oc;
};

static inline struct mnq_emit mnq_emit_of(const struct mnq_layer *l)
{
    const struct mnq_x86_head *const h = (const struct mnq_x86_head *)l->packed;
    struct mnq_emit e;

    e.par = (const int32_t *)(const void *)(h + 1);
    e.act = l->q.act;
    e.general = (const uint8_t *)h + h->general;
    e.out16 = l->q.out16;
    e.frac = l->q.frac;
    e.fields = h->fields;
    e.zp = l->q.zp;
    e.lo = l->q.lo;
    e.hi = l->q.hi;
    e.oc = l->oc;
    return e;
}

/**
 * Stores `pixels` consecutive pixels of the block of K vectors that starts at channel o.
 * acc  [pixel][K][lanes]
 * out  channel 0 of the first pixel
 */
typedef void mnq_emit_fn(const struct mnq_emit *e, const int32_t *acc, int pixels, int32_t o, int K, void *out);

mnq_emit_fn mnq_emit_avx2, mnq_emit_avx512vnni;

#endif
