/* SPDX-License-Identifier: Apache-2.0
 * HDF5 files written down as text: for tests that need many small files, good and bad ones. */
#include "h5text.h"

#include <hdf5.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ELEMENTS = 1 << 20, MAX_RANK = 8 };

struct state {
    hid_t file, link; /* link: creates groups on the way */
    uint32_t random;
};

/* The next blank-separated word of a line; NULL at its end. */
static char *word(char **at)
{
    char *p = *at + strspn(*at, " \t");
    if (*p == '\0') return NULL;
    *at = p + strcspn(p, " \t");
    if (**at != '\0') *(*at)++ = '\0';
    return p;
}

static int group(struct state *s, char *line)
{
    char *path = word(&line);
    hid_t g = path == NULL ? -1 : H5Gcreate2(s->file, path, s->link, H5P_DEFAULT, H5P_DEFAULT);
    return g < 0 ? -1 : H5Gclose(g);
}

static int put_attr(struct state *s, const char *object, const char *name, hid_t type, const void *value, const hsize_t *n)
{
    hid_t o = H5Oopen(s->file, object, H5P_DEFAULT);
    hid_t space = n == NULL ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, n, NULL);
    hid_t a = o < 0 || space < 0 ? -1 : H5Acreate2(o, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    int rc = a < 0 || (value != NULL && H5Awrite(a, type, value) < 0) ? -1 : 0;
    if (a >= 0) H5Aclose(a);
    if (space >= 0) H5Sclose(space);
    if (o >= 0) H5Oclose(o);
    return rc;
}

static int string(struct state *s, char *line, bool variable)
{
    char *object = word(&line), *name = word(&line);
    if (name == NULL) return -1;
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, variable ? H5T_VARIABLE : strlen(line) + 1);
    const char *text = line;
    int rc = put_attr(s, object, name, type, variable ? (const void *)&text : text, NULL);
    H5Tclose(type);
    return rc;
}

static int strings(struct state *s, char *line)
{
    enum { SIZE = 64 };
    char *object = word(&line), *name = word(&line);
    if (name == NULL) return -1;
    size_t room = strlen(line) / 2 + 1;
    char *list = calloc(room, SIZE);
    hsize_t n = 0;
    hid_t type = H5Tcopy(H5T_C_S1);
    if (list == NULL) abort();
    for (char *w; (w = word(&line)) != NULL; n++) strncpy(list + n * SIZE, w, SIZE - 1);
    H5Tset_size(type, SIZE);
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    int rc = n == 0 ? put_attr(s, object, name, H5T_IEEE_F64LE, NULL, &n) : put_attr(s, object, name, type, list, &n);
    H5Tclose(type);
    free(list);
    return rc;
}

/* IEEE half precision, little-endian. */
static hid_t half(void)
{
    hid_t t = H5Tcopy(H5T_IEEE_F32LE);
    H5Tset_fields(t, 15, 10, 5, 0, 10);
    H5Tset_size(t, 2);
    H5Tset_ebias(t, 15);
    return t;
}

static hid_t type_of(const char *name)
{
    if (strcmp(name, "f16") == 0) return half();
    if (strcmp(name, "f32") == 0) return H5Tcopy(H5T_IEEE_F32LE);
    if (strcmp(name, "f64") == 0) return H5Tcopy(H5T_IEEE_F64LE);
    if (strcmp(name, "u8") == 0) return H5Tcopy(H5T_STD_U8LE);
    if (strcmp(name, "i32") == 0) return H5Tcopy(H5T_STD_I32LE);
    if (strcmp(name, "i64") == 0) return H5Tcopy(H5T_STD_I64LE);
    return -1;
}

/* Dimensions "2,3,4" or "" (scalar); elements, or -1. */
static long dimensions(const char *text, hsize_t dim[MAX_RANK], int *rank)
{
    long n = 1;
    for (*rank = 0; *text != '\0' && *rank < MAX_RANK; (*rank)++) {
        char *end;
        long d = strtol(text, &end, 10);
        if (end == text || d < 0 || d > MAX_ELEMENTS || (*end != ',' && *end != '\0')) return -1;
        n *= d;
        if (n > MAX_ELEMENTS) return -1;
        dim[*rank] = (hsize_t)d;
        text = end + (*end == ',');
    }
    return *text == '\0' ? n : -1;
}

static void fill(struct state *s, double *v, long n, char *line, bool integers)
{
    long given = 0;
    for (char *w; given < n && (w = word(&line)) != NULL;) v[given++] = strtod(w, NULL);
    for (long i = given; i < n; i++) {
        s->random = s->random * 1664525u + 1013904223u;
        v[i] = given > 0 ? v[i - given] : integers ? s->random >> 24 : s->random / 4294967296.0 - 0.5;
    }
}

static int dataset(struct state *s, char *line, bool deflated)
{
    char *path = word(&line), *type_name = word(&line), *dims = word(&line);
    hsize_t dim[MAX_RANK], chunk[MAX_RANK];
    int rank, rc = -1;
    hid_t type = dims == NULL ? -1 : type_of(type_name);
    if (type < 0) return -1;
    long n = dimensions(strcmp(dims, "-") == 0 ? "" : dims, dim, &rank);
    double *v = n < 0 ? NULL : malloc((size_t)(n > 0 ? n : 1) * sizeof *v);
    if (v != NULL) {
        fill(s, v, n, line, H5Tget_class(type) == H5T_INTEGER);
        hid_t space = rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(rank, dim, NULL),
              layout = H5Pcreate(H5P_DATASET_CREATE);
        for (int i = 0; i < rank; i++) chunk[i] = i == 0 || dim[i] == 0 ? 1 : dim[i];
        if (deflated && rank > 0) {
            H5Pset_chunk(layout, rank, chunk);
            H5Pset_deflate(layout, 6);
        }
        hid_t set = H5Dcreate2(s->file, path, type, space, s->link, layout, H5P_DEFAULT);
        if (set >= 0) {
            rc = H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, v) < 0 ? -1 : 0;
            H5Dclose(set);
        }
        H5Pclose(layout);
        H5Sclose(space);
    }
    free(v);
    H5Tclose(type);
    return rc;
}

static int directive(struct state *s, char *line)
{
    char *what = word(&line);
    if (what == NULL || what[0] == '#') return 0;
    if (what[1] != '\0') return -1;
    switch (what[0]) {
    case 'g':
        return group(s, line);
    case 's':
        return string(s, line, true);
    case 'f':
        return string(s, line, false);
    case 'l':
        return strings(s, line);
    case 'd':
        return dataset(s, line, false);
    case 'z':
        return dataset(s, line, true);
    default:
        return -1;
    }
}

static int all_lines(struct state *s, char *text)
{
    int number = 1, bad = 0;
    for (char *line = text; line != NULL && *line != '\0';) {
        int first = number++;
        char *end = strchr(line, '\n');
        while (end != NULL && (end[1] == ' ' || end[1] == '\t')) { /* continued: the break becomes a blank */
            *end = ' ';
            end = strchr(end, '\n');
            number++;
        }
        if (end != NULL) *end = '\0';
        if (directive(s, line) != 0 && bad == 0) bad = first;
        line = end == NULL ? NULL : end + 1;
    }
    return bad;
}

static uint8_t *image_of(hid_t file, size_t *size)
{
    if (H5Fflush(file, H5F_SCOPE_LOCAL) < 0) return NULL;
    ssize_t n = H5Fget_file_image(file, NULL, 0);
    uint8_t *bytes = n < 0 ? NULL : malloc((size_t)n);
    if (bytes == NULL || H5Fget_file_image(file, bytes, (size_t)n) != n) {
        free(bytes);
        return NULL;
    }
    *size = (size_t)n;
    return bytes;
}

/* Every description once, under a name that tells which it is. */
static void keep(const char *dir, const char *text, size_t n)
{
    char path[4096];
    uint64_t name = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < n; i++) name = (name ^ (uint8_t)text[i]) * 1099511628211u;
    snprintf(path, sizeof path, "%s/%016llx", dir, (unsigned long long)name);
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(text, 1, n, f) != n || fclose(f) != 0) abort();
}

uint8_t *mnq_h5text(const char *text, size_t n, size_t *size, int *bad)
{
    const char *dir = getenv("MNQ_H5TEXT_KEEP");
    struct state s = {.random = 1};
    if (dir != NULL) keep(dir, text, n);
    uint8_t *bytes = NULL;
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fapl_core(access, 1 << 16, 0);
    s.link = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(s.link, 1);
    s.file = H5Fcreate("h5text", H5F_ACC_TRUNC, H5P_DEFAULT, access);
    char *copy = malloc(n + 1);
    if (s.file >= 0 && copy != NULL) {
        memcpy(copy, text, n);
        copy[n] = '\0';
        *bad = all_lines(&s, copy);
        bytes = image_of(s.file, size);
    }
    free(copy);
    if (s.file >= 0) H5Fclose(s.file);
    H5Pclose(s.link);
    H5Pclose(access);
    return bytes;
}
