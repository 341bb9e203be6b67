/* SPDX-License-Identifier: Apache-2.0
 * The optimal brain surgeon against brute force: every claim is checked on the quadratic form itself. */
#include "quantize/obs.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { MAX = 80 };

struct problem {
    int n;
    double h[MAX * MAX], inverse[MAX * MAX], w[MAX];
};

static double uniform(void)
{
    return (double)rand() / RAND_MAX - 0.5;
}

/* H = B B^T + 0.05 I with correlated rows, as inputs of a layer have them. */
static void make(struct problem *p, int n)
{
    double b[MAX * MAX], scratch[MAX * MAX];
    p->n = n;
    for (int i = 0; i < n * n; i++) b[i] = uniform() + (i % n == 0 ? 1 : 0);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            p->h[i * n + j] = i == j ? 0.05 : 0;
            for (int k = 0; k < n; k++) p->h[i * n + j] += b[i * n + k] * b[j * n + k];
        }
    memcpy(p->inverse, p->h, sizeof p->h);
    assert_int_equal(mnq_obs_invert(p->inverse, n, scratch), 0);
    for (int i = 0; i < n; i++) p->w[i] = uniform();
}

/* (v - w)^T H (v - w) */
static double form(const struct problem *p, const double *v)
{
    double sum = 0;
    for (int i = 0; i < p->n; i++)
        for (int j = 0; j < p->n; j++) sum += (v[i] - p->w[i]) * p->h[i * p->n + j] * (v[j] - p->w[j]);
    return sum;
}

/* Least error with these inputs gone: Gauss-Jordan on the normal equations, nothing shared with the code under test. */
static double least(const struct problem *p, const unsigned char *gone, double *v)
{
    int n = p->n, kept[MAX], m = 0;
    double a[MAX][MAX + 1];
    memset(v, 0, (size_t)n * sizeof *v);
    for (int i = 0; i < n; i++)
        if (!gone[i]) kept[m++] = i;
    for (int i = 0; i < m; i++) {
        a[i][m] = 0;
        for (int j = 0; j < n; j++) a[i][m] += p->h[kept[i] * n + j] * p->w[j];
        for (int j = 0; j < m; j++) a[i][j] = p->h[kept[i] * n + kept[j]];
    }
    for (int k = 0; k < m; k++)
        for (int i = 0; i < m; i++) {
            double f = i == k ? 0 : a[i][k] / a[k][k];
            for (int j = 0; j <= m; j++) a[i][j] -= f * a[k][j];
        }
    for (int i = 0; i < m; i++) v[kept[i]] = a[i][m] / a[i][i];
    return form(p, v);
}

static int trace(const struct problem *p, struct mnq_obs_pattern pattern, int *order, double *error)
{
    size_t n = (size_t)p->n, stride = mnq_obs_stride(p->n);
    float *h = malloc(n * stride * sizeof *h), w[MAX];
    void *work = malloc(mnq_obs_work(p->n));
    assert_non_null(h);
    assert_non_null(work);
    assert_true(stride >= n && stride % 16 == 0);
    for (size_t i = 0; i < n; i++) {
        w[i] = (float)p->w[i];
        for (size_t k = 0; k < stride; k++) h[i * stride + k] = k <= i ? (float)p->inverse[i * n + k] : NAN;
    }
    int gone = mnq_obs_trace(h, w, p->n, pattern, order, error, work);
    free(h);
    free(work);
    return gone;
}

static void within(double a, double b, double share)
{
    if (!(fabs(a - b) <= share * (1 + fabs(b)))) fail_msg("%.12g, wanted %.12g", a, b);
}

static void close_to(double a, double b)
{
    within(a, b, 1e-7);
}

/* Traces are made in single precision, from matrices of worse condition here than damping leaves. */
static void near_to(double a, double b)
{
    within(a, b, 1e-4);
}

static void inverse(void **state)
{
    (void)state;
    struct problem p;
    srand(1);
    for (int n = 1; n <= MAX; n += n < 24 ? 1 : 8) {
        make(&p, n);
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) {
                double sum = 0;
                for (int k = 0; k < n; k++) sum += p.h[i * n + k] * (k >= j ? p.inverse[k * n + j] : p.inverse[j * n + k]);
                assert_true(fabs(sum - (i == j)) < 1e-8);
            }
    }
}

/* Each step takes the weight whose removal costs least, and the error told is that of the best remaining weights. */
static void greedy_and_exact(void **state)
{
    (void)state;
    srand(2);
    for (int n = 1; n <= 16; n++) {
        struct problem p;
        int order[MAX];
        double error[MAX], v[MAX];
        unsigned char gone[MAX] = {0};
        make(&p, n);
        assert_int_equal(trace(&p, (struct mnq_obs_pattern){1, 0, 0}, order, error), n);
        for (int k = 0; k < n; k++) {
            double best = HUGE_VAL;
            for (int i = 0; i < n; i++) {
                if (gone[i]) continue;
                gone[i] = 1;
                best = fmin(best, least(&p, gone, v));
                gone[i] = 0;
            }
            assert_false(gone[order[k]]);
            gone[order[k]] = 1;
            near_to(error[k], least(&p, gone, v));
            near_to(error[k], best);
        }
    }
}

/* Sizes at which downdates are put off and made up for. */
static void long_traces(void **state)
{
    (void)state;
    static const int size[] = {31, 32, 33, 64, 65, MAX};
    srand(6);
    for (size_t s = 0; s < sizeof size / sizeof *size; s++)
        for (int block = 1; block <= 16; block *= 4) {
            struct problem p;
            int order[MAX], n = size[s];
            double error[MAX], v[MAX];
            unsigned char gone[MAX] = {0};
            make(&p, n);
            assert_int_equal(trace(&p, (struct mnq_obs_pattern){block, 0, 0}, order, error), n);
            for (int k = 0; k < n; k++) {
                gone[order[k]] = 1;
                bool ends = k + 1 == n || block == 1 || order[k + 1] % block == 0;
                if (ends) near_to(error[k], least(&p, gone, v));
            }
        }
}

static void blocks(void **state)
{
    (void)state;
    srand(3);
    for (int n = 1; n <= 18; n++)
        for (int block = 2; block <= 8; block *= 2) {
            struct problem p;
            int order[MAX];
            double error[MAX], v[MAX];
            unsigned char gone[MAX] = {0};
            make(&p, n);
            assert_int_equal(trace(&p, (struct mnq_obs_pattern){block, 0, 0}, order, error), n);
            for (int k = 0; k < n;) {
                int first = order[k], size = n - first < block ? n - first : block;
                double before = k > 0 ? error[k - 1] : 0, best = HUGE_VAL;
                assert_int_equal(first % block, 0);
                for (int i = 0; i < n; i += block) { /* the cheapest block per weight */
                    int here = n - i < block ? n - i : block;
                    if (gone[i]) continue;
                    memset(gone + i, 1, (size_t)here);
                    best = fmin(best, (least(&p, gone, v) - before) / here);
                    memset(gone + i, 0, (size_t)here);
                }
                for (int i = 0; i < size; i++) assert_int_equal(order[k + i], first + i);
                memset(gone + first, 1, (size_t)size);
                k += size;
                near_to(error[k - 1], least(&p, gone, v));
                near_to((error[k - 1] - before) / size, best);
            }
        }
}

static void groups(void **state)
{
    (void)state;
    srand(4);
    for (int n = 3; n <= 19; n++) {
        struct problem p;
        int order[MAX], count[MAX] = {0};
        double error[MAX];
        make(&p, n);
        int gone = trace(&p, (struct mnq_obs_pattern){1, 4, 2}, order, error), rest = n % 4;
        assert_int_equal(gone, n / 4 * 2 + (rest > 2 ? rest - 2 : 0)); /* 2 of 4 stay, also of the last, shorter group */
        for (int k = 0; k < gone; k++) count[order[k] / 4]++;
        for (int k = 0; k <= n / 4; k++) assert_true(count[k] <= 2);
    }
}

static void mirror(struct problem *p)
{
    for (int i = 0; i < p->n; i++)
        for (int k = 0; k < i; k++) p->inverse[k * p->n + i] = p->inverse[i * p->n + k];
}

static void refit(void **state)
{
    (void)state;
    srand(5);
    for (int n = 1; n <= MAX; n += n < 24 ? 1 : 8) {
        struct problem p;
        double w[MAX], best[MAX], scratch[MAX * MAX];
        unsigned char gone[MAX];
        void *work = malloc(mnq_obs_work(n));
        assert_non_null(work);
        make(&p, n);
        for (int i = 0; i < n; i++) gone[i] = rand() % 4 <= n % 3; /* solved for those that go, or for those that stay */
        memcpy(w, p.w, sizeof w);
        mirror(&p);
        assert_int_equal(mnq_obs_refit(p.h, p.inverse, n, gone, w, scratch, work), 0);
        least(&p, gone, best);
        for (int i = 0; i < n; i++) {
            close_to(w[i], best[i]);
            if (gone[i]) assert_true(w[i] == 0);
        }
        free(work);
    }
}

static void no_matrix(void **state)
{
    (void)state;
    double a[4] = {1, 2, 2, 1}, h[9] = {-1, 2, 0, 2, -1, 0, 0, 0, -1}, w[3] = {1, 2, 3}, scratch[9];
    unsigned char gone[3] = {1, 0, 0};
    void *work = malloc(mnq_obs_work(3));
    assert_non_null(work);
    assert_int_equal(mnq_obs_invert(a, 2, scratch), -1);
    assert_int_equal(mnq_obs_refit(h, h, 3, gone, w, scratch, work), -1);
    gone[1] = 1; /* one of three stays */
    assert_int_equal(mnq_obs_refit(h, h, 3, gone, w, scratch, work), -1);
    assert_true(w[0] == 1 && w[1] == 2 && w[2] == 3);
    free(work);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(inverse),     cmocka_unit_test(greedy_and_exact),
                                       cmocka_unit_test(long_traces), cmocka_unit_test(blocks),
                                       cmocka_unit_test(groups),      cmocka_unit_test(refit),
                                       cmocka_unit_test(no_matrix)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
