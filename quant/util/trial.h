/* SPDX-License-Identifier: Apache-2.0
 * Trying dangerous work in a copy of the process first. */
#ifndef MNQ_TRIAL_H
#define MNQ_TRIAL_H

/**
 * Runs work in a forked child, whose results and output are thrown away, and tells whether it came to its end.
 * For libraries that corrupt memory, abort or spin on hostile files: work that survives the trial does exactly the same
 * here, because the child starts from the same memory. Call it while no other thread runs.
 * seconds  processor time allowed
 * return   0 the child ended by itself (or none could be started), -1 it crashed or had to be killed
 */
int mnq_trial(void (*work)(void *ctx), void *ctx, unsigned seconds);

#endif
