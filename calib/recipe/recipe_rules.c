/* SPDX-License-Identifier: Apache-2.0
 * Reading the `layers:` list of a recipe. */
#include "recipe_key.h"

#include <string.h>

/* One name or a list of them. */
static int read_names(const struct mnq_ynode *v, struct mnq_rule *r, struct mnq_arena *arena, struct mnq_err *e)
{
    int n = v->kind == MNQ_Y_SEQ ? v->n : 1, at = 0;
    if (n == 0) return mnq_y_fail(v, e, "expected names or globs, got an empty list");
    const char **name = mnq_arena_array(arena, (size_t)n, sizeof *name);
    if (name == NULL) return mnq_fail_nomem(e);
    for (const struct mnq_ynode *c = v->kind == MNQ_Y_SEQ ? v->first : v; at < n; c = c->next) {
        if (mnq_y_string(c, &name[at], e) != 0) return -1;
        if (name[at][0] == '\0') return mnq_y_fail(c, e, "expected a name or a glob, got an empty text");
        at++;
    }
    r->match = name;
    r->n_match = n;
    return 0;
}

static int read_kinds(const struct mnq_ynode *v, struct mnq_rule *r, struct mnq_err *e)
{
    int n = v->kind == MNQ_Y_SEQ ? v->n : 1, kind;
    if (n == 0) return mnq_y_fail(v, e, "expected kinds of layers, got an empty list");
    for (const struct mnq_ynode *c = v->kind == MNQ_Y_SEQ ? v->first : v; n-- > 0; c = c->next) {
        if (mnq_y_choice(c, mnq_kind_words, MNQ_KIND_COUNT, &kind, e) != 0) return -1;
        r->kinds |= 1u << kind;
    }
    return 0;
}

/* What no later rule could make sense of. */
static int check_rule(const struct mnq_rule *r, struct mnq_err *e)
{
    const struct mnq_layer_choice *c = &r->set;
    const struct mnq_ynode *bases = mnq_y_get(r->from, "bases"), *inputs = mnq_y_get(r->from, "inputs");
    bool sets = false;
    for (int i = 0; i < mnq_n_rule_keys; i++) sets = sets || mnq_key_is_set(&mnq_rule_keys[i], r);
    if (r->n_match == 0 && r->kinds == 0)
        return mnq_y_fail(r->from, e, "expected match, kind or both; this rule has neither");
    if (!sets) return mnq_y_fail(r->from, e, "sets nothing; expected weights, bases, inputs, ratio, pattern or observer");
    if (inputs != NULL && c->inputs != 1 && c->inputs != 8)
        return mnq_y_fail(inputs, e, "expected 8, or 1 for binarized activations, got %d", c->inputs);
    if ((bases != NULL || inputs != NULL) && c->weights >= 0 && c->weights != MNQ_WEIGHTS_BINARY)
        return mnq_y_fail(bases != NULL ? bases : inputs, e, "goes with weights: binary, not %s",
                          mnq_layer_weights_words[c->weights]);
    if (c->inputs == 1 && c->bases > 1)
        return mnq_y_fail(bases, e, "binarized inputs (inputs: 1) go with one base, got %d", c->bases);
    return 0;
}

static int read_rule(const struct mnq_ynode *v, struct mnq_rule *r, struct mnq_arena *arena, struct mnq_err *e)
{
    enum { MAX_KEYS = 16 };
    const char *known[MAX_KEYS];
    int n = 0;
    mnq_rule_init(r);
    r->from = v;
    while (n < MAX_KEYS && mnq_rule_key(n) != NULL) {
        known[n] = mnq_rule_key(n);
        n++;
    }
    if (mnq_y_want(v, MNQ_Y_MAP, e) != 0 || mnq_y_only(v, known, n, e) != 0) return -1;
    for (const struct mnq_ynode *c = v->first; c != NULL; c = c->next) {
        if (strcmp(c->key, "match") == 0 && read_names(c, r, arena, e) != 0) return -1;
        if (strcmp(c->key, "kind") == 0 && read_kinds(c, r, e) != 0) return -1;
        for (int i = 0; i < mnq_n_rule_keys; i++)
            if (strcmp(mnq_rule_keys[i].name, c->key) == 0 && mnq_key_read(&mnq_rule_keys[i], c, r, arena, e) != 0)
                return -1;
    }
    return check_rule(r, e);
}

int mnq_recipe_read_rules(const struct mnq_ynode *list, struct mnq_recipe *r, struct mnq_arena *arena, struct mnq_err *e)
{
    struct mnq_rule *rule = NULL;
    int n = 0;
    if (!mnq_y_null(list)) { /* "layers:" alone: a list whose entries are commented out */
        if (mnq_y_want(list, MNQ_Y_SEQ, e) != 0) return -1;
        rule = mnq_arena_array(arena, (size_t)list->n, sizeof *rule);
        if (rule == NULL) return mnq_fail_nomem(e);
        for (const struct mnq_ynode *v = list->first; v != NULL; v = v->next)
            if (read_rule(v, &rule[n++], arena, e) != 0) return -1;
    }
    r->rule = rule;
    r->n_rules = n;
    return 0;
}
