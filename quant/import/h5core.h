/* SPDX-License-Identifier: Apache-2.0
 * The HDF5 library's side of reading: distrusts the file, and is distrusted itself (import/h5file.h). */
#ifndef MNQ_H5CORE_H
#define MNQ_H5CORE_H

#include "import/h5source.h"
#include "import/h5values.h"
#include "util/arena.h"

#ifdef __cplusplus
extern "C" {
#endif

/** An open file. Set name, arena (results live there) and source, the rest zero. */
struct mnq_h5core {
    const char *name;
    struct mnq_arena *arena;
    struct mnq_h5source source;
    hid_t file;
    uint64_t values; /* weights read so far */
    struct mnq_h5values rows;
    char rows_path[1024], rows_name[1500];
};

int mnq_h5core_open(struct mnq_h5core *h, struct mnq_err *e);
void mnq_h5core_close(struct mnq_h5core *h);

enum mnq_h5kind mnq_h5core_kind(const struct mnq_h5core *h, const char *path);
int mnq_h5core_members(const struct mnq_h5core *h, const char *group, char ***name, size_t *n, struct mnq_err *e);
bool mnq_h5core_has_attr(const struct mnq_h5core *h, const char *object, const char *attr);
int mnq_h5core_texts(const struct mnq_h5core *h, const char *object, const char *attr, char ***text, size_t *n,
                     struct mnq_err *e);
bool mnq_h5core_bfloat16(const struct mnq_h5core *h, const char *path, hid_t type);
int mnq_h5core_shape(const struct mnq_h5core *h, const char *path, struct mnq_h5shape *s, struct mnq_err *e);

/** s->n floats behind `head` free bytes, malloc'd. */
int mnq_h5core_read(struct mnq_h5core *h, const char *path, size_t head, uint8_t **bytes, struct mnq_h5shape *s,
                    struct mnq_err *e);

/** What a data set is, as it claims. */
int mnq_h5core_info(const struct mnq_h5core *h, const char *path, struct mnq_h5info *info, struct mnq_err *e);

/** Rows [first, first + n) of integers: as bytes, or wide as int64; malloc'd. */
int mnq_h5core_rows(struct mnq_h5core *h, const char *path, uint64_t first, uint64_t n, bool wide, uint8_t **bytes,
                    size_t *size, struct mnq_err *e);

/** Groups that have a member of that name; at most 1000. */
int mnq_h5core_groups(const struct mnq_h5core *h, const char *member, char ***name, size_t *n, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
