/* SPDX-License-Identifier: Apache-2.0
 * Cost tables against Keras' totals, published multiply-accumulates, and what lowering and packing really make. */
#include "cost_table.h"

#include "graph/cost.h"
#include "import/arch.h"
#include "pack/qmodel.h"
#include "pack/stage.h"
#include "passes/passes.h"
#include "quantize/lower.h"
#include "util/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int family_index(const char *name)
{
    int f = 0;
    while (mnq_cost_families[f] != NULL && strcmp(mnq_cost_families[f], name) != 0) f++;
    assert_non_null(mnq_cost_families[f]);
    return f;
}

/* A table takes seconds: each is made once. */
static struct mnq_arena made;
static struct mnq_cost_table table[32];

static const struct mnq_cost_table *family(const char *name)
{
    int f = family_index(name);
    struct mnq_err e = {0};
    assert_in_range(f, 0, (int)(sizeof table / sizeof *table) - 1);
    if (table[f].n == 0 && mnq_cost_family(f, 2, &table[f], &made, &e) != 0) fail_msg("%s", e.msg);
    return &table[f];
}

static const struct mnq_cost_point *find(const struct mnq_cost_table *t, double width, int resolution)
{
    const struct mnq_cost_point *found = NULL;
    for (int i = 0; i < t->n; i++) {
        if (t->point[i].width != width || t->point[i].input.h != resolution) continue;
        assert_null(found); /* no row twice */
        found = &t->point[i];
    }
    if (found == NULL) fail_msg("no row for %g at %d", width, resolution);
    return found;
}

/* Parameters as model.summary() of Keras gives them, multiply-accumulates at 224 as published, to one decimal, and the
 * elements of the largest input and output together, which no plan can do without and which these networks need no more
 * than: their residual tensors live where there is room. */
static const struct published {
    const char *family;
    double width;
    int64_t params;
    const char *mmacs;
    int64_t arena;
} published[] = {
    {"v1", 0.25, 475544, "41.0", 301056},
    {"v1", 0.5, 1342536, "149.5", 602112},
    {"v1", 0.75, 2601976, "325.4", 903168},
    {"v1", 1.0, 4253864, "568.7", 1204224},
    {"v2", 0.35, 1691208, "59.3", 752640},
    {"v2", 0.5, 1987224, "97.1", 752640},
    {"v2", 0.75, 2663064, "209.1", 1505280},
    {"v2", 1.0, 3538984, "300.8", 1505280},
    {"v2", 1.3, 5431048, "509.4", 2257920},
    {"v2", 1.4, 6156712, "582.2", 2257920},
    {"v3-small", 0.75, 2051552, "43.4", 351232},
    {"v3-small", 1.0, 2554968, "56.5", 351232},
    {"v3-small-minimalistic", 1.0, 2056848, "52.3", 351232},
    {"v3-large", 0.75, 4012616, "154.6", 1003520},
    {"v3-large", 1.0, 5507432, "216.6", 1003520},
    {"v3-large-minimalistic", 1.0, 3948688, "209.1", 1003520},
};

static void agrees_with_publications(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        const struct published *p = &published[i];
        const struct mnq_cost_point *c = find(family(p->family), p->width, 224);
        char mmacs[32];
        snprintf(mmacs, sizeof mmacs, "%.1f", (double)c->macs / 1e6);
        assert_string_equal(mmacs, p->mmacs);
        assert_int_equal(c->params, p->params);
        assert_int_equal(c->layer_bytes, p->arena);
        assert_true(c->arena_bytes < c->layer_bytes && c->stream_bytes <= c->arena_bytes);
    }
}

/* Every width at every input size, parameters and weights the same at all of them, everything less at smaller ones. */
static void grids_are_whole(void **state)
{
    (void)state;
    static const int sizes[2][5] = {{224, 192, 160, 128, 96}, {299, 224, 192, 160, 128}};
    for (int f = 0; mnq_cost_families[f] != NULL; f++) {
        const struct mnq_cost_table *t = family(mnq_cost_families[f]);
        const int *size = sizes[strcmp(mnq_cost_families[f], "xception") == 0];
        assert_true(t->n % 5 == 0 && t->n >= (f < 6 ? 20 : 5)); /* the MobileNets in several widths */
        assert_true(t->point[t->base].width == 1 && t->point[t->base].input.h == size[0]);
        for (int i = 0; i < t->n; i++) {
            const struct mnq_cost_point *p = &t->point[i], *same = find(t, p->width, 224);
            assert_int_equal(p->input.h, size[i % 5]);
            assert_int_equal(p->input.w, size[i % 5]);
            assert_int_equal(p->params, same->params);
            assert_int_equal(p->int8_bytes, same->int8_bytes);
            if (i % 5 == 0) continue;
            assert_true(p->macs < p[-1].macs && p->layer_bytes < p[-1].layer_bytes && p->arena_bytes < p[-1].arena_bytes &&
                        p->stream_bytes < p[-1].stream_bytes);
        }
    }
}

static void threads_change_nothing(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    struct mnq_err e = {0};
    struct mnq_cost_table one;
    const struct mnq_cost_table *two = family(mnq_cost_families[0]);
    assert_int_equal(mnq_cost_family(0, 1, &one, &arena, &e), 0);
    assert_int_equal(one.n, two->n);
    assert_memory_equal(one.point, two->point, (size_t)one.n * sizeof *one.point);
    mnq_arena_free(&arena);
}

/* ---- against a packed model ---- */

/* Any scales will do: sizes do not depend on them. */
static struct mnq_qparams *some_scales(const struct mnq_graph *g, struct mnq_arena *arena)
{
    struct mnq_qparams *qp = mnq_arena_array(arena, (size_t)g->n, sizeof *qp);
    for (int i = 0; i < g->n; i++) {
        bool image = g->node[i].op == MNQ_OP_INPUT || g->node[i].op == MNQ_OP_AFFINE;
        bool wide = mnq_node_is_settled(g, i);
        qp[i] = (struct mnq_qparams){.dtype = image  ? MNQ_U8
                                              : wide ? MNQ_S16
                                                     : MNQ_S8,
                                     .qmin = wide ? -32768 : -128,
                                     .qmax = wide ? 32767 : 127};
        qp[i].scale = mnq_arena_array(arena, (size_t)g->node[i].out.c, sizeof *qp[i].scale);
        qp[i].zero = mnq_arena_array(arena, (size_t)g->node[i].out.c, sizeof *qp[i].zero);
        for (int c = 0; c < g->node[i].out.c; c++) qp[i].scale[c] = i == g->output ? 1.0 / 32768 : 1.0 / 64;
    }
    return qp;
}

/* The table's bytes are those of a file that lowering and the writer made. */
static void check_packed(const char *arch, int resolution, int classes)
{
    struct mnq_arena arena = {0};
    struct mnq_err e = {0};
    struct mnq_arch a;
    struct mnq_graph raw, legal;
    struct mnq_cost_point p;
    assert_int_equal(mnq_arch_named(arch, &a, &e), 0);
    a.resolution = resolution;
    a.classes = classes;
    assert_int_equal(mnq_arch_graph(&a, &raw, &arena, &e), 0);
    assert_int_equal(mnq_graph_legalize(&raw, &legal, &arena, &e), 0);
    if (mnq_cost_point(&raw, &legal, &p, &e) != 0) fail_msg("%s", e.msg);

    struct mnq_preprocess pre;
    assert_int_equal(mnq_preprocess_named(&pre, "tf", 3, &e), 0);
    double *pre_max = mnq_arena_array(&arena, (size_t)legal.n, sizeof *pre_max);
    struct mnq_lowering l = {.g = &legal, .qp = some_scales(&legal, &arena), .p = &pre, .pre_max = pre_max, .arena = &arena};
    struct mnq_qmodel q;
    assert_int_equal(mnq_lower_frame(&l, &q, &e), 0);
    struct mnq_rounding_job job = {.format = MNQ_WFORMAT_INT8};
    for (int i = 0; i < legal.n; i++)
        if (mnq_lower_is_layer(&legal, i) && mnq_lower_node(&l, i, &job, &q.layer[q.n_layers++], &e) != 0)
            fail_msg("%s", e.msg);
    uint8_t *bytes;
    size_t n;
    struct mnq_package k;
    if (mnq_qmodel_plan(&q, &e) != 0 || mnq_qmodel_stages(&q, &(struct mnq_stage_options){0}, &e) != 0 ||
        mnq_qmodel_pack(&q, &bytes, &n, &e) != 0 || mnq_package_parse(arch, bytes, n, &k, &arena, &e) != 0)
        fail_msg("%s: %s", arch, e.msg);
    assert_int_equal(p.int8_bytes, k.weight_bytes);
    assert_int_equal(p.arena_bytes, mnq_package_arena(&k));
    assert_int_equal(p.stream_bytes, mnq_package_stream(&k));
    mnq_layer_by_layer(&k.model);
    assert_int_equal(p.layer_bytes, mnq_package_arena(&k));
    assert_int_equal(p.macs, k.macs);
    mnq_arena_free(&arena);
}

static void agrees_with_packed_models(void **state)
{
    (void)state;
    check_packed("v1-0.25", 64, 7);
    check_packed("v2-0.35", 97, 1000); /* odd sizes, residual sums */
    check_packed("v3-small-0.35", 64, 5);
    check_packed("v3-large-minimalistic-0.35", 96, 3);
}

/* ---- output ---- */

static void prints_unknown_costs(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    struct mnq_cost_point point[2] = {{.input = {8, 8, 3},
                                       .macs = 2000000,
                                       .params = 1500,
                                       .int8_bytes = 2048,
                                       .arena_bytes = 512,
                                       .stream_bytes = 256,
                                       .layer_bytes = 1024},
                                      {.input = {16, 16, 3},
                                       .macs = 8000000,
                                       .params = 1500,
                                       .int8_bytes = -1,
                                       .arena_bytes = -1,
                                       .stream_bytes = -1,
                                       .layer_bytes = -1}};
    struct mnq_cost_table t = {.point = point, .n = 2};
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    assert_non_null(f);
    mnq_cost_print(&t, f, "", "", &arena);
    fclose(f);
    assert_string_equal(text, "input    MMACs      x  params      x  int8 bytes      x    layers  bands      x  pushed\n"
                              "8x8x3      2.0  1.000   1,500  1.000    2.00 KiB  1.000  1.00 KiB  512 B  1.000   256 B\n"
                              "16x16x3    8.0  4.000   1,500  1.000           -      -         -      -      -       -\n");
    free(text);
    struct mnq_json w = {0};
    mnq_json_object(&w, NULL);
    mnq_cost_json(&t, &w, "costs");
    mnq_json_end(&w);
    assert_false(w.failed);
    assert_non_null(strstr(w.text, "\"macs\":8000000,\"params\":1500,\"int8_bytes\":null,\"arena_bytes\":null"));
    assert_non_null(strstr(w.text, "\"relative\":{\"macs\":4,\"params\":1,\"int8_bytes\":null,\"arena_bytes\":null}"));
    assert_null(strstr(w.text, "width"));
    mnq_json_free(&w);
    mnq_arena_free(&arena);
}

static int free_tables(void **state)
{
    (void)state;
    mnq_arena_free(&made);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_publications), cmocka_unit_test(grids_are_whole),
        cmocka_unit_test(threads_change_nothing),   cmocka_unit_test(agrees_with_packed_models),
        cmocka_unit_test(prints_unknown_costs),
    };
    return cmocka_run_group_tests(tests, NULL, free_tables);
}
