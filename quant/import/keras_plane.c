/* SPDX-License-Identifier: Apache-2.0
 * Keras' layers that change the size of planes: UpSampling2D, Cropping2D. */
#include "import/keras_plane.h"
#include "import/keras_values.h"
#include "import/netbuild_ops.h"

#include <string.h>

enum { MAX_FACTOR = 64, MAX_CROP = 4096 };

int mnq_kl_upsampling(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    const struct mnq_ynode *v = mnq_kf_get(l, "size", NULL);
    const char *how;
    int kh = 2, kw = 2;
    if (mnq_kf_data_format(k, l) != 0 || mnq_kf_text(k, l, "interpolation", NULL, "nearest", &how) != 0) return -1;
    if (v != NULL && mnq_kv_pair(v, 1, MAX_FACTOR, &kh, &kw, k->e) != 0) return -1;
    bool bilinear = strcmp(how, "bilinear") == 0;
    if (!bilinear && strcmp(how, "nearest") != 0)
        return mnq_knet_fail(k, l, "interpolation is %.40s, only nearest and bilinear are supported", how);
    return mnq_build_upsample(&k->b, l->name, in[0], kh, kw, bilinear, k->e);
}

int mnq_kl_cropping(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    const struct mnq_ynode *v = mnq_kf_get(l, "cropping", NULL);
    int t = 0, b = 0, left = 0, right = 0;
    if (mnq_kf_data_format(k, l) != 0) return -1;
    if (v != NULL && v->kind == MNQ_Y_SEQ && v->n == 2 && v->first->kind == MNQ_Y_SEQ) {
        if (mnq_kv_pair(v->first, 0, MAX_CROP, &t, &b, k->e) != 0 ||
            mnq_kv_pair(v->first->next, 0, MAX_CROP, &left, &right, k->e) != 0)
            return -1;
    } else if (v != NULL) {
        if (mnq_kv_pair(v, 0, MAX_CROP, &t, &left, k->e) != 0) return -1;
        b = t;
        right = left;
    }
    return mnq_build_crop(&k->b, l->name, in[0], t, b, left, right, k->e);
}
