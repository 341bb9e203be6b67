/* SPDX-License-Identifier: Apache-2.0
 * A network of several outputs from its Keras file to integers: every output near the float one and the oracle's very bits,
 * in bands, pushed by rows and layer by layer; evaluated output by output. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "builder.h"
#include "coloured.h"
#include "calibrate.h"
#include "evaluate.h"
#include "oracle.h"
#include "pack/keras_write.h"
#include "tempdir.h"

#include <math.h>

enum { SIDE = 12, PICTURES = 40, OUTPUTS = 5 };

static struct mnq_dataset *dataset;
static char pics[500];

static int setup(void **state)
{
    struct mnq_err e = {0};
    (void)state;
    mnq_temp_make();
    snprintf(pics, sizeof pics, "%s", mnq_temp_coloured(PICTURES, SIDE, 3));
    char *paths[] = {pics};
    dataset = mnq_dataset_open(paths, 1, SIDE, SIDE, 3, &e);
    if (dataset == NULL) fail_msg("%s", e.msg);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mnq_dataset_close(dataset);
    mnq_temp_remove();
    return 0;
}

static int relu(struct builder *b, int x)
{
    return curve(b, x, MNQ_ACT_RELU, 0, 0);
}

/* A trunk with classes at its end, boxes and scores of cells, a number, and the trunk's own features. */
static void build(struct builder *b)
{
    int x = relu(b, conv(b, input(b, SIDE, SIDE, 3), 8, 3, 2, 1, true));
    int trunk = relu(b, conv(b, x, 12, 1, 1, 0, true));
    int boxes = conv(b, trunk, 8, 3, 1, 1, true);
    int scores = curve(b, conv(b, trunk, 3, 1, 1, 0, true), MNQ_ACT_SIGMOID, 0, 0);
    int top = global_pool(b, relu(b, conv(b, trunk, 16, 3, 2, 1, true)));
    int number = dense(b, top, 1, true);
    int classes = softmax(b, dense(b, top, 4, true));
    const int more[OUTPUTS - 1] = {boxes, scores, number, trunk};
    b->g.output = classes;
    b->g.n_more = OUTPUTS - 1;
    memcpy(b->g.more, more, sizeof more);
}

/* The file of a float model, opened. */
static void open_float(struct mnq_subject *s, struct mnq_arena *arena)
{
    struct mnq_arena own = {0};
    struct builder b;
    struct mnq_err e = {0};
    char path[500];
    const struct mnq_subject_opts o = {.preprocess = "tf"};
    builder_init(&b, &own, 3);
    build(&b);
    snprintf(path, sizeof path, "%s", mnq_temp_path("net.h5"));
    if (mnq_keras_write(&b.g, path, &e) != 0 || mnq_subject_open(path, &o, s, arena, &e) != 0) fail_msg("%s", e.msg);
    mnq_arena_free(&own);
}

static void calibrate(const struct mnq_subject *s, struct mnq_package *p, struct mnq_arena *arena)
{
    struct mnq_qmodel *q = mnq_arena_alloc(arena, sizeof *q);
    struct mnq_calib_report *r = mnq_arena_alloc(arena, sizeof *r);
    struct mnq_calib_opts o;
    struct mnq_err e = {0};
    uint8_t *bytes;
    size_t n;
    mnq_calib_defaults(&o);
    o.threads = 2;
    o.task = s->tasks;
    if (mnq_calibrate(&s->legal, dataset, &s->preprocess, &o, q, r, arena, NULL, NULL, &e) != 0) fail_msg("%s", e.msg);
    assert_true(r->drop.points >= 0 && r->drop.points < 20);
    for (int k = 0; k < s->n_outputs; k++) mnq_qmodel_set_task(q, k, &s->tasks[k]);
    q->tool = q->source_name = q->recipe = "x";
    if (mnq_qmodel_pack(q, &bytes, &n, &e) != 0) fail_msg("%s", e.msg);
    if (mnq_package_parse("x.mnq", bytes, n, p, arena, &e) != 0) fail_msg("%s", e.msg);
    assert_int_equal(bytes[6], 4);
    mnq_temp_write("net.mnq", bytes, n);
}

static void told(const struct mnq_subject *s)
{
    static const enum mnq_task_kind kind[OUTPUTS] = {MNQ_TASK_CLASSES, MNQ_TASK_REGRESSION, MNQ_TASK_MULTILABEL,
                                                     MNQ_TASK_BINARY, MNQ_TASK_FEATURES};
    assert_int_equal(s->n_outputs, OUTPUTS);
    assert_int_equal(s->outputs, 4);
    assert_int_equal(s->values, 4 + 36 * 8 + 36 * 3 + 1 + 36 * 12);
    for (int k = 0; k < OUTPUTS; k++) {
        assert_int_equal(s->tasks[k].kind, kind[k]);
        assert_non_null(s->output_name[k]);
        for (int j = 0; j < k; j++) assert_string_not_equal(s->output_name[j], s->output_name[k]);
    }
}

/* Output k of the oracle's run, against what the runtime left in an arena. */
static void same_bits(struct mnq_oracle_net *net, int k, const void *got, const char *how)
{
    const struct mnq_oracle_tensor *t = &net->tensor[k == 0 ? net->output : net->more[k - 1]];
    uint8_t *want = malloc(mnq_oracle_bytes(t));
    assert_non_null(want);
    mnq_oracle_store(t, want);
    if (got == NULL || memcmp(got, want, mnq_oracle_bytes(t)) != 0) fail_msg("%s: output %d differs", how, k);
    free(want);
}

static void *place(size_t n)
{
    void *p = aligned_alloc(16, (n + 15) / 16 * 16);
    assert_non_null(p);
    return p;
}

/* In every way to run a model. */
static void run_all(const struct mnq_package *p, const uint8_t *pixels)
{
    struct mnq_oracle_net net;
    struct mnq_model m = p->model;
    uint8_t *whole = place(mnq_arena_size(&m)), *pushed = place(mnq_stream_size(&m));
    size_t n = mnq_arena_size(&m);
    assert_int_equal(mnq_oracle_open(&net, p->bytes, p->n_bytes), 0);
    assert_int_equal(net.n_more, OUTPUTS - 1);
    mnq_oracle_load(&net.tensor[net.input], pixels);
    assert_int_equal(mnq_oracle_net_run(&net), 0);
    memcpy(mnq_input(&m, whole), pixels, SIDE * SIDE * 3);
    assert_int_equal(mnq_run(&m, whole, n), MNQ_OK);
    for (int k = 0; k < OUTPUTS; k++) same_bits(&net, k, mnq_output_at(&m, whole, (unsigned)k), "mnq_run");
    assert_ptr_equal(mnq_output(&m, whole), mnq_output_at(&m, whole, 0));
    assert_int_equal(mnq_begin(&m, pushed, mnq_stream_size(&m)), MNQ_OK);
    assert_null(mnq_done_at(&m, pushed, 1));
    assert_int_equal(mnq_push_rows(&m, pushed, mnq_stream_size(&m), pixels, SIDE), MNQ_OK);
    for (int k = 0; k < OUTPUTS; k++) same_bits(&net, k, mnq_done_at(&m, pushed, (unsigned)k), "pushed");
    assert_null(mnq_done_at(&m, pushed, OUTPUTS));
    free(whole);
    mnq_layer_by_layer(&m);
    n = mnq_arena_size(&m);
    whole = place(n);
    memcpy(mnq_input(&m, whole), pixels, SIDE * SIDE * 3);
    assert_int_equal(mnq_run(&m, whole, n), MNQ_OK);
    for (int k = 0; k < OUTPUTS; k++) same_bits(&net, k, mnq_output_at(&m, whole, (unsigned)k), "layer by layer");
    free(whole);
    free(pushed);
    mnq_oracle_close(&net);
}

static void near_float(const struct mnq_subject *s, const struct mnq_subject *packed, const struct mnq_package *p)
{
    struct mnq_err e = {0};
    struct mnq_runner *x = mnq_runner_new(s, &e), *y = mnq_runner_new(packed, &e);
    float *a = malloc((size_t)s->values * sizeof *a), *b = malloc((size_t)s->values * sizeof *b);
    double noise[OUTPUTS] = {0}, sum[OUTPUTS] = {0}, square[OUTPUTS] = {0};
    uint8_t pixels[SIDE * SIDE * 3];
    assert_true(x != NULL && y != NULL && a != NULL && b != NULL);
    for (int i = 0; i < PICTURES; i++) {
        assert_int_equal(mnq_dataset_load(dataset, i, &s->preprocess, pixels, &e), 0);
        if (i < 3) run_all(p, pixels);
        assert_int_equal(mnq_runner_run(x, pixels, a, &e), 0);
        assert_int_equal(mnq_runner_run(y, pixels, b, &e), 0);
        for (int k = 0; k < OUTPUTS; k++)
            for (size_t j = mnq_subject_first(s, k), n = mnq_elements(s->tasks[k].out); n > 0; j++, n--) {
                noise[k] += pow((double)a[j] - (double)b[j], 2);
                sum[k] += (double)a[j];
                square[k] += (double)a[j] * (double)a[j];
            }
    }
    for (int k = 0; k < OUTPUTS; k++) {
        double n = (double)mnq_elements(s->tasks[k].out) * PICTURES;
        double db = 10 * log10((square[k] - sum[k] * sum[k] / n) / noise[k]);
        print_message("output %d  %-14s %5.1f dB\n", k, s->output_name[k], db);
        assert_true(db > 25);
    }
    mnq_runner_free(x);
    mnq_runner_free(y);
    free(a);
    free(b);
}

static double figure(const struct mnq_evaluation *ev, int output, const char *key)
{
    const struct mnq_eval_part *p = &ev->model[1].part[output - 1];
    for (int i = 0; i < p->n_figures; i++)
        if (strcmp(p->figure[i].key, key) == 0) return p->figure[i].of.value;
    fail_msg("output %d has no %s", output, key);
    return 0;
}

static void several(void **state)
{
    struct mnq_arena arena = {0};
    struct mnq_subject *s = mnq_arena_array(&arena, 2, sizeof *s);
    struct mnq_package p;
    struct mnq_evaluation ev;
    struct mnq_err e = {0};
    char path[500], *paths[] = {pics};
    const struct mnq_subject_opts o = {0};
    const struct mnq_data data = {.path = paths, .n = 1};
    (void)state;
    assert_non_null(s);
    open_float(&s[0], &arena);
    told(&s[0]);
    calibrate(&s[0], &p, &arena);
    snprintf(path, sizeof path, "%s", mnq_temp_path("net.mnq"));
    if (mnq_subject_open(path, &o, &s[1], &arena, &e) != 0) fail_msg("%s", e.msg);
    told(&s[1]);
    for (int k = 0; k < OUTPUTS; k++) assert_string_equal(s[0].output_name[k], s[1].output_name[k]);
    near_float(&s[0], &s[1], &p);
    if (mnq_evaluate(s, 2, &data, 2, &ev, &arena, NULL, NULL, &e) != 0) fail_msg("%s", e.msg);
    assert_true(100 * ev.model[1].agree >= 85 * PICTURES);
    assert_true(figure(&ev, 1, "r2_from_first") > 0.99);
    assert_true(figure(&ev, 2, "agreement") > 95);
    assert_true(figure(&ev, 3, "agreement") > 85);
    assert_true(figure(&ev, 4, "cosine") > 0.99);
    double least =
        fmin(100.0 * ev.model[1].agree / PICTURES, fmin(figure(&ev, 2, "agreement"), figure(&ev, 3, "agreement")));
    least = fmin(least, fmin(100 * figure(&ev, 1, "r2_from_first"), 100 * figure(&ev, 4, "cosine")));
    assert_true(fabs(mnq_eval_agreement(&ev, 1) - least) < 1e-9);
    mnq_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(several)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
