/* SPDX-License-Identifier: Apache-2.0
 * The stored bytes of a data set, compared with what its shape claims before anything is read. */
#ifndef MNQ_H5VALUES_H
#define MNQ_H5VALUES_H

#include "import/h5types.h"
#include "util/err.h"

#include <hdf5.h>

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MNQ_H5_FILTERS = 8, MNQ_H5_CHUNK = 1 << 28 };

/** One decoded chunk that is kept. */
struct mnq_h5chunk {
    uint8_t *p;
    uint64_t index, used;
};

/** An open data set of fixed-size elements. */
struct mnq_h5values {
    const char *name; /* for messages: "file: path" */
    hid_t set, type;
    int rank;
    uint64_t dim[MNQ_H5_RANK];
    size_t element; /* bytes, as stored */
    bool chunked, edges_plain;
    uint64_t chunk[MNQ_H5_RANK], grid[MNQ_H5_RANK], chunk_bytes;
    int n_filters;
    H5Z_filter_t filter[MNQ_H5_FILTERS];
    unsigned shuffle[MNQ_H5_FILTERS]; /* element size that a shuffle was told */
    struct mnq_h5chunk *cache;
    int n_cache;
    uint64_t clock;
    uint8_t *packed, *spare; /* while a chunk is decoded */
};

/**
 * Opens the data set at a path that leads over hard links only, and checks how it is stored: compact, contiguous or chunked,
 * in this file, filters deflate, shuffle and checksum only, as many bytes as shape and type claim (chunks are compared when
 * they are read).
 * return  0; -1 with e, and nothing to close
 */
int mnq_h5values_open(struct mnq_h5values *v, hid_t file, const char *path, const char *name, struct mnq_err *e);
void mnq_h5values_close(struct mnq_h5values *v);

/** Elements in one index of the first dimension; the product is checked to fit 63 bits with the element's size. */
uint64_t mnq_h5values_row(const struct mnq_h5values *v);

/** Reads rows [first, first + n) (a scalar is one row) as they are stored: n * row * element bytes. */
int mnq_h5values_read(struct mnq_h5values *v, uint64_t first, uint64_t n, void *to, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
