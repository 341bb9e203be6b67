/* SPDX-License-Identifier: Apache-2.0
 * The kernel table: what a port to a new core may replace, one function per operator and weight type. */
#ifndef MNQ_KERNELS_H
#define MNQ_KERNELS_H

#include <stddef.h>
#include <stdint.h>

enum mnq_layer_op {
    MNQ_L_CONV = 1,
    MNQ_L_DWCONV,
    MNQ_L_PW,
    MNQ_L_AVGPOOL,
    MNQ_L_ADD,
    MNQ_L_MUL,
    MNQ_L_SOFTMAX,
    MNQ_L_LOGISTIC
};
enum mnq_layer_wtype {
    MNQ_W_NONE = 0,
    MNQ_W_S8 = 1,
    MNQ_W_S16 = 2,
    MNQ_W_S4 = 3,     /* PW: two to a byte */
    MNQ_W_SPARSE = 4, /* PW: int8, bitmap and non-zeros */
    MNQ_W_BINARY = 5, /* PW: sum of 1..4 bases of signs */
    MNQ_W_XNOR = 6    /* PW: signs, and the activations' signs around a threshold */
};
enum { MNQ_XNOR_MAX = 1024 }; /* input channels of an XNOR layer */
enum mnq_layer_act { MNQ_A_CLAMP = 0, MNQ_A_HSWISH = 1, MNQ_A_HSIGMOID = 2 };

/** NUMERICS.md sections 2 and 3: from accumulator to output. Arrays have one entry per output channel. */
struct mnq_requant_params {
    const int32_t *bias;
    const int32_t *mult;  /* 0 .. 2^31 - 1 */
    const int8_t *shift;  /* -30 .. 31 */
    const int32_t *mult2; /* HSWISH, HSIGMOID only */
    const int8_t *shift2;
    int32_t zp, lo, hi; /* output zero point and clamp */
    uint8_t act, frac;  /* enum mnq_layer_act; F, 0..12 */
    uint8_t out16;      /* 1: the output is int16 */
};

/** A validated layer, decoded. Kernels may rely on everything FORMAT.md demands. */
struct mnq_layer {
    uint8_t op, wtype;
    uint8_t in_flip;     /* 0x80: input bytes are U8, q = (int8_t)(byte ^ 0x80); else 0 */
    uint8_t in16, in16b; /* 1: input 0, input 1 is S16; a port may hand such layers to the generic kernel */
    uint8_t kh, kw, sh, sw, pt, pl;
    uint16_t mult;       /* DWCONV: depth multiplier; SPARSE: block length; BINARY: bases */
    int32_t h, w, c;     /* input 0 */
    int32_t oh, ow, oc;  /* output */
    int32_t zp0, zp1;    /* zero points of the inputs */
    const void *weights; /* layout in NUMERICS.md section 4 and, compressed, in FORMAT.md */
    const int8_t *pad;   /* value of padding, per input channel */
    void *room;          /* memory that the kernel may use, 16-byte aligned; apart from all tensors that are needed */
    size_t room_bytes;   /* of it; often 0 */
    struct mnq_requant_params q;
};

/**
 * One operator. out, in0, in1 do not overlap; all are 16-byte aligned at the tensor's start.
 * Reads and writes exactly the tensors' bytes, and l->room. Cannot fail.
 */
typedef void mnq_kernel(const struct mnq_layer *l, void *out, const void *in0, const void *in1);

/** A kernel table. Every entry is set; a port copies generic entries for what it does not replace. */
struct mnq_kernels {
    const char *name;
    mnq_kernel *conv[2]; /* [0] S8 weights, [1] S16 weights */
    mnq_kernel *dwconv[2];
    mnq_kernel *pw[6]; /* [wtype - 1]: S8, S16, S4, SPARSE, BINARY, XNOR */
    mnq_kernel *avgpool, *add, *mul, *softmax, *logistic;
};

/** The definition: plain C, NUMERICS.md line by line. */
extern const struct mnq_kernels mnq_kernels_generic;

#endif
