/* SPDX-License-Identifier: Apache-2.0
 * An expected drop, as a line and as JSON, for calibrate, prune and tune. */
#ifndef MNQ_DROP_TEXT_H
#define MNQ_DROP_TEXT_H

#include "bound.h"
#include "subject.h"
#include "util/json.h"

/** What points are of: "top-1", ...; of several outputs it is not one thing. */
const char *mnq_drop_unit(const struct mnq_subject *s);

/**
 * The line "expected drop  0.12 points of top-1, 0.02 to 0.51 with 95 %, against model.h5, by 200 samples".
 * parts  whether views of samples judged, else pictures given for it
 */
void mnq_drop_print(const struct mnq_bound *b, const struct mnq_subject *s, const char *against, bool parts);

/** In its place: "expected drop not estimated: why". */
void mnq_drop_print_none(const char *why);

/** The object "expected_drop", and "expected_drop_of"; b NULL: not estimated. */
void mnq_drop_json(struct mnq_json *w, const struct mnq_bound *b, const struct mnq_subject *s, const char *against);

#endif
