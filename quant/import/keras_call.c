/* SPDX-License-Identifier: Apache-2.0
 * Arguments of a function call, by their place or their keyword. */
#include "import/keras_call.h"
#include "import/keras_values.h"

#include <string.h>

static bool is_key(const char *s, const char *key, const char *other)
{
    return strcmp(s, key) == 0 || (other != NULL && strcmp(s, other) == 0);
}

const struct mnq_ynode *mnq_kcall_value(const struct mnq_klayer *l, const struct mnq_kcall *call, int place, const char *key,
                                        const char *other)
{
    int at = 0;
    for (int i = 0; i < call->n_arg; i++) {
        const struct mnq_karg *a = &call->arg[i];
        bool meant = a->key == NULL ? at++ == place : is_key(a->key, key, other);
        if (meant && a->kind == MNQ_KARG_VALUE && !mnq_y_null(a->value)) return a->value;
    }
    const struct mnq_ynode *v = mnq_y_get(l->config, key);
    if (mnq_y_null(v) && other != NULL) v = mnq_y_get(l->config, other);
    const char number[2] = {(char)('0' + place), '\0'};
    if (mnq_y_null(v)) v = mnq_y_get(mnq_y_get(l->config, "constants"), number);
    return mnq_y_null(v) ? NULL : v;
}

int mnq_kcall_numbers(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, int place,
                      const char *key, const char *other, float *v, int max)
{
    const struct mnq_ynode *given = mnq_kcall_value(l, call, place, key, other);
    return given == NULL ? 0 : mnq_kv_numbers(given, v, max, k->e);
}
