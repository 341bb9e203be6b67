/* SPDX-License-Identifier: Apache-2.0
 * Whole channels leave: every family of networks, the narrow file computes what the wide graph with zero columns does, and
 * the surgeon beats leaving channels out. */
#include "channels.h"

#include "channel_parts.h"
#include "graph/cost.h"
#include "import/import.h"
#include "kerasgen.h"
#include "pack/keras_write.h"
#include "passes/passes.h"
#include "subject.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static uint32_t state_of_noise = 1;

static double noise(void)
{
    state_of_noise = state_of_noise * 1664525u + 1013904223u;
    return (double)(state_of_noise >> 8) / (1 << 23) - 1;
}

/* Largest difference of the outputs of two legal graphs on the same noise, over the largest output. */
static double difference(const struct mnq_graph *a, const struct mnq_graph *b)
{
    struct mnq_err e = {0};
    struct mnq_exec *x = mnq_exec_new(a, false, &e), *y = mnq_exec_new(b, false, &e);
    size_t n = mnq_elements(a->node[0].out), outputs = mnq_elements(a->node[a->output].out);
    assert_int_equal(outputs, mnq_elements(b->node[b->output].out));
    float *in = malloc(n * sizeof *in);
    double worst = 0, most = 0;
    assert_true(x != NULL && y != NULL && in != NULL);
    for (size_t i = 0; i < n; i++) in[i] = (float)noise();
    const float *p = mnq_exec_run(x, in, NULL, NULL), *q = mnq_exec_run(y, in, NULL, NULL);
    for (size_t i = 0; i < outputs; i++) {
        worst = fmax(worst, fabs((double)p[i] - (double)q[i]));
        most = fmax(most, fabs((double)p[i]));
    }
    free(in);
    mnq_exec_free(x);
    mnq_exec_free(y);
    return worst / most;
}

/* The narrow file, imported and legalized; checks sizes and what it computes. */
static void check_cut(const struct mnq_graph *raw, const struct mnq_graph *legal, const struct mnq_graph *out,
                      const struct mnq_channels *cut, const struct mnq_channel_report *r, double ratio,
                      struct mnq_arena *arena)
{
    struct mnq_err e = {0};
    struct mnq_graph narrow, read, again;
    uint8_t *bytes;
    size_t n;
    if (mnq_channels_cut(raw, legal, out, cut, &narrow, arena, &e) != 0 || mnq_keras_make(&narrow, &bytes, &n, &e) != 0 ||
        mnq_import_bytes("narrow.h5", bytes, n, NULL, &read, arena, &e) != 0 ||
        mnq_graph_legalize(&read, &again, arena, &e) != 0)
        fail_msg("%s", e.msg);
    free(bytes);
    assert_int_equal(mnq_cost_total(&again).macs, r->macs_after);
    assert_int_equal(mnq_cost_total(legal).macs, r->macs_before);
    assert_true((double)r->macs_after <= (1 - ratio) * (double)r->macs_before);
    assert_true((double)r->macs_after > (1 - ratio - 0.12) * (double)r->macs_before);
    for (int l = 0; l < r->n_groups; l++) {
        const struct mnq_family *m = &cut->legal_f.family[r->group[l].family];
        assert_true(r->group[l].left >= 1 && r->group[l].left <= r->group[l].channels);
        assert_true(r->group[l].channels < 16 || r->group[l].left % 4 == 0 || r->group[l].left == r->group[l].channels);
        for (int k = 0; k < m->n_writers; k++) assert_int_equal(again.node[m->writer[k]].out.c, r->group[l].left);
    }
    assert_true(difference(out, &again) < 2e-5);
}

static void every_family(void **state)
{
    (void)state;
    static const struct kg_options nets[] = {
        {.family = KG_V1, .width = 0.25, .generation = KG_GEN_TF, .container = KG_FULL},
        {.family = KG_V2, .width = 0.35, .generation = KG_GEN_TF, .container = KG_WEIGHTS},
        {.family = KG_V3_SMALL, .width = 1.0, .generation = KG_GEN_K3, .dialect = KG_DIALECT_ACT3, .container = KG_ARCHIVE},
        {.family = KG_V3_LARGE, .width = 0.75, .generation = KG_GEN_TF, .dialect = KG_DIALECT_TFOP, .container = KG_NESTED}};
    const double ratio = 0.45;
    for (size_t k = 0; k < sizeof nets / sizeof *nets; k++) {
        struct kg_options o = nets[k];
        struct mnq_arena arena = {0};
        struct mnq_err e = {0};
        struct mnq_graph raw, legal, out;
        struct mnq_channels cut;
        struct mnq_channel_report r;
        size_t n;
        o.resolution = o.container == KG_WEIGHTS ? 224 : 32;
        o.classes = 10;
        o.seed = 7 + k;
        struct kg_net *net = kg_new(&o);
        uint8_t *bytes = kg_file(net, &n);
        struct mnq_channel_opts co = {.ratio = ratio, .threads = 1};
        if (mnq_import_bytes("model.h5", bytes, n, NULL, &raw, &arena, &e) != 0 ||
            mnq_graph_legalize(&raw, &legal, &arena, &e) != 0 ||
            mnq_prune_channels(&raw, &legal, NULL, NULL, &co, &out, &cut, &r, &arena, NULL, NULL, &e) != 0)
            fail_msg("network %zu: %s", k, e.msg);
        assert_true(r.n_groups >= (o.family == KG_V1 ? 14 : 20));
        check_cut(&raw, &legal, &out, &cut, &r, ratio, &arena);
        free(bytes);
        kg_free(net);
        mnq_arena_free(&arena);
    }
}

/* ---- the surgeon ---- */

/* Two inputs nearly the same: either may go for nothing, the second costs; the third matters most. */
static void order_of_twins(void **state)
{
    (void)state;
    /* covariance [[1, .999, 0], [.999, 1, 0], [0, 0, 1]] */
    const double a = 1 / (1 - 0.999 * 0.999), b = -0.999 * a;
    double inverse[] = {a, b, 0, b, a, 0, 0, 0, 1}, w[] = {1, 1.5, 3}, error[3];
    int order[3];
    struct mnq_err e = {0};
    struct mnq_channel_reader r = {inverse, w, 1, 1};
    assert_int_equal(mnq_channel_order(&r, 1, 3, order, error, &e), 0);
    assert_int_equal(order[0], 0);
    assert_int_equal(order[1], 1);
    assert_int_equal(order[2], 2);
    assert_true(error[0] < 0.01 && fabs(error[0] - 1 / a) < 1e-9); /* w^2 / inverse */
    double left = 1.5 + 0.999;                                     /* what 1 has to do now, of variance 1 */
    assert_true(fabs(error[1] - error[0] - left * left) < 1e-9);
}

static void with_samples(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    struct mnq_subject s;
    struct mnq_err e = {0};
    const double ratio = 0.4;
    float *first[200] = {NULL};
    char *path = (char *)(uintptr_t)(MNQ_SOURCE_DIR "/tests/golden/reader/reader-calib.h5");
    struct mnq_dataset *d = NULL;
    if (mnq_subject_open(MNQ_SOURCE_DIR "/tests/golden/reader/reader.h5", &(struct mnq_subject_opts){.preprocess = "tf"}, &s,
                         &arena, &e) != 0 ||
        (d = mnq_dataset_open(&path, 1, s.input.h, s.input.w, s.input.c, &e)) == NULL)
        fail_msg("%s", e.msg);
    assert_true(s.legal.n <= 200);
    for (int threads = 1; threads <= 3; threads += 2) {
        struct mnq_graph out;
        struct mnq_channels cut;
        struct mnq_channel_report r;
        struct mnq_channel_opts o = {.ratio = ratio, .samples = 24, .threads = threads};
        if (mnq_prune_channels(&s.raw, &s.legal, d, &s.preprocess, &o, &out, &cut, &r, &arena, NULL, NULL, &e) != 0)
            fail_msg("%s", e.msg);
        assert_int_equal(r.samples, 24);
        assert_true(r.error < 0.5 * r.pass[0].after); /* of channels that are left out and nothing else */
        for (int i = 0; i < out.n; i++) {             /* the same bits for any number of threads */
            if (out.node[i].w == NULL) continue;
            if (threads == 1) first[i] = out.node[i].w;
            assert_memory_equal(first[i], out.node[i].w, mnq_node_weights(&out, &out.node[i]) * sizeof **first);
        }
        check_cut(&s.raw, &s.legal, &out, &cut, &r, ratio, &arena);
    }
    mnq_dataset_close(d);
    mnq_arena_free(&arena);
}

/* More than can leave: what is left of the first layer, and one channel of each group, remains. */
static void too_much(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    struct mnq_subject s;
    struct mnq_err e = {0};
    struct mnq_graph out;
    struct mnq_channels cut;
    struct mnq_channel_report r;
    struct mnq_channel_opts o = {.ratio = 0.9999, .threads = 1};
    assert_int_equal(mnq_subject_open(MNQ_SOURCE_DIR "/tests/golden/reader/reader.h5",
                                      &(struct mnq_subject_opts){.preprocess = "tf"}, &s, &arena, &e),
                     0);
    assert_int_equal(mnq_prune_channels(&s.raw, &s.legal, NULL, &s.preprocess, &o, &out, &cut, &r, &arena, NULL, NULL, &e),
                     -1);
    assert_non_null(strstr(e.msg, "channels: a share of 0.9999 of the multiplications cannot leave, at most 0.9"));
    mnq_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_family), cmocka_unit_test(order_of_twins),
                                       cmocka_unit_test(with_samples), cmocka_unit_test(too_much)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
