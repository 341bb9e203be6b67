/* SPDX-License-Identifier: Apache-2.0
 * The kernels for a Cortex-M3: ARMv7-M without the DSP extension.
 *
 * CONV, PW and depthwise 3x3 are those of dsp.h, made of inner loops for this core: block_m3.S, gather_m3.S, dwconv3x3_m3.S
 * and plane_m3.S. */
#ifndef MNQ_M3_H
#define MNQ_M3_H

#include "cortexm/dsp.h"

extern const struct mnq_kernels mnq_kernels_m3;

#endif
