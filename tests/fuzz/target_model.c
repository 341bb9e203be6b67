/* SPDX-License-Identifier: Apache-2.0
 * The runtime on arbitrary bytes: what the loader accepts must run inside its arena. */
#include "crc32.h"
#include "fuzz.h"
#include "fuzz_nets.h"
#include "mnq_bytes.h"
#include "record.h"

#include "mnq/mnq.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ARENA = 1 << 20, MAX_WORK = 1 << 24 };

/* Multiply-accumulates, bounded: a small file can describe hours of work. */
static uint64_t work_of(const struct mnq_model *m)
{
    uint64_t work = 0;
    for (unsigned i = 0; i < m->n_layers; i++) {
        struct mnq_record rec;
        struct mnq_tensor in, out;
        mnq_record_read(m, i, &rec);
        MNQ_FUZZ_MUST(mnq_tensor_get(m, rec.in0, &in) == MNQ_OK);
        MNQ_FUZZ_MUST(mnq_tensor_get(m, rec.out, &out) == MNQ_OK);
        work += (uint64_t)out.h * out.w * out.c * rec.kh * rec.kw * (rec.op == MNQ_L_DWCONV ? 1 : in.c);
    }
    return work;
}

static size_t bytes_of(const struct mnq_model *m, unsigned tensor)
{
    struct mnq_tensor t;
    MNQ_FUZZ_MUST(mnq_tensor_get(m, tensor, &t) == MNQ_OK);
    return t.size;
}

/* With the picture in memory. return whether it was run */
static bool run(const struct mnq_model *m, uint32_t *crc)
{
    size_t size = mnq_arena_size(m);
    struct mnq_tensor t;
    MNQ_FUZZ_MUST(size % MNQ_ALIGN == 0);
    if (size > MAX_ARENA) return false;
    uint8_t *arena = malloc(size > 0 ? size : 1); /* exact: the address sanitizer guards its end */
    if (arena == NULL) abort();
    for (size_t i = 0; i < size; i++) arena[i] = (uint8_t)(i * 151 + 7);
    memset(mnq_input(m, arena), 77, bytes_of(m, m->input));
    MNQ_FUZZ_MUST(mnq_run(m, arena, size) == MNQ_OK);
    *crc = 0;
    for (unsigned k = 0; k < mnq_output_count(m); k++)
        *crc = *crc * 31 + mnq_crc32(mnq_output_at(m, arena, k), bytes_of(m, mnq_output_tensor(m, k)));
    MNQ_FUZZ_MUST(size == 0 || mnq_run(m, arena, size - 1) == MNQ_E_ARENA);
    for (unsigned i = 0; m->plan.places == NULL && i < m->n_layers; i++)
        MNQ_FUZZ_MUST(mnq_run_layer(m, arena, size, i) == MNQ_OK);
    MNQ_FUZZ_MUST(mnq_run_layer(m, arena, size, m->plan.places != NULL ? 0 : m->n_layers) == MNQ_E_ARG);
    for (unsigned i = 0; i < m->n_tensors; i++) {
        MNQ_FUZZ_MUST(mnq_tensor_get(m, i, &t) == MNQ_OK);
        MNQ_FUZZ_MUST(m->plan.places != NULL || (t.offset <= size && t.size <= size - t.offset));
    }
    MNQ_FUZZ_MUST(mnq_tensor_get(m, m->n_tensors, &t) == MNQ_E_ARG);
    free(arena);
    return true;
}

/* The same picture by rows, a few at a time. */
static bool push(const struct mnq_model *m, uint32_t *crc)
{
    size_t size = mnq_stream_size(m), row = bytes_of(m, m->input);
    struct mnq_tensor t;
    MNQ_FUZZ_MUST(size % MNQ_ALIGN == 0 && mnq_tensor_get(m, m->input, &t) == MNQ_OK);
    if (size > MAX_ARENA) return false;
    row /= t.h;
    uint8_t *arena = malloc(size), *rows = malloc(3 * row);
    if (arena == NULL || rows == NULL) abort();
    memset(arena, 0xa5, size);
    memset(rows, 77, 3 * row);
    MNQ_FUZZ_MUST(mnq_begin(m, arena, size - 1) == MNQ_E_ARENA && mnq_begin(m, arena, size) == MNQ_OK);
    for (unsigned y = 0, n; y < t.h; y += n) {
        n = t.h - y < 3 ? t.h - y : 1 + y % 3;
        MNQ_FUZZ_MUST(mnq_done(m, arena) == NULL);
        MNQ_FUZZ_MUST(mnq_push_rows(m, arena, size, rows, n) == MNQ_OK);
    }
    MNQ_FUZZ_MUST(mnq_push_rows(m, arena, size, rows, 1) == MNQ_E_ARG);
    MNQ_FUZZ_MUST(mnq_done(m, arena) != NULL);
    *crc = 0;
    for (unsigned k = 0; k < mnq_output_count(m); k++)
        *crc = *crc * 31 + mnq_crc32(mnq_done_at(m, arena, k), bytes_of(m, mnq_output_tensor(m, k)));
    free(rows);
    free(arena);
    return true;
}

/* By the file's plans and layer by layer: one result. */
static void run_all(struct mnq_model *m)
{
    uint32_t crc = 0, other = 0;
    if (work_of(m) > MAX_WORK) return;
    bool planned = run(m, &crc), pushed = push(m, &other);
    MNQ_FUZZ_MUST(!planned || !pushed || crc == other);
    mnq_layer_by_layer(m);
    if (run(m, &other) && planned) MNQ_FUZZ_MUST(crc == other);
}

static void load(const uint8_t *bytes, size_t n)
{
    struct mnq_model m;
    memset(&m, 0, sizeof m);
    enum mnq_status status = mnq_model_load(&m, bytes, n);
    MNQ_FUZZ_MUST(mnq_status_str(status) != NULL);
    if (status == MNQ_OK) run_all(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *bytes = mnq_fuzz_copy(data, size);
    load(bytes, size);
    if (size >= MNQ_HEADER_BYTES) { /* again behind a right checksum */
        mnq_bytes_seal(bytes, size);
        load(bytes, size);
    }
    free(bytes);
    return 0;
}

uint8_t *mnq_fuzz_seed(int i, size_t *n)
{
    struct mnq_bytes b = {0};
    if (i == 56) return NULL;
    if (i >= 32) return mnq_fuzz_planned_net(i - 32, n);
    if (i >= 8) return mnq_fuzz_net(i - 8, n);
    mnq_bytes_zoo(&b, (uint32_t)i + 1, 4 + (unsigned)i, 5, 3 + (unsigned)i);
    uint8_t *file = mnq_bytes_file(&b, n);
    uint8_t *copy = mnq_fuzz_copy(file, *n);
    free(file);
    mnq_bytes_free(&b);
    return copy;
}
