/* SPDX-License-Identifier: Apache-2.0
 * Declarative command-line options: parsing and strict value checks. */
#include "options.h"

#include "util/nearest.h"
#include "util/size.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t mnq_option_size(enum mnq_opt_type type)
{
    switch (type) {
    case MNQ_OPT_FLAG:
        return sizeof(bool);
    case MNQ_OPT_COUNT:
    case MNQ_OPT_INT:
    case MNQ_OPT_CHOICE:
        return sizeof(int);
    case MNQ_OPT_SIZE:
        return sizeof(int64_t);
    case MNQ_OPT_DOUBLE:
        return sizeof(double);
    case MNQ_OPT_STRING:
        return sizeof(const char *);
    case MNQ_OPT_LIST:
        return sizeof(struct mnq_opt_list);
    }
    return 0;
}

void mnq_option_default(const struct mnq_option *o, const void *defaults, char *text, size_t n)
{
    const char *at = (const char *)defaults + o->offset;
    int i;
    double d;
    int64_t size;
    const char *s;
    text[0] = '\0';
    switch (o->type) {
    case MNQ_OPT_INT:
        memcpy(&i, at, sizeof i);
        if (i >= o->lo && i <= o->hi) snprintf(text, n, "%d", i);
        break;
    case MNQ_OPT_SIZE:
        memcpy(&size, at, sizeof size);
        if (size > 0) snprintf(text, n, "%lld", (long long)size);
        break;
    case MNQ_OPT_DOUBLE:
        memcpy(&d, at, sizeof d);
        if (d >= o->lo && d <= o->hi) snprintf(text, n, "%g", d);
        break;
    case MNQ_OPT_CHOICE:
        memcpy(&i, at, sizeof i);
        if (i >= 0) snprintf(text, n, "%s", o->word[i]);
        break;
    case MNQ_OPT_STRING:
        memcpy(&s, at, sizeof s);
        if (s != NULL) snprintf(text, n, "%s", s);
        break;
    default:
        break;
    }
}

/* ---- values ---- */

static bool takes_value(const struct mnq_option *o)
{
    return o->type != MNQ_OPT_FLAG && o->type != MNQ_OPT_COUNT;
}

static int store_int(const struct mnq_option *o, const char *text, void *at, struct mnq_err *e)
{
    char *end;
    errno = 0;
    long v = strtol(text, &end, 10);
    bool digits = *text >= '0' && *text <= '9';
    if ((*text == '-' || *text == '+') && text[1] >= '0' && text[1] <= '9') digits = true;
    if (!digits || *end != '\0' || errno != 0 || (double)v < o->lo || (double)v > o->hi)
        return mnq_fail(e, MNQ_EXIT_USAGE, "--%s: expected a whole number %.0f..%.0f, got '%s'", o->name, o->lo, o->hi,
                        text);
    int i = (int)v;
    memcpy(at, &i, sizeof i);
    return 0;
}

static int store_size(const struct mnq_option *o, const char *text, void *at, struct mnq_err *e)
{
    int64_t n;
    if (mnq_size_parse(text, &n) != 0 || (double)n < o->lo || (double)n > o->hi)
        return mnq_fail(e, MNQ_EXIT_USAGE, "--%s: expected %s in %.0f..%.0f, as 204800, 200k or 200KiB, got '%s'", o->name,
                        strcmp(o->arg, "BYTES") == 0 ? "bytes" : "a number", o->lo, o->hi, text);
    memcpy(at, &n, sizeof n);
    return 0;
}

static int store_double(const struct mnq_option *o, const char *text, void *at, struct mnq_err *e)
{
    char *end;
    double v = strtod(text, &end);
    bool plain = *text != '\0' && strspn(text, "+-.0123456789eE") == strlen(text);
    if (!plain || *end != '\0' || !isfinite(v) || v < o->lo || v > o->hi)
        return mnq_fail(e, MNQ_EXIT_USAGE, "--%s: expected a number %g..%g, got '%s'", o->name, o->lo, o->hi, text);
    memcpy(at, &v, sizeof v);
    return 0;
}

static int store_choice(const struct mnq_option *o, const char *text, void *at, struct mnq_err *e)
{
    char list[400] = "";
    for (int i = 0; o->word[i] != NULL; i++) {
        if (strcmp(o->word[i], text) == 0) {
            memcpy(at, &i, sizeof i);
            return 0;
        }
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i == 0 ? "" : ", ", o->word[i]);
    }
    return mnq_fail(e, MNQ_EXIT_USAGE, "--%s: expected one of %s, got '%s'", o->name, list, text);
}

static int append(const char *text, void *at, struct mnq_arena *arena, struct mnq_err *e)
{
    struct mnq_opt_list *l = at;
    const char **item = mnq_arena_array(arena, (size_t)l->n + 1, sizeof *item);
    if (item == NULL) return mnq_fail_nomem(e);
    if (l->n > 0) memcpy(item, l->item, (size_t)l->n * sizeof *item);
    item[l->n++] = text;
    l->item = item;
    return 0;
}

static int store(struct mnq_option_set *set, int i, const char *text, struct mnq_arena *arena, struct mnq_err *e)
{
    const struct mnq_option *o = &set->option[i];
    void *at = (char *)set->out + o->offset;
    set->given |= (uint64_t)1 << i;
    switch (o->type) {
    case MNQ_OPT_FLAG:
        *(bool *)at = true;
        return 0;
    case MNQ_OPT_COUNT:
        ++*(int *)at;
        return 0;
    case MNQ_OPT_INT:
        return store_int(o, text, at, e);
    case MNQ_OPT_SIZE:
        return store_size(o, text, at, e);
    case MNQ_OPT_DOUBLE:
        return store_double(o, text, at, e);
    case MNQ_OPT_CHOICE:
        return store_choice(o, text, at, e);
    case MNQ_OPT_STRING:
        memcpy(at, &text, sizeof text);
        return 0;
    case MNQ_OPT_LIST:
        return append(text, at, arena, e);
    }
    return 0;
}

/* ---- names ---- */

static bool find_long(struct mnq_option_set *set, int n_sets, const char *name, size_t len, int *s, int *i)
{
    for (*s = 0; *s < n_sets; ++*s)
        for (*i = 0; *i < set[*s].n; ++*i)
            if (strlen(set[*s].option[*i].name) == len && memcmp(set[*s].option[*i].name, name, len) == 0) return true;
    return false;
}

static bool find_short(struct mnq_option_set *set, int n_sets, char letter, int *s, int *i)
{
    for (*s = 0; *s < n_sets; ++*s)
        for (*i = 0; *i < set[*s].n; ++*i)
            if (set[*s].option[*i].letter == letter) return true;
    return false;
}

static int unknown(struct mnq_option_set *set, int n_sets, const char *name, size_t len, struct mnq_err *e)
{
    const char *list[128];
    char word[64];
    int n = 0;
    for (int s = 0; s < n_sets; s++)
        for (int i = 0; i < set[s].n && n < 128; i++) list[n++] = set[s].option[i].name;
    const char *near = NULL;
    if (len < sizeof word) {
        memcpy(word, name, len);
        word[len] = '\0';
        near = mnq_nearest(word, list, n);
    }
    if (near != NULL) return mnq_fail(e, MNQ_EXIT_USAGE, "unknown option --%.*s; did you mean --%s?", (int)len, name, near);
    return mnq_fail(e, MNQ_EXIT_USAGE, "unknown option --%.*s", (int)len, name);
}

/* ---- arguments ---- */

struct cursor {
    char *const *argv;
    int n, at;
};

static int need_value(struct cursor *c, const struct mnq_option *o, const char **value, struct mnq_err *e)
{
    if (c->at + 1 >= c->n) return mnq_fail(e, MNQ_EXIT_USAGE, "--%s: needs a value (%s)", o->name, o->arg);
    *value = c->argv[++c->at];
    return 0;
}

static int parse_long(struct mnq_option_set *set, int n_sets, struct cursor *c, struct mnq_arena *arena, struct mnq_err *e)
{
    const char *name = c->argv[c->at] + 2, *eq = strchr(name, '=');
    size_t len = eq == NULL ? strlen(name) : (size_t)(eq - name);
    int s, i;
    if (!find_long(set, n_sets, name, len, &s, &i)) return unknown(set, n_sets, name, len, e);
    const struct mnq_option *o = &set[s].option[i];
    const char *value = eq == NULL ? NULL : eq + 1;
    if (!takes_value(o)) {
        if (value != NULL) return mnq_fail(e, MNQ_EXIT_USAGE, "--%s: takes no value, got '%s'", o->name, value);
    } else if (value == NULL && need_value(c, o, &value, e) != 0) {
        return -1;
    }
    return store(&set[s], i, value, arena, e);
}

static int parse_short(struct mnq_option_set *set, int n_sets, struct cursor *c, struct mnq_arena *arena, struct mnq_err *e)
{
    for (const char *p = c->argv[c->at] + 1; *p != '\0'; p++) {
        int s, i;
        if (!find_short(set, n_sets, *p, &s, &i)) return mnq_fail(e, MNQ_EXIT_USAGE, "unknown option -%c", *p);
        const struct mnq_option *o = &set[s].option[i];
        if (!takes_value(o)) {
            if (store(&set[s], i, NULL, arena, e) != 0) return -1;
            continue;
        }
        const char *value = p + 1;
        if (*value == '\0' && need_value(c, o, &value, e) != 0) return -1;
        return store(&set[s], i, value, arena, e);
    }
    return 0;
}

int mnq_options_parse(struct mnq_option_set *set, int n_sets, char *const *argv, int n, bool stop, const char **input,
                      int *n_inputs, struct mnq_arena *arena, struct mnq_err *e)
{
    struct cursor c = {argv, n, 0};
    bool ended = false;
    for (; c.at < n; c.at++) {
        const char *a = argv[c.at];
        if (ended || a[0] != '-' || a[1] == '\0') {
            if (stop) return c.at;
            input[(*n_inputs)++] = a;
        } else if (strcmp(a, "--") == 0) {
            ended = true;
            if (stop) return c.at + 1;
        } else if ((a[1] == '-' ? parse_long : parse_short)(set, n_sets, &c, arena, e) != 0) {
            return -1;
        }
    }
    return c.at;
}
