/* SPDX-License-Identifier: Apache-2.0
 * Read-only HDF5 that distrusts the file and the library: a confined process (util/worker.h) opens it, checks sizes before
 * anything is allocated, follows hard links only, compares stored bytes with claimed ones, and hands over what was asked
 * for. The library's own messages stay silent. */
#ifndef MNQ_H5FILE_H
#define MNQ_H5FILE_H

#include "import/h5types.h"
#include "util/arena.h"
#include "util/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An open file. Close with mnq_h5_close(); results live in the arena given at opening. */
struct mnq_h5;

/** A dataset's values as floats, last dimension fastest. */
struct mnq_h5_data {
    const char *path; /* absolute, e.g. "/model_weights/conv1/conv1/kernel:0" */
    int rank;         /* 0 for a scalar */
    int64_t dim[MNQ_H5_RANK];
    size_t n;   /* elements */
    bool bytes; /* stored as integers of 8 bits */
    float *v;   /* NULL after mnq_h5_shapes() */
};

/** A list of texts. */
struct mnq_h5_texts {
    char **text;
    int n;
};

/**
 * Opens a file by name, or `n` bytes of one, which must stay, under a name for messages. NULL with e set.
 * A process of its own reads it until mnq_h5_close(); call this from a thread that lives as long.
 */
struct mnq_h5 *mnq_h5_open(const char *path, struct mnq_arena *arena, struct mnq_err *e);
struct mnq_h5 *mnq_h5_open_bytes(const char *name, const uint8_t *bytes, size_t n, struct mnq_arena *arena,
                                 struct mnq_err *e);
void mnq_h5_close(struct mnq_h5 *h);

/**
 * Ends a series of questions: those that answer true or false cannot tell an error, and what followed from a wrong answer is
 * not the reason.
 * rc      of the series, with e
 * return  rc; -1 with e if such an error came up, in the place of another error
 */
int mnq_h5_settle(struct mnq_h5 *h, int rc, struct mnq_err *e);

/** Name for messages. */
const char *mnq_h5_name(const struct mnq_h5 *h);

/** Where a path leads. "/" is the root. Only hard links are followed: a file cannot lead elsewhere, or in circles. */
enum mnq_h5kind mnq_h5_kind(struct mnq_h5 *h, const char *path);
bool mnq_h5_is_group(struct mnq_h5 *h, const char *path);
bool mnq_h5_is_dataset(struct mnq_h5 *h, const char *path);

/** The same of n paths; lists are asked ahead, which spares most of the waiting. -1 with e at the first error. */
int mnq_h5_kinds(struct mnq_h5 *h, const char *const *path, int n, enum mnq_h5kind *kind, struct mnq_err *e);

/** Names of the members of a group, in order of their names. */
int mnq_h5_members(struct mnq_h5 *h, const char *group, char ***name, int *n, struct mnq_err *e);

/** Paths, without the leading slash, of groups below the root that have a member of that name; at most 1000. */
int mnq_h5_groups(struct mnq_h5 *h, const char *member, char ***name, int *n, struct mnq_err *e);

bool mnq_h5_has_attr(struct mnq_h5 *h, const char *object, const char *attr);

/** A text attribute: variable or fixed length, scalar or one element. */
int mnq_h5_text(struct mnq_h5 *h, const char *object, const char *attr, char **text, struct mnq_err *e);

/**
 * A list of texts: an array of variable or fixed-length strings, or of numbers if it is empty (what Keras writes for a
 * layer without weights); split into attr0, attr1, ... where Keras had to.
 */
int mnq_h5_texts(struct mnq_h5 *h, const char *object, const char *attr, char ***text, int *n, struct mnq_err *e);

/** The same attribute of n objects. */
int mnq_h5_text_lists(struct mnq_h5 *h, const char *const *object, int n, const char *attr, struct mnq_h5_texts *list,
                      struct mnq_err *e);

/** Shapes of n datasets that mnq_h5_read() could read (d->v stays NULL). */
int mnq_h5_shapes(struct mnq_h5 *h, const char *const *path, int n, struct mnq_h5_data *d, struct mnq_err *e);

/** Reads a dataset of floats (16, 32, 64 bits, bfloat16) or integers; NaN and infinity are refused. */
int mnq_h5_read(struct mnq_h5 *h, const char *path, struct mnq_h5_data *d, struct mnq_err *e);

/** The same of n datasets; those before the first error are read. */
int mnq_h5_read_all(struct mnq_h5 *h, const char *const *path, int n, struct mnq_h5_data *d, struct mnq_err *e);

/** What a dataset is, as it claims. */
int mnq_h5_info(struct mnq_h5 *h, const char *path, struct mnq_h5info *info, struct mnq_err *e);

/** Rows [first, first + n) of bytes, `size` in all (none: only that it is stored in a way that can be read); the first n
 *  integers of any size. Not from two threads at once. */
int mnq_h5_rows(struct mnq_h5 *h, const char *path, uint64_t first, uint64_t n, uint8_t *to, size_t size, struct mnq_err *e);
int mnq_h5_integers(struct mnq_h5 *h, const char *path, uint64_t n, int64_t *to, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
