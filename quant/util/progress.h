/* SPDX-License-Identifier: Apache-2.0
 * How long work tells how far it is. */
#ifndef MNQ_PROGRESS_H
#define MNQ_PROGRESS_H

#ifdef __cplusplus
extern "C" {
#endif

/** Called from the calling thread's side of the work, at most some ten times a second. */
typedef void mnq_progress(void *ctx, const char *phase, int done, int total);

#ifdef __cplusplus
}
#endif
#endif
