/* SPDX-License-Identifier: Apache-2.0
 * Sample data: opening what the paths name, loading one sample at a time.
 *
 * A dataset holds names and labels only; pixels are read when they are asked for, so memory does not grow with them. */
#include "dataset.h"

#include "dataset_source.h"
#include "class_names.h"
#include "labels.h"
#include "image.h"
#include "image_exif.h"
#include "image_resize.h"
#include "util/file.h"
#include "util/filekind.h"
#include "util/pool.h"

#include <errno.h>
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
    struct mnq_data data;
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
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        *kind = FOLDER;
        return 0;
    }
    int fd = mnq_file_open(path, &st, e);
    if (fd < 0) return -1;
    ssize_t n = read(fd, head, sizeof head);
    close(fd);
    if (n >= 8 && memcmp(head, "\x89HDF\r\n\x1a\n", 8) == 0) *kind = HDF5;
    else if (n >= 6 && memcmp(head, "\x93NUMPY", 6) == 0) *kind = NUMPY;
    else if (n >= 4 && memcmp(head, "PK\3\4", 4) == 0 && mnq_source_ends_with(path, npy, 2)) *kind = NUMPY;
    else if (n >= 3 && memcmp(head, "\xff\xd8\xff", 3) == 0) *kind = PICTURE;
    else if (n >= 6 && (memcmp(head, "GIF87a", 6) == 0 || memcmp(head, "GIF89a", 6) == 0)) *kind = PICTURE;
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
        if (kind == NUMPY) return mnq_source_numpy(&d->s, path, file, group, e) == 0 ? 1 : -1;
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
    if (kind == NUMPY) return mnq_source_numpy(&d->s, path, path, NULL, e);
    if (kind == UNKNOWN)
        return mnq_fail(e, MNQ_EXIT_FAILED,
                        "%s: neither a folder, a CSV, an HDF5 or NumPy file nor a picture (JPEG, PNG, BMP, GIF, PNM)", path);
    if (kind == HDF5) return add_h5(d, path, path, NULL, e);
    if (d->c != 1 && d->c != 3)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: pictures give 1 or 3 channels, the model wants %d", path, d->c);
    if (kind == FOLDER) return mnq_source_folder(&d->s, path, e);
    if (kind == CSV) return mnq_source_csv(&d->s, path, e);
    return mnq_source_add(&d->s, (struct mnq_sample){.path = path, .label = -1}, e);
}

/* ---- pictures that cannot be read ---- */

struct check {
    struct mnq_source *s;
    const char **fault; /* [n] message, malloc'd; NULL: it can be read */
};

static int check_one(void *ctx, int i, int w, struct mnq_err *e)
{
    const struct check *c = ctx;
    const struct mnq_sample *sample = &c->s->sample[i];
    struct mnq_image im;
    struct mnq_err why = {0};
    (void)w;
    if (sample->path == NULL) return 0;
    if (mnq_image_read(sample->path, c->s->channels, &im, &why) == 0) {
        mnq_image_free(&im);
        return 0;
    }
    c->fault[i] = strdup(why.msg);
    return c->fault[i] == NULL ? mnq_fail_nomem(e) : 0;
}

/* Reads every picture once and leaves out those that cannot be: which samples there are must be known before they are
 * counted. */
static int leave_out_damaged(struct mnq_source *s, struct mnq_err *e)
{
    struct mnq_left_out *l = &s->left_out;
    struct check c = {s, calloc((size_t)s->n, sizeof *c.fault)};
    int threads = s->data->threads > 0 ? s->data->threads : 1, kept = 0;
    if (c.fault == NULL) return mnq_fail_nomem(e);
    int rc = mnq_pool_for(s->n, threads, check_one, &c, e);
    l->damaged_as = mnq_arena_array(&s->arena, (size_t)s->n, sizeof *l->damaged_as);
    if (rc == 0 && l->damaged_as == NULL) rc = mnq_fail_nomem(e);
    for (int i = 0; rc == 0 && i < s->n; i++) {
        if (c.fault[i] == NULL) s->sample[kept++] = s->sample[i];
        else if ((l->damaged_as[l->damaged++] = mnq_arena_strdup(&s->arena, c.fault[i])) == NULL) rc = mnq_fail_nomem(e);
    }
    if (rc == 0 && kept == 0)
        rc = mnq_fail(e, MNQ_EXIT_FAILED, "none of the %d pictures can be read; %s", s->n, l->damaged_as[0]);
    for (int i = 0; i < s->n; i++) free((char *)c.fault[i]);
    free(c.fault);
    if (rc == 0) s->n = kept;
    return rc;
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
    if (d->s.data->class_names != NULL && mnq_class_names_read(&d->s, d->s.data->class_names, e) != 0) return -1;
    for (int i = 0; i < n; i++)
        if (add(d, paths[i], e) != 0) return -1;
    if (d->s.n == 0) return mnq_fail(e, MNQ_EXIT_USAGE, "no samples given");
    if (d->s.data->labels != NULL && mnq_labels_from_file(&d->s, d->s.data->labels, e) != 0) return -1;
    if (d->s.data->skip && leave_out_damaged(&d->s, e) != 0) return -1;
    bool labelled = false;
    for (int i = 0; i < d->s.n; i++) {
        int label = d->s.sample[i].label;
        if (label >= 0) labelled = true;
        if (label >= d->classes) d->classes = label + 1;
    }
    if ((labelled || d->s.data->class_names != NULL) && d->s.n_class_names > d->classes) d->classes = d->s.n_class_names;
    d->cache->name = calloc((size_t)d->s.n, sizeof *d->cache->name);
    return d->cache->name != NULL ? 0 : mnq_fail_nomem(e);
}

struct mnq_dataset *mnq_dataset_open_as(const struct mnq_data *data, const struct mnq_task *task, int h, int w, int c,
                                        struct mnq_err *e)
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
    d->data = *data;
    d->s.data = &d->data;
    d->s.task = task;
    if (open_all(d, data->path, data->n, e) == 0) return d;
    mnq_dataset_close(d);
    return NULL;
}

struct mnq_dataset *mnq_dataset_open(char *const *paths, int n, int h, int w, int c, struct mnq_err *e)
{
    struct mnq_data data = {.path = paths, .n = n};
    return mnq_dataset_open_as(&data, NULL, h, w, c, e);
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

bool mnq_dataset_size(const struct mnq_data *data, int c, int *h, int *w)
{
    struct mnq_err quiet = {0};
    struct mnq_data plain = {.path = data->path, .n = data->n, .path_column = data->path_column};
    struct mnq_dataset *d = mnq_dataset_open_as(&plain, NULL, 1, 1, c, &quiet);
    bool same = d != NULL;
    for (int i = 0; same && i < d->s.n; i++) {
        const struct mnq_sample *s = &d->s.sample[i];
        int sh = 0, sw = 0;
        if (s->array != NULL) sh = s->array->h, sw = s->array->w;
        else if (s->h5 != NULL) mnq_h5_images_size(s->h5, &sh, &sw);
        same = sh > 0 && (i == 0 || (sh == *h && sw == *w));
        *h = sh;
        *w = sw;
    }
    mnq_dataset_close(d);
    return same;
}

/* ---- asking ---- */

void mnq_dataset_keep(struct mnq_dataset *d, int every, int at, bool others)
{
    int n = 0;
    for (int i = 0; i < d->s.n; i++)
        if ((i % every == at) != others) d->s.sample[n++] = d->s.sample[i];
    d->s.n = n;
}

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

const float *mnq_dataset_values(const struct mnq_dataset *d, int i)
{
    return d->s.sample[i].value;
}

/* One part of the line; returns where the next one goes. */
static size_t put_part(char *text, size_t n, size_t at, int count, const char *what, const char *example)
{
    if (count == 0 || at >= n) return at;
    int put = snprintf(text + at, n - at, "%s%d %s%s%.80s%s", at > 0 ? ", " : "left out: ", count, what,
                       example != NULL ? " (" : "", example != NULL ? example : "", example != NULL ? ")" : "");
    return at + (put > 0 ? (size_t)put : 0);
}

bool mnq_dataset_left_out(const struct mnq_dataset *d, char *text, size_t n)
{
    const struct mnq_left_out *l = &d->s.left_out;
    size_t at = 0;
    text[0] = '\0';
    at = put_part(text, n, at, l->damaged, "that cannot be read", NULL);
    at = put_part(text, n, at, l->others, "that are no pictures", l->example);
    at = put_part(text, n, at, l->hidden, "hidden", NULL);
    if (l->unfit_labels && at < n) {
        int put =
            snprintf(text + at, n - at, "%slabels, one class number a sample, do not fit the output", at > 0 ? "; " : "");
        at += put > 0 ? (size_t)put : 0;
    }
    if (l->unlike_numbers && at < n)
        snprintf(text + at, n - at, "%sclass folders are in the order of their letters, 10 before 2, as Keras has them",
                 at > 0 ? "; " : "");
    return text[0] != '\0';
}

int mnq_dataset_damaged(const struct mnq_dataset *d)
{
    return d->s.left_out.damaged;
}

const char *mnq_dataset_damaged_as(const struct mnq_dataset *d, int i)
{
    return d->s.left_out.damaged_as[i];
}

static const char *row_name(struct name_cache *cache, int i, const struct mnq_sample *s)
{
    const char *path = s->array != NULL ? s->array->path : mnq_h5_images_path(s->h5);
    pthread_mutex_lock(&cache->lock);
    if (cache->name[i] == NULL) {
        size_t size = strlen(path) + 16;
        char *p = mnq_arena_alloc(&cache->arena, size);
        if (p != NULL) snprintf(p, size, "%s[%d]", path, s->row);
        cache->name[i] = p;
    }
    const char *name = cache->name[i];
    pthread_mutex_unlock(&cache->lock);
    return name;
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
        rc = d->data.exif ? mnq_image_read_upright(s->path, d->c, &im, e) : mnq_image_read(s->path, d->c, &im, e);
    } else if (s->array != NULL) {
        const struct mnq_array_images *a = s->array;
        struct mnq_image row = {.h = a->h, .w = a->w, .c = d->c};
        size_t size = mnq_array_row(&a->images);
        row.data = malloc(size);
        if (row.data == NULL) return mnq_fail_nomem(e);
        memcpy(row.data, a->images.data + (size_t)s->row * size, size);
        im = row;
        rc = 0;
    } else {
        mnq_h5_images_size(s->h5, &im.h, &im.w);
        if (im.h == d->h && im.w == d->w) return mnq_h5_images_read(s->h5, s->row, out, e);
        im.data = malloc((size_t)im.h * (size_t)im.w * (size_t)im.c);
        rc = im.data != NULL ? mnq_h5_images_read(s->h5, s->row, im.data, e) : mnq_fail_nomem(e);
    }
    /* a row of numbers is the map's, row after row; steps of channels are a row */
    bool line = im.h == 1 || im.w == 1 || d->h == 1 || d->w == 1;
    if (s->path == NULL && line && im.h * im.w == d->h * d->w) {
        im.h = d->h;
        im.w = d->w;
    }
    if (rc == 0) rc = mnq_image_fit(&im, d->h, d->w, p->resize, p->filter, out, e);
    mnq_image_free(&im);
    return rc;
}
