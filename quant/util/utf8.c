/* SPDX-License-Identifier: Apache-2.0
 * UTF-8. */
#include "util/utf8.h"

size_t mnq_utf8_length(const unsigned char *s)
{
    size_t n = s[0] < 0x80                   ? 1
               : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
               : (s[0] & 0xf0) == 0xe0       ? 3
               : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                             : 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    if (n == 3 && ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0))) return 0;
    if (n == 4 && ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] >= 0x90))) return 0;
    return n;
}

int mnq_utf8_count(const char *s)
{
    int n = 0;
    for (const unsigned char *p = (const unsigned char *)s; *p != '\0'; n++) {
        size_t len = mnq_utf8_length(p);
        p += len == 0 ? 1 : len;
    }
    return n;
}
