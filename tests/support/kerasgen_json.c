/* SPDX-License-Identifier: Apache-2.0
 * Keras' model_config in its dialects, for a kerasgen network. */
#include "kerasgen_net.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
    char *s;
    size_t n, cap;
};

static void say(struct text *t, const char *fmt, ...)
{
    for (;;) {
        va_list ap;
        va_start(ap, fmt);
        int w = t->s == NULL ? 1 << 12 : vsnprintf(t->s + t->n, t->cap - t->n, fmt, ap);
        va_end(ap);
        if (t->s != NULL && w >= 0 && (size_t)w < t->cap - t->n) {
            t->n += (size_t)w;
            return;
        }
        t->cap = 2 * t->cap + (size_t)w + 1;
        t->s = realloc(t->s, t->cap);
        if (t->s == NULL) abort();
    }
}

/* What is being written. */
struct writer {
    const struct kg_net *n;
    struct text t;
    char out[400][100]; /* name of the tensor each network layer ends in */
    bool k3, sequential, first;
};

/* ---- one Keras layer ---- */

static bool wrapped(const struct writer *w, const char *name)
{
    return w->n->o.wrap != KG_PLAIN && strcmp(name, "input_1") != 0;
}

/* Opens {"class_name": ..., "config": {"name": ...,  */
static void open_layer(struct writer *w, const char *module, const char *class_name, const char *name)
{
    say(&w->t, "%s{", w->first ? "" : ", ");
    w->first = false;
    if (w->k3) say(&w->t, "\"module\": \"%s\", ", module);
    if (wrapped(w, name)) {
        static const char *const wrapper[] = {"", "PruneLowMagnitude", "ClusterWeights", "QuantizeWrapperV2"};
        char outer[120];
        say(&w->t,
            "\"class_name\": \"%s\", \"config\": {\"name\": \"%s\", \"trainable\": true, \"dtype\": \"float32\", "
            "\"number_of_clusters\": 17, \"quantize_config\": null, \"pruning_schedule\": {\"class_name\": "
            "\"ConstantSparsity\", \"config\": {\"target_sparsity\": 0.5}}, \"layer\": {",
            wrapper[w->n->o.wrap], kg_outer_name(w->n, name, outer, sizeof outer));
    }
    say(&w->t, "\"class_name\": \"%s\", \"config\": {\"name\": \"%s\"", class_name, name);
    if (strstr(module, ".ops") == NULL) {
        if (w->k3)
            say(&w->t, ", \"trainable\": true, \"dtype\": {\"module\": \"keras\", \"class_name\": \"DTypePolicy\", "
                       "\"config\": {\"name\": \"float32\"}, \"registered_name\": null}");
        else say(&w->t, ", \"trainable\": true, \"dtype\": \"float32\"");
    }
}

static void tensor(struct writer *w, const char *inner)
{
    char name[120];
    kg_outer_name(w->n, inner, name, sizeof name);
    if (w->k3)
        say(&w->t,
            "{\"class_name\": \"__keras_tensor__\", \"config\": {\"shape\": [null], \"dtype\": \"float32\", "
            "\"keras_history\": [\"%s\", 0, 0]}}",
            name);
    else say(&w->t, "[\"%s\", 0, 0, {}]", name);
}

/* Closes the layer with its call on one or two tensors; `constant` is a second, scalar argument. */
static void close_layer(struct writer *w, const char *name, const char *a, const char *b, const char *constant)
{
    char outer[120];
    if (wrapped(w, name)) say(&w->t, "}}");
    say(&w->t, "}, \"name\": \"%s\"", kg_outer_name(w->n, name, outer, sizeof outer));
    if (w->k3) say(&w->t, ", \"registered_name\": null, \"build_config\": {\"input_shape\": [null]}");
    if (w->sequential) {
        say(&w->t, "}");
        return;
    }
    say(&w->t, ", \"inbound_nodes\": ");
    if (a == NULL) {
        say(&w->t, "[]}");
    } else if (w->k3) {
        say(&w->t, "[{\"args\": [%s", b != NULL ? "[" : "");
        tensor(w, a);
        if (b != NULL) {
            say(&w->t, ", ");
            tensor(w, b);
            say(&w->t, "]");
        }
        if (constant != NULL) say(&w->t, ", %s", constant);
        say(&w->t, "], \"kwargs\": {}}]}");
    } else if (constant != NULL) {
        say(&w->t, "[[\"%s\", 0, 0, {\"y\": %s, \"name\": null}]]}", a, constant);
    } else {
        say(&w->t, "[[");
        tensor(w, a);
        if (b != NULL) {
            say(&w->t, ", ");
            tensor(w, b);
        }
        say(&w->t, "]]}");
    }
}

static void simple(struct writer *w, const char *class_name, const char *name, const char *a, const char *b)
{
    bool merge = strcmp(class_name, "Add") == 0 || strcmp(class_name, "Multiply") == 0;
    open_layer(w, "keras.layers", class_name, name);
    close_layer(w, name, a, merge ? b : NULL, NULL);
}

static void activation(struct writer *w, const char *name, const char *function, const char *a)
{
    open_layer(w, "keras.layers", "Activation", name);
    say(&w->t, ", \"activation\": \"%s\"", function);
    close_layer(w, name, a, NULL, NULL);
}

static void relu(struct writer *w, const char *name, double max, const char *a)
{
    open_layer(w, "keras.layers", "ReLU", name);
    if (max > 0 && w->n->o.ndarray)
        say(&w->t,
            ", \"max_value\": {\"type\": \"ndarray\", \"value\": %.1f}, \"negative_slope\": {\"type\": \"ndarray\", "
            "\"value\": 0.0}, \"threshold\": \"0.0\"",
            max);
    else if (max > 0) say(&w->t, ", \"max_value\": %.1f, \"negative_slope\": 0.0, \"threshold\": 0.0", max);
    else say(&w->t, ", \"max_value\": null, \"negative_slope\": 0.0, \"threshold\": 0.0");
    close_layer(w, name, a, NULL, NULL);
}

/* x + c or x * c in the dialect's form. */
static void constant_op(struct writer *w, const char *name, bool product, double c, const char *a)
{
    char number[32];
    snprintf(number, sizeof number, "%.17g", c);
    switch (w->n->o.dialect) {
    case KG_DIALECT_TFOP:
        open_layer(w, "", "TFOpLambda", name);
        say(&w->t, ", \"function\": \"%s\"", product ? "math.multiply" : "__operators__.add");
        close_layer(w, name, a, NULL, number);
        break;
    case KG_DIALECT_TF21:
        open_layer(w, "", "TensorFlowOpLayer", name);
        say(&w->t,
            ", \"node_def\": {\"name\": \"%s\", \"op\": \"%s\", \"input\": [\"x\", \"y\"], \"attr\": {\"T\": {\"type\": "
            "\"DT_FLOAT\"}}}, \"constants\": {\"1\": %s}",
            name, product ? "Mul" : "AddV2", number);
        close_layer(w, name, a, NULL, NULL);
        break;
    case KG_DIALECT_OPS3:
        open_layer(w, "keras.src.ops.numpy", product ? "Multiply" : "Add", name);
        close_layer(w, name, a, NULL, number);
        break;
    default:
        open_layer(w, "keras.layers", "Rescaling", name);
        say(&w->t, ", \"scale\": %s, \"offset\": %s", product ? number : "1.0", product ? "0.0" : number);
        close_layer(w, name, a, NULL, NULL);
        break;
    }
}

/* h-sigmoid of tensor a; its result has the name in `out`. */
static void hsigmoid(struct writer *w, const char *base, const char *a, char *out, size_t size)
{
    char plus[100], six[100];
    enum kg_dialect d = w->n->o.dialect;
    if (d == KG_DIALECT_ACTIVATION || d == KG_DIALECT_ACT3) {
        snprintf(out, size, "%.80s_hs", base);
        activation(w, out, "hard_sigmoid", a);
        return;
    }
    snprintf(plus, sizeof plus, "%.80s_plus", base);
    snprintf(six, sizeof six, "%.80s_six", base);
    snprintf(out, size, "%.80s_times", base);
    constant_op(w, plus, false, 3, a);
    relu(w, six, 6, plus);
    constant_op(w, out, true, 1.0 / 6, six);
}

/* ---- network layers ---- */

static void window_config(struct writer *w, const struct kg_layer *l)
{
    if (w->n->o.ndarray) {
        say(&w->t,
            ", \"kernel_size\": {\"class_name\": \"__tuple__\", \"items\": [%d, %d]}, \"strides\": [[%d], [%d]], "
            "\"padding\": "
            "\"%s\", \"dilation_rate\": {\"class_name\": \"__numpy__\", \"config\": {\"value\": [1, 1], \"dtype\": "
            "\"int64\"}}, "
            "\"activation\": \"linear\", \"use_bias\": %d",
            l->k, l->k, l->s, l->s, l->same ? "same" : "valid", l->n_var > 1);
        return;
    }
    say(&w->t,
        ", \"kernel_size\": [%d, %d], \"strides\": [%d, %d], \"padding\": \"%s\", \"data_format\": \"channels_last\", "
        "\"dilation_rate\": [1, 1], \"groups\": 1, \"activation\": \"linear\", \"use_bias\": %s",
        l->k, l->k, l->s, l->s, l->same ? "same" : "valid", l->n_var > 1 ? "true" : "false");
}

static void write_layer(struct writer *w, int i)
{
    const struct kg_layer *l = &w->n->layer[i];
    const char *a = l->in[0] >= 0 ? w->out[l->in[0]] : NULL, *b = l->in[1] >= 0 ? w->out[l->in[1]] : NULL;
    char part[100];
    snprintf(w->out[i], sizeof w->out[i], "%s", l->name[0] != '\0' ? l->name : a);
    switch (l->kind) {
    case KG_INPUT:
        open_layer(w, "keras.layers", "InputLayer", l->name);
        say(&w->t, ", \"%s\": [null, %d, %d, %d]", w->k3 ? "batch_shape" : "batch_input_shape", l->h, l->w, l->c);
        close_layer(w, l->name, NULL, NULL, NULL);
        return;
    case KG_CONV:
        open_layer(w, "keras.layers", "Conv2D", l->name);
        say(&w->t, ", \"filters\": %d", l->c);
        window_config(w, l);
        break;
    case KG_DW:
        open_layer(w, "keras.layers", "DepthwiseConv2D", l->name);
        window_config(w, l);
        say(&w->t, ", \"depth_multiplier\": 1");
        break;
    case KG_BN:
        open_layer(w, "keras.layers", "BatchNormalization", l->name);
        if (w->k3) say(&w->t, ", \"axis\": -1, \"momentum\": 0.999, \"epsilon\": 0.001, \"center\": true, \"scale\": true");
        else say(&w->t, ", \"axis\": [3], \"momentum\": 0.999, \"epsilon\": 0.001, \"center\": true, \"scale\": true");
        break;
    case KG_NORM:
        open_layer(w, "keras.layers", "Normalization", l->name);
        say(&w->t, ", \"axis\": [-1], \"mean\": null, \"variance\": null, \"invert\": false");
        break;
    case KG_RELU:
        if (l->act_layer) activation(w, l->name, l->max > 0 ? "relu6" : "relu", a);
        else relu(w, l->name, l->max, a);
        return;
    case KG_HSIGMOID:
        hsigmoid(w, l->name, a, w->out[i], sizeof w->out[i]);
        return;
    case KG_HSWISH:
        if (w->n->o.dialect == KG_DIALECT_ACT3) {
            activation(w, l->name, i % 2 == 0 ? "hard_silu" : "hard_swish", a);
            return;
        }
        hsigmoid(w, l->name, a, part, sizeof part);
        if (w->n->o.generation == KG_GEN_K3) simple(w, "Multiply", l->name, a, part);
        else simple(w, "Multiply", l->name, part, a);
        return;
    case KG_ADD:
        simple(w, "Add", l->name, a, b);
        return;
    case KG_MUL:
        simple(w, "Multiply", l->name, a, b);
        return;
    case KG_GAP:
        open_layer(w, "keras.layers", "GlobalAveragePooling2D", l->name);
        say(&w->t, ", \"data_format\": \"channels_last\"%s", l->keepdims ? ", \"keepdims\": true" : "");
        break;
    case KG_PAD:
        open_layer(w, "keras.layers", "ZeroPadding2D", l->name);
        say(&w->t, ", \"padding\": [[%d, %d], [%d, %d]], \"data_format\": \"channels_last\"", l->before, l->after, l->before,
            l->after);
        break;
    case KG_RESHAPE:
        if (l->flat && i % 2 == 0) {
            open_layer(w, "keras.layers", "Flatten", l->name);
        } else {
            open_layer(w, "keras.layers", "Reshape", l->name);
            if (l->flat) say(&w->t, ", \"target_shape\": [%d]", l->c);
            else say(&w->t, ", \"target_shape\": [1, 1, -1]");
        }
        break;
    case KG_DROPOUT:
        open_layer(w, "keras.layers", "Dropout", l->name);
        say(&w->t, ", \"rate\": 0.001, \"noise_shape\": null, \"seed\": null");
        break;
    case KG_DENSE:
        open_layer(w, "keras.layers", "Dense", l->name);
        say(&w->t, ", \"units\": %d, \"activation\": \"softmax\", \"use_bias\": true", l->c);
        break;
    case KG_SOFTMAX:
        if (l->name[0] == '\0') return; /* inside the Dense layer before it */
        activation(w, l->name, "softmax", a);
        return;
    case KG_RESCALE:
        open_layer(w, "keras.layers", "Rescaling", l->name);
        say(&w->t, ", \"scale\": %.17g, \"offset\": %.17g", l->scale, l->offset);
        break;
    }
    close_layer(w, l->name, a, NULL, NULL);
}

/* {"class_name": "Functional", "config": {...}} of layers 0 .. end - 1 */
static void functional(struct writer *w, const char *name, int end)
{
    const char *class_name = w->n->o.generation <= KG_GEN_APPS ? "Model" : "Functional";
    char outer[120];
    say(&w->t, "{%s\"class_name\": \"%s\", \"config\": {\"name\": \"%s\", \"trainable\": true, \"layers\": [",
        w->k3 ? "\"module\": \"keras.src.models.functional\", " : "", class_name, name);
    w->first = true;
    for (int i = 0; i < end; i++) write_layer(w, i);
    if (w->k3)
        say(&w->t, "], \"input_layers\": [\"%s\", 0, 0], \"output_layers\": [\"%s\", 0, 0]}", w->out[0], w->out[end - 1]);
    else
        say(&w->t, "], \"input_layers\": [[\"%s\", 0, 0]], \"output_layers\": [[\"%s\", 0, 0]]}", w->out[0],
            kg_outer_name(w->n, w->out[end - 1], outer, sizeof outer));
    say(&w->t, ", \"name\": \"%s\"}", name);
}

char *kg_config(const struct kg_net *n)
{
    struct writer *w = calloc(1, sizeof *w);
    if (w == NULL) abort();
    w->n = n;
    w->k3 = n->o.dialect == KG_DIALECT_OPS3 || n->o.dialect == KG_DIALECT_ACT3;
    if (!kg_nested(n)) {
        functional(w, n->o.family >= KG_V3_SMALL ? "MobilenetV3" : "mobilenet", n->n);
    } else {
        say(&w->t, "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"sequential\", \"layers\": [");
        w->sequential = true;
        w->first = true;
        open_layer(w, "keras.layers", "InputLayer", "outer_input");
        say(&w->t, ", \"%s\": [null, %d, %d, %d]", w->k3 ? "batch_shape" : "batch_input_shape", n->o.resolution,
            n->o.resolution, n->o.channels);
        close_layer(w, "outer_input", NULL, NULL, NULL);
        say(&w->t, ", ");
        w->sequential = false;
        functional(w, "backbone", n->backbone);
        w->sequential = true;
        for (int i = n->backbone; i < n->n; i++) write_layer(w, i);
        say(&w->t, "]}}");
    }
    char *s = w->t.s;
    free(w);
    return s;
}
