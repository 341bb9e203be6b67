/* SPDX-License-Identifier: Apache-2.0
 * The page of `mnquant eval --html`: one file, inline SVG and CSS, no scripts, the same bytes for the same result. */
#ifndef MNQ_PAGE_H
#define MNQ_PAGE_H

#include "eval_result.h"

/**
 * Makes the page in the arena.
 * return   0, or -1 with e: a picture that cannot be read any more, out of memory
 */
int mnq_page_make(const struct mnq_eval_result *r, const char **text, size_t *n, struct mnq_arena *arena, struct mnq_err *e);

#endif
