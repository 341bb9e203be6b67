/* SPDX-License-Identifier: Apache-2.0
 * Taps: what blocks of a network give out, which a student may follow beside the answers. */
#include "tune_taps.h"

/* Whether node i alone passes on what was computed so far. */
static bool all_passes(const struct mnq_graph *g, int i)
{
    for (int k = i + 1; k < g->n; k++)
        for (int n = 0; n < g->node[k].n_in; n++)
            if (g->node[k].in[n] < i) return false;
    return true;
}

int mnq_tune_taps_find(struct mnq_tune_cache *c, const struct mnq_tune_opts *o, struct mnq_arena *arena, struct mnq_err *e)
{
    const struct mnq_graph *g = c->student;
    int linear = 0, kept = 0;
    c->tap = mnq_arena_array(arena, (size_t)g->n, sizeof *c->tap);
    if (c->tap == NULL) return mnq_fail_nomem(e);
    for (int i = 1; i < c->loss.logits.part[0].node && o->taps > 0; i++) {
        const struct mnq_node *nd = &g->node[i];
        bool sums = nd->op == MNQ_OP_ADD || (nd->op == MNQ_OP_CONV && nd->kh * nd->kw == 1);
        if (!sums || nd->out.h * nd->out.w == 1 || !all_passes(g, i)) continue;
        c->tap[c->n_taps++] = i;
        linear += nd->act == MNQ_ACT_NONE;
    }
    for (int k = 0; k < c->n_taps; k++)
        if (linear == 0 || g->node[c->tap[k]].act == MNQ_ACT_NONE) c->tap[kept++] = c->tap[k];
    c->n_taps = kept;
    return 0;
}

void mnq_tune_taps_begin(struct mnq_tune_cache *c)
{
    int kept = 0;
    for (int k = 0; k < c->n_taps; k++)
        if (c->tap[k] >= c->from) c->tap[kept++] = c->tap[k];
    c->n_taps = kept;
}

size_t mnq_tune_taps_values(const struct mnq_tune_cache *c, int k)
{
    size_t n = 0;
    for (int i = 0; i < k; i++)
        if (c->tap[i] >= c->from) n += mnq_elements(c->student->node[c->tap[i]].out);
    return n;
}
