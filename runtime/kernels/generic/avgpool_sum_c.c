/* SPDX-License-Identifier: Apache-2.0
 * AVGPOOL_SUM: global average pooling as the rows of its input arrive, NUMERICS.md section 5. */
#include "generic.h"
#include "output.h"
#include "row.h"

void mnq_avgpool_sum_c(const struct mnq_layer *l, const struct mnq_band *b)
{
    const enum mnq_row_input type = mnq_row_input0(l);
    const size_t c = (size_t)l->c, pixels = (size_t)b->n * (size_t)l->w;
    int32_t *const sum = (int32_t *)b->scratch;
    size_t i;

    if (b->y == 0)
        for (i = 0; i < c; i++) sum[i] = l->q.bias[i];
    for (i = 0; i < pixels; i++) mnq_row_add(sum, mnq_row_at(b->in0.at, type, i * c), type, l->c);
    if (b->y + b->n == l->h)
        for (i = 0; i < c; i++) mnq_output_store(&l->q, b->out, i, (int32_t)i, sum[i]);
}
