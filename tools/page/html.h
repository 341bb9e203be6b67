/* SPDX-License-Identifier: Apache-2.0
 * A writer of HTML that is also well-formed XML: a growing text, escaping, data URIs. */
#ifndef MNQ_HTML_H
#define MNQ_HTML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Zero-initialize. After an allocation failure `failed` is set and calls do nothing. */
struct mnq_html {
    char *text; /* malloc'd, NUL-terminated once anything was written */
    size_t n, cap;
    bool failed;
};

/** Markup as it is: the program's own words only, never what a file or a user said. */
void mnq_html_put(struct mnq_html *h, const char *markup);

/** The same with printf, for numbers. At most 1,000 bytes a call. */
void mnq_html_putf(struct mnq_html *h, const char *fmt, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

/** Text: & < > " ' become entities; bad UTF-8, control characters, bidirectional overrides and what XML forbids become
 * U+FFFD. */
void mnq_html_text(struct mnq_html *h, const char *s);

/** Text from printf. */
void mnq_html_textf(struct mnq_html *h, const char *fmt, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

/** <tag class="cls">text</tag>; cls may be NULL. */
void mnq_html_tag(struct mnq_html *h, const char *tag, const char *cls, const char *text);

/** Text of a number: a leading hyphen becomes a minus sign. */
void mnq_html_minus(struct mnq_html *h, const char *text);

/** " key="text"" inside a start tag. */
void mnq_html_attribute(struct mnq_html *h, const char *key, const char *text);

/** "data:MIME;base64,..." */
void mnq_html_data(struct mnq_html *h, const char *mime, const uint8_t *bytes, size_t n);

void mnq_html_free(struct mnq_html *h);

#endif
