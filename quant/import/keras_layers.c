/* SPDX-License-Identifier: Apache-2.0
 * Keras' layer classes, one function each, found by a table. */
#include "import/keras_net.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAX_WINDOW = 4096, MAX_FILTERS = 1 << 16, MAX_INPUTS = 64 };

int mnq_knet_fail(const struct mnq_knet *k, const struct mnq_klayer *l, const char *fmt, ...)
{
    char what[500];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    return mnq_fail(k->e, MNQ_EXIT_FAILED, "%s: layer '%.100s' (%.60s): %s", k->file, l->name, l->class_name, what);
}

/* ---- configuration values ---- */

/* Value of a key under its present name or Keras 1's; NULL if absent or null. */
static const struct mnq_ynode *get(const struct mnq_klayer *l, const char *key, const char *old)
{
    const struct mnq_ynode *v = mnq_y_get(l->config, key);
    if (mnq_y_null(v) && old != NULL) v = mnq_y_get(l->config, old);
    return mnq_y_null(v) ? NULL : v;
}

/* An integer; `missing` if the key is absent, which is refused if it is below `lo`. */
static int get_int(struct mnq_knet *k, const struct mnq_klayer *l, const char *key, const char *old, int lo, int hi,
                   int missing, int *out)
{
    const struct mnq_ynode *v = get(l, key, old);
    if (v != NULL) return mnq_y_int(v, lo, hi, out, k->e);
    if (missing < lo) return mnq_knet_fail(k, l, "has no %s", key);
    *out = missing;
    return 0;
}

static int get_bool(struct mnq_knet *k, const struct mnq_klayer *l, const char *key, const char *old, bool missing,
                    bool *out)
{
    const struct mnq_ynode *v = get(l, key, old);
    *out = missing;
    return v == NULL ? 0 : mnq_y_bool(v, out, k->e);
}

static int get_double(struct mnq_knet *k, const struct mnq_klayer *l, const char *key, double missing, double *out)
{
    const struct mnq_ynode *v = get(l, key, NULL);
    *out = missing;
    return v == NULL ? 0 : mnq_y_double(v, -1e30, 1e30, out, k->e);
}

/* An integer or a pair of them. */
static int get_pair(struct mnq_knet *k, const struct mnq_ynode *v, int lo, int hi, int *a, int *b)
{
    if (v->kind != MNQ_Y_SEQ) {
        if (mnq_y_int(v, lo, hi, a, k->e) != 0) return -1;
        *b = *a;
        return 0;
    }
    if (v->n != 2) return mnq_y_fail(v, k->e, "expected 1 or 2 integers, got %d", v->n);
    return mnq_y_int(v->first, lo, hi, a, k->e) != 0 || mnq_y_int(v->first->next, lo, hi, b, k->e) != 0 ? -1 : 0;
}

/* A text key; `missing` if absent. */
static int get_text(struct mnq_knet *k, const struct mnq_klayer *l, const char *key, const char *old, const char *missing,
                    const char **out)
{
    const struct mnq_ynode *v = get(l, key, old);
    *out = missing;
    return v == NULL ? 0 : mnq_y_string(v, out, k->e);
}

static int check_data_format(struct mnq_knet *k, const struct mnq_klayer *l)
{
    const char *format;
    if (get_text(k, l, "data_format", "dim_ordering", "channels_last", &format) != 0) return -1;
    if (strcmp(format, "channels_last") == 0 || strcmp(format, "tf") == 0 || strcmp(format, "default") == 0) return 0;
    return mnq_knet_fail(k, l, "data_format is %.40s, only channels_last is supported", format);
}

static int get_padding(struct mnq_knet *k, const struct mnq_klayer *l, enum mnq_padding *out)
{
    const char *padding;
    if (get_text(k, l, "padding", "border_mode", "valid", &padding) != 0) return -1;
    *out = strcmp(padding, "same") == 0 ? MNQ_PAD_SAME : MNQ_PAD_VALID;
    if (*out == MNQ_PAD_SAME || strcmp(padding, "valid") == 0) return 0;
    return mnq_knet_fail(k, l, "padding is %.40s, only same and valid are supported", padding);
}

/* ---- activations ---- */

struct activation {
    const char *name;
    enum mnq_act act;
    float max;
};

int mnq_knet_activation(struct mnq_knet *k, const struct mnq_klayer *l, const char *name, int in, const char *activation)
{
    static const struct activation known[] = {
        {"relu", MNQ_ACT_RELU, 0},         {"relu6", MNQ_ACT_RELU_MAX, 6},        {"sigmoid", MNQ_ACT_SIGMOID, 0},
        {"hard_swish", MNQ_ACT_HSWISH, 0}, {"hard_silu", MNQ_ACT_HSWISH, 0},      {"hardswish", MNQ_ACT_HSWISH, 0},
        {"h_swish", MNQ_ACT_HSWISH, 0},    {"hswish", MNQ_ACT_HSWISH, 0},         {"h_sigmoid", MNQ_ACT_HSIGMOID, 0},
        {"hsigmoid", MNQ_ACT_HSIGMOID, 0}, {"hard_sigmoid", MNQ_ACT_HSIGMOID, 0},
    };
    if (strrchr(activation, '>') != NULL)
        activation = strrchr(activation, '>') + 1; /* "Custom>relu6": registered by a user */
    if (strcmp(activation, "linear") == 0) return in;
    if (strcmp(activation, "softmax") == 0) return mnq_build_softmax(&k->b, name, in, k->e);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(activation, known[i].name) != 0) continue;
        enum mnq_act act = known[i].act;
        if (strcmp(activation, "hard_sigmoid") == 0 && k->version < 3) {
            act = MNQ_ACT_HARD_SIGMOID_02;
            k->hard_sigmoid = true;
        }
        return mnq_build_act(&k->b, name, in, act, known[i].max, k->e);
    }
    return mnq_knet_fail(
        k, l, "activation %.60s is not supported; linear, relu, relu6, hard_swish, hard_sigmoid, sigmoid and softmax are",
        activation);
}

/* ReLU's parameters as an activation. */
static int relu(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_ynode *config, const char *name, int in)
{
    struct mnq_klayer view = *l;
    view.config = config;
    double max, slope, threshold;
    bool bounded = get(&view, "max_value", NULL) != NULL;
    if (get_double(k, &view, "max_value", 0, &max) != 0 || get_double(k, &view, "negative_slope", 0, &slope) != 0 ||
        get_double(k, &view, "threshold", 0, &threshold) != 0)
        return -1;
    if (slope != 0) return mnq_knet_fail(k, l, "negative_slope is %g, only 0 is supported", slope);
    if (threshold != 0) return mnq_knet_fail(k, l, "threshold is %g, only 0 is supported", threshold);
    if (bounded && max <= 0) return mnq_knet_fail(k, l, "max_value is %g, above 0 is wanted", max);
    return mnq_build_act(&k->b, name, in, bounded ? MNQ_ACT_RELU_MAX : MNQ_ACT_RELU, (float)max, k->e);
}

/* An activation given as a name, a serialized function or a serialized layer. */
static int activation_of(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_ynode *v, const char *name, int in)
{
    if (mnq_y_null(v)) return in;
    if (v->kind == MNQ_Y_SCALAR) return mnq_knet_activation(k, l, name, in, v->text);
    const struct mnq_ynode *class_name = mnq_y_get(v, "class_name"), *config = mnq_y_get(v, "config");
    if (mnq_y_is(class_name, "ReLU")) return relu(k, l, config, name, in);
    if (mnq_y_is(class_name, "Softmax")) return mnq_build_softmax(&k->b, name, in, k->e);
    if (mnq_y_is(class_name, "Activation")) config = mnq_y_get(config, "activation");
    if (config != NULL && config->kind == MNQ_Y_SCALAR) return mnq_knet_activation(k, l, name, in, config->text);
    if (mnq_y_get(v, "registered_name") != NULL && mnq_y_get(v, "registered_name")->kind == MNQ_Y_SCALAR)
        return mnq_knet_activation(k, l, name, in, mnq_y_get(v, "registered_name")->text);
    return mnq_knet_fail(k, l, "its activation is a %.60s, which is not supported",
                         class_name != NULL && class_name->kind == MNQ_Y_SCALAR ? class_name->text : "map");
}

/* The activation inside a convolution or dense layer becomes a node of its own. */
static int own_activation(struct mnq_knet *k, const struct mnq_klayer *l, int in)
{
    const struct mnq_ynode *v = get(l, "activation", NULL);
    char name[300];
    if (v == NULL) return in;
    snprintf(name, sizeof name, "%.200s/%.60s", l->name, v->kind == MNQ_Y_SCALAR ? v->text : "activation");
    return activation_of(k, l, v, name, in);
}

/* ---- layers ---- */

typedef int emit(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in);

/* Window, strides, padding and bias; refuses what no MobileNet has. */
static int read_conv(struct mnq_knet *k, const struct mnq_klayer *l, struct mnq_conv *c)
{
    const struct mnq_ynode *v = get(l, "kernel_size", NULL);
    int dh = 1, dw = 1, groups;
    *c = (struct mnq_conv){.sh = 1, .sw = 1};
    if (check_data_format(k, l) != 0 || get_padding(k, l, &c->padding) != 0) return -1;
    if (v != NULL) {
        if (get_pair(k, v, 1, MAX_WINDOW, &c->kh, &c->kw) != 0) return -1;
    } else if (get_int(k, l, "kernel_size", "nb_row", 1, MAX_WINDOW, 0, &c->kh) != 0 ||
               get_int(k, l, "kernel_size", "nb_col", 1, MAX_WINDOW, 0, &c->kw) != 0) {
        return -1;
    }
    v = get(l, "strides", "subsample");
    if (v != NULL && get_pair(k, v, 1, MAX_WINDOW, &c->sh, &c->sw) != 0) return -1;
    v = get(l, "dilation_rate", "atrous_rate");
    if (v != NULL && get_pair(k, v, 1, MAX_WINDOW, &dh, &dw) != 0) return -1;
    if (dh != 1 || dw != 1) return mnq_knet_fail(k, l, "dilation_rate is %d x %d, only 1 is supported", dh, dw);
    if (get_int(k, l, "groups", NULL, 1, MAX_FILTERS, 1, &groups) != 0) return -1;
    if (groups != 1) return mnq_knet_fail(k, l, "groups is %d, only 1 is supported", groups);
    return get_bool(k, l, "use_bias", "bias", true, &c->bias);
}

static int conv(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    struct mnq_conv c;
    if (read_conv(k, l, &c) != 0 || get_int(k, l, "filters", "nb_filter", 1, MAX_FILTERS, 0, &c.filters) != 0) return -1;
    int i = mnq_build_conv(&k->b, l->name, in[0], c, k->e);
    return i < 0 ? -1 : own_activation(k, l, i);
}

static int depthwise(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    struct mnq_conv c;
    if (read_conv(k, l, &c) != 0 || get_int(k, l, "depth_multiplier", NULL, 1, MAX_FILTERS, 1, &c.filters) != 0) return -1;
    int i = mnq_build_dwconv(&k->b, l->name, in[0], c, k->e);
    return i < 0 ? -1 : own_activation(k, l, i);
}

static int separable(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    struct mnq_conv c;
    int mult;
    if (read_conv(k, l, &c) != 0 || get_int(k, l, "filters", "nb_filter", 1, MAX_FILTERS, 0, &c.filters) != 0 ||
        get_int(k, l, "depth_multiplier", NULL, 1, MAX_FILTERS, 1, &mult) != 0)
        return -1;
    int i = mnq_build_separable(&k->b, l->name, in[0], c, mult, k->e);
    return i < 0 ? -1 : own_activation(k, l, i);
}

static int dense(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    int units;
    bool bias;
    if (get_int(k, l, "units", "output_dim", 1, 1 << 20, 0, &units) != 0 ||
        get_bool(k, l, "use_bias", "bias", true, &bias) != 0)
        return -1;
    int i = mnq_build_dense(&k->b, l->name, in[0], units, bias, k->e);
    return i < 0 ? -1 : own_activation(k, l, i);
}

static int batchnorm(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    double eps;
    bool scale, center;
    const struct mnq_ynode *v = get(l, "axis", NULL);
    int axis = -1, mode;
    if (v != NULL && v->kind == MNQ_Y_SEQ) {
        if (v->n != 1) return mnq_knet_fail(k, l, "normalizes over %d axes, only the channels are supported", v->n);
        v = v->first;
    }
    if (v != NULL && mnq_y_int(v, -4, 4, &axis, k->e) != 0) return -1;
    struct mnq_shape shape = k->b.g->node[in[0]].out;
    bool vector = shape.h == 1 && shape.w == 1;
    if (axis != -1 && axis != 3 && !(vector && axis == 1))
        return mnq_knet_fail(k, l, "axis is %d, only the channels (-1 or 3) are supported", axis);
    if (get_int(k, l, "mode", NULL, 0, 2, 0, &mode) != 0) return -1;
    if (mode == 1) return mnq_knet_fail(k, l, "mode is 1, only 0 and 2 are supported");
    if (get_double(k, l, "epsilon", 1e-3, &eps) != 0 || get_bool(k, l, "scale", NULL, true, &scale) != 0 ||
        get_bool(k, l, "center", NULL, true, &center) != 0)
        return -1;
    return mnq_build_batchnorm(&k->b, l->name, in[0], (float)eps, scale, center, k->e);
}

static int relu_layer(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    return relu(k, l, l->config, l->name, in[0]);
}

/* A layer that changes nothing at inference still stands in the graph, so that layers map one to one. */
static int identity(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    return mnq_build_reshape(&k->b, l->name, in[0], k->b.g->node[in[0]].out, k->e);
}

static int activation(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    const struct mnq_ynode *v = get(l, "activation", NULL);
    if (v == NULL) return mnq_knet_fail(k, l, "has no activation");
    int i = activation_of(k, l, v, l->name, in[0]);
    return i == in[0] ? identity(k, l, in, n_in) : i;
}

static int softmax(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    int axis;
    const struct mnq_ynode *v = get(l, "axis", NULL);
    if (v != NULL && v->kind == MNQ_Y_SEQ && v->n == 1) v = v->first;
    axis = -1;
    if (v != NULL && mnq_y_int(v, -4, 4, &axis, k->e) != 0) return -1;
    if (axis != -1 && axis != 3 && axis != 1)
        return mnq_knet_fail(k, l, "axis is %d, only the channels are supported", axis);
    return mnq_build_softmax(&k->b, l->name, in[0], k->e);
}

static int zero_padding(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    const struct mnq_ynode *v = get(l, "padding", NULL);
    int t, b, left, right;
    if (check_data_format(k, l) != 0) return -1;
    if (v == NULL) return mnq_knet_fail(k, l, "has no padding");
    if (v->kind == MNQ_Y_SEQ && v->n == 2 && v->first->kind == MNQ_Y_SEQ) {
        if (get_pair(k, v->first, 0, MAX_WINDOW, &t, &b) != 0 ||
            get_pair(k, v->first->next, 0, MAX_WINDOW, &left, &right) != 0)
            return -1;
    } else {
        if (get_pair(k, v, 0, MAX_WINDOW, &t, &left) != 0) return -1;
        b = t;
        right = left;
    }
    return mnq_build_pad(&k->b, l->name, in[0], t, b, left, right, k->e);
}

static int average_pooling(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    const struct mnq_ynode *v = get(l, "pool_size", NULL);
    enum mnq_padding padding;
    int kh = 2, kw = 2, sh, sw;
    if (check_data_format(k, l) != 0 || get_padding(k, l, &padding) != 0) return -1;
    if (v != NULL && get_pair(k, v, 1, MAX_WINDOW, &kh, &kw) != 0) return -1;
    sh = kh;
    sw = kw;
    v = get(l, "strides", NULL);
    if (v != NULL && get_pair(k, v, 1, MAX_WINDOW, &sh, &sw) != 0) return -1;
    struct mnq_shape s = k->b.g->node[in[0]].out;
    /* 'same' divides by the number of real pixels at the border, which no single window weight expresses */
    bool tiles = (s.h - 1) / sh * sh + kh <= s.h && (s.w - 1) / sw * sw + kw <= s.w;
    if (padding == MNQ_PAD_SAME && !tiles)
        return mnq_knet_fail(
            k, l, "padding is same and windows of %d x %d reach over the border of %d x %d, which is not supported", kh, kw,
            s.h, s.w);
    return mnq_build_avgpool(&k->b, l->name, in[0], kh, kw, sh, sw, k->e);
}

static int global_pooling(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    if (check_data_format(k, l) != 0) return -1;
    return mnq_build_avgpool(&k->b, l->name, in[0], 0, 0, 1, 1, k->e); /* with or without keepdims: 1 x 1 x C */
}

static int flatten(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    struct mnq_shape s = k->b.g->node[in[0]].out;
    int64_t n = (int64_t)s.h * s.w * s.c;
    if (check_data_format(k, l) != 0) return -1;
    if (n > 1 << 20) return mnq_knet_fail(k, l, "flattens %lld values, at most %d are supported", (long long)n, 1 << 20);
    return mnq_build_reshape(&k->b, l->name, in[0], (struct mnq_shape){1, 1, (int)n}, k->e);
}

static int reshape(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    const struct mnq_ynode *v = get(l, "target_shape", "dims");
    struct mnq_shape s = k->b.g->node[in[0]].out;
    int dim[3] = {1, 1, 1}, open = -1, at;
    int64_t known = 1;
    if (v == NULL) return mnq_knet_fail(k, l, "has no target_shape");
    if (v->kind != MNQ_Y_SEQ || v->n < 1 || v->n > 3) return mnq_knet_fail(k, l, "target_shape must have 1 to 3 dimensions");
    at = 3 - v->n;
    for (const struct mnq_ynode *c = v->first; c != NULL; c = c->next, at++) {
        if (mnq_y_int(c, -1, 1 << 20, &dim[at], k->e) != 0) return -1;
        if (dim[at] == -1 && open >= 0) return mnq_knet_fail(k, l, "target_shape leaves two dimensions open");
        if (dim[at] == -1) open = at;
        else known *= dim[at];
    }
    int64_t all = (int64_t)s.h * s.w * s.c;
    if (open >= 0 && known > 0 && all / known <= 1 << 20) dim[open] = (int)(all / known);
    return mnq_build_reshape(&k->b, l->name, in[0], (struct mnq_shape){dim[0], dim[1], dim[2]}, k->e);
}

/* Numbers of a scalar or a list into v; their count, or -1. */
static int get_numbers(struct mnq_knet *k, const struct mnq_klayer *l, const char *key, float missing, float *v, int max)
{
    const struct mnq_ynode *y = get(l, key, NULL);
    double d;
    if (y == NULL) {
        v[0] = missing;
        return 1;
    }
    if (y->kind != MNQ_Y_SEQ) {
        if (mnq_y_double(y, -1e30, 1e30, &d, k->e) != 0) return -1;
        v[0] = (float)d;
        return 1;
    }
    if (y->n < 1 || y->n > max) return mnq_knet_fail(k, l, "%s has %d numbers, 1 to %d are supported", key, y->n, max);
    int n = 0;
    for (const struct mnq_ynode *c = y->first; c != NULL; c = c->next) {
        if (mnq_y_double(c, -1e30, 1e30, &d, k->e) != 0) return -1;
        v[n++] = (float)d;
    }
    return n;
}

static int rescaling(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    enum { MOST = 4096 };
    float scale[MOST], offset[MOST];
    int ns = get_numbers(k, l, "scale", 1, scale, MOST), no = get_numbers(k, l, "offset", 0, offset, MOST);
    if (ns < 0 || no < 0) return -1;
    if (ns != no && ns != 1 && no != 1) return mnq_knet_fail(k, l, "%d scales and %d offsets", ns, no);
    for (int i = 1; i < no && ns == 1; i++) scale[i] = scale[0];
    for (int i = 1; i < ns && no == 1; i++) offset[i] = offset[0];
    return mnq_build_affine(&k->b, l->name, in[0], scale, offset, ns > no ? ns : no, k->e);
}

static int merge(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in, bool product)
{
    int sum = in[0];
    if (n_in < 2) return mnq_knet_fail(k, l, "has %d input, two are wanted", n_in);
    for (int i = 1; i < n_in && sum >= 0; i++)
        sum = product ? mnq_build_mul(&k->b, l->name, sum, in[i], k->e) : mnq_build_add(&k->b, l->name, sum, in[i], k->e);
    return sum;
}

static int add(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    return merge(k, l, in, n_in, false);
}

static int multiply(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    return merge(k, l, in, n_in, true);
}

/* Lambda holds Python bytecode, unless a function was given by name. */
static int lambda(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    const struct mnq_ynode *type = get(l, "function_type", NULL), *function = get(l, "function", NULL);
    if (mnq_y_is(type, "function") && function != NULL && function->kind == MNQ_Y_SCALAR)
        return mnq_knet_activation(k, l, l->name, in[0], function->text);
    return mnq_knet_fail(
        k, l, "holds Python code, which cannot be imported; save the model with an Activation or ReLU layer instead");
}

struct class_entry {
    const char *name;
    emit *emit;
};

static const struct class_entry class_table[] = {
    {"Activation", activation},
    {"ActivityRegularization", identity},
    {"Add", add},
    {"AlphaDropout", identity},
    {"AveragePooling2D", average_pooling},
    {"BatchNormalization", batchnorm},
    {"BatchNormalizationV1", batchnorm},
    {"BatchNormalizationV2", batchnorm},
    {"Conv2D", conv},
    {"Convolution2D", conv},
    {"Dense", dense},
    {"DepthwiseConv2D", depthwise},
    {"Dropout", identity},
    {"Flatten", flatten},
    {"GaussianDropout", identity},
    {"GaussianNoise", identity},
    {"GlobalAveragePooling2D", global_pooling},
    {"Identity", identity},
    {"Lambda", lambda},
    {"Multiply", multiply},
    {"ReLU", relu_layer},
    {"RandomBrightness", identity},
    {"RandomContrast", identity},
    {"RandomFlip", identity},
    {"RandomRotation", identity},
    {"RandomTranslation", identity},
    {"RandomZoom", identity},
    {"Rescaling", rescaling},
    {"Reshape", reshape},
    {"SeparableConv2D", separable},
    {"SeparableConvolution2D", separable},
    {"Softmax", softmax},
    {"SpatialDropout2D", identity},
    {"SyncBatchNormalization", batchnorm},
    {"ZeroPadding2D", zero_padding},
};

/* Weights of these policies are not plain floats or do not mean what they say. */
static int check_dtype(struct mnq_knet *k, const struct mnq_klayer *l)
{
    const struct mnq_ynode *v = get(l, "dtype", NULL);
    if (v != NULL && v->kind == MNQ_Y_MAP) v = mnq_y_get(mnq_y_get(v, "config"), "name");
    if (v == NULL || v->kind != MNQ_Y_SCALAR) return 0;
    static const char *const fine[] = {"float32", "float64", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16"};
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        if (strcmp(v->text, fine[i]) == 0) return 0;
    return mnq_knet_fail(k, l, "dtype is %.60s, a float policy is wanted", v->text);
}

int mnq_knet_layer(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, const int *in)
{
    int n_in = call != NULL ? call->n_tensor : 1;
    if (call != NULL && mnq_knet_is_op(l, call)) return mnq_knet_op(k, l, call, in);
    for (size_t i = 0; i < sizeof class_table / sizeof *class_table; i++) {
        if (strcmp(l->class_name, class_table[i].name) != 0) continue;
        bool many = class_table[i].emit == add || class_table[i].emit == multiply;
        if (n_in < 1 || n_in > MAX_INPUTS || (n_in > 1 && !many))
            return mnq_knet_fail(k, l, "has %d inputs, one is wanted", n_in);
        if (check_dtype(k, l) != 0) return -1;
        return class_table[i].emit(k, l, in, n_in);
    }
    return mnq_knet_fail(k, l, "layers of this class are not supported");
}
