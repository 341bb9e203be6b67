/* SPDX-License-Identifier: Apache-2.0
 * What the HDF5 library says of its errors: kept from the terminal, told where asked for, searched for want of memory. */
#ifndef MNQ_H5NOISE_H
#define MNQ_H5NOISE_H

#include "util/worker.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Asks for the library's error stacks on standard error (-vv); off at first. Call it before other threads run. */
void mnq_h5_set_noise(bool on);

/** Starts the library in a process that may give up its rights next; it leaves nothing to do at the program's end.
 *  Not 0: it got no memory. */
int mnq_h5_init(void);

/**
 * Around work with the library.
 * failed  the error's reply gets the stacks, if they are asked for
 * return  whether the library wanted memory and got none
 */
void mnq_h5_noise_begin(void);
bool mnq_h5_noise_end(bool failed, struct mnq_reply *r);

/** Notes the same of a driver of ours, which can tell the library only that it failed. */
void mnq_h5_starved(void);

/** Prints such stacks, on this side of the worker. */
void mnq_h5_noise_print(const char *text);

/** A worker's job on one file with all of this; the rest is to be set. */
struct mnq_worker_job mnq_h5_job(const char *name, uint64_t size);

#ifdef __cplusplus
}
#endif
#endif
