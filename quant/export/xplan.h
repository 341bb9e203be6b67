/* SPDX-License-Identifier: Apache-2.0
 * Plans of stages for the core that a model is exported for. */
#ifndef MNQ_XPLAN_H
#define MNQ_XPLAN_H

#include "export/export.h"
#include "export/xtarget.h"
#include "pack/stage.h"

#ifdef __cplusplus
extern "C" {
#endif

/** How --plan and --ram look for stages. */
enum mnq_xplan { MNQ_XPLAN_BALANCED, MNQ_XPLAN_RAM, MNQ_XPLAN_SPEED };

enum { MNQ_XCURVE_MOST = 24 };

/** Words of enum mnq_xplan, NULL-terminated. */
extern const char *const mnq_xplan_words[];

/**
 * Searches x->image.plan and .push, with the scratch memory of the core's kernels and the work that the cost model
 * foretells. return  0, or -1 with e: no memory, or no plan fits x->o->ram
 */
int mnq_xplan_make(struct mnq_export *x, struct mnq_arena *arena, struct mnq_err *e);

/** What a core can trade RAM for, bytes of arena and instructions that the cost model foretells. */
struct mnq_xcurve {
    const struct mnq_xtarget *target;
    int n[2]; /* points: the picture in memory, rows pushed */
    struct mnq_stage_point point[2][MNQ_XCURVE_MOST];
};

int mnq_xplan_curve(const struct mnq_package *p, const struct mnq_xtarget *target, struct mnq_xcurve *c,
                    struct mnq_arena *arena, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
