/* SPDX-License-Identifier: Apache-2.0
 * Which layers get 16-bit weights and which tensors 16-bit activations, by sensitivity against their price. */
#ifndef MNQ_WIDE_H
#define MNQ_WIDE_H

#include "calib_opts.h"
#include "quantize/lower.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Gives 16 bits to layers by falling sensitivity per extra byte while the extra bytes stay within budget * weights and the
 * 8-bit layers still make noise worth mentioning. Pruned layers stay at 8 bits, at which their zeros save bytes.
 * weights  [g->n], weights of each node that the packed model will hold
 * format   [g->n]; 8-bit ones may become 16-bit
 */
void mnq_choose_wide(const struct mnq_graph *g, const double *sensitivity, const size_t *weights, enum mnq_wide wide,
                     double budget, struct mnq_wformat *format);

/** Whether these tensors may be wide: 1, 0, or -1 with e. First asked about those that are in any case. */
typedef int mnq_wide_fits(void *context, const uint8_t *wide, struct mnq_err *e);

/**
 * Chooses 16-bit activations: tensors by falling sensitivity until most of the noise is gone, as long as they fit (NULL: as
 * long as the memory plan of layers at once does not grow); always those that feed or follow the global pool. ALL and NONE
 * say so.
 *
 * wide  [g->n], filled with 0 or 1
 */
int mnq_choose_wide_tensors(const struct mnq_graph *g, const double *sensitivity, enum mnq_wide mode, mnq_wide_fits *fits,
                            void *context, uint8_t *wide, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
