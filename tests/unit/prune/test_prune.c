/* SPDX-License-Identifier: Apache-2.0
 * Pruning the reader: how many zeros and where, patterns, rules, what stays, and that the surgeon beats magnitude. */
#include "prune.h"

#include "passes/passes.h"
#include "quantize/lower.h"
#include "subject.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { SAMPLES = 16 };

static struct mnq_arena arena;
static struct mnq_subject subject;
static struct mnq_dataset *data;

static int setup(void **state)
{
    (void)state;
    struct mnq_err e = {0};
    char *path = (char *)(uintptr_t)(MNQ_SOURCE_DIR "/tests/golden/reader/reader-calib.h5");
    if (mnq_subject_open(MNQ_SOURCE_DIR "/tests/golden/reader/reader.h5", &(struct mnq_subject_opts){.preprocess = "tf"},
                         &subject, &arena, &e) != 0 ||
        (data = mnq_dataset_open(&path, 1, subject.input.h, subject.input.w, subject.input.c, &e)) == NULL)
        fail_msg("%s", e.msg);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mnq_dataset_close(data);
    mnq_arena_free(&arena);
    return 0;
}

static const struct mnq_pattern none = {MNQ_PATTERN_NONE, 0, 0};

static struct mnq_prune_opts opts(enum mnq_prune_method method, double ratio)
{
    return (struct mnq_prune_opts){
        .ratio = ratio, .scope = MNQ_PRUNE_GLOBAL, .method = method, .pattern = none, .samples = SAMPLES, .threads = 2};
}

static int try(struct mnq_prune_opts o, struct mnq_graph *out, struct mnq_prune_report *r, struct mnq_err *e)
{
    memset(e, 0, sizeof *e);
    return mnq_prune(&subject.legal, data, &subject.preprocess, &o, out, r, &arena, NULL, NULL, e);
}

static void prune(struct mnq_prune_opts o, struct mnq_graph *out, struct mnq_prune_report *r)
{
    struct mnq_err e;
    if (try(o, out, r, &e) != 0) fail_msg("%s", e.msg);
}

static void totals(const struct mnq_prune_report *r, int64_t *weights, int64_t *zeros)
{
    *weights = *zeros = 0;
    for (int l = 0; l < r->n_layers; l++) {
        *weights += r->layer[l].weights;
        *zeros += r->layer[l].zeros;
    }
}

static bool same(const float *a, const float *b, size_t n)
{
    return memcmp(a, b, n * sizeof *a) == 0;
}

static void pattern_texts(void **state)
{
    (void)state;
    const float w[] = {1, 0, 0, 2, 0, 3}; /* 6 inputs of 1 output */
    assert_true(mnq_pattern_holds((struct mnq_pattern){MNQ_PATTERN_N_M, 2, 4}, w, 6, 1));
    assert_false(mnq_pattern_holds((struct mnq_pattern){MNQ_PATTERN_N_M, 1, 4}, w, 6, 1));
    assert_false(mnq_pattern_holds((struct mnq_pattern){MNQ_PATTERN_BLOCK, 0, 2}, w, 6, 1));
    assert_true(mnq_pattern_holds((struct mnq_pattern){MNQ_PATTERN_BLOCK, 0, 2}, w + 1, 2, 1));
}

/* Both methods reach the ratio to the weight; what must stay stays; the surgeon leaves less error. */
static void ratio_and_what_stays(void **state)
{
    (void)state;
    const double ratio = 0.6;
    double error[2];
    for (int m = MNQ_PRUNE_MAGNITUDE; m <= MNQ_PRUNE_OBS; m++) {
        struct mnq_graph out;
        struct mnq_prune_report r;
        int64_t weights, zeros;
        prune(opts((enum mnq_prune_method)m, ratio), &out, &r);
        totals(&r, &weights, &zeros);
        assert_int_equal(zeros, llround(ratio * (double)weights));
        for (int i = 0; i < out.n; i++) {
            const struct mnq_node *a = &subject.legal.node[i], *b = &out.node[i];
            if (a->w == NULL || mnq_prune_can(&subject.legal, i)) continue;
            assert_true(same(a->w, b->w, mnq_node_weights(&out, a)));
            assert_true(a->op == MNQ_OP_DWCONV || a->kh > 1);
        }
        assert_true(isfinite(r.error) && r.samples == SAMPLES);
        error[m] = r.error;
        if (m == MNQ_PRUNE_OBS) assert_true(r.n_passes > 1);
    }
    assert_true(error[MNQ_PRUNE_OBS] < 0.5 * error[MNQ_PRUNE_MAGNITUDE]);
}

static void each_layer_the_same(void **state)
{
    (void)state;
    struct mnq_graph out;
    struct mnq_prune_report r;
    struct mnq_prune_opts o = opts(MNQ_PRUNE_MAGNITUDE, 0.5);
    o.scope = MNQ_PRUNE_LAYER;
    prune(o, &out, &r);
    for (int l = 0; l < r.n_layers; l++) assert_int_equal(r.layer[l].zeros, llround(0.5 * (double)r.layer[l].weights));
}

static void patterns(void **state)
{
    (void)state;
    static const struct mnq_pattern p[] = {{MNQ_PATTERN_N_M, 2, 4}, {MNQ_PATTERN_N_M, 3, 8}, {MNQ_PATTERN_BLOCK, 0, 4}};
    for (int m = MNQ_PRUNE_MAGNITUDE; m <= MNQ_PRUNE_OBS; m++)
        for (int k = m == MNQ_PRUNE_OBS ? 2 : 0; k < 3; k++) { /* N:M with the surgeon comes below */
            struct mnq_graph out;
            struct mnq_prune_report r;
            int64_t weights, zeros;
            struct mnq_prune_opts o = opts((enum mnq_prune_method)m, k < 2 ? (double)NAN : 0.5);
            o.pattern = p[k];
            prune(o, &out, &r);
            totals(&r, &weights, &zeros);
            for (int l = 0; l < r.n_layers; l++) {
                const struct mnq_prune_layer *layer = &r.layer[l];
                assert_true(mnq_pattern_holds(p[k], out.node[layer->node].w, layer->inputs, layer->outputs));
                if (k == 0 && layer->inputs % 4 == 0) assert_int_equal(2 * layer->zeros, layer->weights);
            }
            if (k == 2) assert_true(zeros >= weights / 2 && zeros <= weights / 2 + 4 * r.n_layers);
        }
    /* fewer zeros than the pattern makes: whole layers stay dense */
    struct mnq_graph out;
    struct mnq_prune_report r;
    int64_t weights, zeros;
    struct mnq_prune_opts o = opts(MNQ_PRUNE_OBS, 0.3);
    o.pattern = p[0];
    prune(o, &out, &r);
    totals(&r, &weights, &zeros);
    int dense = 0;
    for (int l = 0; l < r.n_layers; l++) dense += r.layer[l].zeros == 0;
    assert_true(zeros >= llround(0.3 * (double)weights) && dense > 0);
}

static void rules(void **state)
{
    (void)state;
    struct mnq_layer_choice *choice = mnq_arena_array(&arena, (size_t)subject.legal.n, sizeof *choice);
    assert_non_null(choice);
    for (int i = 0; i < subject.legal.n; i++)
        choice[i] = (struct mnq_layer_choice){.ratio = -1, .pattern = {MNQ_PATTERN_NONE, 0, -1}};
    for (int m = MNQ_PRUNE_MAGNITUDE; m <= MNQ_PRUNE_OBS; m++) {
        struct mnq_graph out;
        struct mnq_prune_report r;
        struct mnq_err e;
        int64_t weights, zeros;
        struct mnq_prune_opts o = opts((enum mnq_prune_method)m, 0.5);
        prune(opts(MNQ_PRUNE_MAGNITUDE, 0.5), &out, &r); /* for the list of layers */
        int spared = r.layer[5].node, fixed = r.layer[6].node, grouped = r.layer[7].node;
        choice[spared].ratio = 0;
        choice[fixed].ratio = 0.25;
        choice[grouped].ratio = 0.5;
        choice[grouped].pattern = (struct mnq_pattern){MNQ_PATTERN_N_M, 4, 8};
        o.choice = choice;
        prune(o, &out, &r);
        totals(&r, &weights, &zeros);
        assert_int_equal(zeros, llround(0.5 * (double)weights));
        assert_true(same(out.node[spared].w, subject.legal.node[spared].w, (size_t)r.layer[5].weights));
        assert_int_equal(r.layer[6].zeros, llround(0.25 * (double)r.layer[6].weights));
        assert_int_equal(2 * r.layer[7].zeros, r.layer[7].weights);
        assert_true(mnq_pattern_holds(choice[grouped].pattern, out.node[grouped].w, r.layer[7].inputs, r.layer[7].outputs));
        choice[fixed].ratio = 0.995;
        assert_int_equal(try(o, &out, &r, &e), -1);
        assert_non_null(strstr(e.msg, "ratio 0.995 cannot be reached"));
        choice[fixed].ratio = 0.25;
        for (int l = 0; l < r.n_layers; l++) choice[r.layer[l].node].ratio = 0.25;
        choice[grouped].pattern.m = -1;
        o.ratio = 0.9;
        assert_int_equal(try(o, &out, &r, &e), -1);
        assert_int_equal(e.code, MNQ_EXIT_FAILED);
        for (int l = 0; l < r.n_layers; l++) choice[r.layer[l].node].ratio = -1;
    }
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    struct mnq_graph out[2];
    struct mnq_prune_report r[2];
    for (int k = 0; k < 2; k++) {
        struct mnq_prune_opts o = opts(MNQ_PRUNE_OBS, 0.6);
        o.threads = k == 0 ? 1 : 5;
        prune(o, &out[k], &r[k]);
    }
    assert_true(r[0].error == r[1].error);
    for (int i = 0; i < out[0].n; i++) {
        const struct mnq_node *a = &out[0].node[i], *b = &out[1].node[i];
        if (a->w != NULL) assert_true(same(a->w, b->w, mnq_node_weights(&out[0], a)));
        if (a->b != NULL) assert_true(same(a->b, b->b, (size_t)a->out.c));
    }
}

/* Three samples, one sample: less to go by, but nothing breaks. */
static void few_samples(void **state)
{
    (void)state;
    for (int n = 1; n <= 3; n += 2) {
        struct mnq_graph out;
        struct mnq_prune_report r;
        int64_t weights, zeros;
        struct mnq_prune_opts o = opts(MNQ_PRUNE_OBS, 0.5);
        o.samples = n;
        prune(o, &out, &r);
        totals(&r, &weights, &zeros);
        assert_int_equal(zeros, llround(0.5 * (double)weights));
        assert_true(isfinite(r.error));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pattern_texts),
        cmocka_unit_test(ratio_and_what_stays),
        cmocka_unit_test(each_layer_the_same),
        cmocka_unit_test(patterns),
        cmocka_unit_test(rules),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(few_samples),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
