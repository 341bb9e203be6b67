/* SPDX-License-Identifier: Apache-2.0
 * Adam (Kingma and Ba 2015, arXiv:1412.6980), each parameter in a unit of its own. */
#ifndef MNQ_ADAM_H
#define MNQ_ADAM_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Parameters of one kind and what is remembered of their gradients. */
struct mnq_adam {
    float *value, *gradient, *mean, *square; /* [n]; the last two start at zero */
    const float *unit;                       /* [units]: a step of parameter i moves by about rate * unit[i % units] */
    size_t n, units;
};

/**
 * One step: value -= rate * unit * m / (sqrt(s) + eps), m and s of gradient * unit. Parameters that are exactly 0 stay it if
 * `zeros_stay`.
 * step  counted from 1, for the bias of the means; its powers are made by multiplication
 */
void mnq_adam_step(const struct mnq_adam *a, float rate, int step, int zeros_stay);

#ifdef __cplusplus
}
#endif
#endif
