/* SPDX-License-Identifier: Apache-2.0
 * Which network do these weights belong to? */
#ifndef MNQ_ARCH_INFER_H
#define MNQ_ARCH_INFER_H

#include "import/arch_given.h"
#include "import/wmatch.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Fills what the user did not state from the shapes of a file's weights. */
int mnq_arch_infer(struct mnq_arch_given *a, const struct mnq_founds *found, const char *file, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
