/* SPDX-License-Identifier: Apache-2.0
 * Read-only HDF5 that distrusts the file. */
#include "import/h5file.h"

#include "util/h5noise.h"

#include <hdf5.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Far above any MobileNet (V3-large 1.25 holds 8 million weights), far below what would hurt. */
enum { MAX_PATH = 2048, MAX_TEXT = 64 << 20, MAX_LIST = 1 << 16, MAX_SPLIT = 1000 };
#define MAX_VALUES ((uint64_t)1 << 27)

struct mnq_h5 {
    hid_t file;
    const char *name;
    struct mnq_arena *arena;
    uint64_t values; /* read so far */
};

static int fail_at(const struct mnq_h5 *h, const char *where, const char *what, struct mnq_err *e)
{
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %.200s: %s", h->name, where, what);
}

/* ---- files ---- */

static struct mnq_h5 *open_with(const char *file, const char *name, hid_t fapl, struct mnq_arena *arena, struct mnq_err *e)
{
    struct mnq_h5 *h = mnq_arena_alloc(arena, sizeof *h);
    char *own = mnq_arena_strdup(arena, name);
    if (h == NULL || own == NULL) {
        mnq_fail_nomem(e);
        return NULL;
    }
    h->name = own;
    h->arena = arena;
    h->file = H5Fopen(file, H5F_ACC_RDONLY, fapl);
    if (h->file >= 0) return h;
    mnq_fail(e, MNQ_EXIT_FAILED, "%s: the HDF5 file is damaged or truncated", name);
    return NULL;
}

static hid_t new_fapl(void)
{
    mnq_h5_noise();
    hid_t fapl = H5Pcreate(H5P_FILE_ACCESS);
    if (fapl < 0) return fapl;
    H5Pset_fclose_degree(fapl, H5F_CLOSE_STRONG);
    H5Pset_file_locking(fapl, 0, 1); /* read-only media and network mounts often cannot lock */
    H5PLset_loading_state(0);        /* a file must not choose code to load */
    return fapl;
}

struct mnq_h5 *mnq_h5_open(const char *path, struct mnq_arena *arena, struct mnq_err *e)
{
    struct stat st;
    hid_t fapl = new_fapl();
    struct mnq_h5 *h = NULL;
    if (fapl < 0) mnq_fail_nomem(e);
    else if (stat(path, &st) != 0) mnq_fail(e, MNQ_EXIT_FAILED, "%s: cannot open: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode)) mnq_fail(e, MNQ_EXIT_FAILED, "%s: not a regular file", path);
    else if (H5Fis_hdf5(path) <= 0) mnq_fail(e, MNQ_EXIT_FAILED, "%s: not an HDF5 file", path);
    else h = open_with(path, path, fapl, arena, e);
    if (fapl >= 0) H5Pclose(fapl);
    return h;
}

struct mnq_h5 *mnq_h5_open_bytes(const char *name, const uint8_t *bytes, size_t n, struct mnq_arena *arena,
                                 struct mnq_err *e)
{
    static const uint8_t signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    if (n < sizeof signature || memcmp(bytes, signature, sizeof signature) != 0) {
        mnq_fail(e, MNQ_EXIT_FAILED, "%s: not an HDF5 file", name);
        return NULL;
    }
    hid_t fapl = new_fapl();
    struct mnq_h5 *h = NULL;
    /* the image is copied by the library; its parameter is only not const for historical reasons */
    union {
        const void *c;
        void *v;
    } image = {bytes};
    if (fapl < 0 || H5Pset_fapl_core(fapl, 1 << 16, 0) < 0 || H5Pset_file_image(fapl, image.v, n) < 0) mnq_fail_nomem(e);
    else h = open_with("image.h5", name, fapl, arena, e);
    if (fapl >= 0) H5Pclose(fapl);
    return h;
}

void mnq_h5_close(struct mnq_h5 *h)
{
    if (h != NULL && h->file >= 0) H5Fclose(h->file);
    if (h != NULL) h->file = -1;
}

const char *mnq_h5_name(const struct mnq_h5 *h)
{
    return h->name;
}

/* ---- objects ---- */

/* True if every component of the path is a hard link: soft and external ones could lead to other files or in circles. */
static bool reachable(const struct mnq_h5 *h, const char *path)
{
    char prefix[MAX_PATH];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof prefix) return false;
    for (size_t i = 1; i <= n; i++) {
        if (i < n && path[i] != '/') continue;
        if (path[i - 1] == '/') continue; /* the root, or a doubled slash */
        memcpy(prefix, path, i);
        prefix[i] = '\0';
        H5L_info_t info;
        if (H5Lexists(h->file, prefix, H5P_DEFAULT) <= 0 || H5Lget_info(h->file, prefix, &info, H5P_DEFAULT) < 0 ||
            info.type != H5L_TYPE_HARD)
            return false;
    }
    return true;
}

static bool is_object(const struct mnq_h5 *h, const char *path, H5O_type_t type)
{
    H5O_info_t info;
    return reachable(h, path) && H5Oget_info_by_name2(h->file, path, &info, H5O_INFO_BASIC, H5P_DEFAULT) >= 0 &&
           info.type == type;
}

bool mnq_h5_is_group(struct mnq_h5 *h, const char *path)
{
    return is_object(h, path, H5O_TYPE_GROUP);
}

bool mnq_h5_is_dataset(struct mnq_h5 *h, const char *path)
{
    return is_object(h, path, H5O_TYPE_DATASET);
}

int mnq_h5_members(struct mnq_h5 *h, const char *group, char ***name, int *n, struct mnq_err *e)
{
    if (!mnq_h5_is_group(h, group)) return fail_at(h, group, "no such group", e);
    hid_t id = H5Gopen2(h->file, group, H5P_DEFAULT);
    H5G_info_t info;
    if (id < 0 || H5Gget_info(id, &info) < 0) {
        if (id >= 0) H5Gclose(id);
        return fail_at(h, group, "the group is damaged", e);
    }
    int rc = 0;
    *n = 0;
    if (info.nlinks > MAX_LIST) rc = fail_at(h, group, "too many members", e);
    else if ((*name = mnq_arena_array(h->arena, (size_t)info.nlinks, sizeof **name)) == NULL) rc = mnq_fail_nomem(e);
    for (hsize_t i = 0; rc == 0 && i < info.nlinks; i++) {
        char buf[MAX_PATH];
        ssize_t len = H5Lget_name_by_idx(id, ".", H5_INDEX_NAME, H5_ITER_INC, i, buf, sizeof buf, H5P_DEFAULT);
        if (len <= 0 || (size_t)len >= sizeof buf) rc = fail_at(h, group, "a member's name cannot be read", e);
        else if (((*name)[*n] = mnq_arena_strdup(h->arena, buf)) == NULL) rc = mnq_fail_nomem(e);
        else (*n)++;
    }
    H5Gclose(id);
    return rc;
}

/* ---- attributes ---- */

bool mnq_h5_has_attr(struct mnq_h5 *h, const char *object, const char *attr)
{
    return reachable(h, object) && H5Aexists_by_name(h->file, object, attr, H5P_DEFAULT) > 0;
}

/* Handles of one open attribute. */
struct attribute {
    hid_t id, type, space;
    H5T_class_t class;
    size_t count; /* elements */
};

static void close_attribute(struct attribute *a)
{
    if (a->space >= 0) H5Sclose(a->space);
    if (a->type >= 0) H5Tclose(a->type);
    if (a->id >= 0) H5Aclose(a->id);
}

static int open_attribute(const struct mnq_h5 *h, const char *object, const char *attr, struct attribute *a,
                          const char *where, struct mnq_err *e)
{
    *a = (struct attribute){-1, -1, -1, H5T_NO_CLASS, 0};
    a->id = reachable(h, object) ? H5Aopen_by_name(h->file, object, attr, H5P_DEFAULT, H5P_DEFAULT) : -1;
    if (a->id < 0) return fail_at(h, where, "no such attribute", e);
    a->type = H5Aget_type(a->id);
    a->space = H5Aget_space(a->id);
    hssize_t count = a->space < 0 ? -1 : H5Sget_simple_extent_npoints(a->space);
    if (a->type < 0 || count < 0) {
        close_attribute(a);
        return fail_at(h, where, "the attribute is damaged", e);
    }
    a->class = H5Tget_class(a->type);
    a->count = (size_t)count;
    return 0;
}

static int copy_text(const struct mnq_h5 *h, const char *s, size_t n, char **out, struct mnq_err *e)
{
    char *p = mnq_arena_alloc(h->arena, n + 1);
    if (p == NULL) return mnq_fail_nomem(e);
    memcpy(p, s, n);
    *out = p;
    return 0;
}

static int read_variable(const struct mnq_h5 *h, const struct attribute *a, char **out, const char *where, struct mnq_err *e)
{
    char **raw = calloc(a->count, sizeof *raw);
    hid_t mem = H5Tcopy(H5T_C_S1);
    int rc = 0;
    if (raw == NULL || mem < 0 || H5Tset_size(mem, H5T_VARIABLE) < 0 || H5Tset_cset(mem, H5Tget_cset(a->type)) < 0)
        rc = mnq_fail_nomem(e);
    else if (H5Aread(a->id, mem, raw) < 0) rc = fail_at(h, where, "the attribute cannot be read", e);
    for (size_t i = 0; rc == 0 && i < a->count; i++) {
        size_t n = raw[i] == NULL ? 0 : strlen(raw[i]);
        rc = n > MAX_TEXT ? fail_at(h, where, "the text is too long", e)
                          : copy_text(h, raw[i] == NULL ? "" : raw[i], n, &out[i], e);
    }
    if (raw != NULL && mem >= 0) H5Dvlen_reclaim(mem, a->space, H5P_DEFAULT, raw);
    if (mem >= 0) H5Tclose(mem);
    free(raw);
    return rc;
}

static int read_fixed(const struct mnq_h5 *h, const struct attribute *a, char **out, const char *where, struct mnq_err *e)
{
    size_t size = H5Tget_size(a->type);
    if (size == 0 || size > MAX_TEXT || a->count > MAX_TEXT / size) return fail_at(h, where, "the text is too long", e);
    char *raw = calloc(a->count, size);
    int rc = 0;
    if (raw == NULL) rc = mnq_fail_nomem(e);
    else if (H5Aread(a->id, a->type, raw) < 0) rc = fail_at(h, where, "the attribute cannot be read", e);
    bool blanks = H5Tget_strpad(a->type) == H5T_STR_SPACEPAD;
    for (size_t i = 0; rc == 0 && i < a->count; i++) {
        const char *s = raw + i * size;
        size_t n = strnlen(s, size);
        while (blanks && n > 0 && s[n - 1] == ' ') n--;
        rc = copy_text(h, s, n, &out[i], e);
    }
    free(raw);
    return rc;
}

/* Reads all texts of one attribute. */
static int read_texts(const struct mnq_h5 *h, const char *object, const char *attr, char ***text, size_t *n,
                      struct mnq_err *e)
{
    char where[MAX_PATH];
    snprintf(where, sizeof where, "%s: attribute %s", object, attr);
    struct attribute a;
    if (open_attribute(h, object, attr, &a, where, e) != 0) return -1;
    int rc = 0;
    *n = a.count;
    *text = NULL;
    if (a.count > MAX_LIST) rc = fail_at(h, where, "too many elements", e);
    else if (a.count > 0 && a.class != H5T_STRING) rc = fail_at(h, where, "is no text", e);
    else if ((*text = mnq_arena_array(h->arena, a.count, sizeof **text)) == NULL) rc = mnq_fail_nomem(e);
    else if (a.count > 0)
        rc = H5Tis_variable_str(a.type) > 0 ? read_variable(h, &a, *text, where, e) : read_fixed(h, &a, *text, where, e);
    close_attribute(&a);
    return rc;
}

int mnq_h5_text(struct mnq_h5 *h, const char *object, const char *attr, char **text, struct mnq_err *e)
{
    char **list;
    size_t n;
    if (read_texts(h, object, attr, &list, &n, e) != 0) return -1;
    if (n != 1)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %s: attribute %s holds %zu texts, one is wanted", h->name, object, attr, n);
    *text = list[0];
    return 0;
}

int mnq_h5_texts(struct mnq_h5 *h, const char *object, const char *attr, char ***text, int *n, struct mnq_err *e)
{
    char part[300];
    size_t count;
    if (mnq_h5_has_attr(h, object, attr)) {
        if (read_texts(h, object, attr, text, &count, e) != 0) return -1;
        *n = (int)count;
        return 0;
    }
    *n = 0;
    *text = NULL;
    for (int i = 0; i < MAX_SPLIT; i++) {
        snprintf(part, sizeof part, "%s%d", attr, i);
        if (!mnq_h5_has_attr(h, object, part)) {
            if (i > 0) return 0;
            break;
        }
        char **more, **all;
        if (read_texts(h, object, part, &more, &count, e) != 0) return -1;
        if ((size_t)*n + count > MAX_LIST) return fail_at(h, object, "too many names", e);
        all = mnq_arena_array(h->arena, (size_t)*n + count, sizeof *all);
        if (all == NULL) return mnq_fail_nomem(e);
        if (*n > 0) memcpy(all, *text, (size_t)*n * sizeof *all);
        if (count > 0) memcpy(all + *n, more, count * sizeof *all);
        *text = all;
        *n += (int)count;
    }
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %.200s: no attribute '%s'", h->name, object, attr);
}

/* ---- datasets ---- */

enum format { FORMAT_NATIVE, FORMAT_BFLOAT16 };

/* Keras stores bfloat16 as 16-bit integers (or opaque pairs of bytes) and says so in an attribute. */
static bool says_bfloat16(struct mnq_h5 *h, const char *path)
{
    char **text;
    size_t n;
    struct mnq_err quiet = {0};
    return mnq_h5_has_attr(h, path, "dtype") && read_texts(h, path, "dtype", &text, &n, &quiet) == 0 && n == 1 &&
           strcmp(text[0], "bfloat16") == 0;
}

static int check_type(struct mnq_h5 *h, const char *path, hid_t type, enum format *format, struct mnq_err *e)
{
    H5T_class_t class = H5Tget_class(type);
    size_t size = H5Tget_size(type);
    *format = FORMAT_NATIVE;
    if ((class == H5T_INTEGER || class == H5T_OPAQUE) && size == 2 && says_bfloat16(h, path)) {
        *format = FORMAT_BFLOAT16;
        return 0;
    }
    if ((class == H5T_FLOAT || class == H5T_INTEGER) && size >= 1 && size <= 8) return 0;
    return fail_at(h, path, "the dataset holds no floats or integers of up to 64 bits", e);
}

static int check_storage(const struct mnq_h5 *h, const char *path, hid_t dset, uint64_t bytes, struct mnq_err *e)
{
    hid_t plist = H5Dget_create_plist(dset);
    if (plist < 0) return fail_at(h, path, "the dataset is damaged", e);
    int rc = 0;
    H5D_layout_t layout = H5Pget_layout(plist);
    if (H5Pget_external_count(plist) > 0 || layout == H5D_VIRTUAL)
        rc = fail_at(h, path, "the dataset lies in another file, which is not followed", e);
    else if (layout != H5D_COMPACT && layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED)
        rc = fail_at(h, path, "the dataset is damaged", e);
    if (rc == 0 && layout == H5D_CHUNKED) {
        hsize_t dim[H5S_MAX_RANK];
        int rank = H5Pget_chunk(plist, H5S_MAX_RANK, dim);
        uint64_t chunk = 8;
        for (int i = 0; i < rank && chunk <= MAX_VALUES; i++) chunk = dim[i] > MAX_VALUES ? MAX_VALUES + 1 : chunk * dim[i];
        if (rank < 0 || chunk > MAX_VALUES) rc = fail_at(h, path, "the dataset's chunks are too large", e);
    }
    int filters = rc == 0 ? H5Pget_nfilters(plist) : 0;
    for (int i = 0; i < filters && rc == 0; i++) {
        unsigned flags, config;
        size_t n = 0;
        H5Z_filter_t f = H5Pget_filter2(plist, (unsigned)i, &flags, &n, NULL, 0, NULL, &config);
        if (f != H5Z_FILTER_DEFLATE && f != H5Z_FILTER_SHUFFLE && f != H5Z_FILTER_FLETCHER32)
            rc = mnq_fail(e, MNQ_EXIT_FAILED, "%s: %.200s: filter %d is not supported; deflate, shuffle and checksums are",
                          h->name, path, (int)f);
    }
    uint64_t stored = H5Dget_storage_size(dset);
    if (rc == 0 && bytes > 0 && (stored == 0 || (layout == H5D_CONTIGUOUS && stored < bytes)))
        rc = fail_at(h, path, "the dataset holds fewer values than its shape says", e);
    H5Pclose(plist);
    return rc;
}

static int shape_of(const struct mnq_h5 *h, const char *path, hid_t space, struct mnq_h5_data *d, struct mnq_err *e)
{
    hsize_t dim[H5S_MAX_RANK];
    if (space < 0 || H5Sis_simple(space) <= 0 || H5Sget_simple_extent_ndims(space) > MNQ_H5_RANK)
        return fail_at(h, path, "the dataset's shape is not supported", e);
    H5S_class_t class = H5Sget_simple_extent_type(space);
    d->rank = class == H5S_SCALAR ? 0 : H5Sget_simple_extent_dims(space, dim, NULL);
    if (class == H5S_NULL || d->rank < 0) return fail_at(h, path, "the dataset's shape is not supported", e);
    uint64_t n = 1;
    for (int i = 0; i < d->rank; i++) {
        if (dim[i] > MAX_VALUES || n * dim[i] > MAX_VALUES) return fail_at(h, path, "the dataset is too large", e);
        n *= dim[i];
        d->dim[i] = (int64_t)dim[i];
    }
    d->n = (size_t)n;
    return 0;
}

static int read_values(const struct mnq_h5 *h, hid_t dset, enum format format, struct mnq_h5_data *d, struct mnq_err *e)
{
    if (format == FORMAT_NATIVE) {
        if (H5Dread(dset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, d->v) >= 0) return 0;
        return fail_at(h, d->path, "the dataset cannot be read (damaged or truncated file)", e);
    }
    uint16_t *half = malloc(d->n * sizeof *half + 1);
    if (half == NULL) return mnq_fail_nomem(e);
    hid_t type = H5Dget_type(dset);
    bool opaque = type >= 0 && H5Tget_class(type) == H5T_OPAQUE;
    herr_t rc = type < 0 ? -1 : H5Dread(dset, opaque ? type : H5T_NATIVE_UINT16, H5S_ALL, H5S_ALL, H5P_DEFAULT, half);
    for (size_t i = 0; rc >= 0 && i < d->n; i++) {
        uint16_t b = half[i];
        if (opaque) { /* little-endian bytes */
            uint8_t byte[2];
            memcpy(byte, &half[i], 2);
            b = (uint16_t)(byte[0] | byte[1] << 8);
        }
        uint32_t bits = (uint32_t)b << 16;
        memcpy(&d->v[i], &bits, sizeof bits);
    }
    if (type >= 0) H5Tclose(type);
    free(half);
    return rc >= 0 ? 0 : fail_at(h, d->path, "the dataset cannot be read (damaged or truncated file)", e);
}

static int check_finite(const struct mnq_h5 *h, const struct mnq_h5_data *d, struct mnq_err *e)
{
    for (size_t i = 0; i < d->n; i++)
        if (!isfinite(d->v[i]))
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %.200s: value %zu of %zu is %s", h->name, d->path, i, d->n,
                            isnan(d->v[i]) ? "NaN" : "infinite");
    return 0;
}

static int open_dataset(struct mnq_h5 *h, const char *path, bool values, struct mnq_h5_data *d, struct mnq_err *e)
{
    memset(d, 0, sizeof *d);
    if (!mnq_h5_is_dataset(h, path)) return fail_at(h, path, "no such dataset", e);
    if ((d->path = mnq_arena_strdup(h->arena, path)) == NULL) return mnq_fail_nomem(e);
    hid_t dset = H5Dopen2(h->file, path, H5P_DEFAULT);
    if (dset < 0) return fail_at(h, path, "the dataset is damaged", e);
    hid_t space = H5Dget_space(dset), type = H5Dget_type(dset);
    enum format format = FORMAT_NATIVE;
    int rc = shape_of(h, path, space, d, e);
    if (rc == 0) rc = type < 0 ? fail_at(h, path, "the dataset is damaged", e) : check_type(h, path, type, &format, e);
    d->bytes = rc == 0 && format == FORMAT_NATIVE && H5Tget_class(type) == H5T_INTEGER && H5Tget_size(type) == 1;
    if (rc == 0) rc = check_storage(h, path, dset, (uint64_t)d->n * H5Tget_size(type), e);
    if (rc == 0 && values) {
        h->values += d->n;
        if (h->values > MAX_VALUES) rc = fail_at(h, path, "the file holds too many weights", e);
        else if ((d->v = mnq_arena_array(h->arena, d->n, sizeof *d->v)) == NULL) rc = mnq_fail_nomem(e);
        else if (d->n > 0) rc = read_values(h, dset, format, d, e);
        if (rc == 0) rc = check_finite(h, d, e);
    }
    if (type >= 0) H5Tclose(type);
    if (space >= 0) H5Sclose(space);
    H5Dclose(dset);
    return rc;
}

int mnq_h5_shape(struct mnq_h5 *h, const char *path, struct mnq_h5_data *d, struct mnq_err *e)
{
    return open_dataset(h, path, false, d, e);
}

int mnq_h5_read(struct mnq_h5 *h, const char *path, struct mnq_h5_data *d, struct mnq_err *e)
{
    return open_dataset(h, path, true, d, e);
}
