/* SPDX-License-Identifier: Apache-2.0
 * The OPTIONS section of every manual page lists exactly the option table, in its order. */
#include "commands.h"
#include "globals.h"
#include "help.h"

#include "pack/meta.h"
#include "recipe.h"
#include "util/json.h"
#include "util/ydoc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The page's next .It line inside OPTIONS; false at the end of the section. */
static bool next_item(FILE *f, bool *inside, char *line, size_t n)
{
    while (fgets(line, (int)n, f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, ".Sh ", 4) == 0) {
            if (*inside) return false;
            *inside = strcmp(line, ".Sh OPTIONS") == 0;
        } else if (*inside && strncmp(line, ".It ", 4) == 0) {
            return true;
        }
    }
    return false;
}

static void check_page(const char *page, const struct mnq_option *o, int n)
{
    char path[512], line[512], want[512];
    bool inside = false;
    snprintf(path, sizeof path, "%s/tools/man/%s", MNQ_SOURCE_DIR, page);
    FILE *f = fopen(path, "r");
    if (f == NULL) fail_msg("%s is missing", path);
    for (int i = 0; i < n; i++) {
        char letter[16] = "";
        if (o[i].letter != 0) snprintf(letter, sizeof letter, "Fl %c , ", o[i].letter);
        snprintf(want, sizeof want, ".It %sFl -%s%s%s", letter, o[i].name, o[i].arg == NULL ? "" : " Ar ",
                 o[i].arg == NULL ? "" : o[i].arg);
        if (!next_item(f, &inside, line, sizeof line)) fail_msg("%s: '%s' is missing", page, want);
        if (strcmp(line, want) != 0) fail_msg("%s: found '%s', wanted '%s'", page, line, want);
    }
    if (next_item(f, &inside, line, sizeof line)) fail_msg("%s: '%s' is not in the table", page, line);
    assert_true(inside);
    fclose(f);
}

static void pages(void **state)
{
    (void)state;
    check_page("mnquant.1", mnq_global_options, mnq_n_global_options);
    for (int i = 0; i < mnq_program.n; i++) {
        char page[80];
        snprintf(page, sizeof page, "mnquant-%s.1", mnq_program.command[i]->name);
        check_page(page, mnq_program.command[i]->option, mnq_program.command[i]->n_options);
    }
}

/* mnquant-yaml.5 lists exactly the keys of recipes and of their rules, each in its section. */
static void recipe_page(void **state)
{
    (void)state;
    char line[512], want[512], section[80] = "";
    FILE *f = fopen(MNQ_SOURCE_DIR "/tools/man/mnquant-yaml.5", "r");
    assert_non_null(f);
    int keys = 0, rule_keys = 0;
    while (fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, ".Sh ", 4) == 0) snprintf(section, sizeof section, "%.*s", (int)strcspn(line + 4, "\n"), line + 4);
        if (strncmp(line, ".It Ic ", 7) != 0) continue;
        const char *key = NULL;
        if (strcmp(section, "KEYS") == 0) key = mnq_recipe_key(keys++);
        if (strcmp(section, "LAYERS") == 0) key = mnq_rule_key(rule_keys++);
        if (key == NULL) fail_msg("%s: %s is no key", section, line);
        snprintf(want, sizeof want, ".It Ic %s\n", key);
        assert_string_equal(line, want);
    }
    assert_null(mnq_recipe_key(keys));
    assert_null(mnq_rule_key(rule_keys));
    fclose(f);
}

static bool option_named(const struct mnq_command *c, const char *name)
{
    bool found = false;
    for (int i = 0; i < c->n_options; i++) found = found || strcmp(c->option[i].name, name) == 0;
    return found;
}

static bool listed(const char *const *list, size_t n, const char *name)
{
    bool found = false;
    for (size_t i = 0; i < n; i++) found = found || strcmp(list[i], name) == 0;
    return found;
}

/* Every option of calibrate but those about files can be said in a recipe, and every key of a recipe but those of pruning
 * on the command line. */
static void recipe_options(void **state)
{
    (void)state;
    static const char
        *const files[] = {"data",   "output",      "force",        "recipe",   "print-recipe", "save-recipe",
                          "labels", "path-column", "label-column", "on-error", "exif",         "against",
                          "val",    "class-names", "time-limit",   "html",     "tune"}; /* the last is short for tune-weights */
    static const char *const prune[] = {"ratio", "scope", "method", "pattern", "channels", "tune"};
    const struct mnq_command *c = &mnq_cmd_calibrate;
    for (int i = 0; i < c->n_options; i++) {
        const char *name = c->option[i].name;
        bool found = listed(files, sizeof files / sizeof *files, name);
        for (int k = 0; mnq_recipe_key(k) != NULL; k++) found = found || strcmp(mnq_recipe_key(k), name) == 0;
        if (!found) fail_msg("--%s is no key of a recipe", name);
    }
    for (int k = 0; mnq_recipe_key(k) != NULL; k++) {
        const char *key = mnq_recipe_key(k);
        bool pruning = listed(prune, sizeof prune / sizeof *prune, key);
        if (!pruning && strcmp(key, "layers") != 0 && !option_named(c, key)) fail_msg("%s is no option of calibrate", key);
        if (pruning && option_named(c, key) && !listed(files, sizeof files / sizeof *files, key))
            fail_msg("%s is about pruning, yet an option of calibrate", key);
    }
}

/* mnq.5 lists exactly the keys of META. */
static void format_page(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    struct mnq_err e = {0};
    struct mnq_json j = {.indent = 0};
    const char *class_name = "rose";
    struct mnq_qtensor t = {.shape = {1, 1, 3}};
    struct mnq_qmodel q = {.tensor = &t,
                           .n_tensors = 1,
                           .task = MNQ_TASK_FEATURES,
                           .n_more = 1,
                           .name_of = {"a", "b"},
                           .classes = &class_name,
                           .n_classes = 1,
                           .preprocess = {.name = "tf"}};
    char line[512], section[80] = "";
    mnq_meta_write(&j, &q);
    assert_false(j.failed);
    const struct mnq_ynode *root = mnq_ydoc_parse("META", MNQ_EXIT_FAILED, j.text, j.n, &arena, &e), *v;
    if (root == NULL) fail_msg("%s", e.msg);
    FILE *f = fopen(MNQ_SOURCE_DIR "/tools/man/mnq.5", "r");
    assert_non_null(f);
    v = root->first;
    while (fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, ".Sh ", 4) == 0) snprintf(section, sizeof section, "%.70s", line + 4);
        if (strcmp(section, "FIELDS OF META") != 0 || strncmp(line, ".It Li ", 7) != 0) continue;
        if (v == NULL) fail_msg("%s is no key of META", line);
        assert_string_equal(line + 7, v->key);
        v = v->next;
    }
    assert_null(v);
    fclose(f);
    mnq_json_free(&j);
    mnq_arena_free(&arena);
}

static void unique(void **state)
{
    (void)state;
    for (int c = 0; c < mnq_program.n; c++) {
        const struct mnq_command *k = mnq_program.command[c];
        assert_true(k->n_options <= 64);
        for (int i = 0; i < k->n_options + mnq_n_global_options; i++) {
            const struct mnq_option *a = i < k->n_options ? &k->option[i] : &mnq_global_options[i - k->n_options];
            assert_true(a->offset + mnq_option_size(a->type) <=
                        (i < k->n_options ? k->opts_size : sizeof(struct mnq_globals)));
            for (int j = 0; j < i; j++) {
                const struct mnq_option *b = j < k->n_options ? &k->option[j] : &mnq_global_options[j - k->n_options];
                assert_string_not_equal(a->name, b->name);
                assert_true(a->letter == 0 || a->letter != b->letter);
            }
        }
    }
}

static void help_lines(void **state)
{
    (void)state;
    for (int c = 0; c < mnq_program.n; c++) {
        char *text = NULL;
        size_t n = 0;
        FILE *f = open_memstream(&text, &n);
        assert_non_null(f);
        mnq_help_command(f, mnq_program.command[c]);
        fclose(f);
        for (int i = 0; i < mnq_program.command[c]->n_options; i++) {
            char name[80];
            snprintf(name, sizeof name, "--%s", mnq_program.command[c]->option[i].name);
            assert_non_null(strstr(text, name));
        }
        for (const char *p = text; *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n')
            if (strcspn(p, "\n") > 88)
                fail_msg("help of %s has a long line: %.*s", mnq_program.command[c]->name, (int)strcspn(p, "\n"), p);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(pages),          cmocka_unit_test(recipe_page),
                                       cmocka_unit_test(recipe_options), cmocka_unit_test(format_page),
                                       cmocka_unit_test(unique),         cmocka_unit_test(help_lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
