/* SPDX-License-Identifier: Apache-2.0
 * Text of strangers, made harmless. */
#include "util/plain.h"

#include "util/utf8.h"

#include <stdio.h>
#include <string.h>

bool mnq_plain_forbidden(unsigned c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || (c >= 0x200e && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || (c >= 0xfff9 && c <= 0xfffb) ||
           (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe || (c >= 0xe0000 && c <= 0xe007f);
}

bool mnq_plain_next(const char *s, size_t *length, unsigned *code)
{
    static const unsigned char lead[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    const unsigned char *p = (const unsigned char *)s;
    size_t n = mnq_utf8_length(p);
    *length = n == 0 ? 1 : n;
    if (n == 0) return false;
    unsigned c = p[0] & lead[n];
    for (size_t i = 1; i < n; i++) c = c << 6 | (p[i] & 0x3f);
    *code = c;
    return true;
}

size_t mnq_plain_show(const char *s, bool lines, char shown[MNQ_PLAIN_MAX])
{
    size_t n;
    unsigned c = 0;
    if (!mnq_plain_next(s, &n, &c)) {
        snprintf(shown, MNQ_PLAIN_MAX, "\\x%02x", (unsigned)(unsigned char)*s);
    } else if (c == '\n' && !lines) {
        snprintf(shown, MNQ_PLAIN_MAX, "\\n");
    } else if (c != '\n' && mnq_plain_forbidden(c)) {
        snprintf(shown, MNQ_PLAIN_MAX, c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
    } else {
        memcpy(shown, s, n);
        shown[n] = '\0';
    }
    return n;
}

size_t mnq_plain_copy(char *to, size_t n, const char *s, bool lines)
{
    char shown[MNQ_PLAIN_MAX];
    size_t at = 0, whole = 0;
    bool cut = false;
    while (*s != '\0') {
        s += mnq_plain_show(s, lines, shown);
        size_t length = strlen(shown);
        whole += length;
        cut = cut || at + length >= n;
        if (cut) continue;
        memcpy(to + at, shown, length);
        at += length;
    }
    if (n > 0) to[at] = '\0';
    return whole;
}
