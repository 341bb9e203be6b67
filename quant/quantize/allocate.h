/* SPDX-License-Identifier: Apache-2.0
 * Sharing a total among layers so that the sum of their costs is least. */
#ifndef MNQ_ALLOCATE_H
#define MNQ_ALLOCATE_H

#include "util/err.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What one layer can give and at what cost: `n` points, amounts strictly increasing from 0. */
struct mnq_offer {
    int n;
    const double *amount, *cost;
};

/**
 * Chooses an amount for each layer: least sum of costs with a sum of amounts of at least `want`, along the lower convex
 * hulls of the offers (the Lagrangian solution). divisible  amounts between two points may be taken, cost is linear there:
 * the sum then equals want; otherwise every amount is one of the points and the sum may be larger amount     [n], result
 * return     0, or -1 when all layers together offer less than want, or when out of memory
 */
int mnq_allocate(const struct mnq_offer *offer, int n, double want, bool divisible, double *amount, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
