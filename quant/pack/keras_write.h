/* SPDX-License-Identifier: Apache-2.0
 * Float graphs out: a Keras 2 full-model HDF5 file. */
#ifndef MNQ_KERAS_WRITE_H
#define MNQ_KERAS_WRITE_H

#include "graph/graph.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A raw graph as the bytes of the file that Keras would write: root attributes `model_config` (JSON), `keras_version`,
 * `backend`, and the group `model_weights`. mnq_import() and Keras read it back. Identical graphs give identical bytes.
 * bytes   malloc'd
 * return  0, or -1 with e: what Keras has no layer for, HDF5 errors
 */
int mnq_keras_make(const struct mnq_graph *g, uint8_t **bytes, size_t *n, struct mnq_err *e);

/** The same as a file, which replaces an existing one (util/outfile.h). */
int mnq_keras_write(const struct mnq_graph *g, const char *path, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
