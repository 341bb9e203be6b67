/* SPDX-License-Identifier: Apache-2.0
 * Compressed weights on the host: packed, read back and run, they are what the host took them for. */
#include "kernels.h"
#include "pack/qmodel.h"
#include "pack/weights.h"
#include "pack/qrun.h"
#include "util/file.h"

#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { SIDE = 5, MAX_C = 70 };

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

static int random_weight(const struct mnq_qlayer *l, int o, int kept)
{
    int sum = 0;
    if (l->wtype == MNQ_W_S4) return below(15) - 7;
    if (l->wtype == MNQ_W_TERNARY) return below(3) - 1;
    if (l->wtype == MNQ_W_SPARSE) return kept ? below(255) - 127 : 0;
    if (l->wtype == MNQ_W_SPARSE4) return kept ? below(15) - 7 : 0;
    if (l->coef == NULL) return 2 * below(2) - 1;
    for (int m = 0; m < l->bases; m++) sum += (2 * below(2) - 1) * l->coef[o * l->bases + m];
    return sum;
}

static void set_weight(struct mnq_qlayer *l, size_t i, int v)
{
    if (mnq_qlayer_wide(l)) ((int16_t *)l->w)[i] = (int16_t)v;
    else ((int8_t *)l->w)[i] = (int8_t)v;
}

/* One PW layer of SIDE * SIDE pixels. */
static struct mnq_qmodel make(struct mnq_arena *arena, int wtype, enum mnq_dtype dtype)
{
    struct mnq_qmodel q = {.arena = arena, .n_tensors = 2, .n_layers = 1, .output = 1, .tool = "t", .source_name = "s"};
    struct mnq_err e = {0};
    int cin = 1 + below(MAX_C), cout = 1 + below(40), kept = 1;
    assert_int_equal(mnq_preprocess_named(&q.preprocess, "none", 3, &e), 0);
    q.recipe = "x: 1\n";
    q.tensor = array(arena, 2, sizeof *q.tensor);
    q.layer = array(arena, 1, sizeof *q.layer);
    q.tensor[0] = (struct mnq_qtensor){{SIDE, SIDE, cin}, dtype, 0, array(arena, cin, sizeof(float)), 0, NULL};
    q.tensor[1] = (struct mnq_qtensor){{SIDE, SIDE, cout}, MNQ_S16, 0, array(arena, cout, sizeof(float)), 0, NULL};
    struct mnq_qlayer *l = &q.layer[0];
    *l = (struct mnq_qlayer){.name = "l", .op = MNQ_L_PW, .wtype = (uint8_t)wtype, .in1 = -1, .out = 1, .kh = 1, .kw = 1};
    l->sh = l->sw = 1, l->lo = -32768, l->hi = 32767, l->in_max = dtype == MNQ_S16 ? 32768 : 128;
    if (wtype == MNQ_W_SPARSE || wtype == MNQ_W_SPARSE4) l->block = 1 << below(5);
    while (l->block > 1 && cin % l->block != 0) l->block /= 2;
    if (wtype == MNQ_W_BINARY) l->bases = 1 + below(4);
    if (l->bases > 1) l->coef = array(arena, cout * l->bases, 2);
    for (int i = 0; i < cout * l->bases && l->coef != NULL; i++) l->coef[i] = (int16_t)(1 + below(200));
    l->w_count = (size_t)(cin * cout);
    l->w = array(arena, cin * cout, mnq_qlayer_wide(l) ? 2 : 1);
    for (int i = 0; i < cin * cout; i++) {
        if (l->block > 0 && i % l->block == 0) kept = below(2);
        set_weight(l, (size_t)i, random_weight(l, i / cin, kept));
    }
    if (wtype == MNQ_W_XNOR) l->threshold = array(arena, cin, 2);
    for (int c = 0; c < cin && wtype == MNQ_W_XNOR; c++) l->threshold[c] = (int16_t)(below(256) - 128);
    l->bias = array(arena, cout, 4), l->m = array(arena, cout, 4), l->r = array(arena, cout, 1);
    for (int o = 0; o < cout; o++) {
        l->bias[o] = below(2000) - 1000;
        l->m[o] = (1 << 30) + below(1 << 30);
        l->r[o] = (int8_t)(dtype == MNQ_S16 ? 8 : 1);
    }
    return q;
}

static int32_t accumulator(const struct mnq_qmodel *q, const void *x, int p, int o)
{
    const struct mnq_qlayer *l = &q->layer[0];
    int cin = q->tensor[0].shape.c;
    int32_t acc = l->bias[o];
    for (int i = 0; i < cin; i++) {
        int32_t v = mnq_qtensor_at(&q->tensor[0], x, (size_t)(p * cin + i));
        if (l->threshold != NULL) v = v >= l->threshold[i] ? 256 : -256;
        acc += v * mnq_qlayer_weight(l, (size_t)(o * cin + i));
    }
    return acc;
}

/* META speaks of pictures, which have no more than four channels: the section gets a name that no reader looks for. */
static void hide_meta(uint8_t *file, size_t n)
{
    uint8_t *row = file + 48;
    while (memcmp(row, "META", 4) != 0) row += 16;
    row[0] = 'X';
    uint32_t crc = mnq_bytes_crc32(0, file + 16, n - 16);
    for (int i = 0; i < 4; i++) file[12 + i] = (uint8_t)(crc >> 8 * i);
}

static void one(int wtype, enum mnq_dtype dtype)
{
    static _Alignas(16) uint8_t in[SIDE * SIDE * MAX_C * 2], out[SIDE * SIDE * 40 * 2], memory[1 << 16];
    struct mnq_arena arena = {0};
    struct mnq_err e = {0};
    struct mnq_package p;
    uint8_t *bytes;
    size_t n;
    struct mnq_qmodel q = make(&arena, wtype, dtype);
    struct mnq_qlayer *l = &q.layer[0];
    int cin = q.tensor[0].shape.c, cout = q.tensor[1].shape.c;
    assert_int_equal(mnq_qmodel_plan(&q, &e), 0);
    if (mnq_qmodel_pack(&q, &bytes, &n, &e) != 0) fail_msg("%s", e.msg);
    assert_int_equal(bytes[6], wtype == MNQ_W_TERNARY ? 6 : wtype == MNQ_W_SPARSE4 ? 5 : 1); /* minor version */
    hide_meta(bytes, n);
    if (mnq_package_parse("m.mnq", bytes, n, &p, &arena, &e) != 0) fail_msg("%s", e.msg);
    const struct mnq_qlayer *r = &p.q.layer[0];
    assert_int_equal(r->wtype, wtype);
    assert_int_equal(r->w_count, l->w_count);
    assert_int_equal(r->block, l->block);
    assert_int_equal(r->bases, l->bases);
    for (size_t i = 0; i < l->w_count; i++) assert_int_equal(mnq_qlayer_weight(r, i), mnq_qlayer_weight(l, i));
    if (l->coef != NULL) assert_memory_equal(r->coef, l->coef, (size_t)(2 * cout * l->bases));
    if (l->threshold != NULL) assert_memory_equal(r->threshold, l->threshold, (size_t)(2 * cin));
    const uint8_t *size = p.model.layr + 32;
    assert_int_equal(size[0] + 256 * size[1], mnq_qlayer_weight_bytes(l, cin, cout));
    assert_int_equal(mnq_qlayer_weight_bytes(r, cin, cout), mnq_qlayer_weight_bytes(l, cin, cout));

    for (size_t i = 0; i < sizeof in; i++) in[i] = (uint8_t)rand();
    struct mnq_qready *ready = mnq_qready_new(&q, l, &mnq_kernels_generic, 1, &e);
    assert_non_null(ready);
    mnq_qready_run(ready, 0, out, in, NULL);
    mnq_qready_free(ready);
    p.model.kernels = &mnq_kernels_generic;
    assert_true(mnq_arena_size(&p.model) <= sizeof memory);
    memcpy(mnq_input(&p.model, memory + 0), in, mnq_qtensor_bytes(&q.tensor[0]));
    assert_int_equal(mnq_run(&p.model, memory, sizeof memory), MNQ_OK);
    assert_memory_equal(mnq_output(&p.model, memory), out, mnq_qtensor_bytes(&q.tensor[1]));

    int64_t sum[40], taps[MAX_C] = {0};
    int32_t scratch[3 * MAX_C];
    assert_int_equal(mnq_qlayer_tap_sums(&q, l, in, taps, scratch), SIDE * SIDE);
    mnq_qlayer_acc_sums(&q, l, taps, SIDE * SIDE, sum);
    for (int o = 0; o < cout; o++) {
        int64_t want = 0;
        for (int k = 0; k < SIDE * SIDE; k++) {
            int32_t acc = accumulator(&q, in, k, o);
            want += acc;
            assert_true(labs((long)acc - l->bias[o]) <= (long)mnq_qlayer_reach(l, o, cout));
        }
        assert_int_equal(sum[o], want);
    }
    mnq_arena_free(&arena);
}

static void packed_is_what_runs(void **state)
{
    (void)state;
    srand(1);
    for (int k = 0; k < 60; k++)
        for (int wtype = MNQ_W_S4; wtype <= MNQ_W_TERNARY; wtype++)
            if (wtype != MNQ_W_MAP) one(wtype, (enum mnq_dtype)(k % 3));
}

/* Weights that the format cannot say are refused with the layer's name. */
static void impossible(void **state)
{
    static const struct {
        int wtype, value;
        const char *says;
    } bad[] = {{MNQ_W_S4, 8, "-7..7"},      {MNQ_W_S4, -8, "-7..7"},     {MNQ_W_SPARSE4, 8, "-7..7"},
               {MNQ_W_SPARSE4, -8, "-7..7"}, {MNQ_W_TERNARY, 2, "-1, 0 and 1"},
               {MNQ_W_TERNARY, -2, "-1, 0 and 1"}, {MNQ_W_XNOR, 0, "-1 and 1"}, {MNQ_W_BINARY, 3001, "bases"}};
    (void)state;
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        struct mnq_arena arena = {0};
        struct mnq_err e = {0};
        uint8_t *bytes;
        size_t n;
        struct mnq_qmodel q = make(&arena, bad[k].wtype, MNQ_S8);
        set_weight(&q.layer[0], q.layer[0].w_count - 1, bad[k].value);
        assert_int_equal(mnq_qmodel_plan(&q, &e), 0);
        assert_int_equal(mnq_qmodel_pack(&q, &bytes, &n, &e), -1);
        assert_non_null(strstr(e.msg, bad[k].says));
        assert_non_null(strstr(e.msg, "layer l: weight"));
        mnq_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(packed_is_what_runs), cmocka_unit_test(impossible)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
