/* SPDX-License-Identifier: Apache-2.0
 * Names of the classes, from a file. */
#ifndef MNQ_CLASS_NAMES_H
#define MNQ_CLASS_NAMES_H

#include "dataset_source.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Gives s the classes that a text file names, one a line, in the order of the model's outputs; the sources' own names are
 * then looked up among them.
 * return  0, or -1 with e: no text, a name twice, not as many as the task has classes
 */
int mnq_class_names_read(struct mnq_source *s, const char *path, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
