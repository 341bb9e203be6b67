/* SPDX-License-Identifier: Apache-2.0
 * The numbers of the cost model: xcost_table.c and xcode_table.c, made by tests/export. */
#ifndef MNQ_XCOST_TABLE_H
#define MNQ_XCOST_TABLE_H

#include "export/xfeature.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Instructions per feature of a kernel on a core (a target's name). */
struct mnq_xcost_row {
    const char *kernel, *core;
    double per[MNQ_XFEATURES];
};

extern const struct mnq_xcost_row mnq_xcost_rows[];
extern const int mnq_n_xcost_rows;

/** Bytes of machine code and constants of a source, as far as an export links it, in the order of enum mnq_xcore. */
struct mnq_xcode_row {
    const char *path;
    int bytes[MNQ_XCORES];
};

extern const struct mnq_xcode_row mnq_xcode_rows[];
extern const int mnq_n_xcode_rows;

#ifdef __cplusplus
}
#endif
#endif
