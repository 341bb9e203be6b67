/* SPDX-License-Identifier: Apache-2.0
 * A small tree over YAML and JSON text: Keras' model_config, recipes, architecture files.
 *
 * JSON is read as flow YAML. Aliases, several documents, duplicate keys and keys that are not scalars are refused;
 * nesting is limited to MNQ_YDOC_DEPTH so that callers may recurse over a tree. */
#ifndef MNQ_YDOC_H
#define MNQ_YDOC_H

#include "util/arena.h"
#include "util/err.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MNQ_YDOC_DEPTH = 96 };

enum mnq_ykind { MNQ_Y_SCALAR, MNQ_Y_SEQ, MNQ_Y_MAP };

/** What all nodes of one text share. */
struct mnq_ydoc {
    const char *name; /* file, or whatever messages should call the text */
    int code;         /* enum mnq_exit of every error about it */
};

/** One value. Read-only for everybody but the parser; lives in the arena given to it. */
struct mnq_ynode {
    enum mnq_ykind kind;
    bool quoted;   /* scalar in quotes: always a string, never a number, boolean or null */
    int line, col; /* of the value, from 1 */
    int key_line, key_col;
    const char *text; /* scalar, NUL-terminated UTF-8 without inner NULs; NULL for SEQ and MAP */
    const char *key;  /* its name in a map; NULL in a sequence and at the root */
    int n;            /* number of children */
    const struct mnq_ynode *first, *next, *parent; /* children in the order of the text; next sibling */
    const struct mnq_ydoc *doc;
};

/**
 * Parses one document. An empty text gives a null scalar.
 * name    for messages: "name:line:col: ..."
 * code    exit class of errors: MNQ_EXIT_USAGE for configuration, MNQ_EXIT_FAILED for model files
 * text    n bytes of UTF-8, not kept
 * return  the root in the arena; NULL with e set
 */
const struct mnq_ynode *mnq_ydoc_parse(const char *name, int code, const char *text, size_t n, struct mnq_arena *arena,
                                       struct mnq_err *e);

/** Fails with "name:line:col: path: message", path being the dotted keys down to the node. Returns -1. */
int mnq_y_fail(const struct mnq_ynode *v, struct mnq_err *e, const char *fmt, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

/** Value under a key; NULL if absent, if v is NULL or if v is no map. */
const struct mnq_ynode *mnq_y_get(const struct mnq_ynode *v, const char *key);

/** i-th element of a sequence; NULL if there is none, if v is NULL or if v is no sequence. */
const struct mnq_ynode *mnq_y_at(const struct mnq_ynode *v, int i);

/** True for an absent value and an unquoted null, ~ or nothing. */
bool mnq_y_null(const struct mnq_ynode *v);

/** True for an unquoted scalar that reads as a finite number. */
bool mnq_y_is_number(const struct mnq_ynode *v);

/** True for a scalar with exactly this text, quoted or not. False for NULL. */
bool mnq_y_is(const struct mnq_ynode *v, const char *text);

/** Typed readers: 0, or -1 with a message that tells what was found and wanted. v must not be NULL. */
int mnq_y_int(const struct mnq_ynode *v, int lo, int hi, int *out, struct mnq_err *e);
int mnq_y_double(const struct mnq_ynode *v, double lo, double hi, double *out, struct mnq_err *e);
int mnq_y_bool(const struct mnq_ynode *v, bool *out, struct mnq_err *e); /* true, false */
/** A scalar's text (an unquoted number is fine as a name); null is refused. */
int mnq_y_string(const struct mnq_ynode *v, const char **out, struct mnq_err *e);
/** Index of a scalar in a list of n words. */
int mnq_y_choice(const struct mnq_ynode *v, const char *const *word, int n, int *out, struct mnq_err *e);
/** Checks the kind. */
int mnq_y_want(const struct mnq_ynode *v, enum mnq_ykind kind, struct mnq_err *e);

/** Refuses keys of a map that are not among the n known ones, with the nearest known one as a hint. */
int mnq_y_only(const struct mnq_ynode *map, const char *const *known, int n, struct mnq_err *e);

#ifdef __cplusplus
}
#endif
#endif
