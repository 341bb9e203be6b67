/* SPDX-License-Identifier: Apache-2.0
 * Numbers in a Keras configuration, in every spelling that its generations and careless scripts gave them.
 *
 *     6.0    "6.0"    [6.0]    {"type": "ndarray", "value": 6.0}    {"class_name": "__numpy__", "config": {"value": [6.0]}}
 *     {"class_name": "__tuple__", "items": [3, 3]}    true, 1, "True" */
#ifndef MNQ_KERAS_VALUES_H
#define MNQ_KERAS_VALUES_H

#include "util/ydoc.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The number, text or list inside whatever stands around it; v itself if nothing does. NULL for NULL. */
const struct mnq_ynode *mnq_kv_plain(const struct mnq_ynode *v);

/** True if a number is meant, of whatever spelling. */
bool mnq_kv_is_number(const struct mnq_ynode *v);

/** True for positive infinity, which Python's JSON writes as a word. */
bool mnq_kv_infinite(const struct mnq_ynode *v);

/** Numbers are within this on both sides; as a float it is read back from what was written. */
#define MNQ_KV_LARGEST ((double)1e30f)

/* Typed readers: 0, or -1 with a message that tells what was found and wanted. v must not be NULL. */

int mnq_kv_int(const struct mnq_ynode *v, int lo, int hi, int *out, struct mnq_err *e);
int mnq_kv_double(const struct mnq_ynode *v, double lo, double hi, double *out, struct mnq_err *e);
int mnq_kv_bool(const struct mnq_ynode *v, bool *out, struct mnq_err *e);

/** An integer, given twice, or a list of two. */
int mnq_kv_pair(const struct mnq_ynode *v, int lo, int hi, int *a, int *b, struct mnq_err *e);

/** All numbers of a scalar or of lists of any nesting into out; their count, at most max, or -1. */
int mnq_kv_numbers(const struct mnq_ynode *v, float *out, int max, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
