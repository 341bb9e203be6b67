/* SPDX-License-Identifier: Apache-2.0
 * Products of signs by XNOR, their sum by counting bits. */
#include "xnor.h"

#include "output.h"
#include "packed.h"

void mnq_xnor_outputs(const struct mnq_layer *l, void *out, size_t at, const uint32_t *t)
{
    const size_t words = mnq_plane_words(l->c);
    const uint32_t *w = (const uint32_t *)l->weights;
    size_t k;
    int32_t o;

    for (o = 0; o < l->oc; o++, w += words) {
        uint32_t differ = 0; /* behind the last input both are 0 */
        for (k = 0; k < words; k++) differ += mnq_popcount(w[k] ^ t[k]);
        mnq_output_store(&l->q, out, at + (size_t)o, o, mnq_add(l->q.bias[o], 256 * (l->c - 2 * (int32_t)differ)));
    }
}
