/* SPDX-License-Identifier: Apache-2.0
 * What a kernel's instructions are counted in. */
#ifndef MNQ_XFEATURE_H
#define MNQ_XFEATURE_H

#include "export/ximage.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MNQ_XFEATURES = 8 };

/**
 * Counts of one layer, made in `calls` calls of `rows` rows each: multiplications, outputs, blocks of pixels and the like.
 * What they are depends on the kernel; the instructions of a call are a sum of them, each times a number of the core
 * (xcost.c).
 */
void mnq_xfeature_of(const struct mnq_xlayer *k, int calls, int rows, double f[MNQ_XFEATURES]);

#ifdef __cplusplus
}
#endif
#endif
