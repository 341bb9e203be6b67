/* SPDX-License-Identifier: Apache-2.0
 * What of the kernels and of the runtime is compiled: everything. An exported library brings a file of this name that leaves
 * out what its model never calls. */
#ifndef MNQ_VARIANTS_H
#define MNQ_VARIANTS_H

/* Inner loops for a Cortex-M. BLOCK: bit 8 * (1: weights are int16, 2: lanes) + enum mnq_dsp_clamp; SPARSE: bit enum
 * mnq_dsp_clamp; DW: bit 4 * (1: stride 2, 2: lanes) + enum mnq_dsp_clamp; IN: inputs of blocks, 1 int8, 2 bytes to be
 * flipped, 4 int16, 8 and 16 lanes of the first two; PLANES: inputs of depthwise layers, 1 int8, 4 int16, 8 lanes. */
#define MNQ_VARIANTS_BLOCK  0x1f1f1f
#define MNQ_VARIANTS_SPARSE 0x1f
#define MNQ_VARIANTS_DW     0xfff
#define MNQ_VARIANTS_IN     31
#define MNQ_VARIANTS_PLANES 13

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
