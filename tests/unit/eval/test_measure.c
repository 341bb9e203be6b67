/* SPDX-License-Identifier: Apache-2.0
 * Figures of tasks against sums done by hand, and their intervals. */
#include "measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct mnq_arena arena;

static void close_to(double got, double wanted, double by)
{
    if (!(fabs(got - wanted) <= by)) fail_msg("%.9g, not %.9g", got, wanted);
}

/* The value of a figure. */
static double value(const struct mnq_figure *f, int n, const char *key)
{
    for (int i = 0; i < n; i++)
        if (strcmp(f[i].key, key) == 0) return f[i].of.value;
    fail_msg("no figure %s", key);
    return 0;
}

static void area_under_the_curve(void **state)
{
    struct mnq_estimate e;
    const float score[] = {0.1F, 0.4F, 0.35F, 0.8F};
    const int label[] = {0, 0, 1, 1}, one[] = {1, 1, 1, 1}, other[] = {0, 0, 1, -1};
    (void)state;
    assert_int_equal(mnq_auc(score, label, 4, &e), 0);
    close_to(e.value, 0.75, 1e-12);
    assert_true(e.lo < 0.75 && e.hi > 0.75 && e.hi <= 1);
    assert_int_equal(mnq_auc(score, one, 4, &e), 0);
    assert_true(isnan(e.value));
    assert_int_equal(mnq_auc(score, other, 4, &e), 0); /* an unknown label is left out */
    close_to(e.value, 0.5, 1e-12);
    const float tie[] = {0.5F, 0.5F, 0.5F, 0.5F};
    assert_int_equal(mnq_auc(tie, label, 4, &e), 0);
    close_to(e.value, 0.5, 1e-12);
    /* perfect, but of few: not certain */
    const float apart[] = {0, 0, 1, 1};
    assert_int_equal(mnq_auc(apart, label, 4, &e), 0);
    close_to(e.value, 1, 0);
    assert_true(e.lo < 0.5 && e.hi <= 1);
}

/* Of ten pictures with 100 cells each, decisions that all agree within a picture count as ten. */
static void groups_count_as_groups(void **state)
{
    int64_t all[10], of[10], mixed[10];
    (void)state;
    for (int i = 0; i < 10; i++) {
        of[i] = 100;
        all[i] = i < 8 ? 100 : 0;
        mixed[i] = 80;
    }
    struct mnq_share whole = mnq_share_of_groups(all, of, 10), even = mnq_share_of_groups(mixed, of, 10),
                     ten = mnq_wilson(8, 10);
    close_to(whole.percent, 80, 1e-9);
    close_to(even.percent, 80, 1e-9);
    assert_true(whole.hi - whole.lo > 0.9 * (ten.hi - ten.lo));
    close_to(even.lo, ten.lo, 1e-9); /* nothing varies: as many as there are pictures */
    struct mnq_share none = mnq_share_of_groups(all, (int64_t[10]){0}, 10);
    assert_true(isnan(none.percent));
}

static double mean_of(const void *ctx, const int *weight, int n)
{
    const double *v = ctx;
    double sum = 0, count = 0;
    for (int i = 0; i < n; i++) {
        sum += weight[i] * v[i];
        count += weight[i];
    }
    return sum / count;
}

/* The interval of a mean is near the one of theory, and the same each time. */
static void drawing_again(void **state)
{
    enum { N = 400 };
    static double v[N];
    struct mnq_estimate a, b;
    (void)state;
    for (int i = 0; i < N; i++) v[i] = sin(i * 12.9898) * 10;
    assert_int_equal(mnq_bootstrap(mean_of, v, N, N, &a), 0);
    assert_int_equal(mnq_bootstrap(mean_of, v, N, N, &b), 0);
    assert_memory_equal(&a, &b, sizeof a);
    double half = 1.96 * 10 / sqrt(2.0 * N);
    close_to((a.hi - a.lo) / 2, half, 0.15 * half);
    assert_true(a.lo < a.value && a.value < a.hi);
    assert_int_equal(mnq_bootstrap(mean_of, v, 3, 3, &a), 0);
    assert_true(isnan(a.lo));
}

/* Three labels on three samples; average precisions by hand: 1, 1/2 + 1/3 over 2, 1. */
static void labels(void **state)
{
    struct mnq_task t = {.kind = MNQ_TASK_MULTILABEL, .link = MNQ_LINK_SIGMOID, .threshold = 0.5, .out = {1, 1, 3}};
    const float out[3][3] = {{0.9F, 0.9F, 0.1F}, {0.2F, 0.6F, 0.8F}, {0.6F, 0.4F, 0.3F}};
    const float label[3][3] = {{1, 0, 0}, {0, 1, 1}, {1, 1, 0}};
    struct mnq_measured m;
    struct mnq_figure f[MNQ_FIGURES_MAX];
    (void)state;
    assert_int_equal(mnq_measure_init(&m, &t, &t, 3, &arena), 0);
    for (int i = 0; i < 3; i++) mnq_measure_sample(&m, i, out[i], out[0], label[i]);
    int n = mnq_measure_figures(&m, label[0], f);
    close_to(value(f, n, "mean_average_precision"), 100 * (1 + (0.5 + 2.0 / 3) / 2 + 1) / 3, 1e-9);
    close_to(value(f, n, "label_accuracy"), 100 * 7.0 / 9, 1e-9);
    close_to(value(f, n, "agreement"), 100 * (3 + 1 + 2) / 9.0, 1e-9);
}

static void numbers(void **state)
{
    struct mnq_task t = {.kind = MNQ_TASK_REGRESSION, .out = {1, 1, 1}};
    const float out[] = {1, 2, 4, 4}, first[] = {1, 2, 3, 4}, label[] = {1, 3, 3, 5};
    struct mnq_measured m;
    struct mnq_figure f[MNQ_FIGURES_MAX];
    (void)state;
    assert_int_equal(mnq_measure_init(&m, &t, &t, 4, &arena), 0);
    for (int i = 0; i < 4; i++) mnq_measure_sample(&m, i, out + i, first + i, label + i);
    int n = mnq_measure_figures(&m, label, f);
    close_to(value(f, n, "rmse"), sqrt(3.0 / 4), 1e-9);
    close_to(value(f, n, "r2"), 1 - 3.0 / 8, 1e-9);
    close_to(value(f, n, "max_error"), 1, 0);
    close_to(value(f, n, "rms_from_first"), 0.5, 1e-9);
    close_to(value(f, n, "r2_from_first"), 1 - 1.0 / 5, 1e-9);
    close_to(value(f, n, "sqnr_db"), 10 * log10(30), 1e-9);
}

/* Two cells, three classes; the second sample's second label is unknown. */
static void maps(void **state)
{
    struct mnq_task t = {.kind = MNQ_TASK_CLASSES, .out = {1, 2, 3}};
    const float out[2][6] = {{9, 0, 0, 0, 9, 0}, {9, 0, 0, 0, 0, 9}}, label[2][2] = {{0, 0}, {0, 255}};
    struct mnq_measured m;
    struct mnq_figure f[MNQ_FIGURES_MAX];
    (void)state;
    assert_int_equal(mnq_measure_init(&m, &t, &t, 2, &arena), 0);
    for (int i = 0; i < 2; i++) mnq_measure_sample(&m, i, out[i], out[0], label[i]);
    int n = mnq_measure_figures(&m, label[0], f);
    close_to(value(f, n, "cell_accuracy"), 100 * 2.0 / 3, 1e-9);
    close_to(value(f, n, "mean_iou"), 100 * (2.0 / 3 + 0) / 2, 1e-9); /* class 1 is answered once, wrongly */
    close_to(value(f, n, "agreement"), 75, 1e-9);
}

static void features(void **state)
{
    struct mnq_task t = {.kind = MNQ_TASK_FEATURES, .out = {1, 1, 2}};
    const float first[] = {1, 0}, out[] = {1, 1};
    struct mnq_measured m;
    struct mnq_figure f[MNQ_FIGURES_MAX];
    (void)state;
    assert_int_equal(mnq_measure_init(&m, &t, &t, 1, &arena), 0);
    mnq_measure_sample(&m, 0, out, first, NULL);
    int n = mnq_measure_figures(&m, NULL, f);
    close_to(value(f, n, "cosine"), sqrt(0.5), 1e-9);
    close_to(value(f, n, "sqnr_db"), 0, 1e-9);
}

static void one_decision(void **state)
{
    struct mnq_task t = {.kind = MNQ_TASK_BINARY, .link = MNQ_LINK_SIGMOID, .threshold = 0.7, .out = {1, 1, 1}};
    const float score[] = {0.8F, 0.75F, 0.6F, 0.2F};
    const int label[] = {1, 0, 1, 0};
    struct mnq_figure f[MNQ_FIGURES_MAX];
    (void)state;
    int n = mnq_binary_figures(&t, score, label, 4, f);
    close_to(value(f, n, "precision"), 50, 1e-9);
    close_to(value(f, n, "recall"), 50, 1e-9);
    close_to(value(f, n, "auc"), 0.75, 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(area_under_the_curve),
                                       cmocka_unit_test(groups_count_as_groups),
                                       cmocka_unit_test(drawing_again),
                                       cmocka_unit_test(labels),
                                       cmocka_unit_test(numbers),
                                       cmocka_unit_test(maps),
                                       cmocka_unit_test(features),
                                       cmocka_unit_test(one_decision)};
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    mnq_arena_free(&arena);
    return rc;
}
