/* SPDX-License-Identifier: Apache-2.0
 * Judging a student by pictures that it does not learn from. */
#include "tune_judge.h"

#include "drop.h"
#include "tune_view.h"
#include "util/pool.h"

#include <stdlib.h>

struct judging {
    const struct mnq_tune_cache *c;
    struct mnq_trainer *t;
    double *kl, *same; /* [views that judge] */
};

static int judge_group(void *ctx, int group, int w, struct mnq_err *e)
{
    (void)w;
    (void)e;
    const struct judging *j = ctx;
    const struct mnq_tune_cache *c = j->c;
    struct mnq_backward *b = mnq_trainer_space(j->t, group);
    bool decides = mnq_task_decides(&c->loss.logits.part[0].task);
    for (int i = group; i < c->n_held * MNQ_TUNE_JUDGES; i += MNQ_TRAIN_GROUPS) {
        const float *features, *want;
        mnq_tune_cache_load(c, mnq_tune_cache_held(c, i / MNQ_TUNE_JUDGES, i % MNQ_TUNE_JUDGES), b, &features, &want);
        const float *got = mnq_backward_forward(b);
        j->kl[i] = mnq_tune_loss(&c->loss, 1, want, got, NULL);
        double drop = decides ? mnq_task_drop(&c->loss.logits, want, got, 1, 1) : j->kl[i];
        j->same[i] = decides ? !(drop > 0) : 1 - drop;
    }
    return 0;
}

int mnq_tune_judge(const struct mnq_tune_cache *c, struct mnq_trainer *t, int threads, struct mnq_tune_held *held,
                   struct mnq_err *e)
{
    int n = c->n_held * MNQ_TUNE_JUDGES;
    struct judging j = {.c = c, .t = t};
    j.kl = calloc(2 * (size_t)n, sizeof *j.kl);
    if (j.kl == NULL) return mnq_fail_nomem(e);
    j.same = j.kl + n;
    int rc = mnq_pool_for(MNQ_TRAIN_GROUPS, threads, judge_group, &j, e);
    *held = (struct mnq_tune_held){0};
    for (int i = 0; i < n; i++) {
        held->kl += j.kl[i] / n;
        held->agreement += 100 * j.same[i] / n;
    }
    free(j.kl);
    return rc;
}
