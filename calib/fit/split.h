/* SPDX-License-Identifier: Apache-2.0
 * The split of samples that all steps share, so that pictures which no step was fitted to are left at the end. */
#ifndef MNQ_SPLIT_H
#define MNQ_SPLIT_H

#ifdef __cplusplus
extern "C" {
#endif

/** Folds of cross-fitting. `prune` and `tune` fit to all but the last; given the same data, it is what judges their result.
 */
enum { MNQ_SPLIT_FOLDS = 4, MNQ_SPLIT_JUDGE = MNQ_SPLIT_FOLDS - 1 };

#ifdef __cplusplus
}
#endif
#endif
