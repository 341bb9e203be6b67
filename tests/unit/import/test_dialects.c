/* SPDX-License-Identifier: Apache-2.0
 * Every family in every container and dialect of Keras: the imported network computes what the generator computes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "graph/cost.h"
#include "graph/exec.h"
#include "import/import.h"
#include "kerasgen.h"
#include "passes/passes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const family[] = {"v1", "v2", "v3-small", "v3-large"}, *const generation[] = {"2017", "apps", "tf", "k3"},
                         *const dialect[] = {"activation", "tfop", "tf21", "rescaling", "ops3", "act3"},
                         *const container[] = {"full",           "nested",         "weights",        "weights3",
                                               "weights2.13",    "archive",        "packed-archive", "nested-archive",
                                               "nested-weights", "nested-weights3"},
                         *const storage[] = {"f32", "f64", "f16", "bf16", "deflated"},
                         *const strings[] = {"variable", "fixed", "split"};

static int combinations;

static double pixel(uint64_t *s)
{
    *s = *s * 6364136223846793005u + 1442695040888963407u;
    return (double)(*s >> 56) / 127.5 - 1;
}

/* Largest error of a graph's output: absolute for probabilities, relative to 1 + |value| for feature maps. */
static double difference(const struct mnq_graph *g, const float *in, const double *want, size_t n, bool probabilities)
{
    struct mnq_err e = {0};
    struct mnq_exec *x = mnq_exec_new(g, false, &e);
    if (x == NULL) print_error("%s\n", e.msg);
    assert_non_null(x);
    const float *got = mnq_exec_run(x, in, NULL, NULL);
    double worst = 0;
    for (size_t i = 0; i < n; i++) {
        double d = fabs((double)got[i] - want[i]) / (probabilities ? 1 : 1 + fabs(want[i]));
        if (!(d <= worst)) worst = d;
    }
    mnq_exec_free(x);
    return worst;
}

static void check(struct kg_options o)
{
    char name[200];
    if (o.width == 0) o.width = o.family == KG_V3_LARGE ? 0.35 : 0.25;
    if (o.resolution == 0) o.resolution = o.family == KG_V1 ? 32 : 40;
    if (o.channels == 0) o.channels = 3;
    if (o.classes == 0) o.classes = 7;
    if (o.classes < 0) o.classes = 0;
    static const char *const wrap[] = {"", " pruned", " clustered", " quantized"};
    o.seed = (uint64_t)++combinations;
    snprintf(name, sizeof name, "%s%s %.4g %s %s %s %s %s%s%s%s%s%s%s%s%s%s%s", family[o.family],
             o.minimalistic ? "-minimalistic" : "", o.width, generation[o.generation], dialect[o.dialect],
             container[o.container], storage[o.storage], strings[o.strings], o.classes == 0 ? " no-top" : "",
             o.bias ? " bias" : "", o.pool_last ? " pool-last" : "", o.scoped ? " scoped" : "", o.renamed ? " renamed" : "",
             o.rescaling ? " rescaling" : "", o.channels == 1 ? " grey" : "", wrap[o.wrap], o.ndarray ? " ndarray" : "",
             o.normalization ? " normalization" : "");
    struct kg_net *n = kg_new(&o);
    size_t size, outputs = kg_outputs(n), inputs = (size_t)o.resolution * (size_t)o.resolution * (size_t)o.channels;
    uint8_t *file = kg_file(n, &size);
    struct mnq_arena arena = {0};
    struct mnq_graph g;
    struct mnq_err e = {0};
    int rc =
        mnq_import_bytes("generated.h5", file, size, &(struct mnq_import_opts){.resolution = o.resolution}, &g, &arena, &e);
    free(file);
    if (rc != 0) print_error("%s: %s\n", name, e.msg);
    assert_int_equal(rc, 0);
    assert_int_equal(mnq_cost_total(&g).params, kg_params(n));
    float *in = malloc(inputs * sizeof *in);
    double *real = malloc(inputs * sizeof *real), *want = malloc(outputs * sizeof *want);
    assert_true(in != NULL && real != NULL && want != NULL);
    for (size_t i = 0; i < inputs; i++) {
        in[i] = (float)(pixel(&o.seed) * (o.rescaling ? 127.5 : 1));
        real[i] = (double)in[i];
    }
    kg_forward(n, real, want);
    double raw = difference(&g, in, want, outputs, o.classes > 0), legal = 1;
    struct mnq_graph folded;
    if (mnq_graph_legalize(&g, &folded, &arena, &e) == 0) legal = difference(&folded, in, want, outputs, o.classes > 0);
    else print_error("%s: %s\n", name, e.msg);
    print_message("%3d %-80s %.1e, folded %.1e\n", combinations, name, raw, legal);
    assert_true(raw <= 1e-4);
    assert_true(legal <= 1e-4);
    double most = want[0], least = want[0];
    for (size_t i = 0; i < outputs; i++) {
        most = want[i] > most ? want[i] : most;
        least = want[i] < least ? want[i] : least;
    }
    assert_true(most - least > 0.02); /* a network that tells nothing apart would prove nothing */
    mnq_arena_free(&arena);
    free(in);
    free(real);
    free(want);
    kg_free(n);
}

#define CHECK(...) check((struct kg_options){__VA_ARGS__})

static void full_models(void **state)
{
    (void)state;
    static const struct {
        enum kg_generation generation;
        enum kg_dialect dialect;
    } v3[] = {{KG_GEN_APPS, KG_DIALECT_ACTIVATION}, {KG_GEN_TF, KG_DIALECT_TFOP}, {KG_GEN_TF, KG_DIALECT_TF21},
              {KG_GEN_TF, KG_DIALECT_RESCALING},    {KG_GEN_K3, KG_DIALECT_OPS3}, {KG_GEN_K3, KG_DIALECT_ACT3}};
    for (int f = KG_V1; f <= KG_V2; f++)
        for (int g = KG_GEN_2017; g <= KG_GEN_K3; g++)
            CHECK(.family = (enum kg_family)f, .generation = (enum kg_generation)g,
                  .dialect = g == KG_GEN_K3 ? KG_DIALECT_OPS3 : KG_DIALECT_ACTIVATION);
    for (int f = KG_V3_SMALL; f <= KG_V3_LARGE; f++) {
        for (size_t i = 0; i < sizeof v3 / sizeof *v3; i++)
            CHECK(.family = (enum kg_family)f, .generation = v3[i].generation, .dialect = v3[i].dialect);
        CHECK(.family = (enum kg_family)f, .generation = KG_GEN_TF, .minimalistic = true);
        CHECK(.family = (enum kg_family)f, .generation = KG_GEN_K3, .dialect = KG_DIALECT_OPS3, .minimalistic = true);
        CHECK(.family = (enum kg_family)f, .generation = KG_GEN_TF, .dialect = KG_DIALECT_TFOP, .pool_last = true,
              .rescaling = true);
    }
    CHECK(.family = KG_V1, .generation = KG_GEN_TF, .bias = true, .rescaling = true);
    CHECK(.family = KG_V1, .generation = KG_GEN_2017, .resolution = 45); /* odd sizes pad on both sides */
}

/* What tools and older releases leave around the layers, in front of them and in their numbers. */
static void remnants(void **state)
{
    (void)state;
    for (int wrap = KG_PRUNED; wrap <= KG_QUANTIZED; wrap++) {
        CHECK(.family = KG_V1, .generation = KG_GEN_TF, .wrap = (enum kg_wrap)wrap);
        CHECK(.family = KG_V2, .generation = KG_GEN_TF, .wrap = (enum kg_wrap)wrap, .bias = true);
        CHECK(.family = KG_V3_SMALL, .generation = KG_GEN_APPS, .wrap = (enum kg_wrap)wrap);
    }
    CHECK(.family = KG_V1, .generation = KG_GEN_APPS, .ndarray = true, .channels = 1);
    CHECK(.family = KG_V2, .generation = KG_GEN_APPS, .ndarray = true);
    CHECK(.family = KG_V3_LARGE, .generation = KG_GEN_TF, .dialect = KG_DIALECT_RESCALING, .ndarray = true);
    CHECK(.family = KG_V2, .generation = KG_GEN_TF, .wrap = KG_PRUNED, .ndarray = true, .normalization = true);
    CHECK(.family = KG_V1, .generation = KG_GEN_TF, .normalization = true);
    CHECK(.family = KG_V2, .generation = KG_GEN_TF, .normalization = true, .rescaling = true);
    CHECK(.family = KG_V1, .generation = KG_GEN_K3, .dialect = KG_DIALECT_ACT3, .container = KG_ARCHIVE,
          .normalization = true);
}

static void nested_models(void **state)
{
    (void)state;
    CHECK(.family = KG_V1, .generation = KG_GEN_TF, .container = KG_NESTED);
    CHECK(.family = KG_V1, .generation = KG_GEN_K3, .dialect = KG_DIALECT_OPS3, .container = KG_NESTED);
    CHECK(.family = KG_V2, .generation = KG_GEN_APPS, .container = KG_NESTED);
    CHECK(.family = KG_V2, .generation = KG_GEN_TF, .container = KG_NESTED, .renamed = true);
    CHECK(.family = KG_V2, .generation = KG_GEN_TF, .container = KG_NESTED, .scoped = true);
    CHECK(.family = KG_V3_SMALL, .generation = KG_GEN_TF, .dialect = KG_DIALECT_TFOP, .container = KG_NESTED);
    CHECK(.family = KG_V3_LARGE, .generation = KG_GEN_K3, .dialect = KG_DIALECT_OPS3, .container = KG_NESTED);
}

static void weights_only(void **state)
{
    (void)state;
    for (int top = 1; top >= 0; top--) {
        int classes = top ? 7 : -1;
        for (int f = KG_V1; f <= KG_V2; f++)
            for (int g = KG_GEN_2017; g <= KG_GEN_K3; g++)
                CHECK(.family = (enum kg_family)f, .generation = (enum kg_generation)g, .container = KG_WEIGHTS,
                      .classes = classes);
        for (int f = KG_V3_SMALL; f <= KG_V3_LARGE; f++)
            for (int g = KG_GEN_APPS; g <= KG_GEN_K3; g++)
                CHECK(.family = (enum kg_family)f, .generation = (enum kg_generation)g, .container = KG_WEIGHTS,
                      .classes = classes);
    }
    CHECK(.family = KG_V3_SMALL, .generation = KG_GEN_TF, .container = KG_WEIGHTS, .minimalistic = true);
    CHECK(.family = KG_V3_LARGE, .generation = KG_GEN_K3, .container = KG_WEIGHTS, .minimalistic = true);
    for (int f = KG_V1; f <= KG_V3_LARGE; f++)
        CHECK(.family = (enum kg_family)f, .generation = KG_GEN_TF, .container = KG_WEIGHTS, .renamed = true);
    CHECK(.family = KG_V1, .generation = KG_GEN_TF, .container = KG_WEIGHTS, .width = 0.37);
    CHECK(.family = KG_V1, .generation = KG_GEN_TF, .container = KG_WEIGHTS, .bias = true);
    CHECK(.family = KG_V2, .generation = KG_GEN_TF, .container = KG_WEIGHTS, .width = 0.35);
    CHECK(.family = KG_V1, .generation = KG_GEN_TF, .container = KG_WEIGHTS, .channels = 1);
    CHECK(.family = KG_V3_SMALL, .generation = KG_GEN_TF, .container = KG_NESTED, .dialect = KG_DIALECT_TFOP, .channels = 1);
    CHECK(.family = KG_V3_SMALL, .generation = KG_GEN_TF, .container = KG_WEIGHTS, .width = 0.75);
    for (int f = KG_V1; f <= KG_V3_LARGE; f++) {
        CHECK(.family = (enum kg_family)f, .generation = KG_GEN_TF, .container = KG_WEIGHTS_NESTED);
        CHECK(.family = (enum kg_family)f, .generation = KG_GEN_K3, .container = KG_WEIGHTS_K3_NESTED, .strings = KG_FIXED);
    }
}

static void keras3_weights(void **state)
{
    (void)state;
    for (int f = KG_V1; f <= KG_V3_LARGE; f++)
        for (int c = KG_WEIGHTS_K3; c <= KG_WEIGHTS_K213; c++) {
            CHECK(.family = (enum kg_family)f, .generation = KG_GEN_K3, .container = (enum kg_container)c);
            CHECK(.family = (enum kg_family)f, .generation = KG_GEN_K3, .container = (enum kg_container)c, .classes = -1,
                  .strings = KG_FIXED);
        }
    CHECK(.family = KG_V2, .generation = KG_GEN_TF, .container = KG_WEIGHTS_K3, .renamed = true, .strings = KG_FIXED);
}

static void archives(void **state)
{
    (void)state;
    for (int f = KG_V1; f <= KG_V3_LARGE; f++)
        for (int c = KG_ARCHIVE; c <= KG_ARCHIVE_NESTED; c++)
            CHECK(.family = (enum kg_family)f, .generation = KG_GEN_K3,
                  .dialect = c == KG_ARCHIVE ? KG_DIALECT_ACT3 : KG_DIALECT_OPS3, .container = (enum kg_container)c,
                  .strings = c == KG_ARCHIVE ? KG_VARIABLE : KG_FIXED);
    CHECK(.family = KG_V2, .generation = KG_GEN_K3, .dialect = KG_DIALECT_OPS3, .container = KG_ARCHIVE, .renamed = true);
}

static void storages_and_strings(void **state)
{
    (void)state;
    static const enum kg_container some[] = {KG_FULL, KG_WEIGHTS, KG_ARCHIVE};
    for (int s = KG_F64; s <= KG_PACKED; s++)
        for (int c = 0; c < 3; c++)
            CHECK(.family = (enum kg_family)(c % 3 + (s == KG_F16)),
                  .generation = some[c] == KG_ARCHIVE ? KG_GEN_K3 : KG_GEN_TF,
                  .dialect = some[c] == KG_ARCHIVE ? KG_DIALECT_OPS3 : KG_DIALECT_TFOP, .container = some[c],
                  .storage = (enum kg_storage)s);
    for (int s = KG_FIXED; s <= KG_SPLIT; s++)
        for (int c = 0; c < 2; c++)
            CHECK(.family = c == 0 ? KG_V1 : KG_V3_SMALL, .generation = KG_GEN_TF, .dialect = KG_DIALECT_TFOP,
                  .container = some[c], .strings = (enum kg_strings)s);
    CHECK(.family = KG_V1, .generation = KG_GEN_APPS, .scoped = true, .strings = KG_FIXED);
    CHECK(.family = KG_V3_SMALL, .generation = KG_GEN_APPS, .container = KG_WEIGHTS, .scoped = true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_models),          cmocka_unit_test(remnants),       cmocka_unit_test(nested_models),
        cmocka_unit_test(weights_only),         cmocka_unit_test(keras3_weights), cmocka_unit_test(archives),
        cmocka_unit_test(storages_and_strings),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    printf("%d combinations of family, container and dialect\n", combinations);
    return rc;
}
