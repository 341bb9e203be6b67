/* SPDX-License-Identifier: Apache-2.0
 * The tables of a model that the target trusts: runtime/src/flash.h. */
#ifndef MNQ_XFLASH_H
#define MNQ_XFLASH_H

#include "export/ximage.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Sizes of arenas: by the plan, with rows pushed, layer by layer. */
struct mnq_xsizes {
    size_t arena, rows, layers;
};

/**
 * Writes the image of a package whose plans are made, as flash.h says, and x->at.
 * return  0; 1: the tables do not hold this model, mnq_ximage_write() does; -1: out of memory
 */
int mnq_xflash_write(const struct mnq_package *p, const struct mnq_xsizes *sizes, struct mnq_ximage *x,
                     struct mnq_arena *arena, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
