/* SPDX-License-Identifier: Apache-2.0
 * A random network while it grows: what netgen.c builds and netgen_file.c writes. */
#ifndef MNQ_NETGEN_NET_H
#define MNQ_NETGEN_NET_H

#include "netgen.h"
#include "rng.h"

enum {
    NG_CONV = 1,
    NG_DWCONV,
    NG_PW,
    NG_AVGPOOL,
    NG_ADD,
    NG_MUL,
    NG_SOFTMAX,
    NG_LOGISTIC,
    NG_MAXPOOL,
    NG_SELECT,
    NG_UPSAMPLE,
    NG_SPREAD
};
enum { NG_CLAMP, NG_HSWISH, NG_HSIGMOID, NG_PRELU, NG_TABLE };
enum { NG_U8, NG_S8, NG_S16 };
enum { NG_MAX_TENSORS = 128, NG_NONE = 0xffff };

struct mnq_netgen_tensor {
    int h, w, c, dtype, zp;
    int32_t lo, hi, a; /* values that the writing layer allows, and their magnitude (NUMERICS.md section 1) */
    double spread;     /* |q - zp| of a typical value */
    int born, dies;    /* layer that writes it (-1: the input), last layer that reads it */
    uint32_t bytes, offset;
};

struct mnq_netgen_net {
    struct mnq_rng rng;
    struct mnq_netgen_tensor t[NG_MAX_TENSORS];
    uint8_t layer[NG_MAX_TENSORS][64]; /* LAYR records */
    int n_tensors, n_layers;
    int wide;   /* share of S16 among intermediate tensors, in percent */
    int packed; /* PW layers may have compressed weights */
    int newer;  /* operators and activations of minor version 3 */
    uint8_t *data;
    size_t n_data, cap;
};

/** Little-endian stores. */
void mnq_netgen_put16(uint8_t *p, uint32_t v);
void mnq_netgen_put32(uint8_t *p, uint32_t v);

/** p, or the end of the program if it is NULL. */
void *mnq_netgen_need(void *p);

/** Appends n values of `width` bytes (1, 2, 4) to DATA, or finds them there already; returns their offset. */
uint32_t mnq_netgen_values(struct mnq_netgen_net *g, const int32_t *v, size_t n, int width);

/** Appends bytes to DATA in the same way. */
uint32_t mnq_netgen_bytes(struct mnq_netgen_net *g, const uint8_t *p, size_t n);

/** Plans the arena by lifetimes and writes everything down; tensor 0 is the input. */
struct mnq_netgen_file mnq_netgen_write(struct mnq_netgen_net *g, int output);

#endif
