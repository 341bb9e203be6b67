/* SPDX-License-Identifier: Apache-2.0
 * The built-in networks against Keras' own totals, and what users may say about an architecture. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "graph/cost.h"
#include "h5text.h"
#include "import/arch.h"
#include "import/arch_given.h"
#include "import/import.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct mnq_err err;

static struct mnq_graph build(const char *name, struct mnq_arena *arena, int resolution)
{
    struct mnq_arch a;
    struct mnq_graph g;
    memset(&err, 0, sizeof err);
    assert_int_equal(mnq_arch_named(name, &a, &err), 0);
    if (resolution > 0) a.resolution = resolution;
    assert_int_equal(mnq_arch_graph(&a, &g, arena, &err), 0);
    return g;
}

/* Totals as Keras' model.summary() gives them for 1000 classes; MACs at 224 as published. */
static void agrees_with_keras(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t params, statistics;
        double mmacs;
    } known[] = {
        {"v1-0.25", 475544, 5472, 41.0},
        {"v1-0.5", 1342536, 10944, 149.5},
        {"v1-0.75", 2601976, 16416, 325.4},
        {"v1", 4253864, 21888, 568.7},
        {"v2-0.35", 1691208, 14080, 59.3},
        {"v2-0.5", 1987224, 18544, 97.1},
        {"v2-0.75", 2663064, 26640, 209.1},
        {"v2", 3538984, 34112, 300.8},
        {"v2-1.3", 5431048, 44256, 509.4},
        {"v2-1.4", 6156712, 47936, 582.2},
        {"v3-small-0.75", 2051552, 9680, 43.4},
        {"v3-small", 2554968, 12112, 56.5},
        {"v3-small-minimalistic", 2056848, 12112, 52.3},
        {"v3-large-0.75", 4012616, 19088, 154.6},
        {"v3-large", 5507432, 24400, 216.6},
        {"v3-large-minimalistic", 3948688, 24400, 209.1},
        {"nasnet-mobile", 5326716, 36738, 563.6},
        {"xception", 22910480, 54528, 8357.4},
        {"efficientnet-b0", 5330571, 42023, 385.8},
        {"efficientnet-lite0", 4694024, 42016, 385.2},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct mnq_arena arena = {0};
        struct mnq_graph g = build(known[i].name, &arena, 0);
        struct mnq_cost total = mnq_cost_total(&g);
        int64_t statistics = 0;
        for (int n = 0; n < g.n; n++)
            if (g.node[n].op == MNQ_OP_BATCHNORM) statistics += g.node[n].kept > 0 ? g.node[n].kept : 2 * g.node[n].out.c;
        print_message("%-24s %8lld parameters, %6.1f MMACs\n", known[i].name, (long long)total.params,
                      (double)total.macs / 1e6);
        assert_int_equal(total.params, known[i].params);
        assert_int_equal(statistics, known[i].statistics);
        assert_true(fabs((double)total.macs / 1e6 - known[i].mmacs) < 0.06);
        assert_int_equal(mnq_graph_check(&g, &err), 0);
        mnq_arena_free(&arena);
    }
}

/* MACs fall with the square of the resolution, parameters stay. */
static void replans_resolutions(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    struct mnq_graph g = build("v1-0.25", &arena, 128);
    struct mnq_cost total = mnq_cost_total(&g);
    assert_int_equal(total.macs, 13570048);
    assert_int_equal(total.params, 475544);
    g = build("v2", &arena, 97); /* odd sizes on the way down */
    assert_int_equal(g.node[g.output].out.c, 1000);
    mnq_arena_free(&arena);
}

static void separable_pairs_save_as_published(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    static const char *const name[] = {"v1", "v2", "v3-large"};
    static const int pairs[] = {13, 17, 15};
    for (int k = 0; k < 3; k++) {
        struct mnq_graph g = build(name[k], &arena, 0);
        int n = 0;
        for (int i = 0; i < g.n; i++) {
            struct mnq_cost c = mnq_cost_node(&g, i);
            if (c.pair < 0) continue;
            n++;
            assert_true(fabs(c.saving - (1.0 / g.node[c.pair].out.c + 1.0 / (g.node[i].kh * g.node[i].kw))) < 1e-12);
        }
        assert_int_equal(n, pairs[k]);
    }
    mnq_arena_free(&arena);
}

static void heads_and_padding(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    struct mnq_graph g;
    struct mnq_arch a = mnq_arch_default(MNQ_FAMILY_V3_SMALL);
    a.head = MNQ_HEAD_NONE;
    assert_int_equal(mnq_arch_graph(&a, &g, &arena, &err), 0);
    assert_int_equal(g.node[g.output].out.h, 7);
    assert_int_equal(g.node[g.output].out.c, 576);
    a.head = MNQ_HEAD_CONV2;
    assert_int_equal(mnq_arch_graph(&a, &g, &arena, &err), 0);
    assert_int_equal(g.node[g.output].out.h, 1);
    assert_int_equal(g.node[g.output].out.c, 1024);
    a.head = MNQ_HEAD_DENSE;
    a.classes = 3;
    a.final = MNQ_FINAL_SIGMOID;
    a.symmetric = true;
    assert_int_equal(mnq_arch_graph(&a, &g, &arena, &err), 0);
    assert_int_equal(g.node[g.output].act, MNQ_ACT_SIGMOID);
    for (int i = 0; i < g.n; i++)
        if (g.node[i].op == MNQ_OP_PAD) assert_true(g.node[i].pt == g.node[i].pb && g.node[i].pt >= 1);
    mnq_arena_free(&arena);
}

static void expect_name_error(const char *name)
{
    struct mnq_arch a;
    memset(&err, 0, sizeof err);
    assert_int_equal(mnq_arch_named(name, &a, &err), -1);
    assert_int_equal(err.code, MNQ_EXIT_USAGE);
    assert_non_null(strstr(err.msg, name));
}

static void refuses_other_names(void **state)
{
    (void)state;
    struct mnq_arch a;
    char text[80];
    assert_int_equal(mnq_arch_named("v3-large-minimalistic-0.75", &a, &err), 0);
    assert_true(a.minimalistic && a.width == 0.75);
    assert_string_equal(mnq_arch_describe(&a, text, sizeof text), "MobileNet V3-large minimalistic 0.75");
    expect_name_error("v4");
    expect_name_error("v1-");
    expect_name_error("v1-x");
    expect_name_error("v1-0.25x");
    expect_name_error("v1-minimalistic");
    expect_name_error("v2-99");
    expect_name_error("v10.25");
}

static int read_text(const char *text, struct mnq_arch_given *a, struct mnq_arena *arena)
{
    FILE *f = fopen("test_arch.yaml", "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    memset(&err, 0, sizeof err);
    int rc = mnq_arch_read("test_arch.yaml", a, arena, &err);
    unlink("test_arch.yaml");
    return rc;
}

static void reads_architecture_files(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    struct mnq_arch_given a;
    assert_int_equal(read_text("family: v2\nwidth: 0.35\nresolution: 160\nclasses: 5\npadding: symmetric\nactivation: relu\n"
                               "head: dense\noutput: sigmoid\nbias: true\nepsilon: 0.00001\npreprocess: torch\n",
                               &a, &arena),
                     0);
    assert_true(a.family && a.width && a.resolution && a.classes && a.head && a.bias && !a.minimalistic);
    assert_true(a.arch.family == MNQ_FAMILY_V2 && a.arch.width == 0.35 && a.arch.resolution == 160 && a.arch.classes == 5);
    assert_true(a.arch.symmetric && a.arch.act == MNQ_ACT_RELU && a.arch.head == MNQ_HEAD_DENSE && a.arch.bias);
    assert_true(a.arch.final == MNQ_FINAL_SIGMOID && a.arch.eps == 1e-5);
    assert_string_equal(a.arch.preprocess, "torch");
    assert_int_equal(read_text("family: v3-small\nminimalistic: true\n", &a, &arena), 0);
    assert_true(a.arch.minimalistic && !a.width && !a.classes && a.arch.width == 1.0);
    static const char *const bad[][2] = {
        {"width: 1\n", "test_arch.yaml:1:1: family is missing: v1, v2, v3-small, v3-large, nasnet-mobile, xception, "
                       "efficientnet-b0 or efficientnet-lite0"},
        {"family: v9\n", "test_arch.yaml:1:9: family: expected one of v1, v2, v3-small, v3-large, nasnet-mobile, xception, "
                         "efficientnet-b0, efficientnet-lite0, got v9"},
        {"family: v1\nwidht: 1\n", "test_arch.yaml:2:1: unknown key 'widht'; did you mean 'width'?"},
        {"family: v1\nwidth: 9\n", "test_arch.yaml:2:8: width: expected a number in 0.05..4, got 9"},
        {"family: v1\nminimalistic: true\n", "test_arch.yaml:2:15: minimalistic: only V3 has this form"},
        {"family: v3-small\nactivation: relu\n",
         "test_arch.yaml:2:13: activation: only V1 and V2 have a choice of activations"},
        {"family: v1\nhead: conv2\n", "test_arch.yaml:2:7: head: only V3 has a Conv_2"},
        {"- v1\n", "test_arch.yaml:1:1: expected a map, got a list of 1"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(read_text(bad[i][0], &a, &arena), -1);
        assert_string_equal(err.msg, bad[i][1]);
        assert_int_equal(err.code, MNQ_EXIT_USAGE);
    }
    mnq_arena_free(&arena);
}

/* ---- weights-only files ---- */

static char text[1 << 19];
static size_t length;

static void say(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text + length, sizeof text - length, fmt, ap);
    va_end(ap);
    assert_true(n > 0 && (size_t)n < sizeof text - length);
    length += (size_t)n;
}

/* The slots' variables, pseudo-random ones: under the layers' names, under names that mean nothing, or as Keras 3 numbers
 * them. Variances are 1. */
static void describe(const struct mnq_build *b, int layout)
{
    length = 0;
    for (int s = 0; s < b->n_slot; s++) {
        const struct mnq_slot *slot = &b->slot[s];
        char name[120];
        if (layout == 1) snprintf(name, sizeof name, "layer_%d", s);
        else snprintf(name, sizeof name, "%s", slot->layer);
        for (int v = 0; v < slot->n_var; v++) {
            const struct mnq_slot_var *var = &slot->var[v];
            bool positive = var->kind == MNQ_VAR_VARIANCE || var->kind == MNQ_VAR_NORM_VARIANCE;
            if (layout == 2) say("d /%s/vars/%d f32 ", slot->alias[0], v);
            else say("d /%s/%s/%s:0 f32 ", name, name, mnq_var_name(var->kind));
            for (int d = 0; d < var->rank; d++) say("%s%lld", d > 0 ? "," : "", (long long)var->dim[d]);
            say("%s\n", positive ? " 1" : "");
        }
        if (layout == 2) continue;
        say("l /%s weight_names", name);
        for (int v = 0; v < slot->n_var; v++) say(" %s/%s:0", name, mnq_var_name(slot->var[v].kind));
        say("\n");
    }
    if (layout == 2) return;
    say("l / layer_names");
    for (int s = 0; s < b->n_slot; s++)
        if (layout == 1) say(" layer_%d", s);
        else say(" %s", b->slot[s].layer);
    say("\n");
}

/* A number for all weights in the order of the nodes. */
static double sum_of(const struct mnq_graph *g)
{
    double sum = 0;
    for (int i = 0; i < g->n; i++)
        for (size_t k = 0; k < mnq_node_weights(g, &g->node[i]); k++)
            sum += (double)g->node[i].w[k] * (double)(1 + (k + (size_t)i) % 97);
    return sum;
}

/* Families are told by their weights alone, with and without the top, and each weight finds its place in every layout. */
static void infers_from_weights(void **state)
{
    (void)state;
    static const struct {
        const char *family, *origin;
        enum mnq_head head;
        bool bare;
    } row[] = {{"nasnet-mobile", "weights-only, NASNet-Mobile", MNQ_HEAD_KERAS, false},
               {"efficientnet-b0", "weights-only, EfficientNet-B0", MNQ_HEAD_NONE, true},
               {"efficientnet-lite0", "weights-only, EfficientNet-Lite0", MNQ_HEAD_KERAS, true}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        double first = 0;
        for (int layout = 0; layout < 3; layout++) {
            struct mnq_arena arena = {0}, made = {0};
            struct mnq_graph g, got;
            struct mnq_arch a;
            struct mnq_build b = {.g = &g};
            memset(&err, 0, sizeof err);
            mnq_graph_init(&g, &made);
            assert_int_equal(mnq_arch_named(row[i].family, &a, &err), 0);
            a.resolution = 64;
            a.classes = 3;
            a.head = row[i].head;
            a.bare = row[i].bare;
            assert_int_equal(mnq_arch_build(&b, &a, &err), 0);
            describe(&b, layout);
            size_t size;
            int bad;
            uint8_t *file = mnq_h5text(text, length, &size, &bad);
            assert_true(file != NULL && bad == 0);
            int rc = mnq_import_bytes("w.h5", file, size, &(struct mnq_import_opts){.resolution = 64}, &got, &arena, &err);
            if (rc != 0) print_error("%s, layout %d: %s\n", row[i].family, layout, err.msg);
            assert_int_equal(rc, 0);
            if (layout < 2) assert_string_equal(got.origin, row[i].origin);
            assert_int_equal(got.node[got.output].out.c, g.node[g.output].out.c);
            assert_int_equal(got.n, g.n);
            if (layout == 0) first = sum_of(&got);
            if (layout < 2) assert_true(sum_of(&got) == first); /* pseudo-random numbers follow the order of the text */
            assert_true(isfinite(sum_of(&got)));
            free(file);
            mnq_arena_free(&arena);
            mnq_arena_free(&made);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_keras),
        cmocka_unit_test(replans_resolutions),
        cmocka_unit_test(separable_pairs_save_as_published),
        cmocka_unit_test(heads_and_padding),
        cmocka_unit_test(refuses_other_names),
        cmocka_unit_test(reads_architecture_files),
        cmocka_unit_test(infers_from_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
