/* SPDX-License-Identifier: Apache-2.0
 * Pictures that reach the model row by row. */
#ifndef MNQ_RUN_STREAM_H
#define MNQ_RUN_STREAM_H

#include "subject.h"

/** Outputs of pictures, one after the other. */
struct mnq_streamed {
    float *value; /* [n][outputs] */
    uint8_t *raw; /* [n][raw_size] */
    size_t raw_size;
    int n;
};

/**
 * Runs an integer model on raw input tensors, one after the other, from a file or, if path is "-", standard input. A row is
 * read and pushed, and nothing of a picture kept: memory is mnq_stream_size() and one row.
 * return  0, or -1: an I/O error, a picture that ends early, no picture at all
 */
int mnq_run_stream(const struct mnq_subject *s, const char *path, struct mnq_streamed *out, struct mnq_arena *arena,
                   struct mnq_err *e);

#endif
