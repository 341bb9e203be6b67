/* SPDX-License-Identifier: Apache-2.0
 * The cores that models are exported for. */
#ifndef MNQ_XTARGET_H
#define MNQ_XTARGET_H

#include "mnq/kernels.h"
#include "util/err.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Kernels of a core, beside the generic ones. */
enum mnq_xset {
    MNQ_XSET_GENERIC,
    MNQ_XSET_DSP,
    MNQ_XSET_M3,
    MNQ_XSET_MVE,
    MNQ_XSET_RVV,
    MNQ_XSET_NEON, /* the three of AArch64, in the order of enum mnq_neon_level */
    MNQ_XSET_DOTPROD,
    MNQ_XSET_I8MM,
    MNQ_XSET_HVX
};

/** What code and time of a core are like: columns of the tables in xcost.c. */
enum mnq_xcore {
    MNQ_XCORE_M0,
    MNQ_XCORE_M3,
    MNQ_XCORE_M4,
    MNQ_XCORE_M55,
    MNQ_XCORE_RV32,
    MNQ_XCORE_RV64,
    MNQ_XCORE_A64,
    MNQ_XCORE_HEXAGON, /* packets, not instructions */
    MNQ_XCORES
};

struct mnq_xtarget {
    const char *name, *flags; /* of the compiler */
    const char *compiler;     /* a usual one */
    const char *what;
    enum mnq_xset set;
    enum mnq_xcore core;
};

extern const struct mnq_xtarget mnq_xtargets[];
extern const int mnq_n_xtargets;

/** Whether a set is one of AArch64's. */
static inline int mnq_xset_neon(enum mnq_xset set)
{
    return set >= MNQ_XSET_NEON && set <= MNQ_XSET_I8MM;
}

/** By name, NULL if there is none. */
const struct mnq_xtarget *mnq_xtarget_find(const char *name);

/** By name; NULL with e, which lists the names, if there is none. */
const struct mnq_xtarget *mnq_xtarget_named(const char *name, struct mnq_err *e);

/** Packing and scratch of a set's kernels. */
size_t mnq_xset_packed_bytes(enum mnq_xset set, const struct mnq_layer *l);
void mnq_xset_pack(enum mnq_xset set, const struct mnq_layer *l, void *mem);
size_t mnq_xset_scratch(enum mnq_xset set, const struct mnq_layer *l);

#ifdef __cplusplus
}
#endif
#endif
