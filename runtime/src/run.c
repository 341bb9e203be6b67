/* SPDX-License-Identifier: Apache-2.0
 * Runs a loaded model: by its plan of stages, or layer by layer. */
#include "bytes.h"
#include "stage_plan.h"
#include "record.h"
#include "stages.h"
#include "variants.h"
#include "whole.h"

#include "mnq_port.h"

/* Whether there is plan p: a library without one links nothing of stages. */
#define PLANNED(p) (MNQ_VARIANTS_PLANS && (p).places != NULL)

/* ---- sizes ---- */

#if MNQ_FLASH
static size_t size_of(const struct mnq_model *m, const struct mnq_plan *p)
{
    return !PLANNED(*p) ? MNQ_FLASH_LAYERS : p == &m->push ? MNQ_FLASH_PUSH : MNQ_FLASH_ARENA;
}
#else
/* What the kernels of m must be given for layer i, in bytes. */
static size_t scratch_wanted(const struct mnq_model *m, unsigned i)
{
    struct mnq_layer l;
    uint32_t offset[3];

    mnq_layer_read(m, i, &l, offset);
    return mnq_scratch_bytes(m->kernels, &l);
}

/* Of layer i, in plan p. */
static size_t scratch_planned(const struct mnq_model *m, const struct mnq_plan *p, unsigned i)
{
    struct mnq_links t;
    struct mnq_place out;

    if (!PLANNED(*p)) return 0;
    mnq_links_read(m, i, &t);
    mnq_place_read(p, t.out, &out);
    return out.scratch_bytes;
}

/* Arena of a plan, or of layer by layer, with the scratch that is not planned. */
static size_t size_of(const struct mnq_model *m, const struct mnq_plan *p)
{
    size_t most = 0;
    unsigned i;

    for (i = 0; i < m->n_layers; i++) {
        const size_t n = scratch_wanted(m, i);
        if (n > most && n > scratch_planned(m, p, i)) most = n;
    }
    return (!PLANNED(*p) ? m->arena_size : p->bytes) + (most + MNQ_ALIGN - 1) / MNQ_ALIGN * MNQ_ALIGN;
}
#endif

size_t mnq_arena_size(const struct mnq_model *m)
{
    return size_of(m, &m->plan);
}

/* Without a plan the rows are counted behind the arena. */
size_t mnq_stream_size(const struct mnq_model *m)
{
    return size_of(m, &m->push) + (!PLANNED(m->push) ? MNQ_ALIGN : 0);
}

static enum mnq_status check_arena(const struct mnq_model *m, const void *arena)
{
    return m == NULL || m->kernels == NULL || arena == NULL || (uintptr_t)arena % MNQ_ALIGN != 0 ? MNQ_E_ARG : MNQ_OK;
}

/* ---- layer by layer ---- */

/* head: bytes behind the tensors that are not for kernels. */
static void run_layer(const struct mnq_model *m, uint8_t *arena, size_t size, size_t head, unsigned i)
{
    struct mnq_layer l;
    uint32_t offset[3];

    mnq_layer_read(m, i, &l, offset);
    head += m->arena_size;
    mnq_run_whole(mnq_kernel_of(m, &l), &l, arena, offset, arena + head, size - head);
}

static void run_layers(const struct mnq_model *m, uint8_t *arena, size_t size, size_t head)
{
    unsigned i;

    for (i = 0; i < m->n_layers; i++) run_layer(m, arena, size, head, i);
}

void mnq_layer_by_layer(struct mnq_model *m)
{
    m->plan.places = NULL;
    m->push.places = NULL;
}

enum mnq_status mnq_run_layer(const struct mnq_model *m, void *arena, size_t arena_size, unsigned i)
{
    enum mnq_status s = check_arena(m, arena);

    if (s != MNQ_OK) return s;
    if (PLANNED(m->plan) || i >= m->n_layers) return MNQ_E_ARG;
    if (arena_size < mnq_arena_size(m)) return MNQ_E_ARENA;
    run_layer(m, (uint8_t *)arena, arena_size, 0, i);
    return MNQ_OK;
}

/* ---- the whole picture ---- */

static uint32_t offset_of(const struct mnq_model *m, const struct mnq_plan *p, unsigned i)
{
    struct mnq_tensor t;
    struct mnq_place place;

    if (PLANNED(*p)) {
        mnq_place_read(p, i, &place);
        return place.offset;
    }
    mnq_tensor_read(m, i, &t);
    return t.offset;
}

void *mnq_input(const struct mnq_model *m, void *arena)
{
    return (uint8_t *)arena + offset_of(m, &m->plan, m->input);
}

unsigned mnq_output_count(const struct mnq_model *m)
{
    return 1u + m->n_outs;
}

unsigned mnq_output_tensor(const struct mnq_model *m, unsigned k)
{
    if (k > m->n_outs) return MNQ_NO_TENSOR;
    return k == 0 ? m->output : mnq_read_u16(m->outs + 2 * (k - 1));
}

const void *mnq_output_at(const struct mnq_model *m, const void *arena, unsigned k)
{
    const unsigned t = mnq_output_tensor(m, k);

    return t == MNQ_NO_TENSOR ? NULL : (const uint8_t *)arena + offset_of(m, &m->plan, t);
}

const void *mnq_output(const struct mnq_model *m, const void *arena)
{
    return (const uint8_t *)arena + offset_of(m, &m->plan, m->output);
}

enum mnq_status mnq_run(const struct mnq_model *m, void *arena, size_t arena_size)
{
    enum mnq_status s = check_arena(m, arena);
    size_t wanted;

    if (s != MNQ_OK) return s;
    wanted = mnq_arena_size(m);
    if (arena_size < wanted) return MNQ_E_ARENA;
    if (!PLANNED(m->plan)) {
        run_layers(m, (uint8_t *)arena, wanted, 0);
    } else {
        const struct mnq_work w = mnq_work_of(m, &m->plan, arena, wanted);
        mnq_stages_begin(&w, UINT16_MAX);
        mnq_stages_go(&w);
    }
    return MNQ_OK;
}

/* ---- row by row ---- */

/* What is kept of a picture that arrives, without a plan: behind the tensors. */
struct arrival {
    uint32_t wanted; /* bytes of arena */
    uint16_t rows;
};

static struct arrival *arrival_of(const struct mnq_model *m, const void *arena)
{
    return (struct arrival *)(void *)((uint8_t *)(uintptr_t)arena + m->arena_size);
}

static const struct mnq_progress *progress_of(const struct mnq_model *m, const void *arena)
{
    return (const struct mnq_progress *)(const void *)((const uint8_t *)arena + m->push.state);
}

enum mnq_status mnq_begin(const struct mnq_model *m, void *arena, size_t arena_size)
{
    enum mnq_status s = check_arena(m, arena);
    size_t wanted;

    if (s != MNQ_OK) return s;
    wanted = mnq_stream_size(m);
    if (arena_size < wanted) return MNQ_E_ARENA;
    if (!PLANNED(m->push)) {
        arrival_of(m, arena)->wanted = (uint32_t)wanted;
        arrival_of(m, arena)->rows = 0;
    } else {
        const struct mnq_work w = mnq_work_of(m, &m->push, arena, wanted);
        mnq_stages_begin(&w, 0);
    }
    return MNQ_OK;
}

/* Rows into the whole picture, and all layers behind the last. */
static void push_whole(const struct mnq_model *m, uint8_t *arena, const struct mnq_tensor *in, const void *rows, unsigned n)
{
    struct arrival *const a = arrival_of(m, arena);
    const size_t row = (size_t)in->w * in->c << (in->dtype == MNQ_S16);

    memcpy(arena + in->offset + a->rows * row, rows, n * row);
    a->rows = (uint16_t)(a->rows + n);
    if (n > 0 && a->rows == in->h) run_layers(m, arena, a->wanted, MNQ_ALIGN);
}

/* One row into the ring, unless no layer will read it; then as far as it carries. */
static void push_row(const struct mnq_work *w, const struct mnq_tensor *in, const uint8_t *row)
{
    struct mnq_progress *const s = w->s;
    const size_t n = (size_t)in->w * in->c << (in->dtype == MNQ_S16);
    struct mnq_place p;

    mnq_place_read(w->p, w->m->input, &p);
    if (!mnq_stages_ended(w) && p.last >= s->first) memcpy(w->arena + p.offset + s->in_slot * n, row, n);
    if (++s->in_slot == p.rows) s->in_slot = 0;
    s->in_rows++;
    mnq_stages_go(w);
}

/* Whether the arena is as large as mnq_begin() found that it must be: no layer is looked at again. */
static int begun(const struct mnq_model *m, const void *arena, size_t size)
{
    if (!PLANNED(m->push)) return size >= m->arena_size + MNQ_ALIGN && size >= arrival_of(m, arena)->wanted;
    return size >= m->push.bytes && size >= progress_of(m, arena)->wanted;
}

enum mnq_status mnq_push_rows(const struct mnq_model *m, void *arena, size_t arena_size, const void *rows, unsigned n)
{
    enum mnq_status s = check_arena(m, arena);
    struct mnq_tensor in;
    unsigned there, i;

    if (s != MNQ_OK) return s;
    if (!begun(m, arena, arena_size)) return MNQ_E_ARENA;
    mnq_tensor_read(m, m->input, &in);
    if (!PLANNED(m->push)) {
        there = arrival_of(m, arena)->rows;
        if ((rows == NULL && n > 0) || n > in.h - there) return MNQ_E_ARG;
        push_whole(m, (uint8_t *)arena, &in, rows, n);
    } else {
        const struct mnq_work w = mnq_work_of(m, &m->push, arena, progress_of(m, arena)->wanted);
        there = w.s->in_rows;
        if ((rows == NULL && n > 0) || n > in.h - there) return MNQ_E_ARG;
        for (i = 0; i < n; i++)
            push_row(&w, &in, (const uint8_t *)rows + i * ((size_t)in.w * in.c << (in.dtype == MNQ_S16)));
    }
    return MNQ_OK;
}

const void *mnq_done(const struct mnq_model *m, const void *arena)
{
    return mnq_done_at(m, arena, 0);
}

const void *mnq_done_at(const struct mnq_model *m, const void *arena, unsigned k)
{
    const unsigned t = mnq_output_tensor(m, k);
    struct mnq_tensor in;
    unsigned there;

    mnq_tensor_read(m, m->input, &in);
    there = !PLANNED(m->push) ? arrival_of(m, arena)->rows : progress_of(m, arena)->in_rows;
    return t == MNQ_NO_TENSOR || there < in.h ? NULL : (const uint8_t *)arena + offset_of(m, &m->push, t);
}
