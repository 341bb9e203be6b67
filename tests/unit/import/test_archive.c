/* SPDX-License-Identifier: Apache-2.0
 * .keras archives and Keras 3 weight files that are incomplete, damaged or hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "import/import.h"
#include "kerasgen.h"

#include <hdf5.h>
#include <zip.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct mnq_arena arena;
static struct mnq_graph g;
static struct mnq_err err;

static int teardown(void **state)
{
    (void)state;
    mnq_arena_free(&arena);
    return 0;
}

static int import(const uint8_t *bytes, size_t n)
{
    memset(&err, 0, sizeof err);
    mnq_arena_free(&arena);
    return mnq_import_bytes("m.keras", bytes, n, NULL, &g, &arena, &err);
}

static void expect_refused(const uint8_t *bytes, size_t n, const char *message)
{
    assert_int_equal(import(bytes, n), -1);
    if (strstr(err.msg, message) == NULL) print_error("%s\n", err.msg);
    assert_non_null(strstr(err.msg, message));
    assert_int_equal(err.code, MNQ_EXIT_FAILED);
}

struct member {
    const char *name;
    const void *bytes;
    size_t n;
};

static uint8_t *zip_of(const struct member *m, int n, size_t *size)
{
    zip_error_t e;
    zip_stat_t st;
    zip_source_t *out = zip_source_buffer_create(NULL, 0, 0, &e);
    assert_non_null(out);
    zip_source_keep(out);
    zip_t *z = zip_open_from_source(out, ZIP_TRUNCATE, &e);
    assert_non_null(z);
    for (int i = 0; i < n; i++) {
        zip_source_t *s = zip_source_buffer(z, m[i].bytes, m[i].n, 0);
        assert_true(s != NULL && zip_file_add(z, m[i].name, s, 0) >= 0);
    }
    assert_int_equal(zip_close(z), 0);
    assert_true(zip_source_stat(out, &st) == 0 && zip_source_open(out) == 0);
    uint8_t *bytes = malloc(st.size);
    assert_non_null(bytes);
    assert_int_equal(zip_source_read(out, bytes, st.size), st.size);
    zip_source_close(out);
    zip_source_free(out);
    *size = st.size;
    return bytes;
}

#define TEXT(name, text)                                                                                                    \
    {                                                                                                                       \
        name, text, sizeof text - 1                                                                                         \
    }
static const char metadata[] = "{\"keras_version\": \"3.4.1\"}",
                  config[] = "{\"class_name\": \"Sequential\", \"config\": {\"layers\": []}}";

/* Two members of one name: other programs may take the other one. */
static void twice(void **state)
{
    static const char other[] = "config.jsoX";
    struct member m[] = {TEXT("metadata.json", metadata), TEXT("config.json", config), TEXT(other, "{}"),
                         TEXT("model.weights.h5", "no HDF5")};
    size_t n;
    (void)state;
    uint8_t *bytes = zip_of(m, 4, &n);
    for (size_t i = 0; i + sizeof other <= n; i++)
        if (memcmp(bytes + i, other, sizeof other - 1) == 0) bytes[i + sizeof other - 2] = 'n';
    expect_refused(bytes, n, "m.keras: config.json: twice in the archive");
    free(bytes);
}

static void incomplete(void **state)
{
    (void)state;
    static const struct {
        struct member m[4];
        int n;
        const char *message;
    } row[] = {
        {{TEXT("readme.txt", "hello")},
         1,
         "m.keras: a zip archive; a .keras archive holds config.json and model.weights.h5; unpack it"},
        {{TEXT("a/best.h5", "")}, 1, "m.keras: a zip archive with a Keras file in it (a/best.h5); unpack it"},
        {{TEXT("x/data.pkl", "")}, 1, "m.keras: a PyTorch file; build the network in Keras"},
        {{TEXT("m/saved_model.pb", "")}, 1, "m.keras: a zip archive with a TensorFlow SavedModel in it; unpack it"},
        {{TEXT("arr_0.npy", "")}, 1, "m.keras: a NumPy archive (.npz); load the arrays"},
        {{TEXT("config.json", config)},
         1,
         "m.keras: metadata.json: not in the archive; a .keras file holds config.json and model.weights.h5"},
        {{TEXT("metadata.json", metadata)}, 1, "m.keras: config.json: not in the archive"},
        {{TEXT("metadata.json", "{\"keras_version\": ")}, 1, "m.keras: metadata.json:2:1: did not find"},
        {{TEXT("metadata.json", metadata), TEXT("config.json", "[]")}, 2, "m.keras: model.weights.h5: not in the archive"},
        {{TEXT("metadata.json", metadata), TEXT("config.json", config), TEXT("model.weights.npz", "")},
         3,
         "m.keras: model.weights.npz: weights in npz form are not supported, .h5 is"},
        {{TEXT("metadata.json", metadata), TEXT("config.json", config), TEXT("model.weights.json", "{}")},
         3,
         "m.keras: model.weights.json: weights in several shards are not supported, a single .h5 is"},
        {{TEXT("metadata.json", metadata), TEXT("config.json", config), TEXT("model.weights.h5", "no HDF5")},
         3,
         "m.keras: model.weights.h5: not an HDF5 file"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        size_t n;
        uint8_t *bytes = zip_of(row[i].m, row[i].n, &n);
        expect_refused(bytes, n, row[i].message);
        free(bytes);
    }
}

static uint8_t *good(enum kg_container container, size_t *n)
{
    struct kg_net *net = kg_new(&(struct kg_options){.family = KG_V1,
                                                     .width = 0.25,
                                                     .resolution = 32,
                                                     .classes = 3,
                                                     .generation = KG_GEN_K3,
                                                     .dialect = KG_DIALECT_OPS3,
                                                     .container = container,
                                                     .strings = KG_FIXED});
    uint8_t *bytes = kg_file(net, n);
    kg_free(net);
    return bytes;
}

static void truncated_and_corrupted(void **state)
{
    (void)state;
    size_t n;
    uint8_t *bytes = good(KG_ARCHIVE_PACKED, &n);
    assert_int_equal(import(bytes, n), 0);
    assert_string_equal(g.origin, "Keras 3.4.1 .keras archive");
    for (size_t part = 4; part < n; part += n / 7 + 1) {
        assert_int_equal(import(bytes, part), -1);
        assert_true(strncmp(err.msg, "m.keras: ", 9) == 0);
    }
    bytes[n / 2] ^= 0x55; /* inside the deflated weights */
    expect_refused(bytes, n, "m.keras: model.weights.h5: cannot be unpacked (damaged or truncated file)");
    free(bytes);
    bytes = good(KG_ARCHIVE, &n);
    bytes[n / 2] ^= 0x55; /* stored: only the checksum tells */
    expect_refused(bytes, n, "m.keras: model.weights.h5: cannot be unpacked (damaged or truncated file)");
    free(bytes);
}

/* 16 MB of blanks deflate to 16 kB; the size that unpacking may take is bounded before it starts. */
static void bomb(void **state)
{
    (void)state;
    size_t n, size = (16u << 20) + 1;
    char *blank = malloc(size);
    assert_non_null(blank);
    memset(blank, ' ', size);
    struct member m[] = {{"metadata.json", blank, size}};
    uint8_t *bytes = zip_of(m, 1, &n);
    free(blank);
    expect_refused(bytes, n, "m.keras: metadata.json: 16777217 bytes, at most 16777216 are read");
    free(bytes);
}

static void expect_h5_refused(const char *message)
{
    FILE *f = fopen("test_archive.tmp", "rb");
    assert_non_null(f);
    static uint8_t bytes[1 << 20];
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    unlink("test_archive.tmp");
    expect_refused(bytes, n, message);
}

/* Groups that contain themselves twice would take forever to walk. */
static void circular_groups(void **state)
{
    (void)state;
    hid_t file = H5Fcreate("test_archive.tmp", H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t layers = H5Gcreate2(file, "layers", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Lcreate_hard(layers, ".", layers, "a", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    assert_true(H5Lcreate_hard(layers, ".", layers, "b", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    H5Gclose(layers);
    H5Fclose(file);
    expect_h5_refused("m.keras: groups are nested too deeply");
}

static void incomplete_vars(void **state)
{
    (void)state;
    hid_t file = H5Fcreate("test_archive.tmp", H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    hid_t vars = H5Gcreate2(file, "layers/conv2d/vars", links, H5P_DEFAULT, H5P_DEFAULT), space = H5Screate(H5S_SCALAR);
    hid_t set = H5Dcreate2(vars, "1", H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(set >= 0);
    H5Dclose(set);
    H5Sclose(space);
    H5Gclose(vars);
    H5Pclose(links);
    H5Fclose(file);
    expect_h5_refused("m.keras: /layers/conv2d/vars/0: no such dataset");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(incomplete, teardown),
        cmocka_unit_test_teardown(twice, teardown),
        cmocka_unit_test_teardown(truncated_and_corrupted, teardown),
        cmocka_unit_test_teardown(bomb, teardown),
        cmocka_unit_test_teardown(circular_groups, teardown),
        cmocka_unit_test_teardown(incomplete_vars, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
