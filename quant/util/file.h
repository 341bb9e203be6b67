/* SPDX-License-Identifier: Apache-2.0
 * Whole files in, checksums. */
#ifndef MNQ_FILE_H
#define MNQ_FILE_H

#include "util/arena.h"
#include "util/err.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Opens a regular file for reading; a pipe without a writer does not hang. Everything that reads a file whole or knows its
 * size opens it here. Refused: folders, pipes, devices, sockets, and files of /proc, which claim a size of 0.
 * return  a descriptor, or -1 with e that says what was found
 */
int mnq_file_open(const char *path, struct stat *st, struct mnq_err *e);

/** Reads a regular file of at most `max` bytes into the arena (16-byte aligned, one NUL behind it). */
int mnq_file_read(const char *path, size_t max, struct mnq_arena *arena, uint8_t **data, size_t *size, struct mnq_err *e);

/** CRC-32 as zlib computes it; crc = 0 to start. */
uint32_t mnq_bytes_crc32(uint32_t crc, const void *data, size_t n);

/** CRC-32 and size of a file's bytes, without keeping them. */
int mnq_file_crc32(const char *path, uint32_t *crc, uint64_t *size, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
