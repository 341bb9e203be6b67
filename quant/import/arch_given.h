/* SPDX-License-Identifier: Apache-2.0
 * What a user states about a network: an architecture file. */
#ifndef MNQ_ARCH_GIVEN_H
#define MNQ_ARCH_GIVEN_H

#include "import/arch_parts.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * An architecture file:
 *   family: v1 | v2 | v3-small | v3-large      width: 0.35        resolution: 224       classes: 5
 *           nasnet-mobile | xception | efficientnet-b0 | efficientnet-lite0
 *   minimalistic: true                         padding: same | symmetric
 *   activation: relu | relu6 | hard_swish      head: keras | dense | conv | none | conv2
 *   output: softmax | logits | sigmoid         bias: true         pool_last: true       epsilon: 0.001      preprocess: tf
 *   rescaling: false (efficientnet-b0 without the layers that scale pixels)
 * Only family is required; what is absent (class count and width too) is taken from the weights.
 */
struct mnq_arch_given {
    struct mnq_arch arch;
    bool family, minimalistic, width, resolution, classes, head, bias, output; /* which of them the user stated */
};
int mnq_arch_read(const char *path, struct mnq_arch_given *a, struct mnq_arena *arena, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
