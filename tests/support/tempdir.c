/* SPDX-License-Identifier: Apache-2.0
 * A folder of files for one test, removed behind it. */
#include "tempdir.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 1024, PATHS = 16 };

static char root[PATH_SIZE / 2];

static void stop(const char *what, const char *path)
{
    fprintf(stderr, "test support: cannot %s %s\n", what, path);
    abort();
}

const char *mnq_temp_make(void)
{
    const char *base = getenv("TMPDIR");
    if (root[0] != '\0') stop("make a second", root);
    snprintf(root, sizeof root, "%s/mnqtest.XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(root) == NULL) stop("make", root);
    return root;
}

static void remove_tree(const char *path)
{
    struct stat st;
    DIR *d = lstat(path, &st) == 0 && S_ISDIR(st.st_mode) ? opendir(path) : NULL;
    if (d != NULL) {
        for (struct dirent *entry; (entry = readdir(d)) != NULL;) {
            char below[2 * PATH_SIZE];
            if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
            snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
            remove_tree(below);
        }
        closedir(d);
    }
    if (remove(path) != 0) stop("remove", path);
}

void mnq_temp_remove(void)
{
    if (root[0] == '\0') return;
    remove_tree(root);
    root[0] = '\0';
}

const char *mnq_temp_path(const char *name)
{
    static char path[PATHS][PATH_SIZE];
    static int next;
    char *p = path[next++ % PATHS];
    int n = snprintf(p, PATH_SIZE, "%s/%s", root, name);
    if (root[0] == '\0' || n < 0 || n >= PATH_SIZE) stop("name", name);
    return p;
}

const char *mnq_temp_dir(const char *name)
{
    const char *path = mnq_temp_path(name);
    if (mkdir(path, 0777) != 0) stop("make", path);
    return path;
}

const char *mnq_temp_write(const char *name, const void *bytes, size_t n)
{
    const char *path = mnq_temp_path(name);
    FILE *f = fopen(path, "wb");
    if (f == NULL) stop("create", path);
    size_t put = n > 0 ? fwrite(bytes, 1, n, f) : 0;
    if (fclose(f) != 0 || put != n) stop("write", path);
    return path;
}

const char *mnq_temp_text(const char *name, const char *text)
{
    return mnq_temp_write(name, text, strlen(text));
}

unsigned char *mnq_temp_read(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    long size = f != NULL && fseek(f, 0, SEEK_END) == 0 ? ftell(f) : -1;
    unsigned char *p = size >= 0 ? malloc((size_t)size + 1) : NULL;
    if (p == NULL || fseek(f, 0, SEEK_SET) != 0 || fread(p, 1, (size_t)size, f) != (size_t)size) {
        stop("read", path);
    } else {
        fclose(f);
        *n = (size_t)size;
    }
    return p;
}
