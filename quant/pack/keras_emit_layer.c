/* SPDX-License-Identifier: Apache-2.0
 * Layers with weights, and those that move, pool or combine pixels, as Keras 2 layers. */
#include "pack/keras_emitter.h"

/* TensorFlow's SAME for one direction. */
static bool is_same(int in, int window, int stride, int before, int after)
{
    int total = (in - 1) / stride * stride + window - in;
    if (total < 0) total = 0;
    return before == total / 2 && after == total - total / 2;
}

const char *mnq_ke_pad(struct mnq_kemit *x, const struct mnq_node *nd, const char *name, const char *in)
{
    bool crop = nd->op == MNQ_OP_CROP;
    mnq_ke_begin(x, crop ? "Cropping2D" : "ZeroPadding2D", name);
    mnq_json_array(&x->j, crop ? "cropping" : "padding");
    mnq_ke_pair(&x->j, NULL, nd->pt, nd->pb);
    mnq_ke_pair(&x->j, NULL, nd->pl, nd->pr);
    mnq_json_end(&x->j);
    mnq_json_string(&x->j, "data_format", "channels_last");
    return mnq_ke_finish(x, in, NULL);
}

const char *mnq_ke_conv(struct mnq_kemit *x, const struct mnq_node *nd, const char *name, const char *in)
{
    struct mnq_json *j = &x->j;
    struct mnq_shape s = x->g->node[nd->in[0]].out;
    int groups = mnq_node_groups(nd), dh = nd->dh > 1 ? nd->dh : 1, dw = nd->dw > 1 ? nd->dw : 1;
    bool depthwise = nd->op == MNQ_OP_DWCONV, none = nd->pt + nd->pb + nd->pl + nd->pr == 0;
    bool same = is_same(s.h, (nd->kh - 1) * dh + 1, nd->sh, nd->pt, nd->pb) &&
                is_same(s.w, (nd->kw - 1) * dw + 1, nd->sw, nd->pl, nd->pr);
    if (!none && !same) in = mnq_ke_pad(x, nd, mnq_ke_helper(x, name, "pad"), in);
    struct mnq_kout *l = mnq_ke_begin(x, depthwise ? "DepthwiseConv2D" : "Conv2D", name);
    if (depthwise) mnq_json_int(j, "depth_multiplier", nd->mult);
    else mnq_json_int(j, "filters", nd->out.c);
    mnq_ke_pair(j, "kernel_size", nd->kh, nd->kw);
    mnq_ke_pair(j, "strides", nd->sh, nd->sw);
    mnq_json_string(j, "padding", same && !none ? "same" : "valid");
    mnq_json_string(j, "data_format", "channels_last");
    mnq_ke_pair(j, "dilation_rate", dh, dw);
    if (groups > 1) mnq_json_int(j, "groups", groups);
    mnq_json_string(j, "activation", "linear");
    mnq_json_bool(j, "use_bias", nd->b != NULL);
    if (depthwise) mnq_ke_weight(l, "depthwise_kernel:0", nd->w, 4, nd->kh, nd->kw, s.c, nd->mult);
    else mnq_ke_weight(l, "kernel:0", nd->w, 4, nd->kh, nd->kw, s.c / groups, nd->out.c);
    mnq_ke_weight(l, "bias:0", nd->b, 1, nd->out.c, 0, 0, 0);
    return mnq_ke_finish(x, in, NULL);
}

/* One direction of a transposed convolution: 1 same, 0 valid, -1 neither. */
static int is_transposed_same(int in, int out, int window, int stride, int cut)
{
    int over = window > stride ? window - stride : 0;
    if (out == in * stride && cut == over / 2) return 1;
    return out == in * stride + over && cut == 0 ? 0 : -1;
}

const char *mnq_ke_tconv(struct mnq_kemit *x, const struct mnq_node *nd, const char *name, const char *in)
{
    struct mnq_json *j = &x->j;
    struct mnq_shape s = x->g->node[nd->in[0]].out;
    int same = is_transposed_same(s.h, nd->out.h, nd->kh, nd->sh, nd->pt);
    if (same < 0 || same != is_transposed_same(s.w, nd->out.w, nd->kw, nd->sw, nd->pl)) return NULL;
    struct mnq_kout *l = mnq_ke_begin(x, "Conv2DTranspose", name);
    mnq_json_int(j, "filters", nd->out.c);
    mnq_ke_pair(j, "kernel_size", nd->kh, nd->kw);
    mnq_ke_pair(j, "strides", nd->sh, nd->sw);
    mnq_json_string(j, "padding", same == 1 ? "same" : "valid");
    mnq_json_string(j, "data_format", "channels_last");
    mnq_json_string(j, "activation", "linear");
    mnq_json_bool(j, "use_bias", nd->b != NULL);
    mnq_ke_weight(l, "kernel:0", nd->w, 4, nd->kh, nd->kw, nd->out.c, s.c);
    mnq_ke_weight(l, "bias:0", nd->b, 1, nd->out.c, 0, 0, 0);
    return mnq_ke_finish(x, in, NULL);
}

const char *mnq_ke_dense(struct mnq_kemit *x, const struct mnq_node *nd, const char *name, const char *in)
{
    struct mnq_kout *l = mnq_ke_begin(x, "Dense", name);
    mnq_json_int(&x->j, "units", nd->out.c);
    mnq_json_string(&x->j, "activation", "linear");
    mnq_json_bool(&x->j, "use_bias", nd->b != NULL);
    mnq_ke_weight(l, "kernel:0", nd->w, 2, x->g->node[nd->in[0]].out.c, nd->out.c, 0, 0);
    mnq_ke_weight(l, "bias:0", nd->b, 1, nd->out.c, 0, 0, 0);
    return mnq_ke_finish(x, in, NULL);
}

const char *mnq_ke_batchnorm(struct mnq_kemit *x, const struct mnq_node *nd, const char *name, const char *in, bool vector)
{
    struct mnq_kout *l = mnq_ke_begin(x, "BatchNormalization", name);
    int c = nd->out.c;
    mnq_json_array(&x->j, "axis");
    mnq_json_int(&x->j, NULL, vector ? 1 : 3);
    mnq_json_end(&x->j);
    mnq_json_double(&x->j, "momentum", 0.99);
    mnq_json_float(&x->j, "epsilon", nd->eps);
    mnq_json_bool(&x->j, "center", nd->beta != NULL);
    mnq_json_bool(&x->j, "scale", nd->gamma != NULL);
    mnq_ke_weight(l, "gamma:0", nd->gamma, 1, c, 0, 0, 0);
    mnq_ke_weight(l, "beta:0", nd->beta, 1, c, 0, 0, 0);
    mnq_ke_weight(l, "moving_mean:0", nd->mean, 1, c, 0, 0, 0);
    mnq_ke_weight(l, "moving_variance:0", nd->var, 1, c, 0, 0, 0);
    return mnq_ke_finish(x, in, NULL);
}

const char *mnq_ke_pool(struct mnq_kemit *x, int i, const char *name, const char *in)
{
    const struct mnq_node *nd = &x->g->node[i];
    struct mnq_shape s = x->g->node[nd->in[0]].out;
    bool max = nd->op == MNQ_OP_MAXPOOL, none = nd->pt + nd->pb + nd->pl + nd->pr == 0;
    if (mnq_ke_global_pool(x->g, nd)) {
        mnq_ke_begin(x, max ? "GlobalMaxPooling2D" : "GlobalAveragePooling2D", name);
        mnq_json_string(&x->j, "data_format", "channels_last");
        mnq_json_bool(&x->j, "keepdims", !x->vector[i]);
        return mnq_ke_finish(x, in, NULL);
    }
    if (!none && (!is_same(s.h, nd->kh, nd->sh, nd->pt, nd->pb) || !is_same(s.w, nd->kw, nd->sw, nd->pl, nd->pr)))
        return NULL;
    mnq_ke_begin(x, max ? "MaxPooling2D" : "AveragePooling2D", name);
    mnq_ke_pair(&x->j, "pool_size", nd->kh, nd->kw);
    mnq_ke_pair(&x->j, "strides", nd->sh, nd->sw);
    mnq_json_string(&x->j, "padding", none ? "valid" : "same");
    mnq_json_string(&x->j, "data_format", "channels_last");
    return mnq_ke_finish(x, in, NULL);
}

const char *mnq_ke_upsample(struct mnq_kemit *x, const struct mnq_node *nd, const char *name, const char *in)
{
    mnq_ke_begin(x, "UpSampling2D", name);
    mnq_ke_pair(&x->j, "size", nd->kh, nd->kw);
    mnq_json_string(&x->j, "interpolation", nd->bilinear ? "bilinear" : "nearest");
    mnq_json_string(&x->j, "data_format", "channels_last");
    return mnq_ke_finish(x, in, NULL);
}

static void sizes(struct mnq_json *j, const char *key, const int *v, int n)
{
    mnq_json_array(j, key);
    for (int i = 0; i < n; i++) mnq_json_int(j, NULL, v[i]);
    mnq_json_end(j);
}

static const char *emit_target(struct mnq_kemit *x, const char *name, const char *in, const int *dim, int n)
{
    mnq_ke_begin(x, "Reshape", name);
    sizes(&x->j, "target_shape", dim, n);
    return mnq_ke_finish(x, in, NULL);
}

/* A channel shuffle of g groups: channel j g + i comes from channel i c/g + j. 0 if the map is none. */
static int shuffle_groups(const int *map, int c)
{
    int g = c > 1 && map[1] > 0 ? c / map[1] : 0;
    if (g < 1 || c % g != 0) return 0;
    for (int o = 0; o < c; o++)
        if (map[o] != o % g * (c / g) + o / g) return 0;
    return g;
}

static void block_size(struct mnq_json *j, const struct mnq_node *nd)
{
    mnq_json_int(j, "block_size", nd->kh);
}

/* Blocks of single rows are what a Reshape makes; others have a function only. */
const char *mnq_ke_spread(struct mnq_kemit *x, const struct mnq_node *nd, const char *name, const char *in)
{
    struct mnq_shape from = x->g->node[nd->in[0]].out, to = nd->out;
    if (to.h != from.h * nd->kh || to.w != from.w * nd->kw) return NULL;
    if (nd->kh == 1) return emit_target(x, name, in, (const int[]){to.h, to.w, to.c}, 3);
    if (nd->kh != nd->kw) return NULL;
    mnq_ke_begin(x, "TFOpLambda", name);
    mnq_json_string(&x->j, "function", "nn.depth_to_space");
    return mnq_ke_call(x, nd, in, block_size);
}

/* [..., first : end] */
static void channel_range(struct mnq_json *j, const struct mnq_node *nd)
{
    mnq_json_array(j, "slice_spec");
    mnq_json_object(j, NULL);
    mnq_json_string(j, "class_name", "__ellipsis__");
    mnq_json_object(j, "config");
    mnq_json_end(j);
    mnq_json_end(j);
    mnq_json_object(j, NULL);
    mnq_json_int(j, "start", nd->map[0]);
    mnq_json_int(j, "stop", nd->map[0] + nd->out.c);
    mnq_json_null(j, "step");
    mnq_json_end(j);
    mnq_json_end(j);
}

static bool is_range(const int *map, int n)
{
    for (int c = 1; c < n; c++)
        if (map[c] != map[0] + c) return false;
    return true;
}

const char *mnq_ke_select(struct mnq_kemit *x, const struct mnq_node *nd, const char *name, const char *in, const char *in1)
{
    if (nd->map == NULL) {
        if (nd->n_in < 2) return mnq_ke_activation(x, name, in, "linear");
        mnq_ke_begin(x, "Concatenate", name);
        mnq_json_int(&x->j, "axis", -1);
        return mnq_ke_finish(x, in, in1);
    }
    if (nd->n_in == 1 && is_range(nd->map, nd->out.c)) {
        mnq_ke_begin(x, "SlicingOpLambda", name);
        mnq_json_string(&x->j, "function", "__operators__.getitem");
        return mnq_ke_call(x, nd, in, channel_range);
    }
    static const int order[] = {1, 2, 4, 3};
    int c = nd->out.c, g = nd->n_in == 1 && x->g->node[nd->in[0]].out.c == c ? shuffle_groups(nd->map, c) : 0;
    if (g == 0) return NULL;
    const char *apart = mnq_ke_helper(x, name, "apart");
    apart = emit_target(x, apart, in, (const int[]){nd->out.h, nd->out.w, g, c / g}, 4);
    mnq_ke_begin(x, "Permute", mnq_ke_helper(x, name, "exchange"));
    sizes(&x->j, "dims", order, 4);
    const char *exchanged = mnq_ke_finish(x, apart, NULL);
    return emit_target(x, name, exchanged, (const int[]){nd->out.h, nd->out.w, c}, 3);
}

const char *mnq_ke_arithmetic(struct mnq_kemit *x, const struct mnq_node *nd, const char *name, const char *in,
                              const char *in1)
{
    double f = (double)nd->coef[0], g = (double)nd->coef[1];
    const char *class_name = nd->op == MNQ_OP_MUL ? "Multiply" : "Add";
    if (nd->op == MNQ_OP_ADD && f == 1 && g == -1) {
        class_name = "Subtract";
    } else if (nd->op == MNQ_OP_ADD && f == 0.5 && g == 0.5) {
        class_name = "Average";
    } else if (nd->op == MNQ_OP_ADD) {
        if (f != 1) in = mnq_ke_rescaling(x, mnq_ke_helper(x, name, "scale"), in, f, 0);
        if (g != 1) in1 = mnq_ke_rescaling(x, mnq_ke_helper(x, name, "scale"), in1, g, 0);
    }
    mnq_ke_begin(x, class_name, name);
    return mnq_ke_finish(x, in, in1);
}

const char *mnq_ke_reshape(struct mnq_kemit *x, int i, const char *name, const char *in)
{
    const struct mnq_node *nd = &x->g->node[i];
    struct mnq_shape from = x->g->node[nd->in[0]].out, to = nd->out;
    bool was_vector = x->vector[nd->in[0]];
    if (from.h == to.h && from.w == to.w && from.c == to.c && was_vector == x->vector[i])
        return mnq_ke_activation(x, name, in, "linear");
    if (x->vector[i]) {
        mnq_ke_begin(x, "Flatten", name);
        mnq_json_string(&x->j, "data_format", "channels_last");
        return mnq_ke_finish(x, in, NULL);
    }
    mnq_ke_begin(x, "Reshape", name);
    mnq_json_array(&x->j, "target_shape");
    mnq_json_int(&x->j, NULL, to.h);
    mnq_json_int(&x->j, NULL, to.w);
    mnq_json_int(&x->j, NULL, to.c);
    mnq_json_end(&x->j);
    return mnq_ke_finish(x, in, NULL);
}
