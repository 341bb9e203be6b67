/* SPDX-License-Identifier: Apache-2.0
 * Lossless shrink on random networks: the outputs stay identical, and what is dead leaves. */
#include "kernels.h"
#include "quantize/interval.h"
#include "pack/qrun.h"
#include "quantize/shrink.h"

#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { LAYERS = 9, H = 6 };

/* image -> CONV s2 -> DW -> PW a -> (AVGPOOL 1x1 gate) MUL -> PW b -> ADD(a, b) -> global pool -> PW logits. */
struct plan_entry {
    uint8_t op, act;
    int in0, in1, k, stride, pad, c;
};
static const struct plan_entry plan[LAYERS] = {
    {MNQ_L_CONV, MNQ_A_CLAMP, 0, -1, 3, 2, 1, 8}, {MNQ_L_DWCONV, MNQ_A_CLAMP, 1, -1, 3, 1, 1, 8},
    {MNQ_L_PW, MNQ_A_HSWISH, 2, -1, 1, 1, 0, 10}, {MNQ_L_AVGPOOL, MNQ_A_CLAMP, 3, -1, 3, 1, 0, 10},
    {MNQ_L_MUL, MNQ_A_CLAMP, 3, 4, 1, 1, 0, 10},  {MNQ_L_PW, MNQ_A_CLAMP, 5, -1, 1, 1, 0, 10},
    {MNQ_L_ADD, MNQ_A_CLAMP, 3, 6, 1, 1, 0, 10},  {MNQ_L_AVGPOOL, MNQ_A_CLAMP, 7, -1, 3, 1, 0, 10},
    {MNQ_L_PW, MNQ_A_CLAMP, 8, -1, 1, 1, 0, 4},
};

static int below(int n)
{
    return rand() % n;
}

static void *array(struct mnq_arena *arena, int n, size_t size)
{
    void *p = mnq_arena_array(arena, (size_t)n, size);
    assert_non_null(p);
    return p;
}

/* Compressed weights of a PW layer with cin inputs; a column is zero where the format has zeros. */
static void add_compressed(struct mnq_qlayer *l, int wtype, int cin, int cout, struct mnq_arena *arena)
{
    int dead = below(cin), block = 1 << below(3);
    while (cin % block != 0) block /= 2;
    l->wtype = (uint8_t)wtype;
    l->w_count = (size_t)(cin * cout);
    l->w = array(arena, cin * cout, mnq_qlayer_wide(l) ? 2 : 1);
    if (wtype == MNQ_W_SPARSE || wtype == MNQ_W_SPARSE4) l->block = block;
    if (wtype == MNQ_W_BINARY) l->bases = 1 + below(4);
    if (l->bases > 1) l->coef = array(arena, cout * l->bases, 2);
    for (int i = 0; i < cout * l->bases && l->coef != NULL; i++) l->coef[i] = (int16_t)(1 + below(40));
    for (int i = 0; i < cin * cout; i++) {
        int v = 2 * below(2) - 1;
        if (wtype == MNQ_W_S4) v = i % cin == dead ? 0 : below(15) - 7;
        if (wtype == MNQ_W_TERNARY) v = i % cin == dead ? 0 : below(3) - 1;
        if (wtype == MNQ_W_SPARSE) v = i % cin == dead || below(2) ? 0 : below(255) - 127;
        if (wtype == MNQ_W_SPARSE4) v = i % cin == dead || below(2) ? 0 : below(15) - 7;
        for (int m = 0; m < l->bases; m++) {
            if (m == 0) v = 0;
            v += (2 * below(2) - 1) * (l->coef != NULL ? l->coef[i / cin * l->bases + m] : 1);
        }
        if (mnq_qlayer_wide(l)) ((int16_t *)l->w)[i] = (int16_t)v;
        else ((int8_t *)l->w)[i] = (int8_t)v;
    }
    if (wtype != MNQ_W_XNOR) return;
    l->threshold = array(arena, cin, 2);
    for (int c = 0; c < cin; c++) l->threshold[c] = (int16_t)(below(200) - 130);
}

static void add_layer(struct mnq_qmodel *q, const struct plan_entry *p, struct mnq_arena *arena)
{
    int k = q->n_layers++, t = k + 1;
    struct mnq_qlayer *l = &q->layer[k];
    const struct mnq_qtensor *in = &q->tensor[p->in0];
    bool last = k == LAYERS - 1;
    int oh = (in->shape.h + 2 * p->pad - p->k) / p->stride + 1;
    q->tensor[t] = (struct mnq_qtensor){{oh, oh, p->c}, last ? MNQ_S16 : MNQ_S8, last ? 0 : -128 + below(60), NULL, 0, NULL};
    q->tensor[t].scale = array(arena, p->c, sizeof(float));
    *l = (struct mnq_qlayer){.name = "l",
                             .op = p->op,
                             .act = p->act,
                             .frac = p->act == MNQ_A_CLAMP ? 0 : 10,
                             .in0 = p->in0,
                             .in1 = p->in1,
                             .out = t,
                             .kh = p->k,
                             .kw = p->k,
                             .sh = p->stride,
                             .sw = p->stride,
                             .pt = p->pad,
                             .pl = p->pad,
                             .pb = p->pad,
                             .pr = p->pad,
                             .mult = p->op == MNQ_L_DWCONV ? 1 : 0,
                             .lo = last ? -32768 : q->tensor[t].zp,
                             .hi = last ? 32767 : 127};
    l->bias = array(arena, p->c, 4);
    l->m = array(arena, p->c, 4);
    l->r = array(arena, p->c, 1);
    l->m2 = array(arena, p->c, 4);
    l->r2 = array(arena, p->c, 1);
    for (int c = 0; c < p->c; c++) {
        q->tensor[t].scale[c] = (float)(c + 1);
        l->bias[c] = p->op == MNQ_L_MUL ? 0
                     : below(3) == 0    ? -2000000
                                        : below(4000) - 2000; /* a third of the channels is dead */
        l->m[c] = (1 << 30) + below(1 << 30);
        l->r[c] = (int8_t)(p->op == MNQ_L_AVGPOOL ? 2 : p->act == MNQ_A_HSWISH ? 1 : p->op == MNQ_L_ADD ? 13 : 4);
        l->m2[c] = 1 << 30;
        l->r2[c] = 15;
    }
    if (p->op == MNQ_L_AVGPOOL || p->op == MNQ_L_MUL) return;
    if (p->op == MNQ_L_PW && below(3) > 0) {
        static const int types[] = {MNQ_W_S4, MNQ_W_SPARSE, MNQ_W_BINARY, MNQ_W_XNOR, MNQ_W_SPARSE4, MNQ_W_TERNARY};
        add_compressed(l, types[below(6)], in->shape.c, p->c, arena);
        return;
    }
    bool wide = p->op == MNQ_L_ADD || below(3) == 0;
    int taps = p->op == MNQ_L_ADD ? 2 : p->k * p->k, depth = p->op == MNQ_L_CONV || p->op == MNQ_L_PW ? in->shape.c : 1;
    l->w_count = (size_t)(taps * depth * p->c);
    l->wtype = wide ? MNQ_W_S16 : MNQ_W_S8;
    l->w = array(arena, (int)l->w_count, 2);
    int dead_column = below(depth);
    for (size_t i = 0; i < l->w_count; i++) {
        int v = depth > 1 && (int)(i % (size_t)depth) == dead_column ? 0 : below(255) - 127;
        if (wide) ((int16_t *)l->w)[i] = (int16_t)v;
        else ((int8_t *)l->w)[i] = (int8_t)v;
    }
    if (p->op != MNQ_L_CONV && p->op != MNQ_L_DWCONV) return;
    l->pad = array(arena, in->shape.c, 1);
    memset(l->pad, in->zp, (size_t)in->shape.c);
}

static struct mnq_qmodel make(struct mnq_arena *arena)
{
    struct mnq_qmodel q = {.arena = arena, .n_tensors = LAYERS + 1, .input = 0, .output = LAYERS};
    q.tensor = array(arena, LAYERS + 1, sizeof *q.tensor);
    q.layer = array(arena, LAYERS, sizeof *q.layer);
    q.tensor[0] = (struct mnq_qtensor){{H, H, 3}, MNQ_U8, below(100) - 50, array(arena, 3, sizeof(float)), 0, NULL};
    for (int k = 0; k < LAYERS; k++) add_layer(&q, &plan[k], arena);
    for (int k = 0; k < LAYERS; k++) q.layer[k].macs = mnq_qlayer_macs(&q, &q.layer[k]);
    return q;
}

/* Runs q; every tensor is left in t. Checks the intervals on the way when iv is given. */
static void run(const struct mnq_qmodel *q, const uint8_t *input, const struct mnq_interval *iv, int16_t *out)
{
    static _Alignas(16) uint8_t t[LAYERS + 1][1024];
    memcpy(t[0], input, H * H * 3);
    for (int k = 0; k < LAYERS; k++) {
        const struct mnq_qlayer *l = &q->layer[k];
        assert_true(mnq_qtensor_bytes(&q->tensor[l->out]) <= sizeof t[0]);
        struct mnq_err e = {0};
        struct mnq_qready *r = mnq_qready_new(q, l, &mnq_kernels_generic, 1, &e);
        assert_non_null(r);
        mnq_qready_run(r, 0, t[l->out], t[l->in0], l->in1 < 0 ? NULL : t[l->in1]);
        mnq_qready_free(r);
        if (iv == NULL) continue;
        const struct mnq_qtensor *o = &q->tensor[l->out];
        for (int i = 0; i < o->shape.h * o->shape.w * o->shape.c; i++) {
            int v = o->dtype == MNQ_S16 ? ((int16_t *)(void *)t[l->out])[i] : (int8_t)t[l->out][i], c = i % o->shape.c;
            assert_true(v >= iv[l->out].lo[c] && v <= iv[l->out].hi[c]);
        }
    }
    memcpy(out, t[LAYERS], 4 * sizeof *out);
}

static void outputs_stay(void **state)
{
    (void)state;
    int64_t before = 0, after = 0;
    for (unsigned seed = 0; seed < 200; seed++) {
        struct mnq_arena arena = {0};
        struct mnq_err e = {0};
        struct mnq_shrink_report r;
        struct mnq_interval iv[LAYERS + 1];
        srand(seed);
        struct mnq_qmodel q = make(&arena), small;
        srand(seed);
        small = make(&arena);
        assert_int_equal(mnq_intervals(&q, iv, &arena, &e), 0);
        assert_int_equal(mnq_shrink(&small, &r, &e), 0);
        assert_int_equal(small.tensor[0].shape.c, 3);
        assert_int_equal(small.tensor[LAYERS].shape.c, 4);
        before += r.macs_before;
        after += r.macs_after;
        for (int i = 0; i < 40; i++) {
            uint8_t input[H * H * 3];
            int16_t a[4], b[4];
            for (size_t p = 0; p < sizeof input; p++) input[p] = i == 0 ? 0 : i == 1 ? 255 : (uint8_t)rand();
            run(&q, input, iv, a);
            run(&small, input, NULL, b);
            assert_memory_equal(a, b, sizeof a);
        }
        mnq_arena_free(&arena);
    }
    assert_true(after < before * 3 / 4); /* a third of the channels is dead by construction */
}

static void twice_changes_nothing_more(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 50; seed++) {
        struct mnq_arena arena = {0};
        struct mnq_err e = {0};
        struct mnq_shrink_report r;
        srand(seed);
        struct mnq_qmodel q = make(&arena);
        assert_int_equal(mnq_shrink(&q, &r, &e), 0);
        assert_int_equal(mnq_shrink(&q, &r, &e), 0);
        assert_int_equal(r.macs_before, r.macs_after);
        mnq_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(outputs_stay), cmocka_unit_test(twice_changes_nothing_more)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
