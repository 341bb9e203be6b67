/* SPDX-License-Identifier: Apache-2.0
 * Keras' pooling layers: average and maximum, by windows and of whole planes. */
#include "import/keras_pool.h"
#include "import/keras_values.h"
#include "import/netbuild_ops.h"

enum { MAX_WINDOW = 4096 };

static int pooling(struct mnq_knet *k, const struct mnq_klayer *l, enum mnq_op op, int in)
{
    const struct mnq_ynode *v = mnq_kf_get(l, "pool_size", NULL);
    struct mnq_conv c = {.kh = 2, .kw = 2};
    if (mnq_kf_data_format(k, l) != 0 || mnq_kf_padding(k, l, &c.padding) != 0) return -1;
    if (v != NULL && mnq_kv_pair(v, 1, MAX_WINDOW, &c.kh, &c.kw, k->e) != 0) return -1;
    c.sh = c.kh;
    c.sw = c.kw;
    v = mnq_kf_get(l, "strides", NULL);
    if (v != NULL && mnq_kv_pair(v, 1, MAX_WINDOW, &c.sh, &c.sw, k->e) != 0) return -1;
    return mnq_build_pool(&k->b, op, l->name, in, c, k->e);
}

/* Along a sequence, which is held as one row of pixels. */
static int pooling1d(struct mnq_knet *k, const struct mnq_klayer *l, enum mnq_op op, int in)
{
    struct mnq_conv c = {.kh = 1, .sh = 1};
    int other;
    const struct mnq_ynode *v = mnq_kf_get(l, "pool_size", "pool_length"), *s = mnq_kf_get(l, "strides", "stride");
    if (mnq_kf_data_format(k, l) != 0 || mnq_kf_padding(k, l, &c.padding) != 0) return -1;
    if (k->b.g->node[in].out.h != 1) return mnq_knet_fail(k, l, "reads a map, a sequence is wanted");
    c.kw = 2;
    if (v != NULL && mnq_kv_pair(v, 1, MAX_WINDOW, &other, &c.kw, k->e) != 0) return -1;
    c.sw = c.kw;
    if (s != NULL && mnq_kv_pair(s, 1, MAX_WINDOW, &other, &c.sw, k->e) != 0) return -1;
    int i = mnq_build_pool(&k->b, op, l->name, in, c, k->e);
    if (i >= 0) k->sequence[i] = true;
    return k->knows = i;
}

int mnq_kl_average_pooling1d(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    return pooling1d(k, l, MNQ_OP_AVGPOOL, in[0]);
}

int mnq_kl_max_pooling1d(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    return pooling1d(k, l, MNQ_OP_MAXPOOL, in[0]);
}

/* With or without keepdims: 1 x 1 x C. */
static int global(struct mnq_knet *k, const struct mnq_klayer *l, enum mnq_op op, int in)
{
    if (mnq_kf_data_format(k, l) != 0) return -1;
    return mnq_build_pool(&k->b, op, l->name, in, (struct mnq_conv){0}, k->e);
}

int mnq_kl_average_pooling(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    return pooling(k, l, MNQ_OP_AVGPOOL, in[0]);
}

int mnq_kl_global_pooling(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    return global(k, l, MNQ_OP_AVGPOOL, in[0]);
}

int mnq_kl_max_pooling(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    return pooling(k, l, MNQ_OP_MAXPOOL, in[0]);
}

int mnq_kl_global_max_pooling(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    return global(k, l, MNQ_OP_MAXPOOL, in[0]);
}
