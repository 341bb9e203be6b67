/* SPDX-License-Identifier: Apache-2.0
 * Keras' layers that combine tensors: sums, products, extremes, concatenation. */
#include "import/keras_merge.h"
#include "import/netbuild_ops.h"

#include <string.h>

static int too_few(struct mnq_knet *k, const struct mnq_klayer *l, int n_in)
{
    return mnq_knet_fail(k, l, "has %d input, two are wanted", n_in);
}

static int add(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    int sum = in[0];
    if (n_in < 2) return too_few(k, l, n_in);
    for (int i = 1; i < n_in && sum >= 0; i++) sum = mnq_build_add(&k->b, l->name, sum, in[i], k->e);
    return sum;
}

static int multiply(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    int product = in[0];
    if (n_in < 2) return too_few(k, l, n_in);
    for (int i = 1; i < n_in && product >= 0; i++) product = mnq_build_mul(&k->b, l->name, product, in[i], k->e);
    return product;
}

static int subtract(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    if (n_in != 2) return mnq_knet_fail(k, l, "has %d inputs, two are wanted", n_in);
    return mnq_build_sum(&k->b, l->name, in[0], 1.0f, in[1], -1.0f, k->e);
}

static int average(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    float share = 1.0f / (float)n_in;
    int sum = in[0];
    if (n_in < 2) return too_few(k, l, n_in);
    for (int i = 1; i < n_in && sum >= 0; i++)
        sum = mnq_build_sum(&k->b, l->name, sum, i == 1 ? share : 1.0f, in[i], share, k->e);
    return sum;
}

static int extreme(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in, bool larger)
{
    int best = in[0];
    if (n_in < 2) return too_few(k, l, n_in);
    for (int i = 1; i < n_in && best >= 0; i++) best = mnq_build_extreme(&k->b, l->name, best, in[i], larger, k->e);
    return best;
}

static int maximum(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    return extreme(k, l, in, n_in, true);
}

static int minimum(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    return extreme(k, l, in, n_in, false);
}

/* Pixels of tensors that agree in everything else. */
static int join(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n, bool rows, bool sequence)
{
    struct mnq_shape first = k->b.g->node[in[0]].out;
    for (int i = 1; i < n; i++) {
        struct mnq_shape s = k->b.g->node[in[i]].out;
        if (s.c != first.c || (rows ? s.w != first.w : s.h != first.h) || k->folded[in[i]] != k->folded[in[0]])
            return mnq_knet_fail(k, l, "joins the %s of %d x %d x %d and %d x %d x %d, which differ in more than those",
                                 rows ? "rows" : "columns", first.h, first.w, first.c, s.h, s.w, s.c);
    }
    int out = mnq_build_join(&k->b, l->name, in, n, rows, k->e);
    if (out < 0) return -1;
    k->folded[out] = k->folded[in[0]];
    k->sequence[out] = sequence;
    return k->knows = out;
}

int mnq_knet_concat(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n, int axis)
{
    bool vector = true, sequence = true, folded = false;
    axis = mnq_knet_axis(k, in[0], axis);
    for (int i = 0; i < n; i++) {
        struct mnq_shape s = k->b.g->node[in[i]].out;
        vector = vector && s.h == 1 && s.w == 1 && !k->plane[in[i]];
        sequence = sequence && k->sequence[in[i]];
        folded = folded || k->folded[in[i]] > 0;
    }
    if (axis == -1 || axis == 3 || (axis == 1 && vector && !sequence) || (sequence && axis == 2))
        return mnq_build_concat(&k->b, l->name, in, n, k->e);
    if ((axis == 1 && sequence) || (axis == 2 && !sequence) || (axis == -2 && !folded))
        return join(k, l, in, n, false, sequence);
    if ((axis == 1 || (axis == -3 && !folded)) && !sequence) return join(k, l, in, n, true, false);
    return mnq_knet_fail(k, l, "joins along axis %d, only channels, rows and columns can be joined", axis);
}

static int concatenate(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    int axis;
    if (n_in < 2) return too_few(k, l, n_in);
    if (mnq_kf_int(k, l, "axis", "concat_axis", -4, 4, -1, &axis) != 0) return -1;
    return mnq_knet_concat(k, l, in, n_in, axis);
}

/* A residual that training drops now and then: their sum; TensorFlow Addons scale the branch by how often it is kept. */
static int stochastic_depth(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    double kept;
    if (n_in != 2) return mnq_knet_fail(k, l, "has %d inputs, two are wanted", n_in);
    if (mnq_kf_double(k, l, "survival_probability", 1, &kept) != 0) return -1;
    return mnq_build_sum(&k->b, l->name, in[0], 1.0f, in[1], (float)kept, k->e);
}

mnq_kl_emit *mnq_kl_merge_of(const char *class_name)
{
    static const struct {
        const char *name;
        mnq_kl_emit *emit;
    } table[] = {
        {"Add", add},         {"Average", average},   {"Concatenate", concatenate}, {"Maximum", maximum},
        {"Minimum", minimum}, {"Multiply", multiply}, {"Subtract", subtract},       {"StochasticDepth", stochastic_depth}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(class_name, table[i].name) == 0) return table[i].emit;
    return NULL;
}
