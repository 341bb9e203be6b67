/* SPDX-License-Identifier: Apache-2.0
 * What every page has: frame, style sheet, sections, cells of tables. */
#ifndef MNQ_PAGE_SHELL_H
#define MNQ_PAGE_SHELL_H

#include "html.h"
#include "util/arena.h"
#include "util/err.h"

/** Style sheet in pieces, NULL behind the last. */
extern const char *const mnq_page_style[];

/** Everything up to the open <main>. The title is "NAME: WHAT", or NAME if what is NULL. */
void mnq_shell_begin(struct mnq_html *h, const char *name, const char *what);

/** The footer, which names the version and the command, and the end. */
void mnq_shell_end(struct mnq_html *h, const char *command);

/** Moves the finished page into the arena and frees h. 0, or -1 with e: out of memory, here or before. */
int mnq_shell_take(struct mnq_html *h, const char **text, size_t *n, struct mnq_arena *arena, struct mnq_err *e);

/** <section id> with its heading; closed by mnq_shell_end_section(). */
void mnq_shell_section(struct mnq_html *h, const char *id, const char *title);
void mnq_shell_end_section(struct mnq_html *h);

/** Table cell of a number; label: the column's name, for narrow screens. cls may be NULL. */
void mnq_shell_number(struct mnq_html *h, const char *label, const char *cls, const char *text);

/** The same with a small bar in front. share: of the bar's length, below 0: no bar; low: it stands out. */
void mnq_shell_bar(struct mnq_html *h, const char *label, double share, bool low, const char *text);

#endif
