/* SPDX-License-Identifier: Apache-2.0
 * The parameters of a keras.applications network, and what the families build theirs from. */
#ifndef MNQ_ARCH_PARTS_H
#define MNQ_ARCH_PARTS_H

#include "import/netbuild.h"

#ifdef __cplusplus
extern "C" {
#endif

enum mnq_family {
    MNQ_FAMILY_V1,
    MNQ_FAMILY_V2,
    MNQ_FAMILY_V3_SMALL,
    MNQ_FAMILY_V3_LARGE,
    MNQ_FAMILY_NASNET, /* NASNet-Mobile */
    MNQ_FAMILY_XCEPTION,
    MNQ_FAMILY_EFFICIENTNET_B0,
    MNQ_FAMILY_EFFICIENTNET_LITE0,
    MNQ_FAMILIES
};

/** What follows the last convolution. */
enum mnq_head {
    MNQ_HEAD_KERAS, /* as keras.applications has it: pooling and 1x1 convolutions (V1, V3), pooling and Dense (others) */
    MNQ_HEAD_DENSE, /* pooling and one Dense layer */
    MNQ_HEAD_CONV,  /* pooling and one 1x1 convolution with bias */
    MNQ_HEAD_NONE,  /* include_top=False: a feature map */
    MNQ_HEAD_CONV2  /* V3 without top as Keras had it until 2021-10: pooling and Conv_2 */
};

enum mnq_final { MNQ_FINAL_SOFTMAX, MNQ_FINAL_LOGITS, MNQ_FINAL_SIGMOID };

/** One network. Start from mnq_arch_default(). */
struct mnq_arch {
    enum mnq_family family;
    bool minimalistic; /* V3 without squeeze-excite, h-swish and 5x5 */
    double width;      /* Keras' alpha */
    int resolution;    /* input height and width */
    int channels;      /* of the input: 3, or 1 for grey */
    int classes;
    enum mnq_head head;
    enum mnq_final final;
    bool symmetric;   /* padding of stride-2 layers as PyTorch has it, k/2 on all sides, instead of TensorFlow's */
    bool bias;        /* convolutions have a bias before BatchNormalization */
    bool bare;        /* EfficientNet without the layers that scale pixels */
    bool pool_last;   /* V3 in TF 2.4: Conv_2 before the pooling */
    enum mnq_act act; /* V1, V2: activation of the convolutions; NONE = ReLU6 */
    double eps;       /* of BatchNormalization */
    const char *preprocess;
    bool preprocess_stated; /* by the user, not by what is usual */
};

/** V3 in either size? */
bool mnq_arch_is_v3(enum mnq_family family);
/** A family that comes in any width: the MobileNets. */
bool mnq_arch_has_width(enum mnq_family family);
/** "v1", "nasnet-mobile", ... */
const char *mnq_arch_family_name(enum mnq_family family);

/** Keras' network of that family at width 1: its own resolution, 1000 classes, softmax. */
struct mnq_arch mnq_arch_default(enum mnq_family family);

/** "MobileNet V3-small minimalistic 0.75" into buf. */
const char *mnq_arch_describe(const struct mnq_arch *a, char *buf, size_t n);

/** Keras' _make_divisible / _depth: the multiple of 8 nearest to v, not below 0.9 v. */
int mnq_arch_round8(double v);
/** Padding (TensorFlow's by Keras' correct_pad, or symmetric) where stride is 2, then a valid convolution; stride 1 pads
 * same. */
int mnq_arch_padded(struct mnq_build *b, const struct mnq_arch *a, const char *pad_name, const char *name, int in,
                    bool depthwise, int k, int stride, int filters, struct mnq_err *e);
/** Gives the newest slot a further name (printf). */
int mnq_arch_alias(struct mnq_build *b, struct mnq_err *e, const char *fmt, ...);
/** Final activation: softmax, sigmoid or none. */
int mnq_arch_final(struct mnq_build *b, const struct mnq_arch *a, const char *name, int in, struct mnq_err *e);
/** Pooling, Dense, final activation. */
int mnq_arch_dense_head(struct mnq_build *b, const struct mnq_arch *a, const char *name, int in, struct mnq_err *e);
/** Pooling, 1x1 convolution with bias, final activation. */
int mnq_arch_conv_head(struct mnq_build *b, const struct mnq_arch *a, const char *name, const char *final, int in,
                       struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
