/* SPDX-License-Identifier: Apache-2.0
 * Keras files in, raw float graph out. */
#ifndef MNQ_IMPORT_H
#define MNQ_IMPORT_H

#include "graph/graph.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a file cannot say by itself. All optional (zero = decide from the file). */
struct mnq_import_opts {
    const char *arch; /* weights-only files: built-in name ("v1", "v2", "v3-small", ...) or a YAML architecture file */
    int resolution;   /* input height and width; 0 = the file's own, or 224 */
};

/**
 * Reads any supported float model: Keras 1, 2 or 3 full-model .h5, weights-only .h5 of the keras.applications networks,
 * Keras 3 .weights.h5 and .keras.
 * The graph is raw: Keras' layers one to one, in topological order, checked by mnq_graph_check().
 * Every fault gives one line naming file, layer, what was found and what was wanted; HDF5's own messages stay silent.
 */
int mnq_import(const char *path, const struct mnq_import_opts *opts, struct mnq_graph *g, struct mnq_arena *arena,
               struct mnq_err *e);

/**
 * The same from a file's bytes (not kept).
 * name    for messages, and g->file
 * opts    may be NULL
 */
int mnq_import_bytes(const char *name, const uint8_t *bytes, size_t n, const struct mnq_import_opts *opts,
                     struct mnq_graph *g, struct mnq_arena *arena, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
