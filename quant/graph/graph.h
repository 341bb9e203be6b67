/* SPDX-License-Identifier: Apache-2.0
 * The float graph: what an importer fills, passes rewrite and the executor runs. */
#ifndef MNQ_GRAPH_H
#define MNQ_GRAPH_H

#include "graph/preprocess.h"
#include "util/arena.h"
#include "util/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Operators. "raw" ones leave the graph in mnq_graph_legalize(); the rest is what gets quantized. */
enum mnq_op {
    MNQ_OP_INPUT,
    MNQ_OP_CONV,      /* w[kh][kw][cin / groups][cout] (Keras HWIO), b[cout] or NULL */
    MNQ_OP_DWCONV,    /* w[kh][kw][cin*mult], output channel = cin_index*mult + m; b or NULL */
    MNQ_OP_DENSE,     /* w[cin][cout] on a 1x1xcin tensor, b or NULL */
    MNQ_OP_AVGPOOL,   /* window kh x kw, the mean of what lies inside the input; the global pool has kh = H, kw = W */
    MNQ_OP_ADD,       /* coef[0] in[0] + coef[1] in[1]; in each direction an input has the output's size or 1 */
    MNQ_OP_MUL,       /* in[0] times in[1], sizes likewise; legal: in[0] has the output's shape */
    MNQ_OP_SOFTMAX,   /* over the channels of every pixel */
    MNQ_OP_ACT,       /* raw unless nothing can absorb it: act only */
    MNQ_OP_BATCHNORM, /* raw: y = gamma (x - mean) / sqrt(var + eps) + beta */
    MNQ_OP_AFFINE,    /* y = scale[c] x + offset[c] (Rescaling, arithmetic with constants); legal only behind INPUT */
    MNQ_OP_PAD,       /* raw: zero padding by pad_*; legal only when no convolution can absorb it */
    MNQ_OP_RESHAPE,   /* raw: Flatten, Reshape, Dropout, linear Activation; same elements in NHWC order */
    MNQ_OP_MAXPOOL,   /* window kh x kw, the largest of what lies inside the input */
    MNQ_OP_SELECT,    /* channels of in[0], then in[1] if there are two, taken as map[out.c] says; NULL: all in order */
    MNQ_OP_UPSAMPLE,  /* every pixel kh x kw times, or (`bilinear`) what lies between pixel centres, edges repeated */
    MNQ_OP_SPREAD, /* channel (y kw + x) C + c becomes channel c of pixel (y, x) of a kh x kw block; out.h, out.w may cut */
    MNQ_OP_CROP,   /* raw: pt, pl, pb, pr rows and columns left out */
    MNQ_OP_TCONV,  /* raw: Conv2DTranspose, w[kh][kw][cout][cin], b or NULL; pt, pl rows and columns cut in front; own out */
    MNQ_OP_JOIN,   /* only while passes rewrite: reads two outputs of the network, so that it has one end */
    MNQ_OP_COUNT
};

/** Activations, alone (ACT) or behind any operator of a legal graph but INPUT, AFFINE and SOFTMAX; values: activation.h. */
enum mnq_act {
    MNQ_ACT_NONE,
    MNQ_ACT_RELU,            /* max(x, 0) */
    MNQ_ACT_RELU_MAX,        /* min(max(x, 0), act_max): ReLU6 has act_max = 6 */
    MNQ_ACT_HSWISH,          /* x * min(max(x + 3, 0), 6) / 6 */
    MNQ_ACT_HSIGMOID,        /* min(max(x + 3, 0), 6) / 6 */
    MNQ_ACT_HARD_SIGMOID_02, /* min(max(0.2 x + 0.5, 0), 1): Keras 1 and 2 */
    MNQ_ACT_SIGMOID,         /* 1 / (1 + exp(-x)) */
    MNQ_ACT_LEAKY,           /* min(x, act_max) from act_threshold on, act_alpha (x - act_threshold) below */
    MNQ_ACT_PRELU,           /* x from 0 on, slope[c] x below */
    MNQ_ACT_ELU,             /* x from 0 on, act_alpha (exp(x) - 1) below */
    MNQ_ACT_SELU,
    MNQ_ACT_SWISH, /* x sigmoid(x) */
    MNQ_ACT_TANH,
    MNQ_ACT_GELU,      /* x (1 + erf(x / sqrt 2)) / 2 */
    MNQ_ACT_GELU_TANH, /* its approximation */
    MNQ_ACT_SOFTPLUS,  /* log(1 + exp(x)) */
    MNQ_ACT_SOFTSIGN,  /* x / (1 + |x|) */
    MNQ_ACT_MISH,      /* x tanh(softplus(x)) */
    MNQ_ACT_EXP,
    MNQ_ACT_SQUARE,
    MNQ_ACT_COUNT
};

/** Largest window of an average that counts what lies inside (NUMERICS.md section 5). */
enum { MNQ_COUNTED_WINDOW = 7 };

/** Height, width, channels; a vector is 1 x 1 x C. */
struct mnq_shape {
    int h, w, c;
};

/** One operator with its output tensor. Node i reads only nodes < i. Arrays live in the graph's arena. */
struct mnq_node {
    const char *name; /* unique; the Keras layer name where there is one */
    enum mnq_op op;
    int n_in, in[2]; /* indices of producing nodes */
    struct mnq_shape out;
    int kh, kw, sh, sw; /* window and strides; 1 where there is none */
    int pt, pl, pb, pr; /* zero padding */
    int mult;           /* depth multiplier (DWCONV) */
    int groups;         /* CONV: output channel o reads the input channels of group o / (cout / groups); 0 stands for 1 */
    int dh, dw;         /* raw CONV, DWCONV: dilation; 0 stands for 1 */
    bool bilinear;      /* UPSAMPLE */
    float coef[2];      /* ADD */
    int *map;           /* SELECT [out.c] */
    enum mnq_act act;
    float act_max;                    /* RELU_MAX, LEAKY (there INFINITY: none) */
    float act_alpha, act_threshold;   /* LEAKY, ELU */
    float *slope;                     /* PRELU [c] */
    float *w, *b;                     /* weights and bias, layouts above; b may be NULL */
    float *gamma, *beta, *mean, *var; /* BATCHNORM [c]; gamma, beta may be NULL */
    float eps;
    int kept;              /* variables of the layer that no array above holds: Normalization's */
    float *scale, *offset; /* AFFINE [c] */
    /* Where the weights came from, so that they can be written back in place (HDF5 paths; NULL = nowhere). */
    const char *w_path, *b_path; /* BATCHNORM: b_path is beta's */
    /* Range that quantization-aware training found for the output, learned[0] < learned[1]; both 0: none. */
    float learned[2];
    int twin;   /* raw graphs: the earlier node whose weights these are too (one layer, called twice); -1 */
    int source; /* legal graphs: index of the raw node that holds w_path; -1 if none */
    /* Legal graphs: what folding made of the stored values; NULL = all ones.
     *     w = stored w * in_gain[input channel] * out_gain[output channel]
     *     d b = b_gain[output channel] * d (value at b_path)
     * in_gain is kept for 1x1 and dense layers only. b_path leads to beta where a BatchNormalization was folded in, else to
     * the layer's own bias. */
    double *in_gain, *out_gain, *b_gain;
};

/** Outputs of a network at most. */
enum { MNQ_OUTPUTS_MAX = 32 };

/** Names of the Keras dialects and decisions met while importing, printed by `inspect`. */
struct mnq_graph {
    struct mnq_arena *arena; /* owns every array and string below */
    struct mnq_node *node;
    int n, cap;
    int output; /* the node whose tensor is the result (the last one after legalize, if there is one output) */
    int n_more; /* further outputs, in the model's order */
    int more[MNQ_OUTPUTS_MAX - 1];            /* their nodes; two outputs may be one node */
    const char *output_name[MNQ_OUTPUTS_MAX]; /* where there are several: names, all different */
    const char *file;                         /* source file */
    const char *origin;                       /* e.g. "Keras 2.4 full model", "weights-only, MobileNet V1 0.25" */
    char **note;                              /* decisions worth telling (hard_sigmoid form, assumed padding, ...) */
    int n_note;
    /* Preprocessing the source itself implies: "tf" for keras.applications weights-only files; NULL = unknown. */
    const char *preprocess;
    bool preprocess_usual;         /* the file does not say that: it is what networks of its family are usually given */
    enum mnq_filter resize_filter; /* of a layer at the front that resized pictures; PIL: there is none */
    bool resize_crop;              /* such a layer cropped them to their shape */
    const char *resize_other;      /* its interpolation where there is none like it, e.g. "area"; else NULL */
    bool size_open;                /* the file leaves the input's height and width open: those of the graph are assumed */
    const char *loss;              /* what it was trained for, "binarycrossentropy" (graph/task.h); NULL = unknown */
    const char *loss_of[MNQ_OUTPUTS_MAX]; /* the same where the outputs differ in it; else NULL */
};

/** "conv", "dwconv", ... for messages and JSON. */
const char *mnq_op_name(enum mnq_op op);
/** "none", "relu", "relu_max", "hswish", ... */
const char *mnq_act_name(enum mnq_act act);

/** Empty graph in an arena. */
void mnq_graph_init(struct mnq_graph *g, struct mnq_arena *arena);

/** Appends a zeroed node (kh = kw = sh = sw = mult = 1, act NONE, source -1) and returns it; NULL when out of memory.
 *  Pointers to earlier nodes are invalid afterwards. */
struct mnq_node *mnq_graph_add(struct mnq_graph *g, enum mnq_op op, const char *name);

/** Adds a note (printf). Returns 0 or -1 (out of memory). */
int mnq_graph_note(struct mnq_graph *g, const char *fmt, ...);

/** Groups of a convolution, at least 1. */
static inline int mnq_node_groups(const struct mnq_node *nd)
{
    return nd->groups > 1 ? nd->groups : 1;
}

/** How many outputs. */
static inline int mnq_graph_outputs(const struct mnq_graph *g)
{
    return 1 + g->n_more;
}

/** Whether training found a range for the node's output. */
static inline bool mnq_node_is_learned(const struct mnq_node *nd)
{
    return nd->learned[0] < nd->learned[1];
}

/** The node of output k, 0 the first. */
static inline int mnq_graph_output(const struct mnq_graph *g, int k)
{
    return k == 0 ? g->output : g->more[k - 1];
}

/** Whether node i is one of them. */
static inline bool mnq_graph_is_output(const struct mnq_graph *g, int i)
{
    bool is = i == g->output;
    for (int k = 0; k < g->n_more; k++) is = is || i == g->more[k];
    return is;
}

/** Elements of a tensor: the only place that multiplies a shape's sides. mnq_graph_check() and mnq_load() bound the product
 * by 2^28, so it overflows nowhere. */
static inline size_t mnq_elements(struct mnq_shape s)
{
    return (size_t)s.h * (size_t)s.w * (size_t)s.c;
}

/** Number of weights of a node (without bias). */
size_t mnq_node_weights(const struct mnq_graph *g, const struct mnq_node *nd);

/** A graph whose nodes, weights and biases are its own, in `arena`; all else it shares with `g`. Returns 0 or -1 (memory).
 */
int mnq_graph_copy(struct mnq_graph *to, const struct mnq_graph *g, struct mnq_arena *arena, struct mnq_err *e);

/**
 * Computes nd->out from its inputs and attributes and checks that they fit. INPUT and RESHAPE keep their own shape, SPREAD
 * and TCONV their own height and width, CONV, TCONV, DENSE and SELECT with a map their own out.c (no other attribute says
 * it). 0, or -1 with a message that names the node, the shape found and the shape wanted.
 */
int mnq_node_infer(const struct mnq_graph *g, struct mnq_node *nd, struct mnq_err *e);

/** Infers every node in order and checks topology, unique names, finite weights (NaN and infinity are refused). */
int mnq_graph_check(struct mnq_graph *g, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
