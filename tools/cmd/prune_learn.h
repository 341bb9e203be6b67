/* SPDX-License-Identifier: Apache-2.0
 * What `prune` shares with `prune --channels`: shares of the time, and learning from the whole network. */
#ifndef MNQ_PRUNE_LEARN_H
#define MNQ_PRUNE_LEARN_H

#include "command.h"
#include "tune.h"

/** Tells the terminal what steps follow. */
void mnq_prune_plan(struct mnq_cli *cli, bool learns);

/**
 * The pruned network `out` learns from the whole one, with what `mnquant tune` takes if nothing is said; zeros stay.
 * channels whether it lost channels, not single zeros
 * labels   whether it learns from the data's labels too
 * tasks   [outputs of the subject] as calibrated
 * r       receives what came of it
 * drop    what the pruned network is expected to lose; replaced where learning could tell
 * return  0, or -1 with cli->err
 */
int mnq_prune_learn(struct mnq_cli *cli, const struct mnq_subject *s, const struct mnq_dataset *d, bool channels,
                    int samples, bool labels, const struct mnq_task *tasks, struct mnq_graph *out,
                    struct mnq_tune_report *r, struct mnq_bound *drop);

#endif
