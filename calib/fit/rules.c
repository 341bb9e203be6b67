/* SPDX-License-Identifier: Apache-2.0
 * Rules against a graph: which layers a rule means, and whether they can have what it asks for. */
#include "rules.h"

#include "quantize/lower.h"
#include "util/nearest.h"
#include "util/ydoc.h"

#include <fnmatch.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const mnq_kind_words[] = {"conv",    "depthwise", "pointwise", "dense",  "add", "mul", "pool",
                                      "softmax", "input",     "act",       "affine", "pad", NULL};
const char *const mnq_layer_weights_words[] = {"int8", "int4", "ternary", "binary", "auto", "int16", NULL};

void mnq_layer_choice_init(struct mnq_layer_choice *c)
{
    *c = (struct mnq_layer_choice){.weights = -1, .ratio = -1, .pattern = {.m = -1}, .observer = -1};
}

void mnq_rule_init(struct mnq_rule *r)
{
    *r = (struct mnq_rule){.match = NULL};
    mnq_layer_choice_init(&r->set);
}

enum mnq_kind mnq_node_kind(const struct mnq_graph *legal, int node)
{
    switch (legal->node[node].op) {
    case MNQ_OP_CONV:
        return mnq_lower_is_pointwise(legal, node) ? MNQ_KIND_POINTWISE : MNQ_KIND_CONV;
    case MNQ_OP_DWCONV:
        return MNQ_KIND_DEPTHWISE;
    case MNQ_OP_DENSE:
        return MNQ_KIND_DENSE;
    case MNQ_OP_ADD:
        return MNQ_KIND_ADD;
    case MNQ_OP_MUL:
        return MNQ_KIND_MUL;
    case MNQ_OP_AVGPOOL:
    case MNQ_OP_MAXPOOL:
        return MNQ_KIND_POOL;
    case MNQ_OP_SOFTMAX:
        return MNQ_KIND_SOFTMAX;
    case MNQ_OP_INPUT:
        return MNQ_KIND_INPUT;
    case MNQ_OP_AFFINE:
        return MNQ_KIND_AFFINE;
    case MNQ_OP_PAD:
        return MNQ_KIND_PAD;
    default:
        return MNQ_KIND_ACT;
    }
}

bool mnq_kind_compresses(enum mnq_kind k)
{
    return k == MNQ_KIND_POINTWISE || k == MNQ_KIND_DENSE;
}

/* ---- patterns of zeros ---- */

/* One or two digits without a leading zero; 0 if there are none. */
static int small_number(const char **text)
{
    int v = 0;
    const char *p = *text;
    if (*p == '0') return 0;
    for (; *p >= '0' && *p <= '9' && v < 100; p++) v = 10 * v + (*p - '0');
    *text = p;
    return v;
}

int mnq_pattern_parse(const char *text, struct mnq_pattern *p)
{
    int n, m;
    if (strcmp(text, "none") == 0) {
        *p = (struct mnq_pattern){MNQ_PATTERN_NONE, 0, 0};
        return 0;
    }
    if (strncmp(text, "block", 5) == 0) {
        text += 5;
        m = small_number(&text);
        if (*text != '\0' || m < 2 || m > MNQ_PATTERN_MAX) return -1;
        *p = (struct mnq_pattern){MNQ_PATTERN_BLOCK, 0, m};
        return 0;
    }
    n = small_number(&text);
    if (n == 0 || *text++ != ':') return -1;
    m = small_number(&text);
    if (*text != '\0' || m <= n || m > MNQ_PATTERN_MAX) return -1;
    *p = (struct mnq_pattern){MNQ_PATTERN_N_M, n, m};
    return 0;
}

void mnq_pattern_text(const struct mnq_pattern *p, char *text, size_t n)
{
    if (p->kind == MNQ_PATTERN_N_M) snprintf(text, n, "%d:%d", p->n, p->m);
    else if (p->kind == MNQ_PATTERN_BLOCK) snprintf(text, n, "block%d", p->m);
    else snprintf(text, n, "none");
}

/* ---- messages ---- */

struct resolver {
    const struct mnq_rule *first;
    const struct mnq_graph *g;
    struct mnq_layer_choice *choice;
    const struct mnq_rule *rule; /* the current one */
    struct mnq_err *e;
};

/* "FILE:LINE:COL: layers.KEY: ...", or the number of a rule that was made in memory. Item >= 0: of the key's list. */
#if defined(__GNUC__)
__attribute__((format(printf, 4, 5)))
#endif
static int
fail_rule(const struct resolver *s, const char *key, int item, const char *fmt, ...)
{
    char what[600];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    const struct mnq_ynode *v = mnq_y_get(s->rule->from, key), *of_list = mnq_y_at(v, item);
    if (of_list != NULL) v = of_list;
    if (v == NULL) v = s->rule->from;
    if (v != NULL) (void)mnq_y_fail(v, s->e, "%s", what);
    else (void)mnq_fail(s->e, MNQ_EXIT_USAGE, "layers: rule %d: %s: %s", (int)(s->rule - s->first) + 1, key, what);
    s->e->unfit = MNQ_UNFIT_RECIPE;
    return -1;
}

/* "depthwise 3x3, stride 2" */
static const char *described(const struct resolver *s, int i, char *text, size_t n)
{
    const struct mnq_node *nd = &s->g->node[i];
    const char *kind = mnq_kind_words[mnq_node_kind(s->g, i)];
    if (nd->op == MNQ_OP_CONV || nd->op == MNQ_OP_DWCONV)
        snprintf(text, n, "%s %dx%d, stride %d", kind, nd->kh, nd->kw, nd->sh);
    else snprintf(text, n, "%s", kind);
    return text;
}

static bool kind_listed(const struct resolver *s, int i)
{
    return s->rule->kinds == 0 || (s->rule->kinds >> mnq_node_kind(s->g, i) & 1) != 0;
}

/* The words of the bits. */
static void kinds_text(unsigned kinds, const char *between, char *text, size_t n)
{
    size_t at = 0;
    text[0] = '\0';
    for (int k = 0; k < MNQ_KIND_COUNT && at < n; k++)
        if ((kinds >> k & 1) != 0)
            at += (size_t)snprintf(text + at, n - at, "%s%s", at > 0 ? between : "", mnq_kind_words[k]);
}

static int fail_kinds(const struct resolver *s)
{
    char want[160], have[160];
    unsigned all = 0;
    for (int i = 0; i < s->g->n; i++) all |= 1u << mnq_node_kind(s->g, i);
    kinds_text(s->rule->kinds, " or ", want, sizeof want);
    kinds_text(all, ", ", have, sizeof have);
    return fail_rule(s, "kind", -1, "no layer is %s; the model has %s", want, have);
}

/* Names of the layers nearest to a pattern, among those of the rule's kinds if there are any. */
static int fail_names(const struct resolver *s, int item, int other_kind)
{
    enum { NAMED = 3 };
    const char *pattern = s->rule->match[item];
    char kinds[160] = "", list[400] = "";
    bool any_kind = true;
    kinds_text(s->rule->kinds, " or ", kinds, sizeof kinds);
    if (other_kind >= 0)
        return fail_rule(s, "match", item, "'%.80s' matches %.80s, which is %s, but no layer of kind %s", pattern,
                         s->g->node[other_kind].name, mnq_kind_words[mnq_node_kind(s->g, other_kind)], kinds);
    for (int i = 0; i < s->g->n; i++) any_kind = any_kind && !kind_listed(s, i);
    int from[NAMED], least[NAMED], found = 0;
    for (int i = 0; i < s->g->n; i++) {
        if (!any_kind && !kind_listed(s, i)) continue;
        int d = mnq_distance(pattern, s->g->node[i].name, true), at = found;
        while (at > 0 && least[at - 1] > d) at--;
        if (at == NAMED) continue;
        if (found < NAMED) found++;
        for (int k = found - 1; k > at; k--) from[k] = from[k - 1], least[k] = least[k - 1];
        from[at] = i;
        least[at] = d;
    }
    size_t n = 0;
    for (int i = 0; i < found; i++)
        n += (size_t)snprintf(list + n, sizeof list - n, "%s%.100s", i > 0 ? ", " : "", s->g->node[from[i]].name);
    return fail_rule(s, "match", item, "no layer matches '%.80s'; the nearest: %s", pattern, list);
}

/* ---- resolving ---- */

static bool sets_weight_fields(const struct mnq_layer_choice *c)
{
    return c->weights >= 0 || c->bases > 0 || c->inputs > 0 || c->ratio >= 0 || c->pattern.m >= 0;
}

static bool reads_picture(const struct mnq_graph *g, int i)
{
    enum mnq_op op = g->node[g->node[i].in[0]].op;
    return op == MNQ_OP_INPUT || op == MNQ_OP_AFFINE;
}

/* Whether layer i can have what the rule says about weights. */
static int check_formats(const struct resolver *s, int i)
{
    const struct mnq_layer_choice *c = &s->rule->set;
    const char *name = s->g->node[i].name;
    char what[80];
    bool named = c->weights == MNQ_WEIGHTS_INT4 || c->weights == MNQ_WEIGHTS_TERNARY || c->weights == MNQ_WEIGHTS_BINARY;
    bool few = named || c->bases > 0 || c->inputs > 0;
    if (few && mnq_kind_compresses(mnq_node_kind(s->g, i)) && reads_picture(s->g, i))
        return fail_rule(s,
                         c->weights >= 0 ? "weights"
                         : c->bases > 0  ? "bases"
                                         : "inputs",
                         -1, "layer %.100s: reads the picture itself, its weights have 8 or 16 bits", name);
    if (mnq_kind_compresses(mnq_node_kind(s->g, i))) return 0;
    described(s, i, what, sizeof what);
    if (named)
        return fail_rule(s, "weights", -1, "layer %.100s: %s weights exist for 1x1 and dense layers, this one is %s", name,
                         mnq_layer_weights_words[c->weights], what);
    if (c->bases > 0 || c->inputs > 0)
        return fail_rule(s, c->bases > 0 ? "bases" : "inputs", -1,
                         "layer %.100s: binary weights exist for 1x1 and dense layers, this one is %s", name, what);
    if (c->ratio > 0 || (c->pattern.m >= 0 && c->pattern.kind != MNQ_PATTERN_NONE))
        return fail_rule(s, c->ratio > 0 ? "ratio" : "pattern", -1,
                         "layer %.100s: 1x1 and dense layers are pruned, this one is %s", name, what);
    return 0;
}

static int apply_weights(const struct resolver *s, int i)
{
    const struct mnq_layer_choice *from = &s->rule->set;
    struct mnq_layer_choice *to = &s->choice[i];
    if (check_formats(s, i) != 0) return -1;
    if (from->weights >= 0) to->weights = from->weights;
    if (from->bases > 0) to->bases = from->bases;
    if (from->inputs > 0) to->inputs = from->inputs;
    if (from->ratio >= 0) to->ratio = from->ratio;
    if (from->pattern.m >= 0) to->pattern = from->pattern;
    if (to->inputs == 1 && to->bases > 1)
        return fail_rule(s, from->inputs == 1 ? "inputs" : "bases", -1,
                         "layer %.100s: binarized inputs (inputs: 1) go with one base, got %d", s->g->node[i].name,
                         to->bases);
    return 0;
}

/* One name of the rule, or every name (item -1). */
static int apply(const struct resolver *s, int item)
{
    const char *pattern = item < 0 ? NULL : s->rule->match[item];
    bool weights = sets_weight_fields(&s->rule->set);
    int literal = -1, hits = 0, weighted = 0, other_kind = -1;
    for (int i = 0; i < s->g->n && pattern != NULL; i++)
        if (strcmp(s->g->node[i].name, pattern) == 0) literal = i;
    for (int i = 0; i < s->g->n; i++) {
        if (literal >= 0 ? i != literal : pattern != NULL && fnmatch(pattern, s->g->node[i].name, 0) != 0) continue;
        if (!kind_listed(s, i)) {
            if (other_kind < 0) other_kind = i;
            continue;
        }
        hits++;
        if (s->rule->set.observer >= 0) s->choice[i].observer = s->rule->set.observer;
        if (!weights || !mnq_lower_has_weights(s->g, i)) continue;
        weighted++;
        if (apply_weights(s, i) != 0) return -1;
    }
    if (hits == 0) return pattern == NULL ? fail_kinds(s) : fail_names(s, item, other_kind);
    if (!weights || weighted > 0) return 0;
    if (literal >= 0) return fail_rule(s, "match", item, "layer %.100s has no weights", pattern);
    return fail_rule(s, pattern == NULL ? "kind" : "match", item, "no layer it means has weights");
}

int mnq_rules_resolve(const struct mnq_rule *rule, int n, const struct mnq_graph *legal, struct mnq_layer_choice *choice,
                      struct mnq_err *e)
{
    struct resolver s = {.first = rule, .g = legal, .choice = choice, .e = e};
    for (int i = 0; i < legal->n; i++) mnq_layer_choice_init(&choice[i]);
    for (int k = 0; k < n; k++) {
        s.rule = &rule[k];
        for (int item = s.rule->n_match == 0 ? -1 : 0; item < s.rule->n_match; item++)
            if (apply(&s, item) != 0) return -1;
    }
    for (int i = 0; i < legal->n; i++)
        if (choice[i].inputs == 1 && choice[i].bases == 0) choice[i].bases = 1;
    return 0;
}
