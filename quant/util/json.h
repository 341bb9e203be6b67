/* SPDX-License-Identifier: Apache-2.0
 * A JSON writer: keys in the order written, numbers that read back to the same bits. */
#ifndef MNQ_JSON_H
#define MNQ_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MNQ_JSON_DEPTH = 32 };

/** Zero-initialize; `indent` > 0 breaks lines. After an allocation failure `failed` is set and calls do nothing. */
struct mnq_json {
    char *text; /* malloc'd, NUL-terminated once anything was written */
    size_t n, cap;
    int indent;
    int depth;
    bool used[MNQ_JSON_DEPTH];
    bool flat[MNQ_JSON_DEPTH]; /* this level stays on one line */
    char close[MNQ_JSON_DEPTH];
    bool failed;
};

/** Objects and arrays; `key` is NULL inside arrays and at the root. */
void mnq_json_object(struct mnq_json *j, const char *key);
void mnq_json_array(struct mnq_json *j, const char *key);
/** An array on one line, whatever the indentation. */
void mnq_json_row(struct mnq_json *j, const char *key);
/** Ends the innermost object or array. */
void mnq_json_end(struct mnq_json *j);

void mnq_json_string(struct mnq_json *j, const char *key, const char *value); /* NULL gives null; bad UTF-8 becomes U+FFFD */
void mnq_json_int(struct mnq_json *j, const char *key, int64_t value);
void mnq_json_double(struct mnq_json *j, const char *key,
                     double value); /* shortest that reads back; NaN and infinity give null */
void mnq_json_float(struct mnq_json *j, const char *key, float value); /* likewise as a float */
void mnq_json_bool(struct mnq_json *j, const char *key, bool value);
void mnq_json_null(struct mnq_json *j, const char *key);

/** Frees the text. */
void mnq_json_free(struct mnq_json *j);

#ifdef __cplusplus
}
#endif
#endif
