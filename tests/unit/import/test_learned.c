/* SPDX-License-Identifier: Apache-2.0
 * Ranges that quantization-aware training left in a file: read as TensorFlow's model optimization toolkit writes them,
 * carried through folding to the tensors that remain, and taken as the calibrated ranges of those. */
#include "importing.h"
#include "quantize/qparams.h"

#define WRAP(name, inner, config)                                                                                           \
    ", {\"class_name\": \"QuantizeWrapperV2\", \"config\": {\"name\": \"quant_" name                                        \
    "\", \"trainable\": true, \"dtype\": \"float32\", \"layer\": {\"class_name\": \"" inner                                 \
    "\", \"config\": {\"name\": \"" name "\"" config                                                                        \
    "}}, \"quantize_config\": {\"class_name\": \"Default8BitQuantizeConfig\", \"config\": {\"weight_attrs\": [], "          \
    "\"activation_attrs\": [], \"quantize_output\": true}}}}"
#define NOOP ", \"activation\": {\"class_name\": \"NoOpActivation\", \"config\": {}}"
#define SOFT ", \"activation\": {\"class_name\": \"QuantizeAwareActivation\", \"config\": {\"activation\": \"softmax\"}}"

/* Convolution, normalization, ReLU6; depthwise, normalization, ReLU6; its linear 1x1 layer; the mean; a classifier. */
static const char layers[] =
    "{\"class_name\": \"QuantizeLayer\", \"config\": {\"name\": \"quantize_layer\", \"quantizer\": {\"class_name\": "
    "\"AllValuesQuantizer\", \"config\": {\"num_bits\": 8, \"per_axis\": false, \"symmetric\": false, \"narrow_range\": "
    "false}}}}" WRAP("c", "Conv2D", ", \"filters\": 2, \"kernel_size\": [1, 1], \"use_bias\": false" NOOP)
        WRAP("b", "BatchNormalization", "") WRAP("r", "ReLU", ", \"max_value\": 6.0")
            WRAP("d", "DepthwiseConv2D", ", \"kernel_size\": [1, 1], \"use_bias\": false" NOOP)
                WRAP("p", "Conv2D", ", \"filters\": 2, \"kernel_size\": [1, 1]") WRAP("g", "GlobalAveragePooling2D", "")
                    WRAP("f", "Dense", ", \"units\": 2" SOFT);

#define HAS(name, weights) "g /model_weights/" name "\nl /model_weights/" name " weight_names " weights "\n"
#define D(path, shape, v)  "d /model_weights/" path " f32 " shape " " v "\n"

static int import_trained(const char *relu, const char *depthwise)
{
    static char rest[1 << 14];
    snprintf(rest, sizeof rest, "%s%s%s",
             HAS("quantize_layer",
                 "quantize_layer/quantize_layer_min:0 quantize_layer/quantize_layer_max:0 quantize_layer/optimizer_step:0")
                 D("quantize_layer/quantize_layer/quantize_layer_min:0", "1",
                   "-1") D("quantize_layer/quantize_layer/quantize_layer_max:0", "1",
                           "1") D("quantize_layer/quantize_layer/optimizer_step:0", "1", "-1")
                     HAS("quant_c", "c/kernel:0 quant_c/optimizer_step:0 quant_c/kernel_min:0 quant_c/kernel_max:0")
                         D("quant_c/c/kernel:0", "1,1,2,2", "1 0 0 1") D("quant_c/quant_c/optimizer_step:0", "1", "-1")
                             D("quant_c/quant_c/kernel_min:0", "2", "-1") D("quant_c/quant_c/kernel_max:0", "2", "1")
                                 HAS("quant_b", "b/gamma:0 b/beta:0 b/moving_mean:0 b/moving_variance:0")
                                     D("quant_b/b/gamma:0", "2", "1") D("quant_b/b/beta:0", "2", "0")
                                         D("quant_b/b/moving_mean:0", "2", "0") D("quant_b/b/moving_variance:0", "2", "1")
                                             HAS("quant_r", "quant_r/output_min:0 quant_r/output_max:0"),
             relu, depthwise);
    strcat(rest,
           HAS("quant_p", "p/kernel:0 p/bias:0 quant_p/post_activation_min:0 quant_p/post_activation_max:0")
               D("quant_p/p/kernel:0", "1,1,2,2", "1 -1 1 1") D("quant_p/p/bias:0", "2", "0")
                   D("quant_p/quant_p/post_activation_min:0", "1", "-2") D("quant_p/quant_p/post_activation_max:0", "1", "3")
                       HAS("quant_g", "quant_g/output_min:0 quant_g/output_max:0")
                           D("quant_g/quant_g/output_min:0", "1", "-6") D("quant_g/quant_g/output_max:0", "1", "6")
                               HAS("quant_f", "f/kernel:0 f/bias:0 quant_f/pre_activation_min:0 "
                                              "quant_f/pre_activation_max:0") D("quant_f/f/kernel:0", "2,2", "1 0 0 1")
                                   D("quant_f/f/bias:0", "2", "0") D("quant_f/quant_f/pre_activation_min:0", "1", "-9")
                                       D("quant_f/quant_f/pre_activation_max:0", "1", "9"));
    strcat(rest, "l /model_weights layer_names quantize_layer quant_c quant_b quant_r quant_d quant_p "
                 "quant_g quant_f\n");
    return import_on("2, 2, 2", "2.8.0", layers, rest);
}

#define RELU(lo, hi) D("quant_r/quant_r/output_min:0", "1", lo) D("quant_r/quant_r/output_max:0", "1", hi)
#define DEPTHWISE                                                                                                           \
    HAS("quant_d", "d/depthwise_kernel:0 quant_d/optimizer_step:0")                                                         \
    D("quant_d/d/depthwise_kernel:0", "1,1,2,1", "1") D("quant_d/quant_d/optimizer_step:0", "1", "-1")

static bool noted(const char *part)
{
    for (int i = 0; i < g.n_note; i++)
        if (strstr(g.note[i], part) != NULL) return true;
    return false;
}

static struct mnq_node *by_name(const struct mnq_graph *of, const char *name)
{
    int i = 0;
    while (i < of->n && strcmp(of->node[i].name, name) != 0) i++;
    assert_true(i < of->n);
    return &of->node[i];
}

static void carried(void **state)
{
    struct mnq_graph legal;
    (void)state;
    taken(import_trained(RELU("0.5", "4.5"), DEPTHWISE));
    assert_true(noted("training found the ranges of 2 tensors"));
    assert_true(noted("ranges of 1 tensors are as training begins"));
    taken(mnq_graph_legalize(&g, &legal, &arena, &err));
    const struct mnq_node *c = by_name(&legal, "c"), *p = by_name(&legal, "p"), *d = by_name(&legal, "d");
    assert_true(c->act == MNQ_ACT_RELU_MAX); /* the ReLU's range is that of the layer it became part of */
    assert_true(c->learned[0] == 0.0f && c->learned[1] == 4.5f); /* zero included */
    assert_true(p->learned[0] == -2.0f && p->learned[1] == 3.0f);
    assert_true(!mnq_node_is_learned(d));
    for (int i = 0; i < legal.n; i++)
        assert_true(&legal.node[i] == c || &legal.node[i] == p || i == 0 || !mnq_node_is_learned(&legal.node[i]));
}

/* What folding changes is no longer the tensor whose range was found. */
static void forgotten(void **state)
{
    struct mnq_graph legal;
    (void)state;
    taken(import_trained(RELU("0", "6"),
                         HAS("quant_d", "d/depthwise_kernel:0 quant_d/output_min:0 quant_d/output_max:0")
                             D("quant_d/d/depthwise_kernel:0", "1,1,2,1", "1") D("quant_d/quant_d/output_min:0", "1", "-7")
                                 D("quant_d/quant_d/output_max:0", "1", "7")));
    assert_true(noted("training found the ranges of 3 tensors"));
    by_name(&g, "c")->learned[1] = 99; /* of the convolution in front of its normalization */
    taken(mnq_graph_legalize(&g, &legal, &arena, &err));
    assert_true(by_name(&legal, "c")->learned[1] == 6.0f);
    by_name(&g, "r")->learned[1] = 0;
    taken(mnq_graph_legalize(&g, &legal, &arena, &err));
    assert_false(mnq_node_is_learned(by_name(&legal, "c")));
    assert_true(by_name(&legal, "d")->learned[1] == 7.0f);
}

/* Steps of node "c" and its zero point. */
static struct mnq_qparams chosen(const struct mnq_graph *legal, struct mnq_range_opts o, bool wide)
{
    struct mnq_hist hist[16];
    struct mnq_qparams qp[16];
    uint8_t wides[16] = {0};
    struct mnq_preprocess pre = {.scale = {1, 1, 1, 1}};
    int at = (int)(by_name(legal, "c") - legal->node);
    for (int i = 0; i < legal->n; i++) {
        float x[2 * 100];
        assert_int_equal(mnq_hist_init(&hist[i], 2, i != at, &arena), 0);
        for (int k = 0; k < 100; k++) { /* the second channel stays small; the first goes far once */
            x[2 * k] = k == 0 ? 6.0f : 0.04f * (float)k;
            x[2 * k + 1] = 0.01f * (float)k;
        }
        mnq_hist_add(&hist[i], x, 100);
    }
    wides[at] = wide;
    taken(mnq_qparams_choose(legal, hist, wides, &pre, &o, qp, &arena, &err));
    return qp[at];
}

static void taken_for_ranges(void **state)
{
    struct mnq_graph legal;
    struct mnq_range_opts o = {.observer = MNQ_OBS_AUTO, .act_scale = MNQ_SCALE_TENSOR, .weight_noise = 1};
    (void)state;
    taken(import_trained(RELU("0", "4.5"), DEPTHWISE));
    taken(mnq_graph_legalize(&g, &legal, &arena, &err));
    struct mnq_qparams q = chosen(&legal, o, false);
    assert_true(q.observer == MNQ_OBS_LEARNED && q.zp == -128 && q.clipped > 0);
    assert_true(fabs(q.scale[0] - 4.5 / 255) < 1e-9 && fabs(q.scale[1] - 4.5 / 255) < 1e-9);
    o.act_scale = MNQ_SCALE_CHANNEL; /* each channel's own range, within the learned one */
    q = chosen(&legal, o, false);
    assert_true(q.observer == MNQ_OBS_LEARNED && q.zp == -128);
    assert_true(fabs(q.scale[0] - 4.5 / 255) < 1e-9 && q.scale[1] < 4.5 / 255 && q.scale[1] > 0.98 / 255);
    o.observer = MNQ_OBS_MINMAX; /* an observer that is asked for measures */
    q = chosen(&legal, o, false);
    assert_true(q.observer == MNQ_OBS_MINMAX && fabs(q.scale[0] - 6.0 / 255) < 1e-9);
    o.observer = MNQ_OBS_AUTO;
    int of[16];
    for (int i = 0; i < 16; i++) of[i] = MNQ_OBS_MINMAX; /* so does one that a rule names */
    o.observer_of = of;
    assert_true(chosen(&legal, o, false).observer == MNQ_OBS_MINMAX);
    o.observer_of = NULL;
    assert_true(chosen(&legal, o, true).observer == MNQ_OBS_MINMAX); /* 16 bits have room */
}

static int teardown(void **state)
{
    (void)state;
    mnq_arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(carried), cmocka_unit_test(forgotten),
                                       cmocka_unit_test(taken_for_ranges)};
    return cmocka_run_group_tests(tests, NULL, teardown);
}
