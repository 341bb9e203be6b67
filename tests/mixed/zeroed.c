/* SPDX-License-Identifier: Apache-2.0
 * Zeroes the smallest weights of every 1x1 and dense layer of a float model, in blocks of consecutive inputs.
 *
 * usage: zeroed MODEL.h5 PERCENT BLOCK OUT.h5 */
#include "pack/keras_write.h"
#include "subject.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sum of magnitudes of block `at` of output o; zeroes it if told. */
static double block_sum(struct mnq_node *nd, int cin, int block, int at, int o, bool clear)
{
    double sum = 0;
    for (int c = at * block; c < (at + 1) * block && c < cin; c++) {
        float *w = &nd->w[(size_t)c * (size_t)nd->out.c + (size_t)o];
        sum += fabs((double)*w);
        if (clear) *w = 0;
    }
    return sum;
}

static int zero_layer(struct mnq_node *nd, int cin, int percent, int block)
{
    int blocks = (cin + block - 1) / block, n = blocks * nd->out.c;
    double *sum = calloc((size_t)n, sizeof *sum);
    if (sum == NULL) return -1;
    for (int i = 0; i < n; i++) sum[i] = block_sum(nd, cin, block, i % blocks, i / blocks, false);
    qsort(sum, (size_t)n, sizeof *sum, by_value);
    double limit = sum[n * percent / 100];
    for (int i = 0; i < n; i++)
        if (block_sum(nd, cin, block, i % blocks, i / blocks, false) < limit)
            block_sum(nd, cin, block, i % blocks, i / blocks, true);
    free(sum);
    return 0;
}

int main(int argc, char **argv)
{
    struct mnq_arena arena = {0};
    struct mnq_subject s;
    struct mnq_err e = {0};
    if (argc != 5) {
        fprintf(stderr, "usage: zeroed MODEL.h5 PERCENT BLOCK OUT.h5\n");
        return 2;
    }
    int percent = (int)strtol(argv[2], NULL, 10), block = (int)strtol(argv[3], NULL, 10);
    int rc = mnq_subject_open(argv[1], &(struct mnq_subject_opts){0}, &s, &arena, &e);
    for (int i = 0; rc == 0 && i < s.raw.n; i++) {
        struct mnq_node *nd = &s.raw.node[i];
        if (nd->op == MNQ_OP_DENSE || (nd->op == MNQ_OP_CONV && nd->kh * nd->kw == 1))
            rc = zero_layer(nd, s.raw.node[nd->in[0]].out.c, percent, block);
    }
    if (rc == 0) rc = mnq_keras_write(&s.raw, argv[4], &e);
    if (rc != 0) fprintf(stderr, "zeroed: %s\n", e.msg);
    mnq_arena_free(&arena);
    return rc != 0;
}
