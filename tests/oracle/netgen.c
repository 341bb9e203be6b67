/* SPDX-License-Identifier: Apache-2.0
 * Grows a random network layer by layer. */
#include "netgen_net.h"

#include "wmake.h"

#include <stdlib.h>
#include <string.h>

/* ---- tensors ---- */

/* What an S16 tensor may hold: mostly a width of 9 to 16 bits, now and then any range at all. */
static void pick_range(struct mnq_netgen_net *g, struct mnq_netgen_tensor *t)
{
    int32_t half = 1 << mnq_rng_in(&g->rng, 8, 15);

    t->lo = mnq_rng_chance(&g->rng, 50) ? 1 - half : -half;
    t->hi = half - 1;
    if (mnq_rng_chance(&g->rng, 10)) {
        t->lo = -mnq_rng_in(&g->rng, 0, 32768);
        t->hi = mnq_rng_in(&g->rng, 0, 32767);
    }
    t->spread = 1.0 + 0.14 * (t->hi - t->lo);
}

static int new_tensor(struct mnq_netgen_net *g, int h, int w, int c, int dtype)
{
    struct mnq_netgen_tensor *t = &g->t[g->n_tensors];

    *t = (struct mnq_netgen_tensor){.h = h, .w = w, .c = c, .dtype = dtype, .born = g->n_layers, .dies = g->n_layers};
    t->lo = -128, t->hi = 127, t->a = 128, t->spread = 60.0;
    t->bytes = (uint32_t)h * (uint32_t)w * (uint32_t)c * (dtype == NG_S16 ? 2 : 1);
    if (dtype == NG_S16) pick_range(g, t);
    else t->zp = mnq_rng_chance(&g->rng, 20) ? mnq_rng_in(&g->rng, -128, 127) : mnq_rng_in(&g->rng, -128, 20);
    return g->n_tensors++;
}

/* ---- weights and multipliers ---- */

/* What a layer is to be; kernel 1, stride 1 and no padding unless said otherwise. */
struct spec {
    int op, act, k, kw, s, sw, pad[4], mult, oc, dtype, in0, in1;
    int linear; /* no lower clamp at zero */
    int wtype, field;
    int two;    /* SELECT: there is an in1 */
    int groups; /* CONV; 0: one */
    int map;    /* SELECT: channels as they come */
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

/* One output channel: its weights are w[j * step], j < count. */
struct column {
    int32_t *w;
    size_t step, count;
    double acc;          /* what an accumulator typically is */
    int64_t zero, reach; /* sum of w * zero point, and of |w| * magnitude */
};

static struct column column_of(const struct spec *s, int c, int32_t *w, int o)
{
    size_t kk = (size_t)s->k * (size_t)s->kw, channels = (size_t)(s->groups > 1 ? c / s->groups : c);
    size_t count = s->op == NG_CONV ? kk * channels : s->op == NG_DWCONV ? kk : s->op == NG_PW ? channels : 0;
    int rows = s->op == NG_CONV || s->op == NG_PW;

    if (s->op == NG_ADD) count = 2;
    return (struct column){.w = w == NULL ? NULL : w + (rows ? (size_t)o * count : (size_t)o),
                           .step = rows ? 1 : (size_t)s->oc,
                           .count = count};
}

static int32_t absolute(int32_t x)
{
    return x < 0 ? -x : x;
}

static int padded(const struct spec *s)
{
    return s->pad[0] || s->pad[1] || s->pad[2] || s->pad[3];
}

/* The magnitude by which NUMERICS.md sections 4 and 6 count weight j. */
static int64_t magnitude_of(const struct mnq_netgen_net *g, const struct spec *s, size_t j)
{
    int64_t a = g->t[s->op == NG_ADD && j ? s->in1 : s->in0].a;
    return padded(s) && a < 128 ? 128 : a;
}

static void sum_column(const struct mnq_netgen_net *g, const struct spec *s, struct column *col)
{
    double energy = 0.0;

    col->zero = col->reach = 0;
    for (size_t j = 0; j < col->count; j++) {
        const struct mnq_netgen_tensor *t = &g->t[s->op == NG_ADD && j ? s->in1 : s->in0];
        int32_t x = col->w[j * col->step];
        energy += (x * t->spread) * (x * t->spread);
        col->zero += (int64_t)x * t->zp;
        col->reach += magnitude_of(g, s, j) * absolute(x);
    }
    col->acc = root(energy);
}

/* Random weights whose accumulators hold: up to the bound itself where the input is wide. */
static void fill_column(struct mnq_netgen_net *g, const struct spec *s, struct column *col, int32_t top)
{
    double a = g->t[s->in0].spread, b = g->t[s->in1].spread, least = a < b ? a : b;
    int64_t room = mnq_rng_chance(&g->rng, 50) ? INT32_MAX : INT32_MAX / 100 * mnq_rng_in(&g->rng, 40, 99);

    for (size_t j = 0; j < col->count; j++) {
        int32_t x = mnq_rng_in(&g->rng, s->op == NG_ADD ? 3000 : -top, top);
        col->w[j * col->step] =
            s->op == NG_ADD ? 1 + (int32_t)((x - 1) * (least / (j ? b : a))) : x; /* both addends count */
    }
    sum_column(g, s, col);
    if (col->reach <= room) return;
    for (size_t j = 0; j < col->count; j++) {
        col->w[j * col->step] = (int32_t)(col->w[j * col->step] * room / col->reach);
    }
    sum_column(g, s, col);
}

/* Layers that take one value, or shares of several. */
static void sum_moved(const struct mnq_netgen_net *g, const struct spec *s, struct column *col)
{
    static const int64_t multiple[] = {1, 1, 2, 6, 12, 60, 60, 420};
    const struct mnq_netgen_tensor *a = &g->t[s->in0], *b = s->two ? &g->t[s->in1] : a;
    int64_t shares = s->op == NG_UPSAMPLE && s->field ? 4 * s->k * s->kw : 1;

    if (s->op == NG_AVGPOOL) {
        shares = multiple[s->k] * multiple[s->kw];
        col->acc = a->spread * (double)shares;
        col->reach = (a->a + (a->zp < 0 ? -a->zp : a->zp)) * shares;
        return;
    }
    col->acc = (a->spread > b->spread ? a->spread : b->spread) * (double)shares;
    col->zero = shares * a->zp;
    col->reach = shares * (a->a > b->a ? a->a : b->a);
}

/* AVGPOOL and MUL have no weights, but accumulators. */
static void sum_plain(const struct mnq_netgen_net *g, const struct spec *s, struct column *col)
{
    const struct mnq_netgen_tensor *a = &g->t[s->in0];
    int window = s->k * s->kw;

    if (s->op > NG_LOGISTIC || (s->op == NG_AVGPOOL && padded(s))) {
        sum_moved(g, s, col);
        return;
    }
    if (s->op == NG_MUL) {
        col->acc = 1.6 * a->spread * g->t[s->in1].spread;
        return;
    }
    col->acc = a->spread * root(window);
    col->zero = (int64_t)window * a->zp;
    col->reach = (int64_t)window * a->a;
}

/* The folded bias and a bit of its own, or as much as the bound leaves; rarely all of that. */
static int32_t pick_bias(struct mnq_netgen_net *g, const struct column *col)
{
    int64_t room = INT32_MAX - col->reach, b = (int64_t)(col->acc * mnq_rng_in(&g->rng, -100, 100) / 100.0) - col->zero;

    if (mnq_rng_chance(&g->rng, 1)) b = mnq_rng_chance(&g->rng, 50) ? INT32_MAX : -INT32_MAX;
    return (int32_t)(b < -room ? -room : b > room ? room : b);
}

/* Compressed weights of a PW layer: plain integers in *v, to be freed. */
static struct mnq_wmake pack_weights(struct mnq_netgen_net *g, const struct spec *s, int32_t **v)
{
    const struct mnq_netgen_tensor *a = &g->t[s->in0];
    int32_t reach = (int32_t)a->spread, style = mnq_rng_chance(&g->rng, 90) ? 0 : mnq_rng_in(&g->rng, 1, 3);
    struct mnq_wmake m = {.wtype = s->wtype, .c = a->c, .oc = s->oc, .field = s->field, .a = a->a, .style = style};

    m.zeros = mnq_rng_in(&g->rng, 0, 100);
    m.lo = a->zp - reach < -32768 ? -32768 : a->zp - reach;
    m.hi = a->zp + reach > 32767 ? 32767 : a->zp + reach;
    *v = mnq_netgen_need(calloc(mnq_wpack_count(m.wtype, m.c, m.oc, m.field), sizeof **v));
    mnq_wmake(&g->rng, &m, *v);
    return m;
}

/* What pack_weights() made, in DATA. */
static void write_packed(struct mnq_netgen_net *g, const struct mnq_wmake *m, const int32_t *v, uint8_t *row)
{
    size_t n = mnq_wpack_size(m->wtype, m->c, m->oc, m->field, v);
    uint8_t *bytes = mnq_netgen_need(malloc(n + 1));

    mnq_wpack_write(m->wtype, m->c, m->oc, m->field, v, bytes);
    mnq_netgen_put32(row + 28, mnq_netgen_bytes(g, bytes, n));
    mnq_netgen_put32(row + 32, (uint32_t)n);
    free(bytes);
}

static void sum_packed(const struct mnq_netgen_net *g, const struct spec *s, const struct mnq_wmake *m, const int32_t *v,
                       int o, struct column *col)
{
    struct mnq_wrow r = mnq_wmake_row(m, v, o);
    double spread = m->wtype == WP_XNOR ? 1.0 : g->t[s->in0].spread;

    col->reach = r.reach;
    col->zero = r.sum * g->t[s->in0].zp;
    col->acc = root(r.squares * spread * spread);
}

/* A curve that rises, or any knots at all. */
static void write_table(struct mnq_netgen_net *g, uint8_t *row)
{
    int32_t t[257], at = mnq_rng_in(&g->rng, -32768, -10000), any = mnq_rng_chance(&g->rng, 20);

    for (int i = 0; i < 257; i++) {
        at += mnq_rng_in(&g->rng, 0, 200);
        t[i] = any ? mnq_rng_in(&g->rng, -32768, 32767) : at > 32767 ? 32767 : at;
    }
    mnq_netgen_put32(row + 60, mnq_netgen_values(g, t, 257, 2));
}

/* Which channels a SELECT takes. */
static void write_map(struct mnq_netgen_net *g, const struct spec *s, uint8_t *row)
{
    int all = g->t[s->in0].c + (s->two ? g->t[s->in1].c : 0);
    int32_t *v = mnq_netgen_need(calloc((size_t)s->oc, sizeof *v));

    for (int i = 0; i < s->oc; i++) v[i] = mnq_rng_in(&g->rng, 0, all - 1);
    row[1] = 7;
    mnq_netgen_put32(row + 28, mnq_netgen_values(g, v, (size_t)s->oc, 2));
    mnq_netgen_put32(row + 32, 2 * (uint32_t)s->oc);
    free(v);
}

/* Weights, folded bias and multipliers of every output channel, such that the output spreads as it should. */
static void write_channels(struct mnq_netgen_net *g, const struct spec *s, uint8_t *row, double spread)
{
    size_t oc = (size_t)s->oc, count = column_of(s, g->t[s->in0].c, NULL, 0).count;
    int wtype = row[1];
    double one = (double)(1 << row[3]);
    int32_t *w = mnq_netgen_need(calloc(count * oc + 1, sizeof *w)), *v = mnq_netgen_need(calloc(5 * oc, sizeof *v));
    int32_t *bias = v, *m = v + oc, *sh = v + 2 * oc, *m2 = v + 3 * oc, *sh2 = v + 4 * oc, *packed = NULL;
    struct mnq_wmake make = {0};

    if (wtype > 2) make = pack_weights(g, s, &packed);
    for (int o = 0; o < s->oc; o++) {
        struct column col = column_of(s, g->t[s->in0].c, w, o);
        if (packed) sum_packed(g, s, &make, packed, o, &col);
        else if (wtype) fill_column(g, s, &col, wtype == 2 ? 32767 : 127);
        else sum_plain(g, s, &col);
        double x = (s->act == NG_CLAMP || s->act == NG_PRELU ? spread : s->act == NG_TABLE ? 12000.0 : 2.5 * one) / col.acc;
        if (s->op != NG_MUL) bias[o] = pick_bias(g, &col);
        split(x * (0.7 + mnq_rng_in(&g->rng, 0, 600) / 1000.0), &m[o], &sh[o]);
        if (s->act == NG_PRELU || s->act == NG_TABLE) {
            split(s->act == NG_PRELU ? spread / col.acc : spread / 3e6, &m2[o], &sh2[o]);
            if (s->act == NG_PRELU && mnq_rng_chance(&g->rng, 30)) m2[o] = -m2[o];
        } else if (s->act != NG_CLAMP) split(spread / (s->act == NG_HSWISH ? 12.0 * one * one : 2.4 * one), &m2[o], &sh2[o]);
    }
    if (packed) {
        write_packed(g, &make, packed, row);
    } else if (wtype) {
        mnq_netgen_put32(row + 28, mnq_netgen_values(g, w, count * oc, wtype));
        mnq_netgen_put32(row + 32, (uint32_t)(count * oc * (size_t)wtype));
    }
    mnq_netgen_put32(row + 36, mnq_netgen_values(g, bias, oc, 4));
    mnq_netgen_put32(row + 40, mnq_netgen_values(g, m, oc, 4));
    mnq_netgen_put32(row + 44, mnq_netgen_values(g, sh, oc, 1));
    if (s->act != NG_CLAMP) {
        mnq_netgen_put32(row + 48, mnq_netgen_values(g, m2, oc, 4));
        mnq_netgen_put32(row + 52, mnq_netgen_values(g, sh2, oc, 1));
    }
    if (s->act == NG_TABLE) write_table(g, row);
    free(packed);
    free(w);
    free(v);
}

/* SOFTMAX and LOGISTIC: one multiplier, log2(e) * scale in Q16; a typical logit becomes +-10 octaves or fewer. */
static void write_exponent(struct mnq_netgen_net *g, const struct spec *s, uint8_t *row)
{
    int32_t m, sh;

    split(mnq_rng_in(&g->rng, 90000, 900000) / g->t[s->in0].spread, &m, &sh);
    mnq_netgen_put32(row + 40, mnq_netgen_values(g, &m, 1, 4));
    mnq_netgen_put32(row + 44, mnq_netgen_values(g, &sh, 1, 1));
}

/* Real zero; raw pixels have one per channel, and the format allows any. */
static void write_padding(struct mnq_netgen_net *g, const struct mnq_netgen_tensor *a, uint8_t *row)
{
    int32_t *v = mnq_netgen_need(calloc((size_t)a->c, sizeof *v));
    int any = a->dtype == NG_U8 || mnq_rng_chance(&g->rng, 20);

    for (int i = 0; i < a->c; i++) v[i] = any ? mnq_rng_in(&g->rng, -128, 127) : a->zp;
    mnq_netgen_put32(row + 56, mnq_netgen_values(g, v, (size_t)a->c, 1));
    free(v);
}

/* ---- layers ---- */

static int is_table(int op)
{
    return op == NG_SOFTMAX || op == NG_LOGISTIC;
}

/* Clamps at the output tensor's range or, unless linear, at zero below and perhaps somewhere above; the range and the
 * magnitude become what the clamps leave. SOFTMAX and LOGISTIC have their own, whatever the clamps say. */
static void pick_clamp(struct mnq_netgen_net *g, const struct spec *s, struct mnq_netgen_tensor *t)
{
    if (s->act == NG_CLAMP && !s->linear && !is_table(s->op)) {
        t->lo = t->zp;
        if (mnq_rng_chance(&g->rng, 50)) t->hi = mnq_rng_in(&g->rng, (t->zp + t->hi) / 2, t->hi);
    }
    if (is_table(s->op) && mnq_rng_chance(&g->rng, 50)) t->lo = -3, t->hi = 5;
    if (is_table(s->op)) t->a = 32767, t->spread = 9000.0;
    else if (t->dtype == NG_S16) t->a = absolute(t->lo) > absolute(t->hi) ? absolute(t->lo) : absolute(t->hi);
}

/* Appends a layer and its output tensor; returns the tensor. */
static int add_layer(struct mnq_netgen_net *g, struct spec s)
{
    struct mnq_netgen_tensor *a = &g->t[s.in0];
    uint8_t *row = g->layer[g->n_layers];
    int two = s.op == NG_ADD || s.op == NG_MUL || (s.op == NG_SELECT && s.two),
        blocks = s.op == NG_UPSAMPLE || s.op == NG_SPREAD;

    if (!s.k) s.k = 1;
    if (!s.kw) s.kw = s.k;
    if (!s.s) s.s = 1;
    if (!s.sw) s.sw = s.s;
    if (s.op == NG_DWCONV) s.oc = a->c * s.mult;
    if (s.op == NG_SPREAD) s.oc = a->c / (s.k * s.kw);
    else if (s.op == NG_SELECT) s.oc = s.map ? s.oc : a->c + (s.two ? g->t[s.in1].c : 0);
    else if (s.op > NG_PW) s.oc = a->c;
    if (!s.dtype) s.dtype = mnq_rng_chance(&g->rng, g->wide) ? NG_S16 : NG_S8;
    int oh = (a->h + s.pad[0] + s.pad[2] - s.k) / s.s + 1, ow = (a->w + s.pad[1] + s.pad[3] - s.kw) / s.sw + 1;
    if (blocks) {
        oh = a->h * s.k - (s.op == NG_SPREAD ? mnq_rng_in(&g->rng, 0, s.k - 1) : 0);
        ow = a->w * s.kw - (s.op == NG_SPREAD ? mnq_rng_in(&g->rng, 0, s.kw - 1) : 0);
    }
    int out = new_tensor(g, oh, ow, s.oc, s.dtype);
    double spread = g->t[out].spread;

    a->dies = g->n_layers;
    if (two) g->t[s.in1].dies = g->n_layers;
    pick_clamp(g, &s, &g->t[out]);
    memset(row, 0, 64);
    memset(row + 28, 255, 32);
    mnq_netgen_put32(row + 32, 0);
    mnq_netgen_put32(row + 60, 0);
    row[0] = (uint8_t)s.op;
    s.wtype = s.op == NG_ADD ? 2 : s.op > NG_PW ? 0 : mnq_rng_in(&g->rng, 1, s.op == NG_PW && g->packed ? 8 : 2);
    if (s.wtype > WP_XNOR) s.wtype++; /* no maps */
    if (s.wtype == WP_XNOR && a->c > 1024) s.wtype = WP_BINARY;
    int mode = s.op == NG_UPSAMPLE ? s.field : s.op == NG_CONV && s.groups > 1 ? s.groups : 0;
    if (s.op != NG_UPSAMPLE) s.field = mnq_wmake_field(&g->rng, s.wtype, a->c);
    row[1] = (uint8_t)s.wtype;
    row[2] = (uint8_t)s.act;
    row[3] = (uint8_t)(s.act != NG_HSWISH && s.act != NG_HSIGMOID ? 0 : mnq_rng_in(&g->rng, 4, 12));
    mnq_netgen_put16(row + 4, (uint32_t)s.in0);
    mnq_netgen_put16(row + 6, two ? (uint32_t)s.in1 : NG_NONE);
    mnq_netgen_put16(row + 8, (uint32_t)out);
    row[10] = (uint8_t)s.k, row[11] = (uint8_t)s.kw, row[12] = (uint8_t)s.s, row[13] = (uint8_t)s.sw;
    for (int i = 0; i < 4; i++) row[14 + i] = (uint8_t)s.pad[i];
    mnq_netgen_put16(row + 18, (uint32_t)(s.op == NG_DWCONV ? s.mult : mode ? mode : s.op == NG_UPSAMPLE ? 0 : s.field));
    mnq_netgen_put32(row + 20, (uint32_t)g->t[out].lo);
    mnq_netgen_put32(row + 24, (uint32_t)g->t[out].hi);
    if (is_table(s.op)) write_exponent(g, &s, row);
    else write_channels(g, &s, row, spread);
    if (s.op == NG_SELECT && s.map) write_map(g, &s, row);
    if (s.op == NG_CONV || s.op == NG_DWCONV) write_padding(g, a, row);
    g->n_layers++;
    return out;
}

/* ---- blocks ---- */

static int some_act(struct mnq_netgen_net *g)
{
    if (g->newer && mnq_rng_chance(&g->rng, 40)) return mnq_rng_chance(&g->rng, 50) ? NG_PRELU : NG_TABLE;
    return mnq_rng_chance(&g->rng, 40) ? NG_HSWISH : NG_CLAMP;
}

/* A spatial convolution: SAME, VALID or asymmetric padding as it comes. */
static struct spec spatial(struct mnq_netgen_net *g, int op, int in, int stride)
{
    static const int sizes[] = {3, 3, 3, 5, 1};
    struct spec s = {.op = op, .act = some_act(g), .s = stride, .mult = 1, .in0 = in};
    const struct mnq_netgen_tensor *a = &g->t[in];
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

static int channels(struct mnq_netgen_net *g)
{
    return mnq_rng_chance(&g->rng, 50) ? 8 * mnq_rng_in(&g->rng, 1, 4) : mnq_rng_in(&g->rng, 1, 40);
}

static int squeeze_excite(struct mnq_netgen_net *g, int x)
{
    struct mnq_netgen_tensor a = g->t[x];
    int p = add_layer(g, (struct spec){.op = NG_AVGPOOL, .k = a.h, .kw = a.w, .in0 = x, .linear = 1});
    int q = add_layer(g, (struct spec){.op = NG_PW, .oc = 1 + a.c / 4, .in0 = p});
    int exact = mnq_rng_chance(&g->rng, g->wide); /* the gate is a sigmoid, not its piecewise form */
    int gate = exact ? add_layer(g, (struct spec){.op = NG_PW, .oc = a.c, .in0 = q, .linear = 1, .dtype = NG_S16})
                     : add_layer(g, (struct spec){.op = NG_PW, .act = NG_HSIGMOID, .oc = a.c, .in0 = q});
    if (exact) gate = add_layer(g, (struct spec){.op = NG_LOGISTIC, .dtype = NG_S16, .in0 = gate});
    return add_layer(g, (struct spec){.op = NG_MUL, .act = some_act(g), .in0 = x, .in1 = gate, .linear = 1});
}

static int separable(struct mnq_netgen_net *g, int x)
{
    struct spec dw = spatial(g, NG_DWCONV, x, mnq_rng_chance(&g->rng, 70) ? 1 : mnq_rng_in(&g->rng, 2, 3));

    if (mnq_rng_chance(&g->rng, 20)) dw.mult = mnq_rng_in(&g->rng, 2, 3);
    x = add_layer(g, dw);
    return add_layer(g, (struct spec){.op = NG_PW, .act = some_act(g), .oc = channels(g), .in0 = x});
}

static int inverted_residual(struct mnq_netgen_net *g, int x)
{
    int c = g->t[x].c, same = mnq_rng_chance(&g->rng, 60), act = some_act(g);
    int e = add_layer(g, (struct spec){.op = NG_PW, .act = act, .oc = c * mnq_rng_in(&g->rng, 1, 3), .in0 = x});
    struct spec dw = spatial(g, NG_DWCONV, e, same ? 1 : 2);

    if (same) {
        dw.kw = dw.k;
        for (int i = 0; i < 4; i++) dw.pad[i] = dw.k / 2;
    }
    int y = add_layer(g, dw);
    if (mnq_rng_chance(&g->rng, 40)) y = squeeze_excite(g, y);
    y = add_layer(g, (struct spec){.op = NG_PW, .oc = same ? c : channels(g), .in0 = y, .linear = 1});
    if (same) y = add_layer(g, (struct spec){.op = NG_ADD, .in0 = x, .in1 = y, .act = some_act(g), .linear = 1});
    return y;
}

static int window(struct mnq_netgen_net *g, int x)
{
    const struct mnq_netgen_tensor *a = &g->t[x];
    int k = mnq_rng_in(&g->rng, 1, 3);

    if (a->h < k || a->w < k) return x;
    return add_layer(g, (struct spec){.op = NG_AVGPOOL, .k = k, .s = mnq_rng_in(&g->rng, 1, 2), .in0 = x, .linear = 1});
}

/* A pool that reaches over the border. */
static int border_pool(struct mnq_netgen_net *g, int x)
{
    struct spec s = {.op = mnq_rng_chance(&g->rng, 60) ? NG_MAXPOOL : NG_AVGPOOL, .act = some_act(g), .in0 = x, .linear = 1};

    s.k = mnq_rng_in(&g->rng, 2, 3), s.kw = mnq_rng_in(&g->rng, 2, 3), s.s = mnq_rng_in(&g->rng, 1, 2);
    s.pad[0] = mnq_rng_in(&g->rng, 0, s.k - 1), s.pad[2] = s.k - 1 - s.pad[0];
    s.pad[1] = mnq_rng_in(&g->rng, 0, s.kw - 1), s.pad[3] = s.kw - 1 - s.pad[1];
    return add_layer(g, s);
}

/* Two branches beside one another, or some of their channels. */
static int branches(struct mnq_netgen_net *g, int x)
{
    int y = add_layer(g, (struct spec){.op = NG_PW, .act = some_act(g), .oc = channels(g), .in0 = x});
    int map = mnq_rng_chance(&g->rng, 40);

    if (mnq_rng_chance(&g->rng, 25))
        return add_layer(
            g, (struct spec){.op = NG_SELECT, .act = some_act(g), .in0 = y, .map = 1, .oc = channels(g), .linear = 1});
    return add_layer(
        g, (struct spec){.op = NG_SELECT, .in0 = x, .in1 = y, .two = 1, .map = map, .oc = channels(g), .linear = 1});
}

/* A sum or product whose second has one channel, one pixel, or neither. */
static int broadcast(struct mnq_netgen_net *g, int x)
{
    struct mnq_netgen_tensor a = g->t[x];
    int y = add_layer(g, (struct spec){.op = NG_PW, .oc = mnq_rng_chance(&g->rng, 50) ? 1 : a.c, .in0 = x, .linear = 1});

    if (mnq_rng_chance(&g->rng, 40))
        y = add_layer(g, (struct spec){.op = NG_AVGPOOL, .k = a.h, .kw = a.w, .in0 = y, .linear = 1});
    return add_layer(
        g, (struct spec){
               .op = mnq_rng_chance(&g->rng, 50) ? NG_ADD : NG_MUL, .act = some_act(g), .in0 = x, .in1 = y, .linear = 1});
}

static int enlarge(struct mnq_netgen_net *g, int x)
{
    struct spec s = {.op = NG_UPSAMPLE, .act = some_act(g), .in0 = x, .linear = 1};

    if (g->t[x].h * g->t[x].w > 120) return x;
    s.k = mnq_rng_in(&g->rng, 1, 3), s.kw = mnq_rng_in(&g->rng, 1, 3);
    s.field = mnq_rng_chance(&g->rng, 50);
    if (mnq_rng_chance(&g->rng, 50)) return add_layer(g, s);
    s.op = NG_SPREAD, s.field = 0;
    s.in0 = add_layer(g, (struct spec){.op = NG_PW, .oc = s.k * s.kw * mnq_rng_in(&g->rng, 1, 6), .in0 = x, .linear = 1});
    return add_layer(g, s);
}

static int in_groups(struct mnq_netgen_net *g, int x)
{
    int n = mnq_rng_in(&g->rng, 2, 3);
    int y = add_layer(g, (struct spec){.op = NG_PW, .oc = n * mnq_rng_in(&g->rng, 1, 8), .in0 = x});
    struct spec s = spatial(g, NG_CONV, y, 1);

    s.groups = n;
    s.oc = n * mnq_rng_in(&g->rng, 1, 6);
    return add_layer(g, s);
}

/* What only minor version 3 of the format has. */
static int newer(struct mnq_netgen_net *g, int x)
{
    switch (mnq_rng_in(&g->rng, 0, 4)) {
    case 0:
        return border_pool(g, x);
    case 1:
        return branches(g, x);
    case 2:
        return broadcast(g, x);
    case 3:
        return enlarge(g, x);
    default:
        return in_groups(g, x);
    }
}

static int head(struct mnq_netgen_net *g, int x)
{
    struct mnq_netgen_tensor a = g->t[x];
    int kind = mnq_rng_in(&g->rng, 0, 4), table = kind == 2 ? NG_SOFTMAX : NG_LOGISTIC;

    if (kind == 0 || a.dtype == NG_U8) return x;
    if (g->newer && kind > 1 && mnq_rng_chance(&g->rng, 40)) { /* per pixel */
        x = add_layer(g,
                      (struct spec){.op = NG_PW, .oc = mnq_rng_in(&g->rng, 1, 9), .in0 = x, .linear = 1, .dtype = NG_S16});
        return add_layer(g, (struct spec){.op = table, .dtype = NG_S16, .in0 = x});
    }
    x = add_layer(g, (struct spec){.op = NG_AVGPOOL, .k = a.h, .kw = a.w, .in0 = x, .linear = 1});
    x = add_layer(
        g, (struct spec){
               .op = NG_PW, .oc = mnq_rng_in(&g->rng, 1, 30), .in0 = x, .linear = 1, .dtype = kind > 1 ? NG_S16 : NG_S8});
    if (kind != 2 && kind != 3) return x;
    x = add_layer(g, (struct spec){.op = table, .dtype = NG_S16, .in0 = x});
    if (mnq_rng_chance(&g->rng, g->wide / 2)) x = add_layer(g, (struct spec){.op = NG_PW, .oc = 5, .in0 = x, .linear = 1});
    return x;
}

struct mnq_netgen_file mnq_netgen(uint64_t seed)
{
    static const int wide[] = {0, 10, 40, 70, 100};
    struct mnq_netgen_net *g = mnq_netgen_need(calloc(1, sizeof *g));
    struct mnq_netgen_file f;

    g->rng = mnq_rng_seed(0x6e6574, seed);
    int kind = mnq_rng_in(&g->rng, 0, 9), dtype = kind < 6 ? NG_U8 : kind < 8 ? NG_S8 : NG_S16;
    g->wide = wide[mnq_rng_in(&g->rng, 0, 4)];
    g->packed = mnq_rng_chance(&g->rng, 70);
    g->newer = mnq_rng_chance(&g->rng, 60);
    int x = new_tensor(g, mnq_rng_in(&g->rng, 1, 20), mnq_rng_in(&g->rng, 1, 20), mnq_rng_in(&g->rng, 1, 4), dtype);
    g->t[x].born = -1;
    if (dtype == NG_S16) g->t[x].a = 32768, g->t[x].spread = 9000.0;
    struct spec stem = spatial(g, mnq_rng_chance(&g->rng, 80) ? NG_CONV : NG_DWCONV, x, mnq_rng_in(&g->rng, 1, 2));
    stem.oc = channels(g);
    x = add_layer(g, stem);
    for (int blocks = mnq_rng_in(&g->rng, 0, 5); blocks > 0; blocks--) {
        kind = mnq_rng_in(&g->rng, 0, 9);
        if (g->newer && mnq_rng_chance(&g->rng, 50)) x = newer(g, x);
        else if (kind < 3) x = separable(g, x);
        else if (kind < 7) x = inverted_residual(g, x);
        else if (kind < 8) x = squeeze_excite(g, x);
        else if (kind < 9) x = window(g, x);
        else {
            struct spec s = spatial(g, NG_CONV, x, 1);
            s.oc = mnq_rng_in(&g->rng, 1, 12);
            x = add_layer(g, s);
        }
    }
    x = head(g, x);
    f = mnq_netgen_write(g, x);
    free(g->data);
    free(g);
    return f;
}
