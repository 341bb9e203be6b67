/* SPDX-License-Identifier: Apache-2.0
 * A Keras file with the values of some datasets replaced and everything else as it was. */
#ifndef MNQ_H5PATCH_H
#define MNQ_H5PATCH_H

#include "util/arena.h"
#include "util/err.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** New values for one dataset, in the order of mnq_h5_read(). */
struct mnq_h5_patch {
    const char *path; /* as mnq_import() gave it */
    const float *v;
    size_t n;
};

/**
 * Replaces values in the bytes of an HDF5 file or of a .keras archive (there in model.weights.h5).
 * Datasets keep their type (floats of 16, 32, 64 bits, bfloat16), layout and filters, compressed ones also the significant bits
 * of their longest value, to which new values are rounded (they would not compress as well); values equal to those stored, read as
 * float, keep all their bits. (The library renews the modification time of a compressed dataset, if the file has it at all;
 * everything else is the same bytes for the same values.) Members of an archive keep their compression and times.
 * name      for messages
 * bytes     n of them, which mnq_import_bytes() has read without complaint; not modified
 * out       the new file, malloc'd
 * return    0, or -1 with e: no such dataset, another size, integers
 */
int mnq_h5_patch(const char *name, const uint8_t *bytes, size_t n, const struct mnq_h5_patch *patch, int n_patches,
                 uint8_t **out, size_t *n_out, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
