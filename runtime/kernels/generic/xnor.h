/* SPDX-License-Identifier: Apache-2.0
 * The inner part of the XNOR kernel; apart, for a stack frame of its own. */
#ifndef MNQ_XNOR_H
#define MNQ_XNOR_H

#include "kernels.h"

#include <stddef.h>

/** All outputs of one pixel, whose signs are t (bits behind the last input are 0); the first is element `at` of out. */
void mnq_xnor_outputs(const struct mnq_layer *l, void *out, size_t at, const uint32_t *t);

#endif
