/* SPDX-License-Identifier: Apache-2.0
 * Read-only HDF5 that distrusts the file: sizes are checked before anything is allocated, links that lead out of the
 * file or elsewhere are refused, the library's own messages stay silent. */
#ifndef MNQ_H5FILE_H
#define MNQ_H5FILE_H

#include "util/arena.h"
#include "util/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MNQ_H5_RANK = 8 };

/** An open file. Close with mnq_h5_close(); results live in the arena given at opening. */
struct mnq_h5;

/** A dataset's values as floats, last dimension fastest. */
struct mnq_h5_data {
    const char *path; /* absolute, e.g. "/model_weights/conv1/conv1/kernel:0" */
    int rank;         /* 0 for a scalar */
    int64_t dim[MNQ_H5_RANK];
    size_t n;   /* elements */
    bool bytes; /* stored as integers of 8 bits */
    float *v;   /* NULL after mnq_h5_shape() */
};

/** Opens a file by name, or `n` bytes of one (not kept) under a name for messages. NULL with e set. */
struct mnq_h5 *mnq_h5_open(const char *path, struct mnq_arena *arena, struct mnq_err *e);
struct mnq_h5 *mnq_h5_open_bytes(const char *name, const uint8_t *bytes, size_t n, struct mnq_arena *arena,
                                 struct mnq_err *e);
void mnq_h5_close(struct mnq_h5 *h);

/** Name for messages. */
const char *mnq_h5_name(const struct mnq_h5 *h);

/** True if the path leads to a group (dataset) over hard links only. "/" is the root. */
bool mnq_h5_is_group(struct mnq_h5 *h, const char *path);
bool mnq_h5_is_dataset(struct mnq_h5 *h, const char *path);

/** Names of the members of a group, in order of their names. */
int mnq_h5_members(struct mnq_h5 *h, const char *group, char ***name, int *n, struct mnq_err *e);

bool mnq_h5_has_attr(struct mnq_h5 *h, const char *object, const char *attr);

/** A text attribute: variable or fixed length, scalar or one element. */
int mnq_h5_text(struct mnq_h5 *h, const char *object, const char *attr, char **text, struct mnq_err *e);

/**
 * A list of texts: an array of variable or fixed-length strings, or of numbers if it is empty (what Keras writes for a
 * layer without weights); split into attr0, attr1, ... where Keras had to.
 */
int mnq_h5_texts(struct mnq_h5 *h, const char *object, const char *attr, char ***text, int *n, struct mnq_err *e);

/** Shape of a dataset that mnq_h5_read() could read (d->v stays NULL). */
int mnq_h5_shape(struct mnq_h5 *h, const char *path, struct mnq_h5_data *d, struct mnq_err *e);

/** Reads a dataset of floats (16, 32, 64 bits, bfloat16) or integers; NaN and infinity are refused. */
int mnq_h5_read(struct mnq_h5 *h, const char *path, struct mnq_h5_data *d, struct mnq_err *e);

#endif
