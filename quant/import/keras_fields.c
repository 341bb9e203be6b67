/* SPDX-License-Identifier: Apache-2.0
 * Values in a Keras layer's configuration. */
#include "import/keras_fields.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int mnq_knet_fail(const struct mnq_knet *k, const struct mnq_klayer *l, const char *fmt, ...)
{
    char what[500];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    return mnq_fail(k->e, MNQ_EXIT_FAILED, "%s: layer '%.100s' (%.60s): %s", k->file, l->name, l->class_name, what);
}
const struct mnq_ynode *mnq_kf_get(const struct mnq_klayer *l, const char *key, const char *old)
{
    const struct mnq_ynode *v = mnq_y_get(l->config, key);
    if (mnq_y_null(v) && old != NULL) v = mnq_y_get(l->config, old);
    return mnq_y_null(v) ? NULL : v;
}

int mnq_kf_int(struct mnq_knet *k, const struct mnq_klayer *l, const char *key, const char *old, int lo, int hi, int missing,
               int *out)
{
    const struct mnq_ynode *v = mnq_kf_get(l, key, old);
    if (v != NULL) return mnq_y_int(v, lo, hi, out, k->e);
    if (missing < lo) return mnq_knet_fail(k, l, "has no %s", key);
    *out = missing;
    return 0;
}

int mnq_kf_bool(struct mnq_knet *k, const struct mnq_klayer *l, const char *key, const char *old, bool missing, bool *out)
{
    const struct mnq_ynode *v = mnq_kf_get(l, key, old);
    *out = missing;
    return v == NULL ? 0 : mnq_y_bool(v, out, k->e);
}

int mnq_kf_double(struct mnq_knet *k, const struct mnq_klayer *l, const char *key, double missing, double *out)
{
    const struct mnq_ynode *v = mnq_kf_get(l, key, NULL);
    *out = missing;
    return v == NULL ? 0 : mnq_y_double(v, -1e30, 1e30, out, k->e);
}

int mnq_kf_pair(struct mnq_knet *k, const struct mnq_ynode *v, int lo, int hi, int *a, int *b)
{
    if (v->kind != MNQ_Y_SEQ) {
        if (mnq_y_int(v, lo, hi, a, k->e) != 0) return -1;
        *b = *a;
        return 0;
    }
    if (v->n != 2) return mnq_y_fail(v, k->e, "expected 1 or 2 integers, got %d", v->n);
    return mnq_y_int(v->first, lo, hi, a, k->e) != 0 || mnq_y_int(v->first->next, lo, hi, b, k->e) != 0 ? -1 : 0;
}

int mnq_kf_text(struct mnq_knet *k, const struct mnq_klayer *l, const char *key, const char *old, const char *missing,
                const char **out)
{
    const struct mnq_ynode *v = mnq_kf_get(l, key, old);
    *out = missing;
    return v == NULL ? 0 : mnq_y_string(v, out, k->e);
}

int mnq_kf_channels_last(struct mnq_knet *k, const struct mnq_klayer *l)
{
    const char *format;
    if (mnq_kf_text(k, l, "data_format", "dim_ordering", "channels_last", &format) != 0) return -1;
    if (strcmp(format, "channels_last") == 0 || strcmp(format, "tf") == 0 || strcmp(format, "default") == 0) return 0;
    return mnq_knet_fail(k, l, "data_format is %.40s, only channels_last is supported", format);
}

int mnq_kf_padding(struct mnq_knet *k, const struct mnq_klayer *l, enum mnq_padding *out)
{
    const char *padding;
    if (mnq_kf_text(k, l, "padding", "border_mode", "valid", &padding) != 0) return -1;
    *out = strcmp(padding, "same") == 0 ? MNQ_PAD_SAME : MNQ_PAD_VALID;
    if (*out == MNQ_PAD_SAME || strcmp(padding, "valid") == 0) return 0;
    return mnq_knet_fail(k, l, "padding is %.40s, only same and valid are supported", padding);
}
int mnq_kf_numbers(struct mnq_knet *k, const struct mnq_klayer *l, const char *key, float missing, float *v, int max)
{
    const struct mnq_ynode *y = mnq_kf_get(l, key, NULL);
    double d;
    if (y == NULL) {
        v[0] = missing;
        return 1;
    }
    if (y->kind != MNQ_Y_SEQ) {
        if (mnq_y_double(y, -1e30, 1e30, &d, k->e) != 0) return -1;
        v[0] = (float)d;
        return 1;
    }
    if (y->n < 1 || y->n > max) return mnq_knet_fail(k, l, "%s has %d numbers, 1 to %d are supported", key, y->n, max);
    int n = 0;
    for (const struct mnq_ynode *c = y->first; c != NULL; c = c->next) {
        if (mnq_y_double(c, -1e30, 1e30, &d, k->e) != 0) return -1;
        v[n++] = (float)d;
    }
    return n;
}
