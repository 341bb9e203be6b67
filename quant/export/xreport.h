/* SPDX-License-Identifier: Apache-2.0
 * What an evaluation measured of a model, for the header of its export. */
#ifndef MNQ_XREPORT_H
#define MNQ_XREPORT_H

#include "util/arena.h"
#include "util/err.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Reads the figures of a model from a document of `mnquant eval --json`.
 * crc     of the model's file: the report must speak of exactly that one
 * text    one line, "1000 samples, 1000 labelled: top1 95.9 [94.5, 97.0], top5 99.5, ..." in the report's own words
 * return  0, or -1: no such document, or it does not speak of this model
 */
int mnq_xreport_read(const char *path, uint32_t crc, const char **text, struct mnq_arena *arena, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
