/* SPDX-License-Identifier: Apache-2.0
 * Weights on grids: they stay on them, zeros stay zero, levels have the gradients of differences, steps lower a loss. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "train/train_grid.h"

#include <math.h>
#include <string.h>

enum { INPUTS = 13, ROWS = 5, N = INPUTS * ROWS };

static uint32_t seed;

static float random_between(float lo, float hi)
{
    seed = seed * 1664525u + 1013904223u;
    return lo + (hi - lo) * (float)(seed >> 8) / 16777216.0f;
}

static void make(struct mnq_train_grid *g, int bases, int qmax, struct mnq_arena *arena)
{
    seed = 7;
    assert_int_equal(mnq_train_grid_init(g, bases, qmax, INPUTS, ROWS, arena), 0);
    for (int i = 0; i < INPUTS; i++) g->scale[i] = i == 3 ? 0 : random_between(0.2f, 3);
    for (int r = 0; r < ROWS; r++) {
        g->unit[r] = random_between(0.1f, 2);
        for (int m = 0; m < (bases > 0 ? bases : 1); m++)
            g->level[m * ROWS + r] = bases == 0 && qmax > 1 ? 0.25f : random_between(0.4f, 1) / (float)(1 << m);
    }
    for (int k = 0; k < N; k++) g->value[k] = k % 6 == 0 && bases == 0 ? 0 : random_between(-1.4f, 1.4f);
}

/* Every weight is one of its row's levels, times what its input's scale leaves; pruned ones are 0, dead ones too. */
static void on_grid(const struct mnq_train_grid *g, const float *w)
{
    for (int i = 0; i < INPUTS; i++)
        for (int r = 0; r < ROWS; r++) {
            const size_t k = (size_t)(i * ROWS + r);
            const float back = g->scale[i] > 0 ? g->unit[r] / g->scale[i] : 0;
            float least = HUGE_VALF;
            for (int c = 0; c < (g->bases > 0 ? 1 << g->bases : 2 * g->qmax + 1); c++) {
                float v = g->bases > 0 ? 0 : (float)(c - g->qmax) * g->level[r];
                for (int m = 0; m < g->bases; m++) v += (c >> m & 1) != 0 ? g->level[m * ROWS + r] : -g->level[m * ROWS + r];
                least = fminf(least, fabsf(v * back - w[k]));
            }
            assert_true(least <= 1e-6f * (back + fabsf(w[k])));
            if (back == 0) assert_true(w[k] == 0);
        }
}

static void steps_stay_on_the_grid(void **state)
{
    (void)state;
    for (int kind = -1; kind <= MNQ_TRAIN_GRID_BASES; kind++) { /* ternary, four bits, sums of signs */
        const int bases = kind < 0 ? 0 : kind, qmax = kind < 0 ? 1 : 7;
        struct mnq_arena arena = {0};
        struct mnq_train_grid g;
        float w[N], aim[N], d[N], zero[N];
        double first = 0, last = 0;
        make(&g, bases, qmax, &arena);
        memcpy(zero, g.value, sizeof zero);
        mnq_train_grid_apply(&g, w);
        on_grid(&g, w);
        for (int i = 0; i < N; i++) aim[i] = g.scale[i / ROWS] > 0 ? random_between(-1, 1) / g.scale[i / ROWS] : 0;
        for (int s = 1; s <= 300; s++) {
            last = 0;
            for (int i = 0; i < N; i++) {
                const float away = w[i] - aim[i], s2 = g.scale[i / ROWS] * g.scale[i / ROWS];
                last += (double)(away * away * s2);
                d[i] = 2 * away * s2;
            }
            if (s == 1) first = last;
            mnq_train_grid_step(&g, d, w, 0.01f, s);
            on_grid(&g, w);
        }
        assert_true(last < (bases == 1 ? 0.8 : kind < 0 ? 0.6 : 0.5) * first);
        for (int i = 0; i < N && bases == 0; i++) assert_true((zero[i] == 0) == (g.value[i] == 0));
        for (int i = 0; i < N && bases == 1; i++) assert_true(fabsf(g.value[i]) <= 1.5f);
        mnq_arena_free(&arena);
    }
}

/* The loss is linear in w, so that a coefficient's gradient is the difference quotient; that of a single one is counted by
 * its logarithm. */
static void levels_have_gradients(void **state)
{
    (void)state;
    for (int bases = 1; bases <= MNQ_TRAIN_GRID_BASES; bases++) {
        struct mnq_arena arena = {0};
        struct mnq_train_grid g;
        float w[N], pull[N], d[N];
        make(&g, bases, 7, &arena);
        for (int i = 0; i < N; i++) g.value[i] *= 3; /* far from the edges between levels */
        for (int i = 0; i < N; i++) pull[i] = random_between(-1, 1);
        for (int l = 0; l < bases * ROWS; l++) {
            const float kept = g.level[l], e = 1e-3f;
            double sum[2] = {0};
            for (int side = 0; side < 2; side++) {
                g.level[l] = side == 0 ? kept - e : kept + e;
                mnq_train_grid_apply(&g, w);
                for (int i = 0; i < N; i++) sum[side] += (double)(pull[i] * w[i]);
            }
            g.level[l] = kept;
            mnq_train_grid_apply(&g, w);
            memcpy(d, pull, sizeof d);
            struct mnq_train_grid copy = g;
            mnq_train_grid_step(&copy, d, w, 0, 1); /* gradients alone */
            const double slope = (sum[1] - sum[0]) / (2 * (double)e);
            const double got = (double)g.d_level[l] / (bases == 1 ? (double)kept : 1);
            if (fabs(slope - got) > 0.02 * fabs(slope) + 0.02)
                fail_msg("%d bases, level %d: %g not %g", bases, l, got, slope);
        }
        mnq_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(steps_stay_on_the_grid), cmocka_unit_test(levels_have_gradients)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
