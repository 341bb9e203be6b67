/* SPDX-License-Identifier: Apache-2.0
 * What `--weights auto` tried and what it can promise, as text: of the table, of the page, of a note. */
#ifndef MNQ_AUTO_TEXT_H
#define MNQ_AUTO_TEXT_H

#include "calib_opts.h"

enum { MNQ_POINT_TEXT = 24 };

/** "mixed", "int4", "binary x2": which formats a point has. */
const char *mnq_point_formats(const struct mnq_calib_point *p, char text[MNQ_POINT_TEXT]);

/** "tuned", "as they are". */
const char *mnq_point_weights(const struct mnq_calib_point *p);

/** "chosen", or what kept it from being chosen: "given up", ...; "" where nothing did but a better one. */
const char *mnq_point_note(const struct mnq_calib_point *p);

/** Whether a loss was limited, and if so what the pictures say of the limit: one sentence without its period. */
bool mnq_promise_text(const struct mnq_calib_report *r, char *text, size_t n);

#endif
