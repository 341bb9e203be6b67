/* SPDX-License-Identifier: Apache-2.0
 * Whether the HDF5 library prints its own error stack. */
#ifndef MNQ_H5NOISE_H
#define MNQ_H5NOISE_H

#include <stdbool.h>

/** Asks for the library's error stacks on standard error (-vv); off at first. Call it before other threads run. */
void mnq_h5_set_noise(bool on);

/** Switches the library's printing to what was asked for. Every file of the host that calls HDF5 does so first. */
void mnq_h5_noise(void);

#endif
