/* SPDX-License-Identifier: Apache-2.0
 * What a model may take on a core, and what it takes there, as an export foretells it. */
#ifndef MNQ_XBUDGET_H
#define MNQ_XBUDGET_H

#include "export/xtarget.h"
#include "pack/qmodel.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A core and limits; 0: none. */
struct mnq_xbudget {
    const struct mnq_xtarget *target; /* NULL: no core in particular, then no limit holds */
    int64_t ram;                      /* bytes, stack and all: with the picture in memory, or else with its rows pushed */
    int64_t flash;                    /* bytes of code, weights and tables */
    int64_t cycles;                   /* instructions of one picture, which the cost model counts as a cycle each */
};

/** What `export MODEL --target CORE`, with --ram if there is such a limit, takes. */
struct mnq_xbill {
    int64_t code, weights, tables, flash; /* bytes; flash: the sum */
    int64_t ram, ram_rows;                /* bytes, stack and all: the picture in memory, its rows pushed */
    int64_t cycles;
    bool at_once; /* with `export --plan speed`: layers run at once, not in bands of rows */
};

/** The bill of a package, with layers at once where bands of rows would exceed b->cycles or b->flash and nothing limits RAM. Where
 * no plan meets b->ram, that of the plan that takes least. */
int mnq_xbudget_bill(const struct mnq_package *p, const struct mnq_xbudget *b, struct mnq_xbill *bill, struct mnq_err *e);

/** Whether a bill is within all limits. */
bool mnq_xbudget_meets(const struct mnq_xbudget *b, const struct mnq_xbill *bill);

/** How far a bill is beyond the limits, in shares of them. */
double mnq_xbudget_excess(const struct mnq_xbudget *b, const struct mnq_xbill *bill);

/** 0, or -1 with a message that names every limit which the bill exceeds, and by how much. */
int mnq_xbudget_require(const struct mnq_xbudget *b, const struct mnq_xbill *bill, const char *name, struct mnq_err *e);

/** For every layer (of `n`): what its kernel on the core takes, layers at once, in instructions. */
int mnq_xbudget_layers(const struct mnq_package *p, const struct mnq_xtarget *target, int64_t *cycles, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
