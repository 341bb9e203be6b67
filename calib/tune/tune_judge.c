/* SPDX-License-Identifier: Apache-2.0
 * Judging a student by pictures that it does not learn from. */
#include "tune_judge.h"

#include "drop.h"
#include "tune_labels.h"
#include "tune_view.h"
#include "util/spread.h"

#include <math.h>
#include <stdlib.h>

/* Share of the divergence that may be left. */
static const double CLEAR_GAIN = 0.95;

struct judging {
    const struct mnq_tune_cache *c;
    struct mnq_trainer *t;
    double *kl, *same, *right; /* [MNQ_TRAIN_GROUPS][per] of the views that judge; a group has each MNQ_TRAIN_GROUPS-th */
    int per;
};

static int place(const struct judging *j, int i)
{
    return i % MNQ_TRAIN_GROUPS * j->per + i / MNQ_TRAIN_GROUPS;
}

static int judge_group(void *ctx, int group, int worker, struct mnq_err *e)
{
    (void)worker;
    (void)e;
    const struct judging *j = ctx;
    const struct mnq_tune_cache *c = j->c;
    struct mnq_backward *b = mnq_trainer_space(j->t, group);
    bool decides = mnq_task_decides(&c->loss.logits.part[0].task);
    for (int i = group; i < c->n_held * MNQ_TUNE_JUDGES; i += MNQ_TRAIN_GROUPS) {
        struct mnq_tune_wanted w;
        mnq_tune_cache_load(c, mnq_tune_cache_held(c, i / MNQ_TUNE_JUDGES, i % MNQ_TUNE_JUDGES), b, &w);
        const float *got = mnq_backward_forward(b);
        int at = place(j, i);
        j->kl[at] = mnq_tune_loss(&c->loss, 1, w.answers, got, NULL);
        double drop = decides ? mnq_task_drop(&c->loss.logits, w.answers, got, 1, 1) : j->kl[at];
        j->same[at] = decides ? !(drop > 0) : 1 - drop;
        j->right[at] = w.label != NULL ? mnq_tune_labels_right(w.label, got, c->loss.logits.n) : -1;
    }
    return 0;
}

int mnq_tune_judge(const struct mnq_tune_cache *c, struct mnq_trainer *t, int threads, struct mnq_tune_held *held,
                   struct mnq_err *e)
{
    int n = c->n_held * MNQ_TUNE_JUDGES, labelled = 0, right = 0;
    struct judging j = {.c = c, .t = t, .per = n / MNQ_TRAIN_GROUPS + 1};
    const size_t row = (size_t)j.per;
    j.kl = calloc(3 * MNQ_TRAIN_GROUPS * row, sizeof *j.kl);
    if (j.kl == NULL) return mnq_fail_nomem(e);
    j.same = j.kl + MNQ_TRAIN_GROUPS * row;
    j.right = j.same + MNQ_TRAIN_GROUPS * row;
    const struct mnq_spread_part part[] = {
        {j.kl, row * sizeof *j.kl}, {j.same, row * sizeof *j.same}, {j.right, row * sizeof *j.right}};
    struct mnq_spread_job job = {
        .n = MNQ_TRAIN_GROUPS, .threads = threads, .work = judge_group, .ctx = &j, .part = part, .n_parts = 3};
    int rc = mnq_spread_for(&job, e);
    *held = (struct mnq_tune_held){0};
    for (int i = 0; i < n; i++) {
        held->kl += j.kl[place(&j, i)] / n;
        held->agreement += j.same[place(&j, i)];
        labelled += j.right[place(&j, i)] >= 0;
        right += j.right[place(&j, i)] > 0;
    }
    held->agreement *= 100.0 / n;
    held->right = labelled > 0 ? 100.0 * right / labelled : (double)NAN;
    free(j.kl);
    return rc;
}

bool mnq_tune_better(const struct mnq_tune_held *before, const struct mnq_tune_held *after)
{
    return after->kl <= CLEAR_GAIN * before->kl && after->agreement >= before->agreement;
}
