/* SPDX-License-Identifier: Apache-2.0
 * The kernels for a Cortex-M with the DSP extension (M4, M7, M33, M35P, M55, M85). Unaligned words are read: UNALIGN_TRP
 * off.
 *
 * All have the contract of mnq_kernel in kernels.h. */
#ifndef MNQ_DSP_H
#define MNQ_DSP_H

#include "kernels.h"

extern const struct mnq_kernels mnq_kernels_dsp;

/** Whether packed weights are those of the stored pairs alone: of sparse ones with zeros enough. */
static inline int mnq_dsp_entries(const struct mnq_layer *l)
{
    const uint8_t *const header = (const uint8_t *)l->packed;

    return header != NULL && l->wtype == MNQ_W_SPARSE && (header[1] | header[2] | header[3]) != 0;
}

mnq_kernel mnq_pw_dsp;        /* packed */
mnq_kernel mnq_pw_s4_dsp;     /* packed, 4-bit weights */
mnq_kernel mnq_pw_sparse_dsp; /* packed, sparse weights: mnq_dsp_entries() */
mnq_kernel mnq_conv_dsp;      /* packed */
mnq_kernel mnq_dwconv3x3_dsp; /* 3x3, stride 1 or 2 both ways, no multiplier */
mnq_kernel mnq_dwconv5x5_dsp; /* 5x5, likewise */

#endif
