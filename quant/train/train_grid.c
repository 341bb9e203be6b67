/* SPDX-License-Identifier: Apache-2.0
 * Weights of few bits in training: real numbers that are trained, and the grid that they are seen on. */
#include "train/train_grid.h"

#include <math.h>
#include <string.h>

/* Single signs: values this far out, in units, move no further; a sign that is sure of itself has no gradient. */
static const float FAR = 1.5f;

static const float ONE = 1;

static bool init_adam(struct mnq_adam *a, float *value, size_t n, struct mnq_arena *arena)
{
    *a = (struct mnq_adam){.value = value, .unit = &ONE, .n = n, .units = 1};
    a->mean = mnq_arena_array(arena, n, sizeof *a->mean);
    a->square = mnq_arena_array(arena, n, sizeof *a->square);
    return a->mean != NULL && a->square != NULL;
}

int mnq_train_grid_init(struct mnq_train_grid *g, int bases, int qmax, int inputs, int rows, struct mnq_arena *arena)
{
    const size_t n = (size_t)inputs * (size_t)rows, levels = (size_t)(bases > 0 ? bases : 1) * (size_t)rows;
    *g = (struct mnq_train_grid){.bases = bases, .qmax = qmax, .inputs = inputs, .rows = rows};
    g->scale = mnq_arena_array(arena, (size_t)inputs, sizeof *g->scale);
    g->unit = mnq_arena_array(arena, (size_t)rows, sizeof *g->unit);
    g->value = mnq_arena_array(arena, n, sizeof *g->value);
    g->level = mnq_arena_array(arena, levels, sizeof *g->level);
    g->d_level = mnq_arena_array(arena, levels, sizeof *g->d_level);
    g->code = mnq_arena_array(arena, n, sizeof *g->code);
    bool ok =
        g->scale != NULL && g->unit != NULL && g->value != NULL && g->level != NULL && g->d_level != NULL && g->code != NULL;
    ok = ok && init_adam(&g->of_value, g->value, n, arena) && init_adam(&g->of_level, g->level, levels, arena);
    return ok ? 0 : -1;
}

/* The whole number nearest to z within the grid, halves away from zero. */
static float whole(float z, int qmax)
{
    float q = floorf(fabsf(z) + 0.5f), end = (float)qmax;
    if (q > end) q = end;
    return z < 0 ? -q : q;
}

/* All sums of a row's signed coefficients, by their code. */
static int sums_of(const struct mnq_train_grid *g, int row, float *sum)
{
    for (int c = 0; c < 1 << g->bases; c++) {
        sum[c] = 0;
        for (int m = 0; m < g->bases; m++) {
            float a = g->level[m * g->rows + row];
            sum[c] += (c >> m & 1) != 0 ? a : -a;
        }
    }
    return 1 << g->bases;
}

void mnq_train_grid_apply(struct mnq_train_grid *g, float *w)
{
    float sum[1 << MNQ_TRAIN_GRID_BASES];
    for (int r = 0; r < g->rows; r++) {
        const int codes = g->bases > 1 ? sums_of(g, r, sum) : 0;
        for (int i = 0; i < g->inputs; i++) {
            const size_t at = (size_t)i * (size_t)g->rows + (size_t)r;
            const float v = g->value[at], back = g->scale[i] > 0 ? g->unit[r] / g->scale[i] : 0;
            if (g->bases == 0) {
                w[at] = v == 0.0f ? 0.0f : whole(v / g->level[r], g->qmax) * g->level[r] * back;
            } else if (g->bases == 1) {
                g->code[at] = v >= 0;
                w[at] = (v >= 0 ? g->level[r] : -g->level[r]) * back;
            } else {
                int best = 0;
                for (int c = 1; c < codes; c++)
                    if (fabsf(v - sum[c]) < fabsf(v - sum[best])) best = c;
                g->code[at] = (uint8_t)best;
                w[at] = sum[best] * back;
            }
        }
    }
}

/* Turns the gradient of the weights into those of values and levels. Steps and single coefficients are positive and are
 * moved by shares of themselves: theirs is the derivative by the logarithm. */
static void gradients_of(const struct mnq_train_grid *g, float *d)
{
    const size_t rows = (size_t)g->rows;
    for (size_t i = 0; i < (size_t)g->inputs; i++) {
        const float back = g->scale[i] > 0 ? 1 / g->scale[i] : 0;
        for (size_t r = 0; r < rows; r++) {
            const size_t at = i * rows + r;
            const float v = g->value[at], by = d[at] * back * g->unit[r], a = g->level[r];
            d[at] = by;
            if (g->bases == 0) {
                const float z = v / a;
                const bool out = fabsf(z) > (float)g->qmax;
                if (v == 0.0f) continue;
                g->d_level[r] += by * a * (out ? whole(z, g->qmax) : whole(z, g->qmax) - z);
                if (out) d[at] = 0;
            } else if (g->bases == 1) {
                g->d_level[r] += g->code[at] != 0 ? by * a : -by * a;
                if (fabsf(v) > FAR) d[at] = 0;
            } else {
                for (int m = 0; m < g->bases; m++)
                    g->d_level[(size_t)m * rows + r] += (g->code[at] >> m & 1) != 0 ? by : -by;
            }
        }
    }
}

/* Steps and single coefficients by shares of themselves. */
static void step_shares(struct mnq_train_grid *g, float rate, int step)
{
    float share[2];
    struct mnq_adam one = g->of_level;
    for (int r = 0; r < g->rows; r++) {
        share[0] = 1;
        one.value = share;
        one.gradient = g->d_level + r;
        one.mean = g->of_level.mean + r;
        one.square = g->of_level.square + r;
        one.n = 1;
        mnq_adam_step(&one, rate, step, 0);
        g->level[r] *= share[0];
    }
}

void mnq_train_grid_step(struct mnq_train_grid *g, float *gradient, float *w, float rate, int step)
{
    const size_t levels = (size_t)(g->bases > 0 ? g->bases : 1) * (size_t)g->rows;
    memset(g->d_level, 0, levels * sizeof *g->d_level);
    gradients_of(g, gradient);
    g->of_value.gradient = gradient;
    mnq_adam_step(&g->of_value, rate, step, g->bases == 0);
    if (g->bases == 1)
        for (size_t i = 0; i < g->of_value.n; i++) g->value[i] = fminf(fmaxf(g->value[i], -FAR), FAR);
    if (g->bases > 1) {
        g->of_level.gradient = g->d_level;
        mnq_adam_step(&g->of_level, rate, step, 0);
    } else {
        step_shares(g, rate, step);
    }
    mnq_train_grid_apply(g, w);
}
