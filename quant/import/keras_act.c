/* SPDX-License-Identifier: Apache-2.0
 * Activations in every form that Keras stores: names, functions, layers. */
#include "import/keras_act.h"
#include "import/keras_curve.h"
#include "import/keras_values.h"
#include "import/netbuild_ops.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct activation {
    const char *name;
    enum mnq_act act;
    float max;
};

/* Functions that people wrote themselves before Keras had them, under the names they gave them. */
static const char *usual_name(const char *s)
{
    static const struct {
        const char *plain, *usual;
    } own[] = {{"relu6", "relu6"},         {"hswish", "hard_swish"},  {"hardswish", "hard_swish"},
               {"hardsilu", "hard_swish"}, {"hsigmoid", "h_sigmoid"}, {"swish", "swish"},
               {"silu", "swish"},          {"mish", "mish"},          {"leakyrelu", "leaky_relu"}};
    char plain[32];
    size_t n = 0;
    const char *name = strrchr(s, '>') != NULL ? strrchr(s, '>') + 1 : s; /* "Custom>relu6": registered by a user */
    for (const char *c = name; *c != '\0' && n + 1 < sizeof plain; c++)
        if (*c != '_') plain[n++] = (char)tolower((unsigned char)*c);
    plain[n] = '\0';
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcmp(plain, own[i].plain) == 0) return own[i].usual;
    return name;
}

int mnq_knet_activation(struct mnq_knet *k, const struct mnq_klayer *l, const char *name, int in, const char *activation)
{
    static const struct activation known[] = {
        {"relu", MNQ_ACT_RELU, 0},         {"relu6", MNQ_ACT_RELU_MAX, 6},     {"sigmoid", MNQ_ACT_SIGMOID, 0},
        {"hard_swish", MNQ_ACT_HSWISH, 0}, {"h_sigmoid", MNQ_ACT_HSIGMOID, 0}, {"hard_sigmoid", MNQ_ACT_HSIGMOID, 0},
        {"swish", MNQ_ACT_SWISH, 0},       {"tanh", MNQ_ACT_TANH, 0},          {"selu", MNQ_ACT_SELU, 0},
        {"gelu", MNQ_ACT_GELU, 0},         {"softplus", MNQ_ACT_SOFTPLUS, 0},  {"softsign", MNQ_ACT_SOFTSIGN, 0},
        {"mish", MNQ_ACT_MISH, 0},         {"exponential", MNQ_ACT_EXP, 0},    {"gelu_tanh", MNQ_ACT_GELU_TANH, 0},
    };
    activation = usual_name(activation);
    if (strcmp(activation, "linear") == 0) return in;
    if (strcmp(activation, "softmax") == 0 && mnq_knet_turned(k, in))
        return mnq_knet_fail(k, l, "its softmax runs over the columns of a channels_first model");
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
    if (strcmp(activation, "elu") == 0) return mnq_knet_elu(k, name, in, 1.0);
    if (strcmp(activation, "leaky_relu") == 0) return mnq_knet_leaky(k, name, in, 0.2); /* Keras 3's default */
    return mnq_knet_fail(k, l, "activation %.60s is not supported; those of Keras' own functions are", activation);
}

int mnq_knet_relu(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_ynode *config, const char *name, int in)
{
    struct mnq_klayer view = *l;
    view.config = config;
    double max, slope, threshold;
    const struct mnq_ynode *limit = mnq_kf_get(&view, "max_value", NULL);
    bool bounded = limit != NULL && !mnq_kv_infinite(limit);
    max = 0;
    if ((bounded && mnq_kv_double(limit, -MNQ_KV_LARGEST, MNQ_KV_LARGEST, &max, k->e) != 0) ||
        mnq_kf_double(k, &view, "negative_slope", 0, &slope) != 0 ||
        mnq_kf_double(k, &view, "threshold", 0, &threshold) != 0)
        return -1;
    if (bounded && max <= 0) return mnq_knet_fail(k, l, "max_value is %g, above 0 is wanted", max);
    if (slope != 0 || threshold != 0) {
        struct mnq_node like = {.act = MNQ_ACT_LEAKY, .act_alpha = (float)slope, .act_threshold = (float)threshold};
        like.act_max = bounded ? (float)max : HUGE_VALF;
        return mnq_build_curve(&k->b, name, in, &like, k->e);
    }
    return mnq_build_act(&k->b, name, in, bounded ? MNQ_ACT_RELU_MAX : MNQ_ACT_RELU, (float)max, k->e);
}

int mnq_knet_activation_of(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_ynode *v, const char *name,
                           int in)
{
    if (mnq_y_null(v)) return in;
    if (v->kind == MNQ_Y_SCALAR) return mnq_knet_activation(k, l, name, in, v->text);
    const struct mnq_ynode *class_name = mnq_y_get(v, "class_name"), *config = mnq_y_get(v, "config");
    if (mnq_y_is(class_name, "ReLU")) return mnq_knet_relu(k, l, config, name, in);
    if (mnq_y_is(class_name, "Softmax")) return mnq_build_softmax(&k->b, name, in, k->e);
    if (mnq_y_is(class_name, "LeakyReLU") || mnq_y_is(class_name, "ELU")) {
        struct mnq_klayer inner = *l;
        inner.config = config;
        inner.name = name;
        return mnq_y_is(class_name, "ELU") ? mnq_kl_elu(k, &inner, &in, 1) : mnq_kl_leaky_relu(k, &inner, &in, 1);
    }
    /* TensorFlow's model optimization toolkit wraps activations as it wraps layers */
    if (mnq_y_is(class_name, "NoOpActivation")) return in;
    if (mnq_y_is(class_name, "Activation") || mnq_y_is(class_name, "QuantizeAwareActivation")) {
        config = mnq_y_get(config, "activation");
        if (config != NULL && config->kind == MNQ_Y_MAP) return mnq_knet_activation_of(k, l, config, name, in);
    }
    if (config != NULL && config->kind == MNQ_Y_SCALAR) return mnq_knet_activation(k, l, name, in, config->text);
    const struct mnq_ynode *named = mnq_y_get(v, "registered_name");
    if (mnq_y_null(named)) named = class_name;
    if (named != NULL && named->kind == MNQ_Y_SCALAR && strcmp(named->text, "function") != 0)
        return mnq_knet_activation(k, l, name, in, named->text);
    return mnq_knet_fail(k, l, "its activation is a %.60s, which is not supported",
                         class_name != NULL && class_name->kind == MNQ_Y_SCALAR ? class_name->text : "map");
}

/* Of two pixels (branches to choose from, as in selective kernels) it is the sigmoid of how far one is above the other. */
static int softmax_of_two(struct mnq_knet *k, const struct mnq_klayer *l, int in, bool rows)
{
    int part[2], share[2];
    char name[600];
    for (int i = 0; i < 2; i++) {
        snprintf(name, sizeof name, "%.400s/pixel_%d", l->name, i);
        part[i] = rows ? mnq_build_crop(&k->b, name, in, i, 1 - i, 0, 0, k->e)
                       : mnq_build_crop(&k->b, name, in, 0, 0, i, 1 - i, k->e);
        if (part[i] < 0) return -1;
    }
    for (int i = 0; i < 2; i++) {
        snprintf(name, sizeof name, "%.400s/above_%d", l->name, i);
        int above = mnq_build_sum(&k->b, name, part[i], 1.0f, part[1 - i], -1.0f, k->e);
        snprintf(name, sizeof name, "%.400s/share_%d", l->name, i);
        share[i] = above < 0 ? -1 : mnq_build_act(&k->b, name, above, MNQ_ACT_SIGMOID, 0, k->e);
        if (share[i] < 0) return -1;
    }
    return mnq_build_join(&k->b, l->name, share, 2, rows, k->e);
}

/* Over the pixels of one channel, which are renamed to channels and back, or over two pixels of many. */
static int softmax_of_pixels(struct mnq_knet *k, const struct mnq_klayer *l, int in)
{
    struct mnq_shape s = k->b.g->node[in].out;
    if (s.c > 1 && s.h * s.w == 2) return softmax_of_two(k, l, in, s.h == 2);
    if (s.c != 1)
        return mnq_knet_fail(k, l,
                             "runs over the %d pixels of %d channels; those of one channel, or two pixels, are supported",
                             s.h * s.w, s.c);
    int i = mnq_build_reshape(&k->b, l->name, in, (struct mnq_shape){1, 1, s.h * s.w}, k->e);
    if (i >= 0) i = mnq_build_softmax(&k->b, l->name, i, k->e);
    return i < 0 ? -1 : mnq_build_reshape(&k->b, l->name, i, s, k->e);
}

int mnq_knet_softmax(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_ynode *axes, int in)
{
    enum { ROWS, COLUMNS, CHANNELS };
    struct mnq_shape s = k->b.g->node[in].out;
    const struct mnq_ynode *v = mnq_kv_plain(axes);
    if (v == NULL && mnq_knet_turned(k, in)) return mnq_knet_fail(k, l, "runs over the columns of a channels_first model");
    bool vector = s.h == 1 && s.w == 1 && !k->plane[in], over[3] = {s.h == 1, s.w == 1, v == NULL};
    for (const struct mnq_ynode *c = v != NULL && v->kind == MNQ_Y_SEQ ? v->first : v; c != NULL;) {
        int axis;
        if (mnq_kv_int(c, -3, 3, &axis, k->e) != 0) return -1;
        if (axis == 0) return mnq_knet_fail(k, l, "runs over the batch");
        axis = mnq_knet_axis(k, in, axis);
        int last = vector ? 1 : k->sequence[in] ? 2 : 3;
        axis = axis < 0 ? axis + 3 : axis > last ? CHANNELS : axis + 2 - last;
        over[axis] = true;
        c = v->kind == MNQ_Y_SEQ ? c->next : NULL;
    }
    if (over[CHANNELS] && ((over[ROWS] && s.h > 1) || (over[COLUMNS] && s.w > 1)) && s.c > 1)
        return mnq_knet_fail(k, l, "runs over channels and pixels at once, which is not supported");
    if (over[CHANNELS] && (s.c > 1 || vector)) return mnq_build_softmax(&k->b, l->name, in, k->e);
    if (!over[ROWS] || !over[COLUMNS]) return mnq_knet_fail(k, l, "runs over lines, channels and whole maps are supported");
    return softmax_of_pixels(k, l, in);
}

int mnq_knet_own_activation(struct mnq_knet *k, const struct mnq_klayer *l, int in)
{
    const struct mnq_ynode *v = mnq_kf_get(l, "activation", NULL);
    char name[300];
    if (v == NULL) return in;
    snprintf(name, sizeof name, "%.200s/%.60s", l->name, v->kind == MNQ_Y_SCALAR ? v->text : "activation");
    return mnq_knet_activation_of(k, l, v, name, in);
}
