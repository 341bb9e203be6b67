/* SPDX-License-Identifier: Apache-2.0
 * Random-weight MobileNets: structure after keras.applications, weights, and a plain forward pass in double. */
#include "kerasgen_net.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- random weights ---- */

static void *need(void *p)
{
    if (p == NULL) abort();
    return p;
}

/* splitmix64; uniform in [lo, hi) */
static double uniform(struct kg_net *n, double lo, double hi)
{
    uint64_t z = n->rng += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return lo + (hi - lo) * (double)((z ^ z >> 31) >> 11) / 9007199254740992.0;
}

/* Values that 16-bit floats hold exactly, so that every storage gives the same network. */
static float coarse(const struct kg_net *n, double x)
{
    float f = (float)x;
    uint32_t bits;
    if (n->o.storage != KG_F16 && n->o.storage != KG_BF16) return f;
    if (fabs(x) < 1.0 / 4096) return 0;
    memcpy(&bits, &f, sizeof bits);
    bits &= n->o.storage == KG_F16 ? 0xffffe000u : 0xffff0000u;
    memcpy(&f, &bits, sizeof f);
    return f;
}

size_t kg_var_size(const struct kg_var *v)
{
    size_t n = 1;
    for (int i = 0; i < v->rank; i++) n *= (size_t)v->dim[i];
    return n;
}

static void add_var(struct kg_net *n, struct kg_layer *l, const char *name, int rank, int d0, int d1, int d2, int d3,
                    double lo, double hi)
{
    struct kg_var *v = &l->var[l->n_var++];
    *v = (struct kg_var){name, rank, {d0, d1, d2, d3}, NULL, strncmp(name, "moving", 6) != 0};
    size_t size = kg_var_size(v);
    v->v = need(malloc(size * sizeof *v->v));
    for (size_t i = 0; i < size; i++) v->v[i] = coarse(n, uniform(n, lo, hi));
}

/* ---- layers ---- */

static int push(struct kg_net *n, enum kg_kind kind, const char *name, int in)
{
    if (n->n == (int)(sizeof n->layer / sizeof *n->layer)) abort();
    struct kg_layer *l = &n->layer[n->n];
    memset(l, 0, sizeof *l);
    l->kind = kind;
    l->in[0] = in;
    l->in[1] = -1;
    if (n->o.renamed && kind != KG_INPUT && name[0] != '\0') snprintf(l->name, sizeof l->name, "layer%d", n->n);
    else snprintf(l->name, sizeof l->name, "%s", name);
    if (in >= 0) {
        l->h = n->layer[in].h;
        l->w = n->layer[in].w;
        l->c = n->layer[in].c;
    }
    return n->n++;
}

static int out_size(int in, int k, int s, bool same)
{
    return same ? (in + s - 1) / s : (in - k) / s + 1;
}

static int conv(struct kg_net *n, const char *name, int in, int k, int s, bool same, int filters, bool bias)
{
    int cin = n->layer[in].c, i = push(n, KG_CONV, name, in);
    struct kg_layer *l = &n->layer[i];
    double r = sqrt(3.0 / (k * k * cin));
    l->k = k;
    l->s = s;
    l->same = same;
    l->h = out_size(l->h, k, s, same);
    l->w = out_size(l->w, k, s, same);
    l->c = filters;
    add_var(n, l, "kernel", 4, k, k, cin, filters, -r, r);
    if (bias) add_var(n, l, "bias", 1, filters, 0, 0, 0, -0.25, 0.25);
    return i;
}

static int dw(struct kg_net *n, const char *name, int in, int k, int s, bool same, bool bias)
{
    int i = push(n, KG_DW, name, in);
    struct kg_layer *l = &n->layer[i];
    double r = sqrt(3.0) / k;
    l->k = k;
    l->s = s;
    l->same = same;
    l->h = out_size(l->h, k, s, same);
    l->w = out_size(l->w, k, s, same);
    add_var(n, l, n->o.generation == KG_GEN_K3 ? "kernel" : "depthwise_kernel", 4, k, k, l->c, 1, -r, r);
    if (bias) add_var(n, l, "bias", 1, l->c, 0, 0, 0, -0.25, 0.25);
    return i;
}

static int bn(struct kg_net *n, const char *name, int in)
{
    int i = push(n, KG_BN, name, in), c = n->layer[i].c;
    struct kg_layer *l = &n->layer[i];
    add_var(n, l, "gamma", 1, c, 0, 0, 0, 0.75, 1.5);
    add_var(n, l, "beta", 1, c, 0, 0, 0, -0.5, 0.75);
    add_var(n, l, "moving_mean", 1, c, 0, 0, 0, -0.25, 0.25);
    add_var(n, l, "moving_variance", 1, c, 0, 0, 0, 0.25, 1);
    return i;
}

static int norm(struct kg_net *n, const char *name, int in)
{
    int i = push(n, KG_NORM, name, in), c = n->layer[i].c;
    add_var(n, &n->layer[i], "mean", 1, c, 0, 0, 0, -0.25, 0.25);
    add_var(n, &n->layer[i], "variance", 1, c, 0, 0, 0, 0.25, 1);
    n->layer[i].var[0].trainable = n->layer[i].var[1].trainable = false;
    return i;
}

static int relu(struct kg_net *n, const char *name, int in, double max)
{
    int i = push(n, KG_RELU, name, in);
    n->layer[i].max = max;
    n->layer[i].act_layer = n->o.generation == KG_GEN_2017; /* Activation(relu6) before ReLU(6.) existed */
    return i;
}

static int pad(struct kg_net *n, const char *name, int in, int before, int after)
{
    int i = push(n, KG_PAD, name, in);
    struct kg_layer *l = &n->layer[i];
    l->before = before;
    l->after = after;
    l->h += before + after;
    l->w += before + after;
    return i;
}

static int gap(struct kg_net *n, const char *name, int in, bool keepdims)
{
    int i = push(n, KG_GAP, name, in);
    n->layer[i].h = n->layer[i].w = 1;
    n->layer[i].keepdims = keepdims;
    return i;
}

static int reshape(struct kg_net *n, const char *name, int in, bool flat)
{
    int i = push(n, KG_RESHAPE, name, in);
    struct kg_layer *l = &n->layer[i];
    l->c *= l->h * l->w;
    l->h = l->w = 1;
    l->flat = flat;
    return i;
}

static int dense(struct kg_net *n, const char *name, int in, int units)
{
    int i = push(n, KG_DENSE, name, in), cin = n->layer[i].c;
    struct kg_layer *l = &n->layer[i];
    double r = 2 * sqrt(3.0 / cin);
    l->c = units;
    add_var(n, l, "kernel", 2, cin, units, 0, 0, -r, r);
    add_var(n, l, "bias", 1, units, 0, 0, 0, -0.25, 0.25);
    return i;
}

static int pair(struct kg_net *n, enum kg_kind kind, const char *name, int a, int b)
{
    int i = push(n, kind, name, a);
    n->layer[i].in[1] = b;
    return i;
}

static int round8(double v)
{
    int r = (int)(v + 4) / 8 * 8;
    if (r < 8) r = 8;
    if (r < 0.9 * v) r += 8;
    return r;
}

/* Name with two numbers or words put in. */
struct name {
    char s[100];
};

#define NAME(...) (snprintf(nm.s, sizeof nm.s, __VA_ARGS__), nm.s)

/* ---- V1 ---- */

static int v1_head(struct kg_net *n, int x)
{
    bool old = n->o.generation < KG_GEN_TF;
    x = gap(n, "global_average_pooling2d", x, n->o.generation == KG_GEN_K3);
    if (n->o.generation != KG_GEN_K3) x = reshape(n, "reshape_1", x, false);
    x = push(n, KG_DROPOUT, "dropout", x);
    x = conv(n, "conv_preds", x, 1, 1, true, n->o.classes, true);
    if (n->o.generation == KG_GEN_2017) return reshape(n, "reshape_2", push(n, KG_SOFTMAX, "act_softmax", x), true);
    x = reshape(n, "reshape_2", x, true);
    return push(n, KG_SOFTMAX, old ? "act_softmax" : "predictions", x);
}

static int v1(struct kg_net *n, int x)
{
    static const int filters[] = {64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024};
    struct name nm;
    bool explicit_pad = n->o.generation == KG_GEN_APPS;
    if (explicit_pad) x = pad(n, "conv1_pad", x, 0, 1);
    x = conv(n, "conv1", x, 3, 2, !explicit_pad, (int)(32 * n->o.width), n->o.bias);
    x = relu(n, "conv1_relu", bn(n, "conv1_bn", x), 6);
    for (int i = 1; i <= 13; i++) {
        int s = i == 2 || i == 4 || i == 6 || i == 12 ? 2 : 1;
        bool own = s == 2 && n->o.generation != KG_GEN_2017;
        if (own) x = pad(n, NAME("conv_pad_%d", i), x, 0, 1);
        x = dw(n, NAME("conv_dw_%d", i), x, 3, s, !own, n->o.bias);
        x = bn(n, NAME("conv_dw_%d_bn", i), x);
        x = relu(n, NAME("conv_dw_%d_relu", i), x, 6);
        x = conv(n, NAME("conv_pw_%d", i), x, 1, 1, true, (int)(filters[i - 1] * n->o.width), n->o.bias);
        x = bn(n, NAME("conv_pw_%d_bn", i), x);
        x = relu(n, NAME("conv_pw_%d_relu", i), x, 6);
    }
    n->backbone = n->n;
    return n->o.classes > 0 && !kg_nested(n) ? v1_head(n, x) : x;
}

/* ---- V2 ---- */

static const char *v2_name(const struct kg_net *n, struct name *nm, int block, const char *what, bool norm)
{
    if (n->o.generation == KG_GEN_2017) {
        if (norm && (strcmp(what, "depthwise") == 0 || block == 0))
            snprintf(nm->s, sizeof nm->s, "bn%d_conv_%s", block, what);
        else if (norm) snprintf(nm->s, sizeof nm->s, "bn%d_conv_bn_%s", block, what);
        else snprintf(nm->s, sizeof nm->s, "mobl%d_conv_%s", block, what);
    } else if (block == 0) {
        snprintf(nm->s, sizeof nm->s, "expanded_conv_%s%s", what, norm ? "_BN" : "");
    } else {
        snprintf(nm->s, sizeof nm->s, "block_%d_%s%s", block, what, norm ? "_BN" : "");
    }
    return nm->s;
}

static int v2_block(struct kg_net *n, int block, int in, int t, int filters, int s)
{
    struct name nm;
    int x = in, cin = n->layer[in].c;
    bool explicit_pad = s == 2 && n->o.generation != KG_GEN_2017;
    if (block > 0) {
        x = conv(n, v2_name(n, &nm, block, "expand", false), x, 1, 1, true, cin * t, false);
        x = bn(n, v2_name(n, &nm, block, "expand", true), x);
        x = relu(n, NAME("block_%d_expand_relu", block), x, 6);
    }
    if (explicit_pad) x = pad(n, NAME("block_%d_pad", block), x, n->layer[x].h % 2, 1);
    x = dw(n, v2_name(n, &nm, block, "depthwise", false), x, 3, s, !explicit_pad, false);
    x = bn(n, v2_name(n, &nm, block, "depthwise", true), x);
    x = relu(n, NAME("block_%d_depthwise_relu", block), x, 6);
    x = conv(n, v2_name(n, &nm, block, "project", false), x, 1, 1, true, filters, false);
    x = bn(n, v2_name(n, &nm, block, "project", true), x);
    return s == 1 && cin == filters ? pair(n, KG_ADD, NAME("block_%d_add", block), in, x) : x;
}

static int v2(struct kg_net *n, int x)
{
    static const int stage[7][4] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                                    {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
    bool explicit_pad = n->o.generation == KG_GEN_APPS;
    if (explicit_pad) x = pad(n, "Conv1_pad", x, n->layer[x].h % 2, 1);
    x = conv(n, "Conv1", x, 3, 2, !explicit_pad, round8(32 * n->o.width), false);
    x = relu(n, "Conv1_relu", bn(n, "bn_Conv1", x), 6);
    for (int s = 0, b = 0; s < 7; s++)
        for (int k = 0; k < stage[s][2]; k++, b++)
            x = v2_block(n, b, x, stage[s][0], round8((int)(stage[s][1] * n->o.width)), k == 0 ? stage[s][3] : 1);
    x = conv(n, "Conv_1", x, 1, 1, false, n->o.width > 1 ? round8(1280 * n->o.width) : 1280, false);
    x = relu(n, "out_relu", bn(n, "Conv_1_bn", x), 6);
    n->backbone = n->n;
    if (n->o.classes == 0 || kg_nested(n)) return x;
    x = gap(n, "global_average_pooling2d", x, false);
    x = dense(n, n->o.generation < KG_GEN_TF ? "Logits" : "predictions", x, n->o.classes);
    return push(n, KG_SOFTMAX, "", x); /* inside the Dense layer */
}

/* ---- V3 ---- */

/* "expanded_conv_1/expand" for old names, "expanded_conv_1_expand" for Keras 3. */
static const char *v3_name(const struct kg_net *n, struct name *nm, const char *prefix, const char *old, const char *k3)
{
    if (n->o.generation == KG_GEN_K3) snprintf(nm->s, sizeof nm->s, "%s%s%s", prefix, prefix[0] != '\0' ? "_" : "", k3);
    else snprintf(nm->s, sizeof nm->s, "%s%s%s", prefix, prefix[0] != '\0' ? "/" : "", old);
    return nm->s;
}

static int v3_act(struct kg_net *n, const char *base, int x, bool hswish)
{
    struct name nm;
    if (hswish && !n->o.minimalistic) return push(n, KG_HSWISH, NAME("%s_hswish", base), x);
    return relu(n, NAME("%s_relu", base), x, 0);
}

static int v3_block(struct kg_net *n, int i, int in, double ratio, int base, int k, int s, bool se, bool hswish)
{
    struct name nm;
    char prefix[40] = "expanded_conv";
    int cin = n->layer[in].c, exp = round8(cin * ratio), filters = round8(base * n->o.width), x = in;
    if (n->o.minimalistic) k = 3;
    if (i > 0) {
        snprintf(prefix, sizeof prefix, "expanded_conv_%d", i);
        x = conv(n, v3_name(n, &nm, prefix, "expand", "expand"), x, 1, 1, true, exp, false);
        x = bn(n, v3_name(n, &nm, prefix, "expand/BatchNorm", "expand_bn"), x);
        char act[60];
        snprintf(act, sizeof act, "%s_expand", prefix);
        x = v3_act(n, act, x, hswish);
    }
    if (s == 2)
        x = pad(n, v3_name(n, &nm, prefix, "depthwise/pad", "depthwise_pad"), x, n->layer[x].h % 2 == 0 ? k / 2 - 1 : k / 2,
                k / 2);
    x = dw(n, v3_name(n, &nm, prefix, "depthwise", "depthwise"), x, k, s, s == 1, false);
    x = bn(n, v3_name(n, &nm, prefix, "depthwise/BatchNorm", "depthwise_bn"), x);
    char act[60];
    snprintf(act, sizeof act, "%s_depthwise", prefix);
    x = v3_act(n, act, x, hswish);
    if (se && !n->o.minimalistic) {
        int y = gap(n, v3_name(n, &nm, prefix, "squeeze_excite/AvgPool", "squeeze_excite_avg_pool"), x,
                    n->o.generation != KG_GEN_APPS);
        if (n->o.generation == KG_GEN_APPS) y = reshape(n, NAME("%s_reshape", prefix), y, false);
        y = conv(n, v3_name(n, &nm, prefix, "squeeze_excite/Conv", "squeeze_excite_conv"), y, 1, 1, true, round8(exp * 0.25),
                 true);
        y = relu(n, v3_name(n, &nm, prefix, "squeeze_excite/Relu", "squeeze_excite_relu"), y, 0);
        y = conv(n, v3_name(n, &nm, prefix, "squeeze_excite/Conv_1", "squeeze_excite_conv_1"), y, 1, 1, true, exp, true);
        y = push(n, KG_HSIGMOID, NAME("%s_gate", prefix), y);
        x = pair(n, KG_MUL, v3_name(n, &nm, prefix, "squeeze_excite/Mul", "squeeze_excite_mul"), x, y);
    }
    x = conv(n, v3_name(n, &nm, prefix, "project", "project"), x, 1, 1, true, filters, false);
    x = bn(n, v3_name(n, &nm, prefix, "project/BatchNorm", "project_bn"), x);
    return s == 1 && cin == filters ? pair(n, KG_ADD, v3_name(n, &nm, prefix, "Add", "add"), in, x) : x;
}

static int v3_head(struct kg_net *n, int x)
{
    struct name nm;
    int last = n->o.family == KG_V3_SMALL ? 1024 : 1280;
    if (n->o.width > 1) last = round8(last * n->o.width);
    if (!n->o.pool_last) x = gap(n, "global_average_pooling2d", x, n->o.generation >= KG_GEN_TF);
    if (!n->o.pool_last && n->o.generation == KG_GEN_APPS) x = reshape(n, "reshape", x, false);
    x = v3_act(n, "conv_2", conv(n, v3_name(n, &nm, "", "Conv_2", "conv_2"), x, 1, 1, true, last, true), true);
    if (n->o.pool_last) x = reshape(n, "reshape", gap(n, "global_average_pooling2d", x, false), false);
    x = push(n, KG_DROPOUT, "dropout", x);
    x = conv(n, v3_name(n, &nm, "", "Logits", "logits"), x, 1, 1, true, n->o.classes, true);
    x = reshape(n, "flatten", x, true);
    return push(n, KG_SOFTMAX, v3_name(n, &nm, "", "Predictions", "predictions"), x);
}

static int v3(struct kg_net *n, int x)
{
    struct name nm;
    bool small = n->o.family == KG_V3_SMALL, stem_pad = n->o.generation == KG_GEN_APPS;
    if (stem_pad) x = pad(n, "Conv_pad", x, n->layer[x].h % 2, 1);
    x = conv(n, v3_name(n, &nm, "", "Conv", "conv"), x, 3, 2, !stem_pad, 16, false);
    x = v3_act(n, "stem", bn(n, v3_name(n, &nm, "", "Conv/BatchNorm", "conv_bn"), x), true);
    int i = 0;
#define BLOCK(t, c, k, s, se, hs) x = v3_block(n, i++, x, t, c, k, s, se, hs)
    if (small) {
        BLOCK(1, 16, 3, 2, true, false);
        BLOCK(72. / 16, 24, 3, 2, false, false);
        BLOCK(88. / 24, 24, 3, 1, false, false);
        BLOCK(4, 40, 5, 2, true, true);
        BLOCK(6, 40, 5, 1, true, true);
        BLOCK(6, 40, 5, 1, true, true);
        BLOCK(3, 48, 5, 1, true, true);
        BLOCK(3, 48, 5, 1, true, true);
        BLOCK(6, 96, 5, 2, true, true);
        BLOCK(6, 96, 5, 1, true, true);
        BLOCK(6, 96, 5, 1, true, true);
    } else {
        BLOCK(1, 16, 3, 1, false, false);
        BLOCK(4, 24, 3, 2, false, false);
        BLOCK(3, 24, 3, 1, false, false);
        BLOCK(3, 40, 5, 2, true, false);
        BLOCK(3, 40, 5, 1, true, false);
        BLOCK(3, 40, 5, 1, true, false);
        BLOCK(6, 80, 3, 2, false, true);
        BLOCK(2.5, 80, 3, 1, false, true);
        BLOCK(2.3, 80, 3, 1, false, true);
        BLOCK(2.3, 80, 3, 1, false, true);
        BLOCK(6, 112, 3, 1, true, true);
        BLOCK(6, 112, 3, 1, true, true);
        BLOCK(6, 160, 5, 2, true, true);
        BLOCK(6, 160, 5, 1, true, true);
        BLOCK(6, 160, 5, 1, true, true);
    }
#undef BLOCK
    x = conv(n, v3_name(n, &nm, "", "Conv_1", "conv_1"), x, 1, 1, true, round8(6.0 * n->layer[x].c), false);
    x = v3_act(n, "conv_1", bn(n, v3_name(n, &nm, "", "Conv_1/BatchNorm", "conv_1_bn"), x), true);
    n->backbone = n->n;
    return n->o.classes > 0 && !kg_nested(n) ? v3_head(n, x) : x;
}

bool kg_nested(const struct kg_net *n)
{
    return n->o.container == KG_NESTED || n->o.container >= KG_ARCHIVE_NESTED;
}

void kg_free(struct kg_net *n)
{
    for (int i = 0; i < n->n; i++)
        for (int v = 0; v < n->layer[i].n_var; v++) free(n->layer[i].var[v].v);
    free(n);
}

size_t kg_outputs(const struct kg_net *n)
{
    const struct kg_layer *l = &n->layer[n->n - 1];
    return (size_t)l->h * (size_t)l->w * (size_t)l->c;
}

long kg_params(const struct kg_net *n)
{
    size_t p = 0;
    for (int i = 0; i < n->n; i++) {
        for (int v = 0; v < n->layer[i].n_var; v++) p += kg_var_size(&n->layer[i].var[v]);
        p += n->layer[i].kind == KG_NORM; /* and how many samples they are of */
    }
    return (long)p;
}

/* ---- forward pass ---- */

static double hsigmoid(double x)
{
    double t = x + 3;
    return (t < 0 ? 0 : t > 6 ? 6 : t) / 6;
}

static int same_before(int in, int k, int s)
{
    int total = ((in + s - 1) / s - 1) * s + k - in;
    return total > 0 ? total / 2 : 0;
}

static void window(const struct kg_layer *l, const struct kg_layer *in, const double *x, double *y)
{
    int top = l->same ? same_before(in->h, l->k, l->s) : 0, left = l->same ? same_before(in->w, l->k, l->s) : 0;
    const float *w = l->var[0].v, *b = l->n_var > 1 ? l->var[1].v : NULL;
    for (int oy = 0; oy < l->h; oy++)
        for (int ox = 0; ox < l->w; ox++)
            for (int o = 0; o < l->c; o++) {
                double sum = b != NULL ? (double)b[o] : 0;
                for (int ky = 0; ky < l->k; ky++)
                    for (int kx = 0; kx < l->k; kx++) {
                        int iy = oy * l->s + ky - top, ix = ox * l->s + kx - left;
                        if (iy < 0 || ix < 0 || iy >= in->h || ix >= in->w) continue;
                        const double *p = x + ((size_t)iy * (size_t)in->w + (size_t)ix) * (size_t)in->c;
                        const float *f = w + ((size_t)ky * (size_t)l->k + (size_t)kx) * (size_t)in->c *
                                                 (size_t)(l->kind == KG_DW ? 1 : l->c);
                        if (l->kind == KG_DW) sum += p[o] * (double)f[o];
                        else
                            for (int i = 0; i < in->c; i++) sum += p[i] * (double)f[(size_t)i * (size_t)l->c + (size_t)o];
                    }
                y[((size_t)oy * (size_t)l->w + (size_t)ox) * (size_t)l->c + (size_t)o] = sum;
            }
}

static void pad_plane(const struct kg_layer *l, const struct kg_layer *in, const double *x, double *y)
{
    size_t row = (size_t)in->w * (size_t)in->c;
    memset(y, 0, (size_t)l->h * (size_t)l->w * (size_t)l->c * sizeof *y);
    for (int iy = 0; iy < in->h; iy++)
        memcpy(y + ((size_t)(iy + l->before) * (size_t)l->w + (size_t)l->before) * (size_t)l->c, x + (size_t)iy * row,
               row * sizeof *y);
}

static void softmax(const double *x, double *y, int n)
{
    double max = x[0], sum = 0;
    for (int i = 1; i < n; i++) max = x[i] > max ? x[i] : max;
    for (int i = 0; i < n; i++) sum += y[i] = exp(x[i] - max);
    for (int i = 0; i < n; i++) y[i] /= sum;
}

static void run(const struct kg_layer *l, const struct kg_layer *in, const double *x, const double *x2, size_t gate,
                double *y)
{
    size_t n = (size_t)l->h * (size_t)l->w * (size_t)l->c, c = (size_t)l->c;
    switch (l->kind) {
    case KG_CONV:
    case KG_DW:
        window(l, in, x, y);
        return;
    case KG_PAD:
        pad_plane(l, in, x, y);
        return;
    case KG_SOFTMAX:
        softmax(x, y, l->c);
        return;
    case KG_DENSE:
        for (size_t o = 0; o < c; o++) {
            y[o] = (double)l->var[1].v[o];
            for (size_t i = 0; i < (size_t)in->c; i++) y[o] += x[i] * (double)l->var[0].v[i * c + o];
        }
        return;
    case KG_GAP:
        for (size_t o = 0; o < c; o++) {
            y[o] = 0;
            for (size_t i = 0; i < (size_t)in->h * (size_t)in->w; i++) y[o] += x[i * c + o];
            y[o] /= (double)in->h * in->w;
        }
        return;
    default:
        break;
    }
    for (size_t i = 0; i < n; i++) {
        size_t o = i % c;
        switch (l->kind) {
        case KG_BN:
            y[i] = (double)l->var[0].v[o] * (x[i] - (double)l->var[2].v[o]) / sqrt((double)l->var[3].v[o] + 1e-3) +
                   (double)l->var[1].v[o];
            break;
        case KG_NORM:
            y[i] = (x[i] - (double)l->var[0].v[o]) / sqrt((double)l->var[1].v[o]);
            break;
        case KG_RELU:
            y[i] = x[i] < 0 ? 0 : l->max > 0 && x[i] > l->max ? l->max : x[i];
            break;
        case KG_HSIGMOID:
            y[i] = hsigmoid(x[i]);
            break;
        case KG_HSWISH:
            y[i] = x[i] * hsigmoid(x[i]);
            break;
        case KG_ADD:
            y[i] = x[i] + x2[i];
            break;
        case KG_MUL:
            y[i] = x[i] * x2[i % gate];
            break;
        case KG_RESCALE:
            y[i] = l->scale * x[i] + l->offset;
            break;
        default:
            y[i] = x[i];
            break;
        }
    }
}

static void settle_norm(struct kg_net *n, const struct kg_layer *l, const double *x, size_t size)
{
    double mean = 0, var = 0;
    for (size_t i = 0; i < size; i++) mean += x[i] / (double)size;
    for (size_t i = 0; i < size; i++) var += (x[i] - mean) * (x[i] - mean) / (double)size;
    for (int c = 0; c < l->c; c++) {
        l->var[2].v[c] = coarse(n, mean + sqrt(var) * uniform(n, -0.5, 0.5));
        l->var[3].v[c] = coarse(n, var * uniform(n, 0.75, 1.5));
    }
}

static const struct kg_layer *second_input(const struct kg_net *n, const struct kg_layer *l)
{
    return l->in[1] >= 0 ? &n->layer[l->in[1]] : l;
}

/* Runs all layers. With `settle`, BatchNormalization's statistics are set to what it sees (with some spread), as training
 * would: without it random networks fade or explode within a few blocks, and then prove nothing. */
static void forward(struct kg_net *settle, const struct kg_net *n, const double *in, double *out)
{
    double **t = need(calloc((size_t)n->n, sizeof *t));
    for (int i = 0; i < n->n; i++) {
        const struct kg_layer *l = &n->layer[i];
        size_t size = (size_t)l->h * (size_t)l->w * (size_t)l->c;
        t[i] = need(malloc(size * sizeof **t));
        if (l->kind == KG_INPUT) {
            memcpy(t[i], in, size * sizeof **t);
            continue;
        }
        if (settle != NULL && l->kind == KG_BN) settle_norm(settle, l, t[l->in[0]], size);
        const struct kg_layer *b = second_input(n, l);
        run(l, &n->layer[l->in[0]], t[l->in[0]], l->in[1] >= 0 ? t[l->in[1]] : NULL,
            (size_t)b->h * (size_t)b->w * (size_t)b->c, t[i]);
    }
    if (out != NULL) memcpy(out, t[n->n - 1], kg_outputs(n) * sizeof *out);
    for (int i = 0; i < n->n; i++) free(t[i]);
    free(t);
}

void kg_forward(const struct kg_net *n, const double *in, double *out)
{
    forward(NULL, n, in, out);
}

/* ---- whole networks ---- */

/* What pruning or clustering has made of a layer's kernel: half the values zero, or sixteenths of its range. */
static void thin_out(struct kg_net *n, struct kg_layer *l)
{
    if (l->kind != KG_CONV && l->kind != KG_DENSE) return;
    struct kg_var *v = &l->var[0];
    float most = 0;
    for (size_t i = 0; i < kg_var_size(v); i++) most = fabsf(v->v[i]) > most ? fabsf(v->v[i]) : most;
    for (size_t i = 0; i < kg_var_size(v); i++) {
        if (n->o.wrap == KG_PRUNED && uniform(n, 0, 1) < 0.5) v->v[i] = 0;
        if (n->o.wrap == KG_CLUSTERED) v->v[i] = roundf(v->v[i] / most * 8) / 8 * most;
    }
}

const char *kg_outer_name(const struct kg_net *n, const char *name, char *buf, size_t size)
{
    static const char *const prefix[] = {"", "prune_low_magnitude_", "cluster_", "quant_"};
    bool input = strcmp(name, "input_1") == 0;
    snprintf(buf, size, "%s%s", input ? "" : prefix[n->o.wrap], name);
    return buf;
}

struct kg_net *kg_new(const struct kg_options *o)
{
    struct kg_net *n = need(calloc(1, sizeof *n));
    n->o = *o;
    if (n->o.channels == 0) n->o.channels = 3;
    n->rng = o->seed;
    int x = push(n, KG_INPUT, "input_1", -1);
    n->layer[x].h = n->layer[x].w = o->resolution;
    n->layer[x].c = n->o.channels;
    if (o->rescaling) {
        x = push(n, KG_RESCALE, "rescaling", x);
        n->layer[x].scale = 1 / 127.5;
        n->layer[x].offset = -1;
    }
    if (o->normalization) x = norm(n, "normalization", x);
    if (o->family == KG_V1) x = v1(n, x);
    else if (o->family == KG_V2) x = v2(n, x);
    else x = v3(n, x);
    if (kg_nested(n)) {
        x = gap(n, "pool", x, false);
        x = dense(n, "head", x, o->classes);
        push(n, KG_SOFTMAX, "", x);
    }
    for (int i = 0; i < n->n; i++) thin_out(n, &n->layer[i]);
    size_t inputs = (size_t)o->resolution * (size_t)o->resolution * (size_t)n->o.channels;
    double *in = need(malloc(inputs * sizeof *in));
    for (size_t i = 0; i < inputs; i++) in[i] = uniform(n, -1, 1) * (o->rescaling ? 127.5 : 1) + (o->rescaling ? 127.5 : 0);
    forward(n, n, in, NULL);
    free(in);
    return n;
}
