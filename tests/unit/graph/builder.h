/* SPDX-License-Identifier: Apache-2.0
 * Small random graphs for tests, one call per node. Every call returns the node's index. */
#ifndef MNQ_TEST_BUILDER_H
#define MNQ_TEST_BUILDER_H

#include "graph/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct builder {
    struct mnq_graph g;
    struct mnq_arena *arena;
    unsigned seed;
};

static inline float random_float(unsigned *seed, float lo, float hi)
{
    *seed = *seed * 1664525u + 1013904223u;
    return lo + (hi - lo) * (float)(*seed >> 8) / 16777216.0f;
}

static inline int random_int(unsigned *seed, int lo, int hi)
{
    *seed = *seed * 1664525u + 1013904223u;
    return lo + (int)((*seed >> 8) % (unsigned)(hi - lo + 1));
}

static inline float *random_array(struct builder *b, size_t n, float lo, float hi)
{
    float *v = mnq_arena_array(b->arena, n, sizeof *v);
    if (v == NULL) abort();
    for (size_t i = 0; i < n; i++) v[i] = random_float(&b->seed, lo, hi);
    return v;
}

static inline void builder_init(struct builder *b, struct mnq_arena *arena, unsigned seed)
{
    b->arena = arena;
    b->seed = seed;
    mnq_graph_init(&b->g, arena);
    b->g.file = "test.h5";
}

static inline struct mnq_node *node(struct builder *b, int i)
{
    return &b->g.node[i];
}

/* Appends, infers the shape and makes it the output. A node that does not fit ends the test program. */
static inline int finish(struct builder *b)
{
    struct mnq_err e = {0};
    if (mnq_node_infer(&b->g, &b->g.node[b->g.n - 1], &e) != 0) {
        fprintf(stderr, "%s\n", e.msg);
        abort();
    }
    b->g.output = b->g.n - 1;
    return b->g.output;
}

static inline struct mnq_node *append(struct builder *b, enum mnq_op op, int n_in, int in0, int in1)
{
    char name[32];
    snprintf(name, sizeof name, "%s_%d", mnq_op_name(op), b->g.n);
    struct mnq_node *nd = mnq_graph_add(&b->g, op, name);
    if (nd == NULL) abort();
    nd->n_in = n_in;
    nd->in[0] = in0;
    nd->in[1] = in1;
    return nd;
}

static inline int input(struct builder *b, int h, int w, int c)
{
    append(b, MNQ_OP_INPUT, 0, 0, 0)->out = (struct mnq_shape){h, w, c};
    return finish(b);
}

/* k x k convolution with `pad` on every side. */
static inline int conv(struct builder *b, int in, int cout, int k, int stride, int pad, bool bias)
{
    struct mnq_node *nd = append(b, MNQ_OP_CONV, 1, in, 0);
    size_t cin = (size_t)node(b, in)->out.c;
    nd->kh = nd->kw = k;
    nd->sh = nd->sw = stride;
    nd->pt = nd->pl = nd->pb = nd->pr = pad;
    nd->out.c = cout;
    nd->w = random_array(b, (size_t)(k * k) * cin * (size_t)cout, -0.7f, 0.7f);
    if (bias) nd->b = random_array(b, (size_t)cout, -0.5f, 0.5f);
    return finish(b);
}

static inline int dwconv(struct builder *b, int in, int mult, int k, int stride, int pad, bool bias)
{
    struct mnq_node *nd = append(b, MNQ_OP_DWCONV, 1, in, 0);
    size_t cout = (size_t)node(b, in)->out.c * (size_t)mult;
    nd->kh = nd->kw = k;
    nd->sh = nd->sw = stride;
    nd->pt = nd->pl = nd->pb = nd->pr = pad;
    nd->mult = mult;
    nd->w = random_array(b, (size_t)(k * k) * cout, -0.7f, 0.7f);
    if (bias) nd->b = random_array(b, cout, -0.5f, 0.5f);
    return finish(b);
}

static inline int dense(struct builder *b, int in, int cout, bool bias)
{
    struct mnq_node *nd = append(b, MNQ_OP_DENSE, 1, in, 0);
    nd->out.c = cout;
    nd->w = random_array(b, (size_t)node(b, in)->out.c * (size_t)cout, -0.7f, 0.7f);
    if (bias) nd->b = random_array(b, (size_t)cout, -0.5f, 0.5f);
    return finish(b);
}

static inline int batchnorm(struct builder *b, int in)
{
    struct mnq_node *nd = append(b, MNQ_OP_BATCHNORM, 1, in, 0);
    size_t c = (size_t)node(b, in)->out.c;
    nd->eps = 1e-3f;
    nd->gamma = random_array(b, c, 0.5f, 1.5f);
    nd->beta = random_array(b, c, -0.5f, 0.5f);
    nd->mean = random_array(b, c, -0.5f, 0.5f);
    nd->var = random_array(b, c, 0.2f, 2.0f);
    return finish(b);
}

static inline int affine(struct builder *b, int in, float scale, float offset)
{
    struct mnq_node *nd = append(b, MNQ_OP_AFFINE, 1, in, 0);
    size_t c = (size_t)node(b, in)->out.c;
    nd->scale = random_array(b, c, scale, scale);
    nd->offset = random_array(b, c, offset, offset);
    return finish(b);
}

static inline int act(struct builder *b, int in, enum mnq_act act, float max)
{
    struct mnq_node *nd = append(b, MNQ_OP_ACT, 1, in, 0);
    nd->act = act;
    nd->act_max = max;
    return finish(b);
}

static inline int avgpool(struct builder *b, int in, int k, int stride)
{
    struct mnq_node *nd = append(b, MNQ_OP_AVGPOOL, 1, in, 0);
    nd->kh = nd->kw = k;
    nd->sh = nd->sw = stride;
    return finish(b);
}

static inline int global_pool(struct builder *b, int in)
{
    struct mnq_node *nd = append(b, MNQ_OP_AVGPOOL, 1, in, 0);
    nd->kh = node(b, in)->out.h;
    nd->kw = node(b, in)->out.w;
    return finish(b);
}

static inline int add(struct builder *b, int x, int y)
{
    append(b, MNQ_OP_ADD, 2, x, y);
    return finish(b);
}

static inline int mul(struct builder *b, int x, int y)
{
    append(b, MNQ_OP_MUL, 2, x, y);
    return finish(b);
}

static inline int softmax(struct builder *b, int in)
{
    append(b, MNQ_OP_SOFTMAX, 1, in, 0);
    return finish(b);
}

static inline int pad(struct builder *b, int in, int top, int left, int bottom, int right)
{
    struct mnq_node *nd = append(b, MNQ_OP_PAD, 1, in, 0);
    nd->pt = top;
    nd->pl = left;
    nd->pb = bottom;
    nd->pr = right;
    return finish(b);
}

static inline int reshape(struct builder *b, int in, int h, int w, int c)
{
    append(b, MNQ_OP_RESHAPE, 1, in, 0)->out = (struct mnq_shape){h, w, c};
    return finish(b);
}

static inline int maxpool(struct builder *b, int in, int k, int stride, int pad)
{
    struct mnq_node *nd = append(b, MNQ_OP_MAXPOOL, 1, in, 0);
    nd->kh = nd->kw = k;
    nd->sh = nd->sw = stride;
    nd->pt = nd->pl = nd->pb = nd->pr = pad;
    return finish(b);
}

/* As many windows as TensorFlow's SAME makes, the odd row and column of padding behind. */
static inline int maxpool_same(struct builder *b, int in, int k, int stride)
{
    struct mnq_node *nd = append(b, MNQ_OP_MAXPOOL, 1, in, 0);
    struct mnq_shape s = node(b, in)->out;
    int h = (s.h - 1) / stride * stride + k - s.h, w = (s.w - 1) / stride * stride + k - s.w;
    nd->kh = nd->kw = k;
    nd->sh = nd->sw = stride;
    nd->pt = h > 0 ? h / 2 : 0;
    nd->pb = h > 0 ? h - h / 2 : 0;
    nd->pl = w > 0 ? w / 2 : 0;
    nd->pr = w > 0 ? w - w / 2 : 0;
    return finish(b);
}

static inline int avgpool_same(struct builder *b, int in, int k, int stride, int pad)
{
    struct mnq_node *nd = append(b, MNQ_OP_AVGPOOL, 1, in, 0);
    nd->kh = nd->kw = k;
    nd->sh = nd->sw = stride;
    nd->pt = nd->pl = nd->pb = nd->pr = pad;
    return finish(b);
}

static inline int concat(struct builder *b, int x, int y)
{
    append(b, MNQ_OP_SELECT, 2, x, y);
    return finish(b);
}

/* n channels of one tensor, drawn at random. */
static inline int pick(struct builder *b, int in, int n)
{
    struct mnq_node *nd = append(b, MNQ_OP_SELECT, 1, in, 0);
    nd->map = mnq_arena_array(b->arena, (size_t)n, sizeof *nd->map);
    if (nd->map == NULL) abort();
    for (int i = 0; i < n; i++) nd->map[i] = random_int(&b->seed, 0, node(b, in)->out.c - 1);
    nd->out.c = n;
    return finish(b);
}

static inline int upsample(struct builder *b, int in, int kh, int kw, bool bilinear)
{
    struct mnq_node *nd = append(b, MNQ_OP_UPSAMPLE, 1, in, 0);
    nd->kh = kh;
    nd->kw = kw;
    nd->bilinear = bilinear;
    return finish(b);
}

static inline int crop(struct builder *b, int in, int top, int left, int bottom, int right)
{
    struct mnq_node *nd = append(b, MNQ_OP_CROP, 1, in, 0);
    nd->pt = top;
    nd->pl = left;
    nd->pb = bottom;
    nd->pr = right;
    return finish(b);
}

/* Conv2DTranspose, "same" or "valid". */
static inline int tconv(struct builder *b, int in, int cout, int k, int stride, bool same)
{
    struct mnq_node *nd = append(b, MNQ_OP_TCONV, 1, in, 0);
    struct mnq_shape s = node(b, in)->out;
    int over = k > stride ? k - stride : 0;
    nd->kh = nd->kw = k;
    nd->sh = nd->sw = stride;
    nd->pt = nd->pl = same ? over / 2 : 0;
    nd->out = (struct mnq_shape){s.h * stride + (same ? 0 : over), s.w * stride + (same ? 0 : over), cout};
    nd->w = random_array(b, (size_t)(k * k) * (size_t)cout * (size_t)s.c, -0.7f, 0.7f);
    nd->b = random_array(b, (size_t)cout, -0.5f, 0.5f);
    return finish(b);
}

/* k x k convolution in groups, with gaps of `dilation`. */
static inline int conv_apart(struct builder *b, int in, int cout, int k, int groups, int dilation)
{
    struct mnq_node *nd = append(b, MNQ_OP_CONV, 1, in, 0);
    nd->kh = nd->kw = k;
    nd->groups = groups;
    nd->dh = nd->dw = dilation;
    nd->pt = nd->pl = nd->pb = nd->pr = (k - 1) * dilation / 2;
    nd->out.c = cout;
    nd->w = random_array(b, (size_t)(k * k) * (size_t)(node(b, in)->out.c / groups) * (size_t)cout, -0.7f, 0.7f);
    nd->b = random_array(b, (size_t)cout, -0.5f, 0.5f);
    return finish(b);
}

/* f x + g y. */
static inline int sum(struct builder *b, int x, float f, int y, float g)
{
    struct mnq_node *nd = append(b, MNQ_OP_ADD, 2, x, y);
    nd->coef[0] = f;
    nd->coef[1] = g;
    return finish(b);
}

/* An activation with parameters; PRELU's are drawn at random. */
static inline int curve(struct builder *b, int in, enum mnq_act act, float alpha, float max)
{
    struct mnq_node *nd = append(b, MNQ_OP_ACT, 1, in, 0);
    nd->act = act;
    nd->act_alpha = alpha;
    nd->act_max = max;
    if (act == MNQ_ACT_PRELU) nd->slope = random_array(b, (size_t)node(b, in)->out.c, -0.5f, 0.5f);
    return finish(b);
}

#endif
