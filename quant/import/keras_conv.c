/* SPDX-License-Identifier: Apache-2.0
 * Keras' layers with kernels: convolutions of every kind and Dense. */
#include "import/keras_conv.h"
#include "import/keras_act.h"
#include "import/keras_values.h"
#include "import/netbuild_ops.h"

#include <string.h>

enum { MAX_WINDOW = 4096, MAX_FILTERS = 1 << 16 };

/* Window, strides, padding, bias, groups and dilation. */
static int read_conv(struct mnq_knet *k, const struct mnq_klayer *l, struct mnq_conv *c, struct mnq_apart *a)
{
    const struct mnq_ynode *v = mnq_kf_get(l, "kernel_size", NULL);
    *c = (struct mnq_conv){.sh = 1, .sw = 1};
    *a = (struct mnq_apart){1, 1, 1};
    if (mnq_kf_data_format(k, l) != 0 || mnq_kf_padding(k, l, &c->padding) != 0) return -1;
    if (v != NULL) {
        if (mnq_kv_pair(v, 1, MAX_WINDOW, &c->kh, &c->kw, k->e) != 0) return -1;
    } else if (mnq_kf_int(k, l, "kernel_size", "nb_row", 1, MAX_WINDOW, 0, &c->kh) != 0 ||
               mnq_kf_int(k, l, "kernel_size", "nb_col", 1, MAX_WINDOW, 0, &c->kw) != 0) {
        return -1;
    }
    v = mnq_kf_get(l, "strides", "subsample");
    if (v != NULL && mnq_kv_pair(v, 1, MAX_WINDOW, &c->sh, &c->sw, k->e) != 0) return -1;
    v = mnq_kf_get(l, "dilation_rate", "atrous_rate");
    if (v != NULL && mnq_kv_pair(v, 1, MAX_WINDOW, &a->dh, &a->dw, k->e) != 0) return -1;
    if (mnq_kf_int(k, l, "groups", NULL, 1, MAX_FILTERS, 1, &a->groups) != 0) return -1;
    return mnq_kf_bool(k, l, "use_bias", "bias", true, &c->bias);
}

int mnq_kl_conv(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    struct mnq_conv c;
    struct mnq_apart a;
    if (read_conv(k, l, &c, &a) != 0 || mnq_kf_int(k, l, "filters", "nb_filter", 1, MAX_FILTERS, 0, &c.filters) != 0)
        return -1;
    struct mnq_shape s = k->b.g->node[in[0]].out;
    if (s.c % a.groups != 0 || c.filters % a.groups != 0)
        return mnq_knet_fail(k, l, "%d groups do not divide %d channels and %d filters", a.groups, s.c, c.filters);
    int i = mnq_build_conv_apart(&k->b, l->name, in[0], c, a, k->e);
    return i < 0 ? -1 : mnq_knet_own_activation(k, l, i);
}

/* Along a sequence, which is held as one row of pixels. */
int mnq_kl_conv1d(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    struct mnq_conv c;
    struct mnq_apart a;
    const char *padding;
    if (mnq_kf_text(k, l, "padding", NULL, "valid", &padding) != 0) return -1;
    if (strcmp(padding, "causal") == 0) return mnq_knet_fail(k, l, "padding is causal, same and valid are supported");
    if (read_conv(k, l, &c, &a) != 0 || mnq_kf_int(k, l, "filters", NULL, 1, MAX_FILTERS, 0, &c.filters) != 0) return -1;
    if (k->b.g->node[in[0]].out.h != 1) return mnq_knet_fail(k, l, "reads a map, a sequence is wanted");
    if (a.groups != 1) return mnq_knet_fail(k, l, "groups is %d, 1 is supported here", a.groups);
    c.kh = c.sh = a.dh = 1;
    int i = mnq_build_conv_apart(&k->b, l->name, in[0], c, a, k->e);
    if (i < 0) return -1;
    struct mnq_slot_var *kernel = &k->b.slot[k->b.n_slot - 1].var[0];
    kernel->rank = 3; /* as Keras has it: window, channels, filters */
    for (int d = 0; d < 3; d++) kernel->dim[d] = kernel->dim[d + 1];
    if ((i = mnq_knet_own_activation(k, l, i)) >= 0) k->sequence[i] = true;
    return k->knows = i;
}

int mnq_kl_depthwise(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    struct mnq_conv c;
    struct mnq_apart a;
    if (read_conv(k, l, &c, &a) != 0 || mnq_kf_int(k, l, "depth_multiplier", NULL, 1, MAX_FILTERS, 1, &c.filters) != 0)
        return -1;
    if (a.groups != 1) return mnq_knet_fail(k, l, "groups is %d, only 1 is possible here", a.groups);
    int i = mnq_build_dwconv_apart(&k->b, l->name, in[0], c, a, k->e);
    return i < 0 ? -1 : mnq_knet_own_activation(k, l, i);
}

int mnq_kl_separable(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    struct mnq_conv c;
    struct mnq_apart a;
    int mult;
    if (read_conv(k, l, &c, &a) != 0 || mnq_kf_int(k, l, "filters", "nb_filter", 1, MAX_FILTERS, 0, &c.filters) != 0 ||
        mnq_kf_int(k, l, "depth_multiplier", NULL, 1, MAX_FILTERS, 1, &mult) != 0)
        return -1;
    if (a.groups != 1) return mnq_knet_fail(k, l, "groups is %d, only 1 is possible here", a.groups);
    int i = mnq_build_separable_apart(&k->b, l->name, in[0], c, mult, a, k->e);
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
    if (mnq_knet_turned(k, in[0]))
        return mnq_knet_fail(k, l, "works on the columns of a channels_first model, which is not supported");
    int i = mnq_build_dense(&k->b, l->name, in[0], units, bias, k->e);
    return i < 0 ? -1 : mnq_knet_own_activation(k, l, i);
}

int mnq_kl_transposed(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    struct mnq_conv c;
    struct mnq_apart a;
    const struct mnq_ynode *v = mnq_kf_get(l, "output_padding", NULL);
    if (read_conv(k, l, &c, &a) != 0 || mnq_kf_int(k, l, "filters", "nb_filter", 1, MAX_FILTERS, 0, &c.filters) != 0)
        return -1;
    int more[2] = {0, 0};
    if (v != NULL && mnq_kv_pair(v, 0, MAX_FILTERS, &more[0], &more[1], k->e) != 0) return -1;
    if (v != NULL && (more[0] >= c.sh || more[1] >= c.sw))
        return mnq_knet_fail(k, l, "output_padding is %d x %d, less than the strides of %d x %d is wanted", more[0], more[1],
                             c.sh, c.sw);
    if (a.dh > 1 || a.dw > 1 || a.groups > 1) return mnq_knet_fail(k, l, "dilation and groups are not supported here");
    int i = mnq_build_tconv(&k->b, l->name, in[0], c, v != NULL ? more : NULL, k->e);
    return i < 0 ? -1 : mnq_knet_own_activation(k, l, i);
}
