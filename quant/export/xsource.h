/* SPDX-License-Identifier: Apache-2.0
 * Which of the runtime's sources an export holds: those of its kernels and of the runtime's core, and what they include. */
#ifndef MNQ_XSOURCE_H
#define MNQ_XSOURCE_H

#include "export/ximage.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MNQ_XSOURCES = 256 };

/** Indices into mnq_embedded[], in order of that list. */
struct mnq_xsources {
    int index[MNQ_XSOURCES], n;
};

/**
 * full    with the loader that proves everything
 * return  0, or -1: a source is missing in this program
 */
int mnq_xsource_list(const struct mnq_ximage *x, enum mnq_xset set, int full, struct mnq_xsources *s, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
