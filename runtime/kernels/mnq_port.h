/* SPDX-License-Identifier: Apache-2.0
 * What the runtime wants from a compiler and its target: byte order, shifts, three memory functions. */
#ifndef MNQ_PORT_H
#define MNQ_PORT_H

#include <stddef.h>

/* Weights are used in place, as the little-endian file has them. Compilers that define none of these are little-endian;
 * should one not be, mnq_model_load() finds out. */
#if (defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) || defined(__BIG_ENDIAN__) || defined(__ARMEB__)
#error "mnq: big-endian targets are not supported"
#endif

/* NUMERICS.md writes >> for floor; every compiler in use agrees for negative values. */
typedef char mnq_shift_is_arithmetic[(-1 >> 1) == -1 ? 1 : -1];

/* Keeps a function's frame apart from its callers': no function of the runtime takes more than 256 bytes of stack. */
#if defined(__GNUC__)
#define MNQ_APART __attribute__((noinline))
#else
#define MNQ_APART
#endif

/* In front of an inner loop: four turns at a time on a core without vectors, where counting costs as much as multiplying, eight
 * where addresses do not count by themselves. A host's compiler knows better. */
#if defined(__riscv) && defined(__GNUC__) && !defined(__clang__)
#define MNQ_UNROLL _Pragma("GCC unroll 8")
#elif defined(__GNUC__) && !defined(__clang__) && !defined(__x86_64__) && !defined(__aarch64__)
#define MNQ_UNROLL _Pragma("GCC unroll 4")
#else
#define MNQ_UNROLL
#endif

/* Not from <string.h>: a compiler without a C library has none, and calls these three by itself anyway. */
void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);

#endif
