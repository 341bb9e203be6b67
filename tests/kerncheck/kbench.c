/* SPDX-License-Identifier: Apache-2.0
 * Times kernels on real layer shapes with the processor's clock; rates are multiply-accumulates per second (elements
 * for operators without any). */
#include "kbench.h"

#include "kcase.h"

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

/* Calls per second of one kernel, over at least a fifth of a second. */
static double rate(mnq_kernel *f, const struct mnq_kcase *k, void *out)
{
    long calls = 0, batch = 1;
    clock_t start, now;

    f(&k->l, out, k->g[KA_IN0].p, k->g[KA_IN1].p);
    start = clock();
    do {
        for (long i = 0; i < batch; i++) f(&k->l, out, k->g[KA_IN0].p, k->g[KA_IN1].p);
        calls += batch;
        batch *= 2;
        now = clock();
    } while (now - start < CLOCKS_PER_SEC / 5);
    return (double)calls * (double)CLOCKS_PER_SEC / (double)(now - start);
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
        double ref = rate(mnq_kcase_kernel(&mnq_kernels_generic, &k.l), &k, out.p) * (double)k.macs * 1e-6;
        double own = t == &mnq_kernels_generic ? ref : rate(mnq_kcase_kernel(t, &k.l), &k, out.p) * (double)k.macs * 1e-6;
        printf("%-30s %8.1f M/s %8.1f M/s %6.2fx\n", shapes[i].what, own, ref, own / ref);
        mnq_guard_free(&out);
        mnq_kcase_free(&k);
    }
}
