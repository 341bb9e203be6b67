/* SPDX-License-Identifier: Apache-2.0
 * Patterns of zeros: as a property of weights, as bytes. */
#include "prune.h"

bool mnq_pattern_holds(struct mnq_pattern p, const float *w, int inputs, int outputs)
{
    if (p.kind == MNQ_PATTERN_NONE) return true;
    for (int o = 0; o < outputs; o++)
        for (int i = 0; i < inputs; i += p.m) {
            int size = inputs - i < p.m ? inputs - i : p.m, used = 0;
            for (int k = 0; k < size; k++) used += w[(size_t)(i + k) * (size_t)outputs + (size_t)o] != 0.0f;
            if (p.kind == MNQ_PATTERN_N_M ? used > p.n : used != 0 && used != size) return false;
        }
    return true;
}

int64_t mnq_prune_bytes_dense(const struct mnq_prune_layer *l)
{
    return l->weights;
}

int64_t mnq_prune_bytes_sparse(const struct mnq_prune_layer *l)
{
    int64_t units = l->weights;
    if (l->pattern.kind == MNQ_PATTERN_BLOCK) units = (int64_t)l->outputs * ((l->inputs + l->pattern.m - 1) / l->pattern.m);
    return (units + 7) / 8 + l->weights - l->zeros;
}
