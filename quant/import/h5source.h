/* SPDX-License-Identifier: Apache-2.0
 * Where the HDF5 library gets bytes from: an open descriptor or memory, never a name. */
#ifndef MNQ_H5SOURCE_H
#define MNQ_H5SOURCE_H

#include <hdf5.h>

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One file; must outlive the HDF5 file. */
struct mnq_h5source {
    int fd;               /* or -1: memory */
    const uint8_t *bytes; /* size of them */
    uint64_t size;
    bool opened; /* once only: what a file names is not opened */
    hid_t driver;
};

/** Opens it read-only; a file handle, or negative. */
hid_t mnq_h5source_open(struct mnq_h5source *s);

/** Closes it, if it was opened. Only then does the driver go: the library frees it with the last reference, then uses it. */
void mnq_h5source_close(struct mnq_h5source *s, hid_t file);

#ifdef __cplusplus
}
#endif
#endif
