/* SPDX-License-Identifier: Apache-2.0
 * The keras.applications MobileNets by their parameters: for weights-only files, and for cost tables without any file. */
#ifndef MNQ_ARCH_H
#define MNQ_ARCH_H

#include "import/arch_parts.h"

#ifdef __cplusplus
extern "C" {
#endif

/** "v1", "v2-0.35", "v3-small", "v3-large-minimalistic", "v3-small-0.75", "nasnet-mobile", "xception", ... */
int mnq_arch_named(const char *name, struct mnq_arch *a, struct mnq_err *e);

/** Behind reading the weights: what only they tell of the network. 0 or -1. */
int mnq_arch_settle(struct mnq_build *b, const struct mnq_arch *a, struct mnq_err *e);

/** Appends the network to an empty graph, with slots that know the names of all generations. 0 or -1. */
int mnq_arch_build(struct mnq_build *b, const struct mnq_arch *a, struct mnq_err *e);

/** The network without weights (all zero, one shared block), inferred and ready for the cost model. */
int mnq_arch_graph(const struct mnq_arch *a, struct mnq_graph *g, struct mnq_arena *arena, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
