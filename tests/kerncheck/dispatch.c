/* SPDX-License-Identifier: Apache-2.0
 * Runs a model with every kernel table that this processor has: a line for each, its name and a checksum of the output of a
 * picture, whole and pushed row by row.
 *
 * usage: dispatch MODEL.mnq */
#include "mnq/host.h"
#include "mnq/mnq.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *memory(size_t n)
{
    void *p = aligned_alloc(MNQ_PACK_ALIGN, (n / MNQ_PACK_ALIGN + 1) * MNQ_PACK_ALIGN);

    if (p == NULL) exit(1);
    memset(p, 0, n);
    return p;
}

static void *read_file(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    void *p;
    long size;

    if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0) {
        perror(path);
        exit(1);
    }
    rewind(f);
    *n = (size_t)size;
    p = memory(*n);
    if (fread(p, 1, *n, f) != *n) exit(1);
    fclose(f);
    return p;
}

static unsigned sum_of(unsigned sum, const unsigned char *p, size_t n)
{
    for (; n > 0; n--) sum = (sum ^ *p++) * 16777619u;
    return sum;
}

static unsigned run(const struct mnq_model *m)
{
    const size_t size = mnq_arena_size(m), pushed = mnq_stream_size(m);
    unsigned char *const arena = memory(size > pushed ? size : pushed), *picture;
    struct mnq_tensor in, out;
    unsigned sum = 2166136261u;
    size_t i;

    mnq_tensor_get(m, m->input, &in);
    mnq_tensor_get(m, m->output, &out);
    picture = memory(in.size);
    for (i = 0; i < in.size; i++) picture[i] = (unsigned char)(i * 2654435761u >> 13);
    memcpy(mnq_input(m, arena), picture, in.size);
    if (mnq_run(m, arena, size) != MNQ_OK) exit(1);
    sum = sum_of(sum, mnq_output(m, arena), out.size);
    if (mnq_begin(m, arena, pushed) != MNQ_OK || mnq_push_rows(m, arena, pushed, picture, (unsigned)in.h) != MNQ_OK) exit(1);
    sum = sum_of(sum, mnq_done(m, arena), out.size);
    free(picture);
    free(arena);
    return sum;
}

int main(int argc, char **argv)
{
    const struct mnq_kernels *k;
    struct mnq_model m;
    size_t n;
    void *file;
    int i;

    if (argc != 2) return 2;
    file = read_file(argv[1], &n);
    if (mnq_model_load(&m, file, n) != MNQ_OK) return 1;
    for (i = 0; (k = mnq_kernels_at(i)) != NULL; i++) {
        void *packed;
        m.kernels = k;
        packed = memory(mnq_pack_bytes(&m));
        if (mnq_pack(&m, packed, mnq_pack_bytes(&m)) != MNQ_OK) return 1;
        printf("%s %08x\n", k->name, run(&m));
        m.packed = NULL;
        free(packed);
    }
    free(file);
    return 0;
}
