/* SPDX-License-Identifier: Apache-2.0
 * Text of strangers, made harmless: names of files, layers and classes reach terminals and pages. */
#ifndef MNQ_PLAIN_H
#define MNQ_PLAIN_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MNQ_PLAIN_MAX = 12 }; /* bytes of one character as it is shown, with its NUL */

/** Code points that nobody may see raw: controls (C0, DEL, C1), overrides of the reading direction, line and paragraph
 *  separators, tags, noncharacters. */
bool mnq_plain_forbidden(unsigned code);

/** Length of the character at s (NUL-terminated) and its code point; 1 and no code point (return false) for a byte that is
 *  not UTF-8. */
bool mnq_plain_next(const char *s, size_t *length, unsigned *code);

/**
 * The character at s as it is shown: itself, or an escape in letters: \n, \x1b, \xff (a byte that is not UTF-8), \u202e.
 * lines    newlines stay
 * return   bytes of s that it stands for; `shown` is NUL-terminated
 */
size_t mnq_plain_show(const char *s, bool lines, char shown[MNQ_PLAIN_MAX]);

/** A whole text as it is shown, cut between characters to fit n bytes with the NUL. Bytes it would take without the cut. */
size_t mnq_plain_copy(char *to, size_t n, const char *s, bool lines);

#ifdef __cplusplus
}
#endif
#endif
