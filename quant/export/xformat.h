/* SPDX-License-Identifier: Apache-2.0
 * Formats of an export, one function each; parts that they share. */
#ifndef MNQ_XFORMAT_H
#define MNQ_XFORMAT_H

#include "export/export.h"

#ifdef __cplusplus
extern "C" {
#endif

void mnq_xformat_c(struct mnq_export *x);
void mnq_xformat_arduino(struct mnq_export *x);
void mnq_xformat_platformio(struct mnq_export *x);
void mnq_xformat_zephyr(struct mnq_export *x);
void mnq_xformat_esp_idf(struct mnq_export *x);
void mnq_xformat_cmsis_pack(struct mnq_export *x);

/** README.md: what this is, its needs, how to call it; `how` says how this format is built. */
void mnq_xformat_readme(struct mnq_export *x, const char *how);

/** The sources of the export below `dir`, one a line: before + path + after; headers too if wanted. */
void mnq_xformat_sources(const struct mnq_export *x, struct mnq_xtext *t, const char *before, const char *after,
                         int headers);

#ifdef __cplusplus
}
#endif
#endif
