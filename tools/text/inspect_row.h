/* SPDX-License-Identifier: Apache-2.0
 * What `mnquant inspect` shows of every kind of file. */
#ifndef MNQ_INSPECT_ROW_H
#define MNQ_INSPECT_ROW_H

#include "graph/preprocess.h"
#include "pack/weights.h"
#include "table.h"
#include "util/json.h"

/* One line of the listing. Negative numbers are left out. */
struct mnq_inspect_row {
    const char *name, *op, *act;
    struct mnq_shape out;
    int kh, kw, sh, sw;
    int64_t macs, params, weight_bytes, activation_bytes;
    int weight_bits, acc_bits;
    char format[MNQ_FORMAT_TEXT]; /* of the weights, packed models only */
    double zeros;
    double saving;
    const char *pair;
};

void mnq_inspect_json_shape(struct mnq_json *w, const char *key, struct mnq_shape s);
void mnq_inspect_json_row(struct mnq_json *w, const struct mnq_inspect_row *r);
void mnq_inspect_json_preprocess(struct mnq_json *w, const struct mnq_preprocess *p);

/** One line on standard output; the text may come from a file. */
void mnq_inspect_line(const char *label, const char *text);

/** The cells of one row, of a packed model or a float one. */
void mnq_inspect_cells(struct mnq_table *t, const struct mnq_inspect_row *r, bool packed);

#endif
