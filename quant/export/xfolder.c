/* SPDX-License-Identifier: Apache-2.0
 * A folder of files that appears whole or not at all. */
#define _XOPEN_SOURCE 700
#include "export/xfolder.h"

#include "util/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum state { ABSENT, EMPTY, EXPORT, OTHER };

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

int mnq_xfolder_check(const char *dir, bool force, struct mnq_err *e)
{
    int state = look(dir, e);
    if (state < 0) return -1;
    if (state == OTHER)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: holds files that no export wrote; name a folder that is empty or absent",
                        dir);
    if (state == EXPORT && !force) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: holds an export; -f replaces it", dir);
    return 0;
}

/* Removes what the walk reaches, children first. */
static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *w)
{
    (void)st, (void)flag, (void)w;
    return remove(path);
}

static void remove_tree(const char *dir)
{
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int make_parents(char *path, size_t root, struct mnq_err *e)
{
    for (char *p = path + root + 1; (p = strchr(p, '/')) != NULL; p++) {
        *p = 0;
        int rc = mkdir(path, 0777);
        if (rc != 0 && errno != EEXIST) return fail_errno(path, e);
        *p = '/';
    }
    return 0;
}

static int write_file(const char *dir, const struct mnq_xfile *x, struct mnq_err *e)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", dir, x->path) >= (int)sizeof path)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: name too long", dir);
    if (make_parents(path, strlen(dir), e) != 0) return -1;
    FILE *f = fopen(path, "wbx");
    if (f == NULL) return fail_errno(path, e);
    const int bad = fwrite(x->text.s == NULL ? "" : x->text.s, 1, x->text.n, f) != x->text.n;
    if (fclose(f) != 0 || bad) return fail_errno(path, e);
    return 0;
}

/* Puts the finished folder in place of dir. */
static int put_in_place(const char *made, const char *dir, const char *old, bool force, struct mnq_err *e)
{
    int state = look(dir, e);
    if (state < 0) return -1;
    if (state == OTHER || (state == EXPORT && !force)) return mnq_xfolder_check(dir, force, e);
    if (state == EXPORT && rename(dir, old) != 0) return fail_errno(dir, e);
    if (rename(made, dir) != 0) {
        fail_errno(dir, e);
        if (state == EXPORT && rename(old, dir) != 0) mnq_fail_in(e, old);
        return -1;
    }
    if (state == EXPORT) remove_tree(old);
    return 0;
}

int mnq_xfolder_write(const char *dir, bool force, const struct mnq_xfiles *f, struct mnq_err *e)
{
    char plain[3900], made[4000], old[4000];
    size_t n = strlen(dir);
    if (n == 0 || n >= sizeof plain) return mnq_fail(e, MNQ_EXIT_USAGE, "'%s': not the name of a folder", dir);
    memcpy(plain, dir, n + 1);
    while (n > 1 && plain[n - 1] == '/') plain[--n] = 0;
    snprintf(made, sizeof made, "%s.part.XXXXXX", plain);
    snprintf(old, sizeof old, "%s.old.%ld", plain, (long)getpid());
    mnq_cleanup_hold(); /* a signal waits until the folder is whole or gone */
    if (mkdtemp(made) == NULL) {
        mnq_cleanup_release();
        return fail_errno(plain, e);
    }
    mode_t mask = umask(0);
    umask(mask);
    int rc = chmod(made, 0777 & ~mask) == 0 ? 0 : fail_errno(made, e);
    for (int i = 0; i < f->n && rc == 0; i++) rc = write_file(made, &f->file[i], e);
    if (rc == 0) rc = put_in_place(made, plain, old, force, e);
    if (rc != 0) remove_tree(made);
    mnq_cleanup_release();
    return rc;
}
