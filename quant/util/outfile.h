/* SPDX-License-Identifier: Apache-2.0
 * Outputs: where they go is settled before any work, and they arrive whole or not at all.
 *
 * A name is followed over symbolic links to the file that it means; that file is replaced in its own folder, its mode and,
 * where allowed, its owner kept. A name of a pipe, a terminal or a device gets the bytes as they are; "-" is standard
 * output. Of several processes the first alone writes (util/spread.h). Everything else (a dangling link, a folder, a name
 * too long, a folder that takes no files) is refused at once. */
#ifndef MNQ_OUTFILE_H
#define MNQ_OUTFILE_H

#include "util/arena.h"
#include "util/err.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mnq_output;

/**
 * Settles where `name` leads and that it may be written: nothing is left in the folder, nothing is changed.
 * force   an existing file may be replaced
 * return  in the arena; NULL with e. mnq_output_end() closes it.
 */
struct mnq_output *mnq_output_begin(const char *name, bool force, struct mnq_arena *arena, struct mnq_err *e);

/** Whether the bytes go out as they are, to a pipe or a device; whether that is this program's standard output (a copy of its
 *  descriptor), or a terminal; whether two would be the same file or stream. */
bool mnq_output_is_stream(const struct mnq_output *o);
bool mnq_output_is_stdout(const struct mnq_output *o);
bool mnq_output_is_terminal(const struct mnq_output *o);
bool mnq_output_same(const struct mnq_output *a, const struct mnq_output *b);

/** Whether the file that this name leads to would be replaced. */
bool mnq_output_replaces(const struct mnq_output *o, const char *name);

/**
 * Takes the bytes: they go to a fresh file beside the one meant, which is not touched before mnq_output_commit().
 * data    must live until then
 */
int mnq_output_put(struct mnq_output *o, const void *data, size_t n, struct mnq_err *e);

/**
 * Makes n outputs, all put before, appear: all of them or none. (Bytes that went into a pipe cannot be taken back: streams
 * come first.) A file that appeared meanwhile is not replaced without force.
 */
int mnq_output_commit(struct mnq_output *const *o, int n, struct mnq_err *e);

/** Ends an output, NULL too: what was not committed is removed. */
void mnq_output_end(struct mnq_output *o);

/** Whether a file is left that could not be removed, behind mnq_output_end() too; text, if so, names it and says why. */
bool mnq_output_left(const struct mnq_output *o, char *text, size_t n);

/** All of it for one file. */
int mnq_output_write(const char *name, const void *data, size_t n, bool force, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
