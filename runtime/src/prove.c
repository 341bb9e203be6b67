/* SPDX-License-Identifier: Apache-2.0
 * Every proof of check.h. */
#include "check.h"

enum mnq_status mnq_model_prove(struct mnq_model *m)
{
    enum mnq_status s;

    if ((s = mnq_check_tensors(m)) != MNQ_OK) return s;
    if ((s = mnq_check_layers(m)) != MNQ_OK) return s;
    if ((s = mnq_check_plan(m)) != MNQ_OK) return s;
    if (m->plan.places != NULL && (s = mnq_check_stages(m, &m->plan, 0)) != MNQ_OK) return s;
    if (m->push.places != NULL && (s = mnq_check_stages(m, &m->push, 1)) != MNQ_OK) return s;
    m->bad = 0;
    return MNQ_OK;
}
