/* SPDX-License-Identifier: Apache-2.0
 * The kernels that an export can hold: which serves a layer, what it is called, which sources it is made of. */
#ifndef MNQ_XKERNEL_H
#define MNQ_XKERNEL_H

#include "export/xtarget.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mnq_xkernel {
    const char *symbol;
    const char *header;                       /* that declares it */
    const char *when;                         /* the condition on `l`, in C; holds in the order of the list */
    int (*serves)(const struct mnq_layer *l); /* the same */
    const char *sources;                      /* apart by spaces, the first its own */
    unsigned sets;                            /* bit s: serves enum mnq_xset s */
    unsigned needs;                           /* of what packing replaces: MNQ_XNEED_* */
};

/** Which of a layer's arrays a kernel reads that has packed weights. */
enum { MNQ_XNEED_WEIGHTS = 1, MNQ_XNEED_BIAS = 2, MNQ_XNEED_SCALE = 4 };

extern const struct mnq_xkernel mnq_xkernels[];
extern const int mnq_n_xkernels;

/** The kernel for a layer, whose `packed` says whether it was packed (any address does). */
const struct mnq_xkernel *mnq_xkernel_of(enum mnq_xset set, const struct mnq_layer *l);

/** Of what packing replaces, what the kernel still reads of this layer. */
unsigned mnq_xkernel_needs(const struct mnq_xkernel *k, const struct mnq_layer *l);

#ifdef __cplusplus
}
#endif
#endif
