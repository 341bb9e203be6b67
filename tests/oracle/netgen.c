/* SPDX-License-Identifier: Apache-2.0
 * Grows a random network layer by layer, plans its arena by lifetimes, and writes it down as FORMAT.md says. */
#include "netgen.h"

#include "rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONV = 1, DWCONV, PW, AVGPOOL, ADD, MUL, SOFTMAX, LOGISTIC };
enum { CLAMP, HSWISH, HSIGMOID };
enum { U8, S8, S16 };
enum { MAX_TENSORS = 128, NONE = 0xffff };

struct tensor {
    int h, w, c, dtype, zp;
    int born, dies; /* layer that writes it (-1: the input), last layer that reads it */
    uint32_t bytes, offset;
};

struct row {
    uint8_t b[64];
};

struct net {
    struct mnq_rng rng;
    struct tensor t[MAX_TENSORS];
    struct row layer[MAX_TENSORS];
    int n_tensors, n_layers;
    uint8_t *data;
    size_t n_data, cap;
};

/* ---- bytes ---- */

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v & 255);
    p[1] = (uint8_t)(v >> 8 & 255);
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v);
    put16(p + 2, v >> 16);
}

static void *need(void *p)
{
    if (!p) {
        fprintf(stderr, "netgen: out of memory\n");
        exit(1);
    }
    return p;
}

/* Appends n bytes to DATA, 16-byte aligned, or finds them there already; returns their offset. */
static uint32_t put_data(struct net *g, const uint8_t *p, size_t n)
{
    if (mnq_rng_chance(&g->rng, 50)) {
        for (size_t at = 0; at + n <= g->n_data; at += 16) {
            if (!memcmp(g->data + at, p, n)) return (uint32_t)at;
        }
    }
    size_t at = (g->n_data + 15) / 16 * 16;
    if (at + n > g->cap) {
        g->cap = 2 * (at + n);
        g->data = need(realloc(g->data, g->cap));
    }
    memset(g->data + g->n_data, 0, at - g->n_data);
    memcpy(g->data + at, p, n);
    g->n_data = at + n;
    return (uint32_t)at;
}

/* The same for n values of 1, 2 or 4 bytes. */
static uint32_t put_values(struct net *g, const int32_t *v, size_t n, int width)
{
    uint8_t *b = need(malloc(n * (size_t)width + 1));
    for (size_t i = 0; i < n; i++) {
        if (width == 4) put32(b + 4 * i, (uint32_t)v[i]);
        else if (width == 2) put16(b + 2 * i, (uint32_t)v[i]);
        else b[i] = (uint8_t)((uint32_t)v[i] & 255);
    }
    uint32_t at = put_data(g, b, n * (size_t)width);
    free(b);
    return at;
}

/* ---- tensors and layers ---- */

static int new_tensor(struct net *g, int h, int w, int c, int dtype)
{
    struct tensor *t = &g->t[g->n_tensors];

    *t = (struct tensor){h, w, c, dtype, 0, g->n_layers, g->n_layers, 0, 0};
    t->bytes = (uint32_t)h * (uint32_t)w * (uint32_t)c * (dtype == S16 ? 2 : 1);
    if (dtype != S16) t->zp = mnq_rng_chance(&g->rng, 20) ? mnq_rng_in(&g->rng, -128, 127) : mnq_rng_in(&g->rng, -128, 20);
    return g->n_tensors++;
}

/* What a layer is to be; kernel 1, stride 1 and no padding unless said otherwise. */
struct spec {
    int op, act, k, kw, s, sw, pad[4], mult, oc, dtype, in0, in1;
    int linear; /* no lower clamp at zero */
};

/* m and r for a real multiplier x > 0: m * 2^-(32 + r), m in [2^30, 2^31). */
static void split(double x, int32_t *m, int32_t *r)
{
    int e = 0;

    while (x >= 1.0) x *= 0.5, e++;
    while (x < 0.5) x *= 2.0, e--;
    *m = (int32_t)(x * 2147483647.0);
    *r = -1 - e;
    if (*r > 31) *m = 1 << 30, *r = 31;
    if (*r < -30) *r = -30;
}

static double root(double x)
{
    double y = x > 1.0 ? x : 1.0;
    for (int i = 0; i < 50; i++) y = 0.5 * (y + x / y);
    return y;
}

/* Output channel o's weights: first + j * step, j < count. */
static void column(const struct spec *s, int c, int o, size_t *first, size_t *step, size_t *count)
{
    size_t kk = (size_t)s->k * (size_t)s->kw;

    *count = s->op == CONV ? kk * (size_t)c : s->op == DWCONV ? kk : s->op == PW ? (size_t)c : s->op == ADD ? 2 : 0;
    *step = s->op == CONV || s->op == PW ? 1 : (size_t)s->oc;
    *first = s->op == CONV || s->op == PW ? (size_t)o * *count : (size_t)o;
}

/* Weights, folded bias and multipliers of every output channel, such that the output uses its range. */
static void write_channels(struct net *g, const struct spec *s, struct row *r, int wtype, int frac)
{
    struct mnq_rng *q = &g->rng;
    const struct tensor *a = &g->t[s->in0];
    size_t oc = (size_t)s->oc, first, step, count;
    int32_t top = wtype == 2 ? 32767 : 127;
    double span = s->dtype == S16 ? 9000.0 : 55.0, one = (double)(1 << frac);

    column(s, a->c, 0, &first, &step, &count);
    int32_t *w = need(calloc(count * oc + 1, sizeof *w)), *v = need(calloc(5 * oc, sizeof *v));
    int32_t *bias = v, *m = v + oc, *sh = v + 2 * oc, *m2 = v + 3 * oc, *sh2 = v + 4 * oc;
    for (int o = 0; o < s->oc; o++) {
        double energy = 0.0;
        int64_t zero = 0, sum = 0;
        int32_t limit = count > 400 && wtype == 2 ? 127 * 400 / (int32_t)count * 60 : top;

        column(s, a->c, o, &first, &step, &count);
        for (size_t j = 0; j < count; j++) {
            int32_t x = s->op == ADD ? mnq_rng_in(q, 3000, 32767) : mnq_rng_in(q, -limit, limit);
            w[first + j * step] = x;
            energy += (double)x * x;
            zero += (int64_t)x * (s->op == ADD && j ? g->t[s->in1].zp : a->zp);
            sum += x < 0 ? -x : x;
        }
        if (s->op == AVGPOOL) {
            energy = (double)s->k * s->kw;
            zero = (int64_t)s->k * s->kw * a->zp;
            sum = s->k * s->kw;
        }
        if (s->op == MUL) energy = 10000.0;
        double acc = 60.0 * root(energy), x = (s->act == CLAMP ? span : 2.5 * one) / acc;
        if (s->op != MUL) bias[o] = (int32_t)-zero + (int32_t)(acc * mnq_rng_in(q, -100, 100) / 100.0);
        if ((bias[o] < 0 ? -(int64_t)bias[o] : bias[o]) + 128 * sum > INT32_MAX) bias[o] = 0;
        split(x * (0.7 + mnq_rng_in(q, 0, 600) / 1000.0), &m[o], &sh[o]);
        if (s->act != CLAMP) split(span / (s->act == HSWISH ? 12.0 * one * one : 2.4 * one), &m2[o], &sh2[o]);
    }
    if (wtype) {
        put32(r->b + 28, put_values(g, w, count * oc, wtype));
        put32(r->b + 32, (uint32_t)(count * oc * (size_t)wtype));
    }
    put32(r->b + 36, put_values(g, bias, oc, 4));
    put32(r->b + 40, put_values(g, m, oc, 4));
    put32(r->b + 44, put_values(g, sh, oc, 1));
    if (s->act != CLAMP) {
        put32(r->b + 48, put_values(g, m2, oc, 4));
        put32(r->b + 52, put_values(g, sh2, oc, 1));
    }
    free(w);
    free(v);
}

/* SOFTMAX and LOGISTIC: one multiplier, log2(e) * scale in Q16; logits of some +-9000 become +-10 octaves. */
static void write_exponent(struct net *g, struct row *r)
{
    int32_t m, sh;

    split(mnq_rng_in(&g->rng, 10, 100), &m, &sh);
    put32(r->b + 40, put_values(g, &m, 1, 4));
    put32(r->b + 44, put_values(g, &sh, 1, 1));
}

static void write_padding(struct net *g, const struct tensor *a, struct row *r)
{
    int32_t *v = need(calloc((size_t)a->c, sizeof *v));
    int per_channel = a->dtype == U8; /* raw pixels: real zero differs by channel */

    for (int i = 0; i < a->c; i++) v[i] = per_channel ? mnq_rng_in(&g->rng, -128, 127) : a->zp;
    put32(r->b + 56, put_values(g, v, (size_t)a->c, 1));
    free(v);
}

/* Appends a layer and its output tensor; returns the tensor. */
static int add_layer(struct net *g, struct spec s)
{
    struct tensor *a = &g->t[s.in0];
    int table = s.op == SOFTMAX || s.op == LOGISTIC, padded = s.op == CONV || s.op == DWCONV;

    if (!s.k) s.k = 1;
    if (!s.kw) s.kw = s.k;
    if (!s.s) s.s = 1;
    if (!s.sw) s.sw = s.s;
    if (s.op == DWCONV) s.oc = a->c * s.mult;
    if (s.op > PW) s.oc = a->c;
    if (!s.dtype) s.dtype = S8;
    int oh = (a->h + s.pad[0] + s.pad[2] - s.k) / s.s + 1, ow = (a->w + s.pad[1] + s.pad[3] - s.kw) / s.sw + 1;
    int out = new_tensor(g, oh, ow, s.oc, s.dtype);
    int two = s.op == ADD || s.op == MUL;
    int wtype = s.op == ADD ? 2 : s.op > PW ? 0 : mnq_rng_in(&g->rng, 1, 2);
    int frac = s.act == CLAMP ? 0 : mnq_rng_in(&g->rng, 4, 12);
    int zp = g->t[out].zp, lo = s.dtype == S16 ? -32768 : -128, hi = s.dtype == S16 ? 32767 : 127;
    struct row *r = &g->layer[g->n_layers];

    a->dies = g->n_layers;
    if (two) g->t[s.in1].dies = g->n_layers;
    if (s.act == CLAMP && !s.linear && !table) lo = zp;
    if (s.act == CLAMP && !s.linear && mnq_rng_chance(&g->rng, 50)) hi = mnq_rng_in(&g->rng, (zp + hi) / 2, hi);
    memset(r, 0, sizeof *r);
    for (int i = 28; i < 60; i++) r->b[i] = 255;
    put32(r->b + 32, 0);
    r->b[0] = (uint8_t)s.op, r->b[1] = (uint8_t)wtype, r->b[2] = (uint8_t)s.act, r->b[3] = (uint8_t)frac;
    put16(r->b + 4, (uint32_t)s.in0);
    put16(r->b + 6, two ? (uint32_t)s.in1 : NONE);
    put16(r->b + 8, (uint32_t)out);
    r->b[10] = (uint8_t)s.k, r->b[11] = (uint8_t)s.kw, r->b[12] = (uint8_t)s.s, r->b[13] = (uint8_t)s.sw;
    for (int i = 0; i < 4; i++) r->b[14 + i] = (uint8_t)s.pad[i];
    put16(r->b + 18, s.op == DWCONV ? (uint32_t)s.mult : 0);
    put32(r->b + 20, (uint32_t)lo);
    put32(r->b + 24, (uint32_t)hi);
    if (table) write_exponent(g, r);
    else write_channels(g, &s, r, wtype, frac);
    if (padded) write_padding(g, a, r);
    g->n_layers++;
    return out;
}

/* ---- blocks ---- */

static int some_act(struct net *g)
{
    return mnq_rng_chance(&g->rng, 40) ? HSWISH : CLAMP;
}

/* A spatial convolution: SAME, VALID or asymmetric padding as it comes. */
static struct spec spatial(struct net *g, int op, int in, int stride)
{
    static const int sizes[] = {3, 3, 3, 5, 1};
    struct spec s = {.op = op, .act = some_act(g), .s = stride, .mult = 1, .in0 = in};
    const struct tensor *a = &g->t[in];
    int style = mnq_rng_in(&g->rng, 0, 3);

    s.k = s.kw = sizes[mnq_rng_in(&g->rng, 0, 4)];
    if (mnq_rng_chance(&g->rng, 10)) s.kw = mnq_rng_in(&g->rng, 1, 4);
    if (style == 0 && a->h >= s.k && a->w >= s.kw) return s;
    for (int i = 0; i < 4; i++) {
        int k = i % 2 ? s.kw : s.k;
        s.pad[i] = style == 3 ? mnq_rng_in(&g->rng, k / 2, k - 1) : i < 2 ? (k - 1) / 2 : k / 2;
        if (s.pad[i] >= k) s.pad[i] = k - 1;
    }
    return s;
}

static int channels(struct net *g)
{
    return mnq_rng_chance(&g->rng, 50) ? 8 * mnq_rng_in(&g->rng, 1, 4) : mnq_rng_in(&g->rng, 1, 40);
}

static int squeeze_excite(struct net *g, int x)
{
    struct tensor a = g->t[x];
    int p = add_layer(g, (struct spec){.op = AVGPOOL, .k = a.h, .kw = a.w, .in0 = x, .linear = 1});
    int q = add_layer(g, (struct spec){.op = PW, .oc = 1 + a.c / 4, .in0 = p});
    int gate = add_layer(g, (struct spec){.op = PW, .act = HSIGMOID, .oc = a.c, .in0 = q});
    return add_layer(g, (struct spec){.op = MUL, .act = some_act(g), .in0 = x, .in1 = gate, .linear = 1});
}

static int separable(struct net *g, int x)
{
    struct spec dw = spatial(g, DWCONV, x, mnq_rng_chance(&g->rng, 70) ? 1 : mnq_rng_in(&g->rng, 2, 3));

    if (mnq_rng_chance(&g->rng, 20)) dw.mult = mnq_rng_in(&g->rng, 2, 3);
    x = add_layer(g, dw);
    return add_layer(g, (struct spec){.op = PW, .act = some_act(g), .oc = channels(g), .in0 = x});
}

static int inverted_residual(struct net *g, int x)
{
    int c = g->t[x].c, same = mnq_rng_chance(&g->rng, 60), act = some_act(g);
    int e = add_layer(g, (struct spec){.op = PW, .act = act, .oc = c * mnq_rng_in(&g->rng, 1, 3), .in0 = x});
    struct spec dw = spatial(g, DWCONV, e, same ? 1 : 2);

    if (same) {
        dw.kw = dw.k;
        for (int i = 0; i < 4; i++) dw.pad[i] = dw.k / 2;
    }
    int y = add_layer(g, dw);
    if (mnq_rng_chance(&g->rng, 40)) y = squeeze_excite(g, y);
    y = add_layer(g, (struct spec){.op = PW, .oc = same ? c : channels(g), .in0 = y, .linear = 1});
    if (same) y = add_layer(g, (struct spec){.op = ADD, .in0 = x, .in1 = y, .act = some_act(g), .linear = 1});
    return y;
}

static int window(struct net *g, int x)
{
    const struct tensor *a = &g->t[x];
    int k = mnq_rng_in(&g->rng, 1, 3);

    if (a->h < k || a->w < k) return x;
    return add_layer(g, (struct spec){.op = AVGPOOL, .k = k, .s = mnq_rng_in(&g->rng, 1, 2), .in0 = x, .linear = 1});
}

static int head(struct net *g, int x)
{
    struct tensor a = g->t[x];
    int kind = mnq_rng_in(&g->rng, 0, 4), table = kind == 2 ? SOFTMAX : LOGISTIC;

    if (kind == 0 || a.dtype == U8) return x;
    x = add_layer(g, (struct spec){.op = AVGPOOL, .k = a.h, .kw = a.w, .in0 = x, .linear = 1});
    x = add_layer(
        g, (struct spec){.op = PW, .oc = mnq_rng_in(&g->rng, 1, 30), .in0 = x, .linear = 1, .dtype = kind > 1 ? S16 : S8});
    return kind == 2 || kind == 3 ? add_layer(g, (struct spec){.op = table, .dtype = S16, .in0 = x}) : x;
}

/* ---- file ---- */

static int lives_meet(const struct tensor *a, const struct tensor *b)
{
    return a->born <= b->dies && b->born <= a->dies;
}

/* Places the tensors in random order, each at the lowest free offset; returns the arena's size. */
static uint32_t plan(struct net *g)
{
    int order[MAX_TENSORS];
    uint32_t size = 0;

    for (int i = 0; i < g->n_tensors; i++) {
        int j = mnq_rng_in(&g->rng, 0, i);
        order[i] = order[j];
        order[j] = i;
    }
    for (int i = 0; i < g->n_tensors; i++) {
        struct tensor *t = &g->t[order[i]];
        for (int j = 0; j < i; j++) {
            const struct tensor *u = &g->t[order[j]];
            if (!lives_meet(t, u) || u->offset + u->bytes <= t->offset || t->offset + t->bytes <= u->offset) continue;
            t->offset = (u->offset + u->bytes + 15) / 16 * 16;
            j = -1;
        }
        if (t->offset + t->bytes > size) size = t->offset + t->bytes;
    }
    return (size + 15) / 16 * 16;
}

static uint32_t crc(const uint8_t *p, size_t n)
{
    uint32_t c = ~0u;
    for (size_t i = 0; i < n; i++) {
        c ^= p[i];
        for (int k = 0; k < 8; k++) c = (c >> 1) ^ (0xedb88320u & (0u - (c & 1)));
    }
    return ~c;
}

static void put_tensors(struct net *g, uint8_t *p)
{
    uint32_t scale = 0;

    for (int i = 0; i < g->n_tensors; i++, p += 32) {
        const struct tensor *t = &g->t[i];
        put16(p, (uint32_t)t->h);
        put16(p + 2, (uint32_t)t->w);
        put16(p + 4, (uint32_t)t->c);
        p[6] = (uint8_t)t->dtype;
        put32(p + 8, (uint32_t)t->zp);
        put32(p + 12, t->offset);
        put32(p + 24, scale);
        scale += (uint32_t)t->c;
    }
}

static struct mnq_netgen_file write_file(struct net *g, int output)
{
    static const char tags[5][5] = {"TENS", "LAYR", "DATA", "SCAL", "META"};
    static const char meta[] = "{\"schema\": \"mnquant.meta/1\"}";
    int host = mnq_rng_chance(&g->rng, 50), count = host ? 5 : 3, first = mnq_rng_in(&g->rng, 0, count - 1);
    uint32_t arena, scales = 0, size[5], at = 48 + 16 * (uint32_t)count, where[5];
    struct mnq_netgen_file f = {0};

    g->t[output].dies = g->n_layers;
    arena = plan(g);
    for (int i = 0; i < g->n_tensors; i++) scales += (uint32_t)g->t[i].c;
    size[0] = 32 * (uint32_t)g->n_tensors;
    size[1] = 64 * (uint32_t)g->n_layers;
    size[2] = (uint32_t)g->n_data;
    size[3] = 4 * scales;
    size[4] = (uint32_t)sizeof meta - 1;
    for (int i = 0; i < count; i++) {
        int s = (first + i) % count;
        where[s] = at = (at + 15) / 16 * 16;
        at += size[s];
    }
    f.n = (at + 15) / 16 * 16;
    f.base = need(calloc(f.n + 16, 1));
    f.bytes = (uint8_t *)f.base + (-(uintptr_t)f.base & 15);
    uint8_t *b = f.bytes;
    memcpy(b, "MNQ\x1a", 4);
    put16(b + 4, 1);
    put16(b + 6, (uint32_t)mnq_rng_in(&g->rng, 0, 1));
    put32(b + 8, (uint32_t)f.n);
    put32(b + 16, (uint32_t)count);
    put32(b + 20, arena);
    put16(b + 24, (uint32_t)g->n_tensors);
    put16(b + 26, (uint32_t)g->n_layers);
    put16(b + 28, 0);
    put16(b + 30, (uint32_t)output);
    for (int i = 0; i < count; i++) {
        int s = (first + i) % count;
        uint8_t *row = b + 48 + 16 * i;
        memcpy(row, tags[s], 4);
        put32(row + 4, where[s]);
        put32(row + 8, size[s]);
    }
    put_tensors(g, b + where[0]);
    for (int i = 0; i < g->n_layers; i++) memcpy(b + where[1] + 64 * (size_t)i, g->layer[i].b, 64);
    memcpy(b + where[2], g->data, g->n_data);
    if (host) {
        for (uint32_t i = 0; i < scales; i++) put32(b + where[3] + 4 * i, 0x3d000000u); /* 0.03125f */
        memcpy(b + where[4], meta, sizeof meta - 1);
    }
    put32(b + 12, crc(b + 16, f.n - 16));
    return f;
}

struct mnq_netgen_file mnq_netgen(uint64_t seed)
{
    struct net *g = need(calloc(1, sizeof *g));
    struct mnq_netgen_file f;

    g->rng = mnq_rng_seed(0x6e6574, seed);
    int dtype = mnq_rng_chance(&g->rng, 70) ? U8 : S8;
    int x = new_tensor(g, mnq_rng_in(&g->rng, 1, 20), mnq_rng_in(&g->rng, 1, 20), mnq_rng_in(&g->rng, 1, 4), dtype);
    g->t[x].born = -1;
    struct spec stem = spatial(g, mnq_rng_chance(&g->rng, 80) ? CONV : DWCONV, x, mnq_rng_in(&g->rng, 1, 2));
    stem.oc = channels(g);
    x = add_layer(g, stem);
    for (int blocks = mnq_rng_in(&g->rng, 0, 5); blocks > 0; blocks--) {
        int kind = mnq_rng_in(&g->rng, 0, 9);
        if (kind < 3) x = separable(g, x);
        else if (kind < 7) x = inverted_residual(g, x);
        else if (kind < 8) x = squeeze_excite(g, x);
        else if (kind < 9) x = window(g, x);
        else {
            struct spec s = spatial(g, CONV, x, 1);
            s.oc = mnq_rng_in(&g->rng, 1, 12);
            x = add_layer(g, s);
        }
    }
    x = head(g, x);
    f = write_file(g, x);
    free(g->data);
    free(g);
    return f;
}
