/* SPDX-License-Identifier: Apache-2.0
 * The importer's inner doors: one per kind of file. */
#ifndef MNQ_CONTAINER_H
#define MNQ_CONTAINER_H

#include "import/h5file.h"
#include "import/import.h"
#include "util/ydoc.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A full model in Keras' legacy HDF5 form: attribute model_config, weights below /model_weights. */
int mnq_import_full(struct mnq_h5 *h, const struct mnq_import_opts *opts, struct mnq_graph *g, struct mnq_err *e);

/** Weights without an architecture: Keras 2's layer_names or Keras 3's tree of vars. */
int mnq_import_weights(struct mnq_h5 *h, const struct mnq_import_opts *opts, struct mnq_graph *g, struct mnq_err *e);

/** A .keras archive. */
int mnq_import_zip(const char *name, const uint8_t *bytes, size_t n, const struct mnq_import_opts *opts, struct mnq_graph *g,
                   struct mnq_err *e);

/** A configuration (the root of a model_config) and the Keras 3 weights that belong to it. `what` names the format. */
int mnq_import_config3(struct mnq_h5 *h, const struct mnq_ynode *config, int version, const struct mnq_import_opts *opts,
                       struct mnq_graph *g, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
