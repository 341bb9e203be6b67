/* SPDX-License-Identifier: Apache-2.0
 * The YAML and JSON reader, the recipe reader and the reader of a search's journal on arbitrary bytes. */
#include "fuzz.h"
#include "recipe_read.h"
#include "trial.h"
#include "util/ydoc.h"

#include <stdlib.h>
#include <string.h>

static const char *const words[] = {"a", "class_name", "config"};

static void must_explain(const struct mnq_err *e)
{
    MNQ_FUZZ_MUST(e->code != 0 && e->msg[0] != '\0' && strchr(e->msg, '\n') == NULL);
}

/* Asks every node everything. */
static void ask(const struct mnq_ynode *v)
{
    struct mnq_err e[6];
    int i;
    double d;
    bool b;
    const char *s;
    memset(e, 0, sizeof e);
    if (mnq_y_int(v, -100, 100, &i, &e[0]) == 0) MNQ_FUZZ_MUST(i >= -100 && i <= 100);
    else must_explain(&e[0]);
    if (mnq_y_double(v, -1.0, 1.0, &d, &e[1]) == 0) MNQ_FUZZ_MUST(d >= -1.0 && d <= 1.0);
    else must_explain(&e[1]);
    if (mnq_y_bool(v, &b, &e[2]) != 0) must_explain(&e[2]);
    if (mnq_y_string(v, &s, &e[3]) == 0) MNQ_FUZZ_MUST(s != NULL);
    else must_explain(&e[3]);
    if (mnq_y_choice(v, words, 3, &i, &e[4]) == 0) MNQ_FUZZ_MUST(mnq_y_is(v, words[i]));
    else must_explain(&e[4]);
    if (v->kind == MNQ_Y_MAP && mnq_y_only(v, words, 3, &e[5]) != 0) must_explain(&e[5]);
    MNQ_FUZZ_MUST((v->kind == MNQ_Y_SCALAR) == (v->text != NULL));
    int n = 0;
    for (const struct mnq_ynode *child = v->first; child != NULL; child = child->next, n++) {
        MNQ_FUZZ_MUST(child->parent == v);
        if (v->kind == MNQ_Y_MAP) MNQ_FUZZ_MUST(mnq_y_get(v, child->key) == child);
        ask(child);
    }
    MNQ_FUZZ_MUST(n == v->n);
}

/* A few layers for rules to meet. Names and kinds matter; shapes and weights do not. */
static void few_layers(struct mnq_graph *g, struct mnq_arena *arena)
{
    static const struct {
        const char *name;
        enum mnq_op op;
        int window;
    } list[] = {{"input_1", MNQ_OP_INPUT, 1},     {"conv1", MNQ_OP_CONV, 3},
                {"conv_dw_1", MNQ_OP_DWCONV, 3},  {"conv_pw_1", MNQ_OP_CONV, 1},
                {"block/add[1]", MNQ_OP_ADD, 1},  {"block/\xc3\xa9", MNQ_OP_CONV, 1},
                {"predictions", MNQ_OP_DENSE, 1}, {"predictions/softmax", MNQ_OP_SOFTMAX, 1}};
    mnq_graph_init(g, arena);
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        struct mnq_node *nd = mnq_graph_add(g, list[i].op, list[i].name);
        MNQ_FUZZ_MUST(nd != NULL);
        nd->kh = nd->kw = list[i].window;
    }
}

/* What rules settled is in range and can be had. */
static void check_choices(const struct mnq_graph *g, const struct mnq_layer_choice *choice)
{
    for (int i = 0; i < g->n; i++) {
        const struct mnq_layer_choice *c = &choice[i];
        bool compresses = mnq_kind_compresses(mnq_node_kind(g, i));
        MNQ_FUZZ_MUST(c->weights != MNQ_WEIGHTS_AUTO && c->weights >= -1 && c->weights <= MNQ_WEIGHTS_INT16);
        MNQ_FUZZ_MUST(compresses || (c->weights != MNQ_WEIGHTS_INT4 && c->weights != MNQ_WEIGHTS_TERNARY &&
                                     c->weights != MNQ_WEIGHTS_BINARY));
        MNQ_FUZZ_MUST(compresses || (c->bases == 0 && c->inputs == 0 && c->ratio <= 0));
        MNQ_FUZZ_MUST(c->bases >= 0 && c->bases <= MNQ_BASES_MAX);
        MNQ_FUZZ_MUST(c->inputs == 0 || c->inputs == 8 || (c->inputs == 1 && c->bases == 1));
        MNQ_FUZZ_MUST(c->ratio <= MNQ_RATIO_MAX && c->pattern.m >= -1 && c->pattern.m <= MNQ_PATTERN_MAX);
    }
}

/* What a recipe says can be written, read back, and asked of a model. */
static void use(const struct mnq_recipe *r, struct mnq_arena *arena)
{
    struct mnq_err e = {0};
    struct mnq_recipe back;
    struct mnq_graph g;
    const char *text = mnq_recipe_text(r, arena), *again;
    MNQ_FUZZ_MUST(text != NULL);
    mnq_recipe_defaults(&back);
    MNQ_FUZZ_MUST(mnq_recipe_parse("y", text, strlen(text), &back, arena, &e) == 0);
    again = mnq_recipe_text(&back, arena);
    MNQ_FUZZ_MUST(again != NULL && strcmp(text, again) == 0);
    if (r->n_rules == 0) return;
    few_layers(&g, arena);
    struct mnq_layer_choice *choice = mnq_arena_array(arena, (size_t)g.n, sizeof *choice);
    MNQ_FUZZ_MUST(choice != NULL);
    if (mnq_rules_resolve(r->rule, r->n_rules, &g, choice, &e) == 0) check_choices(&g, choice);
    else must_explain(&e);
}

static char *line_of(const struct mnq_trial *t, const struct mnq_trial_result *r)
{
    struct mnq_json w = {.indent = 0};
    mnq_trial_json(&w, t, r);
    MNQ_FUZZ_MUST(!w.failed && strchr(w.text, '\n') == NULL);
    return w.text;
}

/* A line of a journal that is read can be written, and that is read back as the same. */
static void read_trial(const char *text, size_t n, struct mnq_arena *arena)
{
    struct mnq_trial t, back;
    struct mnq_trial_result r, same;
    struct mnq_err e = {0};
    if (mnq_trial_read(text, n, &t, &r, arena, &e) != 0) {
        must_explain(&e);
        return;
    }
    char *line = line_of(&t, &r), *again;
    MNQ_FUZZ_MUST(mnq_trial_read(line, strlen(line), &back, &same, arena, &e) == 0 && mnq_trial_same(&t, &back));
    again = line_of(&back, &same);
    MNQ_FUZZ_MUST(strcmp(line, again) == 0);
    free(line);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mnq_arena arena = {0};
    struct mnq_err e = {0};
    struct mnq_recipe r;
    if (size > 1 << 14) return 0; /* looking a key up is linear, asking for all is quadratic */
    uint8_t *bytes = mnq_fuzz_copy(data, size);
    const struct mnq_ynode *root = mnq_ydoc_parse("x", MNQ_EXIT_FAILED, (const char *)bytes, size, &arena, &e);
    if (root != NULL) ask(root);
    else must_explain(&e);

    memset(&e, 0, sizeof e);
    mnq_recipe_defaults(&r);
    if (mnq_recipe_parse("x", (const char *)bytes, size, &r, &arena, &e) != 0) must_explain(&e);
    else use(&r, &arena);
    read_trial((const char *)bytes, size, &arena);
    free(bytes);
    mnq_arena_free(&arena);
    return 0;
}

uint8_t *mnq_fuzz_seed(int i, size_t *n)
{
    static const char *const text[] = {
        "{\"class_name\": \"Functional\", \"config\": {\"name\": \"m\", \"layers\": [{\"class_name\": \"InputLayer\", "
        "\"config\": {\"batch_input_shape\": [null, 96, 96, 3], \"dtype\": \"float32\"}, \"inbound_nodes\": []}]}}",
        "a: [1, 2.5, -3e4, ~, true]\nclass_name: 'it''s'\nconfig:\n  - x: |\n      text\n      more\n  - \"\\u00e9\\n\"\n",
        "# recipe\npreprocess: tf\nobserver: mse\npercentile: 99.99\nsamples: 100\n",
        "preprocess: \"0.5,0.25,0.125:-1\"\nresize: crop\nfilter: tf\nrounding: second-order\nwide: auto\nwide-budget: "
        "0.1\n",
        "weights: auto\nmax-drop: 1\nflash: 200KiB\nsmall-layer: 0\nre-fit: off\nstorage: speed\nratio: 0.5\nscope: "
        "layer\nmethod: obs\npattern: 2:4\nbases: 3\n",
        "layers:\n  - match: \"conv_*_?\"\n    kind: pointwise\n    weights: binary\n    bases: 2\n    inputs: 8\n    "
        "ratio: "
        "0.25\n    pattern: block4\n    observer: kl\n  - match: [conv1, \"pred*[m-z]\"]\n    observer: mse\n",
        "layers: [{kind: [dense, pointwise], weights: int4}, {match: predictions, weights: int16, ratio: 0, pattern: none}, "
        "{match: \"block/*\", weights: binary, inputs: 1}]",
        "layers:\n  - {match: \"bl*add[[]1]\", ratio: 0}\n  - match: conv_dw\n    weights: int4\n",
        "{\"kind\": \"judged\", \"model\": \"m.h5\", \"recipe\": \"weights: int4\\n\", \"state\": \"made\", \"file\": 1234, "
        "\"flash\": null, \"ram\": 0, \"ram_rows\": 9007199254740992, \"cycles\": null, \"macs\": 1, \"params\": 2, "
        "\"pictures\": 9, "
        "\"labelled\": null, \"drop\": 0.25, \"low\": -1e-3, \"high\": 1, \"upper\": 2, \"agreement\": 99.5, \"accuracy\": "
        "null, "
        "\"fault\": null, \"why\": null}",
        "{\"kind\": \"cost\", \"model\": \"\", \"recipe\": \"\", \"state\": \"unfit\", \"file\": null, \"flash\": null, "
        "\"ram\": null, "
        "\"ram_rows\": null, \"cycles\": null, \"macs\": null, \"params\": null, \"pictures\": null, \"labelled\": null, "
        "\"drop\": null, "
        "\"low\": null, \"high\": null, \"upper\": null, \"agreement\": null, \"accuracy\": null, \"fault\": \"flash\", "
        "\"why\": \"\xc3\xa9 \\u001b\"}",
        "",
        "&a [*a, <<: {x: 1}]\n---\nb",
    };
    if (i >= (int)(sizeof text / sizeof *text)) return NULL;
    *n = strlen(text[i]);
    return mnq_fuzz_copy((const uint8_t *)text[i], *n);
}
