/* SPDX-License-Identifier: Apache-2.0
 * The journal of finished trials: a line of JSON each, so that an interrupted search goes on where it was. */
#ifndef MNQ_JOURNAL_H
#define MNQ_JOURNAL_H

#include "trial.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mnq_journal;

/**
 * Opens or begins a journal.
 * about   what trials depend on beside themselves (data, program): a journal of another kind is refused
 * fresh   an existing one is begun anew
 * return  NULL with e: not a journal, another `about`, cannot be written or is in use by another process. A line that a
 *         broken run left unfinished is cut off.
 */
struct mnq_journal *mnq_journal_open(const char *path, const char *about, bool fresh, struct mnq_err *e);
void mnq_journal_close(struct mnq_journal *j);

/** Finished trials that it held when it was opened. */
int mnq_journal_held(const struct mnq_journal *j);

/** Looks a trial up; false: it is not there. */
bool mnq_journal_find(const struct mnq_journal *j, const struct mnq_trial *t, struct mnq_trial_result *r);

/** Appends a finished trial and brings it to the disk. One thread at a time. */
int mnq_journal_add(struct mnq_journal *j, const struct mnq_trial *t, const struct mnq_trial_result *r, struct mnq_err *e);

/** Notes that the search asked for t now: the place of its line when all is done. */
void mnq_journal_asked(struct mnq_journal *j, const struct mnq_trial *t);

/**
 * Behind the last trial: brings the lines into the order in which they were asked for, so that processes that finished
 * in another order leave the same file. Lines that were not asked for come first. The file is replaced as a whole.
 */
int mnq_journal_tidy(struct mnq_journal *j, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
