/* SPDX-License-Identifier: Apache-2.0
 * What a file is that is not what was wanted: formats of other tools, downloads that went wrong, archives. */
#ifndef MNQ_FILEKIND_H
#define MNQ_FILEKIND_H

#include "util/err.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MNQ_FILEKIND_HEAD = 4096 };

/** What was wanted instead; chooses the advice. */
enum mnq_wanted { MNQ_WANTED_MODEL, MNQ_WANTED_DATA, MNQ_WANTED_PICTURE };

/**
 * Fails with "path: is X; do Y" if the file, or folder, is recognized as something else than a Keras model or sample data.
 * It opens the file itself, reads its beginning and lists a zip archive's members; what it cannot read it does not know.
 * return  -1 with the message, 0 if it does not know better than the caller
 */
int mnq_filekind_explain(const char *path, enum mnq_wanted wanted, struct mnq_err *e);

/** The same of bytes in memory: all n of them, or the beginning if that is all there is. `name` is for messages. */
int mnq_filekind_explain_bytes(const char *name, const uint8_t *bytes, size_t n, enum mnq_wanted wanted, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
