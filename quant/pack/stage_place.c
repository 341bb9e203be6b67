/* SPDX-License-Identifier: Apache-2.0
 * Offsets of what a plan of stages holds. Each item goes to the lowest offset that those placed before it leave; a search
 * that brings those which reach the top forward in the order mends what greed misses. */
#include "pack/stage_place.h"

#include <stdlib.h>
#include <string.h>

static bool meet(const struct mnq_stage_item *a, const struct mnq_stage_item *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* The pair that the two are, of the one stage that they have in common; NULL: none. */
static const struct mnq_stage_pair *pair_of(const struct mnq_stage_pair *pair, const struct mnq_stage_item *a,
                                            const struct mnq_stage_item *b)
{
    int s = a->first > b->first ? a->first : b->first;
    const struct mnq_stage_pair *p = &pair[s];
    if (p->dying < 0 || (a->last < b->last ? a->last : b->last) != s) return NULL;
    bool same = (p->dying == a->tensor && p->made == b->tensor) || (p->dying == b->tensor && p->made == a->tensor);
    return same ? p : NULL;
}

/* Whether item a at offset `at` is clear of item b, which is placed. */
static bool clear(const struct mnq_stage_pair *pair, const struct mnq_stage_item *a, uint64_t at,
                  const struct mnq_stage_item *b)
{
    if (!meet(a, b) || at + a->size <= b->offset || b->offset + b->size <= at) return true;
    const struct mnq_stage_pair *p = pair_of(pair, a, b);
    if (p == NULL) return false;
    return p->made == a->tensor ? (int64_t)at <= (int64_t)b->offset + p->shift
                                : (int64_t)b->offset <= (int64_t)at + p->shift;
}

/* The lowest offset of item i among item[0 .. i - 1]; near: room for the indices of those that are needed with it. */
static uint64_t lowest(const struct mnq_stage_item *item, int i, const struct mnq_stage_pair *pair, int *near)
{
    uint64_t best = UINT64_MAX;
    int n = 0;
    for (int k = 0; k < i; k++)
        if (meet(&item[i], &item[k])) near[n++] = k;
    for (int c = -1; c < n; c++) { /* 0, behind each, and where a pair allows */
        uint64_t at[2] = {0, UINT64_MAX};
        if (c >= 0) {
            const struct mnq_stage_item *o = &item[near[c]];
            const struct mnq_stage_pair *p = pair_of(pair, &item[i], o);
            at[0] = o->offset + o->size;
            if (p != NULL && p->dying == item[i].tensor) {
                int64_t behind = (int64_t)o->offset - p->shift;
                at[1] = behind < 0 ? 0 : (uint64_t)behind;
            }
        }
        for (int j = 0; j < 2; j++) {
            bool free = at[j] < best;
            for (int k = 0; free && k < n; k++) free = clear(pair, &item[i], at[j], &item[near[k]]);
            if (free) best = at[j];
        }
    }
    return best;
}

/* What a search works on; near and undo are room for n each. */
struct search {
    struct mnq_stage_item *item, *undo;
    const struct mnq_stage_pair *pair;
    int n, *near;
};

/* Places item[from .. n - 1], those before it being placed, and returns the bytes that all need; above `limit` it stops
 * early. */
static uint64_t place(const struct search *w, int from, uint64_t limit)
{
    uint64_t top = 0;
    for (int i = 0; i < w->n && top <= limit; i++) {
        if (i >= from) w->item[i].offset = lowest(w->item, i, w->pair, w->near);
        if (w->item[i].offset + w->item[i].size > top) top = w->item[i].offset + w->item[i].size;
    }
    return top;
}

static int by_size(const void *a, const void *b)
{
    const struct mnq_stage_item *x = a, *y = b;
    if (x->size != y->size) return x->size < y->size ? 1 : -1;
    return x->tensor - y->tensor;
}

/* Takes item `from` to place `to`; those between move by one. */
static void carry(struct mnq_stage_item *item, int from, int to)
{
    struct mnq_stage_item t = item[from];
    if (to < from) memmove(&item[to + 1], &item[to], (size_t)(from - to) * sizeof *item);
    else memmove(&item[from], &item[from + 1], (size_t)(to - from) * sizeof *item);
    item[to] = t;
}

/* Later ones first: an item that lies over one that dies comes before it, and the dying one finds its place above. */
static int by_time(const void *a, const void *b)
{
    const struct mnq_stage_item *x = a, *y = b;
    if (x->first != y->first) return x->first < y->first ? 1 : -1;
    return by_size(a, b);
}

static int by_end(const void *a, const void *b)
{
    const struct mnq_stage_item *x = a, *y = b;
    if (x->last != y->last) return x->last < y->last ? 1 : -1;
    return by_size(a, b);
}

/* An item that reaches the top; -1: none. */
static int culprit(const struct mnq_stage_item *item, int n, uint64_t top)
{
    for (int i = n - 1; i >= 0; i--)
        if (item[i].offset + item[i].size == top) return i;
    return -1;
}

static int draw(uint32_t *random, int n)
{
    *random = *random * 1664525u + 1013904223u;
    return (int)((*random >> 8) % (uint32_t)n);
}

/* Moves items in the order, keeping what is no worse, until the bound is met or the tries are used up. */
static uint64_t improve(const struct search *w, uint64_t bound, int tries)
{
    uint32_t random = 1;
    uint64_t top = place(w, 0, UINT64_MAX);
    for (int i = 0; i < tries && top > bound; i++) {
        int from = i % 2 == 0 ? culprit(w->item, w->n, top) : draw(&random, w->n), to;
        to = i % 2 == 0 && from > 0 ? draw(&random, from) : draw(&random, w->n);
        int first = from < to ? from : to; /* those before it stay where they are */
        size_t moved = (size_t)(w->n - first) * sizeof *w->item;
        memcpy(w->undo, w->item + first, moved);
        carry(w->item, from, to);
        uint64_t now = place(w, first, top);
        if (now <= top) top = now;
        else memcpy(w->item + first, w->undo, moved);
    }
    return top;
}

uint64_t mnq_stage_place_items(struct mnq_stage_item *item, int n, const struct mnq_stage_pair *pair, uint64_t bound)
{
    static int (*const order[])(const void *, const void *) = {by_time, by_end, by_size};
    uint64_t best = UINT64_MAX;
    int tries = n > 300 ? 100 : 1200;
    struct mnq_stage_item *kept = malloc((size_t)n * sizeof *kept);
    struct search w = {.item = item, .pair = pair, .n = n};
    w.near = malloc((size_t)n * sizeof *w.near);
    w.undo = malloc((size_t)n * sizeof *w.undo);
    for (int i = 0; w.near != NULL && w.undo != NULL && kept != NULL && i < 3 && best > bound; i++) {
        qsort(item, (size_t)n, sizeof *item, order[i]);
        uint64_t top = improve(&w, bound, tries);
        if (top >= best) continue;
        best = top;
        memcpy(kept, item, (size_t)n * sizeof *item);
    }
    if (best != UINT64_MAX) memcpy(item, kept, (size_t)n * sizeof *item);
    free(w.near);
    free(w.undo);
    free(kept);
    return best;
}
