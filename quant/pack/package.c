/* SPDX-License-Identifier: Apache-2.0
 * Reading a packed model back on the host, with names, scales and provenance. */
#include "host.h"
#include "pack/meta.h"
#include "pack/qmodel.h"
#include "pack/weights.h"
#include "pack/qrun.h"
#include "util/file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { HEADER = 48, ENTRY = 16, TENS = 32, LAYR = 64, MAX_FILE = 1 << 30, MAX_ARENA = 1 << 30 };
static const uint32_t NONE = UINT32_MAX;

/* What a file of n bytes may ask for, quant/BUDGETS.md: operations of one run, bytes of what is decoded at load. */
static uint64_t allowed; /* 0: by the size */

static uint64_t most_decoded(size_t n)
{
    return ((uint64_t)64 << 20) + (uint64_t)n * 64;
}

uint64_t mnq_package_most(uint64_t n)
{
    return allowed != 0 ? allowed : ((uint64_t)1 << 34) + (n << 11);
}

static unsigned get16(const uint8_t *p)
{
    return p[0] | (unsigned)p[1] << 8;
}

static uint32_t get32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* A section by tag; the loader has checked the table. */
static const uint8_t *section(const struct mnq_package *p, const char *tag, size_t *n)
{
    uint32_t count = get32(p->bytes + 16);
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *entry = p->bytes + HEADER + ENTRY * i;
        if (memcmp(entry, tag, 4) != 0) continue;
        *n = get32(entry + 8);
        return p->bytes + get32(entry + 4);
    }
    *n = 0;
    return NULL;
}

static int read_tensors(struct mnq_package *p, struct mnq_arena *arena, struct mnq_err *e)
{
    struct mnq_qmodel *q = &p->q;
    size_t n_scales, n;
    const uint8_t *scales = section(p, "SCAL", &n_scales), *r = section(p, "TENS", &n);
    for (int i = 0; i < q->n_tensors; i++, r += TENS) {
        struct mnq_qtensor *t = &q->tensor[i];
        t->shape = (struct mnq_shape){(int)get16(r), (int)get16(r + 2), (int)get16(r + 4)};
        t->dtype = (enum mnq_dtype)r[6];
        t->zp = (int32_t)get32(r + 8);
        t->offset = get32(r + 12);
        uint64_t first = get32(r + 24);
        size_t c = (size_t)t->shape.c;
        t->scale = mnq_arena_array(arena, c, sizeof *t->scale);
        if (t->scale == NULL) return mnq_fail_nomem(e);
        float whole = ldexpf((float)(int32_t)get32(r + 16), (int32_t)get32(r + 20));
        bool listed = get32(r + 16) == 0 && scales != NULL && (first + c) * 4 <= n_scales;
        if (get32(r + 16) != 0 && !(whole > 0))
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s: tensor %d: the scale is %g, wanted more than 0", p->file, i,
                            (double)whole);
        for (size_t k = 0; k < c; k++) {
            uint32_t bits = listed ? get32(scales + (first + k) * 4) : 0;
            if (listed) memcpy(&t->scale[k], &bits, 4);
            else t->scale[k] = whole;
            if (!isfinite(t->scale[k]) || t->scale[k] < 0)
                return mnq_fail(e, MNQ_EXIT_FAILED, "%s: tensor %d: scale of channel %zu is %s", p->file, i, k,
                                isfinite(t->scale[k]) ? "below 0" : "not finite");
        }
    }
    return 0;
}

/* Bytes of scales, and of weights that are not used as the file has them. */
static uint64_t decoded_bytes(const struct mnq_model *m)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < m->n_tensors; i++) n += get16(m->tens + (size_t)i * TENS + 4) * (uint64_t)sizeof(float);
    for (unsigned i = 0; i < m->n_layers; i++) {
        const uint8_t *r = m->layr + (size_t)i * LAYR;
        if (r[1] < MNQ_W_S4 || r[1] == MNQ_W_MAP) continue;
        uint64_t in = get16(m->tens + (size_t)get16(r + 4) * TENS + 4),
                 out = get16(m->tens + (size_t)get16(r + 8) * TENS + 4);
        n += in * out * (r[1] == MNQ_W_BINARY ? 2 : 1);
    }
    return n;
}

/* A small file that asks for hours or for all memory is refused before anything is made of it. */
static int check_demands(const struct mnq_package *p, struct mnq_err *e)
{
    const uint64_t work = mnq_operations(&p->model), decoded = decoded_bytes(&p->model);
    if (work > mnq_package_most(p->n_bytes))
        return mnq_fail(e, MNQ_EXIT_FAILED,
                        "%s: a run takes %llu operations, at most %llu are made for a file of %zu bytes (--max-work)",
                        p->file, (unsigned long long)work, (unsigned long long)mnq_package_most(p->n_bytes), p->n_bytes);
    if (decoded > most_decoded(p->n_bytes))
        return mnq_fail(e, MNQ_EXIT_FAILED,
                        "%s: its weights and scales are %llu bytes, at most %llu are made of a file of %zu", p->file,
                        (unsigned long long)decoded, (unsigned long long)most_decoded(p->n_bytes), p->n_bytes);
    const size_t arena = mnq_arena_size(&p->model), stream = mnq_stream_size(&p->model),
                 ram = arena > stream ? arena : stream;
    if (ram > MAX_ARENA)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: a run takes %zu bytes of RAM, at most %d are given", p->file, ram,
                        MAX_ARENA);
    return 0;
}

/* The array at an offset of DATA, or NULL. */
static void *array_at(const struct mnq_package *p, uint32_t at)
{
    return at == NONE ? NULL : (void *)(p->bytes + (p->model.data - p->bytes) + at);
}

static int read_layers(struct mnq_package *p, struct mnq_err *e)
{
    struct mnq_qmodel *q = &p->q;
    const uint8_t *r = p->model.layr;
    for (int i = 0; i < q->n_layers; i++, r += LAYR) {
        struct mnq_qlayer *l = &q->layer[i];
        *l = (struct mnq_qlayer){.name = "",
                                 .node = -1,
                                 .op = r[0],
                                 .wtype = r[1],
                                 .act = r[2],
                                 .frac = r[3],
                                 .in0 = (int)get16(r + 4),
                                 .in1 = get16(r + 6) == 0xffff ? -1 : (int)get16(r + 6),
                                 .out = (int)get16(r + 8),
                                 .kh = r[10],
                                 .kw = r[11],
                                 .sh = r[12],
                                 .sw = r[13],
                                 .pt = r[14],
                                 .pl = r[15],
                                 .pb = r[16],
                                 .pr = r[17],
                                 .mult = (int)get16(r + 18),
                                 .lo = (int32_t)get32(r + 20),
                                 .hi = (int32_t)get32(r + 24)};
        if (l->wtype == MNQ_W_SPARSE || l->wtype == MNQ_W_SPARSE4) l->block = l->mult, l->mult = 0;
        if (l->wtype == MNQ_W_BINARY) l->bases = l->mult, l->mult = 0;
        if (l->wtype == MNQ_W_MAP) l->map = array_at(p, get32(r + 28)), l->wtype = MNQ_W_NONE;
        if (l->act == MNQ_A_TABLE) l->table = array_at(p, get32(r + 60));
        if (l->map == NULL && get32(r + 28) != NONE &&
            mnq_weights_decode(l, q->tensor[l->in0].shape.c, q->tensor[l->out].shape.c, array_at(p, get32(r + 28)),
                               get32(r + 32), q->arena, e) != 0)
            return -1;
        l->bias = array_at(p, get32(r + 36));
        l->m = array_at(p, get32(r + 40));
        l->r = array_at(p, get32(r + 44));
        l->m2 = array_at(p, get32(r + 48));
        l->r2 = array_at(p, get32(r + 52));
        l->pad = array_at(p, get32(r + 56));
        l->macs = mnq_qlayer_macs(q, l);
        p->macs += l->macs;
    }
    return 0;
}

void mnq_package_allow(uint64_t operations)
{
    allowed = operations;
}

int mnq_package_parse(const char *name, uint8_t *bytes, size_t n, struct mnq_package *p, struct mnq_arena *arena,
                      struct mnq_err *e)
{
    *p = (struct mnq_package){.file = name, .bytes = bytes, .n_bytes = n};
    enum mnq_status st = mnq_model_load(&p->model, bytes, n);
    if (st == MNQ_E_FORMAT || st == MNQ_E_OVERFLOW)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %s (item %u)", name, mnq_status_str(st), (unsigned)p->model.bad);
    if (st != MNQ_OK) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %s", name, mnq_status_str(st));

    p->model.kernels = mnq_kernels_best();
    if (check_demands(p, e) != 0) return -1;
    struct mnq_qmodel *q = &p->q;
    q->arena = arena;
    q->n_tensors = p->model.n_tensors;
    q->n_layers = p->model.n_layers;
    q->input = p->model.input;
    q->output = p->model.output;
    q->n_more = p->model.n_outs;
    for (int k = 0; k < q->n_more; k++) q->more[k] = (int)mnq_output_tensor(&p->model, (unsigned)k + 1);
    q->arena_bytes = p->model.arena_size;
    q->tensor = mnq_arena_array(arena, (size_t)q->n_tensors, sizeof *q->tensor);
    q->layer = mnq_arena_array(arena, (size_t)q->n_layers, sizeof *q->layer);
    if (q->tensor == NULL || q->layer == NULL) return mnq_fail_nomem(e);
    if (read_tensors(p, arena, e) != 0) return -1;
    if (read_layers(p, e) != 0) return -1;
    size_t meta_n, data_n;
    const uint8_t *meta = section(p, "META", &meta_n);
    section(p, "DATA", &data_n);
    p->weight_bytes = (int64_t)data_n;
    if (meta != NULL) {
        char label[300];
        snprintf(label, sizeof label, "%s(META)", name);
        if (mnq_meta_read(label, (const char *)meta, meta_n, q, e) != 0) return -1;
    }
    for (int k = 0; q->n_more > 0 && k < mnq_qmodel_outputs(q); k++) {
        char label[32];
        snprintf(label, sizeof label, "output_%d", k + 1);
        if (q->name_of[k] == NULL && (q->name_of[k] = mnq_arena_strdup(arena, label)) == NULL) return mnq_fail_nomem(e);
    }
    return 0;
}

int mnq_package_prepare(struct mnq_package *p, struct mnq_arena *arena, struct mnq_err *e)
{
    const size_t n = mnq_pack_bytes(&p->model);
    void *const mem = mnq_arena_alloc(arena, n);
    if (mem == NULL || mnq_pack(&p->model, mem, n) != MNQ_OK) return mnq_fail_nomem(e);
    return 0;
}

int mnq_package_layers_arena(const struct mnq_package *p, size_t *bytes, struct mnq_err *e)
{
    struct mnq_model m = p->model;
    mnq_layer_by_layer(&m);
    *bytes = mnq_arena_size(&m);
    if (*bytes <= MAX_ARENA) return 0;
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: layer by layer it takes %zu bytes of RAM, at most %d are given", p->file,
                    *bytes, MAX_ARENA);
}

int64_t mnq_package_arena(const struct mnq_package *p)
{
    struct mnq_model m = p->model;
    m.kernels = &mnq_kernels_generic;
    return (int64_t)mnq_arena_size(&m);
}

int64_t mnq_package_stream(const struct mnq_package *p)
{
    struct mnq_model m = p->model;
    m.kernels = &mnq_kernels_generic;
    return (int64_t)mnq_stream_size(&m);
}

int mnq_package_open(const char *path, struct mnq_package *p, struct mnq_arena *arena, struct mnq_err *e)
{
    uint8_t *bytes;
    size_t n;
    const char *name = mnq_arena_strdup(arena, path);
    if (name == NULL) return mnq_fail_nomem(e);
    if (mnq_file_read(path, MAX_FILE, arena, &bytes, &n, e) != 0) return -1;
    return mnq_package_parse(name, bytes, n, p, arena, e);
}

void mnq_dequantize(const struct mnq_qtensor *t, const void *data, float *out)
{
    size_t c = (size_t)t->shape.c, n = mnq_elements(t->shape);
    for (size_t i = 0; i < n; i++) {
        int q = t->dtype == MNQ_S16  ? ((const int16_t *)data)[i]
                : t->dtype == MNQ_U8 ? ((const uint8_t *)data)[i] - 128
                                     : ((const int8_t *)data)[i];
        out[i] = t->scale[i % c] * (float)(q - t->zp);
    }
}
