/* SPDX-License-Identifier: Apache-2.0
 * A folder of files that appears whole or not at all. */
#ifndef MNQ_XFOLDER_H
#define MNQ_XFOLDER_H

#include "export/xtext.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A file of this name marks a folder that may be replaced with force. */
#define MNQ_XFOLDER_MARK "mnquant-export.json"

enum { MNQ_XFOLDER_NAME = 4096 }; /* the longest name, as the system has it */

/** Refuses early what mnq_xfolder_write() would refuse: a folder that is not empty, unless it is an export and force is set.
 */
int mnq_xfolder_check(const char *dir, bool force, struct mnq_err *e);

/**
 * Writes all files into a fresh folder beside `dir`, then puts it in place. `dir` must be absent or empty, or, with force,
 * hold MNQ_XFOLDER_MARK; then what that lists is removed, and files that the user put beside it stay. A link to a folder
 * is followed.
 */
int mnq_xfolder_write(const char *dir, bool force, const struct mnq_xfiles *f, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
