/* SPDX-License-Identifier: Apache-2.0
 * Layers as Keras means them, appended to a raw graph together with the variables they wait for. */
#include "import/netbuild.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- nodes ---- */

static bool name_taken(const struct mnq_graph *g, const char *name)
{
    for (int i = 0; i < g->n; i++)
        if (strcmp(g->node[i].name, name) == 0) return true;
    return false;
}

/* A free name: the layer's own, with the models around it, or with a number (a layer called twice). */
static const char *free_name(const struct mnq_build *b, const char *name, char *buf, size_t size)
{
    if (!name_taken(b->g, name)) return name;
    if (b->prefix != NULL) {
        snprintf(buf, size, "%s/%s", b->prefix, name);
        if (!name_taken(b->g, buf)) return buf;
    }
    for (int k = 1; k <= (int)MNQ_BUILD_NODES; k++) {
        snprintf(buf, size, "%.400s_%d", name, k);
        if (!name_taken(b->g, buf)) return buf;
    }
    return name; /* mnq_graph_check() tells */
}

/* Appends a node with one input (none if in < 0). Its index, or -1. */
static int append(struct mnq_build *b, enum mnq_op op, const char *name, int in, struct mnq_err *e)
{
    char buf[512];
    if (b->g->n >= (int)MNQ_BUILD_NODES)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: more than %d layers", b->g->file != NULL ? b->g->file : "network",
                        (int)MNQ_BUILD_NODES);
    struct mnq_node *nd = mnq_graph_add(b->g, op, free_name(b, name, buf, sizeof buf));
    if (nd == NULL) return mnq_fail_nomem(e);
    if (in >= 0) {
        nd->n_in = 1;
        nd->in[0] = in;
    }
    b->g->output = b->g->n - 1;
    return b->g->n - 1;
}

static int infer(struct mnq_build *b, int i, struct mnq_err *e)
{
    return mnq_node_infer(b->g, &b->g->node[i], e) == 0 ? i : -1;
}

/* ---- slots ---- */

static struct mnq_slot *new_slot(struct mnq_build *b, const char *name, const char *class_name, struct mnq_err *e)
{
    if (b->n_slot == b->cap_slot) {
        int cap = b->cap_slot == 0 ? 64 : 2 * b->cap_slot;
        struct mnq_slot *slot = mnq_arena_array(b->g->arena, (size_t)cap, sizeof *slot);
        if (slot == NULL) {
            mnq_fail_nomem(e);
            return NULL;
        }
        if (b->n_slot > 0) memcpy(slot, b->slot, (size_t)b->n_slot * sizeof *slot);
        b->slot = slot;
        b->cap_slot = cap;
    }
    struct mnq_slot *s = &b->slot[b->n_slot];
    const char *own = mnq_arena_strdup(b->g->arena, name);
    if (own == NULL) {
        mnq_fail_nomem(e);
        return NULL;
    }
    *s = (struct mnq_slot){
        .layer = own, .group = b->group != NULL ? b->group : own, .class_name = class_name, .frozen = b->frozen, .twin = -1};
    b->n_slot++;
    return s;
}

static void add_var(struct mnq_slot *s, enum mnq_var_kind kind, int node, int rank, int64_t d0, int64_t d1, int64_t d2,
                    int64_t d3)
{
    bool trainable = kind < MNQ_VAR_MEAN;
    s->var[s->n_var++] = (struct mnq_slot_var){kind, rank, {d0, d1, d2, d3}, node, trainable};
}

const char *mnq_var_name(enum mnq_var_kind kind)
{
    static const char *const name[] = {"kernel", "depthwise_kernel", "pointwise_kernel", "bias", "gamma",   "beta",
                                       "alpha",  "moving_mean",      "moving_variance",  "mean", "variance"};
    return name[kind];
}

float **mnq_var_values(struct mnq_graph *g, const struct mnq_slot_var *v)
{
    struct mnq_node *nd = &g->node[v->node];
    switch (v->kind) {
    case MNQ_VAR_BIAS:
        return &nd->b;
    case MNQ_VAR_GAMMA:
        return &nd->gamma;
    case MNQ_VAR_BETA:
        return &nd->beta;
    case MNQ_VAR_ALPHA:
        return &nd->slope;
    case MNQ_VAR_MEAN:
    case MNQ_VAR_NORM_MEAN:
        return &nd->mean;
    case MNQ_VAR_VARIANCE:
    case MNQ_VAR_NORM_VARIANCE:
        return &nd->var;
    default:
        return &nd->w;
    }
}

int mnq_build_weightless(struct mnq_build *b, struct mnq_err *e)
{
    size_t most = 1;
    for (int i = 0; i < b->n_slot; i++)
        for (int k = 0; k < b->slot[i].n_var; k++) {
            const struct mnq_slot_var *v = &b->slot[i].var[k];
            size_t n = 1;
            for (int d = 0; d < v->rank; d++) n *= (size_t)v->dim[d];
            if (n > most) most = n;
        }
    float *zero = mnq_arena_array(b->g->arena, most, sizeof *zero);
    if (zero == NULL) return mnq_fail_nomem(e);
    for (int i = 0; i < b->n_slot; i++)
        for (int k = 0; k < b->slot[i].n_var; k++) *mnq_var_values(b->g, &b->slot[i].var[k]) = zero;
    return 0;
}

/* ---- behind reading ---- */

int mnq_build_share(struct mnq_build *b, int first, int n, struct mnq_err *e)
{
    int from = b->n_slot - n;
    if (first < 0 || first + n > from)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: a layer differs between its calls", b->g->file);
    for (int i = 0; i < n; i++) {
        struct mnq_slot *s = &b->slot[from + i];
        const struct mnq_slot *t = &b->slot[first + i];
        s->twin = t->twin >= 0 ? t->twin : first + i;
        bool same = s->n_var == t->n_var && strcmp(s->class_name, t->class_name) == 0;
        for (int v = 0; v < s->n_var && same; v++) same = memcmp(s->var[v].dim, t->var[v].dim, sizeof s->var[v].dim) == 0;
        if (!same)
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s: layer '%.100s' is called on inputs of different shapes", b->g->file,
                            s->layer);
        for (int v = 0; v < s->n_var; v++) b->g->node[s->var[v].node].twin = t->var[v].node;
    }
    return 0;
}

/* Weights with several readers are not written back: what suits one call need not suit the other. */
static void copy_twin(struct mnq_build *b, const struct mnq_slot *s)
{
    const struct mnq_slot *t = &b->slot[s->twin];
    for (int v = 0; v < s->n_var; v++) {
        struct mnq_node *to = &b->g->node[s->var[v].node], *from = &b->g->node[t->var[v].node];
        *mnq_var_values(b->g, &s->var[v]) = *mnq_var_values(b->g, &t->var[v]);
        to->w_path = to->b_path = from->w_path = from->b_path = NULL;
    }
}

double mnq_build_deviation(double variance)
{
    double d = sqrt(variance);
    return d > 1e-7 ? d : 1e-7; /* of a negative variance too */
}

static int normalization_to_affine(struct mnq_build *b, const struct mnq_slot *s, struct mnq_err *e)
{
    struct mnq_node *nd = &b->g->node[s->var[0].node];
    size_t c = (size_t)nd->out.c;
    float *scale = mnq_arena_array(b->g->arena, 2 * c, sizeof *scale);
    if (scale == NULL) return mnq_fail_nomem(e);
    for (size_t k = 0; k < c; k++) {
        size_t from = s->var[0].rank == 0 ? 0 : k;
        double mean = (double)nd->mean[from], deviation = mnq_build_deviation((double)nd->var[from]);
        scale[k] = (float)(s->invert ? deviation : 1.0 / deviation);
        scale[c + k] = (float)(s->invert ? mean : -mean / deviation);
    }
    nd->op = MNQ_OP_AFFINE;
    nd->scale = scale;
    nd->offset = scale + c;
    nd->mean = nd->var = NULL;
    return 0;
}

/* A PReLU's slopes, one for each channel: of one for all, or of one for each pixel where pixels do not differ. */
static int settle_slope(struct mnq_build *b, const struct mnq_slot *s, struct mnq_err *e)
{
    struct mnq_node *nd = &b->g->node[s->var[0].node];
    size_t c = (size_t)nd->out.c, n = 1;
    for (int d = 0; d < s->var[0].rank; d++) n *= (size_t)s->var[0].dim[d];
    size_t channels = s->var[0].dim[s->var[0].rank - 1] == 1 ? 1 : c;
    if (n == c && channels == c) return 0;
    float *all = mnq_arena_array(b->g->arena, c, sizeof *all);
    if (all == NULL) return mnq_fail_nomem(e);
    for (size_t k = 0; k < c; k++) all[k] = nd->slope[k % channels];
    for (size_t i = 0; i < n; i++)
        if (nd->slope[i] != all[i % channels])
            return mnq_fail(e, MNQ_EXIT_FAILED,
                            "%s: layer '%.100s' (PReLU): has a slope per pixel, one per channel is supported: train it with "
                            "shared_axes=[1, 2]",
                            b->g->file, s->layer);
    nd->slope = all;
    return 0;
}

int mnq_build_settle(struct mnq_build *b, struct mnq_err *e)
{
    for (int i = 0; i < b->n_slot; i++)
        if (b->slot[i].twin >= 0) copy_twin(b, &b->slot[i]);
    for (int i = 0; i < b->n_slot; i++)
        if (strcmp(b->slot[i].class_name, "Normalization") == 0 && normalization_to_affine(b, &b->slot[i], e) != 0)
            return -1;
    for (int i = 0; i < b->n_slot; i++)
        if (strcmp(b->slot[i].class_name, "PReLU") == 0 && settle_slope(b, &b->slot[i], e) != 0) return -1;
    return 0;
}

/* ---- layers ---- */

int mnq_build_input(struct mnq_build *b, const char *name, struct mnq_shape shape, struct mnq_err *e)
{
    int i = append(b, MNQ_OP_INPUT, name, -1, e);
    if (i < 0) return -1;
    b->g->node[i].out = shape;
    return infer(b, i, e);
}

void mnq_build_same_padding(int in, int window, int stride, int *before, int *after)
{
    int64_t total = (int64_t)((in - 1) / stride) * stride + window - in;
    if (total < 0) total = 0;
    *before = (int)(total / 2);
    *after = (int)(total - total / 2);
}

static const struct mnq_apart TOGETHER = {1, 1, 1};

static void set_window(struct mnq_node *nd, struct mnq_shape in, struct mnq_conv c, struct mnq_apart a)
{
    nd->kh = c.kh;
    nd->kw = c.kw;
    nd->sh = c.sh;
    nd->sw = c.sw;
    nd->groups = a.groups;
    nd->dh = a.dh;
    nd->dw = a.dw;
    if (c.padding == MNQ_PAD_SAME && c.sh > 0 && c.sw > 0) {
        mnq_build_same_padding(in.h, (c.kh - 1) * a.dh + 1, c.sh, &nd->pt, &nd->pb);
        mnq_build_same_padding(in.w, (c.kw - 1) * a.dw + 1, c.sw, &nd->pl, &nd->pr);
    }
}

static int append_conv(struct mnq_build *b, const char *name, int in, struct mnq_conv c, struct mnq_apart a,
                       struct mnq_err *e)
{
    int i = append(b, MNQ_OP_CONV, name, in, e);
    if (i < 0) return -1;
    set_window(&b->g->node[i], b->g->node[in].out, c, a);
    b->g->node[i].out.c = c.filters;
    return infer(b, i, e);
}

static int append_dwconv(struct mnq_build *b, const char *name, int in, struct mnq_conv c, int mult, struct mnq_apart a,
                         struct mnq_err *e)
{
    int i = append(b, MNQ_OP_DWCONV, name, in, e);
    if (i < 0) return -1;
    a.groups = 1;
    set_window(&b->g->node[i], b->g->node[in].out, c, a);
    b->g->node[i].mult = mult;
    return infer(b, i, e);
}

int mnq_build_conv(struct mnq_build *b, const char *name, int in, struct mnq_conv c, struct mnq_err *e)
{
    return mnq_build_conv_apart(b, name, in, c, TOGETHER, e);
}

int mnq_build_conv_apart(struct mnq_build *b, const char *name, int in, struct mnq_conv c, struct mnq_apart a,
                         struct mnq_err *e)
{
    int cin = b->g->node[in].out.c, i = append_conv(b, name, in, c, a, e);
    struct mnq_slot *s = i < 0 ? NULL : new_slot(b, name, "Conv2D", e);
    if (s == NULL) return -1;
    add_var(s, MNQ_VAR_KERNEL, i, 4, c.kh, c.kw, cin / a.groups, c.filters);
    if (c.bias) add_var(s, MNQ_VAR_BIAS, i, 1, c.filters, 0, 0, 0);
    return i;
}

int mnq_build_dwconv(struct mnq_build *b, const char *name, int in, struct mnq_conv c, struct mnq_err *e)
{
    return mnq_build_dwconv_apart(b, name, in, c, TOGETHER, e);
}

int mnq_build_dwconv_apart(struct mnq_build *b, const char *name, int in, struct mnq_conv c, struct mnq_apart a,
                           struct mnq_err *e)
{
    int cin = b->g->node[in].out.c, i = append_dwconv(b, name, in, c, c.filters, a, e);
    struct mnq_slot *s = i < 0 ? NULL : new_slot(b, name, "DepthwiseConv2D", e);
    if (s == NULL) return -1;
    add_var(s, MNQ_VAR_DEPTHWISE, i, 4, c.kh, c.kw, cin, c.filters);
    if (c.bias) add_var(s, MNQ_VAR_BIAS, i, 1, (int64_t)cin * c.filters, 0, 0, 0);
    return i;
}

int mnq_build_separable(struct mnq_build *b, const char *name, int in, struct mnq_conv c, int mult, struct mnq_err *e)
{
    return mnq_build_separable_apart(b, name, in, c, mult, TOGETHER, e);
}

int mnq_build_separable_apart(struct mnq_build *b, const char *name, int in, struct mnq_conv c, int mult, struct mnq_apart a,
                              struct mnq_err *e)
{
    char part[512];
    snprintf(part, sizeof part, "%.450s/depthwise", name);
    int cin = b->g->node[in].out.c, dw = append_dwconv(b, part, in, c, mult, a, e);
    if (dw < 0) return -1;
    struct mnq_conv point = {1, 1, 1, 1, MNQ_PAD_VALID, c.filters, c.bias};
    int pw = append_conv(b, name, dw, point, TOGETHER, e);
    struct mnq_slot *s = pw < 0 ? NULL : new_slot(b, name, "SeparableConv2D", e);
    if (s == NULL) return -1;
    add_var(s, MNQ_VAR_DEPTHWISE, dw, 4, c.kh, c.kw, cin, mult);
    add_var(s, MNQ_VAR_POINTWISE, pw, 4, 1, 1, (int64_t)cin * mult, c.filters);
    if (c.bias) add_var(s, MNQ_VAR_BIAS, pw, 1, c.filters, 0, 0, 0);
    return pw;
}

int mnq_build_dense(struct mnq_build *b, const char *name, int in, int units, bool bias, struct mnq_err *e)
{
    struct mnq_shape shape = b->g->node[in].out;
    int i = append(b, shape.h == 1 && shape.w == 1 ? MNQ_OP_DENSE : MNQ_OP_CONV, name, in, e);
    if (i < 0) return -1;
    b->g->node[i].out.c = units;
    struct mnq_slot *s = infer(b, i, e) < 0 ? NULL : new_slot(b, name, "Dense", e);
    if (s == NULL) return -1;
    add_var(s, MNQ_VAR_KERNEL, i, 2, shape.c, units, 0, 0);
    if (bias) add_var(s, MNQ_VAR_BIAS, i, 1, units, 0, 0, 0);
    return i;
}

int mnq_build_batchnorm(struct mnq_build *b, const char *name, int in, float eps, bool scale, bool center, struct mnq_err *e)
{
    int i = append(b, MNQ_OP_BATCHNORM, name, in, e);
    if (i < 0) return -1;
    b->g->node[i].eps = eps;
    int64_t c = b->g->node[in].out.c;
    struct mnq_slot *s = infer(b, i, e) < 0 ? NULL : new_slot(b, name, "BatchNormalization", e);
    if (s == NULL) return -1;
    if (scale) add_var(s, MNQ_VAR_GAMMA, i, 1, c, 0, 0, 0);
    if (center) add_var(s, MNQ_VAR_BETA, i, 1, c, 0, 0, 0);
    add_var(s, MNQ_VAR_MEAN, i, 1, c, 0, 0, 0);
    add_var(s, MNQ_VAR_VARIANCE, i, 1, c, 0, 0, 0);
    return i;
}

int mnq_build_normalization(struct mnq_build *b, const char *name, int in, int values, bool invert, struct mnq_err *e)
{
    int i = append(b, MNQ_OP_BATCHNORM, name, in, e);
    struct mnq_slot *s = i < 0 || infer(b, i, e) < 0 ? NULL : new_slot(b, name, "Normalization", e);
    if (s == NULL) return -1;
    s->invert = invert;
    b->g->node[i].eps = 1.0f;            /* of no effect: mnq_build_settle() makes it an affine map, with Keras' own limit */
    b->g->node[i].kept = 2 * values + 1; /* means, variances and how many samples they are of */
    int rank = values == 1 ? 0 : 1;
    add_var(s, MNQ_VAR_NORM_MEAN, i, rank, values, 0, 0, 0);
    add_var(s, MNQ_VAR_NORM_VARIANCE, i, rank, values, 0, 0, 0);
    return i;
}

int mnq_build_mix(struct mnq_build *b, const char *name, int in, int filters, const float *w, struct mnq_err *e)
{
    size_t n = (size_t)b->g->node[in].out.c * (size_t)filters;
    float *own = mnq_arena_array(b->g->arena, n, sizeof *own);
    if (own == NULL) return mnq_fail_nomem(e);
    memcpy(own, w, n * sizeof *own);
    int i = append_conv(b, name, in, (struct mnq_conv){1, 1, 1, 1, MNQ_PAD_VALID, filters, false}, TOGETHER, e);
    if (i >= 0) b->g->node[i].w = own;
    return i;
}

int mnq_build_act(struct mnq_build *b, const char *name, int in, enum mnq_act act, float act_max, struct mnq_err *e)
{
    if (act == MNQ_ACT_NONE) return mnq_build_reshape(b, name, in, b->g->node[in].out, e);
    int i = append(b, MNQ_OP_ACT, name, in, e);
    if (i < 0) return -1;
    b->g->node[i].act = act;
    b->g->node[i].act_max = act_max;
    return infer(b, i, e);
}

int mnq_build_softmax(struct mnq_build *b, const char *name, int in, struct mnq_err *e)
{
    int i = append(b, MNQ_OP_SOFTMAX, name, in, e);
    return i < 0 ? -1 : infer(b, i, e);
}

int mnq_build_pad(struct mnq_build *b, const char *name, int in, int top, int bottom, int left, int right, struct mnq_err *e)
{
    int i = append(b, MNQ_OP_PAD, name, in, e);
    if (i < 0) return -1;
    struct mnq_node *nd = &b->g->node[i];
    nd->pt = top;
    nd->pb = bottom;
    nd->pl = left;
    nd->pr = right;
    return infer(b, i, e);
}

int mnq_build_avgpool(struct mnq_build *b, const char *name, int in, int kh, int kw, int sh, int sw, struct mnq_err *e)
{
    int i = append(b, MNQ_OP_AVGPOOL, name, in, e);
    if (i < 0) return -1;
    struct mnq_node *nd = &b->g->node[i];
    struct mnq_shape shape = b->g->node[in].out;
    nd->kh = kh == 0 ? shape.h : kh;
    nd->kw = kh == 0 ? shape.w : kw;
    nd->sh = kh == 0 ? 1 : sh;
    nd->sw = kh == 0 ? 1 : sw;
    return infer(b, i, e);
}

int mnq_build_reshape(struct mnq_build *b, const char *name, int in, struct mnq_shape shape, struct mnq_err *e)
{
    int i = append(b, MNQ_OP_RESHAPE, name, in, e);
    if (i < 0) return -1;
    b->g->node[i].out = shape;
    return infer(b, i, e);
}

int mnq_build_affine(struct mnq_build *b, const char *name, int in, const float *scale, const float *offset, int n,
                     struct mnq_err *e)
{
    int c = b->g->node[in].out.c, i = append(b, MNQ_OP_AFFINE, name, in, e);
    if (i < 0) return -1;
    if (n != 1 && n != c)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: layer '%s': %d constants for %d channels", b->g->file, name, n, c);
    float *values = mnq_arena_array(b->g->arena, 2 * (size_t)c, sizeof *values);
    if (values == NULL) return mnq_fail_nomem(e);
    for (int k = 0; k < c; k++) {
        values[k] = scale[n == 1 ? 0 : k];
        values[c + k] = offset[n == 1 ? 0 : k];
    }
    b->g->node[i].scale = values;
    b->g->node[i].offset = values + c;
    return infer(b, i, e);
}

static int append_pair(struct mnq_build *b, enum mnq_op op, const char *name, int x, int y, struct mnq_err *e)
{
    int i = append(b, op, name, x, e);
    if (i < 0) return -1;
    b->g->node[i].n_in = 2;
    b->g->node[i].in[1] = y;
    return infer(b, i, e);
}

int mnq_build_add(struct mnq_build *b, const char *name, int x, int y, struct mnq_err *e)
{
    return append_pair(b, MNQ_OP_ADD, name, x, y, e);
}

int mnq_build_mul(struct mnq_build *b, const char *name, int x, int y, struct mnq_err *e)
{
    struct mnq_shape a = b->g->node[x].out, c = b->g->node[y].out;
    bool gate_first = a.h == 1 && a.w == 1 && (c.h > 1 || c.w > 1);
    return append_pair(b, MNQ_OP_MUL, name, gate_first ? y : x, gate_first ? x : y, e);
}

/* ---- for other files ---- */

int mnq_build_node(struct mnq_build *b, enum mnq_op op, const char *name, int in, struct mnq_err *e)
{
    return append(b, op, name, in, e);
}

int mnq_build_infer(struct mnq_build *b, int i, struct mnq_err *e)
{
    return infer(b, i, e);
}

struct mnq_slot *mnq_build_slot(struct mnq_build *b, const char *name, const char *class_name, struct mnq_err *e)
{
    return new_slot(b, name, class_name, e);
}

void mnq_build_var(struct mnq_slot *s, enum mnq_var_kind kind, int node, int rank, int64_t d0, int64_t d1, int64_t d2,
                   int64_t d3)
{
    add_var(s, kind, node, rank, d0, d1, d2, d3);
}
