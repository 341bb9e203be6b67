/* SPDX-License-Identifier: Apache-2.0
 * UTF-8: names come from files and need not be valid. */
#ifndef MNQ_UTF8_H
#define MNQ_UTF8_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of the UTF-8 sequence at s (NUL-terminated text), 1..4; 0 if it is not valid. */
size_t mnq_utf8_length(const unsigned char *s);

/** Code points of a text; every invalid byte counts as one. */
int mnq_utf8_count(const char *s);

#ifdef __cplusplus
}
#endif
#endif
