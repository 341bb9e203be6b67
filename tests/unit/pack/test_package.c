/* SPDX-License-Identifier: Apache-2.0
 * Packing an integer model and reading it back: every field survives, damage is refused. */
#include "kernels.h"
#include "mnq_bytes.h"
#include "pack/qmodel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* Image 4x4x3 -> depthwise-free little network: PW (8 channels) -> average pool -> PW 16-bit (5, S16) -> softmax. */
static struct mnq_qmodel make(struct mnq_arena *arena)
{
    static const char *const classes[] = {"rose \"red\"", "daisy", "tulip", "\xc3\xa9t\xc3\xa9", "x"};
    static int8_t w0[24];
    static int16_t w2[40];
    static int32_t bias[8] = {1, -2, 3, -4, 5, -6, 7, -8}, m[8];
    static int8_t r[8];
    static float scale[4][8];
    for (int i = 0; i < 24; i++) w0[i] = (int8_t)(i * 7 % 255 - 127);
    for (int i = 0; i < 40; i++) w2[i] = (int16_t)(i * 1234 % 65535 - 32767);
    for (int i = 0; i < 8; i++) {
        m[i] = (1 << 30) + i;
        r[i] = (int8_t)(i + 1);
        for (int t = 0; t < 4; t++) scale[t][i] = t == 2 ? 0.25f : 0.125f + (float)(i + t);
    }
    struct mnq_qmodel q = {.arena = arena,
                           .n_tensors = 5,
                           .n_layers = 4,
                           .input = 0,
                           .output = 4,
                           .classes = classes,
                           .n_classes = 5,
                           .tool = "mnquant test",
                           .source_name = "a\nb.h5",
                           .source_crc = 0xdeadbeef,
                           .recipe = "x: 1\n"};
    q.preprocess = (struct mnq_preprocess){.name = "custom",
                                           .channels = 3,
                                           .scale = {0.1f, 1.0f / 3, 3e-8f},
                                           .offset = {-1, 0, 2},
                                           .source = {2, 1, 0},
                                           .resize = MNQ_RESIZE_CROP,
                                           .filter = MNQ_FILTER_TF};
    q.tensor = mnq_arena_array(arena, 5, sizeof *q.tensor);
    q.layer = mnq_arena_array(arena, 4, sizeof *q.layer);
    assert_non_null(q.tensor);
    assert_non_null(q.layer);
    q.tensor[0] = (struct mnq_qtensor){{4, 4, 3}, MNQ_U8, 5, scale[0], 0, NULL};
    q.tensor[1] = (struct mnq_qtensor){{4, 4, 8}, MNQ_S8, -128, scale[1], 0, NULL};
    q.tensor[2] = (struct mnq_qtensor){{1, 1, 8}, MNQ_S8, -3, scale[1], 0, NULL};
    q.tensor[3] = (struct mnq_qtensor){{1, 1, 5}, MNQ_S16, 0, scale[2], 0, NULL};
    q.tensor[4] = (struct mnq_qtensor){{1, 1, 5}, MNQ_S16, 0, scale[2], 0, NULL};
    struct mnq_qlayer base = {.kh = 1, .kw = 1, .sh = 1, .sw = 1, .in1 = -1, .bias = bias, .m = m, .r = r, .acc_bits = 17};
    for (int k = 0; k < 4; k++) {
        q.layer[k] = base;
        q.layer[k].in0 = k;
        q.layer[k].out = k + 1;
        q.layer[k].lo = k < 2 ? -128 : -32768;
        q.layer[k].hi = k < 2 ? 127 : 32767;
    }
    q.layer[0].name = "pw";
    q.layer[0].op = MNQ_L_PW, q.layer[0].wtype = MNQ_W_S8, q.layer[0].w = w0, q.layer[0].w_count = 24;
    q.layer[0].act = MNQ_A_HSWISH, q.layer[0].frac = 11, q.layer[0].m2 = m, q.layer[0].r2 = r;
    q.layer[1].name = "pool";
    q.layer[1].op = MNQ_L_AVGPOOL, q.layer[1].kh = q.layer[1].kw = 4;
    q.layer[2].name = "dense";
    q.layer[2].op = MNQ_L_PW, q.layer[2].wtype = MNQ_W_S16, q.layer[2].w = w2, q.layer[2].w_count = 40;
    q.layer[3].name = "softmax";
    q.layer[3].op = MNQ_L_SOFTMAX, q.layer[3].bias = NULL, q.layer[3].lo = 0;
    return q;
}

static void assert_array(const void *a, const void *b, size_t n)
{
    assert_true((a == NULL) == (b == NULL));
    if (a != NULL) assert_memory_equal(a, b, n);
}

static void round_trip(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    struct mnq_err e = {0};
    struct mnq_package p;
    uint8_t *bytes, *again;
    size_t n, n2;
    struct mnq_qmodel q = make(&arena);
    int origin[8] = {0, 1, 4, 5, 6, 9, 20, 21};
    q.tensor[1].origin = origin;
    assert_int_equal(mnq_qmodel_plan(&q, &e), 0);
    if (mnq_qmodel_pack(&q, &bytes, &n, &e) != 0) fail_msg("%s", e.msg);
    assert_int_equal(mnq_qmodel_pack(&q, &again, &n2, &e), 0);
    assert_int_equal(n, n2);
    assert_memory_equal(bytes, again, n);
    if (mnq_package_parse("m.mnq", bytes, n, &p, &arena, &e) != 0) fail_msg("%s", e.msg);

    assert_int_equal(p.q.n_tensors, q.n_tensors);
    assert_int_equal(p.q.arena_bytes, q.arena_bytes);
    for (int t = 0; t < q.n_tensors; t++) {
        const struct mnq_qtensor *a = &q.tensor[t], *b = &p.q.tensor[t];
        assert_memory_equal(&a->shape, &b->shape, sizeof a->shape);
        assert_int_equal(a->dtype, b->dtype);
        assert_int_equal(a->zp, b->zp);
        assert_int_equal(a->offset, b->offset);
        assert_memory_equal(a->scale, b->scale, (size_t)a->shape.c * sizeof *a->scale);
    }
    for (int k = 0; k < q.n_layers; k++) {
        const struct mnq_qlayer *a = &q.layer[k], *b = &p.q.layer[k];
        size_t c = k == 3 ? 1 : (size_t)q.tensor[a->out].shape.c;
        assert_string_equal(a->name, b->name);
        assert_int_equal(a->op, b->op);
        assert_int_equal(a->act, b->act);
        assert_int_equal(a->frac, b->frac);
        assert_int_equal(a->lo, b->lo);
        assert_int_equal(a->hi, b->hi);
        assert_int_equal(a->kh, b->kh);
        assert_int_equal(a->acc_bits, b->acc_bits);
        assert_int_equal(a->w_count, b->w_count);
        assert_array(a->w, b->w, a->w_count * (a->wtype == MNQ_W_S16 ? 2 : 1));
        assert_array(a->bias, b->bias, c * 4);
        assert_array(a->m, b->m, c * 4);
        assert_array(a->r, b->r, c);
        assert_array(a->m2, b->m2, c * 4);
        assert_array(a->r2, b->r2, c);
    }
    assert_memory_equal(p.q.tensor[1].origin, origin, sizeof origin);
    assert_null(p.q.tensor[2].origin);
    assert_memory_equal(q.preprocess.scale, p.q.preprocess.scale, 3 * sizeof(float));
    assert_memory_equal(q.preprocess.source, p.q.preprocess.source, 3 * sizeof(int));
    assert_int_equal(p.q.preprocess.resize, MNQ_RESIZE_CROP);
    assert_int_equal(p.q.preprocess.filter, MNQ_FILTER_TF);
    assert_string_equal(p.q.preprocess.name, "custom");
    for (int i = 0; i < 5; i++) assert_string_equal(p.q.classes[i], q.classes[i]);
    assert_string_equal(p.q.source_name, "a\nb.h5");
    assert_int_equal(p.q.source_crc, 0xdeadbeef);
    assert_string_equal(p.q.recipe, "x: 1\n");
    assert_int_equal(p.macs, 4 * 4 * 3 * 8 + 40);
    mnq_arena_free(&arena);
}

static void uniform_scale_in_the_record(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    struct mnq_err e = {0};
    struct mnq_package p;
    struct mnq_tensor t;
    uint8_t *bytes;
    size_t n;
    struct mnq_qmodel q = make(&arena);
    assert_int_equal(mnq_qmodel_plan(&q, &e), 0);
    assert_int_equal(mnq_qmodel_pack(&q, &bytes, &n, &e), 0);
    assert_int_equal(mnq_package_parse("m.mnq", bytes, n, &p, &arena, &e), 0);
    assert_int_equal(mnq_tensor_get(&p.model, 3, &t), MNQ_OK);
    assert_true(ldexp(t.scale_mantissa, t.scale_exponent) == 0.25);
    assert_int_equal(mnq_tensor_get(&p.model, 1, &t), MNQ_OK);
    assert_int_equal(t.scale_mantissa, 0);
    mnq_arena_free(&arena);
}

static void damage_is_refused(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    struct mnq_err e = {0};
    struct mnq_package p;
    uint8_t *bytes;
    size_t n;
    struct mnq_qmodel q = make(&arena);
    assert_int_equal(mnq_qmodel_plan(&q, &e), 0);
    assert_int_equal(mnq_qmodel_pack(&q, &bytes, &n, &e), 0);
    for (size_t i = 0; i < n; i += 3) {
        if (i == 6) continue; /* the minor version may be anything */
        struct mnq_err bad = {0};
        bytes[i] ^= 0x10;
        if (mnq_package_parse("m.mnq", bytes, n, &p, &arena, &bad) == 0) fail_msg("byte %zu damaged, accepted", i);
        assert_true(bad.code == MNQ_EXIT_FAILED && strncmp(bad.msg, "m.mnq: ", 7) == 0);
        bytes[i] ^= 0x10;
    }
    for (size_t cut = 0; cut < n; cut += 5) {
        struct mnq_err bad = {0};
        assert_int_equal(mnq_package_parse("m.mnq", bytes, cut, &p, &arena, &bad), -1);
    }
    mnq_arena_free(&arena);
}

static void an_overflowing_layer_does_not_pack(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    struct mnq_err e = {0};
    uint8_t *bytes;
    size_t n;
    struct mnq_qmodel q = make(&arena);
    int32_t big[8] = {INT32_MAX};
    q.layer[0].bias = big;
    assert_int_equal(mnq_qmodel_plan(&q, &e), 0);
    assert_int_equal(mnq_qmodel_pack(&q, &bytes, &n, &e), -1);
    assert_non_null(strstr(e.msg, "does not load"));
    mnq_arena_free(&arena);
}

/* ---- files that ask for more than they are worth, quant/BUDGETS.md ---- */

/* One line that says what is too much. */
static void refused(const struct mnq_bytes *b, const char *why)
{
    struct mnq_arena arena = {0};
    struct mnq_err e = {0};
    struct mnq_package p;
    size_t n;
    uint8_t *f = mnq_bytes_file(b, &n);
    const int rc = mnq_package_parse("m.mnq", f, n, &p, &arena, &e);

    if (why == NULL && rc != 0) fail_msg("%s", e.msg);
    if (why != NULL && (rc == 0 || strstr(e.msg, why) == NULL)) fail_msg("%s: %s", rc == 0 ? "accepted" : e.msg, why);
    assert_int_equal(e.code, why == NULL ? 0 : MNQ_EXIT_FAILED);
    assert_null(strchr(e.msg, '\n'));
    free(f);
    mnq_arena_free(&arena);
}

/* A pool, or a convolution without padding, over most of a picture: few bytes, endless sums. */
static void endless_sums_are_refused(void **state)
{
    static const struct {
        unsigned op, side, kernel;
        const char *why;
    } c[] = {
        {MNQ_L_AVGPOOL, 600, 255, NULL},
        {MNQ_L_AVGPOOL, 1000, 255, "m.mnq: a run takes 36188009416 operations, at most 17180"},
        {MNQ_L_DWCONV, 1200, 200, "operations"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        struct mnq_bytes b = {.random = 1};
        b.input = mnq_bytes_tensor(&b, c[i].side, c[i].side, 1, MNQ_U8, 0);
        mnq_bytes_random_layer(&b, &(struct mnq_bytes_op){.op = c[i].op,
                                                          .wtype = c[i].op == MNQ_L_DWCONV ? MNQ_W_S8 : MNQ_W_NONE,
                                                          .kh = c[i].kernel,
                                                          .kw = c[i].kernel});
        refused(&b, c[i].why);
        mnq_package_allow((uint64_t)1 << 40);
        refused(&b, NULL); /* for who wants it */
        mnq_package_allow(1000);
        refused(&b, "operations, at most 1000 are made");
        mnq_package_allow(0);
        mnq_bytes_free(&b);
    }
}

/* Tensors that take gigabytes. */
static void endless_memory_is_refused(void **state)
{
    struct mnq_bytes b = {.random = 1};
    (void)state;
    b.input = mnq_bytes_tensor(&b, 32768, 32768, 1, MNQ_U8, 0);
    mnq_bytes_random_layer(&b, &(struct mnq_bytes_op){.op = MNQ_L_PW, .wtype = MNQ_W_S8, .oc = 1});
    refused(&b, "m.mnq: a run takes 21475");
    mnq_bytes_free(&b);
}

/* Scales of many channels, and weights that are hardly stored. */
static void endless_weights_are_refused(void **state)
{
    enum { WIDE = 65520 };
    struct mnq_bytes b = {.random = 1};
    (void)state;
    b.input = mnq_bytes_tensor(&b, 1, 1, WIDE, MNQ_U8, 0);
    b.output = mnq_bytes_tensor(&b, 1, 1, WIDE, MNQ_S8, 0);
    uint8_t *const nothing = calloc((size_t)WIDE * 512, 1);
    assert_non_null(nothing);
    struct mnq_bytes_layer l = {
        .op = MNQ_L_PW, .wtype = MNQ_W_SPARSE, .in1 = MNQ_BYTES_NO_TENSOR, .out = 1, .lo = -128, .hi = 127};
    l.kh = l.kw = l.sh = l.sw = 1;
    l.mult = 16;
    l.weights_size = WIDE * ((WIDE / 16 + 7) / 8);
    l.weights = mnq_bytes_array(&b, nothing, 1, l.weights_size);
    l.bias = l.m = mnq_bytes_array(&b, nothing, 4, WIDE);
    l.r = l.bias;
    l.m2 = l.r2 = l.pad = MNQ_BYTES_NONE;
    mnq_bytes_layer(&b, &l);
    free(nothing);
    refused(&b, "m.mnq: its weights and scales are 42933");
    mnq_bytes_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(round_trip),
                                       cmocka_unit_test(uniform_scale_in_the_record),
                                       cmocka_unit_test(damage_is_refused),
                                       cmocka_unit_test(endless_sums_are_refused),
                                       cmocka_unit_test(endless_memory_is_refused),
                                       cmocka_unit_test(endless_weights_are_refused),
                                       cmocka_unit_test(an_overflowing_layer_does_not_pack)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
