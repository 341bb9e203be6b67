/* SPDX-License-Identifier: Apache-2.0
 * An HDF5 file that is written in memory. */
#ifndef MNQ_H5IMAGE_H
#define MNQ_H5IMAGE_H

#include <hdf5.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One file; zeros at first. */
struct mnq_h5image {
    uint8_t *bytes;
    size_t room;  /* of the newest allocation for a file */
    bool starved; /* an allocation failed */
    bool made;    /* new */
};

/** A new file, or a copy of n bytes of one, which stay as they are. A file handle, or negative. */
hid_t mnq_h5image_create(struct mnq_h5image *k);
hid_t mnq_h5image_open(struct mnq_h5image *k, const uint8_t *bytes, size_t n);

/**
 * Closes the file (none: negative).
 * wanted  hand its bytes over: *out is malloc'd; without a copy
 * return  0; -1 if that was not possible, or not wanted
 */
int mnq_h5image_close(struct mnq_h5image *k, hid_t file, bool wanted, uint8_t **out, size_t *n);

#ifdef __cplusplus
}
#endif
#endif
