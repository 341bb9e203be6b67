/* SPDX-License-Identifier: Apache-2.0
 * Values in a Keras layer's configuration: under present and former names, with Keras' defaults. */
#ifndef MNQ_KERAS_FIELDS_H
#define MNQ_KERAS_FIELDS_H

#include "import/keras_config.h"
#include "import/netbuild.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One configuration on its way into a graph. */
struct mnq_knet {
    struct mnq_build b;
    const char *file;  /* for messages */
    int version;       /* Keras' major version, 0 if unknown */
    int resolution;    /* wanted input height and width, 0 = the file's own */
    bool open_input;   /* the file leaves the input's height or width open */
    bool first;        /* layers are channels_first; the graph is not: shapes and axes are read as if they were last */
    bool hard_sigmoid; /* a Keras 1 or 2 "hard_sigmoid" was met, whose form is settled at the end */
    /* The node's last axes were folded into its channels (Keras' tensor has more than three): what looks at the last axis
     * alone would not see it. Its size; 0: nothing was folded. */
    int folded[MNQ_BUILD_NODES];
    /* The node's one row is none: Keras' tensor is a sequence of two dimensions, whose axes are 1 and 2. */
    bool sequence[MNQ_BUILD_NODES];
    /* The node is known to have height and width in Keras, even where both are 1: axis 1 is not its channels. */
    bool plane[MNQ_BUILD_NODES];
    int knows;                         /* the newest node whose layer has settled both itself */
    int n_part, part[MNQ_OUTPUTS_MAX]; /* what the newest layer made, where that is several tensors; else n_part is 0 */
    struct mnq_err *e;
};

/** Appends one call of a layer of some class: n_in input nodes `in`; the output's node, or -1 with k->e set. */
typedef int mnq_kl_emit(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in);

/** Fails with "file: layer 'name' (Class): message". Returns -1. */
int mnq_knet_fail(const struct mnq_knet *k, const struct mnq_klayer *l, const char *fmt, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

/** Value of a key under its present name or Keras 1's (NULL: none); NULL if absent or null. */
const struct mnq_ynode *mnq_kf_get(const struct mnq_klayer *l, const char *key, const char *old);

/*
 * Typed values: 0, or -1 with k->e set. `missing` is given where the key is absent.
 */

/** An integer; an absent key is refused if `missing` is below `lo`. */
int mnq_kf_int(struct mnq_knet *k, const struct mnq_klayer *l, const char *key, const char *old, int lo, int hi, int missing,
               int *out);
int mnq_kf_bool(struct mnq_knet *k, const struct mnq_klayer *l, const char *key, const char *old, bool missing, bool *out);
int mnq_kf_double(struct mnq_knet *k, const struct mnq_klayer *l, const char *key, double missing, double *out);
int mnq_kf_text(struct mnq_knet *k, const struct mnq_klayer *l, const char *key, const char *old, const char *missing,
                const char **out);

/** Numbers of a scalar or of lists into v; their count, 1 to max, or -1. */
int mnq_kf_numbers(struct mnq_knet *k, const struct mnq_klayer *l, const char *key, float missing, float *v, int max);

/** Refuses every data_format but the model's. */
int mnq_kf_data_format(struct mnq_knet *k, const struct mnq_klayer *l);

/** An axis of node `in` as Keras counts it, as of a tensor whose channels are last. */
int mnq_knet_axis(const struct mnq_knet *k, int in, int axis);

/** Whether node `in` is a map in a channels_first model: its last axis is not its channels. */
bool mnq_knet_turned(const struct mnq_knet *k, int in);

int mnq_kf_padding(struct mnq_knet *k, const struct mnq_klayer *l, enum mnq_padding *out);

#ifdef __cplusplus
}
#endif
#endif
