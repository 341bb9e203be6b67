/* SPDX-License-Identifier: Apache-2.0
 * A folder of files that appears whole or not at all. */
#ifndef MNQ_XFOLDER_H
#define MNQ_XFOLDER_H

#include "export/xtext.h"
#include "util/arena.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A file of this name marks a folder that may be replaced with force. */
#define MNQ_XFOLDER_MARK "mnquant-export.json"

enum { MNQ_XFOLDER_NAME = 4096 }; /* the longest name, as the system has it */

/** Refuses early what mnq_xfolder_put() would refuse: a folder that is not empty, unless it is an export and force is set.
 */
int mnq_xfolder_check(const char *dir, bool force, struct mnq_err *e);

struct mnq_xfolder;

/**
 * Writes all files into a fresh folder beside `dir`, then puts it in place. `dir` must be absent or empty, or, with force,
 * hold MNQ_XFOLDER_MARK; a link to a folder is followed. What was there before is kept aside until mnq_xfolder_keep() or
 * mnq_xfolder_undo(), one of which is called behind it, with signals held all the while (util/cleanup.h).
 * return  in the arena; NULL with e: nothing has changed
 */
struct mnq_xfolder *mnq_xfolder_put(const char *dir, bool force, const struct mnq_xfiles *f, struct mnq_arena *arena,
                                    struct mnq_err *e);

/** It stays: what the folder before listed as an export's is removed, files that the user put beside it stay. */
int mnq_xfolder_keep(struct mnq_xfolder *x, struct mnq_err *e);

/** It goes, and what was there before is back; e, which says why, tells also what could not be. */
void mnq_xfolder_undo(struct mnq_xfolder *x, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
