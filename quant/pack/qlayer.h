/* SPDX-License-Identifier: Apache-2.0
 * A layer that is not packed yet, as the runtime's kernels are told of it. */
#ifndef MNQ_QLAYER_H
#define MNQ_QLAYER_H

#include "pack/qmodel.h"

#include "mnq/kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of tensor t. */
size_t mnq_qtensor_bytes(const struct mnq_qtensor *t);

/** Value q of element i of a tensor. */
int32_t mnq_qtensor_at(const struct mnq_qtensor *t, const void *data, size_t i);

/** What kernels are told of a layer; compressed weights as what they stand for, S8 or S16. Pointers are into q. */
struct mnq_layer mnq_qlayer_decode(const struct mnq_qmodel *q, const struct mnq_qlayer *l);

/** Whether ports have a kernel of their own for such a layer (kernels.h: mnq_layer_plain()). */
bool mnq_qlayer_plain(const struct mnq_qmodel *q, const struct mnq_qlayer *l);

/** Multiply-accumulates of a layer (CONV, DWCONV, PW; others 0). */
int64_t mnq_qlayer_macs(const struct mnq_qmodel *q, const struct mnq_qlayer *l);

/**
 * Bound of |accumulator - bias| of output channel o, NUMERICS.md section 4: what the loader adds to |bias|. For layers whose
 * in_max is known; cout are all their output channels.
 */
double mnq_qlayer_reach(const struct mnq_qlayer *l, int o, int cout);

#ifdef __cplusplus
}
#endif
#endif
