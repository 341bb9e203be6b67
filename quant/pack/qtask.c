/* SPDX-License-Identifier: Apache-2.0
 * What an integer model's output means. */
#include "pack/qmodel.h"

#include "kernels.h"

static const struct mnq_qlayer *last_layer(const struct mnq_qmodel *q)
{
    for (int i = q->n_layers - 1; i >= 0; i--)
        if (q->layer[i].out == q->output) return &q->layer[i];
    return NULL;
}

/* By the layers alone. */
static struct mnq_task tell(const struct mnq_qmodel *q)
{
    const struct mnq_qlayer *l = last_layer(q);
    struct mnq_task t = {.kind = MNQ_TASK_CLASSES,
                         .from = MNQ_TASK_FROM_GRAPH,
                         .threshold = MNQ_TASK_THRESHOLD,
                         .out = q->tensor[q->output].shape};
    bool one = t.out.c == 1, map = mnq_task_is_map(&t), weights = l != NULL && l->w_count > 0;
    if (l != NULL && l->op == MNQ_L_SOFTMAX) {
        t.link = MNQ_LINK_SOFTMAX;
    } else if (l != NULL && l->op == MNQ_L_LOGISTIC) {
        t.link = MNQ_LINK_SIGMOID;
        t.kind = one ? MNQ_TASK_BINARY : MNQ_TASK_MULTILABEL;
    } else {
        bool linear = weights && l->act == MNQ_A_CLAMP && l->lo < q->tensor[l->out].zp;
        t.from = MNQ_TASK_FROM_ASSUMED;
        t.kind = !linear && map ? MNQ_TASK_FEATURES : map ? MNQ_TASK_REGRESSION : one ? MNQ_TASK_BINARY : MNQ_TASK_CLASSES;
    }
    return t;
}

struct mnq_task mnq_qmodel_task(const struct mnq_qmodel *q)
{
    struct mnq_task t = tell(q);
    if (q->task != MNQ_TASK_AUTO) {
        t.kind = q->task;
        t.from = MNQ_TASK_FROM_FILE;
    }
    if (q->threshold > 0) t.threshold = q->threshold;
    return t;
}

void mnq_qmodel_set_task(struct mnq_qmodel *q, const struct mnq_task *t)
{
    struct mnq_task told = tell(q);
    q->task = told.kind == t->kind ? MNQ_TASK_AUTO : t->kind;
    q->threshold = t->threshold > MNQ_TASK_THRESHOLD || t->threshold < MNQ_TASK_THRESHOLD ? t->threshold : 0;
}
