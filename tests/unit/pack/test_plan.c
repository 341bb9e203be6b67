/* SPDX-License-Identifier: Apache-2.0
 * The static memory plan: live tensors never share bytes, and simple networks get the obvious size. */
#include "pack/qmodel.h"
#include "pack/qrun.h"

#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { MAX = 40 };

static struct mnq_qmodel model(struct mnq_qtensor *t, struct mnq_qlayer *l, int layers)
{
    return (struct mnq_qmodel){
        .tensor = t, .layer = l, .n_tensors = layers + 1, .n_layers = layers, .input = 0, .output = layers};
}

/* Simulates ownership of every arena byte. */
static void assert_no_overwrite(const struct mnq_qmodel *q)
{
    int *owner = malloc(q->arena_bytes * sizeof *owner);
    assert_non_null(owner);
    for (uint32_t i = 0; i < q->arena_bytes; i++) owner[i] = -1;
    for (size_t i = 0; i < mnq_qtensor_bytes(&q->tensor[0]); i++) owner[q->tensor[0].offset + i] = 0;
    for (int k = 0; k <= q->n_layers; k++) {
        int in[2] = {k < q->n_layers ? q->layer[k].in0 : q->output, k < q->n_layers ? q->layer[k].in1 : -1};
        for (int j = 0; j < 2; j++) {
            if (in[j] < 0) continue;
            const struct mnq_qtensor *t = &q->tensor[in[j]];
            assert_int_equal(t->offset % MNQ_ALIGN, 0);
            assert_true(t->offset + mnq_qtensor_bytes(t) <= q->arena_bytes);
            for (size_t i = 0; i < mnq_qtensor_bytes(t); i++) assert_int_equal(owner[t->offset + i], in[j]);
        }
        if (k == q->n_layers) break;
        const struct mnq_qtensor *t = &q->tensor[q->layer[k].out];
        for (size_t i = 0; i < mnq_qtensor_bytes(t); i++) {
            int o = owner[t->offset + i];
            assert_true(o != in[0] && (in[1] < 0 || o != in[1])); /* no layer overwrites what it reads */
            owner[t->offset + i] = q->layer[k].out;
        }
    }
    free(owner);
}

static void random_graphs(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 300; seed++) {
        struct mnq_qtensor t[MAX + 1];
        struct mnq_qlayer l[MAX];
        struct mnq_err e = {0};
        srand(seed);
        int n = 1 + rand() % MAX;
        memset(t, 0, sizeof t);
        memset(l, 0, sizeof l);
        for (int i = 0; i <= n; i++) {
            t[i].dtype = rand() % 5 == 0 ? MNQ_S16 : MNQ_S8;
            t[i].shape = (struct mnq_shape){1 + rand() % 6, 1 + rand() % 6, 1 + rand() % 30};
        }
        for (int k = 0; k < n; k++) {
            l[k].in0 = rand() % 3 == 0 ? rand() % (k + 1) : k;
            l[k].in1 = rand() % 3 == 0 ? rand() % (k + 1) : -1;
            l[k].out = k + 1;
        }
        struct mnq_qmodel q = model(t, l, n);
        assert_int_equal(mnq_qmodel_plan(&q, &e), 0);
        assert_no_overwrite(&q);
        for (int k = -1; k <= 1; k++) { /* a limit is met or not as the plan says */
            bool fits;
            assert_int_equal(mnq_qmodel_plan_fits(&q, q.arena_bytes + (uint32_t)(k * MNQ_ALIGN), &fits, &e), 0);
            assert_int_equal(fits, k >= 0);
        }
    }
}

static void a_chain_needs_its_largest_pair(void **state)
{
    (void)state;
    struct mnq_qtensor t[4] = {0};
    struct mnq_qlayer l[3] = {0};
    struct mnq_err e = {0};
    const int size[4] = {64, 160, 320, 32};
    for (int i = 0; i < 4; i++) t[i] = (struct mnq_qtensor){.dtype = MNQ_S8, .shape = {1, 1, size[i]}};
    for (int k = 0; k < 3; k++) l[k] = (struct mnq_qlayer){.in0 = k, .in1 = -1, .out = k + 1};
    struct mnq_qmodel q = model(t, l, 3);
    assert_int_equal(mnq_qmodel_plan(&q, &e), 0);
    assert_int_equal(q.arena_bytes, 160 + 320);
}

/* The head of MobileNet V1 0.25/224, where greedy orders alone leave gaps: input, conv, dw, pw, dw, pw. */
static void gaps_are_mended(void **state)
{
    (void)state;
    struct mnq_qtensor t[6] = {0};
    struct mnq_qlayer l[5] = {0};
    struct mnq_err e = {0};
    const int size[6] = {150528, 100352, 100352, 200704, 50176, 100352};
    for (int i = 0; i < 6; i++) t[i] = (struct mnq_qtensor){.dtype = MNQ_S8, .shape = {1, size[i] / 64, 64}};
    for (int k = 0; k < 5; k++) l[k] = (struct mnq_qlayer){.in0 = k, .in1 = -1, .out = k + 1};
    struct mnq_qmodel q = model(t, l, 5);
    assert_int_equal(mnq_qmodel_plan(&q, &e), 0);
    assert_int_equal(q.arena_bytes, 301056); /* as both: the search finds it */
    bool fits;
    assert_int_equal(mnq_qmodel_plan_fits(&q, 301056, &fits, &e), 0);
    assert_true(fits);
    assert_no_overwrite(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_graphs), cmocka_unit_test(a_chain_needs_its_largest_pair),
                                       cmocka_unit_test(gaps_are_mended)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
