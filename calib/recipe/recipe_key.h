/* SPDX-License-Identifier: Apache-2.0
 * Tables of recipe keys: one table serves reading and writing. Internal to the recipe's files. */
#ifndef MNQ_RECIPE_KEY_H
#define MNQ_RECIPE_KEY_H

#include "recipe.h"
#include "util/ydoc.h"

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

enum mnq_key_type {
    MNQ_KEY_STRING,       /* const char *, NULL unset */
    MNQ_KEY_PATTERN,      /* const char * that mnq_pattern_parse() takes, NULL unset */
    MNQ_KEY_RULE_PATTERN, /* struct mnq_pattern, m < 0 unset */
    MNQ_KEY_INT,
    MNQ_KEY_SIZE, /* int64_t: bytes, suffixes as in util/size.h */
    MNQ_KEY_DOUBLE,
    MNQ_KEY_WORD,  /* int: index of a word, < 0 unset */
    MNQ_KEY_SWITCH /* a WORD that may also be true or false */
};

struct mnq_key {
    const char *name;
    enum mnq_key_type type;
    size_t offset; /* in the struct that the table describes */
    double lo, hi; /* of numbers; only below lo can be "unset" */
    double unset;  /* numbers up to this are not written, nor words; -1 = all are */
    const char *const *word;
    int skip; /* index of a word that does not belong to this key; -1 = none */
};

/** The keys of a recipe, and those of a rule but `match` and `kind`. */
extern const struct mnq_key mnq_recipe_keys[], mnq_rule_keys[];
extern const int mnq_n_recipe_keys, mnq_n_rule_keys;

/** Reads one value into the struct at `base`; 0 or -1 with e. */
int mnq_key_read(const struct mnq_key *k, const struct mnq_ynode *v, void *base, struct mnq_arena *arena, struct mnq_err *e);

/** Whether the struct at `base` holds a value for the key. */
bool mnq_key_is_set(const struct mnq_key *k, const void *base);

/** Reads `layers:` into r. */
int mnq_recipe_read_rules(const struct mnq_ynode *list, struct mnq_recipe *r, struct mnq_arena *arena, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
