/* SPDX-License-Identifier: Apache-2.0
 * A folder of pictures: its subfolders are the classes, or it is flat and unlabelled. */
#include "dataset_source.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Sorted names of a folder's pictures and subfolders; names that start with a dot are hidden. */
struct listing {
    char **picture, **folder;
    int n_pictures, n_folders;
};

static void listing_free(struct listing *l)
{
    for (int i = 0; i < l->n_pictures; i++) free(l->picture[i]);
    for (int i = 0; i < l->n_folders; i++) free(l->folder[i]);
    free(l->picture);
    free(l->folder);
    *l = (struct listing){0};
}

/* Array sizes are powers of two: full when n is one (or 0). */
static int append(char ***list, int *n, const char *name)
{
    if (*n == MNQ_MAX_SAMPLES) return -1;
    if ((*n & (*n - 1)) == 0) {
        char **p = realloc(*list, (size_t)(*n == 0 ? 1 : 2 * *n) * sizeof(char *));
        if (p == NULL) return -1;
        *list = p;
    }
    (*list)[*n] = strdup(name);
    return (*list)[*n] == NULL ? -1 : (++*n, 0);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Notes a file that is no picture. */
static int leave_out(struct mnq_source *s, const char *name)
{
    struct mnq_left_out *l = &s->left_out;
    l->others++;
    if (l->example == NULL) l->example = mnq_arena_strdup(&s->arena, name);
    return l->example == NULL ? -1 : 0;
}

static int list_entry(struct mnq_source *s, struct listing *l, const char *dir, const char *name)
{
    struct mnq_arena scratch = {0};
    struct stat st;
    int rc = 0;
    if (name[0] == '.') {
        s->left_out.hidden += strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
        return 0;
    }
    const char *path = mnq_source_join(&scratch, dir, name);
    if (path == NULL) {
        rc = -1;
    } else if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        rc = append(&l->folder, &l->n_folders, name);
    } else if (mnq_source_is_picture(name)) { /* a dangling link too: loading it says so */
        rc = append(&l->picture, &l->n_pictures, name);
    } else {
        rc = leave_out(s, name);
    }
    mnq_arena_free(&scratch);
    return rc;
}

static int list(struct mnq_source *s, const char *dir, struct listing *l, struct mnq_err *e)
{
    *l = (struct listing){0};
    DIR *d = opendir(dir);
    if (d == NULL) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: cannot open: %s", dir, mnq_errno_text());
    int rc = 0;
    for (struct dirent *entry; rc == 0 && (entry = readdir(d)) != NULL;) rc = list_entry(s, l, dir, entry->d_name);
    closedir(d);
    if (rc != 0) {
        listing_free(l);
        return mnq_fail_nomem(e);
    }
    if (l->n_pictures > 0) qsort(l->picture, (size_t)l->n_pictures, sizeof *l->picture, by_bytes);
    if (l->n_folders > 0) qsort(l->folder, (size_t)l->n_folders, sizeof *l->folder, by_bytes);
    return 0;
}

static int add_pictures(struct mnq_source *s, const char *dir, const struct listing *l, int label, struct mnq_err *e)
{
    for (int i = 0; i < l->n_pictures; i++) {
        struct mnq_arena scratch = {0};
        const char *path = mnq_source_join(&scratch, dir, l->picture[i]);
        int rc = path == NULL ? mnq_fail_nomem(e) : mnq_source_add(s, (struct mnq_sample){.path = path, .label = label}, e);
        mnq_arena_free(&scratch);
        if (rc != 0) return -1;
    }
    return 0;
}

/* Folders of a class, itself first: paths, sorted bytewise as Keras sorts os.walk(). */
struct walk {
    char **path;
    int n, depth;
};

static int walk_into(struct mnq_source *s, struct walk *w, const char *dir, struct mnq_err *e)
{
    enum { MOST_DEEP = 64 }; /* links may lead in circles */
    struct listing l;
    if (w->depth == MOST_DEEP)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: folders in each other more than %d deep", dir, MOST_DEEP);
    if (append(&w->path, &w->n, dir) != 0) return mnq_fail_nomem(e);
    struct mnq_left_out before = s->left_out; /* add_tree() lists every folder once more */
    if (list(s, dir, &l, e) != 0) return -1;
    s->left_out = before;
    int rc = 0;
    w->depth++;
    for (int i = 0; rc == 0 && i < l.n_folders; i++) {
        struct mnq_arena scratch = {0};
        const char *path = mnq_source_join(&scratch, dir, l.folder[i]);
        rc = path == NULL ? mnq_fail_nomem(e) : walk_into(s, w, path, e);
        mnq_arena_free(&scratch);
    }
    w->depth--;
    listing_free(&l);
    return rc;
}

/* The pictures of a class folder and of all below it. */
static int add_tree(struct mnq_source *s, const char *dir, int label, struct mnq_err *e)
{
    struct walk w = {.n = 0};
    int rc = walk_into(s, &w, dir, e);
    if (rc == 0) qsort(w.path, (size_t)w.n, sizeof *w.path, by_bytes);
    for (int i = 0; rc == 0 && i < w.n; i++) {
        struct listing l;
        rc = list(s, w.path[i], &l, e);
        if (rc != 0) break;
        rc = add_pictures(s, w.path[i], &l, label, e);
        listing_free(&l);
    }
    for (int i = 0; i < w.n; i++) free(w.path[i]);
    free(w.path);
    return rc;
}

/* Whether names are whole numbers that stand in another order than their values. */
static bool unlike_numbers(char *const *name, int n)
{
    bool fall = false;
    for (int i = 0; i < n; i++) {
        if (name[i][strspn(name[i], "0123456789")] != '\0') return false;
        fall = fall || (i > 0 && strtod(name[i], NULL) < strtod(name[i - 1], NULL));
    }
    return fall;
}

/* Every subfolder is a class, an empty one too: class numbers must not depend on which pictures are there. */
static int add_classes(struct mnq_source *s, const char *dir, const struct listing *top, struct mnq_err *e)
{
    struct mnq_arena scratch = {0};
    int *map = mnq_arena_array(&scratch, (size_t)top->n_folders, sizeof *map);
    int first = s->n;
    int rc = map == NULL ? mnq_fail_nomem(e) : 0;
    for (int i = 0; rc == 0 && i < top->n_folders; i++) {
        const char *path = mnq_source_join(&scratch, dir, top->folder[i]);
        rc = path == NULL ? mnq_fail_nomem(e) : add_tree(s, path, i, e);
    }
    if (rc == 0 && s->n > first) {
        rc = mnq_source_classes(s, dir, (const char *const *)top->folder, top->n_folders, map, e);
        for (int i = first; rc == 0 && i < s->n; i++) s->sample[i].label = map[s->sample[i].label];
        if (unlike_numbers(top->folder, top->n_folders)) s->left_out.unlike_numbers = true;
    }
    mnq_arena_free(&scratch);
    return rc;
}

int mnq_source_folder(struct mnq_source *s, const char *path, struct mnq_err *e)
{
    struct listing top;
    int first = s->n;
    const char *slash = path[strlen(path) - 1] == '/' ? "" : "/";
    if (list(s, path, &top, e) != 0) return -1;
    int rc = add_pictures(s, path, &top, -1, e);
    if (rc == 0 && top.n_folders > 0) rc = add_classes(s, path, &top, e);
    if (rc == 0 && s->n == first)
        rc = mnq_fail(e, MNQ_EXIT_FAILED, "%s%s: no pictures (JPEG, PNG, BMP, GIF, PNM) found", path, slash);
    if (rc == 0 && top.n_pictures > 0 && s->n - first > top.n_pictures)
        rc = mnq_fail(e, MNQ_EXIT_FAILED, "%s%s: has pictures of its own and in subfolders; wanted one or the other", path,
                      slash);
    listing_free(&top);
    return rc;
}
