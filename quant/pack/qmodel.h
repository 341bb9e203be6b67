/* SPDX-License-Identifier: Apache-2.0
 * The integer model on the host: what lowering makes, packing writes and reports read. */
#ifndef MNQ_QMODEL_H
#define MNQ_QMODEL_H

#include "graph/graph.h"
#include "graph/preprocess.h"
#include "graph/task.h"

#include "mnq/mnq.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Knots of an activation's table (NUMERICS.md section 3). */
enum { MNQ_TABLE_KNOTS = 257 };

/** A tensor of the integer model; fields as in FORMAT.md, TENS. */
struct mnq_qtensor {
    struct mnq_shape shape;
    enum mnq_dtype dtype;
    int32_t zp;
    float *scale;    /* [shape.c] */
    uint32_t offset; /* arena, set by mnq_qmodel_plan() */
    int *origin;     /* [shape.c] channel of the float graph's tensor, once mnq_shrink() removed some; NULL = the same */
};

/** A layer of the integer model; fields as in FORMAT.md, LAYR. Arrays are NULL where the row says none. */
struct mnq_qlayer {
    const char *name;             /* of the legal graph's node */
    int node;                     /* its index in the legal graph, -1 after loading */
    uint8_t op, wtype, act, frac; /* kernels.h: mnq_layer_op, _wtype, _act */
    int in0, in1, out;            /* tensor indices; in1 -1 = none */
    int kh, kw, sh, sw, pt, pl, pb, pr;
    int mult; /* DWCONV: depth multiplier; CONV: groups, 0 = one; UPSAMPLE: 1 = bilinear */
    int32_t lo, hi;
    /* Integers one by one in NUMERICS.md's order, however the file stores them: int16_t for S16 and BINARY (the sum of its
     * bases), int8_t for all others. Packing makes the stored form. */
    void *w;
    size_t w_count;     /* weights */
    int block;          /* SPARSE, SPARSE4: weights per bit of the bitmap; else 0 */
    int bases;          /* BINARY: 1..4; else 0 */
    int16_t *coef;      /* BINARY with more than one base: [C_out][bases], > 0; else NULL */
    int16_t *threshold; /* XNOR: [C_in] an activation q counts as +1 if q >= threshold, else as -1; else NULL */
    uint16_t *map;      /* SELECT: [C_out] channel of in0, then in1; NULL = all in order */
    int16_t *table;     /* TABLE: MNQ_TABLE_KNOTS; else NULL */
    int32_t *bias, *m, *m2;
    int8_t *r, *r2;
    int8_t *pad;
    int64_t macs;
    int acc_bits;     /* bits that the worst-case accumulator needs, sign included */
    double *acc_step; /* [C_out] real value of one accumulator unit; NULL after loading and for SOFTMAX, LOGISTIC */
    int32_t in_max;   /* largest |q| of the inputs, NUMERICS.md's A; 0 after loading */
};

/** Groups of a CONV, at least 1. op 1 is CONV (kernels.h). */
static inline int mnq_qlayer_groups(const struct mnq_qlayer *l)
{
    return l->op == 1 && l->mult > 1 ? l->mult : 1;
}

/** Whether the weights in l->w are int16_t. wtype 2 is S16, 5 BINARY (kernels.h). */
static inline bool mnq_qlayer_wide(const struct mnq_qlayer *l)
{
    return l->wtype == 2 || l->wtype == 5;
}

/** Weight i of a layer, in the order of NUMERICS.md. */
static inline int32_t mnq_qlayer_weight(const struct mnq_qlayer *l, size_t i)
{
    return mnq_qlayer_wide(l) ? ((const int16_t *)l->w)[i] : ((const int8_t *)l->w)[i];
}

/**
 * Bytes of the layer's weights as FORMAT.md stores them, coefficients and thresholds included.
 * cin, cout  channels of its input and output
 */
size_t mnq_qlayer_weight_bytes(const struct mnq_qlayer *l, int cin, int cout);

struct mnq_stages;

/** The whole integer model. */
struct mnq_qmodel {
    struct mnq_arena *arena;
    struct mnq_qtensor *tensor;
    struct mnq_qlayer *layer;
    int n_tensors, n_layers, input, output;
    uint32_t arena_bytes;             /* layer by layer, set by mnq_qmodel_plan() */
    struct mnq_stages *plan, *push;   /* plans of stages, set by mnq_qmodel_stages() (stage.h); NULL: none */
    struct mnq_preprocess preprocess; /* how pictures become input bytes */
    enum mnq_task_kind task;          /* what the output means; AUTO: what the last layer tells */
    double threshold;                 /* of its decisions; 0: MNQ_TASK_THRESHOLD */
    /* Further outputs, as mnq_graph has them: tensors; names of all, the first too; and what they mean, as `task` and
     * `threshold` say it of the first. */
    int n_more, more[MNQ_OUTPUTS_MAX - 1];
    const char *name_of[MNQ_OUTPUTS_MAX];
    enum mnq_task_kind more_task[MNQ_OUTPUTS_MAX - 1];
    double more_threshold[MNQ_OUTPUTS_MAX - 1];
    const char *const *classes; /* names, or NULL */
    int n_classes;
    const char *tool, *source_name; /* provenance */
    uint32_t source_crc;
    const char *recipe; /* effective recipe, YAML text */
};

/**
 * Static memory plan: offsets of all tensors in one arena. Greedy over lifetimes (Pisarchyk and Lee 2020,
 * arXiv:2001.03288) with a short search, deterministic. Sets tensor[].offset and arena_bytes.
 */
int mnq_qmodel_plan(struct mnq_qmodel *q, struct mnq_err *e);

/** Whether mnq_qmodel_plan() would need at most `limit` bytes: found out without searching on. 0, or -1 when out of memory.
 */
int mnq_qmodel_plan_fits(const struct mnq_qmodel *q, uint32_t limit, bool *fits, struct mnq_err *e);

/** How many outputs, and the tensor of output k, 0 the first. */
static inline int mnq_qmodel_outputs(const struct mnq_qmodel *q)
{
    return 1 + q->n_more;
}
static inline int mnq_qmodel_output(const struct mnq_qmodel *q, int k)
{
    return k == 0 ? q->output : q->more[k - 1];
}

/** What output k means: as stored, else as the last layer tells, in the terms of mnq_task_infer(). */
struct mnq_task mnq_qmodel_task(const struct mnq_qmodel *q, int k);

/** Notes the task of output k in the model, where the last layer does not tell it anyway. */
void mnq_qmodel_set_task(struct mnq_qmodel *q, int k, const struct mnq_task *t);

/** Whether a file can hold what is made of a legal graph, as far as its layers tell: asked before long work. 0, or -1 with
 * e. */
int mnq_qmodel_holds(const struct mnq_graph *g, struct mnq_err *e);

/** Serializes to FORMAT.md bytes (in q->arena) and loads the result once to prove it valid. */
int mnq_qmodel_pack(const struct mnq_qmodel *q, uint8_t **bytes, size_t *n, struct mnq_err *e);

/** A packed file with everything the host knows of it. */
struct mnq_package {
    const char *file;
    uint8_t *bytes; /* the whole file, 16-byte aligned */
    size_t n_bytes;
    struct mnq_model model; /* loaded view for mnq_run() */
    struct mnq_qmodel q;    /* decoded; weights of one integer each point into bytes */
    int64_t macs;           /* totals */
    int64_t weight_bytes;   /* weights, biases, multipliers, shifts, pads: everything in DATA */
};

/** Operations that one run of a packed model may take (quant/BUDGETS.md); 0: as the file's size says. Call it before other
 * threads run. */
void mnq_package_allow(uint64_t operations);

/** Operations that one run may take of a model whose file has n bytes: what was allowed, else by the size. */
uint64_t mnq_package_most(uint64_t n);

/** Reads and validates a .mnq file. */
int mnq_package_open(const char *path, struct mnq_package *p, struct mnq_arena *arena, struct mnq_err *e);

/** The same from bytes (16-byte aligned; kept, not copied). */
int mnq_package_parse(const char *name, uint8_t *bytes, size_t n, struct mnq_package *p, struct mnq_arena *arena,
                      struct mnq_err *e);

/** Packs the weights for the kernels of p->model, in memory of `arena`. Before mnq_run(). */
int mnq_package_prepare(struct mnq_package *p, struct mnq_arena *arena, struct mnq_err *e);

/**
 * Gives p->model plans of wider bands, for the memory of this machine instead of the file's target: the same bits. The
 * figures below are of the file: ask for them before. What is too large to be searched quickly keeps the plans of the file.
 */
int mnq_package_widen(struct mnq_package *p, struct mnq_arena *arena, struct mnq_err *e);

/** Bytes of arena that a run of single layers takes. return 0; -1 with e: more than any run is given, quant/BUDGETS.md */
int mnq_package_layers_arena(const struct mnq_package *p, size_t *bytes, struct mnq_err *e);

/** Bytes of arena that a report states: with the generic kernels, whatever this machine's need on top. */
int64_t mnq_package_arena(const struct mnq_package *p);

/** The same with the picture's rows pushed. */
int64_t mnq_package_stream(const struct mnq_package *p);

/** Dequantizes tensor t of the model: out[i] = scale[c] * (q - zp). `data` is its bytes in the arena. */
void mnq_dequantize(const struct mnq_qtensor *t, const void *data, float *out);

#ifdef __cplusplus
}
#endif
#endif
