/* SPDX-License-Identifier: Apache-2.0
 * Small Keras files as text, and what any result of the importer must be. */
#ifndef MNQ_FUZZ_KERAS_TEXT_H
#define MNQ_FUZZ_KERAS_TEXT_H

#include "import/import.h"

/** Description i of a small Keras file (see h5text.h) and its length; NULL behind the last. Valid until the next call. */
const char *mnq_keras_text(int i, size_t *n);

/** Ends the program unless e says in one line what is wrong. */
void mnq_fuzz_explained(const struct mnq_err *e);

/** Imports n bytes. A failure must be explained in one line; a graph must pass its check, its cost be countable, and passes
 * must either succeed or explain. */
void mnq_fuzz_import(const uint8_t *bytes, size_t n, const struct mnq_import_opts *opts, struct mnq_graph *g,
                     struct mnq_arena *arena, struct mnq_err *e);

/** Before an input: ends the program unless the target's seed 0 imports, looked at once. What refuses every file finds
 * nothing. */
void mnq_fuzz_import_seed(uint8_t *(*seed)(int i, size_t *n));

#endif
