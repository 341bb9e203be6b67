/* SPDX-License-Identifier: Apache-2.0
 * Rows of weights: every format fits its accumulator at any scale, zeros stay zeros, the re-fit undoes noise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "builder.h"
#include "kernels.h"
#include "quantize/gram.h"
#include "quantize/lower.h"
#include "pack/qrun.h"
#include "quantize/rows.h"

#include <math.h>

enum { OUT = 5 };

static const struct mnq_wformat formats[] = {{16, 0, 8}, {8, 0, 8}, {4, 0, 8}, {2, 0, 8}, {1, 1, 8},
                                             {1, 2, 8},  {1, 3, 8}, {1, 4, 8}, {1, 1, 1}};
enum { FORMATS = sizeof formats / sizeof *formats };

/* One 1x1 layer of n inputs on a 2x2 picture of integers. */
struct world {
    struct mnq_arena arena;
    struct builder b;
    struct mnq_qparams qp[2];
    struct mnq_preprocess p;
    struct mnq_lowering l;
    struct mnq_err e;
    int n;
};

static void make_qparams(struct world *w, int node, enum mnq_dtype dtype, int zp, double scale)
{
    size_t n = (size_t)w->b.g.node[node].out.c;
    struct mnq_qparams *q = &w->qp[node];
    bool narrow = dtype == MNQ_S8;
    *q = (struct mnq_qparams){.dtype = dtype, .zp = zp, .qmin = narrow ? -128 : -32768, .qmax = narrow ? 127 : 32767};
    q->scale = mnq_arena_array(&w->arena, n, sizeof *q->scale);
    q->zero = mnq_arena_array(&w->arena, n, sizeof *q->zero);
    assert_non_null(q->scale);
    assert_non_null(q->zero);
    for (size_t c = 0; c < n; c++) {
        q->scale[c] = scale;
        q->zero[c] = zp;
    }
}

static struct world *world_new(int n, enum mnq_dtype dtype, int zp)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->n = n;
    builder_init(&w->b, &w->arena, 1);
    conv(&w->b, input(&w->b, 2, 2, n), OUT, 1, 1, 0, true);
    assert_int_equal(mnq_preprocess_named(&w->p, "unit", 3, &w->e), 0);
    make_qparams(w, 0, dtype, zp, 0.05);
    make_qparams(w, 1, MNQ_S16, 0, 0.01);
    w->l = (struct mnq_lowering){.g = &w->b.g, .qp = w->qp, .p = &w->p, .arena = &w->arena};
    return w;
}

static void world_free(struct world *w)
{
    mnq_arena_free(&w->arena);
    free(w);
}

static float *weight(struct world *w, int k, int o)
{
    return &w->b.g.node[1].w[k * OUT + o];
}

/* Integers around a mean, a few of them moving together. */
static int16_t *make_inputs(struct world *w, int rows, int top)
{
    int16_t *x = mnq_arena_array(&w->arena, (size_t)rows * (size_t)w->n, sizeof *x);
    assert_non_null(x);
    for (int r = 0; r < rows; r++) {
        float common = random_float(&w->b.seed, -0.5f, 0.5f);
        for (int k = 0; k < w->n; k++)
            x[r * w->n + k] = (int16_t)((float)top * (common + random_float(&w->b.seed, -0.5f, 0.5f)));
    }
    return x;
}

/* ---- accumulators ---- */

/* A model of this one layer, through the loader's proof. */
static void loads(struct world *w, const struct mnq_qlayer *l, const char *what)
{
    struct mnq_qmodel q;
    uint8_t *bytes;
    size_t n;
    assert_int_equal(mnq_lower_frame(&w->l, &q, &w->e), 0);
    q.layer[0] = *l;
    q.n_layers = 1;
    q.tool = q.source_name = q.recipe = "x";
    if (mnq_qmodel_plan(&q, &w->e) != 0 || mnq_qmodel_pack(&q, &bytes, &n, &w->e) != 0) fail_msg("%s: %s", what, w->e.msg);
}

/* Weights and biases of any size, one sign or both, narrow and wide inputs: what is lowered loads. */
static void every_format_fits(void **state)
{
    (void)state;
    static const double weights[] = {1e-20, 1e-4, 1, 1e5, 1e15}, biases[] = {0, 1e-9, 1, 1e6, 1e12};
    static const int inputs[] = {1, 33, 1024};
    enum { CASES = 3 * 2 * 2 * 5 * 5 };
    int most = 0;
    for (int i = 0; i < CASES; i++) {
        int n = inputs[i % 3];
        bool wide = i / 3 % 2, alike = i / 6 % 2, plain = i % 7 != 0 || n > 100;
        double scale = weights[i / 12 % 5], bias = biases[i / 60 % 5];
        struct world *w = world_new(n, wide ? MNQ_S16 : MNQ_S8, wide ? 0 : -128);
        for (int o = 0; o < OUT; o++) {
            for (int k = 0; k < n; k++)
                *weight(w, k, o) = (float)(scale * (double)random_float(&w->b.seed, alike ? 0.9f : -1, 1));
            w->b.g.node[1].b[o] = (float)((o % 2 ? -1 : 1) * bias);
        }
        int16_t *x = make_inputs(w, 8 * n, 100), threshold[1024] = {0};
        struct mnq_gram gram;
        if (!plain)
            assert_int_equal(mnq_gram_make(x, 8 * (size_t)n, n, w->qp[0].zp, true, true, 1, &gram, &w->arena, &w->e), 0);
        for (int f = 0; f < FORMATS; f++) {
            struct mnq_rounding_job job = {formats[f], plain ? NULL : &gram, threshold, NULL, false, 1, NULL};
            struct mnq_qlayer l;
            char what[120];
            snprintf(what, sizeof what, "case %d: %d inputs, weights %g, bias %g, format %d/%d/%d", i, n, scale, bias,
                     formats[f].bits, formats[f].bases, formats[f].inputs);
            if (mnq_lower_node(&w->l, 1, &job, &l, &w->e) != 0) fail_msg("%s: %s", what, w->e.msg);
            assert_in_range(l.acc_bits, 1, 32);
            loads(w, &l, what);
            if (l.acc_bits > most) most = l.acc_bits;
            double delta[OUT] = {1e30, -1e30, 1, bias, -bias}; /* as far as the bound allows */
            mnq_lower_shift_bias(&l, delta, OUT);
            assert_in_range(l.acc_bits, 1, 32);
            loads(w, &l, what);
        }
        world_free(w);
    }
    assert_int_equal(most, 32); /* the cases go to the limit */
}

/* ---- zeros ---- */

static void zeros_stay_zero(void **state)
{
    (void)state;
    enum { N = 24, ROWS = 400 };
    for (int share = 3; share <= 60; share *= 20) { /* few: re-fitted; many: not */
        struct world *w = world_new(N, MNQ_S8, -20);
        for (int i = 0; i < N * OUT; i++)
            if (i % 100 < share) w->b.g.node[1].w[i * 7 % (N * OUT)] = 0;
        int16_t *x = make_inputs(w, ROWS, 100);
        float *y = mnq_arena_array(&w->arena, ROWS * OUT, sizeof *y);
        for (int i = 0; i < ROWS * OUT; i++) {
            y[i] = random_float(&w->b.seed, -5, 5);
            for (int k = 0; k < N; k++) y[i] += 0.05f * (float)x[i / OUT * N + k] * random_float(&w->b.seed, 0.5f, 1.5f);
        }
        struct mnq_gram gram;
        assert_int_equal(mnq_gram_make(x, ROWS, N, -20, true, true, 1, &gram, &w->arena, &w->e), 0);
        assert_int_equal(mnq_gram_targets(x, y, ROWS, -20, OUT, 1, &gram, &w->arena, &w->e), 0);
        for (int f = 0; f < 8; f++) { /* 16, 8, 4 and 2 bits, second order and nearest */
            struct mnq_rounding_job job = {formats[f / 2], &gram, NULL, NULL, f % 2 != 0, 1, NULL};
            struct mnq_qlayer l;
            int zeros = 0, others = 0;
            assert_int_equal(mnq_lower_node(&w->l, 1, &job, &l, &w->e), 0);
            for (int o = 0; o < OUT; o++)
                for (int k = 0; k < N; k++) {
                    int q = mnq_qlayer_weight(&l, (size_t)(o * N + k));
                    if (*weight(w, k, o) != 0) {
                        others += q != 0;
                        continue;
                    }
                    if (q != 0) fail_msg("%d bits: a zero became %d", formats[f / 2].bits, q);
                    zeros++;
                }
            assert_true(zeros >= N * OUT * share / 100);
            assert_true(others > (N * OUT - zeros) / (formats[f / 2].bits > 2 ? 2 : 3));
        }
        world_free(w);
    }
}

/* ---- re-fit ---- */

/* Sum of squares of what the integer layer gives against y, the mean difference taken out as bias correction does. */
static double output_error(const struct world *w, const struct mnq_qlayer *l, const int16_t *x, const float *y, int rows)
{
    double error = 0;
    for (int o = 0; o < OUT; o++) {
        double sum = 0, square = 0;
        for (int r = 0; r < rows; r++) {
            double acc = l->bias[o];
            for (int k = 0; k < w->n; k++) acc += mnq_qlayer_weight(l, (size_t)(o * w->n + k)) * (double)x[r * w->n + k];
            double d = acc * l->acc_step[o] - (double)y[r * OUT + o];
            sum += d;
            square += d * d;
        }
        error += square - sum * sum / rows;
    }
    return error;
}

/* The layer's inputs are the float ones plus noise, as earlier layers leave them; the outputs are exact. */
static void refit_recovers_a_linear_map(void **state)
{
    (void)state;
    enum { N = 24, ROWS = 2000, FACTORS = 4 };
    struct world *w = world_new(N, MNQ_S8, 0);
    float mix[FACTORS][N];
    int16_t *x = mnq_arena_array(&w->arena, ROWS * N, sizeof *x);
    float *y = mnq_arena_array(&w->arena, ROWS * OUT, sizeof *y);
    for (int f = 0; f < FACTORS; f++)
        for (int k = 0; k < N; k++) mix[f][k] = random_float(&w->b.seed, -25, 25);
    for (int r = 0; r < ROWS; r++) {
        float z[FACTORS], clean[N];
        for (int f = 0; f < FACTORS; f++) z[f] = random_float(&w->b.seed, -1, 1);
        for (int k = 0; k < N; k++) {
            clean[k] = 0;
            for (int f = 0; f < FACTORS; f++) clean[k] += z[f] * mix[f][k];
            x[r * N + k] = (int16_t)fmaxf(-128, fminf(127, roundf(clean[k] + random_float(&w->b.seed, -30, 30))));
        }
        for (int o = 0; o < OUT; o++) {
            y[r * OUT + o] = w->b.g.node[1].b[o];
            for (int k = 0; k < N; k++) y[r * OUT + o] += 0.05f * clean[k] * *weight(w, k, o);
        }
    }
    struct mnq_gram with, without;
    enum { FIT = ROWS / 2 }; /* the other half judges */
    assert_int_equal(mnq_gram_make(x, FIT, N, 0, true, true, 1, &with, &w->arena, &w->e), 0);
    without = with;
    assert_int_equal(mnq_gram_targets(x, y, FIT, 0, OUT, 1, &with, &w->arena, &w->e), 0);
    for (int f = 0; f < FORMATS - 1; f++)
        for (int nearest = 0; nearest <= (formats[f].bits > 1); nearest++) {
            struct mnq_rounding_job job = {formats[f], &with, NULL, NULL, nearest != 0, 1, NULL};
            struct mnq_qlayer a, b;
            assert_int_equal(mnq_lower_node(&w->l, 1, &job, &a, &w->e), 0);
            job.gram = &without;
            assert_int_equal(mnq_lower_node(&w->l, 1, &job, &b, &w->e), 0);
            double fitted = output_error(w, &a, x + FIT * N, y + FIT * OUT, ROWS - FIT);
            double plain = output_error(w, &b, x + FIT * N, y + FIT * OUT, ROWS - FIT);
            if (fitted > 0.8 * plain)
                fail_msg("%d bits, %d bases: error %g with re-fit, %g without", formats[f].bits, formats[f].bases, fitted,
                         plain);
        }
    world_free(w);
}

/* Signs of activations stand for what the activations are on the average on each side of the threshold. */
static void xnor_follows_the_activations(void **state)
{
    (void)state;
    enum { N = 24, ROWS = 2000 };
    struct world *w = world_new(N, MNQ_S8, -20);
    int16_t *x = make_inputs(w, ROWS, 100), *sign = mnq_arena_array(&w->arena, ROWS * N, sizeof *sign), threshold[N] = {0};
    double mean[N] = {0}, amplitude[N] = {0}, mean_sign[N] = {0};
    struct mnq_sign_stats stats = {mean, amplitude, mean_sign};
    struct mnq_gram gram;
    struct mnq_qlayer l;
    for (int r = 0; r < ROWS; r++) x[r * N + 3] = 77; /* an input that never changes */
    for (int k = 0; k < N; k++) {
        double m = 0, up = 0, down = 0;
        int ups = 0;
        for (int r = 0; r < ROWS; r++) m += (double)x[r * N + k] / ROWS;
        threshold[k] = (int16_t)ceil(m - 1e-9);
        for (int r = 0; r < ROWS; r++) {
            sign[r * N + k] = x[r * N + k] >= threshold[k] ? 1 : -1;
            if (sign[r * N + k] > 0) up += x[r * N + k], ups++;
            else down += x[r * N + k];
        }
        mean[k] = m + 20;
        mean_sign[k] = 2.0 * ups / ROWS - 1;
        if (ups < ROWS) amplitude[k] = (up / ups - down / (ROWS - ups)) / 2; /* half the distance of the sides */
    }
    assert_int_equal(mnq_gram_make(sign, ROWS, N, 0, true, true, 1, &gram, &w->arena, &w->e), 0);
    struct mnq_rounding_job job = {{1, 1, 1}, &gram, threshold, &stats, false, 1, NULL};
    assert_int_equal(mnq_lower_node(&w->l, 1, &job, &l, &w->e), 0);
    for (int o = 0; o < OUT; o++) {
        double sum = 0, sum_y = 0, square = 0, square_y = 0;
        for (int r = 0; r < ROWS; r++) {
            double acc = l.bias[o], y = (double)w->b.g.node[1].b[o];
            for (int k = 0; k < N; k++) {
                acc += 256 * mnq_qlayer_weight(&l, (size_t)(o * N + k)) * sign[r * N + k];
                y += 0.05 * (x[r * N + k] + 20) * (double)*weight(w, k, o);
            }
            double d = acc * l.acc_step[o] - y;
            sum += d;
            sum_y += y;
            square += d * d;
            square_y += y * y;
        }
        double signal = square_y / ROWS - sum_y * sum_y / ROWS / ROWS;
        assert_true(fabs(sum / ROWS) < 0.02 * sqrt(signal));
        assert_true(square / ROWS < 0.7 * signal);
    }
    world_free(w);
}

/* Without targets, `nearest` is what a layer without second-order information gets. */
static void nearest_is_nearest(void **state)
{
    (void)state;
    enum { N = 24, ROWS = 400 };
    struct world *w = world_new(N, MNQ_S8, 3);
    int16_t *x = make_inputs(w, ROWS, 100);
    struct mnq_gram full, diagonal;
    assert_int_equal(mnq_gram_make(x, ROWS, N, 3, true, true, 1, &full, &w->arena, &w->e), 0);
    diagonal = full;
    diagonal.u = NULL;
    for (int f = 0; f < 3; f++) {
        struct mnq_rounding_job a = {formats[f], &full, NULL, NULL, true, 1, NULL},
                                b = {formats[f], &diagonal, NULL, NULL, false, 1, NULL},
                                second = {formats[f], &full, NULL, NULL, false, 1, NULL};
        struct mnq_qlayer la, lb, ls;
        assert_int_equal(mnq_lower_node(&w->l, 1, &a, &la, &w->e), 0);
        assert_int_equal(mnq_lower_node(&w->l, 1, &b, &lb, &w->e), 0);
        assert_int_equal(mnq_lower_node(&w->l, 1, &second, &ls, &w->e), 0);
        int differ = 0;
        for (size_t i = 0; i < N * OUT; i++) {
            assert_int_equal(mnq_qlayer_weight(&la, i), mnq_qlayer_weight(&lb, i));
            differ += mnq_qlayer_weight(&la, i) != mnq_qlayer_weight(&ls, i);
        }
        assert_int_equal(differ > 0, formats[f].bits <= 8);
    }
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_format_fits), cmocka_unit_test(zeros_stay_zero),
                                       cmocka_unit_test(refit_recovers_a_linear_map),
                                       cmocka_unit_test(xnor_follows_the_activations), cmocka_unit_test(nearest_is_nearest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
