/* SPDX-License-Identifier: Apache-2.0
 * Changed weights go back into every container and type that Keras wrote, and nothing else in the file changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "import/import.h"
#include "kerasgen.h"
#include "pack/h5patch.h"
#include "pack/restore.h"
#include "passes/passes.h"
#include "quantize/lower.h"

#include <hdf5.h>
#include <zip.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const storage[] = {"f32", "f64", "f16", "bf16", "deflated"};
/* Relative rounding of a stored value. */
static const double rounding[] = {1e-6, 1e-6, 2e-3, 1e-2, 1e-6};

/* ---- changing a graph ---- */

/* A copy whose 1x1 weights are pruned at random or scaled, and whose biases move. */
static struct mnq_graph changed(const struct mnq_graph *g, struct mnq_arena *arena, bool biases)
{
    struct mnq_graph out = *g;
    out.node = mnq_arena_array(arena, (size_t)g->n, sizeof *out.node);
    assert_non_null(out.node);
    memcpy(out.node, g->node, (size_t)g->n * sizeof *out.node);
    for (int i = 0; i < g->n; i++) {
        struct mnq_node *nd = &out.node[i];
        size_t n = mnq_node_weights(g, nd), c = (size_t)nd->out.c;
        if (nd->w != NULL && nd->w_path != NULL && mnq_lower_is_pointwise(g, i)) {
            nd->w = mnq_arena_array(arena, n, sizeof *nd->w);
            assert_non_null(nd->w);
            for (size_t k = 0; k < n; k++) nd->w[k] = rand() % 3 == 0 ? 0.0f : 1.25f * g->node[i].w[k];
        }
        if (!biases || !mnq_restore_has_bias(g, i)) continue;
        nd->b = mnq_arena_array(arena, c, sizeof *nd->b);
        assert_non_null(nd->b);
        for (size_t k = 0; k < c; k++) nd->b[k] = g->node[i].b[k] + 0.125f + 0.01f * (float)(k % 7);
    }
    return out;
}

static void expect_near(float have, float want, double relative, double scale, const char *name)
{
    double d = fabs((double)have - (double)want);
    if (!(d <= relative * (fabs((double)want) + scale))) fail_msg("%s: %.9g, wanted %.9g", name, (double)have, (double)want);
}

/* ---- comparing files ---- */

struct comparing {
    hid_t other;
    const struct mnq_restored *r;
    int datasets, differing;
};

static hid_t open_bytes(const uint8_t *bytes, size_t n)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    assert_true(H5Pset_fapl_core(access, 1 << 16, 0) >= 0);
    assert_true(H5Pset_file_image(access, (void *)(uintptr_t)bytes, n) >= 0);
    static int opened;
    char name[32]; /* the library takes images of one name for one file */
    snprintf(name, sizeof name, "image%d", opened++);
    hid_t file = H5Fopen(name, H5F_ACC_RDONLY, access);
    H5Pclose(access);
    assert_true(file >= 0);
    return file;
}

static uint8_t *raw_bytes(hid_t set, size_t *n)
{
    hid_t type = H5Dget_type(set), space = H5Dget_space(set);
    *n = H5Tget_size(type) * (size_t)H5Sget_simple_extent_npoints(space);
    uint8_t *p = calloc(*n + 1, 1);
    assert_non_null(p);
    assert_true(H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, p) >= 0);
    H5Tclose(type);
    H5Sclose(space);
    return p;
}

static bool is_patched(const struct comparing *c, const char *name)
{
    for (int i = 0; i < c->r->n_patches; i++)
        if (strcmp(c->r->patch[i].path + 1, name) == 0) return true;
    return false;
}

static herr_t compare_attribute(hid_t at, const char *name, const H5A_info_t *info, void *other)
{
    hid_t there = *(hid_t *)other, a = H5Aopen(at, name, H5P_DEFAULT), b = H5Aopen(there, name, H5P_DEFAULT);
    assert_true(a >= 0 && b >= 0);
    hid_t ta = H5Aget_type(a), tb = H5Aget_type(b);
    assert_true(H5Tequal(ta, tb) > 0);
    assert_int_equal(H5Aget_storage_size(a), H5Aget_storage_size(b));
    (void)info;
    if (H5Tis_variable_str(ta) <= 0 && H5Tget_class(ta) != H5T_VLEN) {
        size_t n = (size_t)H5Aget_storage_size(a);
        uint8_t *x = calloc(n + 1, 1), *y = calloc(n + 1, 1);
        assert_true(x != NULL && y != NULL);
        assert_true(n == 0 || (H5Aread(a, ta, x) >= 0 && H5Aread(b, tb, y) >= 0));
        assert_memory_equal(x, y, n);
        free(x);
        free(y);
    }
    H5Tclose(ta);
    H5Tclose(tb);
    H5Aclose(a);
    H5Aclose(b);
    return 0;
}

static herr_t compare_object(hid_t root, const char *name, const H5O_info_t *info, void *ctx)
{
    struct comparing *c = ctx;
    hid_t a = H5Oopen(root, name, H5P_DEFAULT), b = H5Oopen(c->other, name, H5P_DEFAULT);
    assert_true(a >= 0 && b >= 0);
    assert_true(H5Aiterate2(a, H5_INDEX_NAME, H5_ITER_INC, NULL, compare_attribute, &b) >= 0);
    assert_int_equal(H5Aget_num_attrs(a), H5Aget_num_attrs(b));
    if (info->type == H5O_TYPE_DATASET) {
        hid_t ta = H5Dget_type(a), tb = H5Dget_type(b), pa = H5Dget_create_plist(a), pb = H5Dget_create_plist(b);
        assert_true(H5Tequal(ta, tb) > 0);
        assert_true(H5Pequal(pa, pb) > 0);
        size_t na, nb;
        uint8_t *x = raw_bytes(a, &na), *y = raw_bytes(b, &nb);
        assert_int_equal(na, nb);
        bool equal = memcmp(x, y, na) == 0;
        if (!equal && !is_patched(c, name)) fail_msg("%s differs", name);
        c->datasets++;
        c->differing += !equal;
        free(x);
        free(y);
        H5Tclose(ta);
        H5Tclose(tb);
        H5Pclose(pa);
        H5Pclose(pb);
    }
    H5Oclose(a);
    H5Oclose(b);
    return 0;
}

static void compare_h5(const uint8_t *a, size_t na, const uint8_t *b, size_t nb, const struct mnq_restored *r)
{
    hid_t x = open_bytes(a, na), y = open_bytes(b, nb);
    struct comparing c = {.other = y, .r = r};
    assert_true(H5Ovisit2(x, H5_INDEX_NAME, H5_ITER_INC, compare_object, &c, H5O_INFO_BASIC) >= 0);
    assert_int_equal(c.differing, r->n_patches);
    assert_true(c.datasets > c.differing);
    H5Fclose(x);
    H5Fclose(y);
}

static zip_t *open_zip(const uint8_t *bytes, size_t n)
{
    zip_error_t e;
    zip_source_t *s = zip_source_buffer_create(bytes, n, 0, &e);
    zip_t *z = s == NULL ? NULL : zip_open_from_source(s, ZIP_RDONLY, &e);
    assert_non_null(z);
    return z;
}

static uint8_t *member(zip_t *z, zip_uint64_t i, zip_stat_t *st)
{
    assert_int_equal(zip_stat_index(z, i, 0, st), 0);
    uint8_t *p = malloc(st->size + 1);
    zip_file_t *f = zip_fopen_index(z, i, 0);
    assert_true(p != NULL && f != NULL);
    assert_int_equal(zip_fread(f, p, st->size), st->size);
    zip_fclose(f);
    return p;
}

static void compare_zip(const uint8_t *a, size_t na, const uint8_t *b, size_t nb, const struct mnq_restored *r)
{
    zip_t *x = open_zip(a, na), *y = open_zip(b, nb);
    assert_int_equal(zip_get_num_entries(x, 0), zip_get_num_entries(y, 0));
    for (zip_int64_t i = 0; i < zip_get_num_entries(x, 0); i++) {
        zip_stat_t sx, sy;
        uint8_t *p = member(x, (zip_uint64_t)i, &sx), *q = member(y, (zip_uint64_t)i, &sy);
        assert_string_equal(sx.name, sy.name);
        assert_int_equal(sx.comp_method, sy.comp_method);
        assert_int_equal(sx.mtime, sy.mtime);
        if (strcmp(sx.name, "model.weights.h5") == 0) {
            compare_h5(p, sx.size, q, sy.size, r);
        } else {
            assert_int_equal(sx.size, sy.size);
            assert_memory_equal(p, q, sx.size);
        }
        free(p);
        free(q);
    }
    zip_discard(x);
    zip_discard(y);
}

/* ---- one file ---- */

static void check(struct kg_options o, bool biases)
{
    struct mnq_arena arena = {0};
    struct mnq_err e = {0};
    struct mnq_graph raw, legal, again, back;
    struct mnq_restored r;
    struct mnq_import_opts io = {.resolution = 40};
    if (o.width == 0) o.width = o.family == KG_V3_LARGE ? 0.35 : 0.25;
    o.resolution = 40;
    o.classes = 7;
    o.seed = 11;
    struct kg_net *net = kg_new(&o);
    size_t n, n_out = 0, n_twice = 0;
    uint8_t *file = kg_file(net, &n), *out = NULL, *twice = NULL;
    kg_free(net);
    srand(12);
    if (mnq_import_bytes("m", file, n, &io, &raw, &arena, &e) != 0 || mnq_graph_legalize(&raw, &legal, &arena, &e) != 0)
        fail_msg("%s", e.msg);
    struct mnq_graph wanted = changed(&legal, &arena, biases);
    if (mnq_restore(&raw, &legal, &wanted, &r, &arena, &e) != 0) fail_msg("%s", e.msg);
    if (mnq_h5_patch("m", file, n, r.patch, r.n_patches, &out, &n_out, &e) != 0) fail_msg("%s", e.msg);
    if (mnq_import_bytes("m", out, n_out, &io, &again, &arena, &e) != 0 ||
        mnq_graph_legalize(&again, &back, &arena, &e) != 0)
        fail_msg("%s", e.msg);
    assert_int_equal(back.n, legal.n);
    int layers = 0;
    for (int i = 0; i < legal.n; i++) {
        const struct mnq_node *w = &wanted.node[i], *b = &back.node[i];
        double near = rounding[o.storage];
        for (size_t k = 0; w->w != NULL && k < mnq_node_weights(&legal, w); k++) {
            if ((w->w[k] == 0.0f) != (b->w[k] == 0.0f)) fail_msg("%s: weight %zu is no zero any more", w->name, k);
            expect_near(b->w[k], w->w[k], near, o.storage == KG_F16 ? 1e-3 : 1e-6, w->name);
        }
        for (int k = 0; w->b != NULL && k < w->out.c; k++) expect_near(b->b[k], w->b[k], near, 2, w->name);
        layers += w->w != legal.node[i].w;
    }
    assert_true(layers > 5);
    assert_true(r.n_patches >= layers + (biases ? 5 : 0));
    (o.container >= KG_ARCHIVE && o.container <= KG_ARCHIVE_NESTED ? compare_zip : compare_h5)(file, n, out, n_out, &r);
    /* The same again is the same bytes; only the library notes the second in which compressed data moved. */
    assert_int_equal(mnq_h5_patch("m", file, n, r.patch, r.n_patches, &twice, &n_twice, &e), 0);
    if (o.storage != KG_PACKED) {
        assert_int_equal(n_out, n_twice);
        assert_memory_equal(out, twice, n_out);
    }
    free(twice);
    free(out);
    free(file);
    mnq_arena_free(&arena);
    print_message("family %d, container %d, %s: %d patches\n", o.family, o.container, storage[o.storage], r.n_patches);
}

#define CHECK(biases, ...) check((struct kg_options){__VA_ARGS__}, biases)

static void containers(void **state)
{
    (void)state;
    for (int c = KG_FULL; c <= KG_WEIGHTS_K3_NESTED; c++) {
        bool three = c == KG_WEIGHTS_K3 || c == KG_WEIGHTS_K213 || (c >= KG_ARCHIVE && c <= KG_ARCHIVE_NESTED) ||
                     c == KG_WEIGHTS_K3_NESTED;
        enum kg_family family = c % 2 == 0 ? KG_V2 : KG_V1;
        CHECK(c % 3 != 0, .family = family, .generation = three ? KG_GEN_K3 : KG_GEN_TF,
              .dialect = three ? KG_DIALECT_OPS3 : KG_DIALECT_ACTIVATION, .container = (enum kg_container)c,
              .strings = three ? KG_FIXED : KG_VARIABLE);
    }
}

static void storages(void **state)
{
    (void)state;
    for (int s = KG_F32; s <= KG_PACKED; s++) {
        CHECK(true, .family = KG_V1, .generation = KG_GEN_TF, .container = KG_FULL, .storage = (enum kg_storage)s);
        CHECK(true, .family = KG_V1, .generation = KG_GEN_K3, .dialect = KG_DIALECT_OPS3, .container = KG_ARCHIVE_PACKED,
              .storage = (enum kg_storage)s);
    }
}

static void families(void **state)
{
    (void)state;
    CHECK(true, .family = KG_V1, .generation = KG_GEN_TF, .bias = true, .rescaling = true);
    CHECK(true, .family = KG_V2, .generation = KG_GEN_APPS, .scoped = true);
    CHECK(true, .family = KG_V3_SMALL, .generation = KG_GEN_APPS, .dialect = KG_DIALECT_ACTIVATION);
    CHECK(true, .family = KG_V3_SMALL, .generation = KG_GEN_TF, .dialect = KG_DIALECT_TFOP, .pool_last = true);
    CHECK(true, .family = KG_V3_LARGE, .generation = KG_GEN_K3, .dialect = KG_DIALECT_ACT3);
}

/* ---- one value ---- */

/* Values that did not change keep all bits of a wider type, and only what changed changes. */
static void wide_values_stay(void **state)
{
    (void)state;
    const double stored[4] = {0.1, 1.0 / 3, -2.718281828459045, 5e-310};
    struct mnq_err e = {0};
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fapl_core(access, 1 << 16, 0);
    hid_t file = H5Fcreate("made", H5F_ACC_TRUNC, H5P_DEFAULT, access);
    hsize_t dim = 4;
    hid_t space = H5Screate_simple(1, &dim, NULL);
    hid_t set = H5Dcreate2(file, "w", H5T_IEEE_F64BE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, stored) >= 0);
    H5Dclose(set);
    set = H5Dcreate2(file, "i", H5T_STD_I32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, stored) >= 0);
    H5Dclose(set);
    H5Sclose(space);
    H5Fflush(file, H5F_SCOPE_GLOBAL);
    size_t n = (size_t)H5Fget_file_image(file, NULL, 0), n_out;
    uint8_t *bytes = malloc(n), *out = NULL;
    assert_int_equal(H5Fget_file_image(file, bytes, n), n);
    H5Fclose(file);
    H5Pclose(access);

    const float v[4] = {(float)stored[0], 0.0f, (float)stored[2], (float)stored[3]}, more[5] = {0};
    assert_int_equal(mnq_h5_patch("m.h5", bytes, n, &(struct mnq_h5_patch){"/w", v, 4}, 1, &out, &n_out, &e), 0);
    double back[4];
    file = open_bytes(out, n_out);
    set = H5Dopen2(file, "w", H5P_DEFAULT);
    assert_true(H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, back) >= 0);
    H5Dclose(set);
    H5Fclose(file);
    for (int i = 0; i < 4; i++) assert_true(back[i] == (i == 1 ? 0.0 : stored[i]));
    free(out);

    static const struct {
        struct mnq_h5_patch patch;
        const char *message;
    } bad[] = {{{"/none", NULL, 4}, "m.h5: /none: no such dataset"},
               {{"/w", NULL, 5}, "m.h5: /w: the dataset has another size"},
               {{"/i", NULL, 4}, "m.h5: /i: the dataset holds integers, which cannot take new weights"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct mnq_h5_patch p = bad[i].patch;
        p.v = more;
        e.code = 0;
        assert_int_equal(mnq_h5_patch("m.h5", bytes, n, &p, 1, &out, &n_out, &e), -1);
        assert_string_equal(e.msg, bad[i].message);
    }
    for (size_t cut = 0; cut < n; cut += n / 5) {
        e.code = 0;
        struct mnq_h5_patch p = {"/w", v, 4};
        assert_int_equal(mnq_h5_patch("m.h5", bytes, cut, &p, 1, &out, &n_out, &e), -1);
        assert_true(strncmp(e.msg, "m.h5: ", 6) == 0);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(containers), cmocka_unit_test(storages), cmocka_unit_test(families),
                                       cmocka_unit_test(wide_values_stay)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
