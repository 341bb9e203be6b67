/* SPDX-License-Identifier: Apache-2.0
 * What a model takes on a core, foretold, as text and JSON. */
#ifndef MNQ_BILL_TEXT_H
#define MNQ_BILL_TEXT_H

#include "export/xbudget.h"
#include "util/json.h"

/** A few lines on standard output. */
void mnq_bill_print(const struct mnq_xtarget *target, const struct mnq_xbill *b);

/** The object "on_target", in the words of mnquant.export/1. */
void mnq_bill_json(struct mnq_json *w, const struct mnq_xtarget *target, const struct mnq_xbill *b);

#endif
