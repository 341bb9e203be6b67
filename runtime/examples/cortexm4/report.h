/* SPDX-License-Identifier: Apache-2.0
 * Runs a model on a row of raw inputs and writes one line per input: the same on a board and on a host. */
#ifndef REPORT_H
#define REPORT_H

#include <stddef.h>
#include <stdint.h>

/** Receives n characters of the report. */
typedef void report_write(const char *text, size_t n);

/** What to run. */
struct report_job {
    const uint8_t *model; /* .mnq bytes, 16-byte aligned */
    size_t model_size;
    const uint8_t *inputs; /* `count` inputs as the model stores them, one after another */
    size_t inputs_size;
    unsigned count;
    uint8_t *arena; /* 16-byte aligned */
    size_t arena_size;
};

/**
 * Loads the model, runs every input in a zeroed arena and writes
 *     INDEX arena CRC32 output CRC32 HEX
 * with the checksum of the arena after the run (so of every tensor that was not overwritten), that of
 * the output, and the output's bytes.
 * return  0, or 1 after a line that starts with "error:"
 */
int report_run(const struct report_job *job, report_write *write);

#endif
