/* SPDX-License-Identifier: Apache-2.0
 * The variables a network waits for against the datasets a file holds.
 *
 * Matching is by name first: a dataset belongs to a layer if the path in its weight name is one of the layer's names, or
 * ends in one. Where names do not tell (other generations, renamed scopes), it is by topological order and shape. */
#ifndef MNQ_WMATCH_H
#define MNQ_WMATCH_H

#include "import/h5file.h"
#include "import/netbuild.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A dataset with weights. */
struct mnq_found {
    const char *group; /* the layer's HDF5 group as layer_names lists it; "" in Keras 3 .weights.h5 */
    const char *layer; /* the path of the weight's name without its last part: "conv1", "block_1_expand", "" */
    const char *var;   /* the last part without ":0": "kernel", "moving_mean"; "" if unknown */
    const char *alias; /* Keras 3: the layer's own name where the file tells it; else NULL */
    const char *path;  /* dataset */
    int rank;
    int64_t dim[MNQ_H5_RANK];
    bool bytes; /* stored as integers of 8 bits */
    bool used;
};

struct mnq_founds {
    struct mnq_found *item;
    int n;
};

/** Weights listed by the attributes layer_names and weight_names below `root` ("/" or "/model_weights"), in their order. */
int mnq_found_keras2(struct mnq_h5 *h, const char *root, struct mnq_arena *arena, struct mnq_founds *f, struct mnq_err *e);

/** Weights of a Keras 3 .weights.h5: datasets .../vars/0, 1, ... */
int mnq_found_keras3(struct mnq_h5 *h, struct mnq_arena *arena, struct mnq_founds *f, struct mnq_err *e);

/**
 * Finds and reads every variable of b's slots whose group is `group` (NULL: of all slots).
 * found   candidates; `used` is set on those taken
 * strict  also refuse a file that holds more variables than the network has
 * where   what messages call the place, e.g. "/model_weights/sequential_1"
 */
int mnq_match(struct mnq_h5 *h, struct mnq_build *b, const char *group, struct mnq_founds *found, bool strict,
              const char *where, struct mnq_err *e);

/** True if the dataset's name allows it to be a variable of this kind. */
bool mnq_found_is(const struct mnq_found *f, enum mnq_var_kind kind);

#ifdef __cplusplus
}
#endif
#endif
