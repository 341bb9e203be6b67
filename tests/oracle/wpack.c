/* SPDX-License-Identifier: Apache-2.0
 * Writes compressed weights for tests. */
#include "wpack.h"

#include <string.h>

int mnq_wpack_next(int wtype)
{
    return wtype == WP_XNOR ? WP_SPARSE4 : wtype == WP_TERNARY ? 0 : wtype + 1;
}

int mnq_wpack_sparse(int wtype)
{
    return wtype == WP_SPARSE || wtype == WP_SPARSE4;
}

size_t mnq_wpack_count(int wtype, int c, int oc, int field)
{
    size_t n = (size_t)c * (size_t)oc;
    if (wtype == WP_BINARY) return (n + (size_t)oc) * (size_t)field;
    return wtype == WP_XNOR ? n + (size_t)c : n;
}

static int any(const int32_t *v, int n)
{
    for (int i = 0; i < n; i++) {
        if (v[i]) return 1;
    }
    return 0;
}

static size_t plane(int c)
{
    return 4 * (((size_t)c + 31) / 32);
}

static size_t map_row(int c, int block)
{
    return ((size_t)(c / block) + 7) / 8;
}

size_t mnq_wpack_size(int wtype, int c, int oc, int field, const int32_t *v)
{
    size_t rows = (size_t)oc, size;

    if (wtype == WP_S4) return rows * (((size_t)c + 1) / 2);
    if (wtype == WP_TERNARY) return rows * (((size_t)c + 4) / 5);
    if (wtype == WP_BINARY) return rows * (size_t)field * plane(c) + (field > 1 ? 2 * rows * (size_t)field : 0);
    if (wtype == WP_XNOR) return rows * plane(c) + 2 * (size_t)c;
    size = rows * map_row(c, field);
    for (int o = 0; o < oc; o++) {
        size_t n = 0;
        for (int i = 0; i < c; i += field, v += field) n += any(v, field) ? (size_t)field : 0;
        size += wtype == WP_SPARSE4 ? (n + 1) / 2 : n;
    }
    return size;
}

static void put16(uint8_t *p, int32_t v)
{
    p[0] = (uint8_t)((uint32_t)v & 255);
    p[1] = (uint8_t)((uint32_t)v >> 8 & 255);
}

static void write_planes(int c, size_t planes, const int32_t *s, uint8_t *to)
{
    for (size_t k = 0; k < planes; k++, to += plane(c)) {
        for (int i = 0; i < c; i++) to[i / 8] |= (uint8_t)((*s++ > 0) << i % 8);
    }
}

static void write_sparse(int wtype, int c, int oc, int block, const int32_t *v, uint8_t *to)
{
    uint8_t *weight = to + (size_t)oc * map_row(c, block);

    for (int o = 0; o < oc; o++, to += map_row(c, block)) {
        int high = 0; /* the row's last byte has room for one of four bits */
        for (int k = 0; k < c / block; k++, v += block) {
            if (!any(v, block)) continue;
            to[k / 8] |= (uint8_t)(1 << k % 8);
            for (int i = 0; i < block; i++) {
                if (wtype == WP_SPARSE) *weight++ = (uint8_t)((uint32_t)v[i] & 255);
                else if (high) weight[-1] |= (uint8_t)(((uint32_t)v[i] & 15) << 4);
                else *weight++ = (uint8_t)((uint32_t)v[i] & 15);
                high = wtype == WP_SPARSE4 && !high;
            }
        }
    }
}

/* n 243rds of a byte's 256, rounded up: n is five weights, the first one the highest digit to base 3. */
static void write_ternary(int c, int oc, const int32_t *v, uint8_t *to)
{
    for (int o = 0; o < oc; o++, v += c) {
        for (int i = 0; i < c; i += 5) {
            int n = 0;
            for (int k = i; k < i + 5; k++) n = 3 * n + 1 + (k < c ? v[k] : 0);
            *to++ = (uint8_t)((256 * n + 242) / 243);
        }
    }
}

void mnq_wpack_write(int wtype, int c, int oc, int field, const int32_t *v, uint8_t *to)
{
    size_t n = (size_t)c * (size_t)oc, planes = (size_t)oc * (size_t)(wtype == WP_BINARY ? field : 1);

    memset(to, 0, mnq_wpack_size(wtype, c, oc, field, v));
    if (wtype == WP_S4) {
        for (size_t i = 0; i < n; i++) {
            size_t o = i / (size_t)c, at = i % (size_t)c;
            to[o * (((size_t)c + 1) / 2) + at / 2] |= (uint8_t)(((uint32_t)v[i] & 15) << 4 * (at % 2));
        }
    } else if (wtype == WP_TERNARY) {
        write_ternary(c, oc, v, to);
    } else if (mnq_wpack_sparse(wtype)) {
        write_sparse(wtype, c, oc, field, v, to);
    } else {
        size_t behind = wtype == WP_XNOR ? (size_t)c : field > 1 ? planes : 0;
        write_planes(c, planes, v, to);
        for (size_t i = 0; i < behind; i++) put16(to + planes * plane(c) + 2 * i, v[planes * (size_t)c + i]);
    }
}
