/* SPDX-License-Identifier: Apache-2.0
 * Real multipliers as the runtime's (m, r) pairs, NUMERICS.md section 2. */
#ifndef MNQ_MULTIPLIER_H
#define MNQ_MULTIPLIER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * m / 2^(32 + r) nearest to real, with m in [2^30, 2^31) wherever r in -30..31 allows it.
 * real    >= 0 and finite; below 2^-64 gives m = 0, above 2^29 saturates
 */
void mnq_multiplier(double real, int32_t *m, int8_t *r);

/** The real value of a pair. */
double mnq_multiplier_real(int32_t m, int8_t r);

#ifdef __cplusplus
}
#endif
#endif
