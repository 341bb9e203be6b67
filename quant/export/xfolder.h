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

/** Refuses early what mnq_xfolder_place() would refuse: a folder that is not empty, unless it is an export and force is set.
 */
int mnq_xfolder_check(const char *dir, bool force, struct mnq_err *e);

/** A folder on its way; signals are held from mnq_xfolder_make() to _keep() or _undo() (util/cleanup.h). */
struct mnq_xfolder;

/**
 * Writes all files into a fresh folder beside `dir`, or where that leads if it is a link to a folder.
 * return  in the arena; NULL with e: nothing has changed
 */
struct mnq_xfolder *mnq_xfolder_make(const char *dir, const struct mnq_xfiles *f, struct mnq_arena *arena,
                                     struct mnq_err *e);

/**
 * Puts it in its place, which must be absent or empty, or, with force, hold MNQ_XFOLDER_MARK. What was there before is kept
 * aside.
 */
int mnq_xfolder_place(struct mnq_xfolder *x, bool force, struct mnq_err *e);

/** It stays there: what the folder before listed as an export's is removed, files that the user put beside it stay. */
int mnq_xfolder_keep(struct mnq_xfolder *x, struct mnq_err *e);

/** It goes, wherever it is, and what was there before is back; e, which says why, tells also what could not be. */
void mnq_xfolder_undo(struct mnq_xfolder *x, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
