/* SPDX-License-Identifier: Apache-2.0
 * The YAML and JSON reader and the recipe reader on arbitrary bytes. */
#include "fuzz.h"
#include "recipe.h"
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
    if (mnq_recipe_parse("x", (const char *)bytes, size, &r, &arena, &e) != 0) {
        must_explain(&e);
    } else { /* what a recipe says can be written and read back */
        const char *text = mnq_recipe_text(&r, &arena);
        MNQ_FUZZ_MUST(text != NULL);
        MNQ_FUZZ_MUST(mnq_recipe_parse("y", text, strlen(text), &r, &arena, &e) == 0);
    }
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
        "",
        "&a [*a, <<: {x: 1}]\n---\nb",
    };
    if (i >= (int)(sizeof text / sizeof *text)) return NULL;
    *n = strlen(text[i]);
    return mnq_fuzz_copy((const uint8_t *)text[i], *n);
}
