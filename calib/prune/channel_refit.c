/* SPDX-License-Identifier: Apache-2.0
 * Front to back through a network whose channels were cut: every 1x1 and dense layer behind the first cut is fitted to what
 * the dense network computes, from the inputs that it now reads and without those that left. */
#include "channel_parts.h"

#include "pack/restore.h"
#include "quantize/lower.h"

#include <string.h>

static int fit_layer(struct mnq_channel_work *x, struct mnq_stream *dense, struct mnq_stream *now, int i, struct mnq_err *e)
{
    struct mnq_pruning *p = x->p;
    struct mnq_node *nd = &p->out->node[i];
    int inputs = p->legal->node[nd->in[0]].out.c;
    struct mnq_arena scratch = {0};
    struct mnq_rows rows;
    struct mnq_fit fit;
    struct mnq_fit_opts fo = mnq_prune_fit_opts(p, i);
    const unsigned char *gone = x->cut->gone[x->cut->legal_f.of[nd->in[0]]];
    if (gone == NULL) gone = mnq_arena_alloc(&scratch, (size_t)inputs);
    fo.untraced = true;
    int rc = gone == NULL ? mnq_fail_nomem(e) : 0;
    if (rc == 0)
        rc = mnq_rows_gather(dense, now, p->legal, i, i - 1, p->pictures.n, mnq_prune_rows(inputs), &rows, &scratch, e);
    if (rc == 0)
        rc = mnq_fit_make(&rows, p->legal->node[i].w, (struct mnq_pattern){MNQ_PATTERN_NONE, 0, 0}, &fo, &fit, &scratch, e);
    if (rc == 0) rc = mnq_fit_solve_without(&fit, gone, nd->w, fo.fixed_bias == NULL ? nd->b : NULL, e);
    mnq_arena_free(&scratch);
    return rc;
}

int mnq_channel_refit(struct mnq_channel_work *x, struct mnq_err *e)
{
    struct mnq_pruning *p = x->p;
    const struct mnq_graph *g = p->legal;
    struct mnq_stream *dense = mnq_stream_new(g, &p->pictures, p->o->threads, MNQ_PRUNE_BUDGET, true, e);
    struct mnq_stream *now =
        dense == NULL ? NULL : mnq_stream_new(p->out, &p->pictures, p->o->threads, MNQ_PRUNE_BUDGET, false, e);
    int rc = now == NULL ? -1 : 0;
    bool changed = false;
    for (int i = 0; rc == 0 && i < g->n; i++) {
        if (!mnq_lower_has_weights(g, i)) continue;
        bool mixes = g->node[i].op != MNQ_OP_DWCONV;
        if (mixes && x->cut->gone[x->cut->legal_f.of[g->node[i].in[0]]] != NULL) changed = true;
        if (!changed) continue;
        if (mnq_prune_can(g, i)) rc = fit_layer(x, dense, now, i, e);
        else if (mnq_restore_has_bias(g, i)) rc = mnq_prune_correct_bias(p, dense, now, i, e);
        if (p->progress != NULL) p->progress(p->progress_ctx, "prune", i + 1, g->n);
    }
    mnq_stream_free(dense);
    mnq_stream_free(now);
    return rc;
}
