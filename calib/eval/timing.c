/* SPDX-License-Identifier: Apache-2.0
 * Times integer models. */
#ifdef __linux__
#define _GNU_SOURCE /* sched_setaffinity */
#include <sched.h>
#endif

#include "timing.h"

#include "kernels.h"
#include "pack/qrun.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* One model with one table, ready to run. */
struct bench {
    struct mnq_model model;  /* as the file plans it */
    struct mnq_model single; /* layer by layer */
    unsigned char *arena;
    size_t size;
    double *whole;  /* [rounds] */
    double *layers; /* [n_layers][rounds] */
};

/* Milliseconds of processor time of this thread. */
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static bool pin(void)
{
#ifdef __linux__
    int cpu = sched_getcpu();
    cpu_set_t set;
    if (cpu < 0) return false;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    return sched_setaffinity(0, sizeof set, &set) == 0;
#else
    return false;
#endif
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The value below which `part` of them lie; sorts. */
static double quantile(double *v, int n, double part)
{
    qsort(v, (size_t)n, sizeof *v, ascending);
    return v[(int)(part * (double)(n - 1) + 0.5)];
}

static int prepare(struct bench *b, const struct mnq_package *p, const struct mnq_kernels *k, int rounds,
                   struct mnq_arena *arena, struct mnq_err *e)
{
    const size_t n = (size_t)p->q.n_layers, r = (size_t)rounds;
    b->model = p->model;
    b->model.kernels = k;
    b->model.packed = NULL;
    const size_t bytes = mnq_pack_bytes(&b->model);
    void *packed = mnq_arena_alloc(arena, bytes);
    if (packed == NULL || mnq_pack(&b->model, packed, bytes) != MNQ_OK) return mnq_fail_nomem(e);
    b->single = b->model;
    mnq_layer_by_layer(&b->single);
    const size_t planned = mnq_arena_size(&b->model), single = mnq_arena_size(&b->single);
    if (mnq_package_layers_arena(p, &b->size, e) != 0) return -1;
    b->size = planned > single ? planned : single;
    b->arena = mnq_arena_alloc(arena, b->size);
    b->whole = mnq_arena_array(arena, r, sizeof *b->whole);
    b->layers = mnq_arena_array(arena, n * r, sizeof *b->layers);
    return b->arena == NULL || b->whole == NULL || b->layers == NULL ? mnq_fail_nomem(e) : 0;
}

/* The same noise for every run; the arena is shared with other tensors, so it is made anew. */
static void fill_input(const struct mnq_model *m, struct bench *b, const struct mnq_package *p)
{
    unsigned char *x = mnq_input(m, b->arena);
    const size_t n = mnq_qtensor_bytes(&p->q.tensor[p->q.input]);
    uint32_t s = 1;
    for (size_t i = 0; i < n; i++) {
        s = s * 1664525u + 1013904223u;
        x[i] = (unsigned char)(s >> 24);
    }
}

static int one_round(struct bench *b, const struct mnq_package *p, int round, int rounds, struct mnq_err *e)
{
    enum mnq_status st;
    fill_input(&b->model, b, p);
    double start = now();
    st = mnq_run(&b->model, b->arena, b->size);
    const double whole = now() - start;
    if (st != MNQ_OK) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %s", p->file, mnq_status_str(st));
    fill_input(&b->single, b, p);
    for (int i = 0; i < p->q.n_layers; i++) {
        start = now();
        st = mnq_run_layer(&b->single, b->arena, b->size, (unsigned)i);
        const double ms = now() - start;
        if (st != MNQ_OK) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %s", p->file, mnq_status_str(st));
        if (round >= 0) b->layers[(size_t)i * (size_t)rounds + (size_t)round] = ms;
    }
    if (round >= 0) b->whole[round] = whole;
    return 0;
}

static int64_t tensor_bytes(const struct mnq_qmodel *q, int t)
{
    return t < 0 ? 0 : (int64_t)mnq_qtensor_bytes(&q->tensor[t]);
}

static int conclude(struct bench *b, const struct mnq_package *p, int rounds, struct mnq_timing *out,
                    struct mnq_arena *arena, struct mnq_err *e)
{
    const struct mnq_qmodel *q = &p->q;
    out->package = p;
    out->kernels = b->model.kernels;
    out->macs = p->macs;
    out->ms_min = quantile(b->whole, rounds, 0);
    out->ms_low = quantile(b->whole, rounds, 0.25);
    out->ms_median = quantile(b->whole, rounds, 0.5);
    out->ms_high = quantile(b->whole, rounds, 0.75);
    out->layer = mnq_arena_array(arena, (size_t)q->n_layers, sizeof *out->layer);
    if (out->layer == NULL) return mnq_fail_nomem(e);
    for (int i = 0; i < q->n_layers; i++) {
        const struct mnq_qlayer *l = &q->layer[i];
        const int64_t weights =
            l->w == NULL ? 0 : (int64_t)mnq_qlayer_weight_bytes(l, q->tensor[l->in0].shape.c, q->tensor[l->out].shape.c);
        double *const ms = b->layers + (size_t)i * (size_t)rounds;
        out->layer[i] = (struct mnq_timed_layer){.ms = quantile(ms, rounds, 0.5),
                                                 .ms_min = quantile(ms, rounds, 0),
                                                 .macs = l->macs,
                                                 .bytes = tensor_bytes(q, l->in0) + tensor_bytes(q, l->in1) +
                                                          tensor_bytes(q, l->out) + weights};
    }
    return 0;
}

/* ---- peak ---- */

enum { PIXELS = 24, INPUTS = 256, OUTPUTS = 32, CALLS = 30, RUNS = 3 };

static size_t rounded(size_t n)
{
    return (n + 63) / 64 * 64;
}

/* The best of RUNS; a round has few, for there are many rounds. */
static double peak_rate(const struct mnq_kernels *table)
{
    _Alignas(64) int8_t weights[INPUTS * OUTPUTS];
    _Alignas(64) static const int8_t shift[OUTPUTS] = {1};
    _Alignas(64) static const int32_t numbers[OUTPUTS] = {1 << 30};
    struct mnq_layer l = {.op = MNQ_L_PW,
                          .wtype = MNQ_W_S8,
                          .kh = 1,
                          .kw = 1,
                          .sh = 1,
                          .sw = 1,
                          .h = 1,
                          .w = PIXELS,
                          .c = INPUTS,
                          .oh = 1,
                          .ow = PIXELS,
                          .oc = OUTPUTS,
                          .weights = weights,
                          .q = {.bias = numbers, .mult = numbers, .shift = shift, .lo = -128, .hi = 127}};
    memset(weights, 1, sizeof weights); /* zeros might be skipped, and large ones take AVX2 longer */
    const size_t packed = table->packing == NULL ? 0 : rounded(table->packing->bytes(&l));
    void *const p = packed == 0 ? NULL : aligned_alloc(64, packed);
    size_t scratch;
    double best = 0;

    if (p != NULL) table->packing->pack(&l, p);
    l.packed = p;
    scratch = table->scratch_bytes == NULL ? 0 : table->scratch_bytes(&l);
    unsigned char *const memory = aligned_alloc(64, rounded(PIXELS * (INPUTS + OUTPUTS) + scratch));
    if (memory != NULL && (p != NULL || packed == 0)) {
        mnq_kernel *const f = mnq_kernel_for(table, &l);
        struct mnq_band b = mnq_band_whole(&l, memory + PIXELS * INPUTS, memory, NULL);
        memset(memory, 1, PIXELS * INPUTS);
        b.scratch = memory + PIXELS * (INPUTS + OUTPUTS);
        b.scratch_bytes = scratch;
        for (int r = 0; r < RUNS; r++) {
            const double start = now();
            for (int i = 0; i < CALLS; i++) f(&l, &b);
            const double rate = (double)PIXELS * INPUTS * OUTPUTS * CALLS / (now() - start) * 1e-6;
            if (rate > best) best = rate;
        }
    }
    free(memory);
    free(p);
    return best;
}

/* ---- public ---- */

int mnq_timing_run(const struct mnq_package *model, int n_models, const struct mnq_kernels *const *table, int n_tables,
                   int rounds, struct mnq_timing *out, double *peak, bool *pinned, struct mnq_arena *arena,
                   struct mnq_err *e)
{
    const int n = n_models * n_tables;
    struct bench *b = mnq_arena_array(arena, (size_t)n, sizeof *b);
    if (b == NULL) return mnq_fail_nomem(e);
    for (int i = 0; i < n; i++)
        if (prepare(&b[i], &model[i / n_tables], table[i % n_tables], rounds, arena, e) != 0) return -1;
    *pinned = pin();
    for (int k = 0; k < n_tables; k++) peak[k] = 0;
    for (int r = -1; r < rounds; r++) {
        for (int i = 0; i < n; i++)
            if (one_round(&b[i], &model[i / n_tables], r, rounds, e) != 0) return -1;
        for (int k = 0; k < n_tables; k++) {
            const double rate = peak_rate(table[k]);
            if (rate > peak[k]) peak[k] = rate;
        }
    }
    for (int i = 0; i < n; i++)
        if (conclude(&b[i], &model[i / n_tables], rounds, &out[i], arena, e) != 0) return -1;
    return 0;
}
