/* SPDX-License-Identifier: Apache-2.0
 * Sample data: opening what the paths name, loading one sample at a time.
 *
 * A dataset holds names and labels only; pixels are read when they are asked for, so memory does not grow with them. */
#include "dataset.h"

#include "dataset_source.h"
#include "image.h"
#include "image_resize.h"
#include "util/filekind.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Names of HDF5 rows, made when asked for. */
struct name_cache {
    pthread_mutex_t lock;
    struct mnq_arena arena;
    const char **name;
};

struct mnq_dataset {
    struct mnq_source s;
    int h, w, c, classes;
    struct mnq_h5_images **h5;
    int n_h5;
    struct name_cache *cache;
};

/* ---- opening ---- */

enum kind { UNKNOWN, FOLDER, CSV, HDF5, PICTURE, NUMPY };

static int kind_of(const char *path, enum kind *kind, struct mnq_err *e)
{
    static const char *const csv[] = {".csv"}, *const h5[] = {".h5", ".hdf5", ".hdf"}, *const npy[] = {".npy", ".npz"};
    struct stat st;
    unsigned char head[8] = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe without a writer must not hang */
    if (fd < 0 || fstat(fd, &st) != 0) {
        mnq_fail(e, MNQ_EXIT_FAILED, "%s: cannot open: %s", path, strerror(errno));
        if (fd >= 0) close(fd);
        return -1;
    }
    ssize_t n = S_ISREG(st.st_mode) ? read(fd, head, sizeof head) : 0;
    close(fd);
    if (S_ISDIR(st.st_mode)) *kind = FOLDER;
    else if (!S_ISREG(st.st_mode)) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: not a regular file or folder", path);
    else if (n >= 8 && memcmp(head, "\x89HDF\r\n\x1a\n", 8) == 0) *kind = HDF5;
    else if (n >= 6 && memcmp(head, "\x93NUMPY", 6) == 0) *kind = NUMPY;
    else if (n >= 3 && memcmp(head, "\xff\xd8\xff", 3) == 0) *kind = PICTURE;
    else if (n >= 8 && memcmp(head, "\x89PNG\r\n\x1a\n", 8) == 0) *kind = PICTURE;
    else if (mnq_source_is_picture(path)) *kind = PICTURE;
    else if (mnq_source_ends_with(path, csv, 1)) *kind = CSV;
    else if (mnq_source_ends_with(path, h5, 3)) *kind = HDF5;
    else if (mnq_source_ends_with(path, npy, 2)) *kind = NUMPY;
    else *kind = UNKNOWN;
    return 0;
}

static int add_h5(struct mnq_dataset *d, const char *path, const char *file, const char *group, struct mnq_err *e)
{
    struct mnq_h5_images **more = realloc(d->h5, (size_t)(d->n_h5 + 1) * sizeof(struct mnq_h5_images *));
    if (more == NULL) return mnq_fail_nomem(e);
    d->h5 = more;
    struct mnq_h5_place at = {mnq_arena_strdup(&d->s.arena, path), mnq_arena_strdup(&d->s.arena, file), NULL};
    if (group != NULL) at.group = mnq_arena_strdup(&d->s.arena, group);
    if (at.path == NULL || at.file == NULL || (group != NULL && at.group == NULL)) return mnq_fail_nomem(e);
    struct mnq_h5_images *f = mnq_h5_images_open(&at, d->c, e);
    if (f == NULL) return -1;
    d->h5[d->n_h5++] = f;
    return mnq_source_h5(&d->s, f, e);
}

/* FILE.h5:GROUP, where nothing has that whole name. The last colon that stands behind the name of a file divides them.
 * Returns 1 if the path is such a one and was added, 0 if it is not, -1 with e. */
static int add_group(struct mnq_dataset *d, const char *path, struct mnq_err *e)
{
    struct stat st;
    enum kind kind;
    char *file;
    if (stat(path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR)) return 0;
    if ((file = mnq_arena_strdup(&d->s.arena, path)) == NULL) return mnq_fail_nomem(e);
    for (char *colon; (colon = strrchr(file, ':')) != NULL;) {
        *colon = '\0';
        if (stat(file, &st) != 0) continue;
        const char *group = path + (colon - file) + 1;
        if (kind_of(file, &kind, e) != 0) return -1;
        if (kind != HDF5)
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s: no such file, and %s is no HDF5 file with a group '%s'", path, file,
                            group);
        return add_h5(d, path, file, group, e) == 0 ? 1 : -1;
    }
    return 0;
}

static int add(struct mnq_dataset *d, const char *path, struct mnq_err *e)
{
    enum kind kind = UNKNOWN;
    int group = add_group(d, path, e);
    if (group != 0) return group < 0 ? -1 : 0;
    if (kind_of(path, &kind, e) != 0) return -1;
    if (kind != NUMPY && kind != PICTURE && mnq_filekind_explain(path, MNQ_WANTED_DATA, e) != 0) return -1;
    if (kind == NUMPY)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: NumPy files are not read; store the array as `images` of an HDF5 file",
                        path);
    if (kind == UNKNOWN)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: neither a folder, a CSV, an HDF5 file nor a picture (JPEG, PNG, PNM)",
                        path);
    if (kind == HDF5) return add_h5(d, path, path, NULL, e);
    if (d->c != 1 && d->c != 3)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: pictures give 1 or 3 channels, the model wants %d", path, d->c);
    if (kind == FOLDER) return mnq_source_folder(&d->s, path, e);
    if (kind == CSV) return mnq_source_csv(&d->s, path, e);
    return mnq_source_add(&d->s, (struct mnq_sample){.path = path, .label = -1}, e);
}

static int open_all(struct mnq_dataset *d, char *const *paths, int n, struct mnq_err *e)
{
    d->cache = calloc(1, sizeof *d->cache);
    if (d->cache == NULL) return mnq_fail_nomem(e);
    if (pthread_mutex_init(&d->cache->lock, NULL) != 0) {
        free(d->cache);
        d->cache = NULL;
        return mnq_fail_nomem(e);
    }
    for (int i = 0; i < n; i++)
        if (add(d, paths[i], e) != 0) return -1;
    if (d->s.n == 0) return mnq_fail(e, MNQ_EXIT_USAGE, "no samples given");
    bool labelled = false;
    for (int i = 0; i < d->s.n; i++) {
        int label = d->s.sample[i].label;
        if (label >= 0) labelled = true;
        if (label >= d->classes) d->classes = label + 1;
    }
    if (labelled && d->s.n_class_names > d->classes) d->classes = d->s.n_class_names;
    d->cache->name = calloc((size_t)d->s.n, sizeof *d->cache->name);
    return d->cache->name != NULL ? 0 : mnq_fail_nomem(e);
}

struct mnq_dataset *mnq_dataset_open(char *const *paths, int n, int h, int w, int c, struct mnq_err *e)
{
    struct mnq_dataset *d = calloc(1, sizeof *d);
    if (d == NULL) {
        mnq_fail_nomem(e);
        return NULL;
    }
    d->h = h;
    d->w = w;
    d->c = c;
    d->s.channels = c;
    if (open_all(d, paths, n, e) == 0) return d;
    mnq_dataset_close(d);
    return NULL;
}

void mnq_dataset_close(struct mnq_dataset *d)
{
    if (d == NULL) return;
    for (int i = 0; i < d->n_h5; i++) mnq_h5_images_close(d->h5[i]);
    free(d->h5);
    free(d->s.sample);
    mnq_arena_free(&d->s.arena);
    if (d->cache != NULL) {
        pthread_mutex_destroy(&d->cache->lock);
        mnq_arena_free(&d->cache->arena);
        free(d->cache->name);
        free(d->cache);
    }
    free(d);
}

/* ---- asking ---- */

int mnq_dataset_count(const struct mnq_dataset *d)
{
    return d->s.n;
}

int mnq_dataset_classes(const struct mnq_dataset *d)
{
    return d->classes;
}

const char *mnq_dataset_class(const struct mnq_dataset *d, int i)
{
    return i >= 0 && i < d->s.n_class_names ? d->s.class_name[i] : NULL;
}

int mnq_dataset_label(const struct mnq_dataset *d, int i)
{
    return d->s.sample[i].label;
}

static const char *row_name(struct name_cache *cache, int i, const struct mnq_sample *s)
{
    const char *path = mnq_h5_images_path(s->h5);
    pthread_mutex_lock(&cache->lock);
    if (cache->name[i] == NULL) {
        size_t size = strlen(path) + 16;
        char *p = mnq_arena_alloc(&cache->arena, size);
        if (p != NULL) snprintf(p, size, "%s[%d]", path, s->row);
        cache->name[i] = p;
    }
    const char *name = cache->name[i];
    pthread_mutex_unlock(&cache->lock);
    return name != NULL ? name : path;
}

const char *mnq_dataset_name(const struct mnq_dataset *d, int i)
{
    const struct mnq_sample *s = &d->s.sample[i];
    return s->path != NULL ? s->path : row_name(d->cache, i, s);
}

int mnq_dataset_load(const struct mnq_dataset *d, int i, const struct mnq_preprocess *p, uint8_t *out, struct mnq_err *e)
{
    const struct mnq_sample *s = &d->s.sample[i];
    struct mnq_image im = {.c = d->c};
    int rc;
    if (s->path != NULL) {
        rc = mnq_image_read(s->path, d->c, &im, e);
    } else {
        mnq_h5_images_size(s->h5, &im.h, &im.w);
        if (im.h == d->h && im.w == d->w) return mnq_h5_images_read(s->h5, s->row, out, e);
        im.data = malloc((size_t)im.h * (size_t)im.w * (size_t)im.c);
        rc = im.data != NULL ? mnq_h5_images_read(s->h5, s->row, im.data, e) : mnq_fail_nomem(e);
    }
    if (rc == 0) rc = mnq_image_fit(&im, d->h, d->w, p->resize, p->filter, out, e);
    mnq_image_free(&im);
    return rc;
}
