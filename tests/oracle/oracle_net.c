/* SPDX-License-Identifier: Apache-2.0
 * FORMAT.md read a second time, and whole networks run layer by layer with no tensor sharing memory with another. */
#include "oracle.h"

#include <stdlib.h>
#include <string.h>

/* ---- bytes ---- */

static uint32_t u16_at(const uint8_t *p)
{
    return (uint32_t)p[0] + 256u * p[1];
}

static uint32_t u32_at(const uint8_t *p)
{
    return u16_at(p) + 65536u * u16_at(p + 2);
}

static int32_t s8_of(uint32_t x)
{
    return x < 128 ? (int32_t)x : (int32_t)x - 256;
}

static int32_t s16_of(uint32_t x)
{
    return x < 32768 ? (int32_t)x : (int32_t)x - 65536;
}

static int32_t s32_of(uint32_t x)
{
    return (int32_t)((int64_t)x - (x >> 31 ? (int64_t)1 << 32 : 0));
}

/* CRC-32 bit by bit. */
static uint32_t crc32_of(const uint8_t *p, size_t n)
{
    uint32_t c = 0xffffffffu;
    for (size_t i = 0; i < n; i++) {
        c ^= p[i];
        for (int k = 0; k < 8; k++) c = c & 1 ? (c >> 1) ^ 0xedb88320u : c >> 1;
    }
    return c ^ 0xffffffffu;
}

/* ---- sections ---- */

struct span {
    const uint8_t *p;
    size_t n;
};

static int find_section(const uint8_t *f, size_t n, const char *tag, struct span *s)
{
    uint32_t count = u32_at(f + 16);
    if (count < 3 || count > 16 || n < 48 + 16 * (size_t)count) return -1;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *row = f + 48 + 16 * (size_t)i;
        uint32_t at = u32_at(row + 4), size = u32_at(row + 8);
        if (memcmp(row, tag, 4)) continue;
        if (at % 16 || at > n || size > n - at) return -1;
        s->p = f + at;
        s->n = size;
        return 0;
    }
    return -1;
}

/* Widens `count` values of `width` bytes at DATA offset `at` into memory of the network; NULL if they are not inside. */
static const int32_t *widen(struct mnq_oracle_net *net, struct span data, uint32_t at, int64_t count, int width)
{
    if (count < 0 || at > data.n || (uint64_t)count * (unsigned)width > data.n - at) return NULL;
    int32_t *a = calloc((size_t)count + 1, sizeof *a);
    if (!a) return NULL;
    for (int64_t i = 0; i < count; i++) {
        const uint8_t *p = data.p + at + i * width;
        a[i] = width == 1 ? s8_of(p[0]) : width == 2 ? s16_of(u16_at(p)) : s32_of(u32_at(p));
    }
    net->owned[net->n_owned++] = a;
    return a;
}

static int fail(struct mnq_oracle_net *net, const char *why)
{
    net->why = why;
    return -1;
}

static int read_tensor(struct mnq_oracle_net *net, struct mnq_oracle_tensor *t, const uint8_t *p)
{
    t->h = (int)u16_at(p);
    t->w = (int)u16_at(p + 2);
    t->c = (int)u16_at(p + 4);
    t->dtype = p[6];
    t->zp = s32_of(u32_at(p + 8));
    t->n = (int64_t)t->h * t->w * t->c;
    t->a = t->dtype == ORC_S16 ? 32768 : 128; /* of the network input; a layer that writes S16 says more */
    if (t->n < 1 || t->n > 1 << 28 || t->dtype > ORC_S16) return fail(net, "tensor shape or type");
    t->q = calloc((size_t)t->n, sizeof *t->q);
    return t->q ? 0 : fail(net, "out of memory");
}

/* Number of weights that the layer's operator has. */
static int64_t weight_count(const struct mnq_oracle_layer *l)
{
    switch (l->op) {
    case ORC_CONV:
        return (int64_t)l->oc * l->kh * l->kw * (l->c / (l->mult > 1 ? l->mult : 1));
    case ORC_SELECT:
        return l->wtype == ORC_W_MAP ? l->oc : 0;
    case ORC_DWCONV:
        return (int64_t)l->kh * l->kw * l->oc;
    case ORC_PW:
        return (int64_t)l->oc * l->c;
    case ORC_ADD:
        return 2 * (int64_t)l->oc;
    default:
        return 0;
    }
}

/* Is one of a LAYR record's four paddings not 0? */
static int pads(const uint8_t *p)
{
    return p[14] || p[15] || p[16] || p[17];
}

/* max(|lo|, |hi|) for lo <= hi, both of 16 bits. */
static int32_t farther(int32_t lo, int32_t hi)
{
    return lo < -hi ? -lo : hi;
}

/* Compressed weights of n bytes at DATA offset `at`. */
static int read_packed(struct mnq_oracle_net *net, struct mnq_oracle_layer *l, struct span data, uint32_t at, uint32_t n)
{
    int most = l->wtype == ORC_W_SPARSE || l->wtype == ORC_W_SPARSE4 ? 16 : l->wtype == ORC_W_BINARY ? 4 : 0;
    if (l->wtype > ORC_W_TERNARY || at > data.n || n > data.n - at) return -1;
    if (l->mult > most || l->mult < (most > 0)) return -1;
    int32_t *v = calloc((size_t)mnq_oracle_unpacked(l) + 1, sizeof *v);
    if (!v) return -1;
    net->owned[net->n_owned++] = v;
    return mnq_oracle_unpack(l, data.p + at, n, v);
}

static int read_layer(struct mnq_oracle_net *net, int k, const uint8_t *p, struct span data)
{
    struct mnq_oracle_layer *l = &net->layer[k];
    unsigned in0 = u16_at(p + 4), in1 = u16_at(p + 6), out = u16_at(p + 8), n = (unsigned)net->n_tensors;
    int pb = p[16], pr = p[17];

    l->op = p[0];
    if (l->op < ORC_CONV || l->op > ORC_SPREAD) return fail(net, "op");
    int two = l->op == ORC_ADD || l->op == ORC_MUL || (l->op == ORC_SELECT && in1 != 0xffff),
        table = l->op == ORC_SOFTMAX || l->op == ORC_LOGISTIC;
    if (in0 >= n || out >= n || (two ? in1 >= n : in1 != 0xffff)) return fail(net, "layer's tensor index");
    const struct mnq_oracle_tensor *ti = &net->tensor[in0], *to = &net->tensor[out];
    net->in0[k] = (int)in0;
    net->in1[k] = two ? (int)in1 : -1;
    net->out[k] = (int)out;
    l->act = p[2];
    l->frac = p[3];
    l->kh = p[10], l->kw = p[11], l->sh = p[12], l->sw = p[13], l->pt = p[14], l->pl = p[15];
    l->mult = (int)u16_at(p + 18);
    l->h = ti->h, l->w = ti->w, l->c = ti->c, l->oh = to->h, l->ow = to->w, l->oc = to->c;
    l->zp0 = ti->zp;
    l->zp1 = two ? net->tensor[in1].zp : 0;
    l->h1 = two ? net->tensor[in1].h : 0, l->w1 = two ? net->tensor[in1].w : 0, l->c1 = two ? net->tensor[in1].c : 0;
    l->counted = l->op == ORC_AVGPOOL && pads(p);
    l->zp_out = to->zp;
    l->lo = s32_of(u32_at(p + 20));
    l->hi = s32_of(u32_at(p + 24));
    l->a0 = pads(p) && ti->a < 128 ? 128 : ti->a;
    l->a1 = two ? net->tensor[in1].a : 0;
    if (!table && (l->lo < -32768 || l->hi > 32767 || l->lo > l->hi)) return fail(net, "lo or hi");
    if (to->dtype == ORC_S16) net->tensor[out].a = table ? 32767 : farther(l->lo, l->hi);
    if (l->sh < 1 || l->sw < 1 || l->act > ORC_TABLE || l->frac > 12) return fail(net, "layer's geometry or act");
    int blocks = l->op == ORC_UPSAMPLE || l->op == ORC_SPREAD;
    if (blocks ? l->oh > l->h * l->kh || l->ow > l->w * l->kw
               : l->oh != (l->h + l->pt + pb - l->kh) / l->sh + 1 || l->ow != (l->w + l->pl + pr - l->kw) / l->sw + 1) {
        return fail(net, "output size");
    }
    int channels = l->op == ORC_DWCONV                        ? l->c * l->mult
                   : l->op == ORC_SPREAD                      ? l->c / (l->kh * l->kw)
                   : l->op <= ORC_PW                          ? l->oc
                   : l->op == ORC_SELECT && p[1] == ORC_W_MAP ? l->oc
                   : l->op == ORC_SELECT                      ? l->c + l->c1
                                                              : l->c;
    if (l->oc != channels) return fail(net, "channels");
    if (l->op == ORC_CONV && l->mult > 1 && (l->c % l->mult || l->oc % l->mult)) return fail(net, "groups");

    l->wtype = p[1];
    int64_t count = weight_count(l), ch = table ? 1 : l->oc;
    int wide = p[1] == ORC_W_S16 || p[1] == ORC_W_MAP ? 2 : 1;
    if (l->wtype > ORC_W_S16 && l->wtype != ORC_W_MAP) {
        if (l->op != ORC_PW || read_packed(net, l, data, u32_at(p + 28), u32_at(p + 32))) return fail(net, "packed weights");
    } else if ((p[1] == 0) != (count == 0) || (int64_t)u32_at(p + 32) != count * wide) {
        return fail(net, "weight bytes");
    }
    if (count && !l->weights) l->weights = widen(net, data, u32_at(p + 28), count, wide);
    for (int64_t i = 0; l->wtype == ORC_W_MAP && l->weights && i < count; i++) {
        if ((l->weights[i] & 0xffff) >= l->c + l->c1) return fail(net, "map");
        ((int32_t *)(uintptr_t)l->weights)[i] &= 0xffff;
    }
    if (l->act == ORC_TABLE && !(l->table = widen(net, data, u32_at(p + 60), 257, 2)))
        return fail(net, "table outside DATA");
    if (!table) l->bias = widen(net, data, u32_at(p + 36), ch, 4);
    l->m = widen(net, data, u32_at(p + 40), ch, 4);
    l->r = widen(net, data, u32_at(p + 44), ch, 1);
    if (l->act != ORC_CLAMP) {
        l->m2 = widen(net, data, u32_at(p + 48), ch, 4);
        l->r2 = widen(net, data, u32_at(p + 52), ch, 1);
        if (!l->m2 || !l->r2) return fail(net, "second multiplier outside DATA");
    }
    if (l->op == ORC_CONV || l->op == ORC_DWCONV) {
        l->pad = widen(net, data, u32_at(p + 56), l->c, 1);
        if (!l->pad) return fail(net, "padding outside DATA");
    }
    if ((count && !l->weights) || (!table && !l->bias) || !l->m || !l->r) return fail(net, "array outside DATA");
    return 0;
}

/* Further outputs: tensors, 16 bits each. */
static int read_outputs(struct mnq_oracle_net *net, const uint8_t *f, size_t n)
{
    struct span outs;

    if (find_section(f, n, "OUTS", &outs)) return 0;
    if (outs.n < 2 || outs.n % 2 || outs.n > 62) return fail(net, "number of outputs");
    for (net->n_more = 0; net->n_more < (int)outs.n / 2; net->n_more++) {
        int t = (int)u16_at(outs.p + 2 * net->n_more);
        if (t >= net->n_tensors || t == net->input) return fail(net, "further output");
        net->more[net->n_more] = t;
    }
    return 0;
}

int mnq_oracle_open(struct mnq_oracle_net *net, const uint8_t *f, size_t n)
{
    static const uint8_t magic[4] = {0x4d, 0x4e, 0x51, 0x1a};
    struct span tens, layr, data;

    memset(net, 0, sizeof *net);
    if (n < 48 || memcmp(f, magic, 4) || u16_at(f + 4) != 1) return fail(net, "magic or version");
    if (u32_at(f + 8) != n || n % 16) return fail(net, "file size");
    if (u32_at(f + 12) != crc32_of(f + 16, n - 16)) return fail(net, "CRC");
    net->n_tensors = (int)u16_at(f + 24);
    net->n_layers = (int)u16_at(f + 26);
    net->input = (int)u16_at(f + 28);
    net->output = (int)u16_at(f + 30);
    if (find_section(f, n, "TENS", &tens) || find_section(f, n, "LAYR", &layr) || find_section(f, n, "DATA", &data)) {
        return fail(net, "section");
    }
    if (tens.n != 32 * (size_t)net->n_tensors || layr.n != 64 * (size_t)net->n_layers) return fail(net, "section size");
    if (net->input >= net->n_tensors || net->output >= net->n_tensors) return fail(net, "input or output");

    if (read_outputs(net, f, n)) return -1;

    size_t nl = (size_t)net->n_layers;
    net->tensor = calloc((size_t)net->n_tensors, sizeof *net->tensor);
    net->layer = calloc(nl, sizeof *net->layer);
    net->in0 = calloc(nl, sizeof(int));
    net->in1 = calloc(nl, sizeof(int));
    net->out = calloc(nl, sizeof(int));
    net->owned = calloc(8 * nl, sizeof *net->owned);
    if (!net->tensor || !net->layer || !net->in0 || !net->in1 || !net->out || !net->owned) return fail(net, "out of memory");
    for (int i = 0; i < net->n_tensors; i++) {
        if (read_tensor(net, &net->tensor[i], tens.p + 32 * (size_t)i)) return -1;
    }
    for (int k = 0; k < net->n_layers; k++) {
        if (read_layer(net, k, layr.p + 64 * (size_t)k, data)) return -1;
    }
    return 0;
}

void mnq_oracle_close(struct mnq_oracle_net *net)
{
    for (int i = 0; net->tensor && i < net->n_tensors; i++) free(net->tensor[i].q);
    for (int i = 0; i < net->n_owned; i++) free(net->owned[i]);
    free(net->tensor);
    free(net->layer);
    free(net->in0);
    free(net->in1);
    free(net->out);
    free(net->owned);
    memset(net, 0, sizeof *net);
}

int64_t mnq_oracle_net_bound(const struct mnq_oracle_net *net, int layer)
{
    const struct mnq_oracle_layer *l = &net->layer[layer];
    int64_t most = 0;

    for (int o = 0; o < l->oc; o++) {
        int64_t b = mnq_oracle_bound(l, o);
        if (b > most) most = b;
    }
    return most;
}

/* ---- running ---- */

size_t mnq_oracle_bytes(const struct mnq_oracle_tensor *t)
{
    return (size_t)t->n * (t->dtype == ORC_S16 ? 2 : 1);
}

void mnq_oracle_load(struct mnq_oracle_tensor *t, const uint8_t *b)
{
    for (int64_t i = 0; i < t->n; i++) {
        t->q[i] = t->dtype == ORC_U8 ? (int32_t)b[i] - 128 : t->dtype == ORC_S8 ? s8_of(b[i]) : s16_of(u16_at(b + 2 * i));
    }
}

void mnq_oracle_store(const struct mnq_oracle_tensor *t, uint8_t *b)
{
    for (int64_t i = 0; i < t->n; i++) {
        uint32_t v = (uint32_t)(t->dtype == ORC_U8 ? t->q[i] + 128 : t->q[i]);
        if (t->dtype == ORC_S16) {
            b[2 * i] = (uint8_t)(v & 255);
            b[2 * i + 1] = (uint8_t)(v >> 8 & 255);
        } else {
            b[i] = (uint8_t)(v & 255);
        }
    }
}

int mnq_oracle_net_run(struct mnq_oracle_net *net)
{
    for (int k = 0; k < net->n_layers; k++) {
        const int32_t *in1 = net->in1[k] < 0 ? NULL : net->tensor[net->in1[k]].q;
        if (mnq_oracle_layer(&net->layer[k], net->tensor[net->in0[k]].q, in1, net->tensor[net->out[k]].q)) {
            return fail(net, "a value beyond its magnitude or an accumulator beyond 32 bits");
        }
    }
    return 0;
}

long mnq_oracle_run(const uint8_t *file, size_t n, const uint8_t *input, uint8_t *output, size_t cap)
{
    struct mnq_oracle_net net;
    long written = -1;

    if (!mnq_oracle_open(&net, file, n)) {
        const struct mnq_oracle_tensor *out = &net.tensor[net.output];
        mnq_oracle_load(&net.tensor[net.input], input);
        if (mnq_oracle_bytes(out) <= cap && !mnq_oracle_net_run(&net)) {
            mnq_oracle_store(out, output);
            written = (long)mnq_oracle_bytes(out);
        }
    }
    mnq_oracle_close(&net);
    return written;
}
