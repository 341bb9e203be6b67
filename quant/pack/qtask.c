/* SPDX-License-Identifier: Apache-2.0
 * What an integer model's output means. */
#include "pack/qmodel.h"

#include "kernels.h"

static const struct mnq_qlayer *writer_of(const struct mnq_qmodel *q, int tensor)
{
    for (int i = q->n_layers - 1; i >= 0; i--)
        if (q->layer[i].out == tensor) return &q->layer[i];
    return NULL;
}

/* By the layers alone. */
static struct mnq_task tell(const struct mnq_qmodel *q, int k)
{
    const int tensor = mnq_qmodel_output(q, k);
    const struct mnq_qlayer *l = writer_of(q, tensor);
    struct mnq_task t = {.kind = MNQ_TASK_CLASSES,
                         .from = MNQ_TASK_FROM_GRAPH,
                         .threshold = MNQ_TASK_THRESHOLD,
                         .out = q->tensor[tensor].shape};
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

struct mnq_task mnq_qmodel_task(const struct mnq_qmodel *q, int k)
{
    struct mnq_task t = tell(q, k);
    enum mnq_task_kind kind = k == 0 ? q->task : q->more_task[k - 1];
    double threshold = k == 0 ? q->threshold : q->more_threshold[k - 1];
    if (kind != MNQ_TASK_AUTO) {
        t.kind = kind;
        t.from = MNQ_TASK_FROM_FILE;
    }
    if (threshold > 0) t.threshold = threshold;
    return t;
}

void mnq_qmodel_set_task(struct mnq_qmodel *q, int k, const struct mnq_task *t)
{
    struct mnq_task told = tell(q, k);
    *(k == 0 ? &q->task : &q->more_task[k - 1]) = told.kind == t->kind ? MNQ_TASK_AUTO : t->kind;
    *(k == 0 ? &q->threshold : &q->more_threshold[k - 1]) =
        t->threshold > MNQ_TASK_THRESHOLD || t->threshold < MNQ_TASK_THRESHOLD ? t->threshold : 0;
}
