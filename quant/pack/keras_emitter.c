/* SPDX-License-Identifier: Apache-2.0
 * A Keras 2 configuration under construction: layers as JSON, and the weights they hold. */
#include "pack/keras_emitter.h"

#include <stdio.h>
#include <string.h>

bool mnq_ke_global_pool(const struct mnq_graph *g, const struct mnq_node *nd)
{
    if (nd->op != MNQ_OP_AVGPOOL && nd->op != MNQ_OP_MAXPOOL) return false;
    struct mnq_shape in = g->node[nd->in[0]].out;
    return nd->kh == in.h && nd->kw == in.w && nd->out.h == 1 && nd->out.w == 1 && nd->pt + nd->pl + nd->pb + nd->pr == 0;
}

static bool name_used(const struct mnq_kemit *x, const char *name)
{
    for (int i = 0; i < x->g->n; i++)
        if (strcmp(x->g->node[i].name, name) == 0) return true;
    for (int i = 0; i < x->n; i++)
        if (strcmp(x->layer[i].name, name) == 0) return true;
    return false;
}

/* Name of a layer that the node needs besides its own. */
const char *mnq_ke_helper(struct mnq_kemit *x, const char *name, const char *what)
{
    char text[600];
    snprintf(text, sizeof text, "%.500s_%s", name, what);
    for (int k = 1; name_used(x, text); k++) snprintf(text, sizeof text, "%.500s_%s_%d", name, what, k);
    return mnq_arena_strdup(x->arena, text);
}

struct mnq_kout *mnq_ke_begin(struct mnq_kemit *x, const char *class_name, const char *name)
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
const char *mnq_ke_finish(struct mnq_kemit *x, const char *in0, const char *in1)
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

const char *mnq_ke_call(struct mnq_kemit *x, const struct mnq_node *nd, const char *in, mnq_ke_keywords *keywords)
{
    struct mnq_json *j = &x->j;
    mnq_json_end(j);
    mnq_json_array(j, "inbound_nodes");
    mnq_json_array(j, NULL);
    mnq_json_string(j, NULL, in);
    mnq_json_int(j, NULL, 0);
    mnq_json_int(j, NULL, 0);
    mnq_json_object(j, NULL);
    keywords(j, nd);
    mnq_json_end(j);
    mnq_json_end(j);
    mnq_json_end(j);
    mnq_json_end(j);
    return x->layer[x->n - 1].name;
}

void mnq_ke_pair(struct mnq_json *j, const char *key, int a, int b)
{
    mnq_json_array(j, key);
    mnq_json_int(j, NULL, a);
    mnq_json_int(j, NULL, b);
    mnq_json_end(j);
}

void mnq_ke_weight(struct mnq_kout *l, const char *name, const float *v, int rank, int64_t d0, int64_t d1, int64_t d2,
                   int64_t d3)
{
    if (v != NULL) l->weight[l->n_weights++] = (struct mnq_kweight){name, rank, {d0, d1, d2, d3}, v};
}
