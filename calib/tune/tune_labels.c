/* SPDX-License-Identifier: Apache-2.0
 * Labels beside the teacher's answers, where the caller wants them used. */
#include "tune_labels.h"

#include "drop.h"

#include <string.h>

int mnq_tune_labels_fit(const struct mnq_pictures *p, const struct mnq_logits *l, struct mnq_err *e)
{
    const struct mnq_task *t = &l->part[0].task;
    int known = 0;
    if (t->kind != MNQ_TASK_CLASSES || mnq_task_is_map(t))
        return mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_FAILED,
                              "--use-labels: the model's answer is not one of several classes");
    if (p->classes > 0 && !mnq_logits_are_named(l, p->classes, p->names))
        return mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_FAILED,
                              "--use-labels: the samples have %d classes, the model tells %d apart", p->classes, t->out.c);
    for (int i = 0; p->label != NULL && i < p->n; i++) known += p->label[i] >= 0;
    if (known > 0) return 0;
    return mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_FAILED, "--use-labels: the samples have no labels");
}

void mnq_tune_labels_put(const int *label, int one, int other, double share, size_t classes, float *to)
{
    memset(to, 0, classes * sizeof *to);
    if (label[one] < 0 || label[other] < 0) {
        to[0] = -1;
        return;
    }
    to[label[one]] += (float)(1 - share);
    to[label[other]] += (float)share;
}

int mnq_tune_labels_right(const float *wanted, const float *logits, size_t classes)
{
    return wanted[0] < 0 ? -1 : mnq_first_class(logits, (int)classes) == mnq_first_class(wanted, (int)classes);
}

void mnq_tune_names_add(struct mnq_tune_names *n, const float *wanted, const float *logits, size_t classes)
{
    const int right = mnq_tune_labels_right(wanted, logits, classes);
    n->known += right >= 0;
    n->right += right > 0;
}

int mnq_tune_names_known(const struct mnq_tune_names *n, struct mnq_err *e)
{
    if (2 * n->right > n->known) return 0;
    return mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_FAILED,
                          "--use-labels: the float model answers %d of %d samples as their labels do, not more than half: they "
                          "are of other classes, or in another order",
                          n->right, n->known);
}
