/* SPDX-License-Identifier: Apache-2.0
 * Keras' activation layers with parameters: LeakyReLU, PReLU, ELU, ThresholdedReLU. */
#include "import/keras_curve.h"
#include "import/keras_values.h"
#include "import/netbuild_ops.h"

#include <math.h>

int mnq_knet_leaky(struct mnq_knet *k, const char *name, int in, double slope)
{
    struct mnq_node like = {.act = MNQ_ACT_LEAKY, .act_max = HUGE_VALF, .act_alpha = (float)slope};
    return mnq_build_curve(&k->b, name, in, &like, k->e);
}

int mnq_knet_elu(struct mnq_knet *k, const char *name, int in, double alpha)
{
    struct mnq_node like = {.act = MNQ_ACT_ELU, .act_alpha = (float)alpha};
    return mnq_build_curve(&k->b, name, in, &like, k->e);
}

int mnq_kl_leaky_relu(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    double slope;
    if (mnq_kf_double(k, l, "alpha", 0.3, &slope) != 0 || mnq_kf_double(k, l, "negative_slope", slope, &slope) != 0)
        return -1;
    return mnq_knet_leaky(k, l->name, in[0], slope);
}

int mnq_kl_elu(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    double alpha;
    if (mnq_kf_double(k, l, "alpha", 1.0, &alpha) != 0) return -1;
    return mnq_knet_elu(k, l->name, in[0], alpha);
}

int mnq_kl_thresholded_relu(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    double theta;
    if (mnq_kf_double(k, l, "theta", 1.0, &theta) != 0) return -1;
    struct mnq_node like = {.act = MNQ_ACT_LEAKY, .act_max = HUGE_VALF, .act_threshold = (float)theta};
    return mnq_build_curve(&k->b, l->name, in[0], &like, k->e);
}

/* One slope per channel, shared over height and width or of a vector, or one for all. Those of single pixels (Keras'
 * default) are read where they turn out not to differ. */
int mnq_kl_prelu(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    const struct mnq_ynode *v = mnq_kv_plain(mnq_kf_get(l, "shared_axes", NULL));
    struct mnq_shape s = k->b.g->node[in[0]].out;
    bool rows = s.h == 1, columns = s.w == 1, vector = rows && columns, channels = s.c == 1;
    if (v != NULL && v->kind != MNQ_Y_SEQ) return mnq_knet_fail(k, l, "shared_axes is no list");
    for (const struct mnq_ynode *c = v != NULL ? v->first : NULL; c != NULL; c = c->next) {
        int axis;
        if (mnq_kv_int(c, 1, 3, &axis, k->e) != 0) return -1;
        axis = mnq_knet_axis(k, in[0], axis);
        if (k->sequence[in[0]]) axis++; /* steps, channels */
        rows = rows || axis == 1;
        columns = columns || axis == 2;
        channels = channels || axis == 3 || (vector && axis == 1 && v->n == 1);
    }
    if ((!rows || !columns) && k->first)
        return mnq_knet_fail(k, l, "has a slope per pixel, one per channel is supported: train it with shared_axes=[2, 3]");
    struct mnq_shape slopes = {rows ? 1 : s.h, columns ? 1 : s.w, channels ? 1 : s.c};
    return mnq_build_prelu(&k->b, l->name, in[0], slopes, k->e);
}
