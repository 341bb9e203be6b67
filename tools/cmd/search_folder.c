/* SPDX-License-Identifier: Apache-2.0
 * A search's folder, paths in it, and the head of its journal. */
#include "search_folder.h"

#include "outputs.h"
#include "util/cleanup.h"
#include "util/json.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *mnq_folder_path(struct mnq_cli *cli, const char *dir, const char *name)
{
    size_t n = strlen(dir) + strlen(name) + 2;
    char *path = mnq_arena_alloc(&cli->arena, n);
    if (path != NULL) snprintf(path, n, "%s/%s", dir, name);
    return path;
}

static bool is_empty(const char *dir)
{
    DIR *d = opendir(dir);
    bool any = d == NULL;
    for (struct dirent *f = d == NULL ? NULL : readdir(d); f != NULL && !any; f = readdir(d))
        any = strcmp(f->d_name, ".") != 0 && strcmp(f->d_name, "..") != 0;
    if (d != NULL) closedir(d);
    return !any;
}

/* A journal of nothing yet. */
static int make_journal(const char *journal)
{
    int fd = open(journal, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    return fd < 0 ? -1 : close(fd);
}

int mnq_folder_make(struct mnq_cli *cli, const char *dir, const char *journal, bool *made, bool *began)
{
    struct mnq_err *e = &cli->err;
    struct stat st;
    int rc = 0;
    mnq_cleanup_hold(); /* a folder without a journal is not seen to be ours */
    *made = mkdir(dir, 0777) == 0;
    if (!*made && errno != EEXIST) rc = mnq_fail(e, MNQ_EXIT_FAILED, "%s: %s", dir, mnq_errno_text());
    *began = *made || stat(journal, &st) != 0;
    if (*made && make_journal(journal) != 0) {
        rc = mnq_fail(e, MNQ_EXIT_FAILED, "%s: cannot write: %s", journal, mnq_errno_text());
        mnq_folder_unmake(dir, journal);
    }
    mnq_cleanup_release();
    if (rc != 0 || *made || !*began || is_empty(dir)) return rc;
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: is neither empty nor the folder of a search (no journal.jsonl)", dir);
}

void mnq_folder_unmake(const char *dir, const char *journal)
{
    mnq_cleanup_hold();
    unlink(journal);
    rmdir(dir);
    mnq_cleanup_release();
}

int mnq_folder_output(struct mnq_cli *cli, const char *dir, const char *name)
{
    const char *path = mnq_folder_path(cli, dir, name);
    return path == NULL ? mnq_fail_nomem(&cli->err) : mnq_cli_output(cli, path, true, false);
}

static void write_list(struct mnq_json *w, const char *name, const struct mnq_opt_list *list)
{
    mnq_json_array(w, name);
    for (int i = 0; i < list->n; i++) mnq_json_string(w, NULL, list->item[i]);
    mnq_json_end(w);
}

static void write_from(struct mnq_json *w, const struct mnq_data_opts *from)
{
    mnq_json_string(w, "labels", from->labels);
    mnq_json_string(w, "class_names", from->class_names);
    mnq_json_string(w, "path_column", from->path_column);
    mnq_json_string(w, "label_column", from->label_column);
    mnq_json_int(w, "on_error", from->on_error);
    mnq_json_bool(w, "exif", from->exif);
}

static void write_seen(struct mnq_json *w, const struct mnq_model_opts *seen)
{
    mnq_json_object(w, "seen");
    mnq_json_string(w, "preprocess", seen->preprocess);
    mnq_json_int(w, "resize", seen->resize);
    mnq_json_int(w, "filter", seen->filter);
    mnq_json_string(w, "arch", seen->arch);
    mnq_json_string(w, "task", seen->task);
    mnq_json_double(w, "threshold", seen->threshold);
    mnq_json_end(w);
}

const char *mnq_folder_about(struct mnq_cli *cli, const struct mnq_folder_inputs *in)
{
    struct mnq_json w = {.indent = 0};
    char version[32];
    snprintf(version, sizeof version, "%d.%d.%d", MNQ_VERSION_MAJOR, MNQ_VERSION_MINOR, MNQ_VERSION_PATCH);
    mnq_json_object(&w, NULL);
    mnq_json_string(&w, "program", version);
    mnq_json_array(&w, "models");
    for (int i = 0; i < in->n; i++) mnq_json_int(&w, NULL, (int64_t)in->subject[i].file_crc);
    mnq_json_end(&w);
    write_list(&w, "data", in->data);
    write_list(&w, "val", in->val);
    write_from(&w, in->from);
    if (in->seen != NULL) write_seen(&w, in->seen);
    mnq_json_end(&w);
    const char *text = w.failed ? NULL : mnq_arena_strdup(&cli->arena, w.text);
    mnq_json_free(&w);
    return text;
}
