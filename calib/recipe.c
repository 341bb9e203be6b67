/* SPDX-License-Identifier: Apache-2.0
 * Recipes: reading, writing. One table of keys serves both. */
#include "recipe.h"

#include "util/file.h"
#include "util/ydoc.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

const char *const mnq_observer_words[] = {"auto", "minmax", "percentile", "mse", "kl", NULL};
const char *const mnq_act_scale_words[] = {"tensor", "channel", NULL};
const char *const mnq_rounding_words[] = {"nearest", "second-order", NULL};
const char *const mnq_wide_words[] = {"auto", "none", "all", NULL};
const char *const mnq_switch_words[] = {"off", "on", NULL};
const char *const mnq_resize_words[] = {"stretch", "crop", NULL};
const char *const mnq_filter_words[] = {"pil", "tf", NULL};

enum { RECIPE_MAX = 1 << 20 }; /* bytes of a recipe file */

enum key_type { KEY_STRING, KEY_INT, KEY_DOUBLE, KEY_WORD, KEY_SWITCH };

struct key {
    const char *name;
    enum key_type type;
    size_t offset;
    double lo, hi;
    const char *const *word;
};

static const struct key keys[] = {
    {"preprocess", KEY_STRING, offsetof(struct mnq_recipe, preprocess), 0, 0, NULL},
    {"resize", KEY_WORD, offsetof(struct mnq_recipe, resize), 0, 0, mnq_resize_words},
    {"filter", KEY_WORD, offsetof(struct mnq_recipe, filter), 0, 0, mnq_filter_words},
    {"arch", KEY_STRING, offsetof(struct mnq_recipe, arch), 0, 0, NULL},
    {"resolution", KEY_INT, offsetof(struct mnq_recipe, resolution), 1, MNQ_RESOLUTION_MAX, NULL},
    {"observer", KEY_WORD, offsetof(struct mnq_recipe, observer), 0, 0, mnq_observer_words},
    {"percentile", KEY_DOUBLE, offsetof(struct mnq_recipe, percentile), MNQ_PERCENTILE_MIN, MNQ_PERCENTILE_MAX, NULL},
    {"act-scale", KEY_WORD, offsetof(struct mnq_recipe, act_scale), 0, 0, mnq_act_scale_words},
    {"rounding", KEY_WORD, offsetof(struct mnq_recipe, rounding), 0, 0, mnq_rounding_words},
    {"wide", KEY_WORD, offsetof(struct mnq_recipe, wide), 0, 0, mnq_wide_words},
    {"wide-activations", KEY_WORD, offsetof(struct mnq_recipe, wide_activations), 0, 0, mnq_wide_words},
    {"wide-budget", KEY_DOUBLE, offsetof(struct mnq_recipe, wide_budget), 0, MNQ_WIDE_BUDGET_MAX, NULL},
    {"bias-correction", KEY_SWITCH, offsetof(struct mnq_recipe, bias_correction), 0, 0, mnq_switch_words},
    {"shrink", KEY_SWITCH, offsetof(struct mnq_recipe, shrink), 0, 0, mnq_switch_words},
    {"samples", KEY_INT, offsetof(struct mnq_recipe, samples), 1, MNQ_SAMPLES_MAX, NULL},
};
enum { KEYS = sizeof keys / sizeof *keys };

void mnq_recipe_defaults(struct mnq_recipe *r)
{
    struct mnq_calib_opts o;
    mnq_calib_defaults(&o);
    *r = (struct mnq_recipe){.resize = MNQ_RESIZE_STRETCH,
                             .filter = MNQ_FILTER_PIL,
                             .observer = (int)o.observer,
                             .act_scale = (int)o.act_scale,
                             .rounding = (int)o.rounding,
                             .wide = (int)o.wide,
                             .wide_activations = (int)o.wide_activations,
                             .bias_correction = o.bias_correction,
                             .shrink = o.shrink,
                             .percentile = o.percentile,
                             .wide_budget = o.wide_budget,
                             .samples = o.samples};
}

struct mnq_calib_opts mnq_recipe_calib(const struct mnq_recipe *r, int threads)
{
    struct mnq_calib_opts o;
    mnq_calib_defaults(&o);
    o.observer = (enum mnq_observer)r->observer;
    o.percentile = r->percentile;
    o.act_scale = (enum mnq_act_scale)r->act_scale;
    o.rounding = (enum mnq_rounding)r->rounding;
    o.wide = (enum mnq_wide)r->wide;
    o.wide_activations = (enum mnq_wide)r->wide_activations;
    o.wide_budget = r->wide_budget;
    o.bias_correction = r->bias_correction != 0;
    o.shrink = r->shrink != 0;
    o.samples = r->samples;
    o.threads = threads;
    return o;
}

const char *mnq_recipe_key(int i)
{
    return i >= 0 && i < KEYS ? keys[i].name : NULL;
}

static int read_key(const struct key *k, const struct mnq_ynode *v, struct mnq_recipe *r, struct mnq_arena *arena,
                    struct mnq_err *e)
{
    void *at = (char *)r + k->offset;
    const char *s;
    bool on;
    int n = 0;
    switch (k->type) {
    case KEY_STRING:
        if (mnq_y_string(v, &s, e) != 0) return -1;
        s = mnq_arena_strdup(arena, s);
        if (s == NULL) return mnq_fail_nomem(e);
        memcpy(at, &s, sizeof s);
        return 0;
    case KEY_INT:
        return mnq_y_int(v, (int)k->lo, (int)k->hi, at, e);
    case KEY_DOUBLE:
        return mnq_y_double(v, k->lo, k->hi, at, e);
    case KEY_SWITCH: /* on and off, or YAML's own booleans */
        if (mnq_y_is(v, "true") || mnq_y_is(v, "false")) {
            if (mnq_y_bool(v, &on, e) != 0) return -1;
            *(int *)at = on;
            return 0;
        } /* fall through */
    case KEY_WORD:
        while (k->word[n] != NULL) n++;
        return mnq_y_choice(v, k->word, n, at, e);
    }
    return -1;
}

int mnq_recipe_parse(const char *name, const char *text, size_t n, struct mnq_recipe *r, struct mnq_arena *arena,
                     struct mnq_err *e)
{
    const char *known[KEYS];
    for (int i = 0; i < KEYS; i++) known[i] = keys[i].name;
    const struct mnq_ynode *root = mnq_ydoc_parse(name, MNQ_EXIT_USAGE, text, n, arena, e);
    if (root == NULL) return -1;
    if (mnq_y_null(root)) return 0; /* an empty recipe changes nothing */
    if (mnq_y_want(root, MNQ_Y_MAP, e) != 0 || mnq_y_only(root, known, KEYS, e) != 0) return -1;
    for (const struct mnq_ynode *v = root->first; v != NULL; v = v->next)
        for (int i = 0; i < KEYS; i++)
            if (strcmp(keys[i].name, v->key) == 0 && read_key(&keys[i], v, r, arena, e) != 0) return -1;
    return 0;
}

int mnq_recipe_read(const char *path, struct mnq_recipe *r, struct mnq_arena *arena, struct mnq_err *e)
{
    uint8_t *text;
    size_t n;
    if (mnq_file_read(path, RECIPE_MAX, arena, &text, &n, e) != 0) return -1;
    return mnq_recipe_parse(path, (const char *)text, n, r, arena, e);
}

/* A scalar in double quotes, which every YAML reader takes as a string. */
static int quoted(char *out, size_t n, const char *s)
{
    size_t at = 0;
    for (out[at++] = '"'; *s != '\0' && at + 8 < n; s++) {
        if (*s == '"' || *s == '\\') out[at++] = '\\';
        if ((unsigned char)*s < 0x20) at += (size_t)snprintf(out + at, n - at, "\\x%02x", *s);
        else out[at++] = *s;
    }
    out[at++] = '"';
    out[at] = '\0';
    return (int)at;
}

char *mnq_recipe_text(const struct mnq_recipe *r, struct mnq_arena *arena)
{
    enum { ROOM = 16384 };
    char *text = mnq_arena_alloc(arena, ROOM), value[6000];
    size_t at = 0;
    if (text == NULL) return NULL;
    for (int i = 0; i < KEYS; i++) {
        const struct key *k = &keys[i];
        const void *from = (const char *)r + k->offset;
        const char *s;
        switch (k->type) {
        case KEY_STRING:
            memcpy(&s, from, sizeof s);
            if (s == NULL) continue;
            quoted(value, sizeof value, s);
            break;
        case KEY_INT:
            if (*(const int *)from < k->lo) continue; /* 0: not set */
            snprintf(value, sizeof value, "%d", *(const int *)from);
            break;
        case KEY_DOUBLE: {
            double d = *(const double *)from;
            for (int digits = 1; digits <= 17; digits++) {
                double back;
                snprintf(value, sizeof value, "%.*g", digits, d);
                if (sscanf(value, "%lf", &back) == 1 && back <= d && back >= d) break;
            }
            break;
        }
        case KEY_WORD:
        case KEY_SWITCH:
            snprintf(value, sizeof value, "%s", k->word[*(const int *)from]);
            break;
        }
        int put = snprintf(text + at, ROOM - at, "%s: %s\n", k->name, value);
        if (put < 0 || (size_t)put >= ROOM - at) break;
        at += (size_t)put;
    }
    return text;
}
