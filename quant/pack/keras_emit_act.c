/* SPDX-License-Identifier: Apache-2.0
 * Activations as Keras 2 layers. */
#include "pack/keras_emitter.h"

#include <math.h>

static const char *emit_relu(struct mnq_kemit *x, const char *name, const char *in, double max, double slope,
                             double threshold)
{
    mnq_ke_begin(x, "ReLU", name);
    if (isfinite(max)) mnq_json_double(&x->j, "max_value", max);
    else mnq_json_null(&x->j, "max_value");
    mnq_json_double(&x->j, "negative_slope", slope);
    mnq_json_double(&x->j, "threshold", threshold);
    return mnq_ke_finish(x, in, NULL);
}

const char *mnq_ke_rescaling(struct mnq_kemit *x, const char *name, const char *in, double scale, double offset)
{
    mnq_ke_begin(x, "Rescaling", name);
    mnq_json_double(&x->j, "scale", scale);
    mnq_json_double(&x->j, "offset", offset);
    return mnq_ke_finish(x, in, NULL);
}

const char *mnq_ke_activation(struct mnq_kemit *x, const char *name, const char *in, const char *function)
{
    mnq_ke_begin(x, "Activation", name);
    mnq_json_string(&x->j, "activation", function);
    return mnq_ke_finish(x, in, NULL);
}

static const char *emit_prelu(struct mnq_kemit *x, const struct mnq_node *nd, const char *name, const char *in, bool vector)
{
    struct mnq_kout *l = mnq_ke_begin(x, "PReLU", name);
    if (vector) {
        mnq_json_null(&x->j, "shared_axes");
        mnq_ke_weight(l, "alpha:0", nd->slope, 1, nd->out.c, 0, 0, 0);
    } else {
        mnq_ke_pair(&x->j, "shared_axes", 1, 2);
        mnq_ke_weight(l, "alpha:0", nd->slope, 3, 1, 1, nd->out.c, 0);
    }
    return mnq_ke_finish(x, in, NULL);
}

/* Keras' name of a function that has one; NULL where it has none. */
static const char *function_name(enum mnq_act act)
{
    switch (act) {
    case MNQ_ACT_NONE:
        return "linear";
    case MNQ_ACT_SIGMOID:
        return "sigmoid";
    case MNQ_ACT_SELU:
        return "selu";
    case MNQ_ACT_SWISH:
        return "swish";
    case MNQ_ACT_TANH:
        return "tanh";
    case MNQ_ACT_GELU:
        return "gelu";
    case MNQ_ACT_SOFTPLUS:
        return "softplus";
    case MNQ_ACT_SOFTSIGN:
        return "softsign";
    case MNQ_ACT_MISH:
        return "mish";
    case MNQ_ACT_EXP:
        return "exponential";
    default:
        return NULL;
    }
}

const char *mnq_ke_act(struct mnq_kemit *x, const struct mnq_node *nd, const char *name, const char *in, bool vector)
{
    const char *a, *b, *c;
    if (function_name(nd->act) != NULL) return mnq_ke_activation(x, name, in, function_name(nd->act));
    switch (nd->act) {
    case MNQ_ACT_RELU:
        return emit_relu(x, name, in, HUGE_VAL, 0, 0);
    case MNQ_ACT_RELU_MAX:
        return emit_relu(x, name, in, (double)nd->act_max, 0, 0);
    case MNQ_ACT_LEAKY:
        return emit_relu(x, name, in, (double)nd->act_max, (double)nd->act_alpha, (double)nd->act_threshold);
    case MNQ_ACT_PRELU:
        return emit_prelu(x, nd, name, in, vector);
    case MNQ_ACT_ELU:
        mnq_ke_begin(x, "ELU", name);
        mnq_json_float(&x->j, "alpha", nd->act_alpha);
        return mnq_ke_finish(x, in, NULL);
    case MNQ_ACT_SQUARE:
        mnq_ke_begin(x, "Multiply", name);
        return mnq_ke_finish(x, in, in);
    case MNQ_ACT_HARD_SIGMOID_02: /* spelled out: Keras 2 and 3 disagree about "hard_sigmoid" */
        a = mnq_ke_rescaling(x, mnq_ke_helper(x, name, "scale"), in, 0.2, 0.5);
        return emit_relu(x, name, a, 1, 0, 0);
    case MNQ_ACT_HSIGMOID:
    case MNQ_ACT_HSWISH:
        a = mnq_ke_rescaling(x, mnq_ke_helper(x, name, "shift"), in, 1, 3);
        b = emit_relu(x, mnq_ke_helper(x, name, "relu6"), a, 6, 0, 0);
        if (nd->act == MNQ_ACT_HSIGMOID) return mnq_ke_rescaling(x, name, b, 1.0 / 6, 0);
        c = mnq_ke_rescaling(x, mnq_ke_helper(x, name, "sixth"), b, 1.0 / 6, 0);
        mnq_ke_begin(x, "Multiply", name);
        return mnq_ke_finish(x, in, c);
    default: /* GELU_TANH */
        return NULL;
    }
}
