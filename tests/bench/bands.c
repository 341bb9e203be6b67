/* SPDX-License-Identifier: Apache-2.0
 * What bands of rows cost on this machine: each model with the same kernels layer by layer, by its plan, and with its rows
 * pushed. Turns alternate; the figure is the median of the turns' ratios of processor time.
 *
 * usage: bench_bands host|file ROUNDS MODEL.mnq...
 *   host  plans of wide bands, as `mnquant run` and `eval` use them; file: the plans of the file */
#include "mnq/host.h"
#include "mnq/mnq.h"
#include "pack/qmodel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WAYS = 3 };
static const char *const ways[WAYS] = {"layers", "bands", "pushed"};

struct bench {
    struct mnq_model layers, bands;
    uint8_t *arena, *picture;
    size_t size, picture_bytes, row;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double turn(const struct bench *b, int way)
{
    const struct mnq_model *m = way == 0 ? &b->layers : &b->bands;
    enum mnq_status s = MNQ_OK;
    double from = now();

    if (way < 2) {
        memcpy(mnq_input(m, b->arena), b->picture, b->picture_bytes);
        s = mnq_run(m, b->arena, b->size);
    } else {
        s = mnq_begin(m, b->arena, b->size);
        for (size_t at = 0; at < b->picture_bytes && s == MNQ_OK; at += b->row)
            s = mnq_push_rows(m, b->arena, b->size, b->picture + at, 1);
    }
    if (s != MNQ_OK) {
        fprintf(stderr, "bench_bands: %s\n", mnq_status_str(s));
        exit(1);
    }
    return now() - from;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *x, int n)
{
    qsort(x, (size_t)n, sizeof *x, by_value);
    return x[n / 2];
}

static void run(const char *path, const struct bench *b, int rounds)
{
    double *time = calloc((size_t)rounds * WAYS, sizeof *time), *ratio = calloc((size_t)rounds, sizeof *ratio);

    if (time == NULL || ratio == NULL) exit(1);
    for (int w = 0; w < WAYS; w++) turn(b, w);
    for (int i = 0; i < rounds; i++) /* each begins in turn, so that none always follows the same one */
        for (int k = 0; k < WAYS; k++) {
            const int w = (k + i) % WAYS;
            time[w * rounds + i] = turn(b, w);
        }
    printf("%s %s\n", path, b->bands.kernels->name);
    for (int w = 0; w < WAYS; w++) {
        const size_t ram = w == 0   ? mnq_arena_size(&b->layers)
                           : w == 1 ? mnq_arena_size(&b->bands)
                                    : mnq_stream_size(&b->bands);
        for (int i = 0; i < rounds; i++) ratio[i] = time[w * rounds + i] / time[i];
        const double r = median(ratio, rounds);
        for (int i = 0; i < rounds; i++) ratio[i] = time[w * rounds + i];
        printf("  %-6s %9zu bytes %9.3f ms  x%.3f\n", ways[w], ram, 1e3 * median(ratio, rounds), r);
    }
    free(time);
    free(ratio);
}

int main(int argc, char **argv)
{
    const bool host = argc > 3 && strcmp(argv[1], "host") == 0;

    if (argc < 4 || atoi(argv[2]) < 1 || (!host && strcmp(argv[1], "file") != 0)) {
        fprintf(stderr, "usage: bench_bands host|file ROUNDS MODEL.mnq...\n");
        return 2;
    }
    for (int i = 3; i < argc; i++) {
        struct mnq_arena memory = {0};
        struct mnq_package p;
        struct mnq_err e = {0};
        struct mnq_tensor in;
        struct bench b;

        if (mnq_package_open(argv[i], &p, &memory, &e) != 0 || mnq_package_prepare(&p, &memory, &e) != 0 ||
            (host && mnq_package_widen(&p, &memory, &e) != 0)) {
            fprintf(stderr, "bench_bands: %s\n", e.msg);
            return 1;
        }
        b.bands = b.layers = p.model;
        mnq_layer_by_layer(&b.layers);
        mnq_tensor_get(&b.bands, b.bands.input, &in);
        b.picture_bytes = in.size;
        b.row = in.size / in.h;
        b.size = mnq_arena_size(&b.layers) + mnq_arena_size(&b.bands) + mnq_stream_size(&b.bands);
        b.arena = aligned_alloc(64, (b.size + 63) / 64 * 64);
        b.picture = malloc(in.size);
        if (b.arena == NULL || b.picture == NULL) return 1;
        for (uint32_t k = 0, x = 1; k < in.size; k++, x = x * 1664525u + 1013904223u) b.picture[k] = (uint8_t)(x >> 24);
        run(argv[i], &b, atoi(argv[2]));
        free(b.arena);
        free(b.picture);
        mnq_arena_free(&memory);
    }
    return 0;
}
