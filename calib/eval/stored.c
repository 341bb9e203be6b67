/* SPDX-License-Identifier: Apache-2.0
 * How a model stores its weights. */
#include "stored.h"

#include "graph/cost.h"
#include "kernels.h"

#include <math.h>

const char *mnq_stored_name(enum mnq_stored_format f)
{
    static const char *const name[MNQ_STORED_FORMATS] = {"", "float", "int16", "int8", "int4",
                                                             "sparse", "sparse4", "ternary", "binary", "xnor"};
    return name[f];
}

double mnq_stored_bits(int64_t bytes, int64_t weights)
{
    return weights > 0 ? 8.0 * (double)bytes / (double)weights : (double)NAN;
}

/* ---- integer ---- */

static enum mnq_stored_format format_of(const struct mnq_qlayer *l)
{
    if (l->op == MNQ_L_ADD || l->w_count == 0) return MNQ_STORED_NONE;
    switch (l->wtype) {
    case MNQ_W_S8:
        return MNQ_STORED_INT8;
    case MNQ_W_S16:
        return MNQ_STORED_INT16;
    case MNQ_W_S4:
        return MNQ_STORED_INT4;
    case MNQ_W_SPARSE:
        return MNQ_STORED_SPARSE;
    case MNQ_W_SPARSE4:
        return MNQ_STORED_SPARSE4;
    case MNQ_W_TERNARY:
        return MNQ_STORED_TERNARY;
    case MNQ_W_BINARY:
        return MNQ_STORED_BINARY;
    case MNQ_W_XNOR:
        return MNQ_STORED_XNOR;
    default:
        return MNQ_STORED_NONE;
    }
}

static void read_packed(const struct mnq_qmodel *q, struct mnq_stored *out)
{
    for (int i = 0; i < q->n_layers; i++) {
        const struct mnq_qlayer *l = &q->layer[i];
        struct mnq_stored_layer *s = &out->layer[out->n++];
        s->name = l->name;
        s->macs = l->macs;
        s->format = format_of(l);
        if (s->format == MNQ_STORED_NONE) continue;
        s->bases = l->bases;
        s->pointwise = l->op == MNQ_L_PW || (l->op == MNQ_L_CONV && l->kh == 1 && l->kw == 1);
        s->weights = (int64_t)l->w_count;
        s->bytes = (int64_t)mnq_qlayer_weight_bytes(l, q->tensor[l->in0].shape.c, q->tensor[l->out].shape.c);
        for (size_t k = 0; k < l->w_count; k++) s->zeros += mnq_qlayer_weight(l, k) == 0;
    }
}

/* ---- float ---- */

static void read_float(const struct mnq_graph *g, struct mnq_stored *out)
{
    for (int i = 0; i < g->n; i++) {
        const struct mnq_node *nd = &g->node[i];
        if (nd->w == NULL) continue;
        struct mnq_stored_layer *s = &out->layer[out->n++];
        size_t n = mnq_node_weights(g, nd);
        s->name = nd->name;
        s->macs = mnq_cost_node(g, i).macs;
        s->format = MNQ_STORED_FLOAT;
        s->pointwise = nd->op == MNQ_OP_DENSE || (nd->op == MNQ_OP_CONV && nd->kh == 1 && nd->kw == 1);
        s->weights = (int64_t)n;
        s->bytes = 4 * s->weights;
        for (size_t k = 0; k < n; k++) s->zeros += fpclassify(nd->w[k]) == FP_ZERO;
    }
}

int mnq_stored_read(const struct mnq_subject *s, struct mnq_stored *out, struct mnq_arena *arena, struct mnq_err *e)
{
    bool is_float = s->kind == MNQ_SUBJECT_FLOAT;
    *out = (struct mnq_stored){.n = 0};
    out->layer = mnq_arena_array(arena, (size_t)(is_float ? s->raw.n : s->package.q.n_layers), sizeof *out->layer);
    if (out->layer == NULL) return mnq_fail_nomem(e);
    if (is_float) read_float(&s->raw, out);
    else read_packed(&s->package.q, out);
    for (int i = 0; i < out->n; i++) {
        const struct mnq_stored_layer *l = &out->layer[i];
        out->weights += l->weights;
        out->bytes += l->bytes;
        out->macs += l->macs;
        out->weights_as[l->format] += l->weights;
        if (!l->pointwise) continue;
        out->weights_1x1 += l->weights;
        out->zeros_1x1 += l->zeros;
    }
    return 0;
}
