/* SPDX-License-Identifier: Apache-2.0
 * Sharing a total among layers so that the sum of their costs is least. */
#include "quantize/allocate.h"

#include <stddef.h>
#include <stdlib.h>

/* Next point of the lower convex hull behind point i: the one with the least slope from there, the farthest of equals. */
static int next_on_hull(const struct mnq_offer *o, int i, double *slope)
{
    int best = -1;
    for (int k = i + 1; k < o->n; k++) {
        double s = (o->cost[k] - o->cost[i]) / (o->amount[k] - o->amount[i]);
        if (best < 0 || s <= *slope) {
            best = k;
            *slope = s;
        }
    }
    return best;
}

int mnq_allocate(const struct mnq_offer *offer, int n, double want, bool divisible, double *amount, struct mnq_err *e)
{
    double most = 0, sum = 0;
    int *at = calloc((size_t)n + 1, sizeof *at);
    if (at == NULL) return mnq_fail_nomem(e);
    for (int l = 0; l < n; l++) {
        most += offer[l].amount[offer[l].n - 1];
        amount[l] = offer[l].amount[0];
        sum += amount[l];
    }
    if (most < want) {
        free(at);
        return mnq_fail(e, MNQ_EXIT_FAILED, "all layers together offer %.10g, %.10g is wanted", most, want);
    }
    while (sum < want) {
        int layer = -1, to = -1;
        double least = 0;
        for (int l = 0; l < n; l++) {
            double slope = 0;
            int k = next_on_hull(&offer[l], at[l], &slope);
            if (k < 0 || (layer >= 0 && slope >= least)) continue;
            layer = l;
            to = k;
            least = slope;
        }
        if (layer < 0) break; /* rounding: everything is taken */
        double step = offer[layer].amount[to] - offer[layer].amount[at[layer]];
        if (divisible && sum + step > want) step = want - sum;
        amount[layer] += step;
        sum += step;
        at[layer] = to;
    }
    free(at);
    return 0;
}
