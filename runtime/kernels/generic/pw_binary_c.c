/* SPDX-License-Identifier: Apache-2.0
 * PW with weights that are sums of one to four bases of signs, NUMERICS.md section 4: additions, and one multiplication per
 * base and output.
 *
 * sum of s_i q_i = 2 * (sum of the q_i whose sign is +1) - (sum of all q_i); the latter is one number per pixel. */
#include "binary.h"
#include "generic.h"

void mnq_pw_binary_c(const struct mnq_layer *l, const struct mnq_band *t)
{
    const size_t pixels = (size_t)t->n * (size_t)l->w;
    int32_t all[MNQ_PIXELS];
    size_t p = 0;

    while (p < pixels) {
        const struct mnq_pixels b = mnq_pixels_take(l, t, p);
        mnq_binary_all(l, &b, all);
        mnq_binary_rows(l, t->out, p, &b, all);
        p += (size_t)b.n;
    }
}
