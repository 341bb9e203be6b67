/* SPDX-License-Identifier: Apache-2.0
 * Values in a Keras layer's configuration. */
#include "import/keras_fields.h"
#include "import/keras_values.h"

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
    if (mnq_y_null(mnq_kv_plain(v)) && old != NULL) v = mnq_y_get(l->config, old);
    return mnq_y_null(mnq_kv_plain(v)) ? NULL : v;
}

int mnq_kf_int(struct mnq_knet *k, const struct mnq_klayer *l, const char *key, const char *old, int lo, int hi, int missing,
               int *out)
{
    const struct mnq_ynode *v = mnq_kf_get(l, key, old);
    if (v != NULL) return mnq_kv_int(v, lo, hi, out, k->e);
    if (missing < lo) return mnq_knet_fail(k, l, "has no %s", key);
    *out = missing;
    return 0;
}

int mnq_kf_bool(struct mnq_knet *k, const struct mnq_klayer *l, const char *key, const char *old, bool missing, bool *out)
{
    const struct mnq_ynode *v = mnq_kf_get(l, key, old);
    *out = missing;
    return v == NULL ? 0 : mnq_kv_bool(v, out, k->e);
}

int mnq_kf_double(struct mnq_knet *k, const struct mnq_klayer *l, const char *key, double missing, double *out)
{
    const struct mnq_ynode *v = mnq_kf_get(l, key, NULL);
    *out = missing;
    return v == NULL ? 0 : mnq_kv_double(v, -MNQ_KV_LARGEST, MNQ_KV_LARGEST, out, k->e);
}

int mnq_kf_text(struct mnq_knet *k, const struct mnq_klayer *l, const char *key, const char *old, const char *missing,
                const char **out)
{
    const struct mnq_ynode *v = mnq_kf_get(l, key, old);
    *out = missing;
    return v == NULL ? 0 : mnq_y_string(v, out, k->e);
}

int mnq_kf_data_format(struct mnq_knet *k, const struct mnq_klayer *l)
{
    const char *format;
    if (mnq_kf_text(k, l, "data_format", "dim_ordering", k->first ? "channels_first" : "channels_last", &format) != 0)
        return -1;
    bool first = strcmp(format, "channels_first") == 0,
         last = strcmp(format, "channels_last") == 0 || strcmp(format, "tf") == 0 || strcmp(format, "default") == 0;
    if (!first && !last)
        return mnq_knet_fail(k, l, "data_format is %.40s, channels_last and channels_first are supported", format);
    if (first == k->first) return 0;
    return mnq_knet_fail(k, l, "is %s and other layers are not, one data_format is supported", format);
}

bool mnq_knet_turned(const struct mnq_knet *k, int in)
{
    struct mnq_shape s = k->b.g->node[in].out;
    return k->first && (s.h > 1 || s.w > 1) && !k->sequence[in];
}

int mnq_knet_axis(const struct mnq_knet *k, int in, int axis)
{
    static const int place[] = {3, 1, 2}; /* where channels, rows and columns are */
    if (!mnq_knet_turned(k, in) || axis == 0 || axis < -3 || axis > 3) return axis;
    return place[axis > 0 ? axis - 1 : axis + 3];
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
    if (y == NULL) {
        v[0] = missing;
        return 1;
    }
    int n = mnq_kv_numbers(y, v, max, k->e);
    return n == 0 ? mnq_knet_fail(k, l, "%s is empty", key) : n;
}
