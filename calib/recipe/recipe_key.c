/* SPDX-License-Identifier: Apache-2.0
 * The keys of recipes and rules, and how one value is read. */
#include "recipe_key.h"

#include "util/size.h"

#include <stddef.h>
#include <string.h>

const char *const mnq_observer_words[] = {"auto", "minmax", "percentile", "mse", "kl", NULL};
const char *const mnq_act_scale_words[] = {"tensor", "channel", NULL};
const char *const mnq_rounding_words[] = {"nearest", "second-order", NULL};
const char *const mnq_wide_words[] = {"auto", "none", "all", NULL};
const char *const mnq_switch_words[] = {"off", "on", NULL};
const char *const mnq_resize_words[] = {"stretch", "crop", NULL};
const char *const mnq_filter_words[] = {"pil", "tf", "nearest", "bicubic", NULL};
const char *const mnq_weights_words[] = {"int8", "int4", "ternary", "binary", "auto", NULL};
const char *const mnq_storage_words[] = {"bytes", "speed", "dense", NULL};
const char *const mnq_plan_words[] = {"ram", "speed", NULL};
const char *const mnq_scope_words[] = {"layer", "global", NULL};
const char *const mnq_method_words[] = {"magnitude", "obs", "auto", NULL};

const char *mnq_observer_name(int observer)
{
    return observer == MNQ_OBS_LEARNED ? "learned" : mnq_observer_words[observer];
}

#define TEXT(name, type, member)                                                                                            \
    {                                                                                                                       \
        name, type, offsetof(S, member), 0, 0, -1, NULL, -1                                                                 \
    }
#define WORD(name, member, words)                                                                                           \
    {                                                                                                                       \
        name, MNQ_KEY_WORD, offsetof(S, member), 0, 0, -1, words, -1                                                        \
    }
#define SWITCH(name, member)                                                                                                \
    {                                                                                                                       \
        name, MNQ_KEY_SWITCH, offsetof(S, member), 0, 0, -1, mnq_switch_words, -1                                           \
    }
#define NUMBER(name, type, member, lo, hi, unset)                                                                           \
    {                                                                                                                       \
        name, type, offsetof(S, member), lo, hi, unset, NULL, -1                                                            \
    }

#define S struct mnq_recipe
const struct mnq_key mnq_recipe_keys[] = {
    TEXT("preprocess", MNQ_KEY_STRING, preprocess),
    WORD("resize", resize, mnq_resize_words),
    WORD("filter", filter, mnq_filter_words),
    TEXT("arch", MNQ_KEY_STRING, arch),
    TEXT("task", MNQ_KEY_STRING, task),
    NUMBER("threshold", MNQ_KEY_DOUBLE, threshold, MNQ_THRESHOLD_MIN, MNQ_THRESHOLD_MAX, 0),
    NUMBER("resolution", MNQ_KEY_INT, resolution, 1, MNQ_RESOLUTION_MAX, 0),
    WORD("observer", observer, mnq_observer_words),
    NUMBER("percentile", MNQ_KEY_DOUBLE, percentile, MNQ_PERCENTILE_MIN, MNQ_PERCENTILE_MAX, -1),
    WORD("act-scale", act_scale, mnq_act_scale_words),
    WORD("rounding", rounding, mnq_rounding_words),
    WORD("wide", wide, mnq_wide_words),
    WORD("wide-activations", wide_activations, mnq_wide_words),
    NUMBER("wide-budget", MNQ_KEY_DOUBLE, wide_budget, 0, MNQ_WIDE_BUDGET_MAX, -1),
    SWITCH("bias-correction", bias_correction),
    SWITCH("shrink", shrink),
    NUMBER("samples", MNQ_KEY_INT, samples, 1, MNQ_SAMPLES_MAX, 0),
    WORD("weights", weights, mnq_weights_words),
    NUMBER("bases", MNQ_KEY_INT, bases, 1, MNQ_BASES_MAX, 0),
    NUMBER("small-layer", MNQ_KEY_INT, small_layer, 0, MNQ_SMALL_LAYER_MAX, -1),
    NUMBER("max-drop", MNQ_KEY_DOUBLE, max_drop, MNQ_MAX_DROP_MIN, MNQ_MAX_DROP_MAX, 0),
    NUMBER("flash", MNQ_KEY_SIZE, flash, 1, MNQ_FLASH_MAX, 0),
    SWITCH("re-fit", re_fit),
    {"tune-weights", MNQ_KEY_SWITCH, offsetof(S, tune_weights), 0, 0, 0, mnq_switch_words, -1},
    {"use-labels", MNQ_KEY_SWITCH, offsetof(S, use_labels), 0, 0, 0, mnq_switch_words, -1},
    WORD("storage", storage, mnq_storage_words),
    {"plan", MNQ_KEY_WORD, offsetof(S, plan), 0, 0, 0, mnq_plan_words, -1},
    NUMBER("ram", MNQ_KEY_SIZE, ram, 1, MNQ_FLASH_MAX, 0),
    TEXT("target", MNQ_KEY_STRING, target),
    NUMBER("cycles", MNQ_KEY_SIZE, cycles, 1, MNQ_CYCLES_MAX, 0),
    NUMBER("ratio", MNQ_KEY_DOUBLE, ratio, 0, MNQ_RATIO_MAX, 0),
    WORD("scope", scope, mnq_scope_words),
    WORD("method", method, mnq_method_words),
    TEXT("pattern", MNQ_KEY_PATTERN, pattern),
    NUMBER("channels", MNQ_KEY_DOUBLE, channels, 0, MNQ_RATIO_MAX, 0),
    {"tune", MNQ_KEY_SWITCH, offsetof(S, tune), 0, 0, 0, mnq_switch_words, -1},
};
const int mnq_n_recipe_keys = sizeof mnq_recipe_keys / sizeof *mnq_recipe_keys;
#undef S

#define S struct mnq_rule
const struct mnq_key mnq_rule_keys[] = {
    {"weights", MNQ_KEY_WORD, offsetof(S, set.weights), 0, 0, -1, mnq_layer_weights_words, MNQ_WEIGHTS_AUTO},
    NUMBER("bases", MNQ_KEY_INT, set.bases, 1, MNQ_BASES_MAX, 0),
    NUMBER("inputs", MNQ_KEY_INT, set.inputs, 1, 8, 0),
    NUMBER("ratio", MNQ_KEY_DOUBLE, set.ratio, 0, MNQ_RATIO_MAX, -1),
    TEXT("pattern", MNQ_KEY_RULE_PATTERN, set.pattern),
    WORD("observer", set.observer, mnq_observer_words),
};
const int mnq_n_rule_keys = sizeof mnq_rule_keys / sizeof *mnq_rule_keys;
#undef S

const char *mnq_recipe_key(int i)
{
    if (i == mnq_n_recipe_keys) return "layers";
    return i >= 0 && i < mnq_n_recipe_keys ? mnq_recipe_keys[i].name : NULL;
}

const char *mnq_rule_key(int i)
{
    if (i == 0) return "match";
    if (i == 1) return "kind";
    return i >= 2 && i < mnq_n_rule_keys + 2 ? mnq_rule_keys[i - 2].name : NULL;
}

bool mnq_key_is_set(const struct mnq_key *k, const void *base)
{
    const void *at = (const char *)base + k->offset;
    const char *s;
    double d;
    int i;
    int64_t n;
    switch (k->type) {
    case MNQ_KEY_STRING:
    case MNQ_KEY_PATTERN:
        memcpy(&s, at, sizeof s);
        return s != NULL;
    case MNQ_KEY_RULE_PATTERN:
        return ((const struct mnq_pattern *)at)->m >= 0;
    case MNQ_KEY_SIZE:
        memcpy(&n, at, sizeof n);
        return n > 0;
    case MNQ_KEY_DOUBLE:
        memcpy(&d, at, sizeof d);
        return d > k->unset;
    case MNQ_KEY_INT:
        memcpy(&i, at, sizeof i);
        return i > k->unset;
    case MNQ_KEY_WORD:
    case MNQ_KEY_SWITCH:
        memcpy(&i, at, sizeof i);
        return i > k->unset;
    }
    return false;
}

static int read_string(const struct mnq_ynode *v, void *at, bool pattern, struct mnq_arena *arena, struct mnq_err *e)
{
    struct mnq_pattern p;
    const char *s;
    if (mnq_y_string(v, &s, e) != 0) return -1;
    if (pattern && mnq_pattern_parse(s, &p) != 0)
        return mnq_y_fail(v, e, "expected none, N:M (1 <= N < M <= %d) or blockN (2..%d), got %.60s", MNQ_PATTERN_MAX,
                          MNQ_PATTERN_MAX, s);
    if (arena == NULL) {
        *(struct mnq_pattern *)at = p;
        return 0;
    }
    s = mnq_arena_strdup(arena, s);
    if (s == NULL) return mnq_fail_nomem(e);
    memcpy(at, &s, sizeof s);
    return 0;
}

static int read_size(const struct mnq_key *k, const struct mnq_ynode *v, void *at, struct mnq_err *e)
{
    const char *s;
    int64_t n;
    if (mnq_y_string(v, &s, e) != 0) return -1;
    if (mnq_size_parse(s, &n) != 0 || (double)n < k->lo || (double)n > k->hi)
        return mnq_y_fail(v, e, "expected bytes in %.0f..%.0f, as 204800, 200k or 200KiB, got %.60s", k->lo, k->hi, s);
    memcpy(at, &n, sizeof n);
    return 0;
}

static int read_word(const struct mnq_key *k, const struct mnq_ynode *v, int *at, struct mnq_err *e)
{
    const char *word[8];
    int n = 0, i;
    bool on;
    if (k->type == MNQ_KEY_SWITCH && (mnq_y_is(v, "true") || mnq_y_is(v, "false"))) { /* YAML's own booleans */
        if (mnq_y_bool(v, &on, e) != 0) return -1;
        *at = on;
        return 0;
    }
    for (i = 0; k->word[i] != NULL; i++)
        if (i != k->skip) word[n++] = k->word[i];
    if (mnq_y_choice(v, word, n, &i, e) != 0) return -1;
    *at = k->skip >= 0 && i >= k->skip ? i + 1 : i;
    return 0;
}

int mnq_key_read(const struct mnq_key *k, const struct mnq_ynode *v, void *base, struct mnq_arena *arena, struct mnq_err *e)
{
    void *at = (char *)base + k->offset;
    switch (k->type) {
    case MNQ_KEY_STRING:
    case MNQ_KEY_PATTERN:
        return read_string(v, at, k->type == MNQ_KEY_PATTERN, arena, e);
    case MNQ_KEY_RULE_PATTERN:
        return read_string(v, at, true, NULL, e);
    case MNQ_KEY_INT:
        return mnq_y_int(v, (int)k->lo, (int)k->hi, at, e);
    case MNQ_KEY_SIZE:
        return read_size(k, v, at, e);
    case MNQ_KEY_DOUBLE:
        return mnq_y_double(v, k->lo, k->hi, at, e);
    case MNQ_KEY_WORD:
    case MNQ_KEY_SWITCH:
        return read_word(k, v, at, e);
    }
    return -1;
}
