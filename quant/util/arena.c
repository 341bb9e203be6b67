/* SPDX-License-Identifier: Apache-2.0
 * A host-side arena: many allocations, one free. */
#include "util/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 64, BLOCK = 1 << 16 };

struct mnq_arena_block {
    struct mnq_arena_block *next;
    size_t size, used;
    unsigned char *data; /* ALIGN-aligned */
};

static struct mnq_arena_block *new_block(size_t size)
{
    if (size > SIZE_MAX - sizeof(struct mnq_arena_block) - ALIGN) return NULL;
    struct mnq_arena_block *b = calloc(1, sizeof *b + ALIGN + size);
    if (b == NULL) return NULL;
    uintptr_t p = (uintptr_t)(b + 1);
    b->data = (unsigned char *)(b + 1) + (ALIGN - p % ALIGN) % ALIGN;
    b->size = size;
    return b;
}

static void *starve(struct mnq_arena *a)
{
    a->starved = true;
    return NULL;
}

void *mnq_arena_alloc(struct mnq_arena *a, size_t n)
{
    if (n > SIZE_MAX - ALIGN) return starve(a);
    n = n == 0 ? ALIGN : (n + ALIGN - 1) / ALIGN * ALIGN;
    struct mnq_arena_block *b = a->head;
    if (b == NULL || b->size - b->used < n) {
        b = new_block(n > BLOCK ? n : BLOCK);
        if (b == NULL) return starve(a);
        if (n > BLOCK && a->head != NULL) { /* keep the half-full block in front for small requests */
            b->next = a->head->next;
            a->head->next = b;
        } else {
            b->next = a->head;
            a->head = b;
        }
    }
    void *p = b->data + b->used;
    b->used += n;
    a->used += n;
    return p;
}

void *mnq_arena_array(struct mnq_arena *a, size_t n, size_t size)
{
    if (size != 0 && n > SIZE_MAX / size) return starve(a);
    return mnq_arena_alloc(a, n * size);
}

char *mnq_arena_strdup(struct mnq_arena *a, const char *s)
{
    size_t n = strlen(s) + 1;
    char *p = mnq_arena_alloc(a, n);
    if (p != NULL) memcpy(p, s, n);
    return p;
}

void mnq_arena_take(struct mnq_arena *to, struct mnq_arena *from)
{
    struct mnq_arena_block **end = &to->head;
    while (*end != NULL) end = &(*end)->next;
    *end = from->head;
    to->used += from->used;
    to->starved = to->starved || from->starved;
    *from = (struct mnq_arena){0};
}

void mnq_arena_free(struct mnq_arena *a)
{
    for (struct mnq_arena_block *b = a->head, *next; b != NULL; b = next) {
        next = b->next;
        free(b);
    }
    a->head = NULL;
    a->used = 0;
}
