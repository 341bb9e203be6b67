/* SPDX-License-Identifier: Apache-2.0
 * The runtime on arbitrary bytes: what the loader accepts must run inside its arena. */
#include "fuzz.h"
#include "mnq_bytes.h"
#include "record.h"

#include "mnq/mnq.h"

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

static void run(const struct mnq_model *m)
{
    size_t size = mnq_arena_size(m);
    struct mnq_tensor t;
    MNQ_FUZZ_MUST(size % MNQ_ALIGN == 0);
    if (size > MAX_ARENA || work_of(m) > MAX_WORK) return;
    uint8_t *arena = malloc(size > 0 ? size : 1); /* exact: the address sanitizer guards its end */
    if (arena == NULL) abort();
    for (size_t i = 0; i < size; i++) arena[i] = (uint8_t)(i * 151 + 7);
    MNQ_FUZZ_MUST(mnq_run(m, arena, size) == MNQ_OK);
    MNQ_FUZZ_MUST(size == 0 || mnq_run(m, arena, size - 1) == MNQ_E_ARENA);
    for (unsigned i = 0; i < m->n_layers; i++) MNQ_FUZZ_MUST(mnq_run_layer(m, arena, size, i) == MNQ_OK);
    MNQ_FUZZ_MUST(mnq_run_layer(m, arena, size, m->n_layers) == MNQ_E_ARG);
    for (unsigned i = 0; i < m->n_tensors; i++) {
        MNQ_FUZZ_MUST(mnq_tensor_get(m, i, &t) == MNQ_OK);
        MNQ_FUZZ_MUST(t.offset <= size && t.size <= size - t.offset);
    }
    MNQ_FUZZ_MUST(mnq_tensor_get(m, m->n_tensors, &t) == MNQ_E_ARG);
    free(arena);
}

static void load(const uint8_t *bytes, size_t n)
{
    struct mnq_model m;
    memset(&m, 0, sizeof m);
    enum mnq_status status = mnq_model_load(&m, bytes, n);
    MNQ_FUZZ_MUST(mnq_status_str(status) != NULL);
    if (status == MNQ_OK) run(&m);
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
    if (i == 8) return NULL;
    mnq_bytes_zoo(&b, (uint32_t)i + 1, 4 + (unsigned)i, 5, 3 + (unsigned)i);
    uint8_t *file = mnq_bytes_file(&b, n);
    uint8_t *copy = mnq_fuzz_copy(file, *n);
    free(file);
    mnq_bytes_free(&b);
    return copy;
}
