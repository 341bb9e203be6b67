/* SPDX-License-Identifier: Apache-2.0
 * Which known name was probably meant. */
#ifndef MNQ_NEAREST_H
#define MNQ_NEAREST_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Optimal string alignment distance of a word and a name, in bytes: insert, delete, replace, swap neighbours.
 * glob    '*' in the word stands for any text, '?' for any byte, at no cost
 * return  INT_MAX if either is longer than 63 bytes
 */
int mnq_distance(const char *word, const char *name, bool glob);

/** Nearest of n names, else one that the word starts (3 bytes at least), or NULL when none is near enough to be meant. */
const char *mnq_nearest(const char *word, const char *const *list, int n);

#ifdef __cplusplus
}
#endif
#endif
