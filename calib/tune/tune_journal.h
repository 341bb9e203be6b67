/* SPDX-License-Identifier: Apache-2.0
 * Where a training stands, on disk: one that was interrupted goes on and ends with the same bytes. */
#ifndef MNQ_TUNE_JOURNAL_H
#define MNQ_TUNE_JOURNAL_H

#include "util/arena.h"
#include "util/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A piece of memory that is part of the state. */
struct mnq_tune_state {
    void *p;
    size_t n;
};

struct mnq_tune_journal {
    const char *path;             /* NULL: none, every function is nothing */
    uint32_t key;                 /* checksum of all that the training depends on */
    struct mnq_tune_state *state; /* malloc'd */
    size_t n, room, bytes;
    bool failed; /* no memory for the list; told by the next load or save */
};

/** Adds n bytes at p to what depends or to the state. The memory must live as long as the journal. */
void mnq_tune_journal_depends(struct mnq_tune_journal *j, const void *p, size_t n);
void mnq_tune_journal_holds(struct mnq_tune_journal *j, void *p, size_t n);

/**
 * Reads the state if the file is there. All processes get what the first one reads.
 * return  0, *found whether it was there; -1 with e: not a journal, damaged, of another training, too large for the memory
 */
int mnq_tune_journal_load(struct mnq_tune_journal *j, bool *found, struct mnq_err *e);

/** Replaces the file as a whole. */
int mnq_tune_journal_save(const struct mnq_tune_journal *j, struct mnq_err *e);

/** Frees the list; the file stays. */
void mnq_tune_journal_close(struct mnq_tune_journal *j);

/** Behind the last word: removes the file, if it is one of these. 0, or -1 with e: it cannot be removed. */
int mnq_tune_journal_remove(const char *path, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
