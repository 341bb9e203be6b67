/* SPDX-License-Identifier: Apache-2.0
 * Text that grows, and a list of files made of it. */
#ifndef MNQ_XTEXT_H
#define MNQ_XTEXT_H

#include "util/err.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Zero-initialize. After an allocation failure `failed` is set and calls do nothing. */
struct mnq_xtext {
    char *s; /* NUL-terminated once anything was added */
    size_t n, cap;
    int failed;
};

void mnq_xtext_add(struct mnq_xtext *t, const char *fmt, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;
void mnq_xtext_bytes(struct mnq_xtext *t, const char *s, size_t n);

/** The elements of a C array of bytes, lines of 24. */
void mnq_xtext_array(struct mnq_xtext *t, const uint8_t *p, size_t n);

/** A C string literal of printable ASCII; all else is written as octal escapes. */
void mnq_xtext_literal(struct mnq_xtext *t, const char *s);

/** Any text inside a comment: what is not a letter, a digit or one of ._+- becomes _. */
void mnq_xtext_plain(struct mnq_xtext *t, const char *s);

/** A C identifier made of any name: letters, digits and _, not starting with a digit; "model" if nothing is left. */
void mnq_xtext_identifier(char *to, size_t cap, const char *name);

struct mnq_xfile {
    char *path; /* below the folder */
    struct mnq_xtext text;
};

struct mnq_xfiles {
    struct mnq_xfile *file;
    int n, cap, failed;
};

/** A new file; valid until the next one is added. NULL after an allocation failure. */
struct mnq_xtext *mnq_xfiles_add(struct mnq_xfiles *f, const char *fmt, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

/** Whether anything failed, in the list or in a text. */
int mnq_xfiles_failed(const struct mnq_xfiles *f);
void mnq_xfiles_free(struct mnq_xfiles *f);

#ifdef __cplusplus
}
#endif
#endif
