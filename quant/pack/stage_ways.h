/* SPDX-License-Identifier: Apache-2.0
 * The search for stages: ways to cut a network into them, and how many rows each makes at a time. */
#ifndef MNQ_STAGE_WAYS_H
#define MNQ_STAGE_WAYS_H

#include "pack/stage_cost.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The best way to the layers before one of them. */
struct mnq_stage_way {
    uint64_t bytes; /* of its largest stage */
    int64_t work;
    int from;   /* first layer of its last stage */
    int height; /* of its bands, mnq_stage_set_height() */
    bool whole; /* which is one layer, at once */
};

/** What the search looks at. */
struct mnq_stage_ways {
    struct mnq_stage_costs *cost; /* [heights][n_layers]: stages that begin with a layer, by height of bands */
    struct mnq_stage_way *way;    /* [n_layers + 1] */
    int heights;
    int first, end; /* heights that are looked at: all, or one */
    uint64_t least; /* bytes of the way with the least RAM */
};

/** Looks at heights first .. end - 1 only, and finds `least` again. */
void mnq_stage_ways_among(const struct mnq_stage_net *n, struct mnq_stage_ways *w, int first, int end);

/** Layers a .. b - 1 make bands of a height, 0 <= height < heights. */
void mnq_stage_set_height(struct mnq_stage_net *n, int a, int b, int height);

/** Costs of all stages; one height without a target. return 0, or -1 without memory; to be closed either way */
int mnq_stage_ways_open(struct mnq_stage_net *n, struct mnq_stage_ways *w);
void mnq_stage_ways_close(struct mnq_stage_ways *w);

/**
 * Ways to every layer through stages of at most `limit` bytes: with the least RAM, or by_work.
 * way     [n_layers + 1]; the last is the network's
 * return  whether there is one
 */
bool mnq_stage_find_ways(const struct mnq_stage_net *n, const struct mnq_stage_ways *w, uint64_t limit, bool by_work,
                         struct mnq_stage_way *way);

/** The bytes that stages may take at most for what the options ask. */
uint64_t mnq_stage_limit(const struct mnq_stage_net *n, const struct mnq_stage_ways *w, const struct mnq_stage_options *o);

#ifdef __cplusplus
}
#endif
#endif
