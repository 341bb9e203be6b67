/* SPDX-License-Identifier: Apache-2.0
 * A binary classifier damaged on purpose: evaluation tells the agreement that counting tells, and never takes one unit for a
 * softmax that says the same of every picture. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "builder.h"
#include "calibrate.h"
#include "evaluate.h"
#include "pack/keras_write.h"
#include "pictures.h"
#include "tempdir.h"

#include <math.h>

enum { SIDE = 12, PICTURES = 60 };

static struct mnq_dataset *dataset;
static char pics[500];

/* Class 1 is what is redder than green; a tenth of the labels is wrong. */
static int setup(void **state)
{
    static uint8_t pixels[PICTURES][SIDE * SIDE * 3];
    struct mnq_err e = {0};
    (void)state;
    mnq_temp_make();
    mnq_temp_dir("pics");
    mnq_temp_dir("pics/no");
    mnq_temp_dir("pics/yes");
    mnq_noise(pixels[0], sizeof pixels);
    for (int i = 0; i < PICTURES; i++) {
        char name[40];
        size_t n;
        int sum = 0;
        for (int k = 0; k < SIDE * SIDE * 3; k++) {
            pixels[i][k] = (uint8_t)((pixels[i][k] + 2 * pixels[i][k % 3]) / 3);
            sum += k % 3 == 0 ? pixels[i][k] : k % 3 == 1 ? -pixels[i][k] : 0;
        }
        uint8_t *file = mnq_make_pnm(pixels[i], SIDE, SIDE, 3, &n);
        snprintf(name, sizeof name, "pics/%s/%02d.ppm", (sum > 0) == (i % 10 != 0) ? "yes" : "no", i);
        mnq_temp_write(name, file, n);
        free(file);
    }
    snprintf(pics, sizeof pics, "%s", mnq_temp_path("pics"));
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

/* Red less green, through two channels; `shift` moves the logit, in its own units. */
static void write_net(const char *path, float shift)
{
    struct mnq_arena own = {0};
    struct builder b;
    struct mnq_err e = {0};
    builder_init(&b, &own, 1);
    int x = conv(&b, input(&b, SIDE, SIDE, 3), 2, 1, 1, 0, true);
    for (int i = 0; i < 6; i++) node(&b, x)->w[i] = i == 0 || i == 3 ? 1.0F : 0.0F;
    node(&b, x)->b[0] = node(&b, x)->b[1] = 1.0F;
    x = dense(&b, global_pool(&b, act(&b, x, MNQ_ACT_RELU, 0)), 1, true);
    node(&b, x)->w[0] = 8;
    node(&b, x)->w[1] = -8;
    node(&b, x)->b[0] = shift;
    curve(&b, x, MNQ_ACT_SIGMOID, 0, 0);
    if (mnq_keras_write(&b.g, path, &e) != 0) fail_msg("%s", e.msg);
    mnq_arena_free(&own);
}

static void open_net(const char *name, struct mnq_subject *s, struct mnq_arena *arena)
{
    struct mnq_err e = {0};
    char path[500];
    const struct mnq_subject_opts o = {.preprocess = "tf"};
    snprintf(path, sizeof path, "%s", mnq_temp_path(name));
    if (mnq_subject_open(path, &o, s, arena, &e) != 0) fail_msg("%s", e.msg);
}

static void to_integers(const struct mnq_subject *s, const char *name)
{
    struct mnq_arena arena = {0};
    struct mnq_qmodel q;
    struct mnq_calib_report r;
    struct mnq_calib_opts o;
    struct mnq_err e = {0};
    uint8_t *bytes;
    size_t n;
    mnq_calib_defaults(&o);
    o.task = s->tasks;
    if (mnq_calibrate(&s->legal, dataset, &s->preprocess, &o, &q, &r, &arena, NULL, NULL, &e) != 0) fail_msg("%s", e.msg);
    q.tool = q.source_name = q.recipe = "x";
    if (mnq_qmodel_pack(&q, &bytes, &n, &e) != 0) fail_msg("%s", e.msg);
    mnq_temp_write(name, bytes, n);
    mnq_arena_free(&arena);
}

/* Answers of a model, one picture after the other. */
static void answers(const struct mnq_subject *s, int *yes)
{
    struct mnq_err e = {0};
    struct mnq_runner *r = mnq_runner_new(s, &e);
    uint8_t pixels[SIDE * SIDE * 3];
    assert_non_null(r);
    for (int i = 0; i < PICTURES; i++) {
        float p;
        assert_int_equal(mnq_dataset_load(dataset, i, &s->preprocess, pixels, &e), 0);
        assert_int_equal(mnq_runner_run(r, pixels, &p, &e), 0);
        assert_true(p >= 0 && p <= 1);
        yes[i] = p > 0.5F;
    }
    mnq_runner_free(r);
}

static void damaged(void **state)
{
    enum { MODELS = 4 };
    static const char *const name[MODELS] = {"net.h5", "net.mnq", "damaged.h5", "damaged.mnq"};
    struct mnq_arena arena = {0};
    struct mnq_subject *s = mnq_arena_array(&arena, MODELS, sizeof *s);
    struct mnq_evaluation ev;
    struct mnq_err e = {0};
    char path[500], *paths[] = {pics};
    const struct mnq_data data = {.path = paths, .n = 1};
    int yes[MODELS][PICTURES];
    (void)state;
    assert_non_null(s);
    snprintf(path, sizeof path, "%s", mnq_temp_path("net.h5"));
    write_net(path, 0);
    snprintf(path, sizeof path, "%s", mnq_temp_path("damaged.h5"));
    write_net(path, -4);
    open_net("net.h5", &s[0], &arena);
    open_net("damaged.h5", &s[2], &arena);
    to_integers(&s[0], "net.mnq");
    to_integers(&s[2], "damaged.mnq");
    open_net("net.mnq", &s[1], &arena);
    open_net("damaged.mnq", &s[3], &arena);
    if (mnq_evaluate(s, MODELS, &data, 2, &ev, &arena, NULL, NULL, &e) != 0) fail_msg("%s", e.msg);
    assert_true(ev.accuracy && ev.task.kind == MNQ_TASK_BINARY && ev.labelled == PICTURES);
    for (int k = 0; k < MODELS; k++) {
        int same = 0, right = 0;
        answers(&s[k], yes[k]);
        for (int i = 0; i < PICTURES; i++) {
            same += yes[k][i] == yes[0][i];
            right += yes[k][i] == mnq_dataset_label(dataset, i);
        }
        assert_int_equal(ev.model[k].agree, same);
        assert_int_equal(ev.model[k].hits1, right);
        print_message("%-12s %2d of %d right, %2d agree, AUC %.3f\n", name[k], right, PICTURES, same,
                      ev.model[k].figure[0].of.value);
    }
    assert_true(ev.model[0].hits1 >= 50 && ev.model[1].agree >= 58); /* a good one stays good */
    assert_true(ev.model[2].agree < 48 && ev.model[3].agree < 48);   /* a damaged one is seen to be */
    assert_true(fabs(ev.model[2].figure[0].of.value - ev.model[0].figure[0].of.value) < 1e-6); /* only its threshold moved */
    mnq_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(damaged)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
