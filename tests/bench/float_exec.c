/* SPDX-License-Identifier: Apache-2.0
 * Speed of the float executor on the 1x1 layers of MobileNet V1 1.0/224, one thread, every kernel variant of this host.
 *
 * Variants take turns within one run, so that other load on the machine meets all of them; the best of the repetitions
 * counts. Two operations per multiply-accumulate. */
#include "graph/exec.h"
#include "graph/exec_variant.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { REPEAT = 9, MAX_VARIANTS = 8 };

static const struct {
    int size, cin, cout, times; /* times: how often the network has this layer */
} layer[] = {{112, 32, 64, 1},  {56, 64, 128, 1},  {56, 128, 128, 1}, {28, 128, 256, 1}, {28, 256, 256, 1},
             {14, 256, 512, 1}, {14, 512, 512, 5}, {7, 512, 1024, 1}, {7, 1024, 1024, 1}};

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static float *random_floats(struct mnq_arena *arena, size_t n)
{
    float *v = mnq_arena_array(arena, n, sizeof *v);
    static unsigned seed = 1;
    for (size_t i = 0; v != NULL && i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        v[i] = (float)(seed >> 8) / 8388608.0f - 1.0f;
    }
    return v;
}

/* Best time of one 1x1 layer for every variant; 0 or -1. */
static int measure(int size, int cin, int cout, double *best)
{
    struct mnq_arena arena = {0};
    struct mnq_graph g;
    struct mnq_err e = {0};
    mnq_graph_init(&g, &arena);
    struct mnq_node *in = mnq_graph_add(&g, MNQ_OP_INPUT, "input");
    if (in == NULL) return -1;
    in->out = (struct mnq_shape){size, size, cin};
    struct mnq_node *conv = mnq_graph_add(&g, MNQ_OP_CONV, "conv");
    if (conv == NULL) return -1;
    conv->n_in = 1;
    conv->out.c = cout;
    conv->w = random_floats(&arena, (size_t)cin * (size_t)cout);
    conv->b = random_floats(&arena, (size_t)cout);
    g.output = 1;
    float *input = random_floats(&arena, (size_t)size * (size_t)size * (size_t)cin);
    struct mnq_exec *x = NULL;
    if (conv->w != NULL && conv->b != NULL && input != NULL && mnq_graph_check(&g, &e) == 0) x = mnq_exec_new(&g, false, &e);
    if (x != NULL)
        for (int r = 0; r < REPEAT; r++)
            for (int v = 0; v < MAX_VARIANTS && mnq_fkernels_at(v) != NULL; v++) {
                mnq_exec_variant(x, mnq_fkernels_at(v));
                double start = seconds();
                mnq_exec_run(x, input, NULL, NULL);
                double t = seconds() - start;
                if (r == 0 || t < best[v]) best[v] = t;
            }
    else fprintf(stderr, "float_exec: %s\n", e.code != 0 ? e.msg : "out of memory");
    mnq_exec_free(x);
    mnq_arena_free(&arena);
    return x != NULL ? 0 : -1;
}

static void print_row(const char *name, double flop, const double *t)
{
    printf("%-22s", name);
    for (int v = 0; v < MAX_VARIANTS && mnq_fkernels_at(v) != NULL; v++)
        printf("  %7.1f GFLOP/s %5.2fx", flop / t[v] * 1e-9, t[0] / t[v]);
    printf("\n");
}

int main(void)
{
    double total[MAX_VARIANTS] = {0}, flops = 0.0;
    printf("%-22s", "layer");
    for (int v = 0; v < MAX_VARIANTS && mnq_fkernels_at(v) != NULL; v++) printf("  %22s", mnq_fkernels_at(v)->name);
    printf("\n");
    for (size_t i = 0; i < sizeof layer / sizeof *layer; i++) {
        double t[MAX_VARIANTS] = {0};
        if (measure(layer[i].size, layer[i].cin, layer[i].cout, t) != 0) return EXIT_FAILURE;
        double flop = 2.0 * layer[i].size * layer[i].size * layer[i].cin * layer[i].cout;
        char name[64];
        snprintf(name, sizeof name, "%dx%d %d->%d", layer[i].size, layer[i].size, layer[i].cin, layer[i].cout);
        print_row(name, flop, t);
        for (int v = 0; v < MAX_VARIANTS; v++) total[v] += layer[i].times * t[v];
        flops += layer[i].times * flop;
    }
    print_row("all, as in V1 1.0", flops, total);
    return EXIT_SUCCESS;
}
