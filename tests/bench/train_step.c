/* SPDX-License-Identifier: Apache-2.0
 * What a picture costs in training: forward, and forward with backward, all layers, one thread, every kernel table of this
 * host. Turns alternate; times are medians of processor time, ratios those of the medians.
 *
 * usage: bench_train_step ROUNDS MODEL.h5... */
#include "graph/exec_variant.h"
#include "import/import.h"
#include "passes/passes.h"
#include "train/backward.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TABLES = 8, WAYS = 2 };

struct bench {
    struct mnq_training training;
    struct mnq_gradients sum;
    struct mnq_backward *space;
    size_t outputs;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static int fail(const char *path, const struct mnq_err *e)
{
    fprintf(stderr, "bench_train_step: %s: %s\n", path, e->msg);
    return -1;
}

/* Seconds of one picture. */
static double turn(struct bench *b, bool back)
{
    const double from = now();
    mnq_backward_forward(b->space);
    if (back) {
        float *d = mnq_backward_of(b->space, b->training.last);
        for (size_t i = 0; i < b->outputs; i++) d[i] += i % 2 == 0 ? 0.1f : -0.1f;
        mnq_backward_run(b->space, &b->sum);
    }
    return now() - from;
}

static int open_bench(struct bench *b, const struct mnq_graph *g, int table, struct mnq_arena *arena, struct mnq_err *e)
{
    int last = g->output;
    if (g->node[last].op == MNQ_OP_SOFTMAX) last = g->node[last].in[0];
    if (mnq_training_init(&b->training, g, 1, last, NULL, NULL, arena, e) != 0) return -1;
    b->training.kernels = mnq_fkernels_at(table);
    b->outputs = mnq_elements(g->node[last].out);
    if (mnq_gradients_init(&b->training, &b->sum, arena, e) != 0) return -1;
    b->space = mnq_backward_new(&b->training, e);
    if (b->space == NULL || mnq_training_settle(&b->training, 1, e) != 0) return -1;
    float *pixels = mnq_backward_tensor(b->space, 0);
    unsigned seed = 1;
    for (size_t i = 0; i < mnq_elements(g->node[0].out); i++) {
        seed = seed * 1664525u + 1013904223u;
        pixels[i] = (float)(seed >> 8) / 8388608.0f - 1.0f;
    }
    return 0;
}

static void report(double *time, int rounds, int tables)
{
    double first[WAYS] = {0};
    for (int t = 0; t < tables; t++) {
        double median[WAYS];
        for (int w = 0; w < WAYS; w++) {
            double *x = time + (t * WAYS + w) * rounds;
            qsort(x, (size_t)rounds, sizeof *x, by_value);
            median[w] = x[rounds / 2];
            if (t == 0) first[w] = median[w];
        }
        printf("  %-10s forward %8.2f ms %5.2fx   with backward %8.2f ms %5.2fx   %.2f of forward\n", mnq_fkernels_at(t)->name,
               1e3 * median[0], first[0] / median[0], 1e3 * median[1], first[1] / median[1], median[1] / median[0]);
    }
}

static int run(const char *path, int rounds)
{
    struct mnq_arena arena = {0};
    struct mnq_graph raw, g;
    struct mnq_err e = {0};
    struct bench b[TABLES] = {{.space = NULL}};
    double *time = calloc((size_t)rounds * TABLES * WAYS, sizeof *time);
    int tables = 0, rc = -1;
    if (time == NULL) mnq_fail_nomem(&e);
    else if (mnq_import(path, NULL, &raw, &arena, &e) == 0 && mnq_graph_legalize(&raw, &g, &arena, &e) == 0) rc = 0;
    for (; rc == 0 && tables < TABLES && mnq_fkernels_at(tables) != NULL; tables++)
        rc = open_bench(&b[tables], &g, tables, &arena, &e);
    for (int t = 0; rc == 0 && t < tables; t++) turn(&b[t], true);
    for (int i = 0; rc == 0 && i < rounds; i++)
        for (int k = 0; k < tables * WAYS; k++) {
            const int at = (k + i) % (tables * WAYS);
            time[at * rounds + i] = turn(&b[at / WAYS], at % WAYS == 1);
        }
    if (rc == 0) {
        printf("%s\n", path);
        report(time, rounds, tables);
    } else {
        fail(path, &e);
    }
    for (int t = 0; t < tables; t++) mnq_backward_free(b[t].space);
    free(time);
    mnq_arena_free(&arena);
    return rc;
}

int main(int argc, char **argv)
{
    const int rounds = argc > 2 ? atoi(argv[1]) : 0;
    if (rounds < 1) {
        fprintf(stderr, "usage: bench_train_step ROUNDS MODEL.h5...\n");
        return 2;
    }
    for (int i = 2; i < argc; i++)
        if (run(argv[i], rounds) != 0) return EXIT_FAILURE;
    return EXIT_SUCCESS;
}
