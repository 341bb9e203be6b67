/* SPDX-License-Identifier: Apache-2.0
 * Members of zip archives by name. */
#ifndef MNQ_ZIPNAME_H
#define MNQ_ZIPNAME_H

#include <zip.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MNQ_ZIP_ABSENT = -1, MNQ_ZIP_TWICE = -2 };

/** Index of the only member of that name. Programs differ in which of two they take, so two are none: MNQ_ZIP_TWICE. */
zip_int64_t mnq_zip_find(zip_t *z, const char *member);

#ifdef __cplusplus
}
#endif
#endif
