/* SPDX-License-Identifier: Apache-2.0
 * A case of the kernel check made ready for one table, and run whole or in bands. */
#include "kready.h"

#include "reach.h"
#include "rng.h"

#include <string.h>

static void fill(struct mnq_guard *b, struct mnq_rng *g)
{
    for (size_t i = 0; i < b->n; i++) b->p[i] = (uint8_t)(mnq_rng_u64(g) & 255);
}

/* Packing writes every byte, and nothing of where it is. */
static int packs_alike(const struct mnq_kernels *t, const struct mnq_layer *packed, const struct mnq_guard *once)
{
    struct mnq_guard again = mnq_guard_new(once->n, 3);
    struct mnq_layer l = *packed;
    int same;

    l.packed = NULL;
    memset(again.p, 0x3c, again.n);
    t->packing->pack(&l, again.p);
    same = memcmp(again.p, once->p, again.n) == 0;
    mnq_guard_free(&again);
    return same;
}

void mnq_kready_make(struct mnq_kready *r, const struct mnq_kcase *k, const struct mnq_kernels *t, int op, int pack)
{
    size_t packed, scratch = k->scratch;

    memset(r, 0, sizeof *r);
    r->l = k->l;
    r->l.op = (uint8_t)op;
    packed = pack ? mnq_packed_bytes(t, &r->l) : 0;
    if (packed) {
        struct mnq_rng g = mnq_rng_seed(1, packed);
        r->packed = mnq_guard_new(packed, 1);
        fill(&r->packed, &g);
        t->packing->pack(&r->l, r->packed.p);
        r->l.packed = r->packed.p;
        mnq_guard_seal(&r->packed);
        r->settled = packs_alike(t, &r->l, &r->packed);
    }
    if (mnq_scratch_bytes(t, &r->l) > scratch) scratch = mnq_scratch_bytes(t, &r->l);
    r->scratch = mnq_guard_new(scratch, 2);
    memset(r->scratch.p, 0x55, scratch);
    mnq_guard_seal(&r->scratch);
    r->run = mnq_kernel_for(t, &r->l);
}

void mnq_kready_free(struct mnq_kready *r)
{
    mnq_guard_free(&r->packed);
    mnq_guard_free(&r->scratch);
}

const char *mnq_kready_fault(const struct mnq_kready *r)
{
    if (r->packed.p && !r->settled) return "packed weights, which differ when packed again,";
    if (r->packed.p && (mnq_guard_zones(&r->packed) || mnq_guard_payload(&r->packed))) return "packed weights";
    return mnq_guard_zones(&r->scratch) ? "scratch" : NULL;
}

/* ---- whole ---- */

void mnq_kready_whole(const struct mnq_kready *r, const struct mnq_kcase *k, void *out)
{
    struct mnq_band b = mnq_band_whole(&r->l, out, k->g[KA_IN0].p, k->g[KA_IN1].p);

    b.scratch = r->scratch.p;
    b.scratch_bytes = r->scratch.n;
    r->run(&r->l, &b);
}

/* ---- bands ---- */

/* Rows first .. end - 1 of `whole` in a buffer of their own: a ring that starts anywhere, or without a break. */
static struct mnq_guard take(struct mnq_rng *g, const uint8_t *whole, size_t row, int32_t first, int32_t end, int ring,
                             struct mnq_view *v)
{
    int32_t rows = end - first, slots = rows + (ring && mnq_rng_chance(g, 30) ? mnq_rng_in(g, 1, 3) : 0);
    int32_t at = ring ? mnq_rng_in(g, 0, slots - 1) : 0;
    struct mnq_guard b = mnq_guard_new((size_t)slots * row, (unsigned)mnq_rng_in(g, 0, 3));

    fill(&b, g);
    for (int32_t y = 0; y < rows; y++)
        memcpy(b.p + (size_t)((at + y) % slots) * row, whole + (size_t)(first + y) * row, row);
    mnq_guard_seal(&b);
    v->at = b.p + (size_t)at * row;
    v->again = b.p;
    v->first = first;
    v->wrap = first + slots - at;
    v->row = row;
    return b;
}

/* Rows that a call takes at a time: of the output, or of the input that is summed up. */
static int32_t steps_of(const struct mnq_layer *l)
{
    return l->op == MNQ_L_AVGPOOL_SUM ? l->h : l->oh;
}

static const char *one_band(const struct mnq_kready *r, const struct mnq_kcase *k, struct mnq_rng *g, int32_t y, int32_t n,
                            uint8_t *out)
{
    const struct mnq_layer *l = &r->l;
    const int sums = l->op == MNQ_L_AVGPOOL_SUM;
    const size_t row0 = (size_t)l->w * (size_t)l->c << l->in16,
                 row1 = (size_t)(l->point1 ? 1 : l->w) * (size_t)l->c1 << l->in16b;
    const size_t out_row = (size_t)l->ow * (size_t)l->oc << l->q.out16;
    int32_t first = y, end = y + n;
    struct mnq_band b = {.y = y, .n = n, .scratch = r->scratch.p, .scratch_bytes = r->scratch.n};
    struct mnq_guard in0, in1 = {0}, to = mnq_guard_new(sums ? out_row : (size_t)n * out_row, (unsigned)mnq_rng_in(g, 0, 3));
    const char *fault = NULL;

    if (!sums) mnq_reach(l, y, n, &first, &end);
    in0 = take(g, k->g[KA_IN0].p, row0, first, end, !sums && !mnq_reach_pointwise(l), &b.in0);
    if (k->g[KA_IN1].p && !l->point1) in1 = take(g, k->g[KA_IN1].p, row1, y, y + n, 0, &b.in1);
    else if (k->g[KA_IN1].p) b.in1.at = b.in1.again = k->g[KA_IN1].p, b.in1.wrap = INT32_MAX, b.in1.row = row1;
    fill(&to, g);
    if (sums && end < l->h) memset(to.p, 0, to.n);
    mnq_guard_seal(&to);
    b.out = to.p;
    r->run(l, &b);
    if (mnq_guard_zones(&in0) || mnq_guard_payload(&in0)) fault = "input 0 of a band";
    else if (in1.p && (mnq_guard_zones(&in1) || mnq_guard_payload(&in1))) fault = "input 1 of a band";
    else if (mnq_guard_zones(&to) || (sums && end < l->h && mnq_guard_payload(&to))) fault = "wrote outside a band";
    if (!sums || end == l->h) memcpy(out + (sums ? 0 : (size_t)y * out_row), to.p, to.n);
    mnq_guard_free(&in0);
    mnq_guard_free(&in1);
    mnq_guard_free(&to);
    return fault;
}

const char *mnq_kready_bands(const struct mnq_kready *r, const struct mnq_kcase *k, uint64_t seed, void *out)
{
    struct mnq_rng g = mnq_rng_seed(11, seed);
    const int32_t steps = steps_of(&r->l);
    const int single = mnq_rng_chance(&g, 30);

    for (int32_t y = 0, n; y < steps; y += n) {
        n = single ? 1 : mnq_rng_in(&g, 1, steps - y < 6 ? steps - y : 6);
        const char *fault = one_band(r, k, &g, y, n, out);
        if (fault) return fault;
    }
    return NULL;
}
