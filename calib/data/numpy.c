/* SPDX-License-Identifier: Apache-2.0
 * NumPy arrays (numpy.lib.format: a magic, a version, a header that is a Python dictionary, the elements). */
#include "numpy.h"

#include "util/file.h"
#include "util/zipname.h"

#include <zip.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const size_t MAX_FILE = (size_t)1 << 30;

size_t mnq_array_row(const struct mnq_array *a)
{
    size_t n = 1;
    for (int d = 1; d < a->dims; d++) n *= (size_t)a->shape[d];
    return n;
}

/* IEEE 754 half precision. */
static double half(uint16_t v)
{
    int exponent = v >> 10 & 31, fraction = v & 1023;
    double x = exponent == 0    ? ldexp(fraction, -24)
               : exponent == 31 ? (fraction == 0 ? (double)INFINITY : (double)NAN)
                                : ldexp(fraction + 1024, exponent - 25);
    return (v & 0x8000) != 0 ? -x : x;
}

double mnq_array_at(const struct mnq_array *a, size_t i)
{
    const uint8_t *p = a->data + i * a->item;
    uint64_t v = 0;
    for (size_t b = a->item; b-- > 0;) v = v << 8 | p[b];
    if (a->kind == 'f') {
        float f;
        double d;
        uint32_t low = (uint32_t)v;
        if (a->item == 2) return half((uint16_t)v);
        memcpy(&f, &low, sizeof f);
        memcpy(&d, &v, sizeof d);
        return a->item == 4 ? (double)f : d;
    }
    if (a->kind != 'i') return (double)v;
    unsigned unused = 64 - 8 * (unsigned)a->item;
    uint64_t sign = (uint64_t)1 << (8 * a->item - 1);
    return (v & sign) != 0 ? -(double)(((~v << unused) >> unused) + 1) : (double)v;
}

/* ---- the header ---- */

static int bad(const char *name, const char *what, struct mnq_err *e)
{
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: bad .npy: %s", name, what);
}

static const char *skip_space(const char *p)
{
    while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r') p++;
    return p;
}

/* Behind a value: at the comma, brace or bracket that ends it, or at the end of the text. */
static const char *skip_value(const char *p)
{
    int depth = 0;
    for (; *p != '\0'; p++) {
        if (*p == '\'' || *p == '"') {
            const char *end = strchr(p + 1, *p);
            if (end == NULL) return p + strlen(p);
            p = end;
        } else if (*p == '(' || *p == '[' || *p == '{') {
            depth++;
        } else if (depth == 0 && (*p == ',' || *p == '}' || *p == ')' || *p == ']')) {
            return p;
        } else if (*p == '}' || *p == ')' || *p == ']') {
            depth--;
        }
    }
    return p;
}

enum { DESCR, ORDER, SHAPE, KEYS };

/* The dictionary's values: the three keys that there are, each once. */
static int split(const char *name, const char *p, const char *value[KEYS], struct mnq_err *e)
{
    static const char *const key[KEYS] = {"descr", "fortran_order", "shape"};
    if (*(p = skip_space(p)) != '{') return bad(name, "its header is no dictionary", e);
    p = skip_space(p + 1);
    while (*p == '\'' || *p == '"') {
        const char *end = strchr(p + 1, *p);
        int k = 0;
        if (end == NULL) return bad(name, "its header is no dictionary", e);
        while (k < KEYS && (strlen(key[k]) != (size_t)(end - p - 1) || memcmp(key[k], p + 1, strlen(key[k])) != 0)) k++;
        if (k == KEYS) return bad(name, "a key in its header that no array has", e);
        if (value[k] != NULL) return bad(name, "a key twice in its header", e);
        p = skip_space(end + 1);
        if (*p != ':') return bad(name, "its header is no dictionary", e);
        value[k] = skip_space(p + 1);
        p = skip_value(value[k]);
        if (*p == ',') p = skip_space(p + 1);
    }
    if (*p != '}' || *skip_space(p + 1) != '\0') return bad(name, "its header is no dictionary", e);
    return 0;
}

static int read_type(const char *name, const char *p, struct mnq_array *a, struct mnq_err *e)
{
    char order = '\0', quote = p == NULL ? '\0' : *p;
    if (quote != '\'' && quote != '"') return bad(name, "its elements are records; plain numbers are read", e);
    order = p[1];
    a->kind = order == '\0' ? '\0' : p[2];
    a->item = a->kind == '\0' ? 0 : (size_t)strtoul(p + 3, NULL, 10);
    if (order == '>') return bad(name, "its numbers are big-endian", e);
    bool whole = (a->kind == 'u' || a->kind == 'i') && (a->item == 1 || a->item == 2 || a->item == 4 || a->item == 8);
    bool real = a->kind == 'f' && (a->item == 2 || a->item == 4 || a->item == 8);
    if (!whole && !real && !(a->kind == 'b' && a->item == 1))
        return bad(name, a->kind == 'O' || a->kind == 'S' || a->kind == 'U' || a->kind == 'V'
                             ? "its elements are objects or strings; numbers are read"
                             : "its elements are of a type that is not read; wanted whole numbers or floats of 16 to 64 bits", e);
    return 0;
}

static int read_shape(const char *name, const char *p, struct mnq_array *a, struct mnq_err *e)
{
    if (p == NULL || *p != '(') return bad(name, "no shape", e);
    p++;
    a->dims = 0;
    for (;;) {
        while (*p == ' ' || *p == ',') p++;
        if (*p == ')') break;
        char *end;
        long long v = strtoll(p, &end, 10);
        if (end == p || v < 0 || v > (1LL << 31)) return bad(name, "its shape", e);
        if (a->dims == MNQ_ARRAY_DIMS) return bad(name, "more than four dimensions", e);
        a->shape[a->dims++] = v;
        p = end;
    }
    return 0;
}

int mnq_numpy_parse(const char *name, const uint8_t *bytes, size_t n, struct mnq_array *a, struct mnq_err *e)
{
    *a = (struct mnq_array){.shape = {1, 1, 1, 1}};
    if (n < 6 || memcmp(bytes, "\x93NUMPY", 6) != 0) return bad(name, "it does not begin as one", e);
    if (n < 12) return bad(name, "cut short", e);
    if (bytes[6] < 1 || bytes[6] > 3) return bad(name, "of a version that is not 1 to 3", e);
    bool wide = bytes[6] > 1;
    size_t at = wide ? 12 : 10, length = bytes[8] | (size_t)bytes[9] << 8;
    if (wide && n >= 12) length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (at > n || length > n - at) return bad(name, "cut short", e);
    char *header = malloc(length + 1);
    if (header == NULL) return mnq_fail_nomem(e);
    memcpy(header, bytes + at, length);
    header[length] = '\0';
    const char *value[KEYS] = {NULL};
    int rc = split(name, header, value, e);
    if (rc == 0) rc = read_type(name, value[DESCR], a, e);
    if (rc == 0) rc = read_shape(name, value[SHAPE], a, e);
    if (rc == 0 && (value[ORDER] == NULL || strncmp(value[ORDER], "False", 5) != 0))
        rc = bad(name, "in Fortran order; save numpy.ascontiguousarray() of it", e);
    free(header);
    if (rc != 0) return -1;
    size_t left = (n - at - length) / a->item, count = 1;
    for (int d = 0; d < a->dims; d++) {
        size_t side = (size_t)a->shape[d];
        if (side != 0 && count > left / side) return bad(name, "cut short", e);
        count *= side;
    }
    a->data = bytes + at + length;
    return 0;
}

/* ---- archives ---- */

static int read_member(zip_t *z, const char *path, const char *member, struct mnq_arena *arena, struct mnq_array *a,
                       struct mnq_err *e)
{
    zip_stat_t st;
    char where[300];
    snprintf(where, sizeof where, "%.200s: %.80s", path, member);
    zip_int64_t index = mnq_zip_find(z, member);
    if (index == MNQ_ZIP_TWICE) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: twice in the archive", where);
    if (index < 0 || zip_stat_index(z, (zip_uint64_t)index, 0, &st) != 0 || (st.valid & ZIP_STAT_SIZE) == 0 ||
        st.size > MAX_FILE)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: damaged, or larger than %zu bytes", where, MAX_FILE);
    if ((st.valid & ZIP_STAT_COMP_SIZE) != 0 && st.size / 1100 > st.comp_size) /* deflate packs 1032 to 1 at most */
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: the archive is damaged", where);
    uint8_t *bytes = mnq_arena_alloc(arena, (size_t)st.size + 1);
    if (bytes == NULL) return mnq_fail_nomem(e);
    if (mnq_zip_read(z, index, bytes, (size_t)st.size, where, e) != 0) return -1;
    return mnq_numpy_parse(where, bytes, (size_t)st.size, a, e);
}

/* NAME.npy in the archive. */
static bool has(zip_t *z, const char *name, char member[96])
{
    snprintf(member, 96, "%.80s.npy", name);
    return zip_name_locate(z, member, 0) >= 0;
}

static const char *const image_names[] = {"images", "x", "X", "x_train", "X_train", "x_test", "X_test", "data", "arr_0"};
static const char *const label_names[] = {"labels", "y", "Y", "y_train", "Y_train", "y_test", "Y_test", "target", "arr_1"};
enum { NAMES = sizeof image_names / sizeof *image_names };

static int open_members(zip_t *z, const char *path, const char *member, struct mnq_arena *arena, struct mnq_array *images,
                        struct mnq_array *labels, struct mnq_err *e)
{
    char name[96];
    int found = -1;
    for (int i = 0; i < NAMES && found < 0; i++)
        if ((member == NULL || strcmp(member, image_names[i]) == 0) && has(z, image_names[i], name)) found = i;
    if (found < 0 && member != NULL && has(z, member, name)) return read_member(z, path, name, arena, images, e);
    if (found < 0)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: no array called %s; FILE.npz:NAME names another", path,
                        member != NULL ? member : "images, x, x_train or arr_0");
    if (read_member(z, path, name, arena, images, e) != 0) return -1;
    if (has(z, label_names[found], name)) return read_member(z, path, name, arena, labels, e);
    return has(z, "labels", name) ? read_member(z, path, name, arena, labels, e) : 0;
}

static int open_label_member(zip_t *z, const char *path, struct mnq_arena *arena, struct mnq_array *labels,
                             struct mnq_err *e)
{
    char name[96];
    const char *only = zip_get_num_entries(z, 0) == 1 ? zip_get_name(z, 0, 0) : NULL;
    if (only != NULL) return read_member(z, path, only, arena, labels, e);
    for (int i = 0; i < NAMES; i++)
        if (has(z, label_names[i], name)) return read_member(z, path, name, arena, labels, e);
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: no array called labels or y", path);
}

static int open_file(const char *path, const char *member, bool only_labels, struct mnq_arena *arena,
                     struct mnq_array *images, struct mnq_array *labels, struct mnq_err *e)
{
    uint8_t *bytes;
    size_t n;
    *images = *labels = (struct mnq_array){.data = NULL};
    if (mnq_file_read(path, MAX_FILE, arena, &bytes, &n, e) != 0) return -1;
    if (n < 4 || memcmp(bytes, "PK", 2) != 0) return mnq_numpy_parse(path, bytes, n, only_labels ? labels : images, e);
    zip_error_t ze;
    zip_error_init(&ze);
    zip_source_t *source = zip_source_buffer_create(bytes, n, 0, &ze);
    zip_t *z = source == NULL ? NULL : zip_open_from_source(source, ZIP_RDONLY, &ze);
    int rc;
    if (z == NULL) {
        rc = mnq_fail(e, MNQ_EXIT_FAILED, "%s: the zip archive is damaged or truncated: %s", path, zip_error_strerror(&ze));
        if (source != NULL) zip_source_free(source);
    } else {
        rc = only_labels ? open_label_member(z, path, arena, labels, e)
                         : open_members(z, path, member, arena, images, labels, e);
        zip_discard(z);
    }
    zip_error_fini(&ze);
    return rc;
}

int mnq_numpy_open(const char *path, const char *member, struct mnq_arena *arena, struct mnq_array *images,
                   struct mnq_array *labels, struct mnq_err *e)
{
    return open_file(path, member, false, arena, images, labels, e);
}

int mnq_numpy_open_labels(const char *path, struct mnq_arena *arena, struct mnq_array *labels, struct mnq_err *e)
{
    struct mnq_array none;
    return open_file(path, NULL, true, arena, &none, labels, e);
}
