/* SPDX-License-Identifier: Apache-2.0
 * Activations as functions of a number, the same bits on every host. */
#ifndef MNQ_ACTIVATION_H
#define MNQ_ACTIVATION_H

#include "graph/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/** exp(x) by range reduction and its Taylor series: libm's differs between hosts in the last bit. Error < 1e-15 relative. */
double mnq_exp_plain(double x);

/**
 * The activation of a node at x, in double. nd->act is any but NONE.
 * c  channel, for PRELU
 */
double mnq_act_value(const struct mnq_node *nd, int c, double x);

/** Whether the activation is made of straight lines: RELU, RELU_MAX, LEAKY without threshold, PRELU. */
bool mnq_act_is_linear(const struct mnq_node *nd);

/** Whether its values are never below 0, whatever x. */
bool mnq_act_nonnegative(const struct mnq_node *nd);

/** Whether it is 0 at 0, so that zero padding may pass it. */
bool mnq_act_keeps_zero(const struct mnq_node *nd);

/** Whether it never falls, so that a maximum may pass it. */
bool mnq_act_rises(const struct mnq_node *nd);

#ifdef __cplusplus
}
#endif
#endif
