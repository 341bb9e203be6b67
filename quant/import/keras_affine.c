/* SPDX-License-Identifier: Apache-2.0
 * Keras' layers that scale and shift channels: BatchNormalization, Rescaling. */
#include "import/keras_affine.h"
#include "import/keras_values.h"

int mnq_kl_batchnorm(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    double eps;
    bool scale, center;
    const struct mnq_ynode *v = mnq_kf_get(l, "axis", NULL);
    int axis = -1, mode;
    if (v != NULL && v->kind == MNQ_Y_SEQ) {
        if (v->n != 1) return mnq_knet_fail(k, l, "normalizes over %d axes, only the channels are supported", v->n);
        v = v->first;
    }
    if (v != NULL && mnq_kv_int(v, -4, 4, &axis, k->e) != 0) return -1;
    struct mnq_shape shape = k->b.g->node[in[0]].out;
    bool vector = shape.h == 1 && shape.w == 1;
    int at = mnq_knet_axis(k, in[0], axis);
    if (at != -1 && at != 3 && !(vector && at == 1) && !(k->sequence[in[0]] && at == 2))
        return mnq_knet_fail(k, l, "axis is %d, only the channels (%s) are supported", axis, k->first ? "1" : "-1 or 3");
    if (mnq_kf_int(k, l, "mode", NULL, 0, 2, 0, &mode) != 0) return -1;
    if (mode == 1) return mnq_knet_fail(k, l, "mode is 1, only 0 and 2 are supported");
    if (mnq_kf_double(k, l, "epsilon", 1e-3, &eps) != 0 || mnq_kf_bool(k, l, "scale", NULL, true, &scale) != 0 ||
        mnq_kf_bool(k, l, "center", NULL, true, &center) != 0)
        return -1;
    return mnq_build_batchnorm(&k->b, l->name, in[0], (float)eps, scale, center, k->e);
}

int mnq_kl_rescaling(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    enum { MOST = 4096 };
    float scale[MOST], offset[MOST];
    int ns = mnq_kf_numbers(k, l, "scale", 1, scale, MOST), no = mnq_kf_numbers(k, l, "offset", 0, offset, MOST);
    if (ns < 0 || no < 0) return -1;
    if (ns != no && ns != 1 && no != 1) return mnq_knet_fail(k, l, "%d scales and %d offsets", ns, no);
    if ((ns > 1 || no > 1) && mnq_knet_turned(k, in[0]))
        return mnq_knet_fail(k, l, "scales the columns of a channels_first model apart, which is not supported");
    for (int i = 1; i < no && ns == 1; i++) scale[i] = scale[0];
    for (int i = 1; i < ns && no == 1; i++) offset[i] = offset[0];
    return mnq_build_affine(&k->b, l->name, in[0], scale, offset, ns > no ? ns : no, k->e);
}
