/* SPDX-License-Identifier: Apache-2.0
 * Keras' layers with kernels: convolutions of every kind and Dense. */
#include "import/keras_conv.h"
#include "import/keras_act.h"
#include "import/keras_values.h"

enum { MAX_WINDOW = 4096, MAX_FILTERS = 1 << 16 };

/* Window, strides, padding and bias; refuses what no MobileNet has. */
static int read_conv(struct mnq_knet *k, const struct mnq_klayer *l, struct mnq_conv *c)
{
    const struct mnq_ynode *v = mnq_kf_get(l, "kernel_size", NULL);
    int dh = 1, dw = 1, groups;
    *c = (struct mnq_conv){.sh = 1, .sw = 1};
    if (mnq_kf_channels_last(k, l) != 0 || mnq_kf_padding(k, l, &c->padding) != 0) return -1;
    if (v != NULL) {
        if (mnq_kv_pair(v, 1, MAX_WINDOW, &c->kh, &c->kw, k->e) != 0) return -1;
    } else if (mnq_kf_int(k, l, "kernel_size", "nb_row", 1, MAX_WINDOW, 0, &c->kh) != 0 ||
               mnq_kf_int(k, l, "kernel_size", "nb_col", 1, MAX_WINDOW, 0, &c->kw) != 0) {
        return -1;
    }
    v = mnq_kf_get(l, "strides", "subsample");
    if (v != NULL && mnq_kv_pair(v, 1, MAX_WINDOW, &c->sh, &c->sw, k->e) != 0) return -1;
    v = mnq_kf_get(l, "dilation_rate", "atrous_rate");
    if (v != NULL && mnq_kv_pair(v, 1, MAX_WINDOW, &dh, &dw, k->e) != 0) return -1;
    if (dh != 1 || dw != 1) return mnq_knet_fail(k, l, "dilation_rate is %d x %d, only 1 is supported", dh, dw);
    if (mnq_kf_int(k, l, "groups", NULL, 1, MAX_FILTERS, 1, &groups) != 0) return -1;
    if (groups != 1) return mnq_knet_fail(k, l, "groups is %d, only 1 is supported", groups);
    return mnq_kf_bool(k, l, "use_bias", "bias", true, &c->bias);
}

int mnq_kl_conv(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    struct mnq_conv c;
    if (read_conv(k, l, &c) != 0 || mnq_kf_int(k, l, "filters", "nb_filter", 1, MAX_FILTERS, 0, &c.filters) != 0) return -1;
    int i = mnq_build_conv(&k->b, l->name, in[0], c, k->e);
    return i < 0 ? -1 : mnq_knet_own_activation(k, l, i);
}

int mnq_kl_depthwise(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    struct mnq_conv c;
    if (read_conv(k, l, &c) != 0 || mnq_kf_int(k, l, "depth_multiplier", NULL, 1, MAX_FILTERS, 1, &c.filters) != 0)
        return -1;
    int i = mnq_build_dwconv(&k->b, l->name, in[0], c, k->e);
    return i < 0 ? -1 : mnq_knet_own_activation(k, l, i);
}

int mnq_kl_separable(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    struct mnq_conv c;
    int mult;
    if (read_conv(k, l, &c) != 0 || mnq_kf_int(k, l, "filters", "nb_filter", 1, MAX_FILTERS, 0, &c.filters) != 0 ||
        mnq_kf_int(k, l, "depth_multiplier", NULL, 1, MAX_FILTERS, 1, &mult) != 0)
        return -1;
    int i = mnq_build_separable(&k->b, l->name, in[0], c, mult, k->e);
    return i < 0 ? -1 : mnq_knet_own_activation(k, l, i);
}

int mnq_kl_dense(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    int units;
    bool bias;
    if (mnq_kf_int(k, l, "units", "output_dim", 1, 1 << 20, 0, &units) != 0 ||
        mnq_kf_bool(k, l, "use_bias", "bias", true, &bias) != 0)
        return -1;
    int i = mnq_build_dense(&k->b, l->name, in[0], units, bias, k->e);
    return i < 0 ? -1 : mnq_knet_own_activation(k, l, i);
}
