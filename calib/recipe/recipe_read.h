/* SPDX-License-Identifier: Apache-2.0
 * Reading recipes. */
#ifndef MNQ_RECIPE_READ_H
#define MNQ_RECIPE_READ_H

#include "recipe.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Reads a recipe file over r, which holds what absent keys keep. Strings and rules are in the arena; a `layers:` list
 * replaces that of r.
 * return  0, or -1: "FILE:LINE:COL: key: expected ..., got ..."; unknown keys are errors that name the nearest known one
 */
int mnq_recipe_read(const char *path, struct mnq_recipe *r, struct mnq_arena *arena, struct mnq_err *e);

/** The same from text. */
int mnq_recipe_parse(const char *name, const char *text, size_t n, struct mnq_recipe *r, struct mnq_arena *arena,
                     struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
