/* SPDX-License-Identifier: Apache-2.0
 * A raw graph as Keras 2 layers.
 *
 * The graph knows only H x W x C; Keras tells a vector (batch, C) from a 1 x 1 picture (batch, 1, 1, C). A tensor is
 * written as a vector where its producer can make one and no reader needs a picture, as the source model had it. */
#include "pack/keras_emitter.h"

#include <string.h>

enum { HELPERS = 8 }; /* layers that one node may become */

/* ---- ranks ---- */

static bool is_point(struct mnq_shape s)
{
    return s.h == 1 && s.w == 1;
}

/* Operators that keep the rank of what they read. */
static bool keeps_rank(enum mnq_op op)
{
    return op == MNQ_OP_ACT || op == MNQ_OP_BATCHNORM || op == MNQ_OP_AFFINE || op == MNQ_OP_SOFTMAX || op == MNQ_OP_DENSE ||
           op == MNQ_OP_ADD || op == MNQ_OP_MUL || op == MNQ_OP_SELECT;
}

static void spread_needs(struct mnq_kemit *x)
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
static bool settle_ranks(struct mnq_kemit *x)
{
    const struct mnq_graph *g = x->g;
    bool again = false;
    for (int i = 0; i < g->n; i++) {
        const struct mnq_node *nd = &g->node[i];
        if (nd->op == MNQ_OP_RESHAPE || mnq_ke_global_pool(g, nd)) x->vector[i] = !x->picture[i];
        else x->vector[i] = keeps_rank(nd->op) && x->vector[nd->in[0]];
        if (nd->n_in == 2 && x->vector[nd->in[0]] != x->vector[nd->in[1]]) {
            x->picture[nd->in[0]] = x->picture[nd->in[1]] = true;
            again = true;
        }
    }
    return again;
}

/* ---- nodes ---- */

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

static const char *emit_input(struct mnq_kemit *x, const struct mnq_node *nd, const char *name)
{
    mnq_ke_begin(x, "InputLayer", name);
    mnq_json_array(&x->j, "batch_input_shape");
    mnq_json_null(&x->j, NULL);
    mnq_json_int(&x->j, NULL, nd->out.h);
    mnq_json_int(&x->j, NULL, nd->out.w);
    mnq_json_int(&x->j, NULL, nd->out.c);
    mnq_json_end(&x->j);
    mnq_json_bool(&x->j, "sparse", false);
    mnq_json_bool(&x->j, "ragged", false);
    return mnq_ke_finish(x, NULL, NULL);
}

static int emit_node(struct mnq_kemit *x, int i)
{
    const struct mnq_node *nd = &x->g->node[i];
    bool fused = nd->op != MNQ_OP_ACT && nd->act != MNQ_ACT_NONE;
    const char *name = fused ? mnq_ke_helper(x, nd->name, "linear") : nd->name, *out = NULL;
    const char *in0 = nd->n_in > 0 ? x->tensor[nd->in[0]] : NULL, *in1 = nd->n_in > 1 ? x->tensor[nd->in[1]] : NULL;
    if (name == NULL) return mnq_fail_nomem(x->e);
    switch (nd->op) {
    case MNQ_OP_INPUT:
        out = emit_input(x, nd, name);
        break;
    case MNQ_OP_CONV:
    case MNQ_OP_DWCONV:
        out = mnq_ke_conv(x, nd, name, in0);
        break;
    case MNQ_OP_TCONV:
        out = mnq_ke_tconv(x, nd, name, in0);
        break;
    case MNQ_OP_DENSE:
        out = mnq_ke_dense(x, nd, name, in0);
        break;
    case MNQ_OP_AVGPOOL:
    case MNQ_OP_MAXPOOL:
        out = mnq_ke_pool(x, i, name, in0);
        break;
    case MNQ_OP_ADD:
    case MNQ_OP_MUL:
        out = mnq_ke_arithmetic(x, nd, name, in0, in1);
        break;
    case MNQ_OP_SELECT:
        out = mnq_ke_select(x, nd, name, in0, in1);
        break;
    case MNQ_OP_UPSAMPLE:
        out = mnq_ke_upsample(x, nd, name, in0);
        break;
    case MNQ_OP_SOFTMAX:
        out = mnq_ke_activation(x, name, in0, "softmax");
        break;
    case MNQ_OP_ACT:
        out = mnq_ke_act(x, nd, name, in0, x->vector[i]);
        break;
    case MNQ_OP_BATCHNORM:
        out = mnq_ke_batchnorm(x, nd, name, in0, x->vector[i]);
        break;
    case MNQ_OP_AFFINE:
        mnq_ke_begin(x, "Rescaling", name);
        constants(&x->j, "scale", nd->scale, nd->out.c);
        constants(&x->j, "offset", nd->offset, nd->out.c);
        out = mnq_ke_finish(x, in0, NULL);
        break;
    case MNQ_OP_PAD:
    case MNQ_OP_CROP:
        out = mnq_ke_pad(x, nd, name, in0);
        break;
    case MNQ_OP_RESHAPE:
        out = mnq_ke_reshape(x, i, name, in0);
        break;
    case MNQ_OP_SPREAD:
        out = mnq_ke_spread(x, nd, name, in0);
        break;
    case MNQ_OP_JOIN:
    case MNQ_OP_COUNT:
        break;
    }
    if (out != NULL && fused) out = mnq_ke_act(x, nd, nd->name, out, x->vector[i]);
    x->tensor[i] = out;
    if (out != NULL) return 0;
    return mnq_fail(x->e, MNQ_EXIT_FAILED, "layer '%s' (%s) has no Keras 2 form", nd->name, mnq_op_name(nd->op));
}

/* input_layers or output_layers: tensors of n nodes. */
static void model_ends(struct mnq_kemit *x, const char *key, const int *node, int n)
{
    mnq_json_array(&x->j, key);
    for (int i = 0; i < n; i++) {
        mnq_json_array(&x->j, NULL);
        mnq_json_string(&x->j, NULL, x->tensor[node[i]]);
        mnq_json_int(&x->j, NULL, 0);
        mnq_json_int(&x->j, NULL, 0);
        mnq_json_end(&x->j);
    }
    mnq_json_end(&x->j);
}

static int emit_model(struct mnq_kemit *x)
{
    const struct mnq_graph *g = x->g;
    int input = 0, output[MNQ_OUTPUTS_MAX];
    for (int k = 0; k < mnq_graph_outputs(g); k++) output[k] = mnq_graph_output(g, k);
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
    model_ends(x, "input_layers", &input, 1);
    model_ends(x, "output_layers", output, mnq_graph_outputs(g));
    mnq_json_end(&x->j);
    mnq_json_end(&x->j);
    return 0;
}

int mnq_keras_emit(const struct mnq_graph *g, struct mnq_kmodel_text *out, struct mnq_arena *arena, struct mnq_err *e)
{
    struct mnq_kemit x = {.g = g, .arena = arena, .e = e};
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
