/* SPDX-License-Identifier: Apache-2.0
 * What a model asks for is told before it runs, and what proving it takes is bounded by its size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mnq_bytes.h"
#include "plan_layout.h"
#include "check.h"
#include "record.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- operations ---- */

static uint64_t operations(struct mnq_bytes *b)
{
    struct mnq_model m;
    size_t n;
    uint8_t *f = mnq_bytes_file(b, &n);

    assert_int_equal(mnq_model_load(&m, f, n), MNQ_OK);
    const uint64_t all = mnq_operations(&m);
    free(f);
    mnq_bytes_free(b);
    return all;
}

#define LAYER(...) mnq_bytes_random_layer(&b, &(struct mnq_bytes_op){__VA_ARGS__})

/* Each operator alone on 6 x 5 x 4, by hand. */
static void test_operators(void **state)
{
    static const struct {
        struct mnq_bytes_op op;
        uint64_t wanted;
    } layers[] = {
        {{.op = MNQ_L_CONV, .wtype = MNQ_W_S8, .oc = 3, .kh = 3, .kw = 2}, 4 * 4 * 3 * (3 * 2 * 4 + 1)},
        {{.op = MNQ_L_CONV, .wtype = MNQ_W_S16, .oc = 3, .kh = 3, .kw = 2, .sh = 2, .sw = 2}, 2 * 2 * 3 * (3 * 2 * 4 + 1)},
        {{.op = MNQ_L_DWCONV, .wtype = MNQ_W_S16, .kh = 3, .kw = 3, .mult = 2}, 4 * 3 * 8 * (9 + 1)},
        {{.op = MNQ_L_PW, .wtype = MNQ_W_S8, .oc = 7}, 6 * 5 * 7 * (4 + 1)},
        {{.op = MNQ_L_PW, .wtype = MNQ_W_S4, .oc = 7}, 6 * 5 * 7 * (4 + 1)},
        {{.op = MNQ_L_AVGPOOL, .kh = 6, .kw = 5}, 4 * (30 + 1)},
        {{.op = MNQ_L_AVGPOOL, .kh = 2, .kw = 2}, 5 * 4 * 4 * (4 + 1)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) {
        struct mnq_bytes b = {.random = 3};
        b.input = mnq_bytes_tensor(&b, 6, 5, 4, MNQ_U8, 0);
        mnq_bytes_random_layer(&b, &layers[i].op);
        assert_int_equal(operations(&b), layers[i].wanted);
    }
}

/* Layers are added up; signs of several bases count for each. */
static void test_sum(void **state)
{
    struct mnq_bytes b = {.random = 5};

    (void)state;
    b.input = mnq_bytes_tensor(&b, 3, 3, 32, MNQ_U8, 0);
    LAYER(.op = MNQ_L_PW, .wtype = MNQ_W_BINARY, .oc = 8);
    const unsigned bases = b.layer[0].mult;
    LAYER(.op = MNQ_L_PW, .wtype = MNQ_W_S8, .in0 = 1, .oc = 6, .wide_out = 1);
    assert_int_equal(operations(&b), 9 * 8 * (32 * bases + 1) + 9 * 6 * (8 + 1));
}

/* The records alone, larger than any arena: 2^64 is passed by the second layer. */
static void test_saturates(void **state)
{
    static uint8_t tens[2 * MNQ_TENSOR_BYTES], layr[2 * MNQ_LAYER_BYTES];
    struct mnq_model m = {.tens = tens, .layr = layr, .n_tensors = 2, .n_layers = 1};

    (void)state;
    for (int t = 0; t < 2; t++) memset(tens + t * MNQ_TENSOR_BYTES, 0xff, 6);
    for (int k = 0; k < 2; k++) {
        uint8_t *r = layr + k * MNQ_LAYER_BYTES;
        r[0] = MNQ_L_AVGPOOL;
        r[8] = 1;
        r[10] = r[11] = 255;
    }
    const uint64_t one = (uint64_t)65535 * 65535 * 65535 * (255 * 255 + 1);
    assert_true(mnq_operations(&m) == one);
    m.n_layers = 2;
    assert_true(mnq_operations(&m) == UINT64_MAX);
}

/* ---- shared arrays ---- */

/* `layers` layers of C to C channels in a row, whose weights begin `apart` bytes after one another's; tensors take turns. */
static enum mnq_status load_shared(unsigned c, unsigned layers, uint32_t apart, unsigned *bad)
{
    struct mnq_bytes b = {.n_layers = 0};
    const size_t weights = (size_t)c * c + (size_t)apart * layers;
    int8_t *const w = calloc(weights, 1);
    int32_t *const zero = calloc(c, sizeof *zero);
    struct mnq_model m;
    size_t n;

    assert_true(w != NULL && zero != NULL);
    const uint32_t at = mnq_bytes_array(&b, w, 1, weights), bias = mnq_bytes_array(&b, zero, 4, c);
    const uint32_t shift = mnq_bytes_array(&b, zero, 1, c);
    for (unsigned i = 0; i <= layers; i++) mnq_bytes_tensor(&b, 1, 1, c, MNQ_S8, 0);
    for (unsigned i = 0; i <= layers; i++) b.tensor[i].offset = i % 2 ? (c + 15) / 16 * 16 : 0;
    for (unsigned i = 0; i < layers; i++)
        mnq_bytes_layer(&b, &(struct mnq_bytes_layer){.op = MNQ_L_PW,
                                                      .wtype = MNQ_W_S8,
                                                      .in0 = i,
                                                      .in1 = MNQ_BYTES_NO_TENSOR,
                                                      .out = i + 1,
                                                      .kh = 1,
                                                      .kw = 1,
                                                      .sh = 1,
                                                      .sw = 1,
                                                      .lo = -128,
                                                      .hi = 127,
                                                      .weights = at + i * apart,
                                                      .weights_size = c * c,
                                                      .bias = bias,
                                                      .m = bias,
                                                      .r = shift,
                                                      .m2 = MNQ_BYTES_NONE,
                                                      .r2 = MNQ_BYTES_NONE,
                                                      .pad = MNQ_BYTES_NONE});
    b.output = layers;
    free(w);
    free(zero);
    uint8_t *f = mnq_bytes_file(&b, &n);
    const enum mnq_status s = mnq_model_load(&m, f, n);
    *bad = m.bad;
    free(f);
    mnq_bytes_free(&b);
    return s;
}

/* Layers of 1,024 channels that FORMAT.md lets share an array of as many weights. */
static unsigned most_shared(uint32_t c, uint32_t data)
{
    return (unsigned)(((uint64_t)data * 8 + (4 << 20)) / (c * c + c * 17));
}

static void test_shared_arrays(void **state)
{
    enum { C = 1024, DATA = C * C + 4 * C + C };
    const unsigned most = most_shared(C, DATA);
    unsigned bad;

    (void)state;
    assert_in_range(most, 8, 60);
    assert_int_equal(load_shared(C, most, 0, &bad), MNQ_OK);
    assert_int_equal(load_shared(C, most + 1, 0, &bad), MNQ_E_FORMAT);
    assert_int_equal(bad, most);
}

/* Overlapping arrays are no way round it, nor are small ones that many layers name: those are cheap. */
static void test_overlapping_arrays(void **state)
{
    enum { C = 1024 };
    unsigned bad;

    (void)state;
    assert_int_equal(load_shared(C, 40, 16, &bad), MNQ_E_FORMAT);
    assert_int_equal(bad, most_shared(C, C * C + 40 * 16 + 5 * C));
    assert_int_equal(load_shared(32, 60, 0, &bad), MNQ_OK);
}

/* ---- rows of a plan ---- */

enum { TALL = 65535 };

static void put(uint8_t *p, uint32_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) p[i] = (uint8_t)(v >> 8 * i);
}

static uint32_t get(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* A plan of one stage in which every step makes a row of each of n layers, the input whole, then rings of one row. */
static uint8_t *plan_bytes(unsigned n, size_t *size)
{
    const unsigned end = (TALL + 15) / 16 * 16 + 16 * n, state_bytes = (mnq_progress_bytes(n) + 15) / 16 * 16;
    *size = MNQ_PLAN_HEADER + (n + 1) * MNQ_PLACE_BYTES + MNQ_STAGE_BYTES + TALL * MNQ_STEP_BYTES;
    uint8_t *const plan = calloc(*size + 15, 1), *at = plan + MNQ_PLAN_HEADER;

    assert_non_null(plan);
    put(plan, end + TALL + 1 + state_bytes, 4);
    put(plan + 4, end + TALL + 1, 4);
    put(plan + 8, TALL, 4);
    put(plan + 12, 1, 2);
    for (unsigned t = 0; t <= n; t++, at += MNQ_PLACE_BYTES) { /* the last one is the output, whole */
        put(at, t == 0 ? 0 : (TALL + 15) / 16 * 16 + 16 * (t - 1), 4);
        put(at + 4, t == 0 || t == n ? TALL : 1, 2);
        put(at + 6, t == 0 ? MNQ_NO_LAYER : t - 1, 2);
        put(at + 8, t == n ? MNQ_NO_LAYER : t, 2);
    }
    put(at, n, 2);
    put(at + 2, MNQ_NO_TENSOR, 2);
    put(at + 4, TALL, 4);
    for (unsigned i = 0; i < TALL; i++) at[MNQ_STAGE_BYTES + 2 * i + 1] = (uint8_t)n;
    *size = (*size + 15) / 16 * 16;
    return plan;
}

/* Loads n layers on columns of TALL pixels with that plan. */
static enum mnq_status load_tall(unsigned n)
{
    struct mnq_bytes b = {.random = 9};
    struct mnq_model m;
    size_t size, more;

    b.input = mnq_bytes_tensor(&b, TALL, 1, 1, MNQ_U8, 0);
    for (unsigned i = 0; i < n; i++) LAYER(.op = MNQ_L_PW, .wtype = MNQ_W_S8, .in0 = i, .oc = 1);
    uint8_t *const plain = mnq_bytes_file(&b, &size), *const plan = plan_bytes(n, &more);
    const uint32_t sections = get(plain + 16), table = MNQ_HEADER_BYTES + MNQ_SECTION_BYTES * sections;
    const size_t plan_size = MNQ_PLAN_HEADER + (n + 1) * MNQ_PLACE_BYTES + MNQ_STAGE_BYTES + TALL * MNQ_STEP_BYTES;
    uint8_t *const f = aligned_alloc(16, size + 16 + more);

    assert_non_null(f);
    memcpy(f, plain, table);
    memcpy(f + table + 16, plain + table, size - table);
    memcpy(f + size + 16, plan, more);
    for (uint32_t i = 0; i < sections; i++) {
        uint8_t *const at = f + MNQ_HEADER_BYTES + MNQ_SECTION_BYTES * i + 4;
        put(at, get(at) + 16, 4);
    }
    memcpy(f + table, "PLAN", 4);
    put(f + table + 4, (uint32_t)size + 16, 4);
    put(f + table + 8, (uint32_t)plan_size, 4);
    put(f + table + 12, 0, 4);
    put(f + 16, sections + 1, 4);
    f[6] = 2;
    size += 16 + more;
    put(f + 8, (uint32_t)size, 4);
    mnq_bytes_seal(f, size);
    const enum mnq_status s = mnq_model_load(&m, f, size);
    free(plain);
    free(plan);
    free(f);
    mnq_bytes_free(&b);
    return s;
}

static void test_rows_of_a_plan(void **state)
{
    (void)state;
    assert_int_equal(load_tall(3), MNQ_OK);
    assert_int_equal(load_tall(MNQ_STAGE_ROWS / TALL), MNQ_OK);
    const clock_t before = clock();
    assert_int_equal(load_tall(MNQ_STAGE_ROWS / TALL + 1), MNQ_E_FORMAT);
    assert_true((double)(clock() - before) / CLOCKS_PER_SEC < 2);
}

/* ---- the memory plan ---- */

static uint64_t reads; /* records that were looked at */

void __real_mnq_links_read(const struct mnq_model *m, unsigned i, struct mnq_links *l);
void __wrap_mnq_links_read(const struct mnq_model *m, unsigned i, struct mnq_links *l);
void __wrap_mnq_links_read(const struct mnq_model *m, unsigned i, struct mnq_links *l)
{
    reads++;
    __real_mnq_links_read(m, i, l);
}

void __real_mnq_tensor_read(const struct mnq_model *m, unsigned i, struct mnq_tensor *t);
void __wrap_mnq_tensor_read(const struct mnq_model *m, unsigned i, struct mnq_tensor *t);
void __wrap_mnq_tensor_read(const struct mnq_model *m, unsigned i, struct mnq_tensor *t)
{
    reads++;
    __real_mnq_tensor_read(m, i, t);
}

/* Layers that each add the first one's output to what the one in front made: one tensor lives all the time, or, apart, every
 * layer reads what was made half of all layers earlier, so that all live half of the time. */
static void plan_reads(unsigned layers, unsigned apart)
{
    struct mnq_bytes b = {.random = 7};
    struct mnq_model m;
    size_t n;

    b.input = mnq_bytes_tensor(&b, 1, 1, 4, MNQ_U8, 0);
    for (unsigned i = 0; i < 2; i++) LAYER(.op = MNQ_L_PW, .wtype = MNQ_W_S8, .in0 = i, .oc = 4);
    for (unsigned i = 2; i < layers; i++)
        LAYER(.op = MNQ_L_ADD, .wtype = MNQ_W_S16, .in0 = i, .in1 = i > apart ? i - apart : 1);
    uint8_t *f = mnq_bytes_file(&b, &n);
    assert_int_equal(mnq_model_load(&m, f, n), MNQ_OK);
    reads = 0;
    assert_int_equal(mnq_check_plan(&m), MNQ_OK);
    const uint64_t pairs = (uint64_t)m.n_tensors * m.n_layers;
    assert_true(reads >= pairs && reads <= 3 * pairs + m.n_tensors + 3 * m.n_layers);
    free(f);
    mnq_bytes_free(&b);
}

/* mnq.h: three times tensors * layers. */
static void test_memory_plan(void **state)
{
    (void)state;
    plan_reads(20, 20);
    plan_reads(40, 1);
    plan_reads(40, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operators),          cmocka_unit_test(test_sum),
        cmocka_unit_test(test_saturates),          cmocka_unit_test(test_shared_arrays),
        cmocka_unit_test(test_overlapping_arrays), cmocka_unit_test(test_rows_of_a_plan),
        cmocka_unit_test(test_memory_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
