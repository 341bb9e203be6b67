/* SPDX-License-Identifier: Apache-2.0
 * The reference models, raw against legal: the same probabilities, and not a layer more than the raw graph has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "graph/exec.h"
#include "import/import.h"
#include "passes/passes.h"
#include "builder.h"

#include <dirent.h>
#include <math.h>

static int count_op(const struct mnq_graph *g, enum mnq_op op)
{
    int n = 0;
    for (int i = 0; i < g->n; i++) n += g->node[i].op == op;
    return n;
}

static size_t elements(const struct mnq_node *nd)
{
    return (size_t)nd->out.h * (size_t)nd->out.w * (size_t)nd->out.c;
}

static double largest_difference(const struct mnq_graph *raw, const struct mnq_graph *legal, struct mnq_arena *arena)
{
    struct mnq_err e = {0};
    struct builder b;
    builder_init(&b, arena, 5);
    const float *in = random_array(&b, elements(&raw->node[0]), -1.0f, 1.0f);
    struct mnq_exec *x = mnq_exec_new(raw, false, &e), *y = mnq_exec_new(legal, false, &e);
    if (x == NULL || y == NULL) fail_msg("%s", e.msg);
    const float *want = mnq_exec_run(x, in, NULL, NULL), *got = mnq_exec_run(y, in, NULL, NULL);
    double worst = 0.0;
    for (size_t i = 0; i < elements(&raw->node[raw->output]); i++) {
        double d = fabs((double)want[i] - (double)got[i]);
        if (!(d <= worst)) worst = d;
    }
    mnq_exec_free(x);
    mnq_exec_free(y);
    return worst;
}

static void check(const char *path, const char *name)
{
    struct mnq_arena arena = {0};
    struct mnq_err e = {0};
    struct mnq_graph raw, legal;
    if (mnq_import(path, &(struct mnq_import_opts){0}, &raw, &arena, &e) != 0 ||
        mnq_graph_legalize(&raw, &legal, &arena, &e) != 0)
        fail_msg("%s", e.msg);
    int activations = 0;
    for (int i = 0; i < legal.n; i++) activations += legal.node[i].act != MNQ_ACT_NONE;
    double worst = largest_difference(&raw, &legal, &arena);
    print_message("%-40s %3d nodes -> %2d, %2d activations, difference %.2g\n", name, raw.n, legal.n, activations, worst);
    assert_true(worst <= 1e-5);
    assert_int_equal(count_op(&legal, MNQ_OP_DWCONV), count_op(&raw, MNQ_OP_DWCONV));
    assert_int_equal(count_op(&legal, MNQ_OP_ADD), count_op(&raw, MNQ_OP_ADD));
    assert_int_equal(count_op(&legal, MNQ_OP_CONV) + count_op(&legal, MNQ_OP_DENSE),
                     count_op(&raw, MNQ_OP_CONV) + count_op(&raw, MNQ_OP_DENSE));
    for (int i = 0; i < legal.n; i++) {
        const struct mnq_node *nd = &legal.node[i];
        if (nd->w == NULL) continue;
        assert_in_range(nd->source, 0, raw.n - 1);
        assert_string_equal(raw.node[nd->source].name, nd->name);
        if (nd->w_path != NULL) assert_string_equal(raw.node[nd->source].w_path, nd->w_path);
    }
    mnq_arena_free(&arena);
}

static int has_suffix(const char *name, const char *suffix)
{
    size_t n = strlen(name), m = strlen(suffix);
    return n >= m && strcmp(name + n - m, suffix) == 0;
}

static void test_models(void **state)
{
    DIR *dir = *state;
    int n = 0;
    for (const struct dirent *d = readdir(dir); d != NULL; d = readdir(dir)) {
        char path[1000];
        if (!has_suffix(d->d_name, ".h5")) continue;
        snprintf(path, sizeof path, MNQ_ASSETS "/models/%s", d->d_name);
        check(path, d->d_name);
        n++;
    }
    assert_true(n > 0);
}

int main(void)
{
    DIR *dir = opendir(MNQ_ASSETS "/models");
    if (dir == NULL) {
        printf("skipped: no %s\n", MNQ_ASSETS);
        return 77;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(test_models, dir)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    closedir(dir);
    return failed;
}
