/* SPDX-License-Identifier: Apache-2.0
 * HDF5 files with `images` u8 (N, H, W, C) or (N, H, W), and optionally `labels` (N) and the attribute `class_names`, at the
 * root or in a group.
 *
 * Rows are read one at a time. The library is not thread-safe, so every call into it holds one lock. */
#include "dataset_source.h"

#include "bitmap.h"
#include "util/h5noise.h"
#include "util/trial.h"

#include <hdf5.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_CHUNK = 1 << 28, MAX_CACHE = 1 << 26, MIN_CACHE = 1 << 20, TRIAL_BYTES = 1 << 28 };

struct mnq_h5_images {
    const char *path; /* for messages */
    struct mnq_h5_place at;
    hid_t file, group, images;
    int n, h, w, c, rank;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The library's own error printing, as others left it. */
struct silence {
    H5E_auto2_t print;
    void *ctx;
};

static struct silence begin(void)
{
    struct silence s = {0};
    pthread_mutex_lock(&lock);
    H5Eget_auto2(H5E_DEFAULT, &s.print, &s.ctx);
    mnq_h5_noise();
    return s;
}

static void end(struct silence s)
{
    H5Eset_auto2(H5E_DEFAULT, s.print, s.ctx);
    pthread_mutex_unlock(&lock);
}

/* ---- images ---- */

static void type_name(hid_t type, char *text, size_t n)
{
    H5T_class_t class = H5Tget_class(type);
    size_t bits = 8 * H5Tget_size(type);
    if (class == H5T_INTEGER) snprintf(text, n, "%sint%zu", H5Tget_sign(type) == H5T_SGN_NONE ? "u" : "", bits);
    else if (class == H5T_FLOAT) snprintf(text, n, "float%zu", bits);
    else snprintf(text, n, "%s", class == H5T_STRING ? "strings" : "not an array of numbers");
}

static int check_type(const struct mnq_h5_images *f, struct mnq_err *e)
{
    hid_t type = H5Dget_type(f->images);
    char text[64];
    if (type < 0) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: images: cannot read its type", f->path);
    bool good = H5Tget_class(type) == H5T_INTEGER && H5Tget_size(type) == 1 && H5Tget_sign(type) == H5T_SGN_NONE;
    type_name(type, text, sizeof text);
    H5Tclose(type);
    return good ? 0 : mnq_fail(e, MNQ_EXIT_FAILED, "%s: images is %s, wanted uint8", f->path, text);
}

/* Dimensions of a dataset of rank 1 to 4; the rank, or -1. */
static int dimensions(hid_t set, hsize_t dim[4])
{
    hid_t space = H5Dget_space(set);
    if (space < 0) return -1;
    int rank = H5Sget_simple_extent_ndims(space);
    if (rank < 1 || rank > 4 || H5Sget_simple_extent_dims(space, dim, NULL) < 0) rank = rank == 0 || rank > 4 ? rank : -1;
    H5Sclose(space);
    return rank;
}

static int check_shape(struct mnq_h5_images *f, int channels, struct mnq_err *e)
{
    hsize_t d[4] = {0, 0, 0, 1};
    f->rank = dimensions(f->images, d);
    if (f->rank != 3 && f->rank != 4)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: images has %d dimension%s, wanted (N, H, W, C) or (N, H, W)", f->path,
                        f->rank, f->rank == 1 ? "" : "s");
    if (d[0] == 0) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: images is empty, wanted at least 1 sample", f->path);
    if (d[0] > MNQ_MAX_SAMPLES)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: images has %" PRIu64 " samples, wanted at most %d", f->path, (uint64_t)d[0],
                        MNQ_MAX_SAMPLES);
    if (d[3] != (hsize_t)channels)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: images has %" PRIu64 " channel%s, the model wants %d", f->path,
                        (uint64_t)d[3], d[3] == 1 ? "" : "s", channels);
    if (d[1] < 1 || d[2] < 1 || d[1] > MNQ_IMAGE_SIDE || d[2] > MNQ_IMAGE_SIDE || d[1] * d[2] > MNQ_IMAGE_PIXELS)
        return mnq_fail(e, MNQ_EXIT_FAILED,
                        "%s: images of %" PRIu64 " x %" PRIu64 " pixels, wanted 1 to %d a side and at most %d", f->path,
                        (uint64_t)d[2], (uint64_t)d[1], MNQ_IMAGE_SIDE, MNQ_IMAGE_PIXELS);
    f->n = (int)d[0];
    f->h = (int)d[1];
    f->w = (int)d[2];
    f->c = channels;
    return 0;
}

/* Filters that are as robust as zlib; others can overrun their buffers on damaged data. */
static int check_filters(const struct mnq_h5_images *f, hid_t layout, struct mnq_err *e)
{
    int n = H5Pget_nfilters(layout);
    for (int i = 0; i < n; i++) {
        unsigned flags, config;
        size_t values = 0;
        char name[64] = "";
        H5Z_filter_t id = H5Pget_filter2(layout, (unsigned)i, &flags, &values, NULL, sizeof name, name, &config);
        if (id == H5Z_FILTER_DEFLATE || id == H5Z_FILTER_SHUFFLE || id == H5Z_FILTER_FLETCHER32) continue;
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: images uses filter %d %.63s, wanted deflate, shuffle or none", f->path,
                        (int)id, name);
    }
    return 0;
}

/* Compressed chunks hold many rows: unless some chunks stay in the cache, each row inflates a whole one again. */
static int reopen_with_cache(struct mnq_h5_images *f, struct mnq_err *e)
{
    hid_t layout = H5Dget_create_plist(f->images);
    hsize_t chunk[4] = {1, 1, 1, 1}, bytes = 1;
    if (layout < 0) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: images: cannot read its layout", f->path);
    bool chunked = H5Pget_layout(layout) == H5D_CHUNKED && H5Pget_chunk(layout, 4, chunk) >= 0;
    int rc = check_filters(f, layout, e);
    H5Pclose(layout);
    if (rc != 0 || !chunked) return rc;
    for (int i = 0; i < f->rank; i++) {
        bytes *= chunk[i]; /* each factor is below 2^32, so that the product cannot wrap before it is refused */
        if (bytes > MAX_CHUNK)
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s: images has chunks over %d bytes; rewrite it with smaller ones", f->path,
                            MAX_CHUNK);
    }
    size_t cache = (size_t)bytes * 4;
    if (cache < MIN_CACHE) cache = MIN_CACHE;
    if (cache > MAX_CACHE) cache = bytes > MAX_CACHE ? (size_t)bytes : MAX_CACHE;
    hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
    if (access < 0) return mnq_fail_nomem(e);
    H5Pset_chunk_cache(access, 521, cache, 0.0);
    H5Dclose(f->images);
    f->images = H5Dopen2(f->group, "images", access);
    H5Pclose(access);
    return f->images >= 0 ? 0 : mnq_fail(e, MNQ_EXIT_FAILED, "%s: images cannot be opened", f->path);
}

/* ---- groups ---- */

struct listing {
    char text[400];
    size_t n;
    int found;
};

/* Adds a group that holds images. */
static herr_t list_group(hid_t root, const char *name, const H5O_info_t *info, void *ctx)
{
    struct listing *l = ctx;
    if (info->type != H5O_TYPE_GROUP || strcmp(name, ".") == 0) return 0;
    hid_t group = H5Gopen2(root, name, H5P_DEFAULT);
    bool holds = group >= 0 && H5Lexists(group, "images", H5P_DEFAULT) > 0;
    if (group >= 0) H5Gclose(group);
    if (!holds) return 0;
    int w = snprintf(l->text + l->n, sizeof l->text - l->n, "%s%.80s", l->found > 0 ? ", " : "", name);
    l->found++;
    if (w < 0 || (size_t)w >= sizeof l->text - l->n) return 1; /* enough */
    l->n += (size_t)w;
    return 0;
}

static void list_groups(const struct mnq_h5_images *f, struct listing *l)
{
    *l = (struct listing){.n = 0};
    if (H5Ovisit(f->file, H5_INDEX_NAME, H5_ITER_INC, list_group, l) < 0) *l = (struct listing){.n = 0};
}

/* H5Lexists of every part of a path: of a whole path it fails where a part is missing. */
static bool has_group(hid_t file, const char *path)
{
    char part[1024];
    size_t n = strlen(path);
    H5O_info_t info;
    if (n == 0 || n >= sizeof part) return false;
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != '\0') continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (strspn(part, "/") < i && H5Lexists(file, part, H5P_DEFAULT) <= 0) return false;
    }
    return H5Oget_info_by_name2(file, path, &info, H5O_INFO_BASIC, H5P_DEFAULT) >= 0 && info.type == H5O_TYPE_GROUP;
}

static int open_group(struct mnq_h5_images *f, struct mnq_err *e)
{
    struct listing l;
    const char *group = f->at.group;
    if (group == NULL || has_group(f->file, group)) {
        f->group = H5Gopen2(f->file, group != NULL ? group : "/", H5P_DEFAULT);
        return f->group >= 0 ? 0 : mnq_fail(e, MNQ_EXIT_FAILED, "%s: the group cannot be opened", f->path);
    }
    list_groups(f, &l);
    if (l.found == 0)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: no group '%s'; the file has none that holds images", f->path, group);
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: no group '%s'; groups that hold images: %s", f->path, group, l.text);
}

static int fail_no_images(const struct mnq_h5_images *f, struct mnq_err *e)
{
    struct listing l;
    list_groups(f, &l);
    if (f->at.group != NULL || l.found == 0)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: no dataset `images`, wanted uint8 (N, H, W, C) or (N, H, W)", f->path);
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: no dataset `images` at the root; name a group that holds one (%s) as %s:GROUP",
                    f->path, l.text, f->path);
}

static int open_images(struct mnq_h5_images *f, int channels, struct mnq_err *e)
{
    f->file = H5Fopen(f->at.file, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (f->file < 0) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: not a readable HDF5 file (truncated or damaged)", f->path);
    if (open_group(f, e) != 0) return -1;
    if (H5Lexists(f->group, "images", H5P_DEFAULT) <= 0) return fail_no_images(f, e);
    f->images = H5Dopen2(f->group, "images", H5P_DEFAULT);
    if (f->images < 0) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: `images` is not a readable dataset", f->path);
    if (check_type(f, e) != 0 || check_shape(f, channels, e) != 0) return -1;
    return reopen_with_cache(f, e);
}

/* ---- labels ---- */

/* label[n] gets the labels, or -1 where there are none. */
static int read_labels(const struct mnq_h5_images *f, int *label, struct mnq_err *e)
{
    for (int i = 0; i < f->n; i++) label[i] = -1;
    if (H5Lexists(f->group, "labels", H5P_DEFAULT) <= 0) return 0;
    hid_t set = H5Dopen2(f->group, "labels", H5P_DEFAULT);
    if (set < 0) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: `labels` is not a readable dataset", f->path);
    hid_t type = H5Dget_type(set);
    hsize_t d[4] = {0, 1, 1, 1};
    int rank = dimensions(set, d), rc = -1;
    int64_t *value = NULL;
    char text[64] = "unreadable";
    if (type >= 0) type_name(type, text, sizeof text);
    if (type < 0 || H5Tget_class(type) != H5T_INTEGER) {
        mnq_fail(e, MNQ_EXIT_FAILED, "%s: labels is %s, wanted integers", f->path, text);
    } else if (!(rank == 1 || (rank == 2 && d[1] == 1))) {
        mnq_fail(e, MNQ_EXIT_FAILED, "%s: labels has %d dimension%s, wanted one class number for each sample", f->path, rank,
                 rank == 1 ? "" : "s");
    } else if (d[0] != (hsize_t)f->n) {
        mnq_fail(e, MNQ_EXIT_FAILED, "%s: %" PRIu64 " labels for %d images", f->path, (uint64_t)d[0], f->n);
    } else if ((value = malloc((size_t)f->n * sizeof *value)) == NULL) {
        mnq_fail_nomem(e);
    } else if (H5Dread(set, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, value) < 0) {
        mnq_fail(e, MNQ_EXIT_FAILED, "%s: labels cannot be read (damaged data?)", f->path);
    } else {
        rc = 0;
    }
    for (int i = 0; rc == 0 && i < f->n; i++) {
        if (value[i] < 0 || value[i] >= MNQ_MAX_CLASSES)
            rc = mnq_fail(e, MNQ_EXIT_FAILED, "%s: labels[%d] is %" PRId64 ", wanted 0 to %d", f->path, i, value[i],
                          MNQ_MAX_CLASSES - 1);
        else label[i] = (int)value[i];
    }
    free(value);
    if (type >= 0) H5Tclose(type);
    H5Dclose(set);
    return rc;
}

/* Strings of an attribute, fixed or variable length, copied to an arena. */
static int copy_strings(hid_t attr, hid_t type, size_t n, const char **name, struct mnq_arena *arena)
{
    hid_t memory = H5Tcopy(H5T_C_S1), space = H5Aget_space(attr);
    bool variable = H5Tis_variable_str(type) > 0;
    size_t size = variable ? sizeof(char *) : H5Tget_size(type) + 1;
    char *buf = size < 65536 ? calloc(n, size) : NULL;
    int rc = -1;
    H5Tset_size(memory, variable ? H5T_VARIABLE : size);
    H5Tset_cset(memory, H5Tget_cset(type)); /* no conversion between ASCII and UTF-8 exists */
    if (buf != NULL && space >= 0 && H5Aread(attr, memory, buf) >= 0) {
        rc = 0;
        for (size_t i = 0; i < n && rc == 0; i++) {
            const char *text = buf + i * size;
            if (variable) memcpy(&text, buf + i * size, sizeof text);
            name[i] = mnq_arena_strdup(arena, text != NULL ? text : "");
            if (name[i] == NULL) rc = -1;
        }
        if (variable) H5Dvlen_reclaim(memory, space, H5P_DEFAULT, buf);
    }
    free(buf);
    if (space >= 0) H5Sclose(space);
    H5Tclose(memory);
    return rc;
}

static int read_class_names(const struct mnq_h5_images *f, const char ***name, int *n, struct mnq_arena *arena,
                            struct mnq_err *e)
{
    *n = 0;
    hid_t at = H5Aexists(f->group, "class_names") > 0 ? f->group : f->file; /* the file may say it for all groups */
    if (H5Aexists(at, "class_names") <= 0) return 0;
    hid_t attr = H5Aopen(at, "class_names", H5P_DEFAULT);
    hid_t type = attr < 0 ? -1 : H5Aget_type(attr), space = attr < 0 ? -1 : H5Aget_space(attr);
    int rc = -1;
    hssize_t count = space < 0 ? -1 : H5Sget_simple_extent_npoints(space);
    if (type < 0 || H5Tget_class(type) != H5T_STRING || H5Sget_simple_extent_ndims(space) != 1 || count < 1 ||
        count > MNQ_MAX_CLASSES) {
        mnq_fail(e, MNQ_EXIT_FAILED, "%s: attribute class_names is not a list of 1 to %d strings", f->path, MNQ_MAX_CLASSES);
    } else if ((*name = mnq_arena_array(arena, (size_t)count, sizeof **name)) == NULL) {
        mnq_fail_nomem(e);
    } else if (copy_strings(attr, type, (size_t)count, *name, arena) != 0) {
        mnq_fail(e, MNQ_EXIT_FAILED, "%s: attribute class_names cannot be read (damaged data?)", f->path);
    } else {
        *n = (int)count;
        rc = 0;
    }
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    if (attr >= 0) H5Aclose(attr);
    return rc;
}

/* Numbers of the file to numbers of the dataset. */
static int map_labels(struct mnq_source *s, const struct mnq_h5_images *f, const char **name, int n_names, int *label,
                      struct mnq_err *e)
{
    if (n_names == 0) return 0;
    for (int i = 0; i < f->n; i++)
        if (label[i] >= n_names)
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s: labels[%d] is %d, class_names has %d", f->path, i, label[i], n_names);
    int *map = malloc((size_t)n_names * sizeof *map);
    int rc = map == NULL ? mnq_fail_nomem(e) : mnq_source_classes(s, f->path, name, n_names, map, e);
    for (int i = 0; rc == 0 && i < f->n; i++)
        if (label[i] >= 0) label[i] = map[label[i]];
    free(map);
    return rc;
}

/* ---- public ---- */

static struct mnq_h5_images *open_file(const struct mnq_h5_place *at, int channels, struct mnq_err *e)
{
    struct mnq_h5_images *f = calloc(1, sizeof *f);
    if (f == NULL) {
        mnq_fail_nomem(e);
        return NULL;
    }
    f->at = *at;
    f->path = at->path;
    f->file = f->group = f->images = -1;
    struct silence s = begin();
    int rc = open_images(f, channels, e);
    end(s);
    if (rc == 0) return f;
    mnq_h5_images_close(f);
    return NULL;
}

struct job {
    const struct mnq_h5_place *at;
    int channels;
};

/* Everything that will be asked of the file; of a large one the first rows only. */
static void attempt(void *ctx)
{
    const struct job *j = ctx;
    struct mnq_err e = {0};
    struct mnq_arena arena = {0};
    const char **name;
    int n_names;
    struct mnq_h5_images *f = open_file(j->at, j->channels, &e);
    if (f == NULL) return;
    size_t size = (size_t)f->h * (size_t)f->w * (size_t)f->c;
    uint8_t *row = malloc(size);
    int *label = malloc((size_t)f->n * sizeof *label);
    if (row == NULL || label == NULL) return;
    (void)read_labels(f, label, &e);
    (void)read_class_names(f, &name, &n_names, &arena, &e);
    for (int i = 0; i < f->n && size * (size_t)i < TRIAL_BYTES; i++) (void)mnq_h5_images_read(f, i, row, &e);
    mnq_h5_images_close(f);
}

struct mnq_h5_images *mnq_h5_images_open(const struct mnq_h5_place *at, int channels, struct mnq_err *e)
{
    struct job j = {at, channels};
    struct stat st;
    unsigned seconds = 3 + (stat(at->file, &st) == 0 ? (unsigned)(st.st_size >> 23) : 0);
    if (mnq_trial(attempt, &j, seconds) == 0) return open_file(at, channels, e);
    mnq_fail(e, MNQ_EXIT_FAILED, "%s: damaged HDF5 file: the HDF5 library fails on it", at->path);
    return NULL;
}

void mnq_h5_images_close(struct mnq_h5_images *f)
{
    struct silence s = begin();
    if (f->images >= 0) H5Dclose(f->images);
    if (f->group >= 0) H5Gclose(f->group);
    if (f->file >= 0) H5Fclose(f->file);
    end(s);
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
    struct mnq_arena arena = {0};
    const char **name = NULL;
    int n_names = 0, rc = -1;
    int *label = malloc((size_t)f->n * sizeof *label);
    if (label == NULL) return mnq_fail_nomem(e);
    struct silence s = begin();
    if (read_labels(f, label, e) == 0 && read_class_names(f, &name, &n_names, &arena, e) == 0) rc = 0;
    end(s);
    if (rc == 0) rc = map_labels(src, f, name, n_names, label, e);
    for (int i = 0; rc == 0 && i < f->n; i++)
        rc = mnq_source_add(src, (struct mnq_sample){.h5 = f, .row = i, .label = label[i]}, e);
    free(label);
    mnq_arena_free(&arena);
    return rc;
}

int mnq_h5_images_read(struct mnq_h5_images *f, int row, uint8_t *out, struct mnq_err *e)
{
    hsize_t at[4] = {(hsize_t)row, 0, 0, 0}, size[4] = {1, (hsize_t)f->h, (hsize_t)f->w, (hsize_t)f->c};
    struct silence s = begin();
    hid_t in_file = H5Dget_space(f->images), in_memory = H5Screate_simple(f->rank, size, NULL);
    bool good = in_file >= 0 && in_memory >= 0 && H5Sselect_hyperslab(in_file, H5S_SELECT_SET, at, NULL, size, NULL) >= 0 &&
                H5Dread(f->images, H5T_NATIVE_UINT8, in_memory, in_file, H5P_DEFAULT, out) >= 0;
    if (in_file >= 0) H5Sclose(in_file);
    if (in_memory >= 0) H5Sclose(in_memory);
    end(s);
    return good ? 0
                : mnq_fail(e, MNQ_EXIT_FAILED, "%s[%d]: cannot be read (damaged data, or a filter that is missing)", f->path,
                           row);
}
