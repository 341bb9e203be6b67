/* SPDX-License-Identifier: Apache-2.0
 * Times kernels on real layer shapes with the processor's clock; rates are multiply-accumulates per second (elements
 * for operators without any). */
#include "kbench.h"

#include "kready.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* op, wtype, kernel, stride, padding, input side, channels in and out, S16 inputs */
static const struct {
    const char *what;
    uint8_t op, wtype, k, s, p;
    int32_t side, c, oc;
    uint8_t in16, in16b;
} shapes[] = {
    {"conv 3x3/2 96x96x3-8 s16", MNQ_L_CONV, MNQ_W_S16, 3, 2, 1, 96, 3, 8, 0, 0},
    {"conv 3x3/2 224x224x3-32 s8", MNQ_L_CONV, MNQ_W_S8, 3, 2, 1, 224, 3, 32, 0, 0},
    {"dwconv 3x3/1 24x24x64 s16", MNQ_L_DWCONV, MNQ_W_S16, 3, 1, 1, 24, 64, 64, 0, 0},
    {"dwconv 3x3/2 56x56x128 s16", MNQ_L_DWCONV, MNQ_W_S16, 3, 2, 1, 56, 128, 128, 0, 0},
    {"dwconv 5x5/1 14x14x96 s8", MNQ_L_DWCONV, MNQ_W_S8, 5, 1, 2, 14, 96, 96, 0, 0},
    {"pw 48x48x8-16 s16", MNQ_L_PW, MNQ_W_S16, 1, 1, 0, 48, 8, 16, 0, 0},
    {"pw 14x14x128-128 s8", MNQ_L_PW, MNQ_W_S8, 1, 1, 0, 14, 128, 128, 0, 0},
    {"pw 14x14x512-512 s8", MNQ_L_PW, MNQ_W_S8, 1, 1, 0, 14, 512, 512, 0, 0},
    {"dense 1024-1000 s8", MNQ_L_PW, MNQ_W_S8, 1, 1, 0, 1, 1024, 1000, 0, 0},
    {"avgpool 7x7x1024", MNQ_L_AVGPOOL, MNQ_W_NONE, 7, 1, 0, 7, 1024, 1024, 0, 0},
    {"add 28x28x32", MNQ_L_ADD, MNQ_W_S16, 1, 1, 0, 28, 32, 32, 0, 0},
    {"mul 14x14x96", MNQ_L_MUL, MNQ_W_NONE, 1, 1, 0, 14, 96, 96, 0, 0},
    {"dwconv 3x3/1 24x24x64 s16 a16", MNQ_L_DWCONV, MNQ_W_S16, 3, 1, 1, 24, 64, 64, 1, 0},
    {"pw 14x14x128-128 s8 a16", MNQ_L_PW, MNQ_W_S8, 1, 1, 0, 14, 128, 128, 1, 0},
    {"pw 14x14x128-128 s16 a16", MNQ_L_PW, MNQ_W_S16, 1, 1, 0, 14, 128, 128, 1, 0},
    {"avgpool 7x7x1024 a16", MNQ_L_AVGPOOL, MNQ_W_NONE, 7, 1, 0, 7, 1024, 1024, 1, 0},
    {"add 28x28x32 a8 a16", MNQ_L_ADD, MNQ_W_S16, 1, 1, 0, 28, 32, 32, 0, 1},
    {"softmax 1000", MNQ_L_SOFTMAX, MNQ_W_NONE, 1, 1, 0, 1, 1000, 1000, 1, 0},
    {"logistic 1000", MNQ_L_LOGISTIC, MNQ_W_NONE, 1, 1, 0, 1, 1000, 1000, 1, 0},
};

/* The 1x1 layers of MobileNet V1 1.0 at 224x224 and its classifier: pixels, channels in and out. */
static const int32_t pw_shapes[][3] = {{12544, 32, 64}, {3136, 128, 128}, {784, 256, 256},
                                       {196, 512, 512}, {49, 1024, 1024}, {1, 1024, 1000}};

/* Weight types to compare with S8; percent of zeros of SPARSE and SPARSE4, block length or bases. */
static const struct {
    const char *what;
    uint8_t wtype, zeros, field;
} formats[] = {
    {"s4", MNQ_W_S4, 0, 0},
    {"ternary", MNQ_W_TERNARY, 0, 0},
    {"sparse 0 %", MNQ_W_SPARSE, 0, 1},
    {"sparse 50 %", MNQ_W_SPARSE, 50, 1},
    {"sparse 80 %", MNQ_W_SPARSE, 80, 1},
    {"sparse 90 %", MNQ_W_SPARSE, 90, 1},
    {"sparse 80 %, blocks of 4", MNQ_W_SPARSE, 80, 4},
    {"sparse4 50 %", MNQ_W_SPARSE4, 50, 1},
    {"sparse4 80 %", MNQ_W_SPARSE4, 80, 1},
    {"binary x1", MNQ_W_BINARY, 0, 1},
    {"binary x3", MNQ_W_BINARY, 0, 3},
    {"xnor", MNQ_W_XNOR, 0, 0},
};

/* Calls per second of one kernel, over at least a fifth of a second. */
static double rate(const struct mnq_kernels *t, const struct mnq_kcase *k, void *out)
{
    long calls = 0, batch = 1;
    struct mnq_kready r;
    clock_t start, now;

    mnq_kready_make(&r, k, t, k->l.op, 1);
    mnq_kready_whole(&r, k, out);
    start = clock();
    do {
        for (long i = 0; i < batch; i++) mnq_kready_whole(&r, k, out);
        calls += batch;
        batch *= 2;
        now = clock();
    } while (now - start < CLOCKS_PER_SEC / 5);
    mnq_kready_free(&r);
    return (double)calls * (double)CLOCKS_PER_SEC / (double)(now - start);
}

/* Seconds of one call, the processor's time. */
static double once(const struct mnq_kready *r, const struct mnq_kcase *k, void *out)
{
    const clock_t start = clock();
    mnq_kready_whole(r, k, out);
    return (double)(clock() - start) / (double)CLOCKS_PER_SEC;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Median times of two kernels, called in turn. */
static void medians(const struct mnq_kernels *t, const struct mnq_kcase *a, const struct mnq_kcase *b, double m[2])
{
    enum { CALLS = 15 };
    double s[2][CALLS];
    struct mnq_kready r[2];
    struct mnq_guard out = mnq_guard_new(a->out_bytes, 0);

    mnq_kready_make(&r[0], a, t, a->l.op, 1);
    mnq_kready_make(&r[1], b, t, b->l.op, 1);
    for (int i = 0; i < CALLS; i++) {
        s[0][i] = once(&r[0], a, out.p);
        s[1][i] = once(&r[1], b, out.p);
    }
    for (int i = 0; i < 2; i++) {
        qsort(s[i], CALLS, sizeof s[i][0], ascending);
        m[i] = s[i][CALLS / 2];
        mnq_kready_free(&r[i]);
    }
    mnq_guard_free(&out);
}

void mnq_kbench_compressed(const struct mnq_kernels *t)
{
    printf("%-24s %-25s %12s %12s %7s\n", "compressed 1x1 layer", "weights", "s8", t->name, "time");
    for (size_t i = 0; i < sizeof pw_shapes / sizeof *pw_shapes; i++) {
        struct mnq_layer l = {.op = MNQ_L_PW, .wtype = MNQ_W_S8, .kh = 1, .kw = 1, .sh = 1, .sw = 1, .w = 1, .ow = 1};
        struct mnq_kcase dense, packed;
        l.h = l.oh = pw_shapes[i][0], l.c = pw_shapes[i][1], l.oc = pw_shapes[i][2];
        mnq_kcase_shaped(&dense, &l, 0, 1);
        for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
            double m[2];
            char shape[40];
            l.wtype = formats[f].wtype, l.mult = formats[f].field;
            mnq_kcase_shaped(&packed, &l, formats[f].zeros, 1);
            packed.scratch = (size_t)l.c * 32; /* as in the middle of a network */
            medians(t, &dense, &packed, m);
            snprintf(shape, sizeof shape, "%ldx%ldx%ld", (long)l.h, (long)l.c, (long)l.oc);
            printf("%-24s %-25s %8.3f ms  %8.3f ms  %6.2fx\n", shape, formats[f].what, 1e3 * m[0], 1e3 * m[1], m[1] / m[0]);
            mnq_kcase_free(&packed);
        }
        mnq_kcase_free(&dense);
    }
}

void mnq_kbench(const struct mnq_kernels *t, int op)
{
    printf("%-30s %12s %12s %7s\n", "layer", t->name, "generic", "ratio");
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct mnq_layer l = {.op = shapes[i].op,
                              .wtype = shapes[i].wtype,
                              .in16 = shapes[i].in16,
                              .in16b = shapes[i].in16b,
                              .kh = shapes[i].k,
                              .kw = shapes[i].k,
                              .sh = shapes[i].s,
                              .sw = shapes[i].s,
                              .pt = shapes[i].p,
                              .pl = shapes[i].p,
                              .mult = shapes[i].op == MNQ_L_DWCONV,
                              .h = shapes[i].side,
                              .w = shapes[i].side,
                              .c = shapes[i].c,
                              .oc = shapes[i].oc};
        struct mnq_kcase k;

        if (op && op != l.op) continue;
        l.oh = l.ow = (l.h + 2 * l.pt - l.kh) / l.sh + 1;
        mnq_kcase_shaped(&k, &l, 0, 1);
        struct mnq_guard out = mnq_guard_new(k.out_bytes, 0);
        double ref = rate(&mnq_kernels_generic, &k, out.p) * (double)k.macs * 1e-6;
        double own = t == &mnq_kernels_generic ? ref : rate(t, &k, out.p) * (double)k.macs * 1e-6;
        printf("%-30s %8.1f M/s %8.1f M/s %6.2fx\n", shapes[i].what, own, ref, own / ref);
        mnq_guard_free(&out);
        mnq_kcase_free(&k);
    }
}
