/* SPDX-License-Identifier: Apache-2.0
 * Views of a picture to learn from: other parts, sizes, sides and colours of it. */
#ifndef MNQ_TUNE_VIEW_H
#define MNQ_TUNE_VIEW_H

#include "graph/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Numbers from a seed, the same on every host (splitmix64, Steele et al. 2014). */
struct mnq_random {
    uint64_t state;
};
uint64_t mnq_random_next(struct mnq_random *r);
/** In [0, 1). */
double mnq_random_unit(struct mnq_random *r);

/**
 * View `k` of picture `picture`: k = 0 is the picture; others show a quarter to all of its area, with sides up to a third
 * longer, mirrored or not, and colour pictures in changed light. Whether it is still recognized does not matter: the teacher
 * says what to answer.
 * from, to  [h][w][c] bytes
 */
void mnq_tune_view(const uint8_t *from, struct mnq_shape s, uint64_t seed, int picture, int k, uint8_t *to);

/**
 * Blends `other`, a view of another picture, into `to`, by up to a half (Zhang et al. 2018, arXiv:1710.09412): between 150
 * pictures lie many more that only the teacher has to know.
 * other, to  [n] bytes
 * return     the share of `other`
 */
double mnq_tune_blend(const uint8_t *other, size_t n, struct mnq_random *r, uint8_t *to);

/** One of the views that judge, k = 0 .. 3: the picture, and two thirds of each side at three places. */
enum { MNQ_TUNE_JUDGES = 4 };
void mnq_tune_judge_view(const uint8_t *from, struct mnq_shape s, int k, uint8_t *to);

#ifdef __cplusplus
}
#endif
#endif
