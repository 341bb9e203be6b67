/* SPDX-License-Identifier: Apache-2.0
 * The kernel table: what a port to a new core may replace. A kernel computes a band of rows of one layer's output. */
#ifndef MNQ_KERNELS_H
#define MNQ_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum mnq_layer_op {
    MNQ_L_CONV = 1,
    MNQ_L_DWCONV,
    MNQ_L_PW,
    MNQ_L_AVGPOOL,
    MNQ_L_ADD,
    MNQ_L_MUL,
    MNQ_L_SOFTMAX,
    MNQ_L_LOGISTIC,
    MNQ_L_MAXPOOL,
    MNQ_L_SELECT, /* channels of one tensor or two */
    MNQ_L_UPSAMPLE,
    MNQ_L_SPREAD, /* channels of a pixel become the pixels of a block */
    /* Never in a file: global average pooling as its input arrives. y and n of the band are rows of the *input*, whose sums
     * int32[C] are kept in scratch from one band to the next; row 0 starts them, the last row writes the output. */
    MNQ_L_AVGPOOL_SUM = 0x80
};
enum mnq_layer_wtype {
    MNQ_W_NONE = 0,
    MNQ_W_S8 = 1,
    MNQ_W_S16 = 2,
    MNQ_W_S4 = 3,     /* PW: two to a byte */
    MNQ_W_SPARSE = 4, /* PW: int8, bitmap and non-zeros */
    MNQ_W_BINARY = 5, /* PW: sum of 1..4 bases of signs */
    MNQ_W_XNOR = 6,   /* PW: signs, and the activations' signs around a threshold */
    MNQ_W_MAP = 7,    /* SELECT: which channel each output channel is */
    MNQ_W_SPARSE4 = 8, /* PW: as SPARSE, the non-zeros two to a byte */
    MNQ_W_TERNARY = 9  /* PW: -1, 0 and 1, five to a byte */
};
enum { MNQ_XNOR_MAX = 1024 }; /* input channels of an XNOR layer */
enum mnq_layer_act { MNQ_A_CLAMP = 0, MNQ_A_HSWISH = 1, MNQ_A_HSIGMOID = 2, MNQ_A_PRELU = 3, MNQ_A_TABLE = 4 };

/** NUMERICS.md sections 2 and 3: from accumulator to output. Arrays have one entry per output channel. */
struct mnq_requant_params {
    const int32_t *bias;
    const int32_t *mult;  /* 0 .. 2^31 - 1 */
    const int8_t *shift;  /* -30 .. 31 */
    const int32_t *mult2; /* not CLAMP; PRELU: may be negative */
    const int8_t *shift2;
    const int16_t *table; /* TABLE: 257 knots */
    int32_t zp, lo, hi;   /* output zero point and clamp */
    uint8_t act, frac;    /* enum mnq_layer_act; F, 0..12 */
    uint8_t out16;        /* 1: the output is int16 */
};

/**
 * A validated layer, decoded. Kernels may rely on everything FORMAT.md demands. Nothing in it changes from call to call: it
 * may lie in flash.
 */
struct mnq_layer {
    uint8_t op, wtype;
    uint8_t in_flip;     /* 0x80: input bytes are U8, q = (int8_t)(byte ^ 0x80); else 0 */
    uint8_t in16, in16b; /* 1: input 0, input 1 is S16; a port may hand such layers to the generic kernel */
    uint8_t kh, kw, sh, sw, pt, pl;
    uint8_t point1;  /* ADD, MUL: 1: input 1 is one pixel, which every pixel of input 0 meets */
    uint8_t counted; /* AVGPOOL: 1: windows reach over the border, and what lies inside counts */
    uint8_t kernel;  /* of an exported library: which of its kernels */
    uint16_t mult;   /* DWCONV: depth multiplier; CONV: groups, 0: one; UPSAMPLE: 1: bilinear; SPARSE, SPARSE4: block
                        length; BINARY: bases */
    int32_t h, w, c; /* input 0 */
    int32_t c1;      /* channels of input 1: for ADD and MUL c or 1; 0 if there is none */
    int32_t oh, ow, oc;  /* output */
    int32_t zp0, zp1;    /* zero points of the inputs */
    const void *weights; /* layout in NUMERICS.md section 4 and, compressed, in FORMAT.md */
    const void *packed;  /* what the table's packing made of the layer, 16-byte aligned; NULL: nothing */
    const int8_t *pad;   /* value of padding, per input channel */
    struct mnq_requant_params q;
};

/**
 * Rows of an input: a whole tensor, or a ring in which the oldest rows make way for new ones. What a band reads has at most
 * one break: rows first .. wrap - 1 follow one another from `at` on, rows from `wrap` on from `again` on.
 */
struct mnq_view {
    const void *at, *again;
    int32_t first, wrap; /* a whole tensor: 0 and INT32_MAX */
    size_t row;          /* bytes of a row, pixels and rows without gaps */
};

/** Row r of a view; r one of the rows that the band reads, inside the tensor. */
static inline const void *mnq_view_row(const struct mnq_view *v, int32_t r)
{
    const uint8_t *const p = (const uint8_t *)(r < v->wrap ? v->at : v->again);
    return p + (size_t)(r - (r < v->wrap ? v->first : v->wrap)) * v->row;
}

/**
 * Rows y .. y + n - 1 of a layer's output, n > 0, and what they are made of.
 * out      row y; the other rows follow without a gap
 * in0      the rows that the window of these rows reaches. Layers that read row y for row y (PW, ADD, MUL and all others
 *          whose kernel and stride are 1) find row y at in0.at, and the n rows follow without a gap or a break
 * in1      ADD, MUL and SELECT: likewise, rows y .. y + n - 1 at in1.at; with point1 the only pixel
 * scratch  for the kernel alone, undefined before and after, 16-byte aligned; at least what the table's scratch_bytes() says
 */
struct mnq_band {
    int32_t y, n;
    void *out;
    struct mnq_view in0, in1;
    void *scratch;
    size_t scratch_bytes;
};

/**
 * One operator on one band. Output, inputs and scratch do not overlap; tensors, and rings, are 16-byte aligned at their
 * start, rows inside them to nothing. Reads and writes exactly the bytes of the rows named, and scratch. Cannot fail.
 */
typedef void mnq_kernel(const struct mnq_layer *l, const struct mnq_band *b);

/**
 * Weights (and what else of a layer a kernel likes) in another order: made once, read by every call. Plain C without the
 * instruction set of the kernels, so that a PC packs for a microcontroller. What it makes depends on the layer alone, is the
 * same on every host, and holds no address.
 */
struct mnq_packing {
    size_t (*bytes)(const struct mnq_layer *l);         /* 0: the layer is used as it is */
    void (*pack)(const struct mnq_layer *l, void *mem); /* mem: bytes(l) bytes, 16-byte aligned; all of them are written */
};

/** A kernel table. */
struct mnq_kernels {
    const char *name;
    /**
     * The kernel for a layer, chosen once; never NULL. `l->packed` says whether the layer was packed: if it was not, the
     * kernel works on l->weights. What a port has no kernel for it leaves to mnq_kernels_generic.find().
     */
    mnq_kernel *(*find)(const struct mnq_layer *l);
    size_t (*scratch_bytes)(const struct mnq_layer *l); /* what its kernel must be given; NULL: none needs any */
    const struct mnq_packing *packing;                  /* NULL: nothing is packed */
    const struct mnq_kernels
        *others; /* for layers that are not mnq_layer_plain(); NULL: this table has them, or none comes */
};

/** The definition: plain C, NUMERICS.md line by line. */
extern const struct mnq_kernels mnq_kernels_generic;

/**
 * Whether a layer is one of those that ports have kernels for: nothing of FORMAT.md's minor version 3. The others run on
 * the table that `others` names, the generic one, and are not packed.
 */
static inline int mnq_layer_plain(const struct mnq_layer *l)
{
    if (l->q.act > MNQ_A_HSIGMOID || l->counted || (l->op == MNQ_L_CONV && l->mult > 1)) return 0;
    if (l->op == MNQ_L_ADD) return l->c1 == l->c && !l->point1;
    if (l->op == MNQ_L_MUL) return l->c1 == l->c && (l->point1 || (l->h == 1 && l->w == 1));
    if (l->op == MNQ_L_SOFTMAX || l->op == MNQ_L_LOGISTIC) return l->h == 1 && l->w == 1;
    return l->op <= MNQ_L_LOGISTIC || l->op == MNQ_L_AVGPOOL_SUM;
}

/** The kernel of a table for a layer. */
static inline mnq_kernel *mnq_kernel_for(const struct mnq_kernels *k, const struct mnq_layer *l)
{
    return (k->others == NULL || mnq_layer_plain(l) ? k : k->others)->find(l);
}

/** Bytes of the layer packed for a table; 0: it is not packed. */
static inline size_t mnq_packed_bytes(const struct mnq_kernels *k, const struct mnq_layer *l)
{
    return k->packing != NULL && mnq_layer_plain(l) ? k->packing->bytes(l) : 0;
}

/** Scratch that the layer's kernel must be given. */
static inline size_t mnq_scratch_bytes(const struct mnq_kernels *k, const struct mnq_layer *l)
{
    if (k->others != NULL && !mnq_layer_plain(l)) k = k->others;
    return k->scratch_bytes != NULL ? k->scratch_bytes(l) : 0;
}

/** A layer's whole output at once, from whole inputs; in1 NULL if there is none. No scratch. */
static inline struct mnq_band mnq_band_whole(const struct mnq_layer *l, void *out, const void *in0, const void *in1)
{
    struct mnq_band b;

    b.y = 0;
    b.n = l->oh;
    b.out = out;
    b.in0.at = b.in0.again = in0;
    b.in1.at = b.in1.again = in1;
    b.in0.first = b.in1.first = 0;
    b.in0.wrap = b.in1.wrap = INT32_MAX;
    b.in0.row = (size_t)l->w * (size_t)l->c << l->in16;
    b.in1.row = (size_t)(l->point1 ? 1 : l->w) * (size_t)l->c1 << l->in16b;
    b.scratch = NULL;
    b.scratch_bytes = 0;
    return b;
}

#ifdef __cplusplus
}
#endif
#endif
