/* SPDX-License-Identifier: Apache-2.0
 * Every operator and activation in a small network, float to integers: the packed model is near the float one, and the
 * oracle computes its very bits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "builder.h"
#include "coloured_set.h"
#include "calibrate.h"
#include "graph/activation.h"
#include "graph/exec.h"
#include "import/import.h"
#include "oracle.h"
#include "pack/keras_write.h"
#include "passes/passes.h"
#include "tempdir.h"

#include <math.h>

enum { SIDE = 12, PICTURES = 40 };
static const double LEAST_DB = 28;

static struct mnq_dataset *dataset;
static struct mnq_preprocess preprocess;

static int setup(void **state)
{
    struct mnq_err e = {0};
    (void)state;
    dataset = mnq_coloured_open(PICTURES, SIDE, 3);
    assert_int_equal(mnq_preprocess_named(&preprocess, "tf", 3, &e), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mnq_coloured_close(dataset);
    return 0;
}

/* ---- one network ---- */

struct world {
    struct mnq_arena arena;
    struct builder b;
    struct mnq_graph legal;
    struct mnq_qmodel q;
    struct mnq_calib_report r;
    struct mnq_package p;
    struct mnq_err e;
};

/* What stands between the first convolution, whose node is x, and the last one; returns its result. */
typedef int middle(struct builder *b, int x, int parameter);

static double decibels(const struct world *w, const char *name)
{
    struct mnq_exec *x = mnq_exec_new(&w->b.g, false, &(struct mnq_err){0});
    size_t n = mnq_elements(w->b.g.node[w->b.g.output].out), bytes = mnq_arena_size(&w->p.model);
    uint8_t *arena = aligned_alloc(16, (bytes + 15) / 16 * 16), *pixels = malloc(SIDE * SIDE * 3),
            *oracle = malloc(2 * n + 16);
    float *in = malloc(SIDE * SIDE * 3 * sizeof *in), *got = malloc(n * sizeof *got);
    double mean = 0, square = 0, noise = 0;
    assert_true(x != NULL && arena != NULL && pixels != NULL && oracle != NULL && in != NULL && got != NULL);
    for (int i = 0; i < PICTURES; i++) {
        assert_int_equal(mnq_dataset_load(dataset, i, &preprocess, pixels, &(struct mnq_err){0}), 0);
        mnq_preprocess_apply(&preprocess, pixels, SIDE * SIDE, in);
        const float *want = mnq_exec_run(x, in, NULL, NULL);
        memcpy(mnq_input(&w->p.model, arena), pixels, SIDE * SIDE * 3);
        assert_int_equal(mnq_run(&w->p.model, arena, bytes), MNQ_OK);
        const struct mnq_qtensor *t = &w->p.q.tensor[w->p.q.output];
        mnq_dequantize(t, mnq_output(&w->p.model, arena), got);
        long size = mnq_oracle_run(w->p.bytes, w->p.n_bytes, pixels, oracle, 2 * n);
        if (size != (long)(2 * n) || memcmp(oracle, mnq_output(&w->p.model, arena), 2 * n) != 0)
            fail_msg("%s: the oracle gives other bits", name);
        for (size_t k = 0; k < n; k++) {
            mean += (double)want[k];
            square += (double)want[k] * (double)want[k];
            noise += ((double)got[k] - (double)want[k]) * ((double)got[k] - (double)want[k]);
        }
    }
    double count = (double)n * PICTURES, signal = square - mean * mean / count;
    mnq_exec_free(x);
    free(arena);
    free(pixels);
    free(oracle);
    free(in);
    free(got);
    return noise > 0 ? 10 * log10(signal / noise) : 99;
}

/* The graph as Keras would store it, read back: the same function. */
static void through_keras(struct world *w, const char *name, struct mnq_graph *back)
{
    const struct mnq_graph *g = &w->b.g;
    struct mnq_import_opts o = {0};
    char path[500];
    snprintf(path, sizeof path, "%s", mnq_temp_path("net.h5"));
    if (mnq_keras_write(g, path, &w->e) != 0) fail_msg("%s: %s", name, w->e.msg);
    if (mnq_import(path, &o, back, &w->arena, &w->e) != 0) fail_msg("%s: %s", name, w->e.msg);
    size_t n = mnq_elements(g->node[g->output].out);
    const float *in = random_array(&w->b, mnq_elements(g->node[0].out), -1, 1);
    struct mnq_exec *x = mnq_exec_new(g, false, &w->e), *y = mnq_exec_new(back, false, &w->e);
    assert_true(x != NULL && y != NULL);
    const float *want = mnq_exec_run(x, in, NULL, NULL), *got = mnq_exec_run(y, in, NULL, NULL);
    float top = 0;
    for (size_t i = 0; i < n; i++) top = fmaxf(top, fabsf(want[i]));
    for (size_t i = 0; i < n; i++)
        if (!(fabsf(want[i] - got[i]) <= 1e-5F * top)) fail_msg("%s: %g, wanted %g", name, (double)got[i], (double)want[i]);
    mnq_exec_free(x);
    mnq_exec_free(y);
}

enum { NO_KERAS = 1, WHOLE = 2 }; /* no Keras form; the network is all of it */

static void check(const char *name, middle *m, int parameter, int how, double least)
{
    struct world *w = calloc(1, sizeof *w);
    struct mnq_calib_opts o;
    struct mnq_graph back;
    size_t n;
    uint8_t *bytes;
    assert_non_null(w);
    struct builder *b = &w->b;
    builder_init(b, &w->arena, 3);
    int x = input(b, SIDE, SIDE, 3);
    if (!(how & WHOLE)) x = conv(b, x, 8, 3, 1, 1, true);
    x = m(b, x, parameter);
    if (!(how & WHOLE)) conv(b, x, 4, 1, 1, 0, true);
    if (!(how & NO_KERAS)) through_keras(w, name, &back);
    if (mnq_graph_legalize(how & NO_KERAS ? &b->g : &back, &w->legal, &w->arena, &w->e) != 0)
        fail_msg("%s: %s", name, w->e.msg);
    mnq_calib_defaults(&o);
    o.threads = 2;
    if (mnq_calibrate(&w->legal, dataset, &preprocess, &o, &w->q, &w->r, &w->arena, NULL, NULL, &w->e) != 0)
        fail_msg("%s: %s", name, w->e.msg);
    w->q.tool = w->q.source_name = w->q.recipe = "x";
    if (mnq_qmodel_pack(&w->q, &bytes, &n, &w->e) != 0) fail_msg("%s: %s", name, w->e.msg);
    if (mnq_package_parse("x.mnq", bytes, n, &w->p, &w->arena, &w->e) != 0) fail_msg("%s: %s", name, w->e.msg);
    double db = decibels(w, name);
    print_message("%-24s %6.1f dB\n", name, db);
    if (!(db > least)) fail_msg("%s: %.1f dB", name, db);
    mnq_arena_free(&w->arena);
    free(w);
}

/* ---- activations ---- */

static int make_curve(struct builder *b, int x, int act)
{
    float max = act == MNQ_ACT_RELU_MAX ? 0.4f : HUGE_VALF;
    return curve(b, x, (enum mnq_act)act, 0.3f, max);
}

static void activations(void **state)
{
    (void)state;
    for (int act = MNQ_ACT_RELU; act < MNQ_ACT_COUNT; act++)
        check(mnq_act_name((enum mnq_act)act), make_curve, act, act == MNQ_ACT_GELU_TANH ? NO_KERAS : 0, LEAST_DB);
}

/* ---- operators ---- */

static int relu(struct builder *b, int x)
{
    return act(b, x, MNQ_ACT_RELU, 0);
}

static int make_maxpool(struct builder *b, int x, int pad)
{
    return pad ? maxpool_same(b, relu(b, x), 3, 2) : maxpool(b, relu(b, x), 3, 2, 0);
}

static int make_counted(struct builder *b, int x, int k)
{
    return avgpool_same(b, x, k, 1, k / 2);
}

static int make_concat(struct builder *b, int x, int relus)
{
    int y = dwconv(b, x, 1, 3, 1, 1, true);
    return concat(b, relus ? relu(b, x) : x, relu(b, y));
}

static int make_shuffle(struct builder *b, int x, int n)
{
    return pick(b, x, n);
}

static int make_upsample(struct builder *b, int x, int bilinear)
{
    return upsample(b, x, 2, 3, bilinear != 0);
}

static int make_tconv(struct builder *b, int x, int k)
{
    return relu(b, batchnorm(b, tconv(b, x, 6, k, 2, k % 2 == 0)));
}

static int make_groups(struct builder *b, int x, int groups)
{
    return conv_apart(b, relu(b, x), 8, 3, groups, 1);
}

static int make_dilated(struct builder *b, int x, int dilation)
{
    return conv_apart(b, relu(b, x), 6, 3, 1, dilation);
}

static int make_crop(struct builder *b, int x, int by)
{
    return crop(b, pad(b, x, by, 0, 0, by), by, by, 1, 0);
}

/* Two tensors; `kind` says what of the second stands for all. */
static int second(struct builder *b, int x, int kind)
{
    int y = conv(b, relu(b, x), kind & 1 ? 1 : 8, 3, 1, 1, true);
    return kind & 2 ? global_pool(b, y) : y;
}

static int make_sum(struct builder *b, int x, int kind)
{
    return sum(b, x, 0.7f, second(b, x, kind), -1.3f);
}

static int make_product(struct builder *b, int x, int kind)
{
    return mul(b, curve(b, second(b, x, kind), MNQ_ACT_SIGMOID, 0, 0), x);
}

static int make_twice(struct builder *b, int x, int product)
{
    return product ? mul(b, x, x) : add(b, x, x);
}

/* Attention over channels: of each pixel, of their mean, or over the pixels of one. */
static int make_attention(struct builder *b, int x, int kind)
{
    struct mnq_shape s = node(b, x)->out;
    if (kind < 2) return mul(b, x, softmax(b, conv(b, kind ? global_pool(b, x) : x, 8, 1, 1, 0, true)));
    int p = softmax(b, reshape(b, conv(b, x, 1, 1, 1, 0, true), 1, 1, s.h * s.w));
    return mul(b, x, reshape(b, p, s.h, s.w, 1));
}

/* The tensor and its second row by row. */
static int make_join(struct builder *b, int x, int unused)
{
    (void)unused;
    int h = node(b, x)->out.h, y = conv(b, x, 8, 3, 1, 1, true);
    return add(b, pad(b, x, 0, 0, h, 0), pad(b, y, h, 0, 0, 0));
}

static void operators(void **state)
{
    (void)state;
    check("softmax inside", make_attention, 0, 0, LEAST_DB);
    check("softmax of a vector", make_attention, 1, 0, LEAST_DB);
    check("softmax of a map", make_attention, 2, 0, LEAST_DB);
    check("rows joined", make_join, 0, 0, LEAST_DB);
    check("maxpool", make_maxpool, 0, 0, LEAST_DB);
    check("maxpool, padded", make_maxpool, 1, 0, LEAST_DB);
    check("average over the border", make_counted, 3, 0, LEAST_DB);
    check("average, 5 x 5", make_counted, 5, 0, LEAST_DB);
    check("concat", make_concat, 1, 0, LEAST_DB);
    check("concat, zero points", make_concat, 0, 0, LEAST_DB);
    check("select", make_shuffle, 11, NO_KERAS, LEAST_DB);
    check("upsample nearest", make_upsample, 0, 0, LEAST_DB);
    check("upsample bilinear", make_upsample, 1, 0, LEAST_DB);
    check("transposed 4 x 4, same", make_tconv, 4, 0, LEAST_DB);
    check("transposed 3 x 3, valid", make_tconv, 3, 0, LEAST_DB);
    check("groups", make_groups, 2, 0, LEAST_DB);
    check("groups, 4", make_groups, 4, 0, LEAST_DB);
    check("dilation", make_dilated, 2, 0, LEAST_DB);
    check("crop and pad", make_crop, 2, 0, LEAST_DB);
    for (int kind = 0; kind < 4; kind++) check("sum", make_sum, kind, 0, LEAST_DB);
    for (int kind = 0; kind < 4; kind++) check("product", make_product, kind, 0, LEAST_DB);
    check("sum with itself", make_twice, 0, 0, LEAST_DB);
    check("product with itself", make_twice, 1, 0, LEAST_DB);
}

/* ---- networks ---- */

static int cbr(struct builder *b, int x, int cout, int k, int stride)
{
    return relu(b, batchnorm(b, conv(b, x, cout, k, stride, k / 2, false)));
}

/* Channels in two groups, exchanged. */
static int shuffle(struct builder *b, int x)
{
    int c = node(b, x)->out.c, y = pick(b, x, c);
    for (int o = 0; o < c; o++) node(b, y)->map[o] = o % 2 * (c / 2) + o / 2;
    return y;
}

static int part(struct builder *b, int x, int first, int n)
{
    int y = pick(b, x, n);
    for (int o = 0; o < n; o++) node(b, y)->map[o] = first + o;
    return y;
}

static int fire(struct builder *b, int x, int squeeze, int expand)
{
    int s = relu(b, conv(b, x, squeeze, 1, 1, 0, true));
    return concat(b, relu(b, conv(b, s, expand, 1, 1, 0, true)), relu(b, conv(b, s, expand, 3, 1, 1, true)));
}

static int head(struct builder *b, int x)
{
    return dense(b, global_pool(b, x), 5, true);
}

static int squeezenet(struct builder *b, int x, int v)
{
    (void)v;
    x = maxpool(b, relu(b, conv(b, x, 8, 3, 1, 1, true)), 3, 2, 0);
    x = fire(b, fire(b, x, 4, 8), 4, 8);
    return global_pool(b, relu(b, conv(b, maxpool_same(b, x, 3, 2), 5, 1, 1, 0, true)));
}

static int shufflenet(struct builder *b, int x, int v)
{
    x = cbr(b, x, 8, 3, 1);
    for (int i = 0; i < 2 && v == 1; i++) {
        int y = shuffle(b, relu(b, batchnorm(b, conv_apart(b, x, 8, 1, 2, 1))));
        y = batchnorm(b, conv_apart(b, batchnorm(b, dwconv(b, y, 1, 3, 1, 1, false)), 8, 1, 2, 1));
        x = relu(b, i == 0 ? add(b, x, y) : concat(b, x, y));
    }
    for (int i = 0; i < 2 && v == 2; i++) {
        int y = cbr(b, part(b, x, 4, 4), 4, 1, 1);
        y = cbr(b, batchnorm(b, dwconv(b, y, 1, 3, 1, 1, false)), 4, 1, 1);
        x = shuffle(b, concat(b, part(b, x, 0, 4), y));
    }
    return head(b, x);
}

static int sepconv(struct builder *b, int x, int k, int stride)
{
    int c = node(b, x)->out.c;
    return batchnorm(b, conv(b, dwconv(b, relu(b, x), 1, k, stride, k / 2, false), c, 1, 1, 0, false));
}

/* What NASNet does where two tensors differ in size, and one of its cells. */
static int nasnet(struct builder *b, int x, int v)
{
    (void)v;
    int p = batchnorm(b, conv(b, x, 8, 3, 1, 1, false)), r = relu(b, p);
    int odd = avgpool(b, crop(b, pad(b, r, 0, 0, 1, 1), 1, 1, 0, 0), 1, 2);
    p = batchnorm(b, concat(b, conv(b, avgpool(b, r, 1, 2), 4, 1, 1, 0, false), conv(b, odd, 4, 1, 1, 0, false)));
    int h = batchnorm(b, conv(b, relu(b, p), 8, 1, 1, 0, false));
    int x1 = add(b, sepconv(b, h, 5, 1), sepconv(b, p, 3, 1)), x2 = add(b, avgpool_same(b, h, 3, 1, 1), p);
    int x3 = add(b, maxpool(b, h, 3, 1, 1), sepconv(b, p, 5, 1));
    return head(b, relu(b, concat(b, concat(b, concat(b, p, x1), x2), x3)));
}

static int xception(struct builder *b, int x, int v)
{
    (void)v;
    x = cbr(b, x, 8, 3, 1);
    int side = batchnorm(b, conv(b, x, 8, 1, 2, 0, false)), y = sepconv(b, sepconv(b, x, 3, 1), 3, 1);
    return head(b, relu(b, add(b, maxpool_same(b, y, 3, 2), side)));
}

static int swish(struct builder *b, int x)
{
    return curve(b, x, MNQ_ACT_SWISH, 0, 0);
}

static int efficientnet(struct builder *b, int x, int v)
{
    (void)v;
    x = swish(b, batchnorm(b, conv(b, x, 8, 3, 1, 1, false)));
    for (int i = 0; i < 2; i++) {
        int y = swish(b, batchnorm(b, conv(b, x, 16, 1, 1, 0, false)));
        y = swish(b, batchnorm(b, dwconv(b, y, 1, 3, 1, 1, false)));
        int s = swish(b, conv(b, global_pool(b, y), 4, 1, 1, 0, true));
        y = mul(b, y, curve(b, conv(b, s, 16, 1, 1, 0, true), MNQ_ACT_SIGMOID, 0, 0));
        x = add(b, batchnorm(b, conv(b, y, 8, 1, 1, 0, false)), x);
    }
    return head(b, x);
}

static int unet(struct builder *b, int x, int transposed)
{
    int e1 = cbr(b, x, 6, 3, 1), e2 = cbr(b, maxpool(b, e1, 2, 2, 0), 8, 3, 1),
        e3 = cbr(b, maxpool(b, e2, 2, 2, 0), 8, 3, 1);
    int d = transposed ? tconv(b, e3, 8, 2, 2, true) : upsample(b, e3, 2, 2, true);
    d = cbr(b, concat(b, d, e2), 8, 3, 1);
    d = transposed ? tconv(b, d, 6, 3, 2, true) : upsample(b, d, 2, 2, false);
    return curve(b, conv(b, cbr(b, concat(b, d, e1), 6, 3, 1), 2, 1, 1, 0, true), MNQ_ACT_SIGMOID, 0, 0);
}

static int heatmap(struct builder *b, int x, int v)
{
    (void)v;
    x = cbr(b, cbr(b, x, 8, 3, 2), 12, 1, 1);
    return softmax(b, conv(b, relu(b, conv(b, x, 8, 1, 1, 0, true)), 3, 1, 1, 0, true));
}

static int yolo(struct builder *b, int x, int v)
{
    (void)v;
    for (int i = 0; i < 2; i++)
        x = curve(b, batchnorm(b, conv(b, x, 8, 3, 1 + i, 1, false)), MNQ_ACT_LEAKY, 0.1F, HUGE_VALF);
    return conv(b, x, 14, 1, 1, 0, true);
}

static void networks(void **state)
{
    (void)state;
    check("SqueezeNet", squeezenet, 0, WHOLE, 20);
    check("ShuffleNet V1", shufflenet, 1, WHOLE, 20);
    check("ShuffleNet V2", shufflenet, 2, WHOLE | NO_KERAS, 20);
    check("NASNet", nasnet, 0, WHOLE, 20);
    check("Xception", xception, 0, WHOLE, 20);
    check("EfficientNet", efficientnet, 0, WHOLE, 20);
    check("U-Net, upsampled", unet, 0, WHOLE, 20);
    check("U-Net, transposed", unet, 1, WHOLE, 20);
    check("heat map", heatmap, 0, WHOLE, 20);
    check("YOLO head", yolo, 0, WHOLE, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(activations), cmocka_unit_test(operators),
                                       cmocka_unit_test(networks)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
