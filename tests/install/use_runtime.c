/* SPDX-License-Identifier: Apache-2.0
 * A user of the installed runtime, C99 and C++17 alike: runs a model with the generic kernels, then with the table that is
 * named.
 *
 * usage: use_runtime MODEL.mnq TABLE   prints a checksum per table; fails if they differ or nothing happened */
#include <mnq/host.h>
#include <mnq/kernels.h>
#include <mnq/mnq.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Memory aligned as the runtime wants it; lives as long as the program. */
static unsigned char *aligned(size_t n)
{
    unsigned char *p = (unsigned char *)calloc(1, n + MNQ_ALIGN);
    if (p == NULL) exit(1);
    return p + (MNQ_ALIGN - (uintptr_t)p % MNQ_ALIGN) % MNQ_ALIGN;
}

static int run(struct mnq_model *m, const struct mnq_kernels *k, unsigned long *sum)
{
    struct mnq_tensor in, out;
    const unsigned char *result;
    unsigned char *arena, *input;
    size_t size, i;

    m->kernels = k;
    size = mnq_arena_size(m);
    arena = aligned(size);
    if (mnq_tensor_get(m, m->input, &in) != MNQ_OK || mnq_tensor_get(m, m->output, &out) != MNQ_OK) return 1;
    input = (unsigned char *)mnq_input(m, arena);
    for (i = 0; i < in.size; i++) input[i] = (unsigned char)(i * 37 + (i >> 5));
    if (mnq_run(m, arena, size) != MNQ_OK) return 1;
    result = (const unsigned char *)mnq_output(m, arena);
    *sum = 0;
    for (i = 0; i < out.size; i++) *sum = (*sum * 31 + result[i]) & 0xffffffffUL;
    printf("%s %lu\n", k->name, *sum);
    return 0;
}

int main(int argc, char **argv)
{
    const struct mnq_kernels *table;
    struct mnq_model m;
    unsigned char *bytes;
    unsigned long a, b;
    enum mnq_status s;
    size_t n;
    FILE *f;

    if (argc != 3 || (f = fopen(argv[1], "rb")) == NULL) return 2;
    bytes = aligned((size_t)16 << 20);
    n = fread(bytes, 1, (size_t)16 << 20, f);
    fclose(f);
    s = mnq_model_load(&m, bytes, n);
    if (s != MNQ_OK) {
        fprintf(stderr, "%s\n", mnq_status_str(s));
        return 1;
    }
    if (run(&m, &mnq_kernels_generic, &a) != 0) return 1;
    table = mnq_kernels_find(argv[2]);
    if (table == NULL) {
        printf("%s is not on this processor\n", argv[2]);
        return 0;
    }
    return run(&m, table, &b) != 0 || a != b;
}
