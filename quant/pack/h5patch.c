/* SPDX-License-Identifier: Apache-2.0
 * A Keras file with the values of some datasets replaced and everything else as it was.
 *
 * All of it happens in the memory of a confined process (util/worker.h): the HDF5 library (1.10.8) crashes at the program's
 * end when a disk is full, and it overruns buffers on some damaged files. */
#include "pack/h5patch.h"

#include "import/h5core.h"
#include "pack/h5image.h"
#include "util/h5noise.h"
#include "util/zipname.h"

#include <errno.h>
#include <hdf5.h>
#include <zip.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char weights_member[] = "model.weights.h5";

static int fail(const char *name, const char *where, const char *what, struct mnq_err *e)
{
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %.200s: %s", name, where, what);
}

/* ---- one dataset ---- */

/* The upper half of a float's bits, rounded to nearest even. */
static uint16_t to_bfloat16(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static int replace_bfloat16(hid_t set, hid_t type, const struct mnq_h5_patch *p, struct mnq_err *e)
{
    int rc = -1;
    uint16_t *old = malloc(p->n * sizeof *old + 1);
    if (old == NULL) return mnq_fail_nomem(e);
    hid_t mem = H5Tget_class(type) == H5T_OPAQUE ? type : H5T_STD_U16LE; /* little-endian bytes either way */
    if (H5Dread(set, mem, H5S_ALL, H5S_ALL, H5P_DEFAULT, old) < 0) goto done;
    uint8_t *byte = (uint8_t *)old;
    for (size_t i = 0; i < p->n; i++) {
        uint32_t bits = (uint32_t)byte[2 * i] << 16 | (uint32_t)byte[2 * i + 1] << 24;
        float was;
        memcpy(&was, &bits, sizeof was);
        if (was == p->v[i]) continue;
        uint16_t now = to_bfloat16(p->v[i]);
        byte[2 * i] = (uint8_t)now;
        byte[2 * i + 1] = (uint8_t)(now >> 8);
    }
    rc = H5Dwrite(set, mem, H5S_ALL, H5S_ALL, H5P_DEFAULT, old) < 0 ? -1 : 0;
done:
    free(old);
    return rc;
}

static uint32_t float_bits(double v)
{
    float f = (float)v;
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

/* Low bits that are 0 in all of v, as floats: 12 of weights that were trained or rounded to 11 significant bits. */
static int spare_bits(const double *v, size_t n)
{
    uint32_t any = 1u << 23;
    for (size_t i = 0; i < n; i++) any |= float_bits(v[i]);
    int spare = 0;
    while ((any >> spare & 1) == 0) spare++;
    return spare;
}

/* v with its low `spare` bits 0, to nearest even. */
static float shorten(float v, int spare)
{
    uint32_t bits = float_bits((double)v), low = (1u << spare) - 1;
    bits = (bits + (low >> 1) + (spare > 0 ? bits >> spare & 1 : 0)) & ~low;
    float s;
    memcpy(&s, &bits, sizeof s);
    return isfinite(s) ? s : v;
}

static bool is_filtered(hid_t set)
{
    hid_t how = H5Dget_create_plist(set);
    bool filtered = how >= 0 && H5Pget_nfilters(how) > 0;
    if (how >= 0) H5Pclose(how);
    return filtered;
}

/* Values of a compressed dataset get no more significant bits than its old ones have: they would not compress as well. */
static int replace_floats(hid_t set, const struct mnq_h5_patch *p, struct mnq_err *e)
{
    double *v = malloc(p->n * sizeof *v + 1);
    if (v == NULL) return mnq_fail_nomem(e);
    int rc = H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, v) < 0 ? -1 : 0;
    int spare = rc == 0 && is_filtered(set) ? spare_bits(v, p->n) : 0;
    for (size_t i = 0; rc == 0 && i < p->n; i++)
        if ((float)v[i] != p->v[i]) v[i] = (double)shorten(p->v[i], spare);
    if (rc == 0 && H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, v) < 0) rc = -1;
    free(v);
    return rc;
}

static int replace(hid_t file, const char *name, const struct mnq_h5_patch *p, bool bfloat16, struct mnq_err *e)
{
    hid_t set = H5Dopen2(file, p->path, H5P_DEFAULT);
    if (set < 0) return fail(name, p->path, "no such dataset", e);
    hid_t space = H5Dget_space(set), type = H5Dget_type(set);
    int rc;
    if (space < 0 || type < 0 || H5Sget_simple_extent_npoints(space) != (hssize_t)p->n)
        rc = fail(name, p->path, "the dataset has another size", e);
    else if (!bfloat16 && H5Tget_class(type) != H5T_FLOAT)
        rc = fail(name, p->path, "the dataset holds integers, which cannot take new weights", e);
    else if ((bfloat16 ? replace_bfloat16(set, type, p, e) : replace_floats(set, p, e)) != 0)
        rc = fail(name, p->path, "the dataset cannot be written", e);
    else rc = 0;
    if (type >= 0) H5Tclose(type);
    if (space >= 0) H5Sclose(space);
    if (H5Dclose(set) < 0 && rc == 0) rc = fail(name, p->path, "the dataset cannot be written", e);
    return rc;
}

/* ---- one HDF5 file ---- */

/* Which of the datasets are bfloat16, as the reader sees it; and that all are stored as they claim. */
static int find_bfloat16(const char *name, const uint8_t *bytes, size_t n, const struct mnq_h5_patch *patch, int n_patches,
                         bool *is, struct mnq_err *e)
{
    struct mnq_arena arena = {0};
    struct mnq_h5core h = {.name = name, .arena = &arena, .source = {.fd = -1, .bytes = bytes, .size = n}};
    int rc = mnq_h5core_open(&h, e);
    for (int i = 0; rc == 0 && i < n_patches; i++) {
        struct mnq_h5values v;
        rc = mnq_h5core_kind(&h, patch[i].path) != MNQ_H5_DATASET ? fail(name, patch[i].path, "no such dataset", e)
                                                                  : mnq_h5values_open(&v, h.file, patch[i].path, name, e);
        if (rc != 0) break;
        is[i] = mnq_h5core_bfloat16(&h, patch[i].path, v.type);
        mnq_h5values_close(&v);
    }
    mnq_h5core_close(&h);
    mnq_arena_free(&arena);
    return rc;
}

static int patch_h5(const char *name, const uint8_t *bytes, size_t n, const struct mnq_h5_patch *patch, int n_patches,
                    uint8_t **out, size_t *n_out, struct mnq_err *e)
{
    bool *bfloat16 = calloc((size_t)n_patches + 1, sizeof *bfloat16);
    if (bfloat16 == NULL) return mnq_fail_nomem(e);
    int rc = find_bfloat16(name, bytes, n, patch, n_patches, bfloat16, e);
    struct mnq_h5image k = {0};
    hid_t file = rc == 0 ? mnq_h5image_open(&k, bytes, n) : -1;
    if (rc == 0 && file < 0)
        rc = k.starved ? mnq_fail_nomem(e)
                       : mnq_fail(e, MNQ_EXIT_FAILED,
                                  "%s: the HDF5 file cannot be changed (damaged, or not closed properly)", name);
    for (int i = 0; rc == 0 && i < n_patches; i++) rc = replace(file, name, &patch[i], bfloat16[i], e);
    if (mnq_h5image_close(&k, file, rc == 0, out, n_out) != 0 && rc == 0)
        rc = k.starved ? mnq_fail_nomem(e)
                       : mnq_fail(e, MNQ_EXIT_FAILED, "%s: the HDF5 library cannot write the new file", name);
    free(bfloat16);
    return rc;
}

/* ---- archives ---- */

static int read_weights(zip_t *z, zip_uint64_t index, const zip_stat_t *st, const char *name, uint8_t **data,
                        struct mnq_err *e)
{
    char where[400];
    snprintf(where, sizeof where, "%.300s: %.60s", name, weights_member);
    *data = malloc((size_t)st->size + 1);
    return *data == NULL ? mnq_fail_nomem(e) : mnq_zip_read(z, (zip_int64_t)index, *data, (size_t)st->size, where, e);
}

/* Puts new bytes in the place of a member; they must live until the archive is closed. */
static int replace_member(zip_t *z, zip_uint64_t index, const zip_stat_t *st, const uint8_t *data, size_t n)
{
    zip_source_t *source = zip_source_buffer(z, data, n, 0);
    if (source == NULL) return -1;
    if (zip_file_replace(z, index, source, 0) != 0) {
        zip_source_free(source);
        return -1;
    }
    zip_int32_t method = (st->valid & ZIP_STAT_COMP_METHOD) != 0 ? st->comp_method : ZIP_CM_STORE;
    if (zip_set_file_compression(z, index, method, 0) != 0) return -1;
    return (st->valid & ZIP_STAT_MTIME) != 0 ? zip_file_set_mtime(z, index, st->mtime, 0) : 0;
}

static int copy_source(zip_source_t *source, uint8_t **out, size_t *n_out)
{
    zip_stat_t st;
    if (zip_source_stat(source, &st) != 0 || (st.valid & ZIP_STAT_SIZE) == 0 || zip_source_open(source) != 0) return -1;
    *out = malloc((size_t)st.size + 1);
    bool good = *out != NULL && zip_source_read(source, *out, st.size) == (zip_int64_t)st.size;
    zip_source_close(source);
    *n_out = (size_t)st.size;
    if (good) return 0;
    free(*out);
    *out = NULL;
    return -1;
}

static int patch_zip(const char *name, const uint8_t *bytes, size_t n, const struct mnq_h5_patch *patch, int n_patches,
                     uint8_t **out, size_t *n_out, struct mnq_err *e)
{
    zip_error_t ze;
    zip_error_init(&ze);
    zip_source_t *source = zip_source_buffer_create(bytes, n, 0, &ze);
    if (source != NULL) zip_source_keep(source);
    zip_t *z = source == NULL ? NULL : zip_open_from_source(source, 0, &ze);
    uint8_t *old = NULL, *new = NULL;
    size_t n_new = 0;
    zip_stat_t st;
    int rc = -1;
    zip_int64_t index = z == NULL ? -1 : mnq_zip_find(z, weights_member);
    if (z == NULL || index < 0 || zip_stat_index(z, (zip_uint64_t)index, 0, &st) != 0 || (st.valid & ZIP_STAT_SIZE) == 0) {
        fail(name, weights_member, "cannot be read from the archive", e);
        goto done;
    }
    if (read_weights(z, (zip_uint64_t)index, &st, name, &old, e) != 0 ||
        patch_h5(name, old, (size_t)st.size, patch, n_patches, &new, &n_new, e) != 0)
        goto done;
    bool good = replace_member(z, (zip_uint64_t)index, &st, new, n_new) == 0 && zip_close(z) == 0;
    if (good) z = NULL;
    if (good && copy_source(source, out, n_out) == 0) rc = 0;
    else fail(name, weights_member, "cannot be put into the archive", e);
done:
    if (z != NULL) zip_discard(z);
    if (source != NULL) zip_source_free(source);
    zip_error_fini(&ze);
    free(old);
    free(new);
    return rc;
}

/* ---- either ---- */

struct job {
    const char *name;
    const uint8_t *bytes;
    size_t n;
    const struct mnq_h5_patch *patch;
    int n_patches;
};

static int prepare(void *ctx, int fd)
{
    (void)ctx;
    (void)fd;
    return mnq_h5_init();
}

static int answer(void *ctx, const uint8_t *question, size_t n, struct mnq_reply *r, struct mnq_err *e)
{
    const struct job *j = ctx;
    (void)question;
    (void)n;
    bool zip = j->n >= 4 && memcmp(j->bytes, "PK\3\4", 4) == 0;
    mnq_h5_noise_begin();
    int rc = (zip ? patch_zip : patch_h5)(j->name, j->bytes, j->n, j->patch, j->n_patches, &r->p, &r->n, e);
    if (rc != 0) *r = (struct mnq_reply){NULL, 0};
    if (!mnq_h5_noise_end(rc != 0, r)) return rc;
    errno = ENOMEM;
    return -1;
}

int mnq_h5_patch(const char *name, const uint8_t *bytes, size_t n, const struct mnq_h5_patch *patch, int n_patches,
                 uint8_t **out, size_t *n_out, struct mnq_err *e)
{
    struct job j = {name, bytes, n, patch, n_patches};
    struct mnq_worker_job work = mnq_h5_job(name, n);
    work.ctx = &j;
    work.prepare = prepare;
    work.answer = answer;
    return mnq_worker_once(&work, out, n_out, e);
}
