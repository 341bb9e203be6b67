/* SPDX-License-Identifier: Apache-2.0
 * Random cases of the kernel check: inputs of every magnitude, weights, biases near the proven bound, multipliers and clamps
 * at extremes.
 *
 * Every case keeps what the loader guarantees a kernel: the accumulator bounds of NUMERICS.md sections 4 to 7, the value
 * ranges of sections 1 to 3, padding smaller than the kernel. Inside that, extremes are the rule. */
#include "kcase.h"

#include "kpacked.h"
#include "kshape.h"
#include "rng.h"

#include <stdlib.h>
#include <string.h>

/* How hard a case pushes; chosen once per case so that extremes meet. */
struct profile {
    int plain; /* nothing extreme: outputs spread over their range */
    int weights, data, bias, scale, clamp, bound;
    int zeros;   /* percent of blocks that SPARSE and SPARSE4 leave out */
    int clamped; /* no other activation */
};

enum { FULL, MAX, MIN, ALTERNATE, SMALL, SPIKES, BELL, PATTERNS };
enum { B_SMALL, B_ZERO, B_TOP, B_BOTTOM, B_ANY, B_COUNT };
enum { S_TYPICAL, S_EDGES, S_LARGE_M, S_ANY_M, S_MIXED, S_COUNT };
enum { C_FULL, C_RELU, C_RELU6, C_POINT, C_ANY, C_COUNT };

#define PICK(g, a) ((a)[mnq_rng_in(g, 0, (int)(sizeof(a) / sizeof *(a)) - 1)])

static const char *const op_names[MNQ_KOPS + 1] = {"",        "conv",     "dwconv",  "pw",     "avgpool",  "add",   "mul",
                                                   "softmax", "logistic", "maxpool", "select", "upsample", "spread"};

const char *mnq_kop_name(int op)
{
    return op >= 1 && op <= MNQ_KOPS ? op_names[op] : "";
}

int mnq_kop_find(const char *name)
{
    for (int op = 1; op <= MNQ_KOPS; op++) {
        if (!strcmp(name, op_names[op])) return op;
    }
    return 0;
}

/* One value of a pattern within -max-1..max or -max..max. */
static int32_t pattern_at(struct mnq_rng *g, int kind, size_t i, int32_t lo, int32_t hi)
{
    switch (kind) {
    case MAX:
        return hi;
    case MIN:
        return lo;
    case ALTERNATE:
        return i % 2 ? lo : hi;
    case SMALL:
        return mnq_rng_in(g, -3, 3);
    case SPIKES:
        return mnq_rng_chance(g, 4) ? (mnq_rng_chance(g, 50) ? lo : hi) : 0;
    case BELL:
        return (mnq_rng_in(g, lo, hi) + mnq_rng_in(g, lo, hi) + mnq_rng_in(g, lo, hi)) / 3;
    default:
        return mnq_rng_in(g, lo, hi);
    }
}

/* ---- arrays ---- */

static void *array(struct mnq_kcase *k, struct mnq_rng *g, int which, size_t n, size_t width)
{
    k->g[which] = mnq_guard_new(n * width, (unsigned)mnq_rng_in(g, 0, 3));
    memset(k->g[which].p, 0, n * width);
    return k->g[which].p;
}

static int32_t wide_get(const void *p, size_t i, int width)
{
    return width == 2 ? ((const int16_t *)p)[i] : ((const int8_t *)p)[i];
}

static void wide_set(void *p, size_t i, int width, int32_t v)
{
    if (width == 2) ((int16_t *)p)[i] = (int16_t)v;
    else ((int8_t *)p)[i] = (int8_t)v;
}

/* What an input may hold; the larger end is its magnitude. */
struct range {
    int32_t lo, hi;
};

static int32_t absolute(int32_t x)
{
    return x < 0 ? -x : x;
}

static int32_t magnitude(struct range r)
{
    return absolute(r.lo) > absolute(r.hi) ? absolute(r.lo) : absolute(r.hi);
}

/* 8 bits, or what clamps make of 16: a width from 9 to 16 bits, one side of zero, a few values, any two numbers. */
static struct range pick_range(struct mnq_rng *g, int wide, const struct profile *p)
{
    int32_t half = 1 << mnq_rng_in(g, 8, 15), a = mnq_rng_in(g, -32768, 32767), b = mnq_rng_in(g, -32768, 32767);
    int kind = p->plain ? 0 : mnq_rng_in(g, 0, 9);
    struct range r = {-half, half - 1};

    if (!wide) return (struct range){-128, 127};
    if (kind == 4 || kind == 5) r = (struct range){-32768, 32767};
    else if (kind == 6) r.lo = 0;
    else if (kind == 7) r.hi = 0;
    else if (kind == 8) r = (struct range){-mnq_rng_in(g, 0, 3), mnq_rng_in(g, 0, 200)};
    else if (kind == 9) r = a < b ? (struct range){a, b} : (struct range){b, a};
    if (p->bound) r.lo = -magnitude(r);
    return r;
}

static void fill_input(struct mnq_rng *g, struct mnq_guard *b, int width, int kind, int32_t zp, struct range r)
{
    size_t n = b->n / (size_t)width;
    int constant = mnq_rng_chance(g, 5);

    for (size_t i = 0; i < n; i++) {
        int32_t v = constant ? zp : pattern_at(g, kind, i, r.lo, r.hi);
        wide_set(b->p, i, width, v < r.lo ? r.lo : v > r.hi ? r.hi : v);
    }
}

/* Output channel o's weights are at first + j * step, j < count. */
struct column {
    size_t first, step, count;
};

static struct column column_of(const struct mnq_layer *l, int o)
{
    size_t kk = (size_t)l->kh * l->kw, oc = (size_t)l->oc, c = (size_t)l->c, u = (size_t)o;
    if (l->op == MNQ_L_CONV && l->mult > 1) c /= l->mult;
    switch (l->op) {
    case MNQ_L_CONV:
        return (struct column){u * kk * c, 1, kk * c};
    case MNQ_L_DWCONV:
        return (struct column){u, oc, kk};
    case MNQ_L_PW:
        return (struct column){u * c, 1, c};
    case MNQ_L_ADD:
        return (struct column){u, oc, 2};
    default:
        return (struct column){0, 0, 0};
    }
}

/* The magnitude that meets weight j. */
static int64_t magnitude_at(const struct mnq_kcase *k, size_t j)
{
    return k->l.op == MNQ_L_ADD && j ? k->a1 : k->a0;
}

/* Fills one channel's weights within the accumulator bound; returns the sum of |w| times magnitude. */
static int64_t fill_weights(struct mnq_rng *g, const struct mnq_kcase *k, struct column col, void *w, int kind)
{
    int width = k->l.wtype == MNQ_W_S16 ? 2 : 1;
    int32_t top = width == 2 ? 32767 : 127;
    int64_t reach = 0, after = 0;

    for (size_t j = 0; j < col.count; j++) {
        int32_t v = pattern_at(g, kind, j, -top, top);
        wide_set(w, col.first + j * col.step, width, v);
        reach += absolute(v) * magnitude_at(k, j);
    }
    for (size_t j = 0; j < col.count; j++) {
        int64_t v = wide_get(w, col.first + j * col.step, width);
        if (reach > INT32_MAX) v = v * INT32_MAX / reach;
        wide_set(w, col.first + j * col.step, width, (int32_t)v);
        after += absolute((int32_t)v) * magnitude_at(k, j);
    }
    return after;
}

static int32_t pick_bias(struct mnq_rng *g, int kind, int64_t reach)
{
    int32_t room = (int32_t)(INT32_MAX - reach);
    int32_t small = reach / 2 < room ? (int32_t)(reach / 2) : room;

    switch (kind) {
    case B_ZERO:
        return 0;
    case B_TOP:
        return room;
    case B_BOTTOM:
        return -room;
    case B_ANY:
        return mnq_rng_in(g, -room, room);
    default:
        return mnq_rng_in(g, -small, small);
    }
}

/* Multiplier and shift near a real ratio > 0, or at the edges of their ranges. */
static void pick_scale(struct mnq_rng *g, int kind, double ratio, int32_t *m, int8_t *r)
{
    static const int32_t edges[] = {0, 1, 1 << 30, (1 << 30) + 1, INT32_MAX - 1, INT32_MAX};
    int shift = 31;

    if (kind == S_MIXED) kind = mnq_rng_in(g, 0, S_COUNT - 2);
    *r = (int8_t)mnq_rng_in(g, -30, 31);
    if (kind == S_EDGES) {
        *m = PICK(g, edges);
        return;
    }
    *m = mnq_rng_in(g, kind == S_ANY_M ? 0 : 1 << 30, INT32_MAX);
    if (kind != S_TYPICAL) return;
    ratio *= 0.5 + mnq_rng_in(g, 0, 1000) / 1000.0;
    for (double x = ratio * 9223372036854775808.0; x >= 2147483648.0 && shift > -30; shift--) x *= 0.5;
    *r = (int8_t)shift;
}

static void pick_clamp(struct mnq_rng *g, int kind, struct mnq_requant_params *q)
{
    int32_t lo = q->out16 ? -32768 : -128, hi = q->out16 ? 32767 : 127, a = mnq_rng_in(g, lo, hi), b = mnq_rng_in(g, lo, hi);

    q->lo = lo, q->hi = hi;
    if (kind == C_RELU || kind == C_RELU6) q->lo = q->zp;
    if (kind == C_RELU6) q->hi = mnq_rng_in(g, q->zp, hi);
    if (kind == C_POINT) q->lo = q->hi = a;
    if (kind == C_ANY) q->lo = a < b ? a : b, q->hi = a < b ? b : a;
}

static int32_t pick_zero_point(struct mnq_rng *g, int plain)
{
    static const int32_t edges[] = {-128, 127, 0};
    if (plain) return mnq_rng_in(g, -40, 10);
    return mnq_rng_chance(g, 50) ? PICK(g, edges) : mnq_rng_in(g, -128, 127);
}

/* Bound of the accumulators of layers without weights, bias aside. */
static int64_t plain_reach(const struct mnq_kcase *k)
{
    static const int64_t multiple[] = {1, 1, 2, 6, 12, 60, 60, 420};
    const struct mnq_layer *l = &k->l;
    const int64_t window = (int64_t)l->kh * l->kw;

    if (l->counted) return ((int64_t)k->a0 + absolute(l->zp0)) * multiple[l->kh] * multiple[l->kw];
    switch (l->op) {
    case MNQ_L_AVGPOOL:
        return k->a0 * window;
    case MNQ_L_UPSAMPLE:
        return k->a0 * (l->mult ? 4 * window : 1);
    default:
        return k->a0 > k->a1 ? k->a0 : k->a1;
    }
}

/* What accumulators of the channel are with random data: the root of the terms' squares, plus the bias. */
static double typical_acc(const struct mnq_kcase *k, struct column col, const void *w, int32_t bias)
{
    const struct mnq_layer *l = &k->l;
    double a = k->a0 / 2.0, sum = l->op == MNQ_L_AVGPOOL ? a * a * l->kh * l->kw : 1.0, root;
    if (l->counted || l->op > MNQ_L_LOGISTIC)
        return 1.0 + (double)plain_reach(k) / 2.0 + (bias < 0 ? -(double)bias : (double)bias);

    if (l->op == MNQ_L_MUL) return 1.0 + 0.4 * k->a0 * k->a1;
    for (size_t j = 0; j < col.count; j++) {
        double v = wide_get(w, col.first + j * col.step, l->wtype == MNQ_W_S16 ? 2 : 1) * (double)magnitude_at(k, j) / 2.0;
        sum += v * v;
    }
    root = sum > 1.0 ? sum : 1.0;
    for (int i = 0; i < 60; i++) root = 0.5 * (root + sum / root);
    return root + (bias < 0 ? -(double)bias : (double)bias);
}

/* ---- whole case ---- */

/* What to make of compressed weights; wtype 0 if the layer has none. */
static struct mnq_wmake packed_of(const struct mnq_kcase *k, const struct profile *p)
{
    const struct mnq_layer *l = &k->l;
    int32_t far = k->a0 > 32767 ? 32767 : k->a0;
    int style = p->weights == MAX ? 1 : p->weights == MIN ? 2 : p->weights == ALTERNATE ? 3 : 0;

    return (struct mnq_wmake){.wtype = l->op == MNQ_L_PW && l->wtype > MNQ_W_S16 ? l->wtype : 0,
                              .c = l->c,
                              .oc = l->oc,
                              .field = l->mult,
                              .a = k->a0 > 0 ? k->a0 : 1,
                              .style = style,
                              .zeros = p->zeros,
                              .lo = -far,
                              .hi = far};
}

/* Knots of any height, or of a curve that rises. */
static int16_t *make_table(struct mnq_kcase *k, struct mnq_rng *g, const struct profile *p)
{
    int16_t *t = array(k, g, KA_TABLE, 257, 2);
    int32_t at = mnq_rng_in(g, -32768, 0);

    for (int i = 0; i < 257; i++) {
        at += mnq_rng_in(g, 0, 250);
        t[i] = (int16_t)(p->plain ? (at > 32767 ? 32767 : at) : pattern_at(g, p->data, (size_t)i, -32768, 32767));
    }
    return t;
}

static void make_channels(struct mnq_kcase *k, struct mnq_rng *g, const struct profile *p)
{
    struct mnq_layer *l = &k->l;
    size_t oc = (size_t)l->oc, per = column_of(l, 0).count;
    struct mnq_wmake make = packed_of(k, p);
    int32_t *v = make.wtype ? mnq_kpacked_make(g, &make) : NULL;
    int map = l->wtype == MNQ_W_MAP;
    size_t bytes = v ? mnq_wpack_size(make.wtype, make.c, make.oc, make.field, v) : map ? oc : per * oc;
    void *w = l->wtype ? array(k, g, KA_W, bytes, l->wtype == MNQ_W_S16 || map ? 2 : 1) : NULL;
    int32_t *bias = array(k, g, KA_BIAS, oc, 4), *m = array(k, g, KA_MULT, oc, 4), *m2 = NULL;
    int8_t *r = array(k, g, KA_SHIFT, oc, 1), *r2 = NULL;
    double one = (double)(1 << l->q.frac), span = l->q.out16 ? 15000.0 : 90.0;

    if (l->q.act != MNQ_A_CLAMP) {
        m2 = array(k, g, KA_MULT2, oc, 4);
        r2 = array(k, g, KA_SHIFT2, oc, 1);
    }
    if (l->q.act == MNQ_A_TABLE) l->q.table = make_table(k, g, p);
    for (int o = 0; o < l->oc; o++) {
        struct column col = column_of(l, o);
        int64_t reach = l->op == MNQ_L_AVGPOOL || l->op > MNQ_L_LOGISTIC ? plain_reach(k) : 0;
        if (v) reach = mnq_wmake_row(&make, v, o).reach;
        else if (map) ((uint16_t *)w)[o] = (uint16_t)mnq_rng_in(g, 0, l->c + l->c1 - 1);
        else if (w) reach = fill_weights(g, k, col, w, p->weights);
        if (l->op != MNQ_L_MUL) bias[o] = pick_bias(g, p->bias, reach);
        int32_t b = p->bias == B_SMALL ? 0 : bias[o];
        double acc = v ? mnq_kpacked_acc(&make, v, o, b) : typical_acc(k, col, w, b);
        if (l->q.act == MNQ_A_PRELU || l->q.act == MNQ_A_TABLE) {
            int prelu = l->q.act == MNQ_A_PRELU;
            pick_scale(g, p->scale, (prelu ? span : 20000.0) / acc, &m[o], &r[o]);
            pick_scale(g, p->scale, prelu ? span / acc : span / 4e6, &m2[o], &r2[o]);
            if (prelu && mnq_rng_chance(g, 30)) m2[o] = -m2[o];
            continue;
        }
        pick_scale(g, p->scale, (l->q.act == MNQ_A_CLAMP ? span : 4.0 * one) / acc, &m[o], &r[o]);
        if (m2) pick_scale(g, p->scale, span / (l->q.act == MNQ_A_HSWISH ? 24.0 * one * one : 4.0 * one), &m2[o], &r2[o]);
    }
    if (v) mnq_wpack_write(make.wtype, make.c, make.oc, make.field, v, w);
    free(v);
    l->weights = w;
    l->q.bias = bias, l->q.mult = m, l->q.shift = r, l->q.mult2 = m2, l->q.shift2 = r2;
}

static void make_padding(struct mnq_kcase *k, struct mnq_rng *g, int extreme)
{
    struct mnq_layer *l = &k->l;
    int kind = extreme ? 1 : mnq_rng_in(g, 0, 3);
    int8_t *pad = array(k, g, KA_PAD, (size_t)l->c, 1);

    for (int i = 0; i < l->c; i++) {
        pad[i] = (int8_t)(kind == 0 ? l->zp0 : kind == 1 ? -128 : kind == 2 ? 127 : mnq_rng_in(g, -128, 127));
    }
    l->pad = pad;
}

/* SOFTMAX and LOGISTIC: from steps of half a bit to 2^-16 bits; a quarter hits whole powers of two up to underflow. */
static void make_exponent(struct mnq_kcase *k, struct mnq_rng *g, const struct profile *p)
{
    struct mnq_layer *l = &k->l;
    int32_t *m = array(k, g, KA_MULT, 1, 4);
    int8_t *r = array(k, g, KA_SHIFT, 1, 1);
    int kind = p->scale == S_EDGES ? S_EDGES : p->scale == S_MIXED ? S_ANY_M : S_TYPICAL;

    pick_scale(g, kind, (double)(1 << mnq_rng_in(g, 0, 12)), m, r);
    if (mnq_rng_chance(g, 25)) {
        int bits = mnq_rng_in(g, 8, 16), span = 20 << (16 - bits);
        int16_t *q = (int16_t *)(void *)k->g[KA_IN0].p;
        for (int i = 0; i < l->h * l->w * l->c; i++) q[i] = (int16_t)mnq_rng_in(g, -span, l->op == MNQ_L_SOFTMAX ? 0 : span);
        if (k->a0 < span) k->a0 = span;
        *m = 1 << 30;
        *r = (int8_t)(-2 - bits); /* a step of q is 2^bits in Q16 */
    }
    l->q.mult = m, l->q.shift = r;
    l->q.lo = 0, l->q.hi = 32767;
}

size_t mnq_kcase_second(const struct mnq_layer *l)
{
    if (l->op != MNQ_L_ADD && l->op != MNQ_L_MUL && l->op != MNQ_L_SELECT) return 0;
    return (l->point1 ? 1 : (size_t)l->h * (size_t)l->w) * (size_t)l->c1;
}

/* Zero points, magnitudes and data of both inputs. */
static void make_inputs(struct mnq_kcase *k, struct mnq_rng *g, const struct profile *p)
{
    struct mnq_layer *l = &k->l;
    int window = (l->op == MNQ_L_CONV || l->op == MNQ_L_DWCONV) && (l->kh > 1 || l->kw > 1); /* padding may be there */
    size_t n = (size_t)l->h * (size_t)l->w * (size_t)l->c;
    struct range r0 = pick_range(g, l->in16, p), r1 = pick_range(g, l->in16b, p);

    l->zp0 = l->in16 ? 0 : pick_zero_point(g, p->plain);
    k->a0 = window && magnitude(r0) < 128 ? 128 : magnitude(r0);
    array(k, g, KA_IN0, n, l->in16 ? 2 : 1);
    fill_input(g, &k->g[KA_IN0], l->in16 ? 2 : 1, p->data, l->zp0, r0);
    if (mnq_kcase_second(l) == 0) return;
    l->zp1 = l->in16b ? 0 : pick_zero_point(g, p->plain);
    k->a1 = magnitude(r1);
    array(k, g, KA_IN1, mnq_kcase_second(l), l->in16b ? 2 : 1);
    fill_input(g, &k->g[KA_IN1], l->in16b ? 2 : 1, p->bound ? p->data : mnq_rng_in(g, 0, PATTERNS - 1), l->zp1, r1);
}

/* Scratch for the kernel: none, some, or as much as it could want. */
static void pick_scratch(struct mnq_kcase *k, struct mnq_rng *g)
{
    size_t most = ((size_t)k->l.c << k->l.in16) * 40, some = (size_t)mnq_rng_in(g, 0, (int32_t)most);
    int kind = mnq_rng_in(g, 0, 3);

    k->scratch = kind == 0 ? 0 : kind == 1 ? most : some;
}

static void make(struct mnq_kcase *k, struct mnq_rng *g, const struct profile *p)
{
    struct mnq_layer *l = &k->l;
    int table = l->op == MNQ_L_SOFTMAX || l->op == MNQ_L_LOGISTIC;

    k->macs = mnq_kshape_work(l);
    k->out_n = (size_t)l->oh * (size_t)l->ow * (size_t)l->oc;
    if (l->op <= MNQ_L_AVGPOOL && !l->in16 && mnq_rng_chance(g, 30)) l->in_flip = 0x80;
    l->q.out16 = table || mnq_rng_chance(g, 20);
    l->q.zp = l->q.out16 ? 0 : pick_zero_point(g, p->plain);
    k->out_bytes = k->out_n * (l->q.out16 ? 2 : 1);
    make_inputs(k, g, p);
    if (l->in_flip) {
        for (size_t i = 0; i < k->g[KA_IN0].n; i++) k->g[KA_IN0].p[i] ^= 0x80;
    }
    if (table) {
        make_exponent(k, g, p);
        return;
    }
    l->q.act = p->clamped || mnq_rng_chance(g, 50) ? MNQ_A_CLAMP : (uint8_t)mnq_rng_in(g, MNQ_A_HSWISH, MNQ_A_TABLE);
    l->q.frac = l->q.act != MNQ_A_HSWISH && l->q.act != MNQ_A_HSIGMOID ? 0 : (uint8_t)mnq_rng_in(g, 0, 12);
    make_channels(k, g, p);
    pick_clamp(g, p->clamp, &l->q);
    if (l->op == MNQ_L_CONV || l->op == MNQ_L_DWCONV) make_padding(k, g, p->bound);
    if (mnq_wpack_sparse(l->wtype) || l->wtype == MNQ_W_BINARY) pick_scratch(k, g);
}

static void seal(struct mnq_kcase *k)
{
    for (int i = 0; i < KA_COUNT; i++) mnq_guard_seal(&k->g[i]);
}

static struct profile pick_profile(struct mnq_rng *g)
{
    struct profile p = {.plain = mnq_rng_chance(g, 40), .zeros = mnq_rng_chance(g, 80) ? mnq_rng_in(g, 0, 100) : 0};

    if (p.plain) return p;
    if (mnq_rng_chance(g, 50)) p.weights = mnq_rng_in(g, 0, PATTERNS - 1);
    if (mnq_rng_chance(g, 50)) p.data = mnq_rng_in(g, 0, PATTERNS - 1);
    if (mnq_rng_chance(g, 50)) p.bias = mnq_rng_in(g, 0, B_COUNT - 1);
    if (mnq_rng_chance(g, 50)) p.scale = mnq_rng_in(g, 0, S_COUNT - 1);
    if (mnq_rng_chance(g, 50)) p.clamp = mnq_rng_in(g, 0, C_COUNT - 1);
    p.bound = mnq_rng_chance(g, 12);
    if (p.bound) { /* the accumulator reaches exactly +-(2^31 - 1) */
        p.data = MIN;
        p.weights = mnq_rng_chance(g, 50) ? MIN : MAX;
        p.bias = p.weights == MIN ? B_TOP : B_BOTTOM;
    }
    return p;
}

void mnq_kcase_make(struct mnq_kcase *k, int op, uint64_t seed)
{
    struct mnq_rng g = mnq_rng_seed((uint64_t)op << 32, seed);
    struct profile p = pick_profile(&g);
    int bases;

    memset(k, 0, sizeof *k);
    k->l.op = (uint8_t)op;
    do {
        mnq_kshape_pick(&g, &k->l);
        bases = k->l.wtype == MNQ_W_BINARY ? k->l.mult : 1;
    } while (mnq_kshape_work(&k->l) * bases > 300000 || (int64_t)k->l.h * k->l.w * (k->l.c + k->l.c1) > 30000 ||
             (k->l.counted && k->l.kh + k->l.kw > 13)); /* 7 x 7 leaves no room for 16 bits */
    k->l.in16 = op == MNQ_L_SOFTMAX || op == MNQ_L_LOGISTIC || mnq_rng_chance(&g, 40);
    k->l.in16b = mnq_kcase_second(&k->l) > 0 && mnq_rng_chance(&g, 40);
    make(k, &g, &p);
    seal(k);
}

void mnq_kcase_shaped(struct mnq_kcase *k, const struct mnq_layer *shape, int zeros, uint64_t seed)
{
    struct mnq_rng g = mnq_rng_seed(shape->op, seed);
    struct profile p = {.plain = 1, .weights = BELL, .zeros = zeros, .clamped = 1};

    memset(k, 0, sizeof *k);
    k->l = *shape;
    if (shape->op == MNQ_L_ADD || shape->op == MNQ_L_MUL) {
        k->l.c1 = shape->c;
        k->l.point1 = shape->op == MNQ_L_MUL && (shape->h > 1 || shape->w > 1);
    }
    make(k, &g, &p);
    seal(k);
}

void mnq_kcase_free(struct mnq_kcase *k)
{
    for (int i = 0; i < KA_COUNT; i++) mnq_guard_free(&k->g[i]);
}
