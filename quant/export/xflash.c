/* SPDX-License-Identifier: Apache-2.0
 * The tables of a model that the target trusts: runtime/src/flash.h. */
#include "export/xflash.h"

#include "pack/qlayer.h"
#include "plan_layout.h"

#include <stdlib.h>
#include <string.h>

enum { LAYR = 64, TENS = 32, WORD = 4, ALIGN = 16, ARRAYS = 9, KIND = 24, SUMS = 0x8000, NARROW = 0xffff };
static const uint32_t NONE = UINT32_MAX;

/* Where the image is written; bytes NULL: only counted. */
struct out {
    uint8_t *bytes;
    size_t n;
    bool wide;
};

static void put(struct out *o, uint32_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes && o->bytes != NULL; i++) o->bytes[o->n + i] = (uint8_t)(v >> 8 * i);
    o->n += bytes;
}

/* An mnq_flash_ref. */
static void put_ref(struct out *o, uint32_t v)
{
    put(o, v, o->wide ? 4 : 2);
}

static void align(struct out *o, size_t to)
{
    while (o->n % to != 0) put(o, 0, 1);
}

static uint32_t get16(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8;
}

static uint32_t get32(const uint8_t *p)
{
    return get16(p) | get16(p + 2) << 16;
}

static void put_tensors(struct out *o, const struct mnq_package *p)
{
    for (unsigned i = 0; i < p->model.n_tensors; i++) {
        const uint8_t *t = p->model.tens + (size_t)i * TENS;
        put_ref(o, get32(t + 12) / ALIGN);
        put(o, get16(t), 2);
        put(o, get16(t + 2), 2);
        put(o, get16(t + 4), 2);
        put(o, t[6], 1);
        put(o, t[8], 1);
    }
}

/* Arrays in the order of struct mnq_layer: where records name them; of packed weights none does. */
static uint32_t array_of(const struct mnq_ximage *x, int i, const uint8_t *record, int k)
{
    static const uint8_t field[ARRAYS] = {28, 0, 56, 36, 40, 44, 48, 52, 60};

    if (k == 1) /* without the table of offsets */
        return x->layer[i].packed_bytes > 0 ? get32(x->packed + (size_t)i * 4) - (uint32_t)x->n_layers * WORD : NONE;
    return field[k] == 60 && x->layer[i].l.q.act != MNQ_A_TABLE ? NONE : get32(record + field[k]);
}

/* A layer's kind, which others may share; its arrays; the first layer of the kind, and the kind's number. */
struct kind {
    uint8_t bytes[KIND];
    unsigned refs;
    int layer, first, number;
};

/* Layer i as a kind; kernel: the number of its kernel. */
static void make_kind(const struct mnq_ximage *x, int i, const uint8_t *layr, int kernel, struct kind *kind)
{
    const uint8_t *r = layr + (size_t)i * LAYR;
    const struct mnq_layer *l = &x->layer[i].l;
    const uint8_t head[] = {l->op, l->wtype, l->in_flip, l->in16, l->in16b,  l->kh,      l->kw,
                            l->sh, l->sw,    l->pt,      l->pl,   l->point1, l->counted, (uint8_t)kernel};
    struct out o = {.bytes = kind->bytes};
    unsigned mask = 0;

    kind->layer = i;
    kind->refs = 0;
    for (int k = 0; k < ARRAYS; k++)
        if (array_of(x, i, r, k) != NONE) mask |= 1u << k, kind->refs++;
    for (size_t k = 0; k < sizeof head; k++) put(&o, head[k], 1);
    put(&o, l->mult, 2);
    put(&o, mask, 2);
    put(&o, get16(r + 20), 2);
    put(&o, get16(r + 24), 2);
    put(&o, l->q.act, 1);
    put(&o, l->q.frac, 1);
}

static int by_bytes(const void *a, const void *b)
{
    const struct kind *x = *(struct kind *const *)a, *y = *(struct kind *const *)b;
    const int order = memcmp(x->bytes, y->bytes, KIND);

    return order != 0 ? order : x->layer - y->layer;
}

/* The kinds of all layers, numbered in their order; NULL: no memory. layr: records with offsets into the image's data. */
static struct kind *kinds_of(const struct mnq_ximage *x, const uint8_t *layr, struct mnq_arena *arena)
{
    struct kind *kind = mnq_arena_array(arena, (size_t)x->n_layers, sizeof *kind);
    struct kind **sorted = mnq_arena_array(arena, (size_t)x->n_layers, sizeof *sorted);
    int *kernel = mnq_arena_array(arena, (size_t)mnq_n_xkernels, sizeof *kernel), kernels = 0, kinds = 0;

    if (kind == NULL || sorted == NULL || kernel == NULL) return NULL;
    for (int k = 0; k < mnq_n_xkernels; k++) kernel[k] = -1;
    for (int i = 0; i < x->n_layers; i++) kernel[x->layer[i].kernel - mnq_xkernels] = 0;
    for (int k = 0; k < mnq_n_xkernels; k++)
        if (kernel[k] == 0) kernel[k] = kernels++;
    for (int i = 0; i < x->n_layers; i++) {
        make_kind(x, i, layr, kernel[x->layer[i].kernel - mnq_xkernels], &kind[i]);
        sorted[i] = &kind[i];
    }
    qsort(sorted, (size_t)x->n_layers, sizeof *sorted, by_bytes);
    for (int i = 0; i < x->n_layers; i++) {
        const int same = i > 0 && memcmp(sorted[i]->bytes, sorted[i - 1]->bytes, KIND) == 0;
        sorted[i]->first = same ? sorted[i - 1]->first : sorted[i]->layer;
    }
    for (int i = 0; i < x->n_layers; i++) kind[i].number = kind[i].first == i ? kinds++ : kind[kind[i].first].number;
    return kind;
}

static void put_layers(struct out *o, struct mnq_ximage *x, const uint8_t *layr, const struct kind *kind)
{
    unsigned refs = 0;

    x->at.layers = o->n;
    for (int i = 0; i < x->n_layers; i++) {
        for (int k = 4; k < 10; k += 2) put(o, get16(layr + (size_t)i * LAYR + k), 2);
        put(o, (uint32_t)kind[i].number, 2);
        put(o, refs, 2);
        refs += kind[i].refs;
    }
    x->at.kinds = o->n - x->at.layers;
    for (int i = 0; i < x->n_layers; i++) {
        if (kind[i].first != i) continue;
        for (int k = 0; k < KIND; k++) put(o, kind[i].bytes[k], 1);
    }
    align(o, WORD);
    x->at.refs = o->n - x->at.layers;
    for (int i = 0; i < x->n_layers; i++)
        for (int k = 0; k < ARRAYS; k++) {
            const uint32_t at = array_of(x, i, layr + (size_t)i * LAYR, k);
            if (at != NONE) put_ref(o, at / WORD);
        }
}

/* A plan's places, stages and steps. */
static void put_plan(struct out *o, const struct mnq_xsection *s, int tensors, struct mnq_xplan_at *at)
{
    struct mnq_plan p;

    mnq_xsection_plan(s, tensors, &p);
    at->places = at->stages = at->steps = 0;
    if (p.places == NULL) return;
    align(o, WORD);
    at->places = o->n;
    for (int i = 0; i < tensors; i++) {
        const uint8_t *place = p.places + (size_t)i * MNQ_PLACE_BYTES;
        put_ref(o, get32(place) / ALIGN);
        put_ref(o, get16(place + 12));
        put(o, get16(place + 4) | (get16(place + 10) & MNQ_PLACE_SUMS ? SUMS : 0), 2);
        put(o, get16(place + 6), 2);
        put(o, get16(place + 14), 2);
        if (o->wide) put(o, 0, 2);
    }
    at->stages = o->n;
    for (size_t i = 0; i < (size_t)p.n_stages * MNQ_STAGE_BYTES; i++) put(o, p.stages[i], 1);
    at->steps = o->n;
    for (size_t i = 0; i < (size_t)p.n_steps * MNQ_STEP_BYTES; i++) put(o, p.steps[i], 1);
}

/* Whether 15 bits tell every ring, all scratch is planned, and sizes fit. */
static bool fits(const struct mnq_package *p, const struct mnq_xsizes *sizes, const struct mnq_ximage *x)
{
    const struct mnq_xsection *const plan[] = {&x->plan, &x->push};
    const size_t size[] = {sizes->arena, sizes->rows};

    for (unsigned i = 0; i < p->model.n_tensors; i++)
        if (get16(p->model.tens + (size_t)i * TENS) >= SUMS) return false;
    for (int i = 0; i < 2; i++)
        if (plan[i]->bytes != NULL && get32(plan[i]->bytes) != size[i]) return false;
    return true;
}

static void put_all(struct out *o, const struct mnq_package *p, const struct mnq_xdata *d, const uint8_t *layr,
                    const struct kind *kind, struct mnq_ximage *x)
{
    const int tensors = p->model.n_tensors;

    o->n = 0;
    x->at.data = o->n;
    for (size_t i = 0; i < d->n; i++) put(o, d->bytes[i], 1);
    align(o, WORD);
    x->at.tensors = o->n;
    put_tensors(o, p);
    align(o, WORD);
    put_layers(o, x, layr, kind);
    put_plan(o, &x->plan, tensors, &x->at.plan);
    put_plan(o, &x->push, tensors, &x->at.push);
    x->at.outs = o->n;
    for (int i = 1; i < mnq_qmodel_outputs(&p->q); i++) put(o, (uint32_t)mnq_qmodel_output(&p->q, i), 2);
    align(o, WORD);
}

int mnq_xflash_write(const struct mnq_package *p, const struct mnq_xsizes *sizes, struct mnq_ximage *x,
                     struct mnq_arena *arena, struct mnq_err *e)
{
    struct mnq_xdata d;
    uint8_t *layr;

    if (!fits(p, sizes, x)) return 1;
    if (mnq_ximage_data(p, 0, x, &d, &layr, arena, e) != 0) return -1;
    struct out o = {.wide = d.n / WORD >= NARROW || x->n_packed / WORD >= NARROW || sizes->arena / ALIGN >= NARROW ||
                            sizes->rows / ALIGN >= NARROW || sizes->layers / ALIGN >= NARROW};
    const struct kind *kind = kinds_of(x, layr, arena);
    if (kind == NULL) return mnq_fail_nomem(e);
    put_all(&o, p, &d, layr, kind, x);
    x->bytes = o.bytes = mnq_arena_alloc(arena, o.n);
    if (x->bytes == NULL) return mnq_fail_nomem(e);
    put_all(&o, p, &d, layr, kind, x);
    x->n = o.n;
    if (x->packed != NULL) {
        x->packed += (size_t)x->n_layers * WORD;
        x->n_packed -= (size_t)x->n_layers * WORD;
    }
    x->data = d.n;
    x->flash = 1;
    x->wide = o.wide;
    return 0;
}
