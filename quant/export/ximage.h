/* SPDX-License-Identifier: Apache-2.0
 * What of a model goes to a target: the file without what its kernels do not read, and their packed weights. */
#ifndef MNQ_XIMAGE_H
#define MNQ_XIMAGE_H

#include "export/xkernel.h"
#include "pack/qmodel.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A layer as it is exported. */
struct mnq_xlayer {
    struct mnq_layer l; /* decoded; its arrays are those of the package. packed is set if it is packed */
    const struct mnq_xkernel *kernel;
    size_t packed_bytes;
    uint64_t instructions;
};

/** A section of the image; bytes NULL: there is none. */
struct mnq_xsection {
    uint8_t *bytes;
    size_t n;
};

/** Where parts of an image lie that has the tables of runtime/src/flash.h. */
struct mnq_xplan_at {
    size_t places, stages, steps;
};
struct mnq_xat {
    size_t data, tensors, layers, kinds, refs, outs; /* kinds, refs: from layers on */
    struct mnq_xplan_at plan, push;
};

struct mnq_ximage {
    uint8_t *bytes;  /* an .mnq without SCAL, META and arrays that nobody reads, or tables; 16-byte aligned */
    size_t n, data;  /* data: bytes of them that are DATA */
    uint8_t *packed; /* as mnq_pack() makes it; NULL if nothing is packed */
    size_t n_packed;
    struct mnq_xlayer *layer; /* [n_layers] */
    int n_layers, n_tensors;
    struct mnq_xsection plan, push; /* plans of stages, for the core */
    int flash, wide;                /* 1: tables of flash.h, of 32 bits */
    struct mnq_xat at;
};

/** What is left of DATA. */
struct mnq_xdata {
    uint8_t *bytes;
    size_t n, align;
};

/** DATA without arrays that nobody reads, and records of layers with offsets into it; keep: all of it. */
int mnq_ximage_data(const struct mnq_package *p, int keep, const struct mnq_ximage *x, struct mnq_xdata *d, uint8_t **layr,
                    struct mnq_arena *arena, struct mnq_err *e);

/** Fills p from the section of a plan, of a model of n tensors; places NULL if there is none. */
void mnq_xsection_plan(const struct mnq_xsection *s, int n, struct mnq_plan *p);

/** Whether its plans sum up a pool while its input arrives: then the export holds that kernel too. */
int mnq_ximage_sums(const struct mnq_ximage *x);

/** Whether layer i has compressed weights that can be decoded. */
int mnq_ximage_compressed(const struct mnq_package *p, int i);

/**
 * Begins the image of a package: chooses each layer's kernel in a set of them, and packs weights.
 * dense  [layers] 1: decode compressed weights, which must then be packed; NULL: none
 */
int mnq_ximage_make(const struct mnq_package *p, enum mnq_xset set, const uint8_t *dense, struct mnq_ximage *x,
                    struct mnq_arena *arena, struct mnq_err *e);

/**
 * Writes the bytes of an image whose plans are made.
 * keep   every array stays: the loader can prove all of it again
 */
int mnq_ximage_write(const struct mnq_package *p, int keep, struct mnq_ximage *x, struct mnq_arena *arena,
                     struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
