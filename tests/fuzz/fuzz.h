/* SPDX-License-Identifier: Apache-2.0
 * What a fuzz target consists of: the entry that libFuzzer calls, and seeds made from code. */
#ifndef MNQ_FUZZ_H
#define MNQ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** libFuzzer's entry: any bytes; returns 0. What must not happen ends the program. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** Seed i of the target, malloc'd and the same on every call; NULL behind the last. */
uint8_t *mnq_fuzz_seed(int i, size_t *n);

/** Ends the program with a message: a property that must hold does not. */
#define MNQ_FUZZ_MUST(condition)                                                                                            \
    do {                                                                                                                    \
        if (!(condition)) mnq_fuzz_broken(#condition, __FILE__, __LINE__);                                                  \
    } while (0)
_Noreturn void mnq_fuzz_broken(const char *condition, const char *file, int line);

/** Copy with exactly n bytes, so that the address sanitizer sees the first byte behind it; 16-byte aligned as malloc is. */
uint8_t *mnq_fuzz_copy(const uint8_t *data, size_t n);

/** Whether n places of a stack, the innermost first, begin in the HDF5 library, or in what it calls of others, and not in
 * this program: our own code may be called by the library, too. below: whether they pass through it anywhere. */
bool mnq_fuzz_in_library(void *const *frame, int n, bool below);

#endif
