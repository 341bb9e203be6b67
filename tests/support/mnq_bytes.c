/* SPDX-License-Identifier: Apache-2.0
 * Writes .mnq files in memory; shares no code with the packer or the loader. */
#include "mnq_bytes.h"

#include "wmake.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void put(uint8_t *p, uint32_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++) p[i] = (uint8_t)(v >> (8 * i));
}

static size_t round16(size_t n)
{
    return (n + 15) & ~(size_t)15;
}

static uint32_t crc32_bits(const uint8_t *p, size_t n)
{
    uint32_t crc = ~0u;

    while (n--) {
        crc ^= *p++;
        for (int k = 0; k < 8; k++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

/* ---- parts ---- */

unsigned mnq_bytes_tensor(struct mnq_bytes *b, unsigned h, unsigned w, unsigned c, unsigned dtype, int32_t zp)
{
    const size_t size = (size_t)h * w * c * (dtype == MNQ_S16 ? 2 : 1);

    if (b->n_tensors == MNQ_BYTES_MAX) abort();
    b->tensor[b->n_tensors] =
        (struct mnq_bytes_tensor){.h = h, .w = w, .c = c, .dtype = dtype, .zp = zp, .offset = b->arena_size};
    b->arena_size += (uint32_t)round16(size);
    return b->n_tensors++;
}

uint32_t mnq_bytes_array(struct mnq_bytes *b, const void *values, size_t size, size_t count)
{
    const size_t at = b->data_size, n = round16(size * count);

    b->data = realloc(b->data, at + n + 1);
    if (!b->data) abort();
    memset(b->data + at, 0, n);
    for (size_t i = 0; i < count; i++) {
        uint32_t v = size == 1   ? (uint32_t)((const int8_t *)values)[i]
                     : size == 2 ? (uint32_t)((const int16_t *)values)[i]
                                 : (uint32_t)((const int32_t *)values)[i];
        put(b->data + at + i * size, v, (unsigned)size);
    }
    b->data_size += n;
    return (uint32_t)at;
}

unsigned mnq_bytes_layer(struct mnq_bytes *b, const struct mnq_bytes_layer *l)
{
    if (b->n_layers == MNQ_BYTES_MAX) abort();
    b->layer[b->n_layers] = *l;
    return b->n_layers++;
}

void mnq_bytes_free(struct mnq_bytes *b)
{
    free(b->data);
    memset(b, 0, sizeof *b);
}

/* ---- file ---- */

static void put_tensor(uint8_t *p, const struct mnq_bytes_tensor *t)
{
    put(p, t->h, 2);
    put(p + 2, t->w, 2);
    put(p + 4, t->c, 2);
    put(p + 6, t->dtype, 1);
    put(p + 8, (uint32_t)t->zp, 4);
    put(p + 12, t->offset, 4);
}

static void put_layer(uint8_t *p, const struct mnq_bytes_layer *l)
{
    const unsigned bytes[4] = {l->op, l->wtype, l->act, l->frac}, links[3] = {l->in0, l->in1, l->out};
    const unsigned window[8] = {l->kh, l->kw, l->sh, l->sw, l->pt, l->pl, l->pb, l->pr};
    const uint32_t words[10] = {(uint32_t)l->lo, (uint32_t)l->hi, l->weights, l->weights_size, l->bias, l->m, l->r,
                                l->m2,           l->r2,           l->pad};

    for (int i = 0; i < 4; i++) put(p + i, bytes[i], 1);
    for (int i = 0; i < 3; i++) put(p + 4 + 2 * i, links[i], 2);
    for (int i = 0; i < 8; i++) put(p + 10 + i, window[i], 1);
    put(p + 18, l->mult, 2);
    for (int i = 0; i < 10; i++) put(p + 20 + 4 * i, words[i], 4);
}

void mnq_bytes_seal(uint8_t *file, size_t n)
{
    put(file + 12, crc32_bits(file + 16, n - 16), 4);
}

uint8_t *mnq_bytes_file(const struct mnq_bytes *b, size_t *n)
{
    static const char tags[4][5] = {"TENS", "LAYR", "DATA", "OUTS"};
    const size_t outs = (2 * (size_t)b->n_outs + 15) / 16 * 16;
    const size_t sizes[4] = {32 * (size_t)b->n_tensors, 64 * (size_t)b->n_layers, b->data_size, 2 * (size_t)b->n_outs};
    const size_t first = 48 + (b->n_outs > 0 ? 4 : 3) * 16;
    size_t at = first;
    const size_t total = at + sizes[0] + sizes[1] + sizes[2] + outs;
    uint8_t *f = aligned_alloc(MNQ_ALIGN, total);

    if (!f) abort();
    memset(f, 0, total);
    memcpy(f, "MNQ\x1a", 4);
    put(f + 4, 1, 2);
    put(f + 8, (uint32_t)total, 4);
    put(f + 16, b->n_outs > 0 ? 4 : 3, 4);
    put(f + 20, b->arena_size, 4);
    put(f + 24, b->n_tensors, 2);
    put(f + 26, b->n_layers, 2);
    put(f + 28, b->input, 2);
    put(f + 30, b->output, 2);
    for (int i = 0; i < (b->n_outs > 0 ? 4 : 3); i++) {
        memcpy(f + 48 + 16 * i, tags[i], 4);
        put(f + 52 + 16 * i, (uint32_t)at, 4);
        put(f + 56 + 16 * i, (uint32_t)sizes[i], 4);
        at += sizes[i];
    }
    for (unsigned i = 0; i < b->n_tensors; i++) put_tensor(f + first + 32 * i, &b->tensor[i]);
    for (unsigned i = 0; i < b->n_layers; i++) put_layer(f + first + sizes[0] + 64 * i, &b->layer[i]);
    if (b->data_size > 0) memcpy(f + first + sizes[0] + sizes[1], b->data, b->data_size);
    for (unsigned i = 0; i < b->n_outs; i++) put(f + first + sizes[0] + sizes[1] + sizes[2] + 2 * i, b->outs[i], 2);
    mnq_bytes_seal(f, total);
    *n = total;
    return f;
}

/* ---- random models ---- */

uint32_t mnq_bytes_random(struct mnq_bytes *b)
{
    b->random = b->random * 1664525u + 1013904223u;
    return b->random >> 8;
}

/* Uniform in -limit..limit. */
static int32_t symmetric(struct mnq_bytes *b, int32_t limit)
{
    return (int32_t)(mnq_bytes_random(b) % (2 * (uint32_t)limit + 1)) - limit;
}

/* count random numbers in -limit..limit, from number `half` on in -rest..rest, of `size` bytes each, in DATA. */
static uint32_t random_halves(struct mnq_bytes *b, size_t size, size_t count, int32_t limit, size_t half, int32_t rest)
{
    int32_t *v = malloc((count + 1) * 4);
    uint32_t at;

    if (!v) abort();
    for (size_t i = 0; i < count; i++) {
        const int32_t x = symmetric(b, i < half ? limit : rest);
        if (size == 1) ((int8_t *)v)[i] = (int8_t)x;
        else if (size == 2) ((int16_t *)v)[i] = (int16_t)x;
        else v[i] = x;
    }
    at = mnq_bytes_array(b, v, size, count);
    free(v);
    return at;
}

/* count random numbers in -limit..limit, of `size` bytes each, in DATA. */
static uint32_t random_array(struct mnq_bytes *b, size_t size, size_t count, int32_t limit)
{
    return random_halves(b, size, count, limit, count, 0);
}

/* Bound of a tensor's |q|. */
static double magnitude_of(const struct mnq_bytes *b, unsigned tensor)
{
    if (b->tensor[tensor].dtype != MNQ_S16) return 128;
    for (unsigned i = 0; i < b->n_layers; i++) {
        const struct mnq_bytes_layer *l = &b->layer[i];
        if (l->out == tensor && l->op < MNQ_L_SOFTMAX) return fmax(abs(l->lo), abs(l->hi));
    }
    return 32768;
}

/* Typical |q| in a tensor of that magnitude: bytes are uniform, wider values bells of a quarter of the range. */
static double typical(double magnitude)
{
    return magnitude > 128 ? magnitude / 4 : magnitude * 0.58;
}

/* Multipliers and shifts near the real factor, each channel by up to 2x off; *m and *r receive their offsets. */
static void random_scaling(struct mnq_bytes *b, double factor, size_t n, uint32_t *m, uint32_t *r)
{
    int32_t *mult = malloc((n + 1) * 4);
    int8_t *shift = malloc(n + 1);

    if (!mult || !shift) abort();
    for (size_t i = 0; i < n; i++) {
        int e;
        const double f = frexp(factor * (0.5 + mnq_bytes_random(b) / 16777216.0), &e);
        mult[i] = (int32_t)(f * 2147483647.0);
        shift[i] = (int8_t)(-1 - e < -30 ? -30 : -1 - e > 31 ? 31 : -1 - e); /* factor = m / 2^(32 + r) */
    }
    *m = mnq_bytes_array(b, mult, 4, n);
    *r = mnq_bytes_array(b, shift, 1, n);
    free(mult);
    free(shift);
}

/* Number of weights, and how many of them meet in one accumulator. */
static size_t weight_count(const struct mnq_bytes_layer *l, const struct mnq_bytes_tensor *in,
                           const struct mnq_bytes_tensor *out, size_t *per_channel)
{
    const size_t window = (size_t)l->kh * l->kw;

    *per_channel = l->op == MNQ_L_CONV || l->op == MNQ_L_PW ? window * in->c : l->op == MNQ_L_ADD ? 2 : window;
    return l->op >= MNQ_L_AVGPOOL && l->op != MNQ_L_ADD ? 0 : *per_channel * out->c;
}

/* Random compressed weights of a PW layer; returns what an accumulator typically is. */
static double packed_weights(struct mnq_bytes *b, struct mnq_bytes_layer *l, int c, int oc)
{
    struct mnq_rng g = mnq_rng_seed(0x7a6f6f, mnq_bytes_random(b));
    const double a = magnitude_of(b, l->in0);
    struct mnq_wmake m = {.wtype = (int)l->wtype, .c = c, .oc = oc, .a = (int64_t)a, .zeros = 60, .lo = -40, .hi = 40};
    int32_t *v;
    uint8_t *bytes;
    double squares;

    m.field = mnq_wmake_field(&g, m.wtype, c);
    v = malloc(mnq_wpack_count(m.wtype, c, oc, m.field) * sizeof *v);
    if (!v) abort();
    mnq_wmake(&g, &m, v);
    l->mult = (unsigned)m.field;
    l->weights_size = (uint32_t)mnq_wpack_size(m.wtype, c, oc, m.field, v);
    bytes = malloc(l->weights_size);
    if (!bytes) abort();
    mnq_wpack_write(m.wtype, c, oc, m.field, v, bytes);
    l->weights = mnq_bytes_array(b, bytes, 1, l->weights_size);
    squares = mnq_wmake_row(&m, v, 0).squares;
    free(bytes);
    free(v);
    return sqrt(squares + 1) * (m.wtype == MNQ_W_XNOR ? 1 : typical(a));
}

/* Weights, bias and scaling of a layer of ordinary arithmetic (not SOFTMAX, LOGISTIC). */
static void random_arrays(struct mnq_bytes *b, struct mnq_bytes_layer *l, const struct mnq_bytes_tensor *in,
                          const struct mnq_bytes_tensor *out)
{
    size_t terms;
    const size_t n = weight_count(l, in, out, &terms);
    const int wide = l->wtype == MNQ_W_S16;
    const double reach = out->dtype == MNQ_S16 ? l->hi / 4.0 : 60; /* typical output */
    const double a0 = magnitude_of(b, l->in0), a1 = l->in1 == MNQ_BYTES_NO_TENSOR ? a0 : magnitude_of(b, l->in1);
    const double a = fmax(a0, a1);
    int32_t limit = wide ? 32767 : 127;
    double spread = 0; /* of the accumulator: weights are uniform */

    if ((double)terms * limit * a > 1e9) limit = (int32_t)(1e9 / a / (double)terms);
    if (l->wtype > MNQ_W_S16) {
        spread = packed_weights(b, l, (int)in->c, (int)out->c);
    } else if (n > 0) { /* ADD: equal shares of both inputs */
        const int32_t share0 = (int32_t)fmin(limit * a / a0, 32767), share1 = (int32_t)fmin(limit * a / a1, 32767);
        l->weights = random_halves(b, wide ? 2 : 1, n, share0, l->op == MNQ_L_ADD ? n / 2 : n, share1);
        l->weights_size = (uint32_t)(n << wide);
    }
    if (l->wtype > MNQ_W_S16) spread = fmax(spread, 1);
    else if (l->op == MNQ_L_MUL) spread = typical(a0) * typical(a1);
    else if (n > 0) spread = limit * 0.58 * typical(a) * sqrt((double)terms);
    else spread = typical(a) * 0.5 * (double)terms; /* AVGPOOL: neighbours are alike */
    l->bias = random_array(b, 4, out->c, l->op == MNQ_L_MUL ? 0 : (int32_t)fmin(spread, 1 << 28));
    if (l->act == MNQ_A_CLAMP) {
        random_scaling(b, reach / spread, out->c, &l->m, &l->r);
    } else {
        l->frac = 10;
        random_scaling(b, 3 * 1024 / spread, out->c, &l->m, &l->r);
        random_scaling(b, reach / (l->act == MNQ_A_HSWISH ? 9e6 : 4e3), out->c, &l->m2, &l->r2);
    }
}

unsigned mnq_bytes_random_layer(struct mnq_bytes *b, const struct mnq_bytes_op *op)
{
    const struct mnq_bytes_tensor in = b->tensor[op->in0];
    const unsigned two = op->op == MNQ_L_ADD || op->op == MNQ_L_MUL;
    const unsigned table = op->op == MNQ_L_SOFTMAX || op->op == MNQ_L_LOGISTIC, wide_out = table || op->wide_out;
    struct mnq_bytes_layer l = {.op = op->op,
                                .wtype = op->wtype,
                                .act = op->act,
                                .in0 = op->in0,
                                .in1 = two ? op->in1 : MNQ_BYTES_NO_TENSOR,
                                .pt = op->pt,
                                .pl = op->pl,
                                .pb = op->pb,
                                .pr = op->pr,
                                .weights = MNQ_BYTES_NONE,
                                .bias = MNQ_BYTES_NONE,
                                .m2 = MNQ_BYTES_NONE,
                                .r2 = MNQ_BYTES_NONE,
                                .pad = MNQ_BYTES_NONE};
    unsigned oc = in.c;

    l.kh = op->kh ? op->kh : 1;
    l.kw = op->kw ? op->kw : 1;
    l.sh = op->sh ? op->sh : 1;
    l.sw = op->sw ? op->sw : 1;
    if (op->op == MNQ_L_DWCONV) {
        l.mult = op->mult ? op->mult : 1;
        oc *= l.mult;
    } else if (op->op == MNQ_L_CONV || op->op == MNQ_L_PW) {
        oc = op->oc;
    }
    l.out = mnq_bytes_tensor(b, (in.h + l.pt + l.pb - l.kh) / l.sh + 1, (in.w + l.pl + l.pr - l.kw) / l.sw + 1, oc,
                             wide_out ? MNQ_S16 : MNQ_S8, wide_out ? 0 : symmetric(b, 100));
    l.hi = wide_out ? 32767 >> (op->bits ? 16 - op->bits : 0) : 127;
    l.lo = -l.hi - 1;
    if (table) random_scaling(b, 20.0, 1, &l.m, &l.r);
    else random_arrays(b, &l, &in, &b->tensor[l.out]);
    if (op->op == MNQ_L_CONV || op->op == MNQ_L_DWCONV) l.pad = random_array(b, 1, in.c, 127);
    mnq_bytes_layer(b, &l);
    b->output = l.out;
    return l.out;
}

#define LAYER(...) mnq_bytes_random_layer(b, &(struct mnq_bytes_op){__VA_ARGS__})

/* Every operator, weight type and pair of inputs on S16 activations of 12 to 16 bits; x is S8, and so is what returns. */
static unsigned wide_zoo(struct mnq_bytes *b, unsigned x)
{
    const unsigned c = b->tensor[x].c;
    unsigned y, z, gate, wide_gate;

    y = LAYER(.op = MNQ_L_PW, .wtype = MNQ_W_S16, .in0 = x, .oc = c, .wide_out = 1, .bits = 12);
    z = LAYER(.op = MNQ_L_CONV, .wtype = MNQ_W_S8, .act = MNQ_A_HSWISH, .in0 = y, .oc = c, .kh = 3, .kw = 3, .pt = 1,
              .pl = 1, .pb = 1, .pr = 1, .wide_out = 1, .bits = 14);
    y = LAYER(.op = MNQ_L_ADD, .wtype = MNQ_W_S16, .in0 = y, .in1 = z, .wide_out = 1);
    z = LAYER(.op = MNQ_L_DWCONV, .wtype = MNQ_W_S8, .in0 = y, .kh = 3, .kw = 3, .pt = 2, .pr = 2, .wide_out = 1);
    y = LAYER(.op = MNQ_L_ADD, .wtype = MNQ_W_S16, .in0 = x, .in1 = z, .wide_out = 1, .bits = 15);
    y = LAYER(.op = MNQ_L_PW, .wtype = MNQ_W_S16, .in0 = y, .oc = c, .wide_out = 1, .bits = 13);

    gate = LAYER(.op = MNQ_L_AVGPOOL, .in0 = y, .kh = b->tensor[y].h, .kw = b->tensor[y].w, .wide_out = 1);
    wide_gate = LAYER(.op = MNQ_L_PW, .wtype = MNQ_W_S8, .in0 = gate, .oc = c, .wide_out = 1);
    wide_gate = LAYER(.op = MNQ_L_LOGISTIC, .in0 = wide_gate);
    gate = LAYER(.op = MNQ_L_PW, .wtype = MNQ_W_S8, .act = MNQ_A_HSIGMOID, .in0 = gate, .oc = c);
    y = LAYER(.op = MNQ_L_MUL, .in0 = y, .in1 = wide_gate, .wide_out = 1);
    y = LAYER(.op = MNQ_L_MUL, .in0 = y, .in1 = gate, .wide_out = 1, .bits = 14);
    z = LAYER(.op = MNQ_L_MUL, .in0 = x, .in1 = wide_gate);
    y = LAYER(.op = MNQ_L_ADD, .wtype = MNQ_W_S16, .in0 = y, .in1 = z, .wide_out = 1);
    y = LAYER(.op = MNQ_L_DWCONV, .wtype = MNQ_W_S16, .in0 = y, .kh = 2, .kw = 3, .pt = 1, .pl = 1, .pr = 1, .mult = 2,
              .wide_out = 1, .bits = 12);
    y = LAYER(.op = MNQ_L_AVGPOOL, .act = MNQ_A_HSWISH, .in0 = y, .kh = 2, .kw = 2, .wide_out = 1, .bits = 10);
    return LAYER(.op = MNQ_L_CONV, .wtype = MNQ_W_S16, .in0 = y, .oc = c, .kh = 2, .kw = 2, .pt = 1, .pl = 1, .pb = 1,
                 .pr = 1);
}

/* Every compressed weight type on U8 or S8 and on S16 activations; returns an S8 tensor of c channels. */
static unsigned packed_zoo(struct mnq_bytes *b, unsigned x, unsigned c)
{
    unsigned t, y;

    for (t = MNQ_W_S4; t != 0; t = (unsigned)mnq_wpack_next((int)t)) {
        y = LAYER(.op = MNQ_L_PW, .wtype = t, .in0 = x, .oc = 32, .wide_out = 1, .bits = 11);
        x = LAYER(.op = MNQ_L_PW, .wtype = t, .act = t == MNQ_W_BINARY ? MNQ_A_HSWISH : MNQ_A_CLAMP, .in0 = y, .oc = c + t);
    }
    return LAYER(.op = MNQ_L_PW, .wtype = MNQ_W_SPARSE, .in0 = x, .oc = c);
}

void mnq_bytes_zoo(struct mnq_bytes *b, uint32_t seed, unsigned h, unsigned w, unsigned channels)
{
    const unsigned c = channels;
    unsigned x, y, gate;

    memset(b, 0, sizeof *b);
    b->random = seed;
    b->input = mnq_bytes_tensor(b, h, w, 3, MNQ_U8, 0);
    x = LAYER(.op = MNQ_L_CONV, .wtype = MNQ_W_S8, .act = MNQ_A_HSWISH, .in0 = b->input, .oc = c, .kh = 3, .kw = 3, .sh = 2,
              .sw = 2, .pb = 1, .pr = 1);
    x = LAYER(.op = MNQ_L_DWCONV, .wtype = MNQ_W_S16, .in0 = x, .kh = 3, .kw = 3, .pt = 1, .pl = 1, .pb = 1, .pr = 1);
    x = LAYER(.op = MNQ_L_PW, .wtype = MNQ_W_S16, .in0 = x, .oc = c + 5);
    y = LAYER(.op = MNQ_L_CONV, .wtype = MNQ_W_S16, .in0 = x, .oc = c + 5, .kh = 3, .kw = 1, .pt = 1, .pb = 1);
    x = LAYER(.op = MNQ_L_ADD, .wtype = MNQ_W_S16, .in0 = x, .in1 = y);
    gate = LAYER(.op = MNQ_L_AVGPOOL, .in0 = x, .kh = b->tensor[x].h, .kw = b->tensor[x].w);
    gate = LAYER(.op = MNQ_L_PW, .wtype = MNQ_W_S8, .in0 = gate, .oc = 7);
    gate = LAYER(.op = MNQ_L_PW, .wtype = MNQ_W_S8, .act = MNQ_A_HSIGMOID, .in0 = gate, .oc = c + 5);
    x = LAYER(.op = MNQ_L_MUL, .in0 = x, .in1 = gate);
    x = packed_zoo(b, x, c + 5);
    x = wide_zoo(b, x);
    x = LAYER(.op = MNQ_L_DWCONV, .wtype = MNQ_W_S8, .act = MNQ_A_HSWISH, .in0 = x, .kh = 3, .kw = 5, .sh = 2, .sw = 1,
              .pt = 2, .pl = 4, .pr = 1, .mult = 3);
    x = LAYER(.op = MNQ_L_AVGPOOL, .act = MNQ_A_HSWISH, .in0 = x, .kh = 2, .kw = 3, .sh = 2, .sw = 2);
    x = LAYER(.op = MNQ_L_AVGPOOL, .in0 = x, .kh = b->tensor[x].h, .kw = b->tensor[x].w);
    y = LAYER(.op = MNQ_L_PW, .wtype = MNQ_W_S8, .in0 = x, .oc = 10, .wide_out = 1);
    y = LAYER(.op = MNQ_L_LOGISTIC, .in0 = y);
    x = LAYER(.op = MNQ_L_PW, .wtype = MNQ_W_S16, .in0 = x, .oc = 11, .wide_out = 1);
    x = LAYER(.op = MNQ_L_SOFTMAX, .in0 = x);
}
