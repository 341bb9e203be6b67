/* SPDX-License-Identifier: Apache-2.0
 * A host-side arena: many allocations, one free. */
#ifndef MNQ_ARENA_H
#define MNQ_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mnq_arena_block;

/** Zero-initialize before use. Not thread-safe. */
struct mnq_arena {
    struct mnq_arena_block *head;
    size_t used;  /* bytes handed out, for reports */
    bool starved; /* some request was refused: whoever did not look at the result is found out at the end */
};

/** n bytes, 64-byte aligned, zeroed; NULL when out of memory (or n overflows). n = 0 gives a valid pointer. */
void *mnq_arena_alloc(struct mnq_arena *a, size_t n);

/** n * size bytes, overflow-checked. */
void *mnq_arena_array(struct mnq_arena *a, size_t n, size_t size);

/** Copy of a string. */
char *mnq_arena_strdup(struct mnq_arena *a, const char *s);

/** All that `from` has given out belongs to `to`; `from` is empty. */
void mnq_arena_take(struct mnq_arena *to, struct mnq_arena *from);

/** Frees everything; the arena may be used again. */
void mnq_arena_free(struct mnq_arena *a);

#ifdef __cplusplus
}
#endif
#endif
