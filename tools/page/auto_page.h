/* SPDX-License-Identifier: Apache-2.0
 * The page of `mnquant calibrate --html`: what accuracy costs, by what `--weights auto` tried. */
#ifndef MNQ_AUTO_PAGE_H
#define MNQ_AUTO_PAGE_H

#include "calibrate_result.h"

/**
 * Makes the page in the arena: one file, no scripts, the same bytes for the same result.
 * x       calibrated with weights auto
 * flash   bytes of the file that were allowed; 0: no limit
 * return  0, or -1 with e (out of memory)
 */
int mnq_auto_page_make(const struct mnq_calibrate_result *x, int64_t flash, const char **text, size_t *n,
                       struct mnq_arena *arena, struct mnq_err *e);

#endif
