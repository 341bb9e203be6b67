/* SPDX-License-Identifier: Apache-2.0
 * What the process that reads an HDF5 file and the one that asks it speak of. */
#ifndef MNQ_H5TYPES_H
#define MNQ_H5TYPES_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MNQ_H5_RANK = 8 };

/** What a path leads to, over hard links; or the kind of the first link that is none. */
enum mnq_h5kind { MNQ_H5_NONE, MNQ_H5_GROUP, MNQ_H5_DATASET, MNQ_H5_OTHER, MNQ_H5_SOFT, MNQ_H5_EXTERNAL };

enum mnq_h5number { MNQ_H5_UINT, MNQ_H5_INT, MNQ_H5_FLOAT, MNQ_H5_STRING, MNQ_H5_NO_NUMBER };

/** Of any data set; dimensions beyond MNQ_H5_RANK are not told. */
struct mnq_h5info {
    uint32_t number, bits, rank; /* enum mnq_h5number */
    uint64_t dim[MNQ_H5_RANK];
};

/** Shape of weights. */
struct mnq_h5shape {
    uint32_t rank, bytes; /* bytes: stored as integers of 8 bits */
    uint64_t dim[MNQ_H5_RANK], n;
};

#ifdef __cplusplus
}
#endif
#endif
