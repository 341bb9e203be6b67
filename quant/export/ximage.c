/* SPDX-License-Identifier: Apache-2.0
 * What of a model goes to a target. */
#include "export/ximage.h"

#include "pack/qlayer.h"
#include "plan_layout.h"
#include "util/file.h"

#include <string.h>

enum { HEADER = 48, ENTRY = 16, TENS = 32, LAYR = 64, ALIGN = 16, WORD = 4 };
static const uint32_t NONE = UINT32_MAX;

static uint32_t get32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++) p[i] = (uint8_t)(v >> 8 * i);
}

static size_t aligned(size_t n)
{
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

static size_t words(size_t n)
{
    return (n + WORD - 1) / WORD * WORD;
}

/* ---- layers ---- */

int mnq_ximage_compressed(const struct mnq_package *p, int i)
{
    const uint8_t type = p->q.layer[i].wtype;

    return p->q.layer[i].op == MNQ_L_PW && (type == MNQ_W_S4 || type == MNQ_W_SPARSE || type == MNQ_W_SPARSE4 || type == MNQ_W_TERNARY ||
                                                 type == MNQ_W_BINARY);
}

/* Layer i as kernels see it; weights are as and where the file has them, or decoded. */
static void read_layer(const struct mnq_package *p, int i, int dense, struct mnq_layer *l)
{
    const struct mnq_qlayer *f = &p->q.layer[i];
    const uint32_t w = get32(p->model.layr + (size_t)i * LAYR + 28);

    *l = mnq_qlayer_decode(&p->q, f);
    if (dense) return;
    if (f->map == NULL) l->wtype = f->wtype;
    l->mult = (uint16_t)(f->mult | f->block | f->bases);
    l->weights = w == NONE ? NULL : p->model.data + w;
}

static int choose(const struct mnq_package *p, enum mnq_xset set, const uint8_t *dense, struct mnq_ximage *x,
                  struct mnq_err *e)
{
    for (int i = 0; i < x->n_layers; i++) {
        struct mnq_xlayer *k = &x->layer[i];
        read_layer(p, i, dense != NULL && dense[i], &k->l);
        k->packed_bytes = mnq_xset_packed_bytes(set, &k->l);
        if (k->packed_bytes > 0) k->l.packed = k; /* some address; the real one below */
        k->kernel = mnq_xkernel_of(set, &k->l);
        if (k->kernel == NULL)
            return mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_FAILED, "%s: layer %d: no kernel serves it", p->file, i);
    }
    return 0;
}

static int pack(enum mnq_xset set, struct mnq_ximage *x, struct mnq_arena *arena, struct mnq_err *e)
{
    size_t n = words((size_t)x->n_layers * 4), at = n;
    for (int i = 0; i < x->n_layers; i++) n += words(x->layer[i].packed_bytes);
    if (n == at) return 0;
    x->packed = mnq_arena_alloc(arena, n);
    if (x->packed == NULL) return mnq_fail_nomem(e);
    x->n_packed = n;
    for (int i = 0; i < x->n_layers; i++) {
        struct mnq_xlayer *k = &x->layer[i];
        if (k->packed_bytes == 0) continue;
        put32(x->packed + (size_t)i * 4, (uint32_t)at);
        mnq_xset_pack(set, &k->l, x->packed + at);
        k->l.packed = x->packed + at;
        at += words(k->packed_bytes);
    }
    return 0;
}

/* ---- image ---- */

/* Where p's bytes are in d already, or d->n. */
static size_t find(const struct mnq_xdata *d, const uint8_t *p, size_t bytes)
{
    for (size_t at = 0; at + bytes <= d->n; at += d->align)
        if (memcmp(d->bytes + at, p, bytes) == 0) return at;
    return d->n;
}

/* Takes over the array that `field` of a layer's record names, or drops it. Equal bytes are kept once. */
static void take(const struct mnq_package *p, uint8_t *field, size_t bytes, int keep, struct mnq_xdata *d)
{
    const uint32_t from = get32(field);
    if (from == NONE) return;
    if (!keep) {
        put32(field, NONE);
        return;
    }
    const size_t at = find(d, p->model.data + from, bytes);
    put32(field, (uint32_t)at);
    if (at < d->n) return;
    memcpy(d->bytes + at, p->model.data + from, bytes);
    d->n += (bytes + d->align - 1) / d->align * d->align;
}

/* Padding of all layers, the longest first: most are one value many times, and shorter ones lie in it. */
static void take_pads(const struct mnq_package *p, const struct mnq_ximage *x, int keep, uint8_t *layr, struct mnq_xdata *d)
{
    for (int32_t c = UINT16_MAX, next; c >= 0; c = next) {
        next = -1;
        for (int i = 0; i < x->n_layers; i++) {
            const struct mnq_layer *l = &x->layer[i].l;
            if (l->c == c) take(p, layr + (size_t)i * LAYR + 56, (size_t)l->c, keep || l->kh * l->kw > 1, d);
            else if (l->c < c && l->c > next) next = l->c;
        }
    }
}

/* Rewrites the layers' records and fills data. */
static void take_all(const struct mnq_package *p, const struct mnq_ximage *x, int keep, uint8_t *layr, struct mnq_xdata *d)
{
    for (int i = 0; i < x->n_layers; i++) {
        const struct mnq_xlayer *k = &x->layer[i];
        const unsigned needs = keep ? 7 : mnq_xkernel_needs(k->kernel, &k->l);
        const int per_channel = k->l.op != MNQ_L_SOFTMAX && k->l.op != MNQ_L_LOGISTIC;
        const size_t oc = per_channel ? (size_t)k->l.oc : 1;
        uint8_t *r = layr + (size_t)i * LAYR;
        take(p, r + 28, get32(r + 32), needs & MNQ_XNEED_WEIGHTS, d);
        if (get32(r + 28) == NONE) put32(r + 32, 0);
        take(p, r + 36, 4 * oc, needs & MNQ_XNEED_BIAS, d);
        take(p, r + 40, 4 * oc, needs & MNQ_XNEED_SCALE, d);
        take(p, r + 44, oc, needs & MNQ_XNEED_SCALE, d);
        take(p, r + 48, 4 * oc, 1, d);
        take(p, r + 52, oc, 1, d);
        if (k->l.q.act == MNQ_A_TABLE) take(p, r + 60, MNQ_TABLE_KNOTS * sizeof(int16_t), 1, d);
    }
}

/* The sections of the image, in order. */
enum { SECTIONS = 6 };
static const char tag[SECTIONS][5] = {"TENS", "LAYR", "OUTS", "DATA", "PLAN", "PUSH"};

/* A section of the package as it is. */
static struct mnq_xsection section_of(const struct mnq_package *p, const char *name)
{
    for (uint32_t i = 0; i < get32(p->bytes + 16); i++) {
        uint8_t *entry = p->bytes + HEADER + ENTRY * i;
        if (memcmp(entry, name, 4) == 0) return (struct mnq_xsection){p->bytes + get32(entry + 4), get32(entry + 8)};
    }
    return (struct mnq_xsection){NULL, 0};
}

/* Writes header, table and sections. */
static int write_all(const struct mnq_package *p, const struct mnq_xsection section[SECTIONS], struct mnq_ximage *x,
                     struct mnq_arena *arena, struct mnq_err *e)
{
    uint32_t count = 0;
    size_t n = HEADER;
    for (int i = 0; i < SECTIONS; i++) {
        if (section[i].bytes == NULL) continue;
        count++;
        n += ENTRY + aligned(section[i].n);
    }
    x->n = aligned(n);
    x->bytes = mnq_arena_alloc(arena, x->n);
    if (x->bytes == NULL) return mnq_fail_nomem(e);
    memcpy(x->bytes, p->bytes, HEADER);
    if ((x->plan.bytes != NULL || x->push.bytes != NULL) && x->bytes[6] < 2) x->bytes[6] = 2;
    put32(x->bytes + 8, (uint32_t)x->n);
    put32(x->bytes + 16, count);
    size_t at = HEADER + (size_t)ENTRY * count;
    uint8_t *to = x->bytes + HEADER;
    for (int i = 0; i < SECTIONS; i++) {
        if (section[i].bytes == NULL) continue;
        memcpy(to, tag[i], 4);
        put32(to + 4, (uint32_t)at);
        put32(to + 8, (uint32_t)section[i].n);
        memcpy(x->bytes + at, section[i].bytes, section[i].n);
        to += ENTRY;
        at += aligned(section[i].n);
    }
    put32(x->bytes + 12, mnq_bytes_crc32(0, x->bytes + 16, x->n - 16));
    return 0;
}

int mnq_ximage_data(const struct mnq_package *p, int keep, const struct mnq_ximage *x, struct mnq_xdata *d, uint8_t **layr,
                    struct mnq_arena *arena, struct mnq_err *e)
{
    const size_t bytes = (size_t)x->n_layers * LAYR;

    *d = (struct mnq_xdata){.align = keep ? ALIGN : WORD};
    *layr = mnq_arena_alloc(arena, bytes);
    d->bytes = mnq_arena_alloc(arena, p->model.data_size + 8u * ALIGN * (size_t)x->n_layers);
    if (*layr == NULL || d->bytes == NULL) return mnq_fail_nomem(e);
    memcpy(*layr, p->model.layr, bytes);
    take_pads(p, x, keep, *layr, d);
    take_all(p, x, keep, *layr, d);
    return 0;
}

int mnq_ximage_write(const struct mnq_package *p, int keep, struct mnq_ximage *x, struct mnq_arena *arena, struct mnq_err *e)
{
    const size_t layr_bytes = (size_t)x->n_layers * LAYR, tens_bytes = (size_t)p->model.n_tensors * TENS;
    uint8_t *layr, *tens = mnq_arena_alloc(arena, tens_bytes);
    struct mnq_xdata d;

    if (tens == NULL) return mnq_fail_nomem(e);
    if (mnq_ximage_data(p, keep, x, &d, &layr, arena, e) != 0) return -1;
    memcpy(tens, p->model.tens, tens_bytes);
    x->data = d.n;
    const struct mnq_xsection section[SECTIONS] = {
        {tens, tens_bytes}, {layr, layr_bytes}, section_of(p, "OUTS"), {d.bytes, d.n}, x->plan, x->push};
    return write_all(p, section, x, arena, e);
}

int mnq_ximage_make(const struct mnq_package *p, enum mnq_xset set, const uint8_t *dense, struct mnq_ximage *x,
                    struct mnq_arena *arena, struct mnq_err *e)
{
    *x = (struct mnq_ximage){.n_layers = p->q.n_layers, .n_tensors = p->model.n_tensors};
    x->layer = mnq_arena_array(arena, (size_t)x->n_layers, sizeof *x->layer);
    if (x->layer == NULL) return mnq_fail_nomem(e);
    if (choose(p, set, dense, x, e) != 0) return -1;
    return pack(set, x, arena, e);
}

void mnq_xsection_plan(const struct mnq_xsection *s, int n, struct mnq_plan *p)
{
    *p = (struct mnq_plan){0};
    if (s->bytes == NULL) return;
    p->bytes = get32(s->bytes);
    p->state = get32(s->bytes + 4);
    p->n_steps = get32(s->bytes + 8);
    p->n_stages = (uint16_t)(get32(s->bytes + 12) & 0xffff);
    p->places = s->bytes + MNQ_PLAN_HEADER;
    p->stages = p->places + (size_t)n * MNQ_PLACE_BYTES;
    p->steps = p->stages + (size_t)p->n_stages * MNQ_STAGE_BYTES;
}

int mnq_ximage_sums(const struct mnq_ximage *x)
{
    const struct mnq_xsection *const section[] = {&x->plan, &x->push};

    for (int k = 0; k < 2; k++) {
        if (section[k]->bytes == NULL) continue;
        const uint8_t *flags = section[k]->bytes + MNQ_PLAN_HEADER + 10;
        for (int i = 0; i < x->n_tensors; i++, flags += MNQ_PLACE_BYTES)
            if ((flags[0] & MNQ_PLACE_SUMS) != 0) return 1;
    }
    return 0;
}
