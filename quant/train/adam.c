/* SPDX-License-Identifier: Apache-2.0
 * Adam (Kingma and Ba 2015, arXiv:1412.6980), each parameter in a unit of its own. */
#include "train/adam.h"

#include <math.h>

static const float MEAN = 0.9f, SQUARE = 0.99f, EPS = 1e-8f;

/* 1 - base^step. */
static float unbias(double base, int step)
{
    double p = 1;
    for (int i = 0; i < step && p > 1e-12; i++) p *= base;
    return (float)(1 - p);
}

void mnq_adam_step(const struct mnq_adam *a, float rate, int step, int zeros_stay)
{
    float c1 = 1 / unbias((double)MEAN, step), c2 = 1 / unbias((double)SQUARE, step);
    for (size_t i = 0; i < a->n; i++) {
        float unit = a->unit[i % a->units], g = a->gradient[i] * unit;
        if (zeros_stay && a->value[i] == 0.0f) continue;
        a->mean[i] = MEAN * a->mean[i] + (1 - MEAN) * g;
        a->square[i] = SQUARE * a->square[i] + (1 - SQUARE) * g * g;
        a->value[i] -= rate * unit * (a->mean[i] * c1) / (sqrtf(a->square[i] * c2) + EPS);
    }
}
