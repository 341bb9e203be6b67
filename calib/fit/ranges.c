/* SPDX-License-Identifier: Apache-2.0
 * Scales of all tensors, as the options ask for them. */
#include "calib_run.h"

/* Share of nearest rounding's noise that second-order rounding leaves, for the choice of scales. */
static const double SECOND_ORDER_NOISE = 0.4;

int mnq_calib_ranges(struct mnq_calib_run *c, struct mnq_qparams *qp, struct mnq_arena *arena, struct mnq_err *e)
{
    const struct mnq_calib_opts *o = c->o;
    struct mnq_range_opts ro = {.observer = o->observer,
                                .percentile = o->percentile,
                                .act_scale = o->act_scale,
                                .weight_noise = o->rounding == MNQ_ROUND_SECOND_ORDER ? SECOND_ORDER_NOISE : 1,
                                .small_layer = o->wide == MNQ_WIDE_NONE ? 0 : MNQ_SMALL_LAYER};
    int *observer = mnq_arena_array(arena, (size_t)c->g->n, sizeof *observer);
    if (observer == NULL) return mnq_fail_nomem(e);
    for (int i = 0; i < c->g->n; i++) observer[i] = o->choice != NULL ? o->choice[i].observer : -1;
    ro.observer_of = observer;
    return mnq_qparams_choose(c->g, c->stats.hist, c->wide, c->p, &ro, qp, arena, e);
}
