/* SPDX-License-Identifier: Apache-2.0
 * Members of zip archives by name. */
#include "util/zipname.h"

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
