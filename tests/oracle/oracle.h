/* SPDX-License-Identifier: Apache-2.0
 * The oracle: a slow second implementation of NUMERICS.md and FORMAT.md that shares no code with the runtime.
 *
 * Everything is int32 values q in plain arrays (never the stored bytes), sums are int64, and every formula is the
 * text's, not a kernel's. It believes files made by the tests; the loader of the runtime is what faces hostile ones. */
#ifndef MNQ_ORACLE_H
#define MNQ_ORACLE_H

#include <stddef.h>
#include <stdint.h>

enum mnq_oracle_op {
    ORC_CONV = 1,
    ORC_DWCONV,
    ORC_PW,
    ORC_AVGPOOL,
    ORC_ADD,
    ORC_MUL,
    ORC_SOFTMAX,
    ORC_LOGISTIC,
    ORC_MAXPOOL,
    ORC_SELECT,
    ORC_UPSAMPLE,
    ORC_SPREAD
};
enum mnq_oracle_act { ORC_CLAMP = 0, ORC_HSWISH = 1, ORC_HSIGMOID = 2, ORC_PRELU = 3, ORC_TABLE = 4 };
enum mnq_oracle_wtype {
    ORC_W_NONE = 0,
    ORC_W_S8,
    ORC_W_S16,
    ORC_W_S4,
    ORC_W_SPARSE,
    ORC_W_BINARY,
    ORC_W_XNOR,
    ORC_W_MAP,
    ORC_W_SPARSE4,
    ORC_W_TERNARY
};
enum mnq_oracle_dtype { ORC_U8 = 0, ORC_S8 = 1, ORC_S16 = 2 };

/** One layer with every array widened to 32 bits; unused arrays are NULL. */
struct mnq_oracle_layer {
    int op, wtype, act, frac;
    int kh, kw, sh, sw, pt, pl, mult; /* mult: depth multiplier of DWCONV, groups of CONV (0: one), 1 of a bilinear UPSAMPLE,
                                         block length of SPARSE and SPARSE4, bases of BINARY */
    int counted;                      /* AVGPOOL with padding */
    int h, w, c;                      /* input 0 */
    int h1, w1, c1;                   /* input 1 */
    int oh, ow, oc;                   /* output */
    int32_t zp0, zp1, zp_out, lo, hi;
    int32_t a0, a1;              /* magnitudes of the inputs (section 1); a0 at least 128 with padding (section 4) */
    const int32_t *weights;      /* order of NUMERICS.md sections 4, 6 and 9; signs: BINARY [oc][mult][c], XNOR [oc][c] */
    const int32_t *coef;         /* [oc][mult], BINARY */
    const int32_t *threshold;    /* [c], XNOR */
    const int32_t *bias, *m, *r; /* [oc]; SOFTMAX, LOGISTIC: m, r have one entry */
    const int32_t *m2, *r2;      /* [oc], all activations but CLAMP */
    const int32_t *table;        /* [257], TABLE */
    const int32_t *pad;          /* [c], CONV and DWCONV */
};

/** Section 2: floor(sat(acc * 2^k) * m / 2^s + 1/2) with k = max(0, 1 - r), s = max(r, 1) + 32. */
int32_t mnq_oracle_requant(int32_t acc, int32_t m, int r);

/** Section 3: output of channel ch for an accumulator. */
int32_t mnq_oracle_stage(const struct mnq_oracle_layer *l, int ch, int32_t acc);

/** Section 8: 2^(-t/65536) in Q30, t in Q16. */
uint32_t mnq_oracle_exp2n(uint32_t t);

/** Section 8: T[i], i = 0..64, computed from its definition in integers. */
uint32_t mnq_oracle_exp2_table(int i);

/** Section 8 on plain arrays of n int16 values. */
void mnq_oracle_softmax(const int32_t *q, int32_t *p, int n, int32_t m, int r);
void mnq_oracle_logistic(const int32_t *q, int32_t *p, int n, int32_t m, int r);

/**
 * FORMAT.md, "Compressed weights": n bytes of a layer whose wtype, mult, c and oc are set, as integers; sets weights, coef
 * and threshold to places in v. v       mnq_oracle_unpacked(l) integers return  0, or -1 if there are not exactly n bytes of
 * them or one is not allowed
 */
int mnq_oracle_unpack(struct mnq_oracle_layer *l, const uint8_t *bytes, int64_t n, int32_t *v);
int64_t mnq_oracle_unpacked(const struct mnq_oracle_layer *l);

/**
 * The most that |accumulator| of channel ch can be, by sections 4 to 7: the loader accepts up to 2^31 - 1.
 * return  0 for SOFTMAX and LOGISTIC, which have none
 */
int64_t mnq_oracle_bound(const struct mnq_oracle_layer *l, int ch);

/**
 * One layer: out[oh][ow][oc] from in0[h][w][c] and, for ADD and MUL, in1.
 * return  0, or -1 if an input exceeds its magnitude or a channel its bound
 */
int mnq_oracle_layer(const struct mnq_oracle_layer *l, const int32_t *in0, const int32_t *in1, int32_t *out);

/** A tensor: its values q, and what the file says of it. */
struct mnq_oracle_tensor {
    int h, w, c, dtype;
    int32_t zp;
    int32_t a;  /* magnitude */
    int64_t n;  /* elements */
    int32_t *q; /* [n], zero until computed */
};

/** A network read from a file, each tensor in memory of its own. */
struct mnq_oracle_net {
    struct mnq_oracle_tensor *tensor;
    struct mnq_oracle_layer *layer;
    int *in0, *in1, *out; /* tensor indices per layer; in1 -1 = none */
    int n_tensors, n_layers, input, output;
    int n_more, more[31]; /* further outputs */
    int32_t **owned;      /* widened arrays, freed by close */
    int n_owned;
    const char *why; /* after a failure, what was wrong */
};

/** Reads a file. return 0, or -1 with net->why set; close in both cases. */
int mnq_oracle_open(struct mnq_oracle_net *net, const uint8_t *file, size_t n);
void mnq_oracle_close(struct mnq_oracle_net *net);

/** Bytes of a tensor as stored. */
size_t mnq_oracle_bytes(const struct mnq_oracle_tensor *t);

/** Stored bytes to values and back. */
void mnq_oracle_load(struct mnq_oracle_tensor *t, const uint8_t *bytes);
void mnq_oracle_store(const struct mnq_oracle_tensor *t, uint8_t *bytes);

/** The largest mnq_oracle_bound() of a layer's channels. */
int64_t mnq_oracle_net_bound(const struct mnq_oracle_net *net, int layer);

/** Runs all layers on the input tensor's values; every tensor holds its values afterwards. return 0 or -1 with why. */
int mnq_oracle_net_run(struct mnq_oracle_net *net);

/**
 * Opens, runs and closes: input and output are the stored bytes of the input and output tensor.
 * return  bytes written to output, or -1 if the file is bad or `cap` too small
 */
long mnq_oracle_run(const uint8_t *file, size_t n, const uint8_t *input, uint8_t *output, size_t cap);

#endif
