/* SPDX-License-Identifier: Apache-2.0
 * The executor on a chosen variant of the float kernels, for tests and benchmarks: all give the same bits. */
#ifndef MNQ_EXEC_VARIANT_H
#define MNQ_EXEC_VARIANT_H

#include "graph/exec.h"
#include "graph/fkernel/fkernel.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Kernels of the following runs, from mnq_fkernels_at(); the default is mnq_fkernels_best(). */
void mnq_exec_variant(struct mnq_exec *x, const struct mnq_fkernels *kernels);

#ifdef __cplusplus
}
#endif
#endif
