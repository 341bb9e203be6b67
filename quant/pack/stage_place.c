/* SPDX-License-Identifier: Apache-2.0
 * Offsets of what a plan of stages holds. Each item goes to the lowest offset that those placed before it leave; a search
 * over exchanged pairs in the order mends what greed misses (plan.c does the same layer by layer). */
#include "pack/stage_place.h"

#include <stdlib.h>

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

/* The lowest offset of item i among item[0 .. i - 1]. */
static uint64_t lowest(const struct mnq_stage_item *item, int i, const struct mnq_stage_pair *pair)
{
    uint64_t best = UINT64_MAX;
    for (int c = -1; c < i; c++) { /* 0, behind each, and where a pair allows */
        uint64_t at[2] = {0, UINT64_MAX};
        if (c >= 0) {
            const struct mnq_stage_pair *p = pair_of(pair, &item[i], &item[c]);
            at[0] = item[c].offset + item[c].size;
            if (p != NULL && p->dying == item[i].tensor) {
                int64_t behind = (int64_t)item[c].offset - p->shift;
                at[1] = behind < 0 ? 0 : (uint64_t)behind;
            }
        }
        for (int j = 0; j < 2; j++) {
            bool free = at[j] < best;
            for (int k = 0; free && k < i; k++) free = clear(pair, &item[i], at[j], &item[k]);
            if (free) best = at[j];
        }
    }
    return best;
}

static uint64_t place(struct mnq_stage_item *item, int n, const struct mnq_stage_pair *pair)
{
    uint64_t top = 0;
    for (int i = 0; i < n; i++) {
        item[i].offset = lowest(item, i, pair);
        if (item[i].offset + item[i].size > top) top = item[i].offset + item[i].size;
    }
    return top;
}

static int by_size(const void *a, const void *b)
{
    const struct mnq_stage_item *x = a, *y = b;
    if (x->size != y->size) return x->size < y->size ? 1 : -1;
    return x->tensor - y->tensor;
}

static void swap(struct mnq_stage_item *a, struct mnq_stage_item *b)
{
    struct mnq_stage_item t = *a;
    *a = *b;
    *b = t;
}

uint64_t mnq_stage_place_items(struct mnq_stage_item *item, int n, const struct mnq_stage_pair *pair, uint64_t bound)
{
    enum { TRIES = 4000 };
    uint32_t random = 1;
    qsort(item, (size_t)n, sizeof *item, by_size);
    uint64_t top = place(item, n, pair);
    int tries = n > 200 ? TRIES / 100 : TRIES;
    for (int i = 0; i < tries && top > bound; i++) {
        int pick[2];
        for (int k = 0; k < 2; k++) {
            random = random * 1664525u + 1013904223u;
            pick[k] = (int)((random >> 8) % (uint32_t)n);
        }
        swap(&item[pick[0]], &item[pick[1]]);
        uint64_t now = place(item, n, pair);
        if (now <= top) top = now;
        else swap(&item[pick[0]], &item[pick[1]]);
    }
    return place(item, n, pair);
}
