/* SPDX-License-Identifier: Apache-2.0
 * Numbers of bytes as people write them. */
#include "util/size.h"

#include <stdlib.h>
#include <string.h>

int mnq_size_parse(const char *text, int64_t *bytes)
{
    static const char letters[] = "kMG";
    size_t digits = strspn(text, "0123456789."), whole = strspn(text, "0123456789");
    char *end;
    if (whole == 0 || digits > 20) return -1;
    double v = strtod(text, &end);
    if (end != text + digits) return -1;
    const char *letter = *end == '\0' ? NULL : strchr(letters, *end == 'K' ? 'k' : *end);
    if (letter != NULL) {
        end++;
        double unit = *end == 'i' ? 1024 : 1000;
        if (*end == 'i') end++;
        for (const char *p = letters; p <= letter; p++) v *= unit;
        if (*end == 'B') end++;
    }
    if (*end != '\0' || v > 9007199254740992.0 || (letter == NULL && digits != whole)) return -1;
    *bytes = (int64_t)v;
    return 0;
}
