/* SPDX-License-Identifier: Apache-2.0
 * Printers of `mnquant inspect`, as text or as the JSON document mnquant.inspect/1. Each returns 0, or -1 with cli->err. */
#ifndef MNQ_INSPECT_H
#define MNQ_INSPECT_H

#include "command.h"
#include "export/xplan.h"

/** o  how the model was opened: with another resolution the costs at its own stand beside */
int mnq_inspect_float(const struct mnq_subject *s, const struct mnq_subject_opts *o, struct mnq_cli *cli);

/** curve  of RAM against instructions, or NULL */
int mnq_inspect_packed(const struct mnq_subject *s, const struct mnq_xcurve *curve, struct mnq_cli *cli);

/** family  index into mnq_cost_families */
int mnq_inspect_family(int family, struct mnq_cli *cli);

#endif
