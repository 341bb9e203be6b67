/* SPDX-License-Identifier: Apache-2.0
 * Real multipliers as the runtime's (m, r) pairs. */
#include "quantize/multiplier.h"

#include <math.h>

void mnq_multiplier(double real, int32_t *m, int8_t *r)
{
    *m = 0;
    *r = 31;
    if (!(real > 0)) return;
    int e;
    double f = frexp(real, &e); /* real = f * 2^e, f in [0.5, 1) */
    int64_t q = llround(ldexp(f, 31));
    if (q == INT64_C(1) << 31) {
        q >>= 1;
        e++;
    }
    if (e > 29) { /* r would fall below -30 */
        q = INT32_MAX;
        e = 29;
    }
    if (e < -32) { /* too small for r = 31: fewer bits in m */
        q = llround(ldexp(real, 63));
        e = -32;
    }
    *m = (int32_t)q;
    *r = (int8_t)(-1 - e);
}

double mnq_multiplier_real(int32_t m, int8_t r)
{
    return ldexp(m, -32 - r);
}
