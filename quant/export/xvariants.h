/* SPDX-License-Identifier: Apache-2.0
 * What of the sources an exported library compiles, and how. */
#ifndef MNQ_XVARIANTS_H
#define MNQ_XVARIANTS_H

#include "export/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The library's own variants.h: inner loops that its layers call, sizes of its arenas. Only for an image of tables. */
void mnq_xvariants_write(const struct mnq_export *x, struct mnq_xtext *t);

/** Bytes of a source as far as such a library has it; -1: those of the table. */
int mnq_xvariants_bytes(const struct mnq_export *x, const char *path);

/** Whether a source is to be compiled for size: what surrounds inner loops. */
int mnq_xvariants_small(const struct mnq_export *x, const char *path);

#ifdef __cplusplus
}
#endif
#endif
