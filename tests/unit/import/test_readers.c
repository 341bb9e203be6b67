/* SPDX-License-Identifier: Apache-2.0
 * Who reads a tensor's noise: layers by their weights, and the application, also through what only moves values. */
#include "importing.h"
#include "quantize/qparams.h"
#include "quantize/readers.h"

#define CONV(name)                                                                                                          \
    "{\"class_name\": \"Conv2D\", \"config\": {\"name\": \"" name                                                           \
    "\", \"filters\": 2, \"kernel_size\": [1, 1], \"use_bias\": false}}"
#define MOVES(class_name) "{\"class_name\": \"" class_name "\", \"config\": {\"name\": \"m\"}}"
#define WEIGHTS(name, values)                                                                                               \
    "g /model_weights/" name "\nl /model_weights/" name " weight_names " name "/kernel:0\nd /model_weights/" name "/" name  \
    "/kernel:0 f32 1,1,2,2 " values "\n"
#define NO_WEIGHTS "g /model_weights/m\nl /model_weights/m weight_names\n"

enum { NODES = 8, VALUES = 200 };

/* Histograms as of values from -3 to 3, the second channel a hundredth of the first. */
static void observe(const struct mnq_graph *legal, struct mnq_hist *hist)
{
    for (int i = 0; i < legal->n; i++) {
        float x[2 * VALUES];
        assert_int_equal(mnq_hist_init(&hist[i], 2, true, &arena), 0);
        for (int k = 0; k < VALUES; k++) {
            x[2 * k] = 6.0f * (float)k / (VALUES - 1) - 3;
            x[2 * k + 1] = x[2 * k] / 100;
        }
        mnq_hist_add(&hist[i], x, VALUES);
    }
}

/* The gains of node 1, which is convolution "a"; and what is chosen for it. */
static void look(const char *layers, const char *weights, double *gain, struct mnq_qparams *of_a)
{
    struct mnq_graph legal;
    struct mnq_hist hist[NODES];
    struct mnq_qparams qp[NODES];
    struct mnq_readers r;
    uint8_t wide[NODES] = {0};
    const struct mnq_preprocess pre = {.scale = {1, 1, 1, 1}};
    const struct mnq_range_opts o = {.observer = MNQ_OBS_AUTO, .act_scale = MNQ_SCALE_CHANNEL, .weight_noise = 1};
    taken(import_on("4, 4, 2", "2.9.0", layers, weights));
    taken(mnq_graph_legalize(&g, &legal, &arena, &err));
    assert_true(legal.n <= NODES && legal.node[1].op == MNQ_OP_CONV);
    observe(&legal, hist);
    assert_int_equal(mnq_readers_find(&legal, 1, hist, &o, &r, &arena), 0);
    memcpy(gain, r.gain, 2 * sizeof *gain);
    taken(mnq_qparams_choose(&legal, hist, wide, &pre, &o, qp, &arena, &err));
    *of_a = qp[1];
}

static void the_application(void **state)
{
    static const char *const kind[] = {MOVES("MaxPooling2D"), MOVES("UpSampling2D")};
    (void)state;
    for (size_t i = 0; i < sizeof kind / sizeof *kind; i++) {
        char layers[400];
        double gain[2];
        struct mnq_qparams qp;
        snprintf(layers, sizeof layers, CONV("a") ", %s", kind[i]);
        look(layers, "g /model_weights\nl /model_weights layer_names a m\n" WEIGHTS("a", "1 0 0 1") NO_WEIGHTS, gain, &qp);
        assert_true(gain[0] > 0 && gain[0] == gain[1]);
        assert_in_range((uintmax_t)(qp.zp + 128), 96, 160); /* as many values lie below zero as above it */
        assert_true(qp.scale[0] < 6.1 / 255 && qp.scale[0] > 5.0 / 255);
    }
}

static void layers(void **state)
{
    double gain[2], behind[2];
    struct mnq_qparams qp;
    (void)state;
    look(CONV("a") ", " CONV("b"),
         "g /model_weights\nl /model_weights layer_names a b\n" WEIGHTS("a", "1 0 0 1") WEIGHTS("b", "3 0 0 1"), gain, &qp);
    assert_true(gain[0] > 0 && fabs(gain[0] - 9 * gain[1]) < 1e-9 * gain[0]); /* squares of the weights */
    look(CONV("a") ", " MOVES("MaxPooling2D") ", " CONV("b"),
         "g /model_weights\nl /model_weights layer_names a m b\n" WEIGHTS("a", "1 0 0 1") NO_WEIGHTS WEIGHTS("b", "3 0 0 1"),
         behind, &qp);
    assert_true(behind[0] == gain[0] && behind[1] == gain[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_application), cmocka_unit_test(layers)};
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    mnq_arena_free(&arena);
    return rc;
}
