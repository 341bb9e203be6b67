/* SPDX-License-Identifier: Apache-2.0
 * Architecture files. */
#include "import/arch_given.h"
#include "util/file.h"
#include "util/ydoc.h"

#include <string.h>

/* Copies a boolean key if it is there. */
static int read_flag(const struct mnq_ynode *map, const char *key, bool *out, bool *given, struct mnq_err *e)
{
    const struct mnq_ynode *v = mnq_y_get(map, key);
    if (given != NULL) *given = v != NULL;
    return v == NULL ? 0 : mnq_y_bool(v, out, e);
}

/* Index of a word if the key is there. */
static int read_word(const struct mnq_ynode *map, const char *key, const char *const *word, int n, int *out,
                     struct mnq_err *e)
{
    const struct mnq_ynode *v = mnq_y_get(map, key);
    return v == NULL ? 0 : mnq_y_choice(v, word, n, out, e);
}

static int read_numbers(const struct mnq_ynode *map, struct mnq_arch_given *a, struct mnq_err *e)
{
    const struct mnq_ynode *width = mnq_y_get(map, "width"), *resolution = mnq_y_get(map, "resolution"),
                           *classes = mnq_y_get(map, "classes"), *eps = mnq_y_get(map, "epsilon");
    a->width = width != NULL;
    a->resolution = resolution != NULL;
    a->classes = classes != NULL;
    if (width != NULL && mnq_y_double(width, 0.05, 4, &a->arch.width, e) != 0) return -1;
    if (resolution != NULL && mnq_y_int(resolution, 8, 4096, &a->arch.resolution, e) != 0) return -1;
    if (classes != NULL && mnq_y_int(classes, 1, 1 << 16, &a->arch.classes, e) != 0) return -1;
    return eps == NULL ? 0 : mnq_y_double(eps, 0, 1, &a->arch.eps, e);
}

static int read_words(const struct mnq_ynode *map, struct mnq_arch_given *a, struct mnq_err *e)
{
    static const char *const padding[] = {"same", "symmetric"}, *const activation[] = {"relu6", "relu", "hard_swish"},
                             *const head[] = {"keras", "dense", "conv", "none", "conv2"},
                             *const final[] = {"softmax", "logits", "sigmoid"},
                             *const preprocess[] = {"tf", "torch", "caffe", "unit", "none"};
    static const enum mnq_act act[] = {MNQ_ACT_NONE, MNQ_ACT_RELU, MNQ_ACT_HSWISH};
    int p = 0, c = 0, h = 0, f = 0, pre = 0;
    if (read_word(map, "padding", padding, 2, &p, e) != 0 || read_word(map, "activation", activation, 3, &c, e) != 0 ||
        read_word(map, "head", head, 5, &h, e) != 0 || read_word(map, "output", final, 3, &f, e) != 0 ||
        read_word(map, "preprocess", preprocess, 5, &pre, e) != 0)
        return -1;
    a->head = mnq_y_get(map, "head") != NULL;
    a->output = mnq_y_get(map, "output") != NULL;
    a->arch.symmetric = p == 1;
    a->arch.act = act[c];
    a->arch.head = (enum mnq_head)h;
    a->arch.final = (enum mnq_final)f;
    a->arch.preprocess_stated = mnq_y_get(map, "preprocess") != NULL;
    if (a->arch.preprocess_stated) a->arch.preprocess = preprocess[pre];
    if (mnq_y_get(map, "activation") != NULL && a->arch.family > MNQ_FAMILY_V2)
        return mnq_y_fail(mnq_y_get(map, "activation"), e, "only V1 and V2 have a choice of activations");
    if (p == 1 && (a->arch.family == MNQ_FAMILY_NASNET || a->arch.family == MNQ_FAMILY_XCEPTION))
        return mnq_y_fail(mnq_y_get(map, "padding"), e, "only the MobileNets and EfficientNets have this choice");
    if (h == MNQ_HEAD_CONV && !mnq_arch_has_width(a->arch.family))
        return mnq_y_fail(mnq_y_get(map, "head"), e, "only V1, V2 and V3 have a head of 1x1 convolutions");
    if (h == MNQ_HEAD_CONV2 && !mnq_arch_is_v3(a->arch.family))
        return mnq_y_fail(mnq_y_get(map, "head"), e, "only V3 has a Conv_2");
    return 0;
}

int mnq_arch_read(const char *path, struct mnq_arch_given *a, struct mnq_arena *arena, struct mnq_err *e)
{
    static const char *const key[] = {"family", "minimalistic", "width", "resolution", "classes", "padding",    "activation",
                                      "head",   "output",       "bias",  "pool_last",  "epsilon", "preprocess", "rescaling"};
    const char *family[MNQ_FAMILIES];
    uint8_t *text;
    size_t n;
    int f = 0;
    for (int i = 0; i < MNQ_FAMILIES; i++) family[i] = mnq_arch_family_name((enum mnq_family)i);
    memset(a, 0, sizeof *a);
    if (mnq_file_read(path, 1 << 20, arena, &text, &n, e) != 0) return -1;
    const struct mnq_ynode *map = mnq_ydoc_parse(path, MNQ_EXIT_USAGE, (const char *)text, n, arena, e);
    if (map == NULL || mnq_y_only(map, key, (int)(sizeof key / sizeof *key), e) != 0) return -1;
    if (mnq_y_get(map, "family") == NULL)
        return mnq_y_fail(
            map, e,
            "family is missing: v1, v2, v3-small, v3-large, nasnet-mobile, xception, efficientnet-b0 or efficientnet-lite0");
    if (read_word(map, "family", family, MNQ_FAMILIES, &f, e) != 0) return -1;
    a->arch = mnq_arch_default((enum mnq_family)f);
    a->family = true;
    if (read_flag(map, "minimalistic", &a->arch.minimalistic, &a->minimalistic, e) != 0 ||
        read_flag(map, "bias", &a->arch.bias, &a->bias, e) != 0 ||
        read_flag(map, "pool_last", &a->arch.pool_last, NULL, e) != 0)
        return -1;
    const struct mnq_ynode *rescaling = mnq_y_get(map, "rescaling");
    bool scales = !a->arch.bare;
    if (rescaling != NULL && mnq_y_bool(rescaling, &scales, e) != 0) return -1;
    if (rescaling != NULL && f != MNQ_FAMILY_EFFICIENTNET_B0)
        return mnq_y_fail(rescaling, e, "only efficientnet-b0 has layers that scale pixels");
    if (rescaling != NULL && !scales) a->arch.preprocess = "torch";
    a->arch.bare = !scales;
    if (mnq_y_get(map, "width") != NULL && !mnq_arch_has_width(a->arch.family))
        return mnq_y_fail(mnq_y_get(map, "width"), e, "only V1, V2 and V3 come in widths");
    if (a->arch.minimalistic && !mnq_arch_is_v3(a->arch.family))
        return mnq_y_fail(mnq_y_get(map, "minimalistic"), e, "only V3 has this form");
    return read_numbers(map, a, e) != 0 || read_words(map, a, e) != 0 ? -1 : 0;
}
