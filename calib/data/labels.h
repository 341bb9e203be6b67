/* SPDX-License-Identifier: Apache-2.0
 * Labels from arrays and files, as the task wants them. */
#ifndef MNQ_LABELS_H
#define MNQ_LABELS_H

#include "dataset_source.h"
#include "numpy.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Gives samples first .. first + n - 1 of s the rows of an array. A class or a decision is one whole number, or a row of as
 * many as there are classes, the largest of which counts; other tasks take mnq_task_label_values() numbers, of maps of
 * classes also a number for each class of every cell.
 * Class numbers for a task that wants more are left out, and noted.
 * from    for messages
 * return  0, or -1 with e: another number of rows, rows of another length, numbers that are no classes
 */
int mnq_labels_from_array(struct mnq_source *s, int first, int n, const struct mnq_array *a, const char *from,
                          struct mnq_err *e);

/**
 * Gives every sample of s a label from a file: .npy, .npz, or text with a line for each, numbers with commas between them or
 * class names. In the order of the samples.
 */
int mnq_labels_from_file(struct mnq_source *s, const char *path, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
