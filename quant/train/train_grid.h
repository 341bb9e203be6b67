/* SPDX-License-Identifier: Apache-2.0
 * Weights of few bits in training: real numbers that are trained, and the grid that they are seen on. */
#ifndef MNQ_TRAIN_GRID_H
#define MNQ_TRAIN_GRID_H

#include "train/adam.h"
#include "util/arena.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MNQ_TRAIN_GRID_BASES = 4 };

/**
 * The weights of a 1x1 or dense layer, [inputs][rows]. What lies on a row's grid is weight * scale of its input: the integer
 * layer absorbs the input's scales before it rounds.
 */
struct mnq_train_grid {
    int bases; /* 1 .. 4: sums of so many signs with a coefficient each; 0: -qmax .. qmax steps */
    int qmax;  /* 7, or 1 of ternary weights */
    int inputs, rows;
    float *scale;  /* [inputs], 0: nothing ever comes in, the weight is 0 */
    float *unit;   /* [rows] what values and coefficients are counted in */
    float *value;  /* [inputs][rows] trained; exactly 0 of a uniform grid: a pruned weight, stays */
    float *level;  /* [max(bases, 1)][rows] trained: the coefficients, or the step */
    uint8_t *code; /* [inputs][rows] sums: the signs of each, bit m says + for coefficient m */
    float *d_level;
    struct mnq_adam of_value, of_level;
};

/** Arrays of a grid in the arena; qmax: of bases 0; scale, unit, value and level are the caller's to fill. -1 when out of memory. */
int mnq_train_grid_init(struct mnq_train_grid *g, int bases, int qmax, int inputs, int rows, struct mnq_arena *arena);

/** The weights that the values stand for. w  [inputs][rows] */
void mnq_train_grid_apply(struct mnq_train_grid *g, float *w);

/**
 * One step of Adam on values and levels. The gradient of a rounded weight is taken for that of the real one, except where
 * that is beyond the ends of the grid (straight-through, Bengio et al. 2013, arXiv:1308.3432; steps that learn: Esser et al.
 * 2020, arXiv:1902.08153).
 * gradient  [inputs][rows] of w, replaced
 * w         replaced by the weights after the step
 */
void mnq_train_grid_step(struct mnq_train_grid *g, float *gradient, float *w, float rate, int step);

#ifdef __cplusplus
}
#endif
#endif
