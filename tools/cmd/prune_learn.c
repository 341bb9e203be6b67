/* SPDX-License-Identifier: Apache-2.0
 * Learning behind pruning. */
#include "prune_learn.h"

static const struct mnq_term_step steps[] = {{"candidates", 33}, {"probe", 30}, {"prune", 12}, {"prune", 12}, {"prune", 13}};

static const struct mnq_term_step tuned_steps[] = {{"candidates", 12}, {"probe", 11},  {"prune", 5}, {"prune", 5},
                                                   {"prune", 5},       {"teacher", 9}, {"tune", 53}};

void mnq_prune_plan(struct mnq_cli *cli, bool learns)
{
    if (learns) mnq_term_plan(&cli->term, tuned_steps, sizeof tuned_steps / sizeof *tuned_steps);
    else mnq_term_plan(&cli->term, steps, sizeof steps / sizeof *steps);
}

int mnq_prune_learn(struct mnq_cli *cli, const struct mnq_subject *s, const struct mnq_dataset *d, bool channels,
                    int samples, bool labels, const struct mnq_task *tasks, struct mnq_graph *out,
                    struct mnq_tune_report *r, struct mnq_bound *drop)
{
    const struct mnq_graph student = *out;
    struct mnq_tune_opts to;
    if (channels) mnq_tune_channels_defaults(&to);
    else mnq_tune_defaults(&to);
    to.samples = samples;
    to.labels = labels ? mnq_tune_labels_weight : 0;
    to.threads = cli->global.threads;
    to.task = tasks;
    if (mnq_tune(&s->raw, &student, &s->legal, d, &s->preprocess, &to, out, r, &cli->arena, mnq_term_progress, &cli->term,
                 &cli->err) != 0)
        return -1;
    if (r->drop.pictures > 0) *drop = r->drop;
    return 0;
}
