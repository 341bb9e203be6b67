/* SPDX-License-Identifier: Apache-2.0
 * Functions applied to tensors, as Keras stores them: TFOpLambda (TF 2.4 on), TensorFlowOpLayer (TF 2.1 to 2.3), keras.ops.
 *
 * With one constant operand, arithmetic is an AFFINE node; with two tensors it is what the layers Add and Multiply are. */
#include "import/keras_ops.h"
#include "import/keras_act.h"
#include "import/keras_curve.h"
#include "import/keras_merge.h"
#include "import/keras_moves.h"
#include "import/keras_slice.h"
#include "import/keras_values.h"
#include "import/netbuild_ops.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum op {
    OP_ADD,
    OP_SUB,
    OP_MUL,
    OP_DIV,
    OP_MAX,
    OP_MIN,
    OP_CONCAT,
    OP_SLICE,
    OP_STRIDED,
    OP_LEAKY,
    OP_ELU,
    OP_SQUARE,
    OP_POWER,
    OP_NEGATIVE,
    OP_ABSOLUTE,
    OP_CLIP,
    OP_IDENTITY,
    OP_ACTIVATION
};

struct op_entry {
    const char *name;
    enum op op;
    const char *activation;
};

/* By the last part of their names, in small letters without underscores: "math.add", "__operators__.add", "Add" and "AddV2"
 * of three dialects are few names here. */
static const struct op_entry op_table[] = {
    {"add", OP_ADD, NULL},
    {"addv2", OP_ADD, NULL},
    {"biasadd", OP_ADD, NULL},
    {"sub", OP_SUB, NULL},
    {"subtract", OP_SUB, NULL},
    {"mul", OP_MUL, NULL},
    {"multiply", OP_MUL, NULL},
    {"truediv", OP_DIV, NULL},
    {"realdiv", OP_DIV, NULL},
    {"divide", OP_DIV, NULL},
    {"truedivide", OP_DIV, NULL},
    {"getitem", OP_SLICE, NULL},
    {"stridedslice", OP_STRIDED, NULL},
    {"maximum", OP_MAX, NULL},
    {"minimum", OP_MIN, NULL},
    {"concat", OP_CONCAT, NULL},
    {"concatv2", OP_CONCAT, NULL},
    {"concatenate", OP_CONCAT, NULL},
    {"leakyrelu", OP_LEAKY, NULL},
    {"elu", OP_ELU, NULL},
    {"square", OP_SQUARE, NULL},
    {"pow", OP_POWER, NULL},
    {"power", OP_POWER, NULL},
    {"neg", OP_NEGATIVE, NULL},
    {"negative", OP_NEGATIVE, NULL},
    {"abs", OP_ABSOLUTE, NULL},
    {"absolute", OP_ABSOLUTE, NULL},
    {"clip", OP_CLIP, NULL},
    {"clipbyvalue", OP_CLIP, NULL},
    {"identity", OP_IDENTITY, NULL},
    {"stopgradient", OP_IDENTITY, NULL},
    {"ensureshape", OP_IDENTITY, NULL},
    {"dropout", OP_IDENTITY, NULL},
    {"converttotensor", OP_IDENTITY, NULL},
    {"cast", OP_IDENTITY, NULL},
    {"relu", OP_ACTIVATION, "relu"},
    {"relu6", OP_ACTIVATION, "relu6"},
    {"hardsigmoid", OP_ACTIVATION, "h_sigmoid"},
    {"hardswish", OP_ACTIVATION, "hard_swish"},
    {"hardsilu", OP_ACTIVATION, "hard_swish"},
    {"sigmoid", OP_ACTIVATION, "sigmoid"},
    {"swish", OP_ACTIVATION, "swish"},
    {"silu", OP_ACTIVATION, "swish"},
    {"tanh", OP_ACTIVATION, "tanh"},
    {"gelu", OP_ACTIVATION, "gelu"},
    {"selu", OP_ACTIVATION, "selu"},
    {"softplus", OP_ACTIVATION, "softplus"},
    {"softsign", OP_ACTIVATION, "softsign"},
    {"mish", OP_ACTIVATION, "mish"},
    {"exp", OP_ACTIVATION, "exponential"},
    {"softmax", OP_ACTIVATION, "softmax"},
};

/* "keras.ops.nn.leaky_relu" -> "leakyrelu". */
static void plain_name(const char *name, char *out, size_t size)
{
    size_t n = 0;
    const char *dot = strrchr(name, '.');
    for (const char *s = dot != NULL ? dot + 1 : name; *s != '\0' && n + 1 < size; s++)
        if (*s != '_') out[n++] = (char)tolower((unsigned char)*s);
    out[n] = '\0';
}

/* Operand of an arithmetic operation. */
struct operand {
    int node;                      /* a tensor's node, or -1 */
    const struct mnq_ynode *value; /* a constant, or NULL */
};

static bool named(const char *s, const char *const *name, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(s, name[i]) == 0) return true;
    return false;
}

/* Which operand a keyword means; -1 for one that does not matter here (name, dtype, ...). */
static int operand_of_key(const char *key)
{
    static const char *const first[] = {"x",      "x1",           "a",      "t",     "features", "input",
                                        "inputs", "input_tensor", "logits", "value", "tensor"},
                             *const second[] = {"y",     "x2",  "b", "bias", "slice_spec", "key", "clip_value_min",
                                                "x_min", "axis"},
                             *const third[] = {"clip_value_max", "x_max"};
    if (named(key, first, sizeof first / sizeof *first)) return 0;
    if (named(key, second, sizeof second / sizeof *second)) return 1;
    if (named(key, third, sizeof third / sizeof *third)) return 2;
    return -1;
}

static void collect(const struct mnq_kcall *call, const int *in, const struct mnq_ynode *constants, struct operand o[3])
{
    int at = 0, tensor = 0;
    for (int i = 0; i < 3; i++) o[i] = (struct operand){-1, NULL};
    for (const struct mnq_ynode *c = constants != NULL ? constants->first : NULL; c != NULL; c = c->next)
        if (c->key != NULL && c->key[0] >= '0' && c->key[0] <= '2' && c->key[1] == '\0') o[c->key[0] - '0'].value = c;
    for (int i = 0; i < call->n_arg; i++) {
        const struct mnq_karg *a = &call->arg[i];
        while (a->key == NULL && at < 3 && o[at].value != NULL && constants != NULL) at++; /* taken by a stored constant */
        int where = a->key != NULL ? operand_of_key(a->key) : at++, node = a->kind == MNQ_KARG_TENSOR ? in[tensor++] : -1;
        if (where < 0 || where > 2) continue;
        if (node >= 0) o[where].node = node;
        else if (!mnq_y_null(a->value)) o[where].value = a->value;
    }
}

enum { MAX_CONSTANTS = 4096 };

static int affine(struct mnq_knet *k, const struct mnq_klayer *l, enum op op, int x, const struct mnq_ynode *constant,
                  bool reversed)
{
    float c[MAX_CONSTANTS], scale[MAX_CONSTANTS], offset[MAX_CONSTANTS];
    int n = mnq_kv_numbers(constant, c, MAX_CONSTANTS, k->e);
    if (n < 0) return -1;
    if (n == 0) return mnq_knet_fail(k, l, "its constant is empty");
    if (n > 1 && mnq_knet_turned(k, x))
        return mnq_knet_fail(k, l, "a constant for each column of a channels_first model is not supported");
    for (int i = 0; i < n; i++) {
        scale[i] = 1;
        offset[i] = 0;
        switch (op) {
        case OP_ADD:
            offset[i] = c[i];
            break;
        case OP_SUB:
            scale[i] = reversed ? -1.0f : 1.0f;
            offset[i] = reversed ? c[i] : -c[i];
            break;
        case OP_MUL:
            scale[i] = c[i];
            break;
        default:
            if (reversed || c[i] == 0.0f)
                return mnq_knet_fail(k, l, "division %s is not supported", reversed ? "by a tensor" : "by 0");
            scale[i] = 1.0f / c[i];
            break;
        }
    }
    return mnq_build_affine(&k->b, l->name, x, scale, offset, n, k->e);
}

static int arithmetic(struct mnq_knet *k, const struct mnq_klayer *l, enum op op, const struct operand o[3])
{
    if (o[0].node >= 0 && o[1].node >= 0) {
        if (op == OP_ADD) return mnq_build_add(&k->b, l->name, o[0].node, o[1].node, k->e);
        if (op == OP_MUL) return mnq_build_mul(&k->b, l->name, o[0].node, o[1].node, k->e);
        if (op == OP_SUB) return mnq_build_sum(&k->b, l->name, o[0].node, 1.0f, o[1].node, -1.0f, k->e);
        return mnq_knet_fail(k, l, "the quotient of two tensors is not supported");
    }
    if (o[0].node >= 0 && o[1].value != NULL) return affine(k, l, op, o[0].node, o[1].value, false);
    if (o[1].node >= 0 && o[0].value != NULL) return affine(k, l, op, o[1].node, o[0].value, true);
    return mnq_knet_fail(k, l, "two operands are wanted, of which one is a tensor");
}

/* A number under one of two keys of the call or the configuration. */
static int parameter(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, const char *key,
                     const char *other, double missing, double *out)
{
    const struct mnq_ynode *v = NULL;
    for (int i = 0; i < call->n_arg; i++)
        if (call->arg[i].kind == MNQ_KARG_VALUE && call->arg[i].key != NULL &&
            (strcmp(call->arg[i].key, key) == 0 || strcmp(call->arg[i].key, other) == 0))
            v = call->arg[i].value;
    if (v == NULL) v = mnq_y_get(l->config, key);
    if (v == NULL) v = mnq_y_get(l->config, other);
    *out = missing;
    return mnq_y_null(v) ? 0 : mnq_kv_double(v, -MNQ_KV_LARGEST, MNQ_KV_LARGEST, out, k->e);
}

/* relu(f x + g) of a tensor, times `slope` plus `offset`: what limits at constants are made of. */
static int limited(struct mnq_knet *k, const struct mnq_klayer *l, int x, float f, float g, double most, float slope,
                   float offset)
{
    char name[512];
    bool plain = f == 1 && g == 0;
    snprintf(name, sizeof name, "%.450s/from", l->name);
    if (!plain) x = mnq_build_affine(&k->b, name, x, &f, &g, 1, k->e);
    plain = slope == 1 && offset == 0;
    snprintf(name, sizeof name, "%.450s/limit", l->name);
    if (x >= 0)
        x = mnq_build_act(&k->b, plain ? l->name : name, x, most > 0 ? MNQ_ACT_RELU_MAX : MNQ_ACT_RELU, (float)most, k->e);
    return x < 0 || plain ? x : mnq_build_affine(&k->b, l->name, x, &slope, &offset, 1, k->e);
}

/* Maximum and minimum of two tensors, or of a tensor and a number. */
static int extreme(struct mnq_knet *k, const struct mnq_klayer *l, const struct operand o[3], bool larger)
{
    double limit;
    if (o[0].node >= 0 && o[1].node >= 0) return mnq_build_extreme(&k->b, l->name, o[0].node, o[1].node, larger, k->e);
    int x = o[0].node >= 0 ? 0 : 1;
    if (o[x].node < 0 || o[1 - x].value == NULL)
        return mnq_knet_fail(k, l, "two operands are wanted, of which one is a tensor");
    if (mnq_kv_double(o[1 - x].value, -MNQ_KV_LARGEST, MNQ_KV_LARGEST, &limit, k->e) != 0) return -1;
    float m = (float)limit;
    return larger ? limited(k, l, o[x].node, 1, -m, 0, 1, m) : limited(k, l, o[x].node, -1, m, 0, -1, m);
}

/* All tensors of the call, in their order. */
static int concat(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, const int *in)
{
    double axis;
    if (call->n_tensor < 2) return mnq_knet_fail(k, l, "%d inputs, two are wanted", call->n_tensor);
    if (parameter(k, l, call, "axis", "axis", -1, &axis) != 0) return -1;
    return mnq_knet_concat(k, l, in, call->n_tensor, axis >= -4 && axis <= 4 ? (int)axis : 4);
}

static int curve(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, enum op op, int in)
{
    double value;
    struct mnq_node square = {.act = MNQ_ACT_SQUARE};
    if (op == OP_SQUARE) return mnq_build_curve(&k->b, l->name, in, &square, k->e);
    if (parameter(k, l, call, "alpha", "negative_slope", op == OP_ELU ? 1.0 : 0.2, &value) != 0) return -1;
    return op == OP_ELU ? mnq_knet_elu(k, l->name, in, value) : mnq_knet_leaky(k, l->name, in, value);
}

static int clip(struct mnq_knet *k, const struct mnq_klayer *l, struct operand o[3])
{
    double lo, hi;
    if (o[1].value == NULL) o[1].value = mnq_y_get(l->config, "x_min"); /* keras.ops.Clip keeps them in its configuration */
    if (o[2].value == NULL) o[2].value = mnq_y_get(l->config, "x_max");
    if (o[1].value == NULL || o[2].value == NULL) return mnq_knet_fail(k, l, "constant limits are wanted");
    if (mnq_kv_double(o[1].value, -MNQ_KV_LARGEST, MNQ_KV_LARGEST, &lo, k->e) != 0 || mnq_kv_double(o[2].value, -MNQ_KV_LARGEST, MNQ_KV_LARGEST, &hi, k->e) != 0)
        return -1;
    if (!(hi > lo)) return mnq_knet_fail(k, l, "clips to %g..%g", lo, hi);
    return limited(k, l, o[0].node, 1, (float)-lo, hi - lo, 1, (float)lo);
}

/* What has two straight parts, or is a square. */
static int power(struct mnq_knet *k, const struct mnq_klayer *l, const struct operand o[3])
{
    double exponent;
    if (o[1].value == NULL) return mnq_knet_fail(k, l, "a constant exponent is wanted");
    if (mnq_kv_double(o[1].value, -MNQ_KV_LARGEST, MNQ_KV_LARGEST, &exponent, k->e) != 0) return -1;
    struct mnq_node square = {.act = MNQ_ACT_SQUARE};
    if (exponent == 2) return mnq_build_curve(&k->b, l->name, o[0].node, &square, k->e);
    return mnq_knet_fail(k, l, "the power of %g is not supported, only that of 2", exponent);
}

/* TensorFlow's own form of x[..., ::-1], the only slice of it that is read: steps 1, ..., 1, -1 of everything. */
static int strided(struct mnq_knet *k, const struct mnq_klayer *l, int in)
{
    const struct mnq_ynode *constants = mnq_y_get(l->config, "constants");
    float v[3][8];
    int n[3];
    for (int i = 0; i < 3; i++) {
        const char key[2] = {(char)('1' + i), '\0'};
        const struct mnq_ynode *c = mnq_y_get(constants, key);
        n[i] = c == NULL ? 0 : mnq_kv_numbers(c, v[i], 8, k->e);
        if (n[i] < 0) return -1;
    }
    bool whole = n[2] > 0 && n[0] == n[2] && n[1] == n[2] && v[2][n[2] - 1] == -1.0f;
    for (int i = 0; i < n[2] && whole; i++) whole = v[0][i] == 0.0f && v[1][i] == 0.0f && (i + 1 == n[2] || v[2][i] == 1.0f);
    if (!whole) return mnq_knet_fail(k, l, "of slices only [..., ::-1] is supported");
    return mnq_knet_reverse(k, l, in);
}

/* Keras 3 states which of its two forms is meant; TensorFlow's default is the exact one. */
static const char *exact_gelu(const struct mnq_klayer *l, const struct mnq_kcall *call, const char *activation)
{
    bool approximate = false;
    const struct mnq_ynode *v = strcmp(activation, "gelu") == 0 ? mnq_kcall_value(l, call, 1, "approximate", NULL) : NULL;
    return v != NULL && mnq_kv_bool(v, &approximate, NULL) == 0 && approximate ? "gelu_tanh" : activation;
}

/* The function's name, NULL if the layer says none. */
static const char *function_of(const struct mnq_klayer *l)
{
    const struct mnq_ynode *v = NULL;
    if (strcmp(l->class_name, "TFOpLambda") == 0 || strcmp(l->class_name, "SlicingOpLambda") == 0)
        v = mnq_y_get(l->config, "function");
    else if (strcmp(l->class_name, "TensorFlowOpLayer") == 0) v = mnq_y_get(mnq_y_get(l->config, "node_def"), "op");
    else return l->class_name;
    return v != NULL && v->kind == MNQ_Y_SCALAR ? v->text : NULL;
}

bool mnq_knet_is_op(const struct mnq_klayer *l, const struct mnq_kcall *call)
{
    static const char *const stands[] = {"TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"};
    if (named(l->class_name, stands, sizeof stands / sizeof *stands)) return true;
    if (strstr(l->module, ".ops") != NULL) return true;
    /* files without module names: the layers Add and Multiply take tensors only */
    if (strcmp(l->class_name, "Add") != 0 && strcmp(l->class_name, "Multiply") != 0) return false;
    for (int i = 0; i < call->n_arg; i++)
        if (call->arg[i].kind == MNQ_KARG_VALUE && call->arg[i].key == NULL) return true;
    return false;
}

static int apply(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, const int *in,
                 const struct op_entry *op)
{
    struct operand o[3];
    collect(call, in, mnq_y_get(l->config, "constants"), o);
    if (op->op <= OP_DIV) return arithmetic(k, l, op->op, o);
    if (op->op == OP_MAX || op->op == OP_MIN) return extreme(k, l, o, op->op == OP_MAX);
    if (op->op == OP_CONCAT) return concat(k, l, call, in);
    if (o[0].node < 0) return mnq_knet_fail(k, l, "%d inputs, one is wanted", call->n_tensor);
    switch (op->op) {
    case OP_SLICE:
    case OP_STRIDED:
        if (mnq_knet_turned(k, o[0].node)) return mnq_knet_fail(k, l, "slices are not supported in channels_first models");
        if (op->op == OP_STRIDED) return strided(k, l, o[0].node);
        return mnq_knet_slice(k, l, o[1].value, o[0].node);
    case OP_CLIP:
        return clip(k, l, o);
    case OP_POWER:
        return power(k, l, o);
    case OP_NEGATIVE:
        return mnq_build_affine(&k->b, l->name, o[0].node, &(float){-1}, &(float){0}, 1, k->e);
    case OP_ABSOLUTE:
        return mnq_knet_leaky(k, l->name, o[0].node, -1);
    case OP_LEAKY:
    case OP_ELU:
    case OP_SQUARE:
        return curve(k, l, call, op->op, o[0].node);
    case OP_IDENTITY:
        return mnq_build_reshape(&k->b, l->name, o[0].node, k->b.g->node[o[0].node].out, k->e);
    default:
        if (strcmp(op->activation, "softmax") == 0)
            return mnq_knet_softmax(k, l, mnq_kcall_value(l, call, 1, "axis", "dim"), o[0].node);
        return mnq_knet_activation(k, l, l->name, o[0].node, exact_gelu(l, call, op->activation));
    }
}

/* 1: *out is the node, 0: no such function, -1: error. */
static int by_name(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, const int *in,
                   const char *function, int *out)
{
    char name[64];
    plain_name(function, name, sizeof name);
    mnq_kmove *move = mnq_kmove_of(name);
    if (move != NULL) {
        if (call->n_tensor != 1) return mnq_knet_fail(k, l, "%d inputs, one is wanted", call->n_tensor);
        if (mnq_knet_turned(k, in[0]))
            return mnq_knet_fail(k, l, "function %.60s looks at axes, which is not supported in channels_first models",
                                 function);
        return (*out = move(k, l, call, in[0])) < 0 ? -1 : 1;
    }
    for (size_t i = 0; i < sizeof op_table / sizeof *op_table; i++)
        if (strcmp(name, op_table[i].name) == 0) return (*out = apply(k, l, call, in, &op_table[i])) < 0 ? -1 : 1;
    return 0;
}

/* What to do about functions that people meet; NULL: nothing in particular. */
static const char *advice(const char *function)
{
    static const struct {
        const char *name, *text;
    } table[] = {
        {"argmax", "end the network with the tensor in front of it, whose largest value is the class"},
        {"topk", "end the network with the tensor in front of it, whose largest values are the classes"},
        {"l2normalize",
         "normalizes by each picture's own length, which does not fold into weights; leave it out at the end of "
         "the network: cosines of features do not depend on it"},
        {"normalize",
         "normalizes by each picture's own length, which does not fold into weights; leave it out at the end of the "
         "network: cosines of features do not depend on it"},
        {"matmul", "the product of two tensors is not supported; one with constants is a Dense layer"},
        {"nonmaxsuppression", "end the network with the tensors in front of it, as outputs of their own, and choose boxes "
                              "behind it"},
        {"combinednonmaxsuppression", "end the network with the tensors in front of it, as outputs of their own, and choose "
                                      "boxes behind it"},
    };
    char name[64];
    plain_name(function, name, sizeof name);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(name, table[i].name) == 0) return table[i].text;
    return NULL;
}

int mnq_knet_op(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, const int *in)
{
    const char *function = function_of(l);
    int out = -1, rc = function == NULL ? 0 : by_name(k, l, call, in, function, &out);
    if (rc != 0) return rc < 0 ? -1 : out;
    const char *known = function != NULL ? advice(function) : NULL;
    if (known != NULL) return mnq_knet_fail(k, l, "function %.60s: %s", function, known);
    return mnq_knet_fail(k, l,
                         "function %.60s is not supported; arithmetic, activations, and what moves, resizes, pools or parts "
                         "tensors are",
                         function != NULL ? function : "without a name");
}

int mnq_knet_function(struct mnq_knet *k, const struct mnq_klayer *l, const char *function,
                      const struct mnq_ynode *arguments, int in, int *out)
{
    enum { MOST = 16 };
    struct mnq_karg arg[1 + MOST] = {{.kind = MNQ_KARG_TENSOR}};
    struct mnq_kcall call = {.n_arg = 1, .n_tensor = 1, .arg = arg};
    const struct mnq_ynode *v = arguments != NULL && arguments->kind == MNQ_Y_MAP ? arguments->first : NULL;
    for (; v != NULL && call.n_arg <= MOST; v = v->next)
        arg[call.n_arg++] = (struct mnq_karg){.kind = MNQ_KARG_VALUE, .key = v->key, .value = v};
    return by_name(k, l, &call, &in, function, out);
}
