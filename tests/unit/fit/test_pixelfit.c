/* SPDX-License-Identifier: Apache-2.0
 * Preprocessing told by a network's own normalizations, and refused where nothing tells it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "builder.h"
#include "coloured_set.h"
#include "graph/exec.h"
#include "pack/keras_write.h"
#include "pixelfit.h"
#include "tempdir.h"

#include <math.h>

enum { SIDE = 12, PICTURES = 40 };

static struct mnq_dataset *dataset;

static int setup(void **state)
{
    (void)state;
    dataset = mnq_coloured_open(PICTURES, SIDE, 2);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mnq_coloured_close(dataset);
    return 0;
}

/* Statistics of node `at` over the pictures, as training with that preprocessing would have left them. */
static void learn(struct builder *b, int at, struct mnq_node *norm, const char *preprocess)
{
    struct mnq_preprocess p;
    struct mnq_err e = {0};
    uint8_t pixels[SIDE * SIDE * 3];
    float in[SIDE * SIDE * 3];
    struct mnq_graph head = b->g;
    int channels = node(b, at)->out.c;
    size_t n = mnq_elements(node(b, at)->out);
    double sum[32] = {0}, square[32] = {0};
    head.output = at;
    assert_int_equal(mnq_preprocess_named(&p, preprocess, 3, &e), 0);
    struct mnq_exec *x = mnq_exec_new(&head, true, &e);
    assert_non_null(x);
    for (int i = 0; i < PICTURES; i++) {
        assert_int_equal(mnq_dataset_load(dataset, i, &p, pixels, &e), 0);
        mnq_preprocess_apply(&p, pixels, SIDE * SIDE, in);
        mnq_exec_run(x, in, NULL, NULL);
        const float *v = mnq_exec_tensor(x, at);
        for (size_t k = 0; k < n; k++) {
            sum[k % (size_t)channels] += (double)v[k];
            square[k % (size_t)channels] += (double)v[k] * (double)v[k];
        }
    }
    double count = (double)n / channels * PICTURES;
    for (int c = 0; c < channels; c++) {
        double mean = sum[c] / count;
        norm->mean[c] = (float)mean;
        norm->var[c] = (float)(square[c] / count - mean * mean);
    }
    mnq_exec_free(x);
}

/* A network trained with `preprocess`, NULL: one without normalization; opened without saying so. */
static void open_net(struct mnq_subject *s, const char *preprocess, const char *stated, struct mnq_arena *arena)
{
    struct mnq_arena own = {0};
    struct builder b;
    struct mnq_err e = {0};
    char path[500];
    const struct mnq_subject_opts o = {.preprocess = stated};
    builder_init(&b, &own, 5);
    int x = conv(&b, input(&b, SIDE, SIDE, 3), 8, 3, 2, 1, false);
    if (preprocess != NULL) {
        int norm = batchnorm(&b, x);
        learn(&b, x, node(&b, norm), preprocess);
        x = norm;
    }
    dense(&b, global_pool(&b, act(&b, x, MNQ_ACT_RELU, 0)), 4, true);
    snprintf(path, sizeof path, "%s", mnq_temp_path("net.h5"));
    if (mnq_keras_write(&b.g, path, &e) != 0 || mnq_subject_open(path, &o, s, arena, &e) != 0) fail_msg("%s", e.msg);
    mnq_arena_free(&own);
}

static void normalizations_tell(void **state)
{
    static const char *const trained[] = {"tf", "unit", "none", "torch", "caffe"};
    (void)state;
    for (size_t i = 0; i < sizeof trained / sizeof *trained; i++) {
        struct mnq_arena arena = {0};
        struct mnq_subject s;
        struct mnq_pixelfit f;
        struct mnq_err e = {0};
        open_net(&s, trained[i], NULL, &arena);
        if (mnq_pixelfit_settle(&s, dataset, 2, &f, &e) != 1) fail_msg("%s: %s", trained[i], e.msg);
        assert_true(f.clear && f.by == MNQ_BY_NORMALIZATION && f.norms == 1);
        assert_string_equal(s.preprocess.name, trained[i]);
        assert_true(f.margin > 1 && f.row[f.best].distance < f.row[f.second].distance);
        print_message("%-6s %s\n", trained[i], s.preprocess_why);
        assert_true(s.preprocess_from == MNQ_FROM_DATA && s.preprocess_why[0] != '\0');
        mnq_arena_free(&arena);
    }
}

static void contradiction(void **state)
{
    struct mnq_arena arena = {0};
    struct mnq_subject s;
    struct mnq_pixelfit f;
    struct mnq_err e = {0};
    (void)state;
    open_net(&s, "tf", "none", &arena);
    assert_int_equal(mnq_pixelfit_settle(&s, dataset, 2, &f, &e), 0); /* stated: it stands */
    assert_string_equal(s.preprocess.name, "none");
    assert_true(mnq_pixelfit_contradicts(&f));
    s.preprocess_from = MNQ_FROM_FAMILY; /* only usual: the data says better */
    assert_int_equal(mnq_pixelfit_settle(&s, dataset, 2, &f, &e), 1);
    assert_string_equal(s.preprocess.name, "tf");
    assert_true(s.preprocess_from == MNQ_FROM_DATA && f.best == f.own);
    open_net(&s, "tf", "tf", &arena);
    s.preprocess_from = MNQ_FROM_FAMILY;
    assert_int_equal(mnq_pixelfit_settle(&s, dataset, 2, &f, &e), 0);
    assert_false(mnq_pixelfit_contradicts(&f));
    mnq_arena_free(&arena);
}

static void nothing_tells(void **state)
{
    struct mnq_arena arena = {0};
    struct mnq_subject s;
    struct mnq_pixelfit f;
    struct mnq_err e = {0};
    (void)state;
    open_net(&s, NULL, NULL, &arena);
    int rc = mnq_pixelfit_settle(&s, dataset, 2, &f, &e);
    if (rc == -1) {
        assert_int_equal(e.code, MNQ_EXIT_USAGE);
        assert_non_null(strstr(e.msg, "give --preprocess"));
    } else {
        assert_true(f.clear && f.by == MNQ_BY_ENTROPY); /* a guess it may make, but a clear one only */
    }
    assert_int_equal(f.norms, 0);
    mnq_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(normalizations_tell), cmocka_unit_test(contradiction),
                                       cmocka_unit_test(nothing_tells)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
