/* SPDX-License-Identifier: Apache-2.0
 * Recipes: reading a file. */
#include "recipe_read.h"

#include "recipe_key.h"
#include "util/file.h"

#include <string.h>

enum { RECIPE_MAX = 1 << 20 }; /* bytes of a recipe file */

int mnq_recipe_parse(const char *name, const char *text, size_t n, struct mnq_recipe *r, struct mnq_arena *arena,
                     struct mnq_err *e)
{
    enum { MAX_KEYS = 64 };
    const char *known[MAX_KEYS];
    int n_known = 0;
    while (n_known < MAX_KEYS && mnq_recipe_key(n_known) != NULL) {
        known[n_known] = mnq_recipe_key(n_known);
        n_known++;
    }
    const struct mnq_ynode *root = mnq_ydoc_parse(name, MNQ_EXIT_USAGE, text, n, arena, e);
    if (root == NULL) return -1;
    if (mnq_y_null(root)) return 0; /* an empty recipe changes nothing */
    if (mnq_y_want(root, MNQ_Y_MAP, e) != 0 || mnq_y_only(root, known, n_known, e) != 0) return -1;
    for (const struct mnq_ynode *v = root->first; v != NULL; v = v->next) {
        if (strcmp(v->key, "layers") == 0 && mnq_recipe_read_rules(v, r, arena, e) != 0) return -1;
        for (int i = 0; i < mnq_n_recipe_keys; i++)
            if (strcmp(mnq_recipe_keys[i].name, v->key) == 0 && mnq_key_read(&mnq_recipe_keys[i], v, r, arena, e) != 0)
                return -1;
    }
    return 0;
}

int mnq_recipe_read(const char *path, struct mnq_recipe *r, struct mnq_arena *arena, struct mnq_err *e)
{
    uint8_t *text;
    size_t n;
    if (mnq_file_read(path, RECIPE_MAX, arena, &text, &n, e) != 0) return -1;
    return mnq_recipe_parse(path, (const char *)text, n, r, arena, e);
}
