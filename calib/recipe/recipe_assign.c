/* SPDX-License-Identifier: Apache-2.0
 * The recipe that repeats a choice of formats. */
#include "recipe.h"

#include <string.h>

enum { FORMATS_MAX = 16 };

static bool same_format(const struct mnq_calib_layer *a, const struct mnq_calib_layer *b)
{
    return a->bits == b->bits && a->bases == b->bases && a->inputs == b->inputs;
}

static struct mnq_layer_choice choice_of(const struct mnq_calib_layer *l)
{
    struct mnq_layer_choice c;
    mnq_layer_choice_init(&c);
    c.weights = l->bits == 16  ? MNQ_WEIGHTS_INT16
                : l->bits == 8 ? MNQ_WEIGHTS_INT8
                : l->bits == 4 ? MNQ_WEIGHTS_INT4
                : l->bits == 2 ? MNQ_WEIGHTS_TERNARY
                               : MNQ_WEIGHTS_BINARY;
    if (c.weights == MNQ_WEIGHTS_BINARY) {
        c.bases = l->bases;
        c.inputs = l->inputs;
    }
    return c;
}

int mnq_recipe_assign(struct mnq_recipe *r, const struct mnq_calib_report *report, struct mnq_arena *arena)
{
    size_t layers = (size_t)report->n_layers;
    struct mnq_rule *rule = mnq_arena_array(arena, FORMATS_MAX + (size_t)r->n_rules, sizeof *rule);
    bool *named = mnq_arena_array(arena, layers, sizeof *named);
    int n = r->n_rules;
    if (rule == NULL || named == NULL) return -1;
    if (n > 0) memcpy(rule, r->rule, (size_t)n * sizeof *rule);
    for (size_t i = 0; i < layers && n < FORMATS_MAX + r->n_rules; i++) {
        const struct mnq_calib_layer *first = &report->layer[i];
        if (first->bits == 0 || named[i]) continue;
        const char **match = mnq_arena_array(arena, layers, sizeof *match);
        if (match == NULL) return -1;
        struct mnq_rule *x = &rule[n++];
        mnq_rule_init(x);
        x->set = choice_of(first);
        for (size_t k = i; k < layers; k++) {
            if (report->layer[k].bits == 0 || named[k] || !same_format(first, &report->layer[k])) continue;
            named[k] = true;
            match[x->n_match++] = report->layer[k].name;
        }
        x->match = match;
    }
    r->rule = rule;
    r->n_rules = n;
    r->weights = MNQ_WEIGHTS_INT8;
    r->max_drop = 0;
    if (r->target == NULL) r->flash = 0;
    return 0;
}
