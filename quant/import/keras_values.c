/* SPDX-License-Identifier: Apache-2.0
 * Numbers in a Keras configuration, in every spelling. */
#include "import/keras_values.h"

#include <math.h>
#include <string.h>

const struct mnq_ynode *mnq_kv_plain(const struct mnq_ynode *v)
{
    while (v != NULL && v->kind == MNQ_Y_MAP) { /* MNQ_YDOC_DEPTH bounds it */
        const struct mnq_ynode *inner = mnq_y_get(v, "value");
        if (inner == NULL) inner = mnq_y_get(mnq_y_get(v, "config"), "value");
        if (inner == NULL) inner = mnq_y_get(v, "items");
        if (inner == NULL) return v;
        v = inner;
    }
    return v;
}

/* A single value as a scalar without quotes, in *copy; false if it is none. */
static bool scalar(const struct mnq_ynode *v, struct mnq_ynode *copy)
{
    v = mnq_kv_plain(v);
    while (v != NULL && v->kind == MNQ_Y_SEQ && v->n == 1) v = mnq_kv_plain(v->first);
    if (v == NULL || v->kind != MNQ_Y_SCALAR) return false;
    *copy = *v;
    copy->quoted = false;
    return true;
}

bool mnq_kv_is_number(const struct mnq_ynode *v)
{
    struct mnq_ynode s;
    return scalar(v, &s) && mnq_y_is_number(&s);
}

bool mnq_kv_infinite(const struct mnq_ynode *v)
{
    struct mnq_ynode s;
    if (!scalar(v, &s)) return false;
    return strcmp(s.text, "Infinity") == 0 || strcmp(s.text, "inf") == 0 || strcmp(s.text, ".inf") == 0;
}

int mnq_kv_int(const struct mnq_ynode *v, int lo, int hi, int *out, struct mnq_err *e)
{
    struct mnq_ynode s;
    double d;
    if (!scalar(v, &s)) return mnq_y_int(v, lo, hi, out, e);
    if (mnq_y_double(&s, lo, hi, &d, NULL) != 0 || d != floor(d)) return mnq_y_int(&s, lo, hi, out, e);
    *out = (int)d;
    return 0;
}

int mnq_kv_double(const struct mnq_ynode *v, double lo, double hi, double *out, struct mnq_err *e)
{
    struct mnq_ynode s;
    return mnq_y_double(scalar(v, &s) ? &s : v, lo, hi, out, e);
}

int mnq_kv_bool(const struct mnq_ynode *v, bool *out, struct mnq_err *e)
{
    struct mnq_ynode s;
    if (!scalar(v, &s)) return mnq_y_bool(v, out, e);
    *out = strcmp(s.text, "True") == 0 || strcmp(s.text, "1") == 0;
    return *out || strcmp(s.text, "False") == 0 || strcmp(s.text, "0") == 0 ? 0 : mnq_y_bool(&s, out, e);
}

int mnq_kv_pair(const struct mnq_ynode *v, int lo, int hi, int *a, int *b, struct mnq_err *e)
{
    const struct mnq_ynode *list = mnq_kv_plain(v);
    if (list->kind != MNQ_Y_SEQ || list->n == 1) {
        if (mnq_kv_int(v, lo, hi, a, e) != 0) return -1;
        *b = *a;
        return 0;
    }
    if (list->n != 2) return mnq_y_fail(list, e, "expected 1 or 2 integers, got %d", list->n);
    return mnq_kv_int(list->first, lo, hi, a, e) != 0 || mnq_kv_int(list->first->next, lo, hi, b, e) != 0 ? -1 : 0;
}

/* Recursion is bounded by MNQ_YDOC_DEPTH. */
static int collect(const struct mnq_ynode *v, float *out, int at, int max, struct mnq_err *e)
{
    v = mnq_kv_plain(v);
    if (v->kind == MNQ_Y_SEQ) {
        for (const struct mnq_ynode *c = v->first; c != NULL && at >= 0; c = c->next) at = collect(c, out, at, max, e);
        return at;
    }
    double d;
    if (mnq_kv_double(v, -MNQ_KV_LARGEST, MNQ_KV_LARGEST, &d, e) != 0) return -1;
    if (at >= max) return mnq_y_fail(v, e, "more than %d numbers", max);
    out[at] = (float)d;
    return at + 1;
}

int mnq_kv_numbers(const struct mnq_ynode *v, float *out, int max, struct mnq_err *e)
{
    return collect(v, out, 0, max, e);
}
