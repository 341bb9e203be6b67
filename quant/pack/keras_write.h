/* SPDX-License-Identifier: Apache-2.0
 * Float graphs out: a Keras 2 full-model HDF5 file. */
#ifndef MNQ_KERAS_WRITE_H
#define MNQ_KERAS_WRITE_H

#include "graph/graph.h"

/**
 * Writes a raw graph as Keras writes a model: root attributes `model_config` (JSON), `keras_version`, `backend`, and the
 * group `model_weights`. mnq_import() and Keras read it back. Identical graphs give identical bytes.
 * path    is written directly: the caller gives a temporary name and renames it (mnq_file_commit)
 * return  0, or -1 with e: what Keras has no layer for, HDF5 errors, full disk; nothing is left behind
 */
int mnq_keras_write(const struct mnq_graph *g, const char *path, struct mnq_err *e);

#endif
