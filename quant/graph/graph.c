/* SPDX-License-Identifier: Apache-2.0
 * The float graph: building, shapes, checks. */
#include "graph/graph.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Larger tensors than any MobileNet has, small enough that products of dimensions stay within 64 bits. */
enum { MAX_DIM = 1 << 20, MAX_NODES = 1 << 16 };
#define MAX_ELEMENTS ((int64_t)1 << 28)

/* ---- names ---- */

const char *mnq_op_name(enum mnq_op op)
{
    static const char *const name[MNQ_OP_COUNT] = {
        "input",  "conv", "dwconv",  "dense",   "avgpool", "add",      "mul",    "softmax", "act",   "batchnorm",
        "affine", "pad",  "reshape", "maxpool", "select",  "upsample", "spread", "crop",    "tconv", "join"};
    return (unsigned)op < MNQ_OP_COUNT ? name[op] : "?";
}

const char *mnq_act_name(enum mnq_act act)
{
    static const char *const name[] = {
        "none", "relu",  "relu_max", "hswish", "hsigmoid",  "hard_sigmoid_02", "sigmoid",  "leaky", "prelu", "elu",
        "selu", "swish", "tanh",     "gelu",   "gelu_tanh", "softplus",        "softsign", "mish",  "exp",   "square"};
    return (unsigned)act < sizeof name / sizeof *name ? name[act] : "?";
}

/* ---- building ---- */

void mnq_graph_init(struct mnq_graph *g, struct mnq_arena *arena)
{
    memset(g, 0, sizeof *g);
    g->arena = arena;
    g->output = -1;
}

struct mnq_node *mnq_graph_add(struct mnq_graph *g, enum mnq_op op, const char *name)
{
    if (g->n == g->cap) {
        int cap = g->cap == 0 ? 64 : 2 * g->cap;
        struct mnq_node *node = cap <= MAX_NODES ? mnq_arena_array(g->arena, (size_t)cap, sizeof *node) : NULL;
        if (node == NULL) return NULL;
        if (g->n > 0) memcpy(node, g->node, (size_t)g->n * sizeof *node);
        g->node = node;
        g->cap = cap;
    }
    const char *own = mnq_arena_strdup(g->arena, name);
    if (own == NULL) return NULL;
    struct mnq_node *nd = &g->node[g->n++];
    *nd = (struct mnq_node){.name = own, .op = op, .kh = 1, .kw = 1, .sh = 1, .sw = 1, .mult = 1, .twin = -1, .source = -1};
    nd->groups = nd->dh = nd->dw = 1;
    nd->coef[0] = nd->coef[1] = 1.0f;
    return nd;
}

int mnq_graph_note(struct mnq_graph *g, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    for (int i = 0; i < g->n_note; i++)
        if (strcmp(g->note[i], text) == 0) return 0; /* the same decision at many layers is told once */
    if ((g->n_note & (g->n_note - 1)) == 0) {        /* full at powers of two */
        char **note = mnq_arena_array(g->arena, g->n_note == 0 ? 1 : 2 * (size_t)g->n_note, sizeof *note);
        if (note == NULL) return -1;
        if (g->n_note > 0) memcpy(note, g->note, (size_t)g->n_note * sizeof *note);
        g->note = note;
    }
    char *own = mnq_arena_strdup(g->arena, text);
    if (own == NULL) return -1;
    g->note[g->n_note++] = own;
    return 0;
}

size_t mnq_node_weights(const struct mnq_graph *g, const struct mnq_node *nd)
{
    size_t cin = nd->n_in > 0 ? (size_t)g->node[nd->in[0]].out.c : 0, cout = (size_t)nd->out.c;
    switch (nd->op) {
    case MNQ_OP_CONV:
        return (size_t)nd->kh * (size_t)nd->kw * (cin / (size_t)mnq_node_groups(nd)) * cout;
    case MNQ_OP_TCONV:
        return (size_t)nd->kh * (size_t)nd->kw * cin * cout;
    case MNQ_OP_DWCONV:
        return (size_t)nd->kh * (size_t)nd->kw * cout;
    case MNQ_OP_DENSE:
        return cin * cout;
    default:
        return 0;
    }
}

int mnq_graph_copy(struct mnq_graph *to, const struct mnq_graph *g, struct mnq_arena *arena, struct mnq_err *e)
{
    *to = *g;
    to->node = mnq_arena_array(arena, (size_t)g->n, sizeof *g->node);
    if (to->node == NULL) return mnq_fail_nomem(e);
    memcpy(to->node, g->node, (size_t)g->n * sizeof *g->node);
    for (int i = 0; i < g->n; i++) {
        struct mnq_node *nd = &to->node[i];
        size_t weights = mnq_node_weights(g, nd), c = (size_t)nd->out.c;
        float *w = nd->w == NULL ? NULL : mnq_arena_array(arena, weights, sizeof *w);
        float *b = nd->b == NULL ? NULL : mnq_arena_array(arena, c, sizeof *b);
        if ((nd->w != NULL && w == NULL) || (nd->b != NULL && b == NULL)) return mnq_fail_nomem(e);
        if (w != NULL) memcpy(w, nd->w, weights * sizeof *w);
        if (b != NULL) memcpy(b, nd->b, c * sizeof *b);
        nd->w = w;
        nd->b = b;
    }
    return 0;
}

/* ---- shapes ---- */

static int64_t elements(struct mnq_shape s)
{
    return (int64_t)s.h * s.w * s.c;
}

static bool sane_shape(struct mnq_shape s)
{
    return s.h > 0 && s.w > 0 && s.c > 0 && s.h <= MAX_DIM && s.w <= MAX_DIM && s.c <= MAX_DIM &&
           (int64_t)s.h * s.w <= MAX_ELEMENTS && elements(s) <= MAX_ELEMENTS;
}

static int fail_node(const struct mnq_graph *g, const struct mnq_node *nd, struct mnq_err *e, const char *fmt, ...)
{
    char what[500];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s%s%s '%s': %s", g->file != NULL ? g->file : "", g->file != NULL ? ": " : "",
                    mnq_op_name(nd->op), nd->name, what);
}

/* Number of window positions along one axis, 0 if the window does not fit once. */
static int positions(int in, int before, int after, int window, int stride)
{
    int64_t room = (int64_t)in + before + after - window;
    return room < 0 ? 0 : (int)(room / stride + 1);
}

/* Rows or columns that a dilated window spans. */
static int64_t span(int window, int dilation)
{
    return dilation > 1 ? (int64_t)(window - 1) * dilation + 1 : window;
}

static int infer_window(const struct mnq_graph *g, struct mnq_node *nd, struct mnq_shape in, struct mnq_err *e)
{
    if (nd->kh < 1 || nd->kw < 1 || nd->kh > MAX_DIM || nd->kw > MAX_DIM)
        return fail_node(g, nd, e, "window of %d x %d, at least 1 x 1 is wanted", nd->kh, nd->kw);
    if (nd->sh < 1 || nd->sw < 1) return fail_node(g, nd, e, "stride of %d x %d, at least 1 x 1 is wanted", nd->sh, nd->sw);
    if (nd->pt < 0 || nd->pl < 0 || nd->pb < 0 || nd->pr < 0 || nd->pt > MAX_DIM || nd->pl > MAX_DIM || nd->pb > MAX_DIM ||
        nd->pr > MAX_DIM)
        return fail_node(g, nd, e, "padding of %d, %d, %d, %d is out of range", nd->pt, nd->pl, nd->pb, nd->pr);
    int64_t rows = span(nd->kh, nd->dh), columns = span(nd->kw, nd->dw);
    if (rows > MAX_DIM || columns > MAX_DIM)
        return fail_node(g, nd, e, "dilation of %d x %d is out of range", nd->dh, nd->dw);
    nd->out.h = positions(in.h, nd->pt, nd->pb, (int)rows, nd->sh);
    nd->out.w = positions(in.w, nd->pl, nd->pr, (int)columns, nd->sw);
    if (nd->out.h < 1 || nd->out.w < 1)
        return fail_node(g, nd, e, "window of %d x %d does not fit its input of %d x %d", nd->kh, nd->kw, in.h, in.w);
    return 0;
}

/* Larger of two sizes of which one may be 1; 0 if they do not fit. */
static int broadcast(int a, int b)
{
    return a == b || b == 1 ? a : a == 1 ? b : 0;
}

static int infer_pair(const struct mnq_graph *g, struct mnq_node *nd, struct mnq_shape a, struct mnq_shape b,
                      struct mnq_err *e)
{
    nd->out = (struct mnq_shape){broadcast(a.h, b.h), broadcast(a.w, b.w), broadcast(a.c, b.c)};
    if (nd->out.h > 0 && nd->out.w > 0 && nd->out.c > 0) return 0;
    return fail_node(g, nd, e, "inputs are %dx%dx%d and %dx%dx%d, equal sizes or 1 in each direction are wanted", a.h, a.w,
                     a.c, b.h, b.w, b.c);
}

/* All channels of in[0] and in[1], or those that map names. */
static int infer_select(const struct mnq_graph *g, struct mnq_node *nd, struct mnq_shape a, struct mnq_err *e)
{
    struct mnq_shape b = nd->n_in > 1 ? g->node[nd->in[1]].out : (struct mnq_shape){a.h, a.w, 0};
    if (a.h != b.h || a.w != b.w)
        return fail_node(g, nd, e, "inputs are %dx%dx%d and %dx%dx%d, equal heights and widths are wanted", a.h, a.w, a.c,
                         b.h, b.w, b.c);
    nd->out.h = a.h;
    nd->out.w = a.w;
    if (nd->map == NULL) nd->out.c = a.c + b.c;
    for (int c = 0; nd->map != NULL && c < nd->out.c; c++)
        if (nd->map[c] < 0 || nd->map[c] >= a.c + b.c)
            return fail_node(g, nd, e, "takes channel %d of %d", nd->map[c], a.c + b.c);
    return 0;
}

/* SPREAD and TCONV: as many rows and columns as can be there, or fewer. */
static int check_cut(const struct mnq_graph *g, const struct mnq_node *nd, int64_t h, int64_t w, struct mnq_err *e)
{
    if (nd->out.h > 0 && nd->out.w > 0 && nd->out.h <= h && nd->out.w <= w) return 0;
    return fail_node(g, nd, e, "makes %d x %d of the %lld x %lld that there are", nd->out.h, nd->out.w, (long long)h,
                     (long long)w);
}

static int infer_tconv(const struct mnq_graph *g, struct mnq_node *nd, struct mnq_shape a, struct mnq_err *e)
{
    if (nd->kh < 1 || nd->kw < 1 || nd->kh > MAX_DIM || nd->kw > MAX_DIM || nd->sh < 1 || nd->sw < 1 || nd->pt < 0 ||
        nd->pl < 0)
        return fail_node(g, nd, e, "window of %d x %d at strides of %d x %d is out of range", nd->kh, nd->kw, nd->sh,
                         nd->sw);
    int64_t h = (int64_t)(a.h - 1) * nd->sh + (nd->kh > nd->sh ? nd->kh : nd->sh);
    int64_t w = (int64_t)(a.w - 1) * nd->sw + (nd->kw > nd->sw ? nd->kw : nd->sw);
    return check_cut(g, nd, h - nd->pt + nd->sh - 1, w - nd->pl + nd->sw - 1, e); /* output_padding adds what is less than a stride */
}

static int infer_from(const struct mnq_graph *g, struct mnq_node *nd, struct mnq_shape a, struct mnq_err *e)
{
    switch (nd->op) {
    case MNQ_OP_CONV:
        if (a.c % mnq_node_groups(nd) != 0 || nd->out.c % mnq_node_groups(nd) != 0)
            return fail_node(g, nd, e, "%d groups do not divide %d inputs and %d filters", nd->groups, a.c, nd->out.c);
        return infer_window(g, nd, a, e);
    case MNQ_OP_DWCONV:
        if (nd->mult < 1 || (int64_t)a.c * nd->mult > MAX_DIM)
            return fail_node(g, nd, e, "depth multiplier of %d on %d channels is out of range", nd->mult, a.c);
        nd->out.c = a.c * nd->mult;
        return infer_window(g, nd, a, e);
    case MNQ_OP_AVGPOOL:
    case MNQ_OP_MAXPOOL:
        nd->out.c = a.c;
        if (nd->pt >= nd->kh || nd->pb >= nd->kh || nd->pl >= nd->kw || nd->pr >= nd->kw)
            return fail_node(g, nd, e, "padding of %d, %d, %d, %d leaves windows empty", nd->pt, nd->pl, nd->pb, nd->pr);
        return infer_window(g, nd, a, e);
    case MNQ_OP_SELECT:
        return infer_select(g, nd, a, e);
    case MNQ_OP_UPSAMPLE:
        if (nd->kh < 1 || nd->kw < 1 || nd->kh > MAX_DIM || nd->kw > MAX_DIM || (int64_t)a.h * nd->kh > MAX_DIM ||
            (int64_t)a.w * nd->kw > MAX_DIM)
            return fail_node(g, nd, e, "factors of %d x %d are out of range", nd->kh, nd->kw);
        nd->out = (struct mnq_shape){a.h * nd->kh, a.w * nd->kw, a.c};
        return 0;
    case MNQ_OP_SPREAD:
        if (nd->kh < 1 || nd->kw < 1 || (int64_t)nd->kh * nd->kw > MAX_DIM || a.c % (nd->kh * nd->kw) != 0)
            return fail_node(g, nd, e, "%d channels for blocks of %d x %d", a.c, nd->kh, nd->kw);
        nd->out.c = a.c / (nd->kh * nd->kw);
        return check_cut(g, nd, (int64_t)a.h * nd->kh, (int64_t)a.w * nd->kw, e);
    case MNQ_OP_CROP:
        if (nd->pt < 0 || nd->pl < 0 || nd->pb < 0 || nd->pr < 0 || (int64_t)nd->pt + nd->pb >= a.h ||
            (int64_t)nd->pl + nd->pr >= a.w)
            return fail_node(g, nd, e, "cropping of %d, %d, %d, %d leaves nothing of %d x %d", nd->pt, nd->pl, nd->pb,
                             nd->pr, a.h, a.w);
        nd->out = (struct mnq_shape){a.h - nd->pt - nd->pb, a.w - nd->pl - nd->pr, a.c};
        return 0;
    case MNQ_OP_TCONV:
        return infer_tconv(g, nd, a, e);
    case MNQ_OP_PAD:
        nd->out.c = a.c;
        return infer_window(g, nd, a, e);
    case MNQ_OP_DENSE:
        if (a.h != 1 || a.w != 1) return fail_node(g, nd, e, "input is %dx%dx%d, 1x1xC is wanted", a.h, a.w, a.c);
        nd->out.h = nd->out.w = 1;
        return 0;
    case MNQ_OP_RESHAPE:
        if (!sane_shape(nd->out) || elements(nd->out) != elements(a))
            return fail_node(g, nd, e, "cannot make %dx%dx%d of %dx%dx%d", nd->out.h, nd->out.w, nd->out.c, a.h, a.w, a.c);
        return 0;
    default:
        nd->out = a;
        return 0;
    }
}

static int input_count(const struct mnq_node *nd)
{
    if (nd->op == MNQ_OP_SELECT && nd->n_in == 2) return 2;
    if (nd->op == MNQ_OP_JOIN) return 2;
    return nd->op == MNQ_OP_INPUT ? 0 : nd->op == MNQ_OP_ADD || nd->op == MNQ_OP_MUL ? 2 : 1;
}

int mnq_node_infer(const struct mnq_graph *g, struct mnq_node *nd, struct mnq_err *e)
{
    int n_in = input_count(nd);
    if ((unsigned)nd->op >= MNQ_OP_COUNT) return fail_node(g, nd, e, "unknown operator %d", (int)nd->op);
    if (nd->n_in != n_in) return fail_node(g, nd, e, "%d inputs, %d wanted", nd->n_in, n_in);
    for (int k = 0; k < n_in; k++)
        if (nd->in[k] < 0 || nd->in[k] >= g->n || &g->node[nd->in[k]] == nd)
            return fail_node(g, nd, e, "input %d is node %d of %d", k, nd->in[k], g->n);
    if (n_in > 0) {
        struct mnq_shape a = g->node[nd->in[0]].out;
        if (nd->op == MNQ_OP_ADD || nd->op == MNQ_OP_MUL) {
            if (infer_pair(g, nd, a, g->node[nd->in[1]].out, e) != 0) return -1;
            a = nd->out;
        }
        if (infer_from(g, nd, a, e) != 0) return -1;
    }
    if (!sane_shape(nd->out))
        return fail_node(g, nd, e, "output of %d x %d x %d is out of range", nd->out.h, nd->out.w, nd->out.c);
    return 0;
}

/* ---- checks ---- */

static int check_finite(const struct mnq_graph *g, const struct mnq_node *nd, const char *what, const float *v, size_t n,
                        struct mnq_err *e)
{
    for (size_t i = 0; v != NULL && i < n; i++)
        if (!isfinite(v[i])) return fail_node(g, nd, e, "%s[%zu] is %s", what, i, isnan(v[i]) ? "NaN" : "infinite");
    return 0;
}

static int check_values(const struct mnq_graph *g, const struct mnq_node *nd, struct mnq_err *e)
{
    size_t c = (size_t)nd->out.c, w = mnq_node_weights(g, nd);
    if (w > 0 && nd->w == NULL) return fail_node(g, nd, e, "has no weights");
    if (nd->op == MNQ_OP_BATCHNORM) {
        if (nd->mean == NULL || nd->var == NULL) return fail_node(g, nd, e, "has no mean or no variance");
        if (!isfinite(nd->eps)) return fail_node(g, nd, e, "epsilon is not finite");
    }
    if (nd->op == MNQ_OP_AFFINE && (nd->scale == NULL || nd->offset == NULL))
        return fail_node(g, nd, e, "has no scale or no offset");
    if (nd->act == MNQ_ACT_PRELU && nd->slope == NULL) return fail_node(g, nd, e, "has no slopes");
    if (nd->act == MNQ_ACT_PRELU && check_finite(g, nd, "slope", nd->slope, c, e) != 0) return -1;
    if (!isfinite(nd->act_alpha) || !isfinite(nd->act_threshold) || !isfinite(nd->coef[0]) || !isfinite(nd->coef[1]))
        return fail_node(g, nd, e, "a parameter is not finite");
    if (check_finite(g, nd, "weight", nd->w, w, e) != 0 || check_finite(g, nd, "bias", nd->b, c, e) != 0) return -1;
    if (nd->op == MNQ_OP_AFFINE &&
        (check_finite(g, nd, "scale", nd->scale, c, e) != 0 || check_finite(g, nd, "offset", nd->offset, c, e) != 0))
        return -1;
    if (nd->op == MNQ_OP_BATCHNORM) {
        if (check_finite(g, nd, "gamma", nd->gamma, c, e) != 0 || check_finite(g, nd, "beta", nd->beta, c, e) != 0 ||
            check_finite(g, nd, "mean", nd->mean, c, e) != 0 || check_finite(g, nd, "variance", nd->var, c, e) != 0)
            return -1;
        for (size_t i = 0; i < c; i++)
            if (!((double)nd->var[i] + (double)nd->eps > 0.0))
                return fail_node(g, nd, e, "variance[%zu] + epsilon is %g, above 0 is wanted", i,
                                 (double)nd->var[i] + (double)nd->eps);
    }
    if (nd->act == MNQ_ACT_RELU_MAX && !(nd->act_max > 0.0f && isfinite(nd->act_max)))
        return fail_node(g, nd, e, "ReLU limit is %g, above 0 is wanted", (double)nd->act_max);
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int check_names(const struct mnq_graph *g, struct mnq_err *e)
{
    const char **name = malloc((size_t)g->n * sizeof *name);
    if (name == NULL) return mnq_fail_nomem(e);
    for (int i = 0; i < g->n; i++) name[i] = g->node[i].name;
    qsort(name, (size_t)g->n, sizeof *name, by_name);
    int rc = 0;
    for (int i = 1; i < g->n && rc == 0; i++)
        if (strcmp(name[i - 1], name[i]) == 0)
            rc = mnq_fail(e, MNQ_EXIT_FAILED, "%s%stwo layers are named '%s'", g->file != NULL ? g->file : "",
                          g->file != NULL ? ": " : "", name[i]);
    free(name);
    return rc;
}

int mnq_graph_check(struct mnq_graph *g, struct mnq_err *e)
{
    if (g->n == 0) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: the network is empty", g->file != NULL ? g->file : "graph");
    if (g->output < 0 || g->output >= g->n)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: output is node %d of %d", g->file != NULL ? g->file : "graph", g->output,
                        g->n);
    for (int k = 0; k < g->n_more; k++)
        if (g->more[k] < 0 || g->more[k] >= g->n)
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s: output %d is node %d of %d", g->file != NULL ? g->file : "graph", k + 2,
                            g->more[k], g->n);
    int inputs = 0;
    for (int i = 0; i < g->n; i++) {
        struct mnq_node *nd = &g->node[i];
        inputs += nd->op == MNQ_OP_INPUT;
        for (int k = 0; k < nd->n_in && k < 2; k++)
            if (nd->in[k] >= i) return fail_node(g, nd, e, "reads node %d, which is not before it", nd->in[k]);
        if (mnq_node_infer(g, nd, e) != 0 || check_values(g, nd, e) != 0) return -1;
    }
    if (inputs != 1)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %d inputs, one is wanted", g->file != NULL ? g->file : "graph", inputs);
    return check_names(g, e);
}
