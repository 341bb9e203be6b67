/* SPDX-License-Identifier: Apache-2.0
 * A folder of files that appears whole or not at all. */
#define _XOPEN_SOURCE 700
#include "export/xfolder.h"

#include "util/file.h"
#include "util/ydoc.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum state { ABSENT, EMPTY, EXPORT, OTHER };

/* Files that a user may have put beside an export's, how deep, and how long the list of an export's may be. */
enum { OWN_FILES = 65536, OWN_DEPTH = 32, MARK_BYTES = 1 << 22 };

static int fail_errno(const char *path, struct mnq_err *e)
{
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %s", path, mnq_errno_text());
}

/* What stands at dir; -1 with e. */
static int look(const char *dir, struct mnq_err *e)
{
    DIR *d = opendir(dir);
    if (d == NULL) return errno == ENOENT ? ABSENT : fail_errno(dir, e);
    int state = EMPTY;
    for (struct dirent *p; (p = readdir(d)) != NULL;) {
        if (strcmp(p->d_name, ".") == 0 || strcmp(p->d_name, "..") == 0) continue;
        if (state == EMPTY) state = OTHER;
        if (strcmp(p->d_name, MNQ_XFOLDER_MARK) == 0) state = EXPORT;
    }
    closedir(d);
    return state;
}

/* The folder that dir means: where a link leads. */
static int settle(const char *dir, char *to, size_t size, struct mnq_err *e)
{
    struct stat st;
    size_t n = strlen(dir);
    if (n == 0 || n >= size) return mnq_fail(e, MNQ_EXIT_USAGE, "'%s': not the name of a folder", dir);
    memcpy(to, dir, n + 1);
    while (n > 1 && to[n - 1] == '/') to[--n] = 0;
    if (lstat(to, &st) != 0 || !S_ISLNK(st.st_mode)) return 0;
    char *real = realpath(to, NULL);
    if (real == NULL && errno == ENOENT)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: a link to a folder that does not exist", to);
    if (real == NULL) return fail_errno(to, e);
    n = strlen(real);
    if (n < size) memcpy(to, real, n + 1);
    free(real);
    return n < size ? 0 : mnq_fail(e, MNQ_EXIT_FAILED, "%s: name too long", dir);
}

/* A folder takes its place by its name: the one above must let it. */
static int check_above(const char *dir, struct mnq_err *e)
{
    char above[MNQ_XFOLDER_NAME];
    memcpy(above, dir, strlen(dir) + 1);
    char *slash = strrchr(above, '/');
    if (slash != NULL) slash[slash == above] = 0;
    return access(slash != NULL ? above : ".", W_OK | X_OK) == 0 ? 0 : fail_errno(dir, e);
}

/* Whether a folder may come in the place of what stands at dir. */
static int allow(int state, const char *dir, bool force, struct mnq_err *e)
{
    if (state < 0) return -1; /* e is set */
    if (state == OTHER)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: holds files that no export wrote; name a folder that is empty or absent",
                        dir);
    if (state == EXPORT && !force) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: holds an export; -f replaces it", dir);
    return 0;
}

int mnq_xfolder_check(const char *dir, bool force, struct mnq_err *e)
{
    char plain[MNQ_XFOLDER_NAME];
    if (settle(dir, plain, sizeof plain, e) != 0 || allow(look(plain, e), dir, force, e) != 0) return -1;
    return check_above(plain, e);
}

/* ---- files that the user put beside those of an export ---- */

struct own {
    const char *root;
    const struct mnq_ynode *listed; /* names that the export wrote */
    char **path;                    /* [n] below root */
    int n;
    struct mnq_arena arena;
};

static int start_own(struct own *o, const char *dir, struct mnq_err *e)
{
    char path[MNQ_XFOLDER_NAME + 64];
    uint8_t *text;
    size_t n;
    *o = (struct own){.root = dir};
    snprintf(path, sizeof path, "%s/%s", dir, MNQ_XFOLDER_MARK);
    if (mnq_file_read(path, MARK_BYTES, &o->arena, &text, &n, e) != 0) return -1;
    const char *name = mnq_arena_strdup(&o->arena, path); /* what messages call the list */
    if (name == NULL) return mnq_fail_nomem(e);
    const struct mnq_ynode *root = mnq_ydoc_parse(name, MNQ_EXIT_FAILED, (const char *)text, n, &o->arena, e);
    if (root == NULL) return -1;
    o->listed = mnq_y_get(root, "files");
    o->path = mnq_arena_array(&o->arena, OWN_FILES, sizeof *o->path);
    return o->path == NULL ? mnq_fail_nomem(e) : 0;
}

static bool wrote(const struct own *o, const char *path)
{
    const char *name;
    struct mnq_err ignored;
    if (strcmp(path, MNQ_XFOLDER_MARK) == 0) return true;
    for (const struct mnq_ynode *v = mnq_y_at(o->listed, 0); v != NULL; v = v->next)
        if (mnq_y_string(v, &name, &ignored) == 0 && strcmp(name, path) == 0) return true;
    return false;
}

/* Adds what lies in the folder `below` (with a slash at its end, or empty) and was not written by the export. */
static int find_own(struct own *o, const char *below, int depth, struct mnq_err *e)
{
    char path[MNQ_XFOLDER_NAME];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", o->root, below);
    DIR *d = opendir(path);
    int rc = d == NULL ? fail_errno(path, e) : 0;
    for (struct dirent *p; rc == 0 && (p = readdir(d)) != NULL;) {
        if (strcmp(p->d_name, ".") == 0 || strcmp(p->d_name, "..") == 0) continue;
        size_t n = strlen(below) + strlen(p->d_name) + 2;
        char *name = mnq_arena_alloc(&o->arena, n);
        if (name == NULL) {
            rc = mnq_fail_nomem(e);
            break;
        }
        snprintf(name, n, "%s%s", below, p->d_name);
        if (snprintf(path, sizeof path, "%s/%s", o->root, name) >= (int)sizeof path || o->n == OWN_FILES ||
            depth == OWN_DEPTH) {
            rc = mnq_fail(e, MNQ_EXIT_FAILED, "%s: holds too much that no export wrote; move it away", o->root);
        } else if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
            snprintf(name, n, "%s%s/", below, p->d_name);
            rc = find_own(o, name, depth + 1, e);
        } else if (!wrote(o, name)) {
            o->path[o->n++] = name;
        }
    }
    if (d != NULL) closedir(d);
    return rc;
}

/* Removes what the walk reaches, children first. */
static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *w)
{
    (void)st, (void)flag, (void)w;
    return remove(path);
}

/* 0, or -1 with errno. */
static int remove_tree(const char *dir)
{
    return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0 ? 0 : -1;
}

/* Makes the folders of path below its first `root` bytes; messages name `said`. */
static int make_parents(char *path, size_t root, const char *said, struct mnq_err *e)
{
    for (char *p = path + root + 1; (p = strchr(p, '/')) != NULL; p++) {
        *p = 0;
        int rc = mkdir(path, 0777);
        if (rc != 0 && errno != EEXIST) return fail_errno(said, e);
        *p = '/';
    }
    return 0;
}

/* Writes a file into the fresh folder; messages name what it would become in dir. */
static int write_file(const char *made, const char *dir, const struct mnq_xfile *x, struct mnq_err *e)
{
    char path[MNQ_XFOLDER_NAME], said[MNQ_XFOLDER_NAME];
    snprintf(said, sizeof said, "%s/%s", dir, x->path);
    if (snprintf(path, sizeof path, "%s/%s", made, x->path) >= (int)sizeof path)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: name too long", said);
    if (make_parents(path, strlen(made), said, e) != 0) return -1;
    FILE *f = fopen(path, "wbx");
    if (f == NULL) return fail_errno(said, e);
    const int bad = fwrite(x->text.s == NULL ? "" : x->text.s, 1, x->text.n, f) != x->text.n;
    if (fclose(f) != 0 || bad) return fail_errno(said, e);
    return 0;
}

/* Refuses what would stand in the place of a user's own file. */
static int check_own(const struct own *o, const char *made, struct mnq_err *e)
{
    char path[MNQ_XFOLDER_NAME];
    struct stat st;
    for (int i = 0; i < o->n; i++) {
        int n = snprintf(path, sizeof path, "%s/%s", made, o->path[i]);
        if (n >= (int)sizeof path) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: name too long", o->path[i]);
        if (lstat(path, &st) == 0)
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s/%s: not written by an export, which would replace it; move it away",
                            o->root, o->path[i]);
    }
    return 0;
}

/* Moves them from the old folder to the new one. */
static int keep_own(const struct own *o, const char *old, const char *dir, struct mnq_err *e)
{
    char from[MNQ_XFOLDER_NAME], to[MNQ_XFOLDER_NAME];
    for (int i = 0; i < o->n; i++) {
        snprintf(from, sizeof from, "%s/%s", old, o->path[i]);
        snprintf(to, sizeof to, "%s/%s", dir, o->path[i]);
        if (make_parents(to, strlen(dir), from, e) != 0) return -1;
        if (rename(from, to) != 0) return fail_errno(from, e);
    }
    return 0;
}

/* ---- appearing ---- */

struct mnq_xfolder {
    char dir[MNQ_XFOLDER_NAME - 200], made[MNQ_XFOLDER_NAME - 100], old[MNQ_XFOLDER_NAME - 100];
    bool placed;       /* it is at dir, what was an export there at old */
    enum state before; /* if so: what dir was */
    struct own own;    /* of the export before */
};

static int write_files(struct mnq_xfolder *x, const struct mnq_xfiles *f, struct mnq_err *e)
{
    snprintf(x->made, sizeof x->made, "%s.part.XXXXXX", x->dir);
    snprintf(x->old, sizeof x->old, "%s.old.%ld", x->dir, (long)getpid());
    if (mkdtemp(x->made) == NULL) {
        x->made[0] = '\0';
        return fail_errno(x->dir, e);
    }
    mode_t mask = umask(0);
    umask(mask);
    int rc = chmod(x->made, 0777 & ~mask) == 0 ? 0 : fail_errno(x->dir, e);
    for (int i = 0; i < f->n && rc == 0; i++) rc = write_file(x->made, x->dir, &f->file[i], e);
    return rc;
}

struct mnq_xfolder *mnq_xfolder_make(const char *dir, const struct mnq_xfiles *f, struct mnq_arena *arena, struct mnq_err *e)
{
    struct mnq_xfolder *x = mnq_arena_alloc(arena, sizeof *x);
    if (x == NULL) mnq_fail_nomem(e);
    if (x == NULL || settle(dir, x->dir, sizeof x->dir, e) != 0) return NULL;
    if (write_files(x, f, e) == 0) return x;
    mnq_xfolder_undo(x, e);
    return NULL;
}

/* Takes the export before aside. */
static int set_aside(struct mnq_xfolder *x, struct mnq_err *e)
{
    if (start_own(&x->own, x->dir, e) != 0 || find_own(&x->own, "", 0, e) != 0 || check_own(&x->own, x->made, e) != 0)
        return -1;
    return rename(x->dir, x->old) == 0 ? 0 : fail_errno(x->dir, e);
}

/* It is back; else e names where it is. */
static void bring_back(struct mnq_xfolder *x, struct mnq_err *e)
{
    if (rename(x->old, x->dir) != 0) mnq_fail_in(e, x->old);
}

int mnq_xfolder_place(struct mnq_xfolder *x, bool force, struct mnq_err *e)
{
    int state = look(x->dir, e);
    if (allow(state, x->dir, force, e) != 0) return -1;
    if (state == EXPORT && set_aside(x, e) != 0) return -1;
    x->before = (enum state)state;
    x->placed = rename(x->made, x->dir) == 0;
    if (x->placed) return 0;
    fail_errno(x->dir, e);
    if (state == EXPORT) bring_back(x, e);
    return -1;
}

int mnq_xfolder_keep(struct mnq_xfolder *x, struct mnq_err *e)
{
    int rc = x->before == EXPORT ? keep_own(&x->own, x->old, x->dir, e) : 0;
    if (rc == 0 && x->before == EXPORT && remove_tree(x->old) != 0) /* else what is left there is the user's */
        rc = mnq_fail(e, MNQ_EXIT_FAILED, "%s: written, but what it replaced, %s, cannot be removed: %s", x->dir, x->old,
                      strerror(errno));
    mnq_arena_free(&x->own.arena);
    return rc;
}

void mnq_xfolder_undo(struct mnq_xfolder *x, struct mnq_err *e)
{
    const char *at = x->placed && rename(x->dir, x->made) != 0 ? x->dir : x->made;
    if (access(at, F_OK) == 0 && remove_tree(at) != 0) {
        const struct mnq_err why = *e;
        e->code = 0; /* said anew, with more */
        mnq_fail(e, why.code, "%s; %s is left, it cannot be removed: %s", why.msg, at, strerror(errno));
    }
    if (x->placed && x->before == EXPORT) bring_back(x, e);
    if (x->placed && x->before == EMPTY) (void)mkdir(x->dir, 0777);
    mnq_arena_free(&x->own.arena);
}
