/* SPDX-License-Identifier: Apache-2.0
 * Plans the arena of a random network and writes the network down as FORMAT.md says. */
#include "netgen_net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- bytes ---- */

void mnq_netgen_put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v & 255);
    p[1] = (uint8_t)(v >> 8 & 255);
}

void mnq_netgen_put32(uint8_t *p, uint32_t v)
{
    mnq_netgen_put16(p, v);
    mnq_netgen_put16(p + 2, v >> 16);
}

void *mnq_netgen_need(void *p)
{
    if (!p) {
        fprintf(stderr, "netgen: out of memory\n");
        exit(1);
    }
    return p;
}

/* At a multiple of 16. Half of the time they may share the place of equal bytes. */
uint32_t mnq_netgen_bytes(struct mnq_netgen_net *g, const uint8_t *p, size_t n)
{
    if (mnq_rng_chance(&g->rng, 50)) {
        for (size_t at = 0; at + n <= g->n_data; at += 16) {
            if (!memcmp(g->data + at, p, n)) return (uint32_t)at;
        }
    }
    size_t at = (g->n_data + 15) / 16 * 16;
    if (at + n > g->cap) {
        g->cap = 2 * (at + n);
        g->data = mnq_netgen_need(realloc(g->data, g->cap));
    }
    memset(g->data + g->n_data, 0, at - g->n_data);
    memcpy(g->data + at, p, n);
    g->n_data = at + n;
    return (uint32_t)at;
}

uint32_t mnq_netgen_values(struct mnq_netgen_net *g, const int32_t *v, size_t n, int width)
{
    uint8_t *b = mnq_netgen_need(malloc(n * (size_t)width + 1));
    for (size_t i = 0; i < n; i++) {
        if (width == 4) mnq_netgen_put32(b + 4 * i, (uint32_t)v[i]);
        else if (width == 2) mnq_netgen_put16(b + 2 * i, (uint32_t)v[i]);
        else b[i] = (uint8_t)((uint32_t)v[i] & 255);
    }
    uint32_t at = mnq_netgen_bytes(g, b, n * (size_t)width);
    free(b);
    return at;
}

/* ---- file ---- */

static int lives_meet(const struct mnq_netgen_tensor *a, const struct mnq_netgen_tensor *b)
{
    return a->born <= b->dies && b->born <= a->dies;
}

/* Places the tensors in random order, each at the lowest free offset; returns the arena's size. */
static uint32_t plan(struct mnq_netgen_net *g)
{
    int order[NG_MAX_TENSORS];
    uint32_t size = 0;

    for (int i = 0; i < g->n_tensors; i++) {
        int j = mnq_rng_in(&g->rng, 0, i);
        order[i] = order[j];
        order[j] = i;
    }
    for (int i = 0; i < g->n_tensors; i++) {
        struct mnq_netgen_tensor *t = &g->t[order[i]];
        for (int j = 0; j < i; j++) {
            const struct mnq_netgen_tensor *u = &g->t[order[j]];
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

static void put_tensors(struct mnq_netgen_net *g, uint8_t *p)
{
    uint32_t scale = 0;

    for (int i = 0; i < g->n_tensors; i++, p += 32) {
        const struct mnq_netgen_tensor *t = &g->t[i];
        mnq_netgen_put16(p, (uint32_t)t->h);
        mnq_netgen_put16(p + 2, (uint32_t)t->w);
        mnq_netgen_put16(p + 4, (uint32_t)t->c);
        p[6] = (uint8_t)t->dtype;
        mnq_netgen_put32(p + 8, (uint32_t)t->zp);
        mnq_netgen_put32(p + 12, t->offset);
        mnq_netgen_put32(p + 24, scale);
        scale += (uint32_t)t->c;
    }
}

/* Which section is the i-th in the file: they stand in any order. */
static int section_at(int i, int first, int count, int outs)
{
    int s = (first + i) % count;
    return outs && s == count - 1 ? 5 : s;
}

struct mnq_netgen_file mnq_netgen_write(struct mnq_netgen_net *g, int output)
{
    static const char tags[6][5] = {"TENS", "LAYR", "DATA", "SCAL", "META", "OUTS"};
    static const char meta[] = "{\"schema\": \"mnquant.meta/1\"}";
    int host = mnq_rng_chance(&g->rng, 50), outs = mnq_rng_chance(&g->rng, 30) ? mnq_rng_in(&g->rng, 1, 3) : 0;
    int count = (host ? 5 : 3) + (outs > 0), first = mnq_rng_in(&g->rng, 0, count - 1), more[3];
    uint32_t arena, scales = 0, size[6], at = 48 + 16 * (uint32_t)count, where[6];
    struct mnq_netgen_file f = {0};

    g->t[output].dies = g->n_layers;
    for (int i = 0; i < outs; i++) {
        more[i] = mnq_rng_in(&g->rng, 1, g->n_tensors - 1);
        g->t[more[i]].dies = g->n_layers;
    }
    arena = plan(g);
    for (int i = 0; i < g->n_tensors; i++) scales += (uint32_t)g->t[i].c;
    size[0] = 32 * (uint32_t)g->n_tensors;
    size[1] = 64 * (uint32_t)g->n_layers;
    size[2] = (uint32_t)g->n_data;
    size[3] = 4 * scales;
    size[4] = (uint32_t)sizeof meta - 1;
    size[5] = 2 * (uint32_t)outs;
    for (int i = 0; i < count; i++) {
        int s = section_at(i, first, count, outs > 0);
        where[s] = at = (at + 15) / 16 * 16;
        at += size[s];
    }
    f.n = (at + 15) / 16 * 16;
    f.base = mnq_netgen_need(calloc(f.n + 16, 1));
    f.bytes = (uint8_t *)f.base + (-(uintptr_t)f.base & 15);
    uint8_t *b = f.bytes;
    memcpy(b, "MNQ\x1a", 4);
    mnq_netgen_put16(b + 4, 1);
    mnq_netgen_put16(b + 6, (uint32_t)mnq_rng_in(&g->rng, 0, 1));
    mnq_netgen_put32(b + 8, (uint32_t)f.n);
    mnq_netgen_put32(b + 16, (uint32_t)count);
    mnq_netgen_put32(b + 20, arena);
    mnq_netgen_put16(b + 24, (uint32_t)g->n_tensors);
    mnq_netgen_put16(b + 26, (uint32_t)g->n_layers);
    mnq_netgen_put16(b + 28, 0);
    mnq_netgen_put16(b + 30, (uint32_t)output);
    for (int i = 0; i < count; i++) {
        int s = section_at(i, first, count, outs > 0);
        uint8_t *row = b + 48 + 16 * i;
        memcpy(row, tags[s], 4);
        mnq_netgen_put32(row + 4, where[s]);
        mnq_netgen_put32(row + 8, size[s]);
    }
    put_tensors(g, b + where[0]);
    for (int i = 0; i < g->n_layers; i++) memcpy(b + where[1] + 64 * (size_t)i, g->layer[i], 64);
    memcpy(b + where[2], g->data, g->n_data);
    for (int i = 0; i < outs; i++) mnq_netgen_put16(b + where[5] + 2 * i, (uint32_t)more[i]);
    if (host) {
        for (uint32_t i = 0; i < scales; i++) mnq_netgen_put32(b + where[3] + 4 * i, 0x3d000000u); /* 0.03125f */
        memcpy(b + where[4], meta, sizeof meta - 1);
    }
    mnq_netgen_put32(b + 12, crc(b + 16, f.n - 16));
    return f;
}
