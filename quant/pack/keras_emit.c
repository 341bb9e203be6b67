/* SPDX-License-Identifier: Apache-2.0
 * A raw graph as Keras 2 layers.
 *
 * The graph knows only H x W x C; Keras tells a vector (batch, C) from a 1 x 1 picture (batch, 1, 1, C). A tensor is
 * written as a vector where its producer can make one and no reader needs a picture, as the source model had it. */
#include "pack/keras_emit.h"

#include "util/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HELPERS = 5 }; /* layers that one node may become */

struct emitter {
    const struct mnq_graph *g;
    struct mnq_arena *arena;
    struct mnq_err *e;
    struct mnq_json j;
    bool *picture;       /* [g->n] some reader needs rank 4 */
    bool *vector;        /* [g->n] what is written has rank 2 */
    const char **tensor; /* [g->n] layer whose output is the node's */
    struct mnq_kout *layer;
    int n, cap;
};

/* ---- ranks ---- */

static bool is_point(struct mnq_shape s)
{
    return s.h == 1 && s.w == 1;
}

/* Operators that keep the rank of what they read. */
static bool keeps_rank(enum mnq_op op)
{
    return op == MNQ_OP_ACT || op == MNQ_OP_BATCHNORM || op == MNQ_OP_AFFINE || op == MNQ_OP_SOFTMAX || op == MNQ_OP_DENSE ||
           op == MNQ_OP_ADD || op == MNQ_OP_MUL;
}

static bool is_global_pool(const struct mnq_graph *g, const struct mnq_node *nd)
{
    if (nd->op != MNQ_OP_AVGPOOL) return false;
    struct mnq_shape in = g->node[nd->in[0]].out;
    return nd->kh == in.h && nd->kw == in.w && is_point(nd->out);
}

static void spread_needs(struct emitter *x)
{
    const struct mnq_graph *g = x->g;
    for (int i = g->n - 1; i >= 0; i--) {
        const struct mnq_node *nd = &g->node[i];
        if (!is_point(nd->out)) x->picture[i] = true;
        bool asks = keeps_rank(nd->op) ? x->picture[i] : nd->op != MNQ_OP_RESHAPE;
        for (int k = 0; k < nd->n_in; k++) x->picture[nd->in[k]] |= asks;
    }
}

/* One forward sweep; true if two inputs of a node differ in rank, which makes both pictures and asks for another round. */
static bool settle_ranks(struct emitter *x)
{
    const struct mnq_graph *g = x->g;
    bool again = false;
    for (int i = 0; i < g->n; i++) {
        const struct mnq_node *nd = &g->node[i];
        if (nd->op == MNQ_OP_RESHAPE || is_global_pool(g, nd)) x->vector[i] = !x->picture[i];
        else x->vector[i] = keeps_rank(nd->op) && x->vector[nd->in[0]];
        if (nd->n_in == 2 && x->vector[nd->in[0]] != x->vector[nd->in[1]]) {
            x->picture[nd->in[0]] = x->picture[nd->in[1]] = true;
            again = true;
        }
    }
    return again;
}

/* ---- JSON of a layer ---- */

static bool name_used(const struct emitter *x, const char *name)
{
    for (int i = 0; i < x->g->n; i++)
        if (strcmp(x->g->node[i].name, name) == 0) return true;
    for (int i = 0; i < x->n; i++)
        if (strcmp(x->layer[i].name, name) == 0) return true;
    return false;
}

/* Name of a layer that the node needs besides its own. */
static const char *helper_name(struct emitter *x, const char *name, const char *what)
{
    char text[600];
    snprintf(text, sizeof text, "%.500s_%s", name, what);
    for (int k = 1; name_used(x, text); k++) snprintf(text, sizeof text, "%.500s_%s_%d", name, what, k);
    return mnq_arena_strdup(x->arena, text);
}

static struct mnq_kout *begin(struct emitter *x, const char *class_name, const char *name)
{
    struct mnq_kout *l = &x->layer[x->n++];
    *l = (struct mnq_kout){.name = name};
    mnq_json_object(&x->j, NULL);
    mnq_json_string(&x->j, "class_name", class_name);
    mnq_json_string(&x->j, "name", name);
    mnq_json_object(&x->j, "config");
    mnq_json_string(&x->j, "name", name);
    if (strcmp(class_name, "InputLayer") != 0) mnq_json_bool(&x->j, "trainable", true); /* which refuses it */
    mnq_json_string(&x->j, "dtype", "float32");
    return l;
}

static void reference(struct mnq_json *j, const char *name)
{
    mnq_json_array(j, NULL);
    mnq_json_string(j, NULL, name);
    mnq_json_int(j, NULL, 0);
    mnq_json_int(j, NULL, 0);
    mnq_json_object(j, NULL);
    mnq_json_end(j);
    mnq_json_end(j);
}

/* Closes config and layer; in1 may be NULL, in0 too for the input. */
static const char *finish(struct emitter *x, const char *in0, const char *in1)
{
    struct mnq_json *j = &x->j;
    mnq_json_end(j);
    mnq_json_array(j, "inbound_nodes");
    if (in0 != NULL) {
        mnq_json_array(j, NULL);
        reference(j, in0);
        if (in1 != NULL) reference(j, in1);
        mnq_json_end(j);
    }
    mnq_json_end(j);
    mnq_json_end(j);
    return x->layer[x->n - 1].name;
}

static void pair(struct mnq_json *j, const char *key, int a, int b)
{
    mnq_json_array(j, key);
    mnq_json_int(j, NULL, a);
    mnq_json_int(j, NULL, b);
    mnq_json_end(j);
}

static void add_weight(struct mnq_kout *l, const char *name, const float *v, int rank, int64_t d0, int64_t d1, int64_t d2,
                       int64_t d3)
{
    if (v != NULL) l->weight[l->n_weights++] = (struct mnq_kweight){name, rank, {d0, d1, d2, d3}, v};
}

/* ---- activations ---- */

static const char *emit_relu(struct emitter *x, const char *name, const char *in, bool bounded, double max)
{
    begin(x, "ReLU", name);
    if (bounded) mnq_json_double(&x->j, "max_value", max);
    else mnq_json_null(&x->j, "max_value");
    mnq_json_double(&x->j, "negative_slope", 0);
    mnq_json_double(&x->j, "threshold", 0);
    return finish(x, in, NULL);
}

static const char *emit_rescaling(struct emitter *x, const char *name, const char *in, double scale, double offset)
{
    begin(x, "Rescaling", name);
    mnq_json_double(&x->j, "scale", scale);
    mnq_json_double(&x->j, "offset", offset);
    return finish(x, in, NULL);
}

static const char *emit_activation(struct emitter *x, const char *name, const char *in, const char *function)
{
    begin(x, "Activation", name);
    mnq_json_string(&x->j, "activation", function);
    return finish(x, in, NULL);
}

/* The last layer of the chain carries the node's own name. */
static const char *emit_act(struct emitter *x, const struct mnq_node *nd, const char *name, const char *in)
{
    const char *a, *b, *c;
    switch (nd->act) {
    case MNQ_ACT_NONE:
        return emit_activation(x, name, in, "linear");
    case MNQ_ACT_RELU:
        return emit_relu(x, name, in, false, 0);
    case MNQ_ACT_RELU_MAX:
        return emit_relu(x, name, in, true, (double)nd->act_max);
    case MNQ_ACT_SIGMOID:
        return emit_activation(x, name, in, "sigmoid");
    case MNQ_ACT_HARD_SIGMOID_02: /* spelled out: Keras 2 and 3 disagree about "hard_sigmoid" */
        a = emit_rescaling(x, helper_name(x, name, "scale"), in, 0.2, 0.5);
        return emit_relu(x, name, a, true, 1);
    case MNQ_ACT_HSIGMOID:
    case MNQ_ACT_HSWISH:
        a = emit_rescaling(x, helper_name(x, name, "shift"), in, 1, 3);
        b = emit_relu(x, helper_name(x, name, "relu6"), a, true, 6);
        if (nd->act == MNQ_ACT_HSIGMOID) return emit_rescaling(x, name, b, 1.0 / 6, 0);
        c = emit_rescaling(x, helper_name(x, name, "sixth"), b, 1.0 / 6, 0);
        begin(x, "Multiply", name);
        return finish(x, in, c);
    }
    return NULL;
}

/* ---- layers ---- */

/* TensorFlow's SAME for one direction. */
static bool is_same(int in, int window, int stride, int before, int after)
{
    int total = (in - 1) / stride * stride + window - in;
    if (total < 0) total = 0;
    return before == total / 2 && after == total - total / 2;
}

static const char *emit_pad(struct emitter *x, const struct mnq_node *nd, const char *name, const char *in)
{
    begin(x, "ZeroPadding2D", name);
    mnq_json_array(&x->j, "padding");
    pair(&x->j, NULL, nd->pt, nd->pb);
    pair(&x->j, NULL, nd->pl, nd->pr);
    mnq_json_end(&x->j);
    mnq_json_string(&x->j, "data_format", "channels_last");
    return finish(x, in, NULL);
}

static const char *emit_conv(struct emitter *x, const struct mnq_node *nd, const char *name, const char *in)
{
    struct mnq_json *j = &x->j;
    struct mnq_shape s = x->g->node[nd->in[0]].out;
    bool depthwise = nd->op == MNQ_OP_DWCONV, none = nd->pt + nd->pb + nd->pl + nd->pr == 0;
    bool same = is_same(s.h, nd->kh, nd->sh, nd->pt, nd->pb) && is_same(s.w, nd->kw, nd->sw, nd->pl, nd->pr);
    if (!none && !same) in = emit_pad(x, nd, helper_name(x, name, "pad"), in);
    struct mnq_kout *l = begin(x, depthwise ? "DepthwiseConv2D" : "Conv2D", name);
    if (depthwise) mnq_json_int(j, "depth_multiplier", nd->mult);
    else mnq_json_int(j, "filters", nd->out.c);
    pair(j, "kernel_size", nd->kh, nd->kw);
    pair(j, "strides", nd->sh, nd->sw);
    mnq_json_string(j, "padding", same && !none ? "same" : "valid");
    mnq_json_string(j, "data_format", "channels_last");
    pair(j, "dilation_rate", 1, 1);
    mnq_json_string(j, "activation", "linear");
    mnq_json_bool(j, "use_bias", nd->b != NULL);
    if (depthwise) add_weight(l, "depthwise_kernel:0", nd->w, 4, nd->kh, nd->kw, s.c, nd->mult);
    else add_weight(l, "kernel:0", nd->w, 4, nd->kh, nd->kw, s.c, nd->out.c);
    add_weight(l, "bias:0", nd->b, 1, nd->out.c, 0, 0, 0);
    return finish(x, in, NULL);
}

static const char *emit_dense(struct emitter *x, const struct mnq_node *nd, const char *name, const char *in)
{
    struct mnq_kout *l = begin(x, "Dense", name);
    mnq_json_int(&x->j, "units", nd->out.c);
    mnq_json_string(&x->j, "activation", "linear");
    mnq_json_bool(&x->j, "use_bias", nd->b != NULL);
    add_weight(l, "kernel:0", nd->w, 2, x->g->node[nd->in[0]].out.c, nd->out.c, 0, 0);
    add_weight(l, "bias:0", nd->b, 1, nd->out.c, 0, 0, 0);
    return finish(x, in, NULL);
}

static const char *emit_batchnorm(struct emitter *x, const struct mnq_node *nd, const char *name, const char *in,
                                  bool vector)
{
    struct mnq_kout *l = begin(x, "BatchNormalization", name);
    int c = nd->out.c;
    mnq_json_array(&x->j, "axis");
    mnq_json_int(&x->j, NULL, vector ? 1 : 3);
    mnq_json_end(&x->j);
    mnq_json_double(&x->j, "momentum", 0.99);
    mnq_json_float(&x->j, "epsilon", nd->eps);
    mnq_json_bool(&x->j, "center", nd->beta != NULL);
    mnq_json_bool(&x->j, "scale", nd->gamma != NULL);
    add_weight(l, "gamma:0", nd->gamma, 1, c, 0, 0, 0);
    add_weight(l, "beta:0", nd->beta, 1, c, 0, 0, 0);
    add_weight(l, "moving_mean:0", nd->mean, 1, c, 0, 0, 0);
    add_weight(l, "moving_variance:0", nd->var, 1, c, 0, 0, 0);
    return finish(x, in, NULL);
}

static const char *emit_pool(struct emitter *x, int i, const char *name, const char *in)
{
    const struct mnq_node *nd = &x->g->node[i];
    if (is_global_pool(x->g, nd)) {
        begin(x, "GlobalAveragePooling2D", name);
        mnq_json_string(&x->j, "data_format", "channels_last");
        mnq_json_bool(&x->j, "keepdims", !x->vector[i]);
        return finish(x, in, NULL);
    }
    begin(x, "AveragePooling2D", name);
    pair(&x->j, "pool_size", nd->kh, nd->kw);
    pair(&x->j, "strides", nd->sh, nd->sw);
    mnq_json_string(&x->j, "padding", "valid");
    mnq_json_string(&x->j, "data_format", "channels_last");
    return finish(x, in, NULL);
}

static const char *emit_reshape(struct emitter *x, int i, const char *name, const char *in)
{
    const struct mnq_node *nd = &x->g->node[i];
    struct mnq_shape from = x->g->node[nd->in[0]].out, to = nd->out;
    bool was_vector = x->vector[nd->in[0]];
    if (from.h == to.h && from.w == to.w && from.c == to.c && was_vector == x->vector[i])
        return emit_activation(x, name, in, "linear");
    if (x->vector[i]) {
        begin(x, "Flatten", name);
        mnq_json_string(&x->j, "data_format", "channels_last");
        return finish(x, in, NULL);
    }
    begin(x, "Reshape", name);
    mnq_json_array(&x->j, "target_shape");
    mnq_json_int(&x->j, NULL, to.h);
    mnq_json_int(&x->j, NULL, to.w);
    mnq_json_int(&x->j, NULL, to.c);
    mnq_json_end(&x->j);
    return finish(x, in, NULL);
}

/* Rescaling with one number where all channels agree, else a list. */
static void constants(struct mnq_json *j, const char *key, const float *v, int n)
{
    bool all = true;
    for (int i = 1; i < n; i++) all = all && memcmp(&v[i], &v[0], sizeof *v) == 0;
    if (all) {
        mnq_json_float(j, key, v[0]);
        return;
    }
    mnq_json_array(j, key);
    for (int i = 0; i < n; i++) mnq_json_float(j, NULL, v[i]);
    mnq_json_end(j);
}

static const char *emit_input(struct emitter *x, const struct mnq_node *nd, const char *name)
{
    begin(x, "InputLayer", name);
    mnq_json_array(&x->j, "batch_input_shape");
    mnq_json_null(&x->j, NULL);
    mnq_json_int(&x->j, NULL, nd->out.h);
    mnq_json_int(&x->j, NULL, nd->out.w);
    mnq_json_int(&x->j, NULL, nd->out.c);
    mnq_json_end(&x->j);
    mnq_json_bool(&x->j, "sparse", false);
    mnq_json_bool(&x->j, "ragged", false);
    return finish(x, NULL, NULL);
}

static int emit_node(struct emitter *x, int i)
{
    const struct mnq_node *nd = &x->g->node[i];
    bool fused = nd->op != MNQ_OP_ACT && nd->act != MNQ_ACT_NONE;
    const char *name = fused ? helper_name(x, nd->name, "linear") : nd->name, *out = NULL;
    const char *in0 = nd->n_in > 0 ? x->tensor[nd->in[0]] : NULL, *in1 = nd->n_in > 1 ? x->tensor[nd->in[1]] : NULL;
    if (name == NULL) return mnq_fail_nomem(x->e);
    switch (nd->op) {
    case MNQ_OP_INPUT:
        out = emit_input(x, nd, name);
        break;
    case MNQ_OP_CONV:
    case MNQ_OP_DWCONV:
        out = emit_conv(x, nd, name, in0);
        break;
    case MNQ_OP_DENSE:
        out = emit_dense(x, nd, name, in0);
        break;
    case MNQ_OP_AVGPOOL:
        out = emit_pool(x, i, name, in0);
        break;
    case MNQ_OP_ADD:
    case MNQ_OP_MUL:
        begin(x, nd->op == MNQ_OP_ADD ? "Add" : "Multiply", name);
        out = finish(x, in0, in1);
        break;
    case MNQ_OP_SOFTMAX:
        out = emit_activation(x, name, in0, "softmax");
        break;
    case MNQ_OP_ACT:
        out = emit_act(x, nd, name, in0);
        break;
    case MNQ_OP_BATCHNORM:
        out = emit_batchnorm(x, nd, name, in0, x->vector[i]);
        break;
    case MNQ_OP_AFFINE:
        begin(x, "Rescaling", name);
        constants(&x->j, "scale", nd->scale, nd->out.c);
        constants(&x->j, "offset", nd->offset, nd->out.c);
        out = finish(x, in0, NULL);
        break;
    case MNQ_OP_PAD:
        out = emit_pad(x, nd, name, in0);
        break;
    case MNQ_OP_RESHAPE:
        out = emit_reshape(x, i, name, in0);
        break;
    case MNQ_OP_COUNT:
        break;
    }
    if (out != NULL && fused) out = emit_act(x, nd, nd->name, out);
    x->tensor[i] = out;
    if (out != NULL) return 0;
    return mnq_fail(x->e, MNQ_EXIT_FAILED, "layer '%s' (%s) has no Keras 2 form", nd->name, mnq_op_name(nd->op));
}

static void model_end(struct emitter *x, const char *key, const char *layer)
{
    mnq_json_array(&x->j, key);
    mnq_json_array(&x->j, NULL);
    mnq_json_string(&x->j, NULL, layer);
    mnq_json_int(&x->j, NULL, 0);
    mnq_json_int(&x->j, NULL, 0);
    mnq_json_end(&x->j);
    mnq_json_end(&x->j);
}

static int emit_model(struct emitter *x)
{
    const struct mnq_graph *g = x->g;
    int input = 0;
    mnq_json_object(&x->j, NULL);
    mnq_json_string(&x->j, "class_name", "Functional");
    mnq_json_object(&x->j, "config");
    mnq_json_string(&x->j, "name", "model");
    mnq_json_array(&x->j, "layers");
    for (int i = 0; i < g->n; i++) {
        if (g->node[i].op == MNQ_OP_INPUT) input = i;
        if (emit_node(x, i) != 0) return -1;
    }
    mnq_json_end(&x->j);
    model_end(x, "input_layers", x->tensor[input]);
    model_end(x, "output_layers", x->tensor[g->output]);
    mnq_json_end(&x->j);
    mnq_json_end(&x->j);
    return 0;
}

int mnq_keras_emit(const struct mnq_graph *g, struct mnq_kmodel_text *out, struct mnq_arena *arena, struct mnq_err *e)
{
    struct emitter x = {.g = g, .arena = arena, .e = e};
    size_t n = (size_t)g->n;
    x.picture = mnq_arena_array(arena, n, sizeof *x.picture);
    x.vector = mnq_arena_array(arena, n, sizeof *x.vector);
    x.tensor = mnq_arena_array(arena, n, sizeof *x.tensor);
    x.layer = mnq_arena_array(arena, n * HELPERS, sizeof *x.layer);
    if (x.picture == NULL || x.vector == NULL || x.tensor == NULL || x.layer == NULL) return mnq_fail_nomem(e);
    do spread_needs(&x);
    while (settle_ranks(&x));
    int rc = emit_model(&x);
    out->config = rc != 0 || x.j.failed ? NULL : mnq_arena_strdup(arena, x.j.text);
    if (rc == 0 && out->config == NULL) rc = mnq_fail_nomem(e);
    mnq_json_free(&x.j);
    out->layer = x.layer;
    out->n_layers = x.n;
    return rc;
}
