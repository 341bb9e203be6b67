/* SPDX-License-Identifier: Apache-2.0
 * NumPy arrays: .npy files and the members of .npz archives. */
#ifndef MNQ_NUMPY_H
#define MNQ_NUMPY_H

#include "util/arena.h"
#include "util/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MNQ_ARRAY_DIMS = 4 };

/** An array in C order, little-endian or of single bytes. */
struct mnq_array {
    char kind;        /* 'b' bool, 'u' unsigned, 'i' signed, 'f' float */
    size_t item;      /* bytes of one element: 1, 2, 4 or 8; of floats 2, 4 or 8 */
    int dims;         /* 0 .. 4 */
    int64_t shape[4]; /* 1 beyond dims */
    const uint8_t *data;
};

/** Elements of one row: the product of all but the first dimension. */
size_t mnq_array_row(const struct mnq_array *a);

/** Element i as a number. */
double mnq_array_at(const struct mnq_array *a, size_t i);

/**
 * Reads the header and finds the data of a .npy file in memory, which must stay.
 * name    for messages
 * return  0, or -1 with e: no .npy, Fortran order, big-endian, objects or strings, more than 4 dimensions, cut short
 */
int mnq_numpy_parse(const char *name, const uint8_t *bytes, size_t n, struct mnq_array *a, struct mnq_err *e);

/**
 * Opens a file of at most 1 GiB with pictures and perhaps labels. A .npy is the pictures. In an .npz the pictures are called
 * images, x, X, x_train, x_test, data or arr_0, the labels labels, y, Y, y_train, y_test, target or arr_1; `member` names
 * the pictures if it is not NULL, and labels that follow from it (x_test: y_test). labels  data NULL if there are none
 */
int mnq_numpy_open(const char *path, const char *member, struct mnq_arena *arena, struct mnq_array *images,
                   struct mnq_array *labels, struct mnq_err *e);

/** Opens a file as one array: a .npy, or an .npz with one member or one called as labels are. */
int mnq_numpy_open_labels(const char *path, struct mnq_arena *arena, struct mnq_array *labels, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
