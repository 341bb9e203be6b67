/* SPDX-License-Identifier: Apache-2.0
 * The families: each appends its network behind node `in`; the output's node, or -1 with e set. */
#ifndef MNQ_ARCH_NETS_H
#define MNQ_ARCH_NETS_H

#include "import/arch_parts.h"

#ifdef __cplusplus
extern "C" {
#endif

int mnq_arch_v1(struct mnq_build *b, const struct mnq_arch *a, int in, struct mnq_err *e);
int mnq_arch_v2(struct mnq_build *b, const struct mnq_arch *a, int in, struct mnq_err *e);
int mnq_arch_v3(struct mnq_build *b, const struct mnq_arch *a, int in, struct mnq_err *e);
int mnq_arch_nasnet(struct mnq_build *b, const struct mnq_arch *a, int in, struct mnq_err *e);
int mnq_arch_xception(struct mnq_build *b, const struct mnq_arch *a, int in, struct mnq_err *e);
int mnq_arch_efficientnet(struct mnq_build *b, const struct mnq_arch *a, int in, struct mnq_err *e);

/** Behind reading the weights: what only they tell. 0 or -1. */
int mnq_arch_efficientnet_settle(struct mnq_build *b, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
