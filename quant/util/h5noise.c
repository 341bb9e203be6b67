/* SPDX-License-Identifier: Apache-2.0
 * Whether the HDF5 library prints its own error stack. */
#include "util/h5noise.h"

#include <hdf5.h>

static bool noise;

static herr_t print(hid_t stack, void *ctx)
{
    (void)ctx;
    return H5Eprint2(stack, stderr);
}

void mnq_h5_set_noise(bool on)
{
    noise = on;
}

void mnq_h5_noise(void)
{
    H5Eset_auto2(H5E_DEFAULT, noise ? print : NULL, NULL);
}
