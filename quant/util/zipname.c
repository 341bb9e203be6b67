/* SPDX-License-Identifier: Apache-2.0
 * Members of zip archives by name. */
#include "util/zipname.h"

#include <stdbool.h>
#include <string.h>

zip_int64_t mnq_zip_find(zip_t *z, const char *member)
{
    zip_int64_t index = zip_name_locate(z, member, 0), n = zip_get_num_entries(z, 0);
    if (index < 0) return MNQ_ZIP_ABSENT;
    for (zip_int64_t i = 0; i < n; i++) {
        const char *name = i == index ? NULL : zip_get_name(z, (zip_uint64_t)i, 0);
        if (name != NULL && strcmp(name, member) == 0) return MNQ_ZIP_TWICE;
    }
    return index;
}

int mnq_zip_read(zip_t *z, zip_int64_t index, uint8_t *bytes, size_t n, const char *name, struct mnq_err *e)
{
    zip_file_t *f = zip_fopen_index(z, (zip_uint64_t)index, 0);
    zip_int64_t got = 1;
    size_t at = 0;
    uint8_t more;
    while (f != NULL && at < n && (got = zip_fread(f, bytes + at, n - at)) > 0) at += (size_t)got;
    /* one more read makes the library compare the checksum */
    bool whole = f != NULL && at == n && zip_fread(f, &more, 1) == 0;
    bool starved = !whole && zip_error_code_zip(f != NULL ? zip_file_get_error(f) : zip_get_error(z)) == ZIP_ER_MEMORY;
    const char *why = f != NULL ? " (damaged or truncated file)" : "";
    if (f != NULL) zip_fclose(f);
    if (starved) return mnq_fail_nomem(e);
    return whole ? 0 : mnq_fail(e, MNQ_EXIT_FAILED, "%s: cannot be unpacked%s", name, why);
}
