/* SPDX-License-Identifier: Apache-2.0
 * Labels beside the teacher's answers, where the caller wants them used. */
#ifndef MNQ_TUNE_LABELS_H
#define MNQ_TUNE_LABELS_H

#include "logits.h"
#include "prune_stream.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Whether the pictures' labels can be the model's classes. 0, or -1 with e: it has none, or there are none, or others. */
int mnq_tune_labels_fit(const struct mnq_pictures *p, const struct mnq_logits *l, struct mnq_err *e);

/**
 * What the labels of two pictures say of their blend, of which `other` has this share.
 * label  [] of the pictures, -1 unknown
 * to     [classes] shares of the classes; to[0] is -1 if one of the labels is unknown
 */
void mnq_tune_labels_put(const int *label, int one, int other, double share, size_t classes, float *to);

/** Whether `logits` answer what wanted [classes] has most of; -1: unknown. */
int mnq_tune_labels_right(const float *wanted, const float *logits, size_t classes);

/** How many of the labels the teacher knows. */
struct mnq_tune_names {
    int known, right;
};

/** One whole picture: what its label says, and the teacher's logits. */
void mnq_tune_names_add(struct mnq_tune_names *n, const float *wanted, const float *logits, size_t classes);

/** At the end. 0, or -1 with e: the teacher knows no more than half of them, so they are of other classes. */
int mnq_tune_names_known(const struct mnq_tune_names *n, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
