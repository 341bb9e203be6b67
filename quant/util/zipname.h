/* SPDX-License-Identifier: Apache-2.0
 * Members of zip archives by name. */
#ifndef MNQ_ZIPNAME_H
#define MNQ_ZIPNAME_H

#include "util/err.h"

#include <stddef.h>
#include <stdint.h>
#include <zip.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MNQ_ZIP_ABSENT = -1, MNQ_ZIP_TWICE = -2 };

/** Index of the only member of that name. Programs differ in which of two they take, so two are none: MNQ_ZIP_TWICE. */
zip_int64_t mnq_zip_find(zip_t *z, const char *member);

/** Reads a member of n bytes, all of it, and compares its checksum. name is the message's. */
int mnq_zip_read(zip_t *z, zip_int64_t index, uint8_t *bytes, size_t n, const char *name, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
