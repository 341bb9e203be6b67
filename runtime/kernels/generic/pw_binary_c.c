/* SPDX-License-Identifier: Apache-2.0
 * PW with weights that are sums of one to four bases of signs, NUMERICS.md section 4: additions, and one multiplication per
 * base and output.
 *
 * sum of s_i q_i = 2 * (sum of the q_i whose sign is +1) - (sum of all q_i); the latter is one number per pixel. */
#include "binary.h"
#include "generic.h"

void mnq_pw_binary_c(const struct mnq_layer *l, void *out, const void *in0, const void *in1)
{
    const size_t pixels = (size_t)l->h * (size_t)l->w;
    int32_t all[MNQ_PIXELS];
    size_t p = 0;

    (void)in1;
    while (p < pixels) {
        const struct mnq_pixels b = mnq_pixels_take(l, out, in0, p);
        mnq_binary_all(l, &b, all);
        mnq_binary_rows(l, out, p, &b, all);
        p += (size_t)b.n;
    }
}
