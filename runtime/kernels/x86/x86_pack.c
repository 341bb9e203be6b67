/* SPDX-License-Identifier: Apache-2.0
 * Packs layers for the x86 tables. Plain C: compiled without instruction set flags. */
#include "x86_pack.h"

#include "packed.h"
#include "scratch_x86.h"
#include "x86_group.h"

#include <string.h>

static size_t aligned(size_t n)
{
    return (n + 63) / 64 * 64;
}

static int is_dense(const struct mnq_layer *l) /* sums over all input channels */
{
    return l->op == MNQ_L_CONV || l->op == MNQ_L_PW;
}

/* Whether every weight fits 8 bits, -1: not even 16. */
static int fits8(const struct mnq_layer *l)
{
    const int16_t *a;
    int32_t o, m;

    if (l->wtype != MNQ_W_BINARY) return l->wtype != MNQ_W_S16;
    if (l->mult == 1) return 1;
    a = mnq_behind_planes(l, l->mult);
    for (o = 0; o < l->oc; o++) {
        int32_t sum = 0;
        for (m = 0; m < l->mult; m++, a++) sum += *a < 0 ? -*a : *a;
        if (sum > 32767) return -1;
    }
    return 0;
}

static int dot_of(const struct mnq_x86_shape *s, const struct mnq_layer *l)
{
    const int quads = s->dot8 && !l->in16 && (is_dense(l) || l->op == MNQ_L_DWCONV) && fits8(l) == 1;
    return quads ? MNQ_X86_QUADS : MNQ_X86_PAIRS;
}

int mnq_x86_block(const struct mnq_x86_shape *s, const struct mnq_layer *l, int dot, int32_t left)
{
    if (is_dense(l)) {
        if (s->lanes == 8) return left > 8 ? 2 : 1;
        return left > 48 ? 4 : left > 16 ? 2 : 1;
    }
    return dot == MNQ_X86_QUADS && left > 32 ? 4 : 2;
}

static int32_t padded_channels(const struct mnq_x86_shape *s, const struct mnq_layer *l, int dot)
{
    int32_t o = 0;

    while (o < l->oc) o += mnq_x86_block(s, l, dot, l->oc - o) * s->lanes;
    return o;
}

/* Steps of `dot` inputs that one row of the kernel takes. */
static int32_t steps_of(const struct mnq_layer *l, int dot)
{
    return (l->kw * l->c + dot - 1) / dot;
}

static size_t weights_of(const struct mnq_layer *l, int dot) /* of each padded channel */
{
    switch (l->op) {
    case MNQ_L_CONV:
    case MNQ_L_PW:
        return (size_t)l->kh * (size_t)steps_of(l, dot) * (size_t)dot;
    case MNQ_L_DWCONV:
        return (size_t)l->kw * (size_t)mnq_x86_sets(l, dot) * (size_t)(l->sh == 1 ? 2 : 1) * (size_t)dot;
    case MNQ_L_ADD:
        return 2;
    default:
        return 0;
    }
}

/* How the products of a packed layer are taken, 0: it is not packed. */
static int dot_if_packed(const struct mnq_x86_shape *s, const struct mnq_layer *l)
{
    if (l->op < MNQ_L_CONV || l->op > MNQ_L_MUL) return 0;
    if (l->wtype == MNQ_W_XNOR) return MNQ_X86_SIGNS;
    if (l->kh > MNQ_X86_ROWS || (l->op == MNQ_L_DWCONV && l->mult != 1) || fits8(l) < 0) return 0;
    return dot_of(s, l);
}

static int32_t weight(const struct mnq_layer *l, size_t i)
{
    return l->wtype == MNQ_W_S16 ? ((const int16_t *)l->weights)[i] : ((const int8_t *)l->weights)[i];
}

/* ---- pairs that are not zero ---- */

/* The weights of PW one after the other, as the file has them. */
struct reader {
    const struct mnq_layer *l;
    const uint8_t *bits;      /* sparse: of the output */
    struct mnq_stored stream; /* sparse: the values to come */
    size_t at;                /* others: the weight to come */
};

static struct reader reader_of(const struct mnq_layer *l)
{
    struct reader r;

    r.l = l;
    r.bits = (const uint8_t *)l->weights;
    r.stream = mnq_stored_first(l);
    r.at = 0;
    return r;
}

/* Weight i of the output; i counts from 0 to c - 1. */
static int32_t read_weight(struct reader *r, int32_t i)
{
    const struct mnq_layer *const l = r->l;
    int32_t w = 0;

    if (!mnq_is_sparse(l)) return weight(l, r->at++);
    if ((r->bits[i / l->mult / 8] >> i / l->mult % 8 & 1) != 0) w = mnq_stored_next(l, &r->stream);
    if (i + 1 < l->c) return w;
    r->bits += mnq_bitmap_bytes(l->c, l->mult);
    mnq_stored_row(&r->stream);
    return w;
}

/* The pairs of the next output that are not zero; stored if `to` is not NULL. */
static uint32_t read_pairs(struct reader *r, struct mnq_x86_pair *to)
{
    uint32_t n = 0;
    int32_t i;

    for (i = 0; i < r->l->c; i += 2) {
        const int32_t a = read_weight(r, i), b = i + 1 < r->l->c ? read_weight(r, i + 1) : 0;
        if (a == 0 && b == 0) continue;
        if (to != NULL) {
            to[n].w[0] = (int16_t)a;
            to[n].w[1] = (int16_t)b;
            to[n].at = (uint32_t)(i / 2) * MNQ_X86_PAIR_ROW;
        }
        n++;
    }
    return n;
}

/* Pairs to store, 0: all of them, since the dense kernel is as fast. */
static size_t sparse_pairs(const struct mnq_x86_shape *s, const struct mnq_layer *l, int dot)
{
    const size_t all = (size_t)(l->c + 1) / 2 * (size_t)l->oc;
    struct reader r;
    size_t n = 0;
    int32_t o;

    if (s->lanes != 8 || dot != MNQ_X86_PAIRS || l->op != MNQ_L_PW || l->c < 32 || l->c > 4096 || l->h * l->w < 8) return 0;
    if (l->wtype != MNQ_W_S8 && l->wtype != MNQ_W_S16 && !mnq_is_sparse(l)) return 0;
    r = reader_of(l);
    for (o = 0; o < l->oc; o++) {
        n += read_pairs(&r, NULL);
        if (n > all / 10 * 4) return 0;
        if (o == 15 && n > (size_t)(l->c + 1) / 2 * 12) return 0; /* surely not: do not look at all of it */
    }
    return n;
}

/* Whether weights may be bytes that meet bytes. */
static int may_group(const struct mnq_x86_shape *s, const struct mnq_layer *l, const struct mnq_x86_head *h)
{
    return s->lanes == 8 && h->dot == MNQ_X86_PAIRS && l->op == MNQ_L_PW && !l->in16 && !h->sparse && !h->narrow &&
           fits8(l) == 1 && l->c >= 16 && l->c <= 4096;
}

static size_t blocks_of(const struct mnq_layer *l)
{
    return ((size_t)l->oc + 15) / 16;
}

/* The places of everything; 0 bytes if the layer is not packed. */
static struct mnq_x86_head layout(const struct mnq_x86_shape *s, const struct mnq_layer *l)
{
    struct mnq_x86_head h;
    size_t n, at, pairs;
    int group;

    memset(&h, 0, sizeof h);
    h.dot = dot_if_packed(s, l);
    if (h.dot == 0) return h;
    h.narrow = h.dot == MNQ_X86_PAIRS && l->op == MNQ_L_PW && l->h == 1 && l->w == 1 && fits8(l) == 1;
    h.fields = l->q.act == MNQ_A_CLAMP ? MNQ_X86_FIELDS1 : MNQ_X86_FIELDS2;
    n = (size_t)padded_channels(s, l, h.dot);
    pairs = sparse_pairs(s, l, h.dot);
    h.sparse = pairs > 0;
    at = sizeof h + n * (size_t)h.fields * sizeof(int32_t);
    h.bias = (uint32_t)at;
    at += n * sizeof(int32_t);
    h.general = (uint32_t)at;
    at = aligned(at + n / (size_t)s->lanes);
    group = may_group(s, l, &h);
    if (group) at = aligned(at + blocks_of(l) * mnq_x86_group_more(l->c)); /* in front of the pairs */
    h.weights = (uint32_t)at;
    if (h.sparse) at = aligned(at + (n + 1) * sizeof(uint32_t)) + aligned(pairs * sizeof(struct mnq_x86_pair));
    else
        at = aligned(at + n * weights_of(l, h.dot) *
                              (size_t)(h.dot == MNQ_X86_PAIRS && !h.narrow ? 16
                                       : h.dot == MNQ_X86_SIGNS            ? 1
                                                                           : 8) /
                              8);
    h.pad = (uint32_t)at;
    if (l->op == MNQ_L_CONV || l->op == MNQ_L_DWCONV || h.dot == MNQ_X86_SIGNS) at = aligned(at + ((size_t)l->c + 64) * 2);
    if (group) {
        h.room = (uint32_t)at;
        at = aligned(at + mnq_x86_group_room(l->c));
    }
    h.bytes = at <= UINT32_MAX ? (uint32_t)at : 0;
    return h;
}

size_t mnq_x86_pack_bytes(const struct mnq_x86_shape *s, const struct mnq_layer *l)
{
    return layout(s, l).bytes;
}

/* ---- requantization ---- */

/* Whether the fast output stage will do for n channels: no shift below 1, and a zero point that fits the rounding constant.
 */
static int is_plain(const struct mnq_layer *l, int32_t first, int32_t n)
{
    const struct mnq_requant_params *const q = &l->q;
    int32_t c;

    for (c = first; c < l->oc && c < first + n; c++) {
        const int last = q->act == MNQ_A_CLAMP ? q->shift[c] : q->shift2[c];
        if (q->shift[c] < 1 || last < 1 || (q->zp != 0 && last > 22)) return 0;
    }
    return 1;
}

/* One rounding of one channel at `p`, fields `step` apart. */
static void put_rounding(int32_t *p, size_t step, int32_t mult, int shift, int32_t zp)
{
    const int r = shift < 1 ? 1 : shift;

    p[MNQ_X86_MULT * step] = mult;
    p[MNQ_X86_ADD * step] = (int32_t)((uint32_t)1 << (r - 1)) + (zp == 0 ? 0 : (int32_t)((uint32_t)zp << r));
    p[MNQ_X86_SHIFT * step] = r;
    p[MNQ_X86_LEFT * step] = shift < 1 ? 1 - shift : 0;
}

/* Walks over the padded channels: block by block, vector by vector, lane by lane. */
struct walk {
    int32_t first; /* channel */
    int K;         /* of the block */
    int k, lane;
    int32_t channel; /* may be l->oc or more: padding */
};

static int walk_next(struct walk *w, const struct mnq_x86_shape *s, const struct mnq_layer *l, int dot)
{
    if (++w->lane == s->lanes) {
        w->lane = 0;
        if (++w->k >= w->K) {
            w->first += w->K * s->lanes;
            if (w->first >= l->oc) return 0;
            w->k = 0;
            w->K = mnq_x86_block(s, l, dot, l->oc - w->first);
        }
    }
    w->channel = w->first + mnq_x86_channel(w->K, w->k, w->lane);
    return 1;
}

static struct walk walk_start(const struct mnq_x86_shape *s)
{
    const struct walk w = {0, 0, -1, s->lanes - 1, 0};
    return w;
}

static void put_requant(const struct mnq_x86_shape *s, const struct mnq_layer *l, const struct mnq_x86_head *h, uint8_t *mem)
{
    const struct mnq_requant_params *const q = &l->q;
    int32_t *const par = (int32_t *)(void *)(mem + sizeof *h), *const bias = (int32_t *)(void *)(mem + h->bias);
    struct walk w = walk_start(s);
    size_t i = 0;

    for (; walk_next(&w, s, l, h->dot); i++) {
        const size_t step = (size_t)w.K * (size_t)s->lanes;
        int32_t *p = par + (size_t)w.first * (size_t)h->fields + (size_t)(w.k * s->lanes + w.lane);
        const int real = w.channel < l->oc;
        const int32_t c = real ? w.channel : 0;
        const int general = !is_plain(l, w.first, w.K * s->lanes);
        const int32_t fold = general ? 0 : q->zp;
        mem[h->general + i / (size_t)s->lanes] = (uint8_t)general;
        bias[i] = real ? q->bias[c] : 0;
        if (real && h->dot == MNQ_X86_SIGNS) bias[i] += 256 * l->c; /* and 512 less for each pair that differs */
        if (q->act == MNQ_A_CLAMP) {
            put_rounding(p, step, real ? q->mult[c] : 0, real ? q->shift[c] : 1, real ? fold : 0);
        } else {
            put_rounding(p, step, real ? q->mult[c] : 0, real ? q->shift[c] : 1, 0);
            p += MNQ_X86_FIELDS1 * step;
            put_rounding(p, step, real ? q->mult2[c] : 0, real ? q->shift2[c] : 1, real ? fold : 0);
        }
    }
}

/* ---- weights ---- */

/* Where weights go, and the sums that quads take off the biases. */
struct sink {
    const struct mnq_x86_shape *s;
    const struct mnq_layer *l;
    const struct mnq_x86_head *h;
    uint8_t *weights;
    int32_t *bias;
    /* the channel that is being written */
    size_t at, step, bias_at;
    int again; /* the same weights once more: the bias knows them */
};

static void sink_channel(struct sink *k, int32_t o)
{
    const int32_t lanes = k->s->lanes;
    const size_t per = weights_of(k->l, k->h->dot);
    int32_t first = 0, in;
    int K = mnq_x86_block(k->s, k->l, k->h->dot, k->l->oc);

    while (o >= first + K * lanes) {
        first += K * lanes;
        K = mnq_x86_block(k->s, k->l, k->h->dot, k->l->oc - first);
    }
    in = o - first;
    in = in / 4 % K * lanes + in / (4 * K) * 4 + in % 4; /* the inverse of mnq_x86_channel() */
    k->step = (size_t)(K * lanes * k->h->dot);
    k->at = (size_t)first * per + (size_t)(in * k->h->dot);
    k->bias_at = (size_t)(first + in);
}

/* Weight t of step i of the channel. */
static void sink_put(const struct sink *k, size_t i, int t, int32_t w)
{
    const size_t at = k->at + i * k->step + (size_t)t;

    if (k->h->narrow) {
        k->weights[at] = (uint8_t)w;
    } else if (k->h->dot == MNQ_X86_PAIRS) {
        ((int16_t *)(void *)k->weights)[at] = (int16_t)w;
    } else {
        k->weights[at] = (uint8_t)w;
        if (!k->again) k->bias[k->bias_at] = (int32_t)((uint32_t)k->bias[k->bias_at] - (uint32_t)w * 128u);
    }
}

static void put_conv(struct sink *k)
{
    const struct mnq_layer *const l = k->l;
    const int dot = k->h->dot;
    const int32_t row = l->kw * l->c;
    const size_t steps = (size_t)steps_of(l, dot);
    size_t at = 0;
    int32_t o, ky, j;

    for (o = 0; o < l->oc; o++) {
        sink_channel(k, o);
        for (ky = 0; ky < l->kh; ky++)
            for (j = 0; j < row; j++, at++) sink_put(k, (size_t)ky * steps + (size_t)(j / dot), j % dot, weight(l, at));
    }
}

static void put_dwconv(struct sink *k)
{
    const struct mnq_layer *const l = k->l;
    const int dot = k->h->dot, rows = l->sh == 1 ? 2 : 1;
    int32_t o;
    int ky, kx, r;

    for (o = 0; o < l->oc; o++) {
        sink_channel(k, o);
        for (kx = 0; kx < l->kw; kx++)
            for (ky = 0; ky < l->kh; ky++)
                for (r = 0; r < rows; r++) {
                    const int32_t w = weight(l, ((size_t)ky * (size_t)l->kw + (size_t)kx) * (size_t)l->oc + (size_t)o);
                    const size_t set = (size_t)((ky + r) / dot);
                    k->again = r > 0;
                    sink_put(k, (set * (size_t)l->kw + (size_t)kx) * (size_t)rows + (size_t)r, (ky + r) % dot, w);
                }
    }
}

static void put_add(struct sink *k)
{
    int32_t o;

    for (o = 0; o < k->l->oc; o++) {
        sink_channel(k, o);
        sink_put(k, 0, 0, weight(k->l, (size_t)o));
        sink_put(k, 0, 1, weight(k->l, (size_t)(k->l->oc + o)));
    }
}

static void put_s4(struct sink *k, int32_t o)
{
    const uint8_t *const row = (const uint8_t *)k->l->weights + (size_t)o * (((size_t)k->l->c + 1) / 2);
    int32_t i;

    for (i = 0; i < k->l->c; i++) sink_put(k, (size_t)(i / k->h->dot), i % k->h->dot, mnq_s4_at(row, (size_t)i));
}

static void put_ternary(struct sink *k, int32_t o)
{
    const uint8_t *const row = (const uint8_t *)k->l->weights + (size_t)o * mnq_ternary_bytes(k->l->c);
    int32_t i;

    for (i = 0; i < k->l->c; i++) sink_put(k, (size_t)(i / k->h->dot), i % k->h->dot, mnq_ternary_at(row, (size_t)i));
}

/* Returns the values behind the row's. */
static void put_sparse(struct sink *k, int32_t o, struct mnq_stored *stream)
{
    const struct mnq_layer *const l = k->l;
    const uint8_t *const bits = (const uint8_t *)l->weights + (size_t)o * mnq_bitmap_bytes(l->c, l->mult);
    int32_t b, j;

    for (b = 0; b < l->c / l->mult; b++) {
        if ((bits[b / 8] >> b % 8 & 1) == 0) continue;
        for (j = 0; j < l->mult; j++) {
            const int32_t i = b * l->mult + j;
            sink_put(k, (size_t)(i / k->h->dot), i % k->h->dot, mnq_stored_next(l, stream));
        }
    }
    mnq_stored_row(stream);
}

static void put_binary(struct sink *k, int32_t o)
{
    const struct mnq_layer *const l = k->l;
    const size_t words = mnq_plane_words(l->c);
    const uint32_t *const planes = (const uint32_t *)l->weights + (size_t)o * l->mult * words;
    const int16_t *const a = mnq_behind_planes(l, l->mult) + (size_t)o * l->mult;
    int32_t i, m;

    for (i = 0; i < l->c; i++) {
        int32_t w = 0;
        for (m = 0; m < l->mult; m++) {
            const int32_t v = l->mult == 1 ? 1 : a[m];
            w += (planes[(size_t)m * words + (size_t)i / 32] >> i % 32 & 1) != 0 ? v : -v;
        }
        sink_put(k, (size_t)(i / k->h->dot), i % k->h->dot, w);
    }
}

/* Planes, word by word, and the thresholds of whole words of inputs; those behind the last are out of reach. */
static void put_xnor(struct sink *k)
{
    const struct mnq_layer *const l = k->l;
    const size_t words = mnq_plane_words(l->c);
    const uint32_t *plane = (const uint32_t *)l->weights;
    const int16_t *const threshold = mnq_behind_planes(l, 1);
    int16_t *const to = (int16_t *)(void *)(k->weights - k->h->weights + k->h->pad);
    size_t i;
    int32_t o;

    for (o = 0; o < l->oc; o++) {
        sink_channel(k, o);
        for (i = 0; i < words; i++, plane++) ((uint32_t *)(void *)k->weights)[(k->at + i * k->step) / 32] = *plane;
    }
    for (i = 0; i < words * 32; i++) to[i] = i < (size_t)l->c ? threshold[i] : INT16_MAX;
}

/* Only what is not zero: where every channel's pairs start, and the pairs. */
static void put_pairs(struct sink *k)
{
    const struct mnq_layer *const l = k->l;
    const size_t n = (size_t)padded_channels(k->s, l, k->h->dot);
    uint32_t *const start = (uint32_t *)(void *)k->weights;
    struct mnq_x86_pair *const to = mnq_x86_pairs(start, n);
    struct reader r = reader_of(l);
    size_t i;
    int32_t o;

    for (o = 0; o < l->oc; o++) {
        sink_channel(k, o);
        start[k->bias_at + 1] = read_pairs(&r, NULL);
    }
    for (i = 0; i < n; i++) start[i + 1] += start[i];
    r = reader_of(l);
    for (o = 0; o < l->oc; o++) {
        sink_channel(k, o);
        (void)read_pairs(&r, to + start[k->bias_at]);
    }
}

static void put_pw(struct sink *k)
{
    const struct mnq_layer *const l = k->l;
    struct mnq_stored stream = mnq_stored_first(l);
    int32_t o;

    if (k->h->sparse) {
        put_pairs(k);
        return;
    }
    if (l->wtype <= MNQ_W_S16) {
        put_conv(k);
        return;
    }
    if (l->wtype == MNQ_W_XNOR) {
        put_xnor(k);
        return;
    }
    for (o = 0; o < l->oc; o++) {
        sink_channel(k, o);
        if (l->wtype == MNQ_W_S4) put_s4(k, o);
        else if (l->wtype == MNQ_W_TERNARY) put_ternary(k, o);
        else if (mnq_is_sparse(l)) put_sparse(k, o, &stream);
        else put_binary(k, o);
    }
}

static void put_pad(const struct mnq_layer *l, const struct mnq_x86_head *h, uint8_t *mem)
{
    int32_t c;

    for (c = 0; c < l->c; c++) {
        const int raw = l->op == MNQ_L_DWCONV; /* as the input has it */
        if (raw ? l->in16 : h->dot == MNQ_X86_PAIRS) ((int16_t *)(void *)(mem + h->pad))[c] = l->pad[c];
        else if (raw) mem[h->pad + (uint32_t)c] = (uint8_t)l->pad[c] ^ l->in_flip;
        else mem[h->pad + (uint32_t)c] = (uint8_t)l->pad[c] ^ 0x80u;
    }
}

void mnq_x86_pack(const struct mnq_x86_shape *s, const struct mnq_layer *l, void *mem)
{
    uint8_t *const to = (uint8_t *)mem;
    struct mnq_x86_head h = layout(s, l);
    struct sink k;

    memset(mem, 0, h.bytes);
    memcpy(mem, &h, sizeof h);
    put_requant(s, l, &h, to);
    memset(&k, 0, sizeof k);
    k.s = s;
    k.l = l;
    k.h = &h;
    k.weights = to + h.weights;
    k.bias = (int32_t *)(void *)(to + h.bias);
    if (l->op == MNQ_L_CONV) put_conv(&k);
    if (l->op == MNQ_L_PW) put_pw(&k);
    if (l->op == MNQ_L_DWCONV) put_dwconv(&k);
    if (l->op == MNQ_L_ADD) put_add(&k);
    if (l->op == MNQ_L_CONV || l->op == MNQ_L_DWCONV) put_pad(l, &h, to);
    if (h.room != 0) {
        const uint32_t at = (uint32_t)aligned(h.general + (size_t)padded_channels(s, l, h.dot) / (size_t)s->lanes);
        h.grouped = mnq_x86_group(l->c, l->oc, to + h.weights, to + at, k.bias, to + h.room);
        if (h.grouped) h.weights = at;
        memset(to + h.room, 0, h.bytes - h.room);
        memcpy(mem, &h, sizeof h);
    }
}

size_t mnq_x86_scratch(const struct mnq_x86_shape *s, const struct mnq_layer *l)
{
    const int dot = dot_if_packed(s, l);
    size_t n = 64 + MNQ_X86_ACC + MNQ_X86_SLACK;

    if (dot == 0) return 0;
    if (l->op == MNQ_L_PW) n += mnq_x86_pw_bytes(l, dot);
    if (l->op == MNQ_L_CONV) n += (size_t)l->kh * mnq_x86_conv_row_bytes(l, dot);
    if (l->op == MNQ_L_DWCONV) n += mnq_x86_strip_bytes(s, l, dot);
    return n;
}
