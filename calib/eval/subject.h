/* SPDX-License-Identifier: Apache-2.0
 * A model that can be run on pictures, float or integer, chosen by what the file holds. */
#ifndef MNQ_SUBJECT_H
#define MNQ_SUBJECT_H

#include "data.h"

#include "graph/graph.h"
#include "graph/preprocess.h"
#include "graph/task.h"
#include "import/import.h"
#include "pack/qmodel.h"

#ifdef __cplusplus
extern "C" {
#endif

enum mnq_subject_kind { MNQ_SUBJECT_FLOAT, MNQ_SUBJECT_INT8 };

/** Where the preprocessing of a float model came from. */
enum mnq_preprocess_from {
    MNQ_FROM_OPTION,  /* stated by the user */
    MNQ_FROM_MODEL,   /* stored in or implied by the file */
    MNQ_FROM_FAMILY,  /* usual for the network's family: the data may say better */
    MNQ_FROM_SIBLING, /* taken from an .mnq made from this very file */
    MNQ_FROM_NOWHERE, /* not known yet: tf until it is */
    MNQ_FROM_DATA     /* it fits the data, pixelfit.h */
};

/** How to open a float model; an .mnq carries all of this itself. */
struct mnq_subject_opts {
    const char *preprocess; /* for mnq_preprocess_parse; NULL = the model's own, or assumed */
    enum mnq_resize resize;
    enum mnq_filter filter;
    const char *task; /* for mnq_task_choose(); NULL = what the model tells */
    double threshold; /* of decisions; 0: 0.5, or the .mnq's own */
    struct mnq_import_opts import;
    const struct mnq_data *pictures; /* for a model that leaves its input size open: arrays of one size state it; or NULL */
};

/** An opened model. Immutable afterwards; any number of runners may share it. */
struct mnq_subject {
    enum mnq_subject_kind kind;
    const char *file;
    uint64_t file_bytes;
    uint32_t file_crc;
    struct mnq_shape input;
    int resolution;       /* float: taken from the pictures, 0 = not */
    int outputs;          /* values of the (first) output tensor */
    struct mnq_task task; /* what they mean */
    /* All outputs: how many, the values of all together, what each means, and of several their names; tasks[0] is `task`. */
    int n_outputs, values;
    struct mnq_task tasks[MNQ_OUTPUTS_MAX];
    const char *output_name[MNQ_OUTPUTS_MAX];
    struct mnq_preprocess preprocess;
    enum mnq_preprocess_from preprocess_from;
    char preprocess_why[240];   /* what the data says of it (pixelfit.h); "" if it was not asked */
    struct mnq_graph raw;       /* float: Keras' layers one to one */
    struct mnq_graph legal;     /* float: what runs and gets quantized; n = 0 if illegal.code is set */
    struct mnq_err illegal;     /* float: why there is no legal graph (it can be inspected, not run) */
    struct mnq_package package; /* int8 */
    const char *const *classes; /* names, or NULL */
    int n_classes;
    int64_t macs, params;
    int64_t weight_bytes; /* float: 4 * params; int8: everything in the file's DATA section */
    int64_t arena_bytes;  /* float: mnq_float_arena(); int8: the static plan; -1 unknown */
    int64_t stream_bytes; /* int8: with the picture pushed by rows; -1 unknown */
};

/** Opens path. 0, or -1 with e naming the file. */
int mnq_subject_open(const char *path, const struct mnq_subject_opts *o, struct mnq_subject *s, struct mnq_arena *arena,
                     struct mnq_err *e);

/** A packed model from its bytes (16-byte aligned; kept, not copied); name is kept. 0, or -1 with e. */
int mnq_subject_of_bytes(const char *name, uint8_t *bytes, size_t n, struct mnq_subject *s, struct mnq_arena *arena,
                         struct mnq_err *e);

/** If s is float with assumed preprocessing and `made` is an .mnq made from its file: takes over made's; true if so. */
bool mnq_subject_adopt(struct mnq_subject *s, const struct mnq_subject *made);

/** If `made` is an .mnq made from the float file of s, and no option says what the outputs of s are: takes over what they
 *  were calibrated for, thresholds too; true if so. */
bool mnq_subject_adopt_tasks(struct mnq_subject *s, const struct mnq_subject *made);

/** "float" or "int8". */
const char *mnq_subject_kind_name(enum mnq_subject_kind k);

/** Where the values of output k begin among all. */
size_t mnq_subject_first(const struct mnq_subject *s, int k);

/** Bytes of floats alive at once while a graph runs node by node: a tensor lives from its node to its last reader. -1 when
 * out of memory. */
int64_t mnq_float_arena(const struct mnq_graph *g);

/** One thread's workspace for a subject. */
struct mnq_runner;
struct mnq_runner *mnq_runner_new(const struct mnq_subject *s, struct mnq_err *e);
void mnq_runner_free(struct mnq_runner *r);

/**
 * Runs one picture.
 * pixels   h*w*c bytes of the subject's input shape, channels as in the picture (RGB or grey)
 * out      s->values values: the float outputs one after the other, or the dequantized integer ones
 */
int mnq_runner_run(struct mnq_runner *r, const uint8_t *pixels, float *out, struct mnq_err *e);

/** Bytes of output k of the last picture as the model computed it (float32, int8 or int16, host order), for checksums. */
const void *mnq_runner_raw(const struct mnq_runner *r, int k, size_t *n);

/** Bytes of all of them. */
size_t mnq_subject_raw_bytes(const struct mnq_subject *s);

#ifdef __cplusplus
}
#endif
#endif
