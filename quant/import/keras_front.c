/* SPDX-License-Identifier: Apache-2.0
 * Keras' preprocessing layers: what stands between a picture and the network.
 *
 * Layers that bring pictures to a size are no operators here: pictures are resized when they are read. So a network that
 * begins with such a layer is one of the size that the layer makes. */
#include "import/keras_front.h"
#include "import/keras_values.h"
#include "import/netbuild_ops.h"

#include <stdio.h>
#include <string.h>

enum { MAX_SIZE = 1 << 14, MAX_CHANNELS = 4096 };

/* ---- Normalization ---- */

/* Its axis: -1 for the channels, 0 for none (one mean for all), others are refused. */
static int normalization_axis(struct mnq_knet *k, const struct mnq_klayer *l, int *axis)
{
    const struct mnq_ynode *v = mnq_y_get(l->config, "axis");
    *axis = -1;
    if (v == NULL) return 0;
    const struct mnq_ynode *plain = mnq_kv_plain(v);
    if (mnq_y_null(plain) || (plain->kind == MNQ_Y_SEQ && plain->n == 0)) {
        *axis = 0;
        return 0;
    }
    if (plain->kind == MNQ_Y_SEQ && plain->n > 1)
        return mnq_knet_fail(k, l, "normalizes over %d axes, only the channels are supported", plain->n);
    if (mnq_kv_int(v, -4, 4, axis, k->e) != 0) return -1;
    if (*axis != -1 && *axis != 3)
        return mnq_knet_fail(k, l, "axis is %d, only the channels (-1 or 3) are supported", *axis);
    *axis = -1;
    return 0;
}

int mnq_kl_normalization(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    float mean[MAX_CHANNELS], variance[MAX_CHANNELS], scale[MAX_CHANNELS], offset[MAX_CHANNELS];
    int axis, c = k->b.g->node[in[0]].out.c;
    bool invert, stated = mnq_kf_get(l, "mean", NULL) != NULL && mnq_kf_get(l, "variance", NULL) != NULL;
    if (mnq_knet_turned(k, in[0]) && c > 1)
        return mnq_knet_fail(
            k, l, "normalizes in a channels_first model, which is not supported; scale the pixels in front of it");
    if (normalization_axis(k, l, &axis) != 0 || mnq_kf_bool(k, l, "invert", NULL, false, &invert) != 0) return -1;
    if (!stated) return mnq_build_normalization(&k->b, l->name, in[0], axis == 0 ? 1 : c, invert, k->e);
    int n = mnq_kf_numbers(k, l, "mean", 0, mean, MAX_CHANNELS),
        m = mnq_kf_numbers(k, l, "variance", 1, variance, MAX_CHANNELS);
    if (n < 0 || m < 0) return -1;
    if ((n != 1 && n != c) || (m != 1 && m != c))
        return mnq_knet_fail(k, l, "%d means and %d variances for %d channels", n, m, c);
    if (c > MAX_CHANNELS) return mnq_knet_fail(k, l, "more than %d channels", (int)MAX_CHANNELS);
    for (int i = 0; i < c; i++) {
        double mu = (double)mean[n == 1 ? 0 : i], deviation = mnq_build_deviation((double)variance[m == 1 ? 0 : i]);
        scale[i] = (float)(invert ? deviation : 1.0 / deviation);
        offset[i] = (float)(invert ? mu : -mu / deviation);
    }
    return mnq_build_affine(&k->b, l->name, in[0], scale, offset, c, k->e);
}

/* ---- sizes ---- */

/* True if node i is the input, or reads it through nodes that treat pixels one by one and that nothing else reads. */
static bool at_front(const struct mnq_graph *g, int i)
{
    int chain = 0;
    for (int at = i; at >= 0; chain++) {
        const struct mnq_node *nd = &g->node[at];
        if (nd->op == MNQ_OP_INPUT) return chain + 1 == g->n; /* nothing has been built beside it */
        bool same = nd->out.h == g->node[nd->in[0]].out.h && nd->out.w == g->node[nd->in[0]].out.w;
        bool pixelwise = nd->op == MNQ_OP_AFFINE || nd->op == MNQ_OP_BATCHNORM || nd->op == MNQ_OP_RESHAPE ||
                         (nd->op == MNQ_OP_CONV && nd->kh == 1 && nd->kw == 1);
        if (!same || !pixelwise) return false;
        at = nd->in[0];
    }
    return false;
}

bool mnq_knet_at_front(const struct mnq_knet *k, int in)
{
    return at_front(k->b.g, in);
}

int mnq_knet_resize_front(struct mnq_knet *k, const struct mnq_klayer *l, int in, int h, int w, const char *how)
{
    struct mnq_graph *g = k->b.g;
    struct mnq_shape s = g->node[in].out;
    if (s.h == h && s.w == w) return in;
    if (!at_front(g, in))
        return mnq_knet_fail(k, l,
                             "resizes a tensor of %d x %d to %d x %d inside the network; at its front only, where pictures "
                             "are resized when they are read",
                             s.h, s.w, h, w);
    if (k->resolution > 0)
        return mnq_knet_fail(k, l, "makes pictures %d x %d itself; --resolution %d cannot be", h, w, k->resolution);
    g->size_open = false;
    for (int i = 0; i < g->n; i++) {
        g->node[i].out.h = h;
        g->node[i].out.w = w;
    }
    if (mnq_graph_note(g, "%s '%.100s' stands at the front: the network's input is %d x %d, and %s", l->class_name, l->name,
                       h, w, how) != 0)
        return mnq_fail_nomem(k->e);
    return in;
}

static int read_size(struct mnq_knet *k, const struct mnq_klayer *l, int *h, int *w)
{
    if (mnq_kf_data_format(k, l) != 0) return -1;
    return mnq_kf_int(k, l, "height", "target_height", 1, MAX_SIZE, 0, h) != 0 ||
                   mnq_kf_int(k, l, "width", "target_width", 1, MAX_SIZE, 0, w) != 0
               ? -1
               : 0;
}

/* A layer that changes nothing any more still stands in the graph, so that layers map one to one. */
static int stand(struct mnq_knet *k, const struct mnq_klayer *l, int in)
{
    return in < 0 ? -1 : mnq_build_reshape(&k->b, l->name, in, k->b.g->node[in].out, k->e);
}

/* What reads pictures resizes them as the layer did, or says that it cannot. */
static int set_filter(struct mnq_graph *g, const char *filter, bool antialias)
{
    static const struct {
        const char *name;
        bool antialias, alike;
        enum mnq_filter filter;
    } one[] = {{"bilinear", false, true, MNQ_FILTER_TF},     {"bilinear", true, true, MNQ_FILTER_PIL},
               {"nearest", false, true, MNQ_FILTER_NEAREST}, {"nearest", true, true, MNQ_FILTER_NEAREST},
               {"bicubic", true, true, MNQ_FILTER_BICUBIC},  {"bicubic", false, false, MNQ_FILTER_BICUBIC}};
    g->resize_filter = MNQ_FILTER_PIL;
    g->resize_other = mnq_arena_strdup(g->arena, filter);
    if (g->resize_other == NULL) return -1;
    for (size_t i = 0; i < sizeof one / sizeof *one; i++)
        if (strcmp(one[i].name, filter) == 0 && one[i].antialias == antialias) {
            g->resize_filter = one[i].filter;
            if (one[i].alike) g->resize_other = NULL;
        }
    return 0;
}

int mnq_kl_resizing(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    int h, w;
    bool crop, pad, antialias;
    const char *filter;
    if (read_size(k, l, &h, &w) != 0 || mnq_kf_bool(k, l, "crop_to_aspect_ratio", NULL, false, &crop) != 0 ||
        mnq_kf_bool(k, l, "pad_to_aspect_ratio", NULL, false, &pad) != 0 ||
        mnq_kf_bool(k, l, "antialias", NULL, false, &antialias) != 0 ||
        mnq_kf_text(k, l, "interpolation", NULL, "bilinear", &filter) != 0)
        return -1;
    if (pad)
        return mnq_knet_fail(k, l,
                             "pads pictures to their aspect ratio, which is not supported; cut the layer off and pad "
                             "the pictures");
    struct mnq_shape s = k->b.g->node[in[0]].out;
    bool bilinear = strcmp(filter, "bilinear") == 0, whole = h % s.h == 0 && w % s.w == 0 && (h > s.h || w > s.w);
    if (whole && (bilinear || strcmp(filter, "nearest") == 0) && !at_front(k->b.g, in[0])) /* a decoder's */
        return mnq_build_upsample(&k->b, l->name, in[0], h / s.h, w / s.w, bilinear, k->e);
    char how[200];
    snprintf(how, sizeof how, "pictures are brought there when they are read (in the layer: %.30s%s)", filter,
             crop ? ", cropped to the aspect ratio: --resize crop" : "");
    int i = stand(k, l, mnq_knet_resize_front(k, l, in[0], h, w, how));
    if (set_filter(k->b.g, filter, antialias) != 0) return mnq_fail_nomem(k->e);
    k->b.g->resize_crop = crop;
    return i;
}

int mnq_kl_center_crop(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    int h, w;
    if (read_size(k, l, &h, &w) != 0) return -1;
    struct mnq_shape s = k->b.g->node[in[0]].out;
    if (!k->open_input && s.h >= h && s.w >= w) {
        int top = (s.h - h) / 2, left = (s.w - w) / 2;
        return mnq_build_crop(&k->b, l->name, in[0], top, s.h - h - top, left, s.w - w - left, k->e);
    }
    k->b.g->resize_crop = true;
    return stand(k, l,
                 mnq_knet_resize_front(k, l, in[0], h, w, "the centre is cut out when pictures are read (--resize crop)"));
}

int mnq_kl_random_crop(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    int h, w;
    if (read_size(k, l, &h, &w) != 0) return -1;
    k->b.g->resize_crop = true;
    return stand(k, l,
                 mnq_knet_resize_front(k, l, in[0], h, w,
                                       "pictures are cropped to the aspect ratio when they are read (--resize crop)"));
}

/* ---- colours ---- */

int mnq_kl_grayscale(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    static const float rgb[] = {0.2989f, 0.5870f, 0.1140f}; /* TensorFlow's rgb_to_grayscale */
    int channels, c = k->b.g->node[in[0]].out.c;
    float w[9];
    if (mnq_kf_data_format(k, l) != 0 || mnq_kf_int(k, l, "output_channels", NULL, 1, 3, 1, &channels) != 0) return -1;
    if (c != 3 || channels == 2) return mnq_knet_fail(k, l, "makes %d channels of %d, 1 or 3 of 3 are wanted", channels, c);
    for (int i = 0; i < 3; i++)
        for (int o = 0; o < channels; o++) w[i * channels + o] = rgb[i];
    return mnq_build_mix(&k->b, l->name, in[0], channels, w, k->e);
}
