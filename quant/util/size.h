/* SPDX-License-Identifier: Apache-2.0
 * Numbers of bytes as people write them. */
#ifndef MNQ_SIZE_H
#define MNQ_SIZE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * "204800", "200k", "0.5M", "200KiB", "1MiB": k, M, G (or kB, MB, GB) are powers of 1000, Ki, Mi, Gi (KiB, ...) of 1024;
 * the case of k does not matter.
 * return  0 with *bytes rounded down, or -1 if the text is no such number or beyond 2^53
 */
int mnq_size_parse(const char *text, int64_t *bytes);

#ifdef __cplusplus
}
#endif
#endif
