/* SPDX-License-Identifier: Apache-2.0
 * Questions to the process that reads an HDF5 file, and its answers. */
#ifndef MNQ_H5SERVE_H
#define MNQ_H5SERVE_H

#include "import/h5core.h"
#include "util/worker.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What is asked: a struct mnq_h5question, then two texts with their NUL: a path and an attribute's or member's name. */
enum mnq_h5op {
    MNQ_H5_ASK_OPEN,     /* nothing */
    MNQ_H5_ASK_KIND,     /* uint32_t: enum mnq_h5kind */
    MNQ_H5_ASK_MEMBERS,  /* texts, each with its NUL */
    MNQ_H5_ASK_HAS_ATTR, /* uint32_t */
    MNQ_H5_ASK_TEXTS,    /* texts */
    MNQ_H5_ASK_SHAPE,    /* struct mnq_h5shape */
    MNQ_H5_ASK_READ,     /* struct mnq_h5shape, floats */
    MNQ_H5_ASK_INFO,     /* struct mnq_h5info */
    MNQ_H5_ASK_ROWS,     /* bytes */
    MNQ_H5_ASK_WIDE,     /* int64_t */
    MNQ_H5_ASK_GROUPS,   /* texts */
};

struct mnq_h5question {
    uint32_t op;       /* enum mnq_h5op */
    uint64_t first, n; /* rows */
};

/** For struct mnq_worker_job; ctx is a struct mnq_h5core. */
int mnq_h5serve_prepare(void *ctx, int fd);
int mnq_h5serve_answer(void *ctx, const uint8_t *question, size_t n, struct mnq_reply *r, struct mnq_err *e);
void mnq_h5serve_finish(void *ctx);

#ifdef __cplusplus
}
#endif
#endif
