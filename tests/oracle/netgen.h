/* SPDX-License-Identifier: Apache-2.0
 * Random networks as .mnq files, written from FORMAT.md alone: separable and inverted residual blocks, residual adds,
 * squeeze-excite, windows, h-swish, dense heads with or without softmax; activations of 8 bits, of 9 to 16, or both. */
#ifndef MNQ_NETGEN_H
#define MNQ_NETGEN_H

#include <stddef.h>
#include <stdint.h>

struct mnq_netgen_file {
    uint8_t *bytes; /* 16-byte aligned */
    size_t n;
    void *base; /* to free() */
};

/** The network of a seed: valid by FORMAT.md, with activations that use their range. Exits if memory is out. */
struct mnq_netgen_file mnq_netgen(uint64_t seed);

#endif
