/* SPDX-License-Identifier: Apache-2.0
 * How logits differ, as decisions see it. */
#ifndef MNQ_LOGITS_H
#define MNQ_LOGITS_H

/** Power of a - b after removing its mean over the n classes, which a softmax ignores; b may be NULL. One class: no mean. */
double mnq_centred_power(const float *a, const float *b, int n);

#endif
