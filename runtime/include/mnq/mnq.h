/* SPDX-License-Identifier: Apache-2.0
 * The integer runtime: load a packed model, run it. No heap, no float, no globals.
 *
 * Threads: a loaded model is only read, by any number of threads and arenas at once; what changes it (mnq_model_load,
 * mnq_pack, setting its fields) must be over before. An arena belongs to one run at a time. No function keeps anything
 * between calls but in the model and the arena that it is given, so that all may be called from interrupts.
 *
 * Input: tensor m->input, rows from top to bottom, in a row pixels from left to right, in a pixel the channels, one after
 * the other without gaps. Models that mnquant makes of pictures take MNQ_U8: the bytes 0..255 as a camera or decoder gives
 * them, channels in the order red, green, blue (one channel: ITU-R 601 luma). How they were scaled in training is inside the
 * model: nothing is to be subtracted or divided. MNQ_S8 and MNQ_S16 inputs are values q, see NUMERICS.md section 1.
 *
 * Output: tensor m->output, the same order; a class's value is (q - zero_point) * mantissa * 2^exponent. Models with several
 * outputs have further ones behind it: mnq_output_count(), mnq_output_tensor(), mnq_output_at(), mnq_done_at(). */
#ifndef MNQ_MNQ_H
#define MNQ_MNQ_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MNQ_VERSION_MAJOR 0
#define MNQ_VERSION_MINOR 2
#define MNQ_VERSION_PATCH 0

/** Version of the .mnq format: what this runtime reads and mnquant writes at most. */
#define MNQ_FORMAT_MAJOR 1
#define MNQ_FORMAT_MINOR 6

/** Outputs of a model at most. */
#define MNQ_MAX_OUTPUTS 32

/** Alignment, in bytes, of a model in memory and of an arena. */
#define MNQ_ALIGN 16

/** Alignment of the parts of packed weights, counted from their start. */
#define MNQ_PACK_ALIGN 64

/** What a call found; 0 is success, all others are negative. */
enum mnq_status {
    MNQ_OK = 0,
    MNQ_E_ARG = -1,       /* null pointer, misaligned address, index out of range */
    MNQ_E_TRUNCATED = -2, /* fewer bytes than the header promises */
    MNQ_E_MAGIC = -3,     /* not an .mnq file */
    MNQ_E_VERSION = -4,   /* a major version, or something of a minor one, that this runtime does not read */
    MNQ_E_CRC = -5,       /* damaged bytes */
    MNQ_E_FORMAT = -6,    /* a field breaks FORMAT.md */
    MNQ_E_OVERFLOW = -7,  /* a layer's accumulator could leave 32 bits */
    MNQ_E_ARENA = -8,     /* the arena is too small */
    MNQ_E_ENDIAN = -9     /* big-endian target */
};

enum mnq_dtype { MNQ_U8 = 0, MNQ_S8 = 1, MNQ_S16 = 2 };

struct mnq_kernels;

/** A plan of stages, FORMAT.md, PLAN and PUSH; for the runtime. */
struct mnq_plan {
    const uint8_t *places, *stages, *steps;
    uint32_t bytes; /* of arena, without what kernels want beyond it */
    uint32_t state; /* where the progress is kept */
    uint32_t n_steps;
    uint16_t n_stages;
};

/**
 * A loaded model: a view into the caller's bytes, which must outlive it and stay unchanged.
 * Fields are for the runtime; use the functions below.
 */
struct mnq_model {
    const uint8_t *tens, *layr, *data;
    const uint8_t *outs;        /* tensors of further outputs, n_outs of them; NULL: the file has none */
    struct mnq_plan plan, push; /* places NULL: the file has none */
    const struct mnq_kernels *kernels;
    const void *packed; /* by these kernels, or NULL */
    uint32_t data_size, arena_size;
    uint16_t n_tensors, n_layers, input, output, n_outs;
    uint32_t bad; /* after MNQ_E_FORMAT or MNQ_E_OVERFLOW: layer or tensor index, for messages */
};

/** One tensor of a model. */
struct mnq_tensor {
    uint16_t h, w, c;       /* NHWC, without gaps */
    uint8_t dtype;          /* enum mnq_dtype */
    int32_t zero_point;     /* in terms of q, NUMERICS.md section 1 */
    uint32_t offset;        /* bytes into the arena, layer by layer */
    uint32_t size;          /* bytes */
    int32_t scale_mantissa; /* real = (q - zero_point) * mantissa * 2^exponent; 0: one scale per channel */
    int32_t scale_exponent;
    uint32_t scale_index; /* first scale in the host's SCAL section */
};

/**
 * Validates a packed model completely and opens it for running.
 * m       filled on success; on failure only `bad` is meaningful
 * bytes   the file, 16-byte aligned (flash is fine); not copied
 * n       bytes available
 * return  MNQ_OK or the first fault found
 * time    bounded by the file: its bytes once (CRC); of arrays 8 times the bytes of DATA and 4 MiB (accumulator proof);
 *         three times tensors * layers short steps, at most 3 * 2^24 (memory plan); 2^21 rows for each plan of stages
 */
enum mnq_status mnq_model_load(struct mnq_model *m, const void *bytes, size_t n);

/**
 * The two parts of mnq_model_load(). mnq_model_open() proves nothing but the checksum and the places of the sections: for
 * bytes that were proved when they were exported; damage is noticed, malice is not. mnq_model_prove() proves the rest. The
 * caller sets m->kernels.
 */
enum mnq_status mnq_model_open(struct mnq_model *m, const void *bytes, size_t n);
enum mnq_status mnq_model_prove(struct mnq_model *m);

/**
 * Bytes that mnq_pack() needs for the kernels m->kernels; 0 if they use the weights as the file has them. Set the kernels
 * first, and m->packed to NULL if the memory that it points to is gone.
 */
size_t mnq_pack_bytes(const struct mnq_model *m);

/**
 * Packs the weights for m->kernels and lets m use them. What is written depends on the file and the kernels alone and may be
 * kept: m->packed may be set to a copy of it, in flash or elsewhere.
 * mem     mnq_pack_bytes() bytes, 16-byte aligned (64 is better on a PC), to stay as long as m is used; NULL if that is 0
 * return  MNQ_OK or MNQ_E_ARG
 */
enum mnq_status mnq_pack(struct mnq_model *m, void *mem, size_t size);

/**
 * Forgets the plans of the file: every layer runs at once, on whole tensors. For tools that look at tensors, and as the
 * definition: the bits are the same. Changes what the functions below return.
 */
void mnq_layer_by_layer(struct mnq_model *m);

/**
 * Operations of one run, before it runs: multiply-accumulates, terms of pools, and one for every value that a layer writes (17
 * for one of SOFTMAX). The time of mnq_run() is bounded by them, and that of mnq_push_rows() for all rows together. For
 * callers who take models from strangers: a file of some hundred bytes may ask for 2^50.
 * m       proved, or exported by someone trusted
 * return  the number; UINT64_MAX if 64 bits do not hold it
 */
uint64_t mnq_operations(const struct mnq_model *m);

/** Bytes of arena that mnq_run() needs, a multiple of 16; scratch memory of m->kernels is part of it. */
size_t mnq_arena_size(const struct mnq_model *m);

/** Tensor i of the model, 0 <= i < m->n_tensors; MNQ_E_ARG outside. */
enum mnq_status mnq_tensor_get(const struct mnq_model *m, unsigned i, struct mnq_tensor *t);

/** Where the caller puts the input (tensor m->input) before mnq_run(): m's input bytes in the arena. */
void *mnq_input(const struct mnq_model *m, void *arena);

/** Where mnq_run() leaves the output (tensor m->output); valid until the arena is written again. */
const void *mnq_output(const struct mnq_model *m, const void *arena);

/** How many outputs, 1 .. MNQ_MAX_OUTPUTS. All are valid as long as the first. */
unsigned mnq_output_count(const struct mnq_model *m);

/** The tensor of output k for mnq_tensor_get(), in the order of the source model; output 0 is m->output. 0xffff: no such
 * output.
 */
unsigned mnq_output_tensor(const struct mnq_model *m, unsigned k);

/** mnq_output() of output k; NULL: no such output. */
const void *mnq_output_at(const struct mnq_model *m, const void *arena, unsigned k);

/**
 * Runs the whole network, in bands of rows if the file has a plan for it. The input is consumed: its bytes may be
 * overwritten. arena   16-byte aligned, at least mnq_arena_size() bytes, may be uninitialized apart from the input return
 * MNQ_OK, MNQ_E_ARG (null or misaligned) or MNQ_E_ARENA; nothing else can fail
 */
enum mnq_status mnq_run(const struct mnq_model *m, void *arena, size_t arena_size);

/* ---- a picture that arrives row by row ---- */

/** Bytes of arena for mnq_begin() and what follows, a multiple of 16. The picture need not exist: this holds rows of it. */
size_t mnq_stream_size(const struct mnq_model *m);

/**
 * Starts a picture. Between calls everything is in the arena: stop and go on whenever you like, use as many arenas as you
 * like, move the arena as long as it stays aligned.
 * arena   16-byte aligned, at least mnq_stream_size() bytes, may be uninitialized
 * return  MNQ_OK, MNQ_E_ARG or MNQ_E_ARENA
 */
enum mnq_status mnq_begin(const struct mnq_model *m, void *arena, size_t arena_size);

/**
 * The next n rows of the picture, top down: every layer goes as far as they carry. The last row takes the longest: all that
 * needs a whole tensor is done then.
 * rows    W * C bytes a row (twice that for an S16 input), without gaps, no alignment; copied, not kept
 * return  MNQ_OK, or MNQ_E_ARG if that is more rows than the picture has (then none is taken) or an argument as for
 *         mnq_begin()
 */
enum mnq_status mnq_push_rows(const struct mnq_model *m, void *arena, size_t arena_size, const void *rows, unsigned n);

/** The output, once the last row was pushed; NULL before. Valid until the arena is written again. */
const void *mnq_done(const struct mnq_model *m, const void *arena);

/** mnq_done() of output k; NULL also: no such output. */
const void *mnq_done_at(const struct mnq_model *m, const void *arena, unsigned k);

/**
 * Runs layer i only; its inputs are in the arena. For tools that look at every tensor: what no later layer needs may be
 * overwritten. MNQ_E_ARG for a model with a plan: mnq_layer_by_layer() first.
 */
enum mnq_status mnq_run_layer(const struct mnq_model *m, void *arena, size_t arena_size, unsigned i);

/** One line of English for a status; lives in its own object file, so that firmware may leave it out. */
const char *mnq_status_str(enum mnq_status s);

#ifdef __cplusplus
}
#endif
#endif
