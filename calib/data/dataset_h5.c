/* SPDX-License-Identifier: Apache-2.0
 * HDF5 files with `images` u8 (N, H, W, C) or (N, H, W), and optionally `labels` and the attribute `class_names`, at the
 * root or in a group. Labels are class numbers (N), or what the task wants (labels.h).
 *
 * Rows are read when they are asked for, by the process that reads the file (import/h5file.h); a few small ones at once. */
#include "dataset_source.h"
#include "labels.h"

#include "bitmap.h"
#include "import/h5file.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AHEAD = 1 << 16 }; /* bytes of rows fetched together, if more than one fits */

struct mnq_h5_images {
    const char *path; /* for messages */
    struct mnq_h5_place at;
    struct mnq_arena arena;
    struct mnq_h5 *h5;
    char images[1100], labels[1100];
    const char *group;
    int n, h, w, c;
    pthread_mutex_t lock; /* of the reader and of what follows */
    uint8_t *ahead;
    int first, held, most; /* rows in it */
};

/* ---- images ---- */

static void number_name(const struct mnq_h5info *i, char *text, size_t n)
{
    static const char *const name[] = {"uint", "int", "float"};
    if (i->number <= MNQ_H5_FLOAT) snprintf(text, n, "%s%u", name[i->number], (unsigned)i->bits);
    else snprintf(text, n, "%s", i->number == MNQ_H5_STRING ? "strings" : "not an array of numbers");
}

static int check_shape(struct mnq_h5_images *f, const struct mnq_h5info *i, int channels, struct mnq_err *e)
{
    const uint64_t *d = i->dim;
    uint64_t c = i->rank == 4 ? d[3] : 1;
    if (i->rank != 3 && i->rank != 4)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: images has %u dimension%s, wanted (N, H, W, C) or (N, H, W)", f->path,
                        (unsigned)i->rank, i->rank == 1 ? "" : "s");
    if (d[0] == 0) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: images is empty, wanted at least 1 sample", f->path);
    if (d[0] > MNQ_MAX_SAMPLES)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: images has %" PRIu64 " samples, wanted at most %d", f->path, d[0],
                        MNQ_MAX_SAMPLES);
    if (c != (uint64_t)channels)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: images has %" PRIu64 " channel%s, the model wants %d", f->path, c,
                        c == 1 ? "" : "s", channels);
    if (d[1] < 1 || d[2] < 1 || d[1] > MNQ_IMAGE_SIDE || d[2] > MNQ_IMAGE_SIDE || d[1] * d[2] > MNQ_IMAGE_PIXELS)
        return mnq_fail(e, MNQ_EXIT_FAILED,
                        "%s: images of %" PRIu64 " x %" PRIu64 " pixels, wanted 1 to %d a side and at most %d", f->path,
                        d[2], d[1], MNQ_IMAGE_SIDE, MNQ_IMAGE_PIXELS);
    f->n = (int)d[0];
    f->h = (int)d[1];
    f->w = (int)d[2];
    f->c = channels;
    return 0;
}

/* ---- groups ---- */

static const char *list_groups(struct mnq_h5_images *f, char text[400])
{
    char **name;
    int n = 0;
    size_t at = 0;
    struct mnq_err quiet = {0};
    text[0] = '\0';
    if (mnq_h5_groups(f->h5, "images", &name, &n, &quiet) != 0) return text;
    for (int i = 0; i < n && at < 320; i++) {
        int w = snprintf(text + at, 400 - at, "%s%.70s", i > 0 ? ", " : "", name[i]);
        if (w > 0) at += (size_t)w;
    }
    return text;
}

/* A place that no hard link leads to. */
static int fail_link(const struct mnq_h5_images *f, const char *what, enum mnq_h5kind kind, struct mnq_err *e)
{
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %s is a %s, which is not followed", f->path, what,
                    kind == MNQ_H5_SOFT ? "soft link" : "link to another file");
}

static int find_group(struct mnq_h5_images *f, struct mnq_err *e)
{
    char list[400];
    const char *group = f->at.group;
    f->group = group != NULL ? group : "/";
    enum mnq_h5kind kind = mnq_h5_kind(f->h5, f->group);
    if (kind == MNQ_H5_SOFT || kind == MNQ_H5_EXTERNAL) return fail_link(f, group, kind, e);
    if (kind == MNQ_H5_GROUP) return 0;
    if (list_groups(f, list)[0] == '\0')
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: no group '%s'; the file has none that holds images", f->path, f->group);
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: no group '%s'; groups that hold images: %s", f->path, f->group, list);
}

static int fail_no_images(struct mnq_h5_images *f, struct mnq_err *e)
{
    char list[400];
    list_groups(f, list);
    if (f->at.group != NULL || list[0] == '\0')
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: no dataset `images`, wanted uint8 (N, H, W, C) or (N, H, W)", f->path);
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: no dataset `images` at the root; name a group that holds one (%s) as %s:GROUP",
                    f->path, list, f->path);
}

/* What a data set is; *there is false if there is none of that name. */
static int look(struct mnq_h5_images *f, const char *path, const char *name, bool *there, struct mnq_h5info *i,
                struct mnq_err *e)
{
    enum mnq_h5kind kind = mnq_h5_kind(f->h5, path);
    *there = kind != MNQ_H5_NONE;
    if (kind == MNQ_H5_NONE) return 0;
    if (kind == MNQ_H5_SOFT || kind == MNQ_H5_EXTERNAL) return fail_link(f, name, kind, e);
    if (kind != MNQ_H5_DATASET) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: `%s` is not a readable dataset", f->path, name);
    return mnq_h5_info(f->h5, path, i, e);
}

static int open_images(struct mnq_h5_images *f, int channels, struct mnq_err *e)
{
    struct mnq_h5info i;
    bool there;
    char text[64];
    f->h5 = mnq_h5_open(f->at.file, &f->arena, e);
    if (f->h5 == NULL || find_group(f, e) != 0) return -1;
    const char *parent = strcmp(f->group, "/") == 0 ? "" : f->group;
    if (strlen(parent) > 1000) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: the group's name is too long", f->path);
    snprintf(f->images, sizeof f->images, "%s/images", parent);
    snprintf(f->labels, sizeof f->labels, "%s/labels", parent);
    if (look(f, f->images, "images", &there, &i, e) != 0) return -1;
    if (!there) return fail_no_images(f, e);
    number_name(&i, text, sizeof text);
    if (i.number != MNQ_H5_UINT || i.bits != 8)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: images is %s, wanted uint8", f->path, text);
    if (check_shape(f, &i, channels, e) != 0) return -1;
    return mnq_h5_rows(f->h5, f->images, 0, 0, NULL, 0, e); /* how it is stored */
}

/* ---- labels ---- */

/* Whether the task wants the labels as rows of numbers, or they are rows with a number for each class. */
static int are_numbers(struct mnq_h5_images *f, const struct mnq_task *task, bool *numbers, struct mnq_err *e)
{
    struct mnq_h5info d;
    bool there;
    *numbers = false;
    if (look(f, f->labels, "labels", &there, &d, e) != 0) return -1;
    bool rows = there && (d.rank > 2 || (d.rank == 2 && d.dim[1] > 1));
    *numbers = there && task != NULL && (rows || mnq_task_label_values(task) > 0 || task->kind == MNQ_TASK_FEATURES);
    return 0;
}

/* Labels of samples first .. first + f->n - 1 as the task wants them. */
static int add_numbers(struct mnq_source *s, int first, struct mnq_h5_images *f, struct mnq_err *e)
{
    struct mnq_h5_data d;
    if (mnq_h5_read(f->h5, f->labels, &d, e) != 0) return -1;
    struct mnq_array a = {.kind = 'f', .item = sizeof *d.v, .dims = d.rank, .shape = {1, 1, 1, 1}};
    if (d.rank > MNQ_ARRAY_DIMS)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: labels has %d dimensions, wanted at most %d", f->path, d.rank,
                        MNQ_ARRAY_DIMS);
    for (int k = 0; k < d.rank; k++) a.shape[k] = d.dim[k];
    a.data = (const uint8_t *)d.v;
    return mnq_labels_from_array(s, first, f->n, &a, f->path, e);
}

/* label[n] gets the labels, or -1 where there are none. */
static int read_labels(struct mnq_h5_images *f, int *label, struct mnq_err *e)
{
    struct mnq_h5info d;
    bool there;
    char text[64];
    for (int i = 0; i < f->n; i++) label[i] = -1;
    if (look(f, f->labels, "labels", &there, &d, e) != 0) return -1;
    if (!there) return 0;
    number_name(&d, text, sizeof text);
    if (d.number != MNQ_H5_INT && d.number != MNQ_H5_UINT)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: labels is %s, wanted integers", f->path, text);
    if (!(d.rank == 1 || (d.rank == 2 && d.dim[1] == 1)))
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: labels has %u dimension%s, wanted one class number for each sample",
                        f->path, (unsigned)d.rank, d.rank == 1 ? "" : "s");
    if (d.dim[0] != (uint64_t)f->n)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %" PRIu64 " labels for %d images", f->path, d.dim[0], f->n);
    int64_t *value = malloc((size_t)f->n * sizeof *value);
    int rc = value == NULL ? mnq_fail_nomem(e) : mnq_h5_integers(f->h5, f->labels, (uint64_t)f->n, value, e);
    for (int i = 0; rc == 0 && i < f->n; i++) {
        if (value[i] < 0 || value[i] >= MNQ_MAX_CLASSES)
            rc = mnq_fail(e, MNQ_EXIT_FAILED, "%s: labels[%d] is %" PRId64 ", wanted 0 to %d", f->path, i, value[i],
                          MNQ_MAX_CLASSES - 1);
        else label[i] = (int)value[i];
    }
    free(value);
    return rc;
}

static int read_class_names(struct mnq_h5_images *f, char ***name, int *n, struct mnq_err *e)
{
    *n = 0;
    /* the file may say it for all groups */
    const char *at = mnq_h5_has_attr(f->h5, f->group, "class_names") ? f->group : "/";
    if (!mnq_h5_has_attr(f->h5, at, "class_names")) return 0;
    if (mnq_h5_texts(f->h5, at, "class_names", name, n, e) != 0) return -1;
    if (*n >= 1 && *n <= MNQ_MAX_CLASSES) return 0;
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: attribute class_names is not a list of 1 to %d strings", f->path,
                    MNQ_MAX_CLASSES);
}

/* Numbers of the file to numbers of the dataset. */
static int map_labels(struct mnq_source *s, const struct mnq_h5_images *f, char *const *name, int n_names, int *label,
                      struct mnq_err *e)
{
    if (n_names == 0) return 0;
    for (int i = 0; i < f->n; i++)
        if (label[i] >= n_names)
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s: labels[%d] is %d, class_names has %d", f->path, i, label[i], n_names);
    int *map = malloc((size_t)n_names * sizeof *map);
    int rc = map == NULL ? mnq_fail_nomem(e) : mnq_source_classes(s, f->path, (const char *const *)name, n_names, map, e);
    for (int i = 0; rc == 0 && i < f->n; i++)
        if (label[i] >= 0) label[i] = map[label[i]];
    free(map);
    return rc;
}

/* ---- public ---- */

struct mnq_h5_images *mnq_h5_images_open(const struct mnq_h5_place *at, int channels, struct mnq_err *e)
{
    struct mnq_h5_images *f = calloc(1, sizeof *f);
    if (f == NULL) {
        mnq_fail_nomem(e);
        return NULL;
    }
    f->at = *at;
    f->path = at->path;
    if (pthread_mutex_init(&f->lock, NULL) != 0) {
        mnq_fail_nomem(e);
        free(f);
        return NULL;
    }
    int rc = open_images(f, channels, e);
    if (f->h5 != NULL) rc = mnq_h5_settle(f->h5, rc, e);
    if (rc == 0) return f;
    mnq_h5_images_close(f);
    return NULL;
}

void mnq_h5_images_close(struct mnq_h5_images *f)
{
    mnq_h5_close(f->h5);
    pthread_mutex_destroy(&f->lock);
    mnq_arena_free(&f->arena);
    free(f->ahead);
    free(f);
}

const char *mnq_h5_images_path(const struct mnq_h5_images *f)
{
    return f->path;
}

void mnq_h5_images_size(const struct mnq_h5_images *f, int *h, int *w)
{
    *h = f->h;
    *w = f->w;
}

int mnq_source_h5(struct mnq_source *src, struct mnq_h5_images *f, struct mnq_err *e)
{
    char **name = NULL;
    int n_names = 0, rc = -1;
    int *label = malloc((size_t)f->n * sizeof *label);
    bool numbers = false;
    int first = src->n;
    if (label == NULL) return mnq_fail_nomem(e);
    if (are_numbers(f, src->task, &numbers, e) == 0 && (numbers || read_labels(f, label, e) == 0) &&
        read_class_names(f, &name, &n_names, e) == 0)
        rc = 0;
    rc = mnq_h5_settle(f->h5, rc, e);
    for (int i = 0; numbers && i < f->n; i++) label[i] = -1;
    if (rc == 0 && !numbers) rc = map_labels(src, f, name, n_names, label, e);
    for (int i = 0; rc == 0 && i < f->n; i++)
        rc = mnq_source_add(src, (struct mnq_sample){.h5 = f, .row = i, .label = label[i]}, e);
    if (rc == 0 && numbers) rc = mnq_h5_settle(f->h5, add_numbers(src, first, f, e), e);
    free(label);
    return rc;
}

/* What a reader's message says behind the name of the file. */
static const char *behind_name(const struct mnq_h5_images *f, const struct mnq_err *why)
{
    size_t n = strlen(f->at.file);
    return strncmp(why->msg, f->at.file, n) == 0 && strncmp(why->msg + n, ": ", 2) == 0 ? why->msg + n + 2 : why->msg;
}

/* Rows first .. first + held - 1 in f->ahead. */
static int fetch(struct mnq_h5_images *f, int row, size_t size, struct mnq_err *e)
{
    int n = f->most < f->n - row ? f->most : f->n - row;
    f->held = 0;
    if (mnq_h5_rows(f->h5, f->images, (uint64_t)row, (uint64_t)n, f->ahead, size * (size_t)n, e) != 0) return -1;
    f->first = row;
    f->held = n;
    return 0;
}

int mnq_h5_images_read(struct mnq_h5_images *f, int row, uint8_t *out, struct mnq_err *e)
{
    size_t size = (size_t)f->h * (size_t)f->w * (size_t)f->c;
    struct mnq_err why = {0};
    int rc = 0;
    pthread_mutex_lock(&f->lock);
    if (f->ahead == NULL && f->most == 0) {
        f->most = (int)(AHEAD / size);
        if (f->most > 1) f->ahead = malloc(size * (size_t)f->most);
    }
    if (f->ahead == NULL) {
        rc = mnq_h5_rows(f->h5, f->images, (uint64_t)row, 1, out, size, &why);
    } else {
        bool here = row >= f->first && row < f->first + f->held;
        struct mnq_err later = {0}; /* a damaged row behind this one is not this one's matter */
        if (!here) here = fetch(f, row, size, &later) == 0;
        if (here) memcpy(out, f->ahead + (size_t)(row - f->first) * size, size);
        else rc = mnq_h5_rows(f->h5, f->images, (uint64_t)row, 1, out, size, &why);
    }
    pthread_mutex_unlock(&f->lock);
    return rc == 0 ? 0 : mnq_fail(e, why.code, "%s[%d]: %s", f->path, row, behind_name(f, &why));
}
