/* SPDX-License-Identifier: Apache-2.0
 * META: the host's part of a packed model as one JSON document, FORMAT.md. */
#ifndef MNQ_META_H
#define MNQ_META_H

#include "pack/qmodel.h"
#include "util/json.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Writes q's names, preprocessing and provenance; j->failed after an allocation failure. */
void mnq_meta_write(struct mnq_json *j, const struct mnq_qmodel *q);

/** Reads them back into q, whose layers and tensors are decoded already. Unknown keys are ignored. */
int mnq_meta_read(const char *name, const char *text, size_t n, struct mnq_qmodel *q, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
