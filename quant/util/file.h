/* SPDX-License-Identifier: Apache-2.0
 * Whole files in, atomic files out. */
#ifndef MNQ_FILE_H
#define MNQ_FILE_H

#include "util/arena.h"
#include "util/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Reads a regular file of at most `max` bytes into the arena (16-byte aligned, one NUL behind it). */
int mnq_file_read(const char *path, size_t max, struct mnq_arena *arena, uint8_t **data, size_t *size, struct mnq_err *e);

/**
 * Checks that `path` may be written: the directory exists and is writable, and the file does not exist unless `force`.
 * Called before long work, so that it does not end in vain.
 */
int mnq_file_writable(const char *path, bool force, struct mnq_err *e);

/** Name for a temporary file beside `path` (same directory, so that rename is atomic), in the arena. */
char *mnq_file_temp(const char *path, struct mnq_arena *arena);

/** Renames temp to path (refusing an existing path unless force) or, on failure, removes temp. */
int mnq_file_commit(const char *temp, const char *path, bool force, struct mnq_err *e);

/**
 * Writes a temporary file beside path, for mnq_file_commit() once all else has succeeded.
 * return  its name, in the arena; NULL: nothing is left behind
 */
char *mnq_file_stage(const char *path, const void *data, size_t size, bool force, struct mnq_arena *arena,
                     struct mnq_err *e);

/** Writes path atomically: temporary file, fsync, rename. On failure nothing is left behind. */
int mnq_file_write(const char *path, const void *data, size_t size, bool force, struct mnq_err *e);

/** CRC-32 as zlib computes it; crc = 0 to start. */
uint32_t mnq_bytes_crc32(uint32_t crc, const void *data, size_t n);

/** CRC-32 and size of a file's bytes, without keeping them. */
int mnq_file_crc32(const char *path, uint32_t *crc, uint64_t *size, struct mnq_err *e);

#endif
