/* SPDX-License-Identifier: Apache-2.0
 * Compressed weights of a case of the kernel check. */
#include "kpacked.h"

#include <stdio.h>
#include <stdlib.h>

int32_t *mnq_kpacked_make(struct mnq_rng *g, const struct mnq_wmake *m)
{
    int32_t *v = calloc(mnq_wpack_count(m->wtype, m->c, m->oc, m->field), sizeof *v);

    if (!v) {
        fprintf(stderr, "kerncheck: out of memory\n");
        exit(1);
    }
    mnq_wmake(g, m, v);
    return v;
}

double mnq_kpacked_acc(const struct mnq_wmake *m, const int32_t *v, int o, int32_t bias)
{
    double half = m->wtype == WP_XNOR ? 1.0 : (double)m->a / 2.0, sum = mnq_wmake_row(m, v, o).squares * half * half, root;

    root = sum > 1.0 ? sum : 1.0;
    for (int i = 0; i < 60; i++) root = 0.5 * (root + sum / root);
    return 1.0 + root + (bias < 0 ? -(double)bias : (double)bias);
}
