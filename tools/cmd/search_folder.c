/* SPDX-License-Identifier: Apache-2.0
 * Paths of a search's folder and the head of its journal. */
#include "search_folder.h"

#include "util/json.h"

#include <stdio.h>
#include <string.h>

const char *mnq_folder_path(struct mnq_cli *cli, const char *dir, const char *name)
{
    size_t n = strlen(dir) + strlen(name) + 2;
    char *path = mnq_arena_alloc(&cli->arena, n);
    if (path != NULL) snprintf(path, n, "%s/%s", dir, name);
    return path;
}

static void write_list(struct mnq_json *w, const char *name, const struct mnq_opt_list *list)
{
    mnq_json_array(w, name);
    for (int i = 0; i < list->n; i++) mnq_json_string(w, NULL, list->item[i]);
    mnq_json_end(w);
}

const char *mnq_folder_about(struct mnq_cli *cli, const struct mnq_subject *subject, int n, const struct mnq_opt_list *data,
                             const struct mnq_opt_list *val)
{
    struct mnq_json w = {.indent = 0};
    char version[32];
    snprintf(version, sizeof version, "%d.%d.%d", MNQ_VERSION_MAJOR, MNQ_VERSION_MINOR, MNQ_VERSION_PATCH);
    mnq_json_object(&w, NULL);
    mnq_json_string(&w, "program", version);
    mnq_json_array(&w, "models");
    for (int i = 0; i < n; i++) mnq_json_int(&w, NULL, (int64_t)subject[i].file_crc);
    mnq_json_end(&w);
    write_list(&w, "data", data);
    write_list(&w, "val", val);
    mnq_json_end(&w);
    const char *text = w.failed ? NULL : mnq_arena_strdup(&cli->arena, w.text);
    mnq_json_free(&w);
    return text;
}
