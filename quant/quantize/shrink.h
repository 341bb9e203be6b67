/* SPDX-License-Identifier: Apache-2.0
 * Lossless shrink: channels that provably never change, or that nobody reads, leave the integer network. */
#ifndef MNQ_SHRINK_H
#define MNQ_SHRINK_H

#include "pack/qmodel.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What the pass removed. */
struct mnq_shrink_report {
    int64_t macs_before, macs_after;
    int64_t weight_bytes_before, weight_bytes_after; /* weight arrays only, without biases and multipliers */
    int channels_before, channels_after;             /* over all tensors that layers write */
};

/**
 * Interval propagation through the integers, over every possible input: a channel whose interval is one value is constant.
 * It is folded into the biases of the 1x1 and dense layers (and convolutions whose padding equals it) that read it; channels
 * with zero weights in all readers are unread. Channelwise layers (DWCONV, AVGPOOL, ADD, MUL) tie channels of their tensors
 * together: such a group leaves as a whole. Every tensor keeps one channel at least.
 * The network's outputs stay the same, bit for bit, for every input. Works in place before planning; new arrays in q->arena.
 */
int mnq_shrink(struct mnq_qmodel *q, struct mnq_shrink_report *report, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
