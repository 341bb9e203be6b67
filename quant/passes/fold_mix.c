/* SPDX-License-Identifier: Apache-2.0
 * A mix of the picture's channels (BGR of RGB, grey of colours) moves into the convolutions that read it:
 *     sum_m W[m] sum_c M[c][m] x[c] = sum_c (sum_m M[c][m] W[m]) x[c]
 * Zero padding stays zero, since the mix adds nothing. Such layers have no place in a file. */
#include "passes/pass.h"

static bool is_picture(const struct mnq_rw *rw, int i)
{
    enum mnq_op op = mnq_rw_at(rw, i)->op;
    return op == MNQ_OP_INPUT || op == MNQ_OP_AFFINE;
}

static bool is_mix(const struct mnq_rw *rw, int i)
{
    const struct mnq_node *nd = mnq_rw_at(rw, i);
    return !rw->node[i].dead && nd->op == MNQ_OP_CONV && nd->w_path == NULL && nd->b == NULL && nd->act == MNQ_ACT_NONE &&
           nd->kh == 1 && nd->kw == 1 && nd->sh == 1 && nd->sw == 1 && nd->pt + nd->pl + nd->pb + nd->pr == 0 &&
           mnq_node_groups(nd) == 1 && is_picture(rw, mnq_rw_producer(rw, i)) && rw->output != i;
}

static int fold(struct mnq_rw *rw, int mix, int reader, struct mnq_err *e)
{
    const struct mnq_node *m = mnq_rw_at(rw, mix);
    struct mnq_node *nd = mnq_rw_at(rw, reader);
    size_t from = (size_t)mnq_rw_at(rw, mnq_rw_producer(rw, mix))->out.c, to = (size_t)m->out.c, c = (size_t)nd->out.c,
           taps = (size_t)nd->kh * (size_t)nd->kw;
    float *w = mnq_arena_array(rw->arena, taps * from * c, sizeof *w);
    if (w == NULL) return mnq_fail_nomem(e);
    for (size_t t = 0; t < taps; t++)
        for (size_t i = 0; i < from; i++)
            for (size_t o = 0; o < c; o++) {
                double sum = 0;
                for (size_t j = 0; j < to; j++) sum += (double)m->w[i * to + j] * (double)nd->w[(t * to + j) * c + o];
                w[(t * from + i) * c + o] = (float)sum;
            }
    nd->w = w;
    nd->w_path = NULL;
    nd->in_gain = NULL;
    return 0;
}

int mnq_fold_mix(struct mnq_rw *rw, struct mnq_err *e)
{
    for (int i = 0; i < rw->n; i++) {
        if (!is_mix(rw, i)) continue;
        const struct mnq_rw_node *n = &rw->node[i];
        bool all = n->n_readers > 0;
        for (int k = 0; k < n->n_readers && all; k++) {
            const struct mnq_node *r = mnq_rw_at(rw, n->reader[k]);
            all = r->op == MNQ_OP_CONV && mnq_node_groups(r) == 1;
        }
        if (!all) continue;
        for (int k = 0; k < n->n_readers; k++)
            if (fold(rw, i, n->reader[k], e) != 0) return -1;
        mnq_rw_forget(rw, i);
        if (mnq_rw_bypass(rw, i, e) != 0) return -1;
    }
    return 0;
}
