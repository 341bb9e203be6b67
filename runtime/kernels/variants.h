/* SPDX-License-Identifier: Apache-2.0
 * What of the kernels and of the runtime is compiled: everything. An exported library brings a file of this name that leaves
 * out what its model never calls. */
#ifndef MNQ_VARIANTS_H
#define MNQ_VARIANTS_H

/* Inner loops for a Cortex-M with the DSP extension. BLOCK: bit 8 * (weights are int16) + enum mnq_dsp_clamp; SPARSE: bit
 * enum mnq_dsp_clamp; DW: bit 4 * (stride 2) + enum mnq_dsp_clamp; IN: inputs of blocks, 1 int8, 2 bytes to be flipped, 4
 * int16; PLANES: inputs of depthwise layers, 1 int8, 4 int16. */
#define MNQ_VARIANTS_BLOCK  0x1f1f
#define MNQ_VARIANTS_SPARSE 0x1f
#define MNQ_VARIANTS_DW     0xff
#define MNQ_VARIANTS_IN     7
#define MNQ_VARIANTS_PLANES 5

/* Inner loops for Helium, a bit each: records_mve.h. */
#define MNQ_VARIANTS_MVE 0x3fffffff

/* Depthwise layers with shifts below 1; activations: 1 h-swish and h-sigmoid, 2 PRELU and TABLE. */
#define MNQ_VARIANTS_RISING 1
#define MNQ_VARIANTS_ACT    3

/* Layers of two inputs. */
#define MNQ_VARIANTS_SECOND 1

/* 1: some model may have plans of stages; else every layer runs at once. */
#define MNQ_VARIANTS_PLANS 1

/* 1: the tables of flash.h stand in for the file's, and all sizes are known: MNQ_FLASH_*. */
#define MNQ_FLASH 0

#endif
