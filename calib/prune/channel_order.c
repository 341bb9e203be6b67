/* SPDX-License-Identifier: Apache-2.0
 * In which order channels leave: the optimal brain surgeon for whole columns.
 *
 * With H the damped covariance of a layer's inputs and w_c the weights of all its outputs that read channel c, removing c
 * and adjusting all others at best adds |w_c|^2 / inverse(H)_cc to the mean square error, summed over outputs. Then
 * W -= inverse(H)_:c w_c / inverse(H)_cc, and inverse(H) loses c by a rank-1 downdate. Several layers that read the same
 * channels add up, each relative to its own signal. */
#include "channel_parts.h"

#include "graph/fkernel/fkernel.h"

static double price(const struct mnq_channel_reader *r, int n, int c)
{
    const double *w = r->w + (size_t)c * (size_t)r->outputs;
    double sum = 0;
    for (int j = 0; j < r->outputs; j++) sum += w[j] * w[j];
    return r->weight * (r->inverse != NULL ? sum / r->inverse[(size_t)c * (size_t)n + (size_t)c] : sum);
}

static void take_out(struct mnq_channel_reader *r, int n, const unsigned char *gone, int c)
{
    if (r->inverse == NULL) return;
    const double *row = r->inverse + (size_t)c * (size_t)n, *w = r->w + (size_t)c * (size_t)r->outputs;
    for (int i = 0; i < n; i++) {
        if (gone[i] || i == c) continue;
        double *to = r->inverse + (size_t)i * (size_t)n, f = to[c] / row[c];
        mnq_fkernels_best()->axpy(r->w + (size_t)i * (size_t)r->outputs, w, f, r->outputs);
        mnq_fkernels_best()->axpy(to, row, f, n);
    }
}

int mnq_channel_order(struct mnq_channel_reader *reader, int n_readers, int n, int *order, double *error, struct mnq_err *e)
{
    struct mnq_arena scratch = {0};
    unsigned char *gone = mnq_arena_alloc(&scratch, (size_t)n);
    if (gone == NULL) return mnq_fail_nomem(e);
    double total = 0;
    for (int k = 0; k < n; k++) {
        int best = -1;
        double least = 0;
        for (int c = 0; c < n; c++) {
            if (gone[c]) continue;
            double sum = 0;
            for (int r = 0; r < n_readers; r++) sum += price(&reader[r], n, c);
            if (best >= 0 && sum >= least) continue;
            best = c;
            least = sum;
        }
        total += least;
        order[k] = best;
        error[k] = total;
        for (int r = 0; r < n_readers && k + 1 < n; r++) take_out(&reader[r], n, gone, best);
        gone[best] = 1;
    }
    mnq_arena_free(&scratch);
    return 0;
}
