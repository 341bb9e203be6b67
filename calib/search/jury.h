/* SPDX-License-Identifier: Apache-2.0
 * Pictures that judge models of any input size against one float network. */
#ifndef MNQ_JURY_H
#define MNQ_JURY_H

#include "model_maker.h"
#include "trial.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mnq_jury;

/** Whether a network gives the decisions that a jury needs: one output of classes, or one decision. */
bool mnq_jury_can(const struct mnq_subject *s);

/** Points that answer `got` instead of `want` costs, p the float network's probabilities. */
double mnq_jury_loss(const double *p, int want, int got);

/**
 * Asks the float network, at its own input size: whole pictures and parts of them.
 * how     whose judging pictures; both must stay
 * return  NULL with e: not mnq_jury_can(), no pictures, or they cannot be read
 */
struct mnq_jury *mnq_jury_new(const struct mnq_subject *s, const struct mnq_making *how, struct mnq_err *e);
void mnq_jury_free(struct mnq_jury *j);

/** Sets pictures, labelled, drop .. accuracy of r by the answers of a packed model of the same outputs. */
int mnq_jury_ask(const struct mnq_jury *j, const struct mnq_subject *packed, struct mnq_trial_result *r, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
