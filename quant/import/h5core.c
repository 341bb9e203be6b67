/* SPDX-License-Identifier: Apache-2.0
 * The HDF5 library's side of reading: distrusts the file, and is distrusted itself (import/h5file.h). */
#include "import/h5core.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Far above any MobileNet (V3-large 1.25 holds 8 million weights), far below what would hurt. */
enum { MAX_PATH = 2048, MAX_TEXT = 16 << 20, MAX_LIST = 1 << 16, MAX_SPLIT = 1000, MAX_SHOWN = 1000 };
#define MAX_VALUES ((uint64_t)1 << 27)

static int fail_at(const struct mnq_h5core *h, const char *where, const char *what, struct mnq_err *e)
{
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %.200s: %s", h->name, where, what);
}

/* ---- files ---- */

int mnq_h5core_open(struct mnq_h5core *h, struct mnq_err *e)
{
    h->rows.set = h->rows.type = -1;
    h->file = mnq_h5source_open(&h->source);
    return h->file >= 0 ? 0 : mnq_fail(e, MNQ_EXIT_FAILED, "%s: not a readable HDF5 file (truncated or damaged)", h->name);
}

void mnq_h5core_close(struct mnq_h5core *h)
{
    if (h->rows_path[0] != '\0') mnq_h5values_close(&h->rows);
    h->rows_path[0] = '\0';
    mnq_h5source_close(&h->source, h->file);
    h->file = -1;
}

/* ---- objects ---- */

enum mnq_h5kind mnq_h5core_kind(const struct mnq_h5core *h, const char *path)
{
    char prefix[MAX_PATH];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof prefix) return MNQ_H5_NONE;
    for (size_t i = 1; i <= n; i++) {
        if (i < n && path[i] != '/') continue;
        if (path[i - 1] == '/') continue; /* the root, or a doubled slash */
        memcpy(prefix, path, i);
        prefix[i] = '\0';
        H5L_info_t info;
        if (H5Lexists(h->file, prefix, H5P_DEFAULT) <= 0 || H5Lget_info(h->file, prefix, &info, H5P_DEFAULT) < 0)
            return MNQ_H5_NONE;
        if (info.type != H5L_TYPE_HARD) return info.type == H5L_TYPE_SOFT ? MNQ_H5_SOFT : MNQ_H5_EXTERNAL;
    }
    H5O_info_t info;
    if (H5Oget_info_by_name2(h->file, path, &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0) return MNQ_H5_NONE;
    return info.type == H5O_TYPE_GROUP ? MNQ_H5_GROUP : info.type == H5O_TYPE_DATASET ? MNQ_H5_DATASET : MNQ_H5_OTHER;
}

/* Whether only hard links lead to it: soft and external ones could lead to other files or in circles. */
static bool reachable(const struct mnq_h5core *h, const char *path)
{
    enum mnq_h5kind kind = mnq_h5core_kind(h, path);
    return kind == MNQ_H5_GROUP || kind == MNQ_H5_DATASET || kind == MNQ_H5_OTHER;
}

/* A link that is not followed is no object, and the message says why. */
static int want_kind(const struct mnq_h5core *h, const char *path, enum mnq_h5kind wanted, const char *absent,
                     struct mnq_err *e)
{
    enum mnq_h5kind kind = mnq_h5core_kind(h, path);
    if (kind == wanted) return 0;
    if (kind == MNQ_H5_SOFT) return fail_at(h, path, "behind a soft link, which is not followed", e);
    if (kind == MNQ_H5_EXTERNAL) return fail_at(h, path, "behind a link to another file, which is not followed", e);
    return fail_at(h, path, absent, e);
}

int mnq_h5core_members(const struct mnq_h5core *h, const char *group, char ***name, size_t *n, struct mnq_err *e)
{
    if (want_kind(h, group, MNQ_H5_GROUP, "no such group", e) != 0) return -1;
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

bool mnq_h5core_has_attr(const struct mnq_h5core *h, const char *object, const char *attr)
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

static int open_attribute(const struct mnq_h5core *h, const char *object, const char *attr, struct attribute *a,
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

static int copy_text(const struct mnq_h5core *h, const char *s, size_t n, char **out, struct mnq_err *e)
{
    char *p = mnq_arena_alloc(h->arena, n + 1);
    if (p == NULL) return mnq_fail_nomem(e);
    memcpy(p, s, n);
    *out = p;
    return 0;
}

static int read_variable(const struct mnq_h5core *h, const struct attribute *a, char **out, const char *where,
                         struct mnq_err *e)
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

static int read_fixed(const struct mnq_h5core *h, const struct attribute *a, char **out, const char *where,
                      struct mnq_err *e)
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
static int read_texts(const struct mnq_h5core *h, const char *object, const char *attr, char ***text, size_t *n,
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

int mnq_h5core_texts(const struct mnq_h5core *h, const char *object, const char *attr, char ***text, size_t *n,
                     struct mnq_err *e)
{
    char part[300];
    size_t count;
    if (mnq_h5core_has_attr(h, object, attr)) {
        return read_texts(h, object, attr, text, n, e);
    }
    *n = 0;
    *text = NULL;
    for (int i = 0; i < MAX_SPLIT; i++) {
        snprintf(part, sizeof part, "%s%d", attr, i);
        if (!mnq_h5core_has_attr(h, object, part)) {
            if (i > 0) return 0;
            break;
        }
        char **more, **all;
        if (read_texts(h, object, part, &more, &count, e) != 0) return -1;
        if (*n + count > MAX_LIST) return fail_at(h, object, "too many names", e);
        all = mnq_arena_array(h->arena, *n + count, sizeof *all);
        if (all == NULL) return mnq_fail_nomem(e);
        if (*n > 0) memcpy(all, *text, *n * sizeof *all);
        if (count > 0) memcpy(all + *n, more, count * sizeof *all);
        *text = all;
        *n += count;
    }
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %.200s: no attribute '%s'", h->name, object, attr);
}

/* ---- datasets ---- */

/* Keras stores bfloat16 as 16-bit integers (or opaque pairs of bytes) and says so in an attribute. */
bool mnq_h5core_bfloat16(const struct mnq_h5core *h, const char *path, hid_t type)
{
    char **text;
    size_t n;
    struct mnq_err quiet = {0};
    H5T_class_t class = H5Tget_class(type);
    return (class == H5T_INTEGER || class == H5T_OPAQUE) && H5Tget_size(type) == 2 &&
           mnq_h5core_has_attr(h, path, "dtype") && read_texts(h, path, "dtype", &text, &n, &quiet) == 0 && n == 1 &&
           strcmp(text[0], "bfloat16") == 0;
}

static int check_numbers(const struct mnq_h5core *h, const char *path, hid_t type, struct mnq_err *e)
{
    H5T_class_t class = H5Tget_class(type);
    size_t size = H5Tget_size(type);
    if ((class == H5T_FLOAT || class == H5T_INTEGER) && size >= 1 && size <= 8) return 0;
    return fail_at(h, path, "the dataset holds no floats or integers of up to 64 bits", e);
}

static int fill_shape(const struct mnq_h5values *v, struct mnq_h5shape *s, struct mnq_err *e)
{
    uint64_t n = 1;
    s->rank = (uint32_t)v->rank;
    for (int i = 0; i < v->rank; i++) {
        s->dim[i] = v->dim[i];
        if (v->dim[i] > MAX_VALUES || n * v->dim[i] > MAX_VALUES)
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s: the dataset is too large", v->name);
        n *= v->dim[i];
    }
    s->n = n;
    return 0;
}

/* Opens a data set of weights; `where` holds its name for messages. */
static int open_weights(const struct mnq_h5core *h, const char *path, struct mnq_h5values *v, char where[MAX_PATH],
                        struct mnq_h5shape *s, bool *bfloat16, struct mnq_err *e)
{
    snprintf(where, MAX_PATH, "%s: %.200s", h->name, path);
    if (want_kind(h, path, MNQ_H5_DATASET, "no such dataset", e) != 0) return -1;
    if (mnq_h5values_open(v, h->file, path, where, e) != 0) return -1;
    *bfloat16 = mnq_h5core_bfloat16(h, path, v->type);
    s->bytes = !*bfloat16 && H5Tget_class(v->type) == H5T_INTEGER && v->element == 1;
    if (fill_shape(v, s, e) == 0 && (*bfloat16 || check_numbers(h, path, v->type, e) == 0)) return 0;
    mnq_h5values_close(v);
    return -1;
}

int mnq_h5core_shape(const struct mnq_h5core *h, const char *path, struct mnq_h5shape *s, struct mnq_err *e)
{
    struct mnq_h5values v;
    char where[MAX_PATH];
    bool bfloat16;
    if (open_weights(h, path, &v, where, s, &bfloat16, e) != 0) return -1;
    mnq_h5values_close(&v);
    return 0;
}

/* In place: the buffer holds n elements of the larger of both sizes. */
static int to_floats(const struct mnq_h5values *v, bool bfloat16, size_t n, void *values, struct mnq_err *e)
{
    uint8_t *p = values;
    if (!bfloat16) {
        if (H5Tconvert(v->type, H5T_NATIVE_FLOAT, n, p, NULL, H5P_DEFAULT) >= 0) return 0;
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: the values are no numbers", v->name);
    }
    bool big = H5Tget_class(v->type) == H5T_INTEGER && H5Tget_order(v->type) == H5T_ORDER_BE;
    for (size_t i = n; i-- > 0;) {
        uint32_t bits = big ? (uint32_t)p[2 * i] << 24 | (uint32_t)p[2 * i + 1] << 16
                            : (uint32_t)p[2 * i] << 16 | (uint32_t)p[2 * i + 1] << 24;
        memcpy(p + 4 * i, &bits, sizeof bits);
    }
    return 0;
}

int mnq_h5core_read(struct mnq_h5core *h, const char *path, size_t head, uint8_t **bytes, struct mnq_h5shape *s,
                    struct mnq_err *e)
{
    struct mnq_h5values v;
    char where[MAX_PATH];
    bool bfloat16;
    if (open_weights(h, path, &v, where, s, &bfloat16, e) != 0) return -1;
    size_t size = v.element > sizeof(float) ? v.element : sizeof(float);
    int rc = -1;
    *bytes = NULL;
    h->values += s->n;
    if (h->values > MAX_VALUES) fail_at(h, path, "the file holds too many weights", e);
    else if ((*bytes = malloc(head + s->n * size + 8)) == NULL) mnq_fail_nomem(e);
    else if (mnq_h5values_read(&v, 0, v.rank == 0 ? 1 : v.dim[0], *bytes + head, e) == 0)
        rc = s->n > 0 ? to_floats(&v, bfloat16, (size_t)s->n, *bytes + head, e) : 0;
    mnq_h5values_close(&v);
    if (rc != 0) free(*bytes);
    return rc;
}

/* ---- rows ---- */

int mnq_h5core_info(const struct mnq_h5core *h, const char *path, struct mnq_h5info *info, struct mnq_err *e)
{
    if (want_kind(h, path, MNQ_H5_DATASET, "no such dataset", e) != 0) return -1;
    *info = (struct mnq_h5info){.rank = 0};
    hid_t set = H5Dopen2(h->file, path, H5P_DEFAULT), type = set < 0 ? -1 : H5Dget_type(set);
    hid_t space = set < 0 ? -1 : H5Dget_space(set);
    hsize_t dim[H5S_MAX_RANK];
    int rank = space < 0 ? -1 : H5Sget_simple_extent_dims(space, dim, NULL), rc = 0;
    if (type < 0 || rank < 0) {
        rc = fail_at(h, path, "the dataset is damaged", e);
    } else {
        H5T_class_t class = H5Tget_class(type);
        info->bits = (uint32_t)(8 * H5Tget_size(type));
        info->number = class == H5T_FLOAT                  ? MNQ_H5_FLOAT
                       : class == H5T_STRING               ? MNQ_H5_STRING
                       : class != H5T_INTEGER              ? MNQ_H5_NO_NUMBER
                       : H5Tget_sign(type) == H5T_SGN_NONE ? MNQ_H5_UINT
                                                           : MNQ_H5_INT;
        info->rank = (uint32_t)rank;
        for (int i = 0; i < rank && i < MNQ_H5_RANK; i++) info->dim[i] = dim[i];
    }
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    if (set >= 0) H5Dclose(set);
    return rc;
}

static int select_rows(struct mnq_h5core *h, const char *path, struct mnq_err *e)
{
    if (strcmp(h->rows_path, path) == 0) return 0;
    if (h->rows_path[0] != '\0') mnq_h5values_close(&h->rows);
    h->rows_path[0] = '\0';
    if (strlen(path) >= sizeof h->rows_path) return fail_at(h, path, "name too long", e);
    snprintf(h->rows_name, sizeof h->rows_name, "%s: %.200s", h->name, path);
    if (want_kind(h, path, MNQ_H5_DATASET, "no such dataset", e) != 0) return -1;
    if (mnq_h5values_open(&h->rows, h->file, path, h->rows_name, e) != 0) return -1;
    memcpy(h->rows_path, path, strlen(path) + 1);
    return check_numbers(h, path, h->rows.type, e);
}

int mnq_h5core_rows(struct mnq_h5core *h, const char *path, uint64_t first, uint64_t n, bool wide, uint8_t **bytes,
                    size_t *size, struct mnq_err *e)
{
    struct mnq_h5values *v = &h->rows;
    hid_t to = wide ? H5T_NATIVE_INT64 : H5T_NATIVE_UINT8;
    if (select_rows(h, path, e) != 0) return -1;
    if (H5Tget_class(v->type) != H5T_INTEGER || (!wide && v->element != 1))
        return fail_at(h, path, "holds other numbers", e);
    uint64_t row = mnq_h5values_row(v), element = wide ? 8 : 1;
    if (row > MAX_VALUES || n > MAX_VALUES || row * n > MAX_VALUES) return fail_at(h, path, "the dataset is too large", e);
    *size = (size_t)(row * n * element);
    if ((*bytes = malloc(*size + 8)) == NULL) return mnq_fail_nomem(e);
    int rc = mnq_h5values_read(v, first, n, *bytes, e);
    if (rc == 0 && wide && row * n > 0 && H5Tconvert(v->type, to, (size_t)(row * n), *bytes, NULL, H5P_DEFAULT) < 0)
        rc = fail_at(h, path, "the values are no numbers", e);
    if (rc != 0) free(*bytes);
    return rc;
}

/* ---- groups ---- */

struct listing {
    const struct mnq_h5core *h;
    const char *member;
    char **name;
    size_t n;
    int seen;
    bool starved;
};

/* The library visits every object once, circles or not, and no links that lead away. */
static herr_t list_group(hid_t root, const char *name, const H5O_info_t *info, void *ctx)
{
    struct listing *l = ctx;
    char path[MAX_PATH];
    (void)root;
    if (++l->seen > MAX_LIST || l->n == MAX_SHOWN) return 1;
    if (info->type != H5O_TYPE_GROUP || strcmp(name, ".") == 0) return 0;
    int w = snprintf(path, sizeof path, "%s/%s", name, l->member);
    if (w < 0 || w >= MAX_PATH || mnq_h5core_kind(l->h, path) == MNQ_H5_NONE) return 0;
    l->name[l->n] = mnq_arena_strdup(l->h->arena, name);
    if (l->name[l->n] == NULL) {
        l->starved = true;
        return 1;
    }
    l->n++;
    return 0;
}

int mnq_h5core_groups(const struct mnq_h5core *h, const char *member, char ***name, size_t *n, struct mnq_err *e)
{
    struct listing l = {.h = h, .member = member, .name = mnq_arena_array(h->arena, MAX_SHOWN, sizeof *l.name)};
    if (l.name == NULL) return mnq_fail_nomem(e);
    if (H5Ovisit(h->file, H5_INDEX_NAME, H5_ITER_INC, list_group, &l) < 0) l.n = 0;
    if (l.starved) return mnq_fail_nomem(e);
    *name = l.name;
    *n = l.n;
    return 0;
}
