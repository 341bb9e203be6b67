/* SPDX-License-Identifier: Apache-2.0
 * Steps of training: pictures in batches, gradients in a fixed order, Adam. */
#ifndef MNQ_TRAINER_H
#define MNQ_TRAINER_H

#include "train/backward.h"
#include "train/train_grid.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A batch is summed in so many groups, and the groups one after the other: the same sums for any number of threads. */
enum { MNQ_TRAIN_GROUPS = 4 };

/** Opaque. */
struct mnq_trainer;

/**
 * Puts picture `item` into b's tensors before `from`, runs mnq_backward_forward() and adds the loss's gradients.
 * return  the loss of this picture
 */
typedef double mnq_train_picture(void *ctx, int item, struct mnq_backward *b);

/**
 * unit_w, unit_b  [t->g->n][channels] what a step moves parameters by, per output channel
 * grid            [t->g->n] of nodes whose weights are seen on a grid, NULL elsewhere; NULL: nowhere
 * return          NULL with e
 */
struct mnq_trainer *mnq_trainer_new(struct mnq_training *t, float *const *unit_w, float *const *unit_b,
                                    struct mnq_train_grid *const *grid, int threads, struct mnq_err *e);
void mnq_trainer_free(struct mnq_trainer *t);

/**
 * One step on `n` items 0 .. n - 1; weights that are exactly 0 stay 0.
 * rate   of Adam, in units
 * loss   the mean over the batch
 * return 0, or -1 with e: a loss or weight that is not finite
 */
int mnq_trainer_step(struct mnq_trainer *t, int n, mnq_train_picture *picture, void *ctx, float rate, double *loss,
                     struct mnq_err *e);

/**
 * Tells `hold` of everything that steps change, the network's weights too: with the same bytes there again, and told how many
 * steps they stand behind, it goes on alike.
 */
void mnq_trainer_state(struct mnq_trainer *t, void (*hold)(void *ctx, void *p, size_t n), void *ctx);
void mnq_trainer_resume(struct mnq_trainer *t, int steps);

/** A workspace of the trainer, 0 .. MNQ_TRAIN_GROUPS - 1, for judging between steps. */
struct mnq_backward *mnq_trainer_space(struct mnq_trainer *t, int group);

#ifdef __cplusplus
}
#endif
#endif
