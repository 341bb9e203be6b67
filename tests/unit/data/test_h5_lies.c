/* SPDX-License-Identifier: Apache-2.0
 * HDF5 files that lie: that name other files, pipes or devices as theirs, that store less than they claim. Samples and
 * weights alike are refused, with the reason, and at once. */
#include "dataset.h"
#include "h5text.h"
#include "import/import.h"
#include "tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

enum { SIDE = 8, CHANNELS = 3, ROW = SIDE * SIDE * CHANNELS, ROWS = 3 };

/* A lie about the data set `name`, of a type and shape, in an open file. */
typedef void lie(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dim);

static struct mnq_err err;

static int setup(void **state)
{
    (void)state;
    mnq_temp_make();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mnq_temp_remove();
    return 0;
}

static void make(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dim, hid_t list)
{
    hid_t space = H5Screate_simple(rank, dim, NULL),
          set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, list, H5P_DEFAULT);
    assert_true(set >= 0);
    H5Dclose(set);
    H5Sclose(space);
}

static hsize_t bytes_of(hid_t type, int rank, const hsize_t *dim)
{
    hsize_t n = H5Tget_size(type);
    for (int i = 0; i < rank; i++) n *= dim[i];
    return n;
}

/* ---- other files ---- */

static void external(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dim, const char *path)
{
    hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    assert_true(H5Pset_external(list, path, 0, bytes_of(type, rank, dim)) >= 0);
    make(file, name, type, rank, dim, list);
    H5Pclose(list);
}

static void external_storage(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dim)
{
    static const char secret[4096] = "secret";
    external(file, name, type, rank, dim, mnq_temp_write("secret.bin", secret, sizeof secret));
}

static void external_pipe(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dim)
{
    assert_int_equal(mkfifo(mnq_temp_path("pipe"), 0600), 0);
    external(file, name, type, rank, dim, mnq_temp_path("pipe"));
}

static void external_device(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dim)
{
    external(file, name, type, rank, dim, "/dev/zero");
}

/* Another file that is fine in itself. */
static const char *other_file(const char *name, hid_t type, int rank, const hsize_t *dim)
{
    hid_t other = H5Fcreate(mnq_temp_path("other.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    make(other, name, type, rank, dim, H5P_DEFAULT);
    H5Fclose(other);
    return mnq_temp_path("other.h5");
}

static void external_link(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dim)
{
    assert_true(H5Lcreate_external(other_file("x", type, rank, dim), "/x", file, name, H5P_DEFAULT, H5P_DEFAULT) >= 0);
}

static void link_to_pipe(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dim)
{
    (void)type, (void)rank, (void)dim;
    assert_int_equal(mkfifo(mnq_temp_path("pipe"), 0600), 0);
    assert_true(H5Lcreate_external(mnq_temp_path("pipe"), "/x", file, name, H5P_DEFAULT, H5P_DEFAULT) >= 0);
}

/* In the same file, by way of itself. */
static void soft_circle(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dim)
{
    char path[256];
    (void)type, (void)rank, (void)dim;
    snprintf(path, sizeof path, "/%s", name + (name[0] == '/'));
    assert_true(H5Lcreate_soft(path, file, name, H5P_DEFAULT, H5P_DEFAULT) >= 0);
}

static void virtual_set(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dim)
{
    hid_t space = H5Screate_simple(rank, dim, NULL), list = H5Pcreate(H5P_DATASET_CREATE);
    assert_true(H5Pset_virtual(list, space, other_file("x", type, rank, dim), "/x", space) >= 0);
    make(file, name, type, rank, dim, list);
    H5Pclose(list);
    H5Sclose(space);
}

/* ---- less than claimed ---- */

/* Chunked, nothing stored: HDF5 would fill it in. */
static void no_chunk(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dim)
{
    hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(list, rank, dim);
    make(file, name, type, rank, dim, list);
    H5Pclose(list);
}

/* Contiguous, no space given to it. */
static void no_space(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dim)
{
    make(file, name, type, rank, dim, H5P_DEFAULT);
}

/* One deflated chunk of `share` of the bytes, in hundredths. */
static void deflated(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dim, hsize_t share)
{
    static uint8_t plain[8192], packed[16384];
    const hsize_t zero[4] = {0}, n = bytes_of(type, rank, dim) * share / 100;
    uLongf size = sizeof packed;
    hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    assert_true(n <= sizeof plain && compress(packed, &size, plain, (uLong)n) == Z_OK);
    H5Pset_chunk(list, rank, dim);
    H5Pset_deflate(list, 6);
    make(file, name, type, rank, dim, list);
    H5Pclose(list);
    hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
    assert_true(H5Dwrite_chunk(set, H5P_DEFAULT, 0, zero, size, packed) >= 0);
    H5Dclose(set);
}

static void inflates_short(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dim)
{
    deflated(file, name, type, rank, dim, 50);
}

static void inflates_long(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dim)
{
    deflated(file, name, type, rank, dim, 300);
}

/* A chunk that says it was not deflated, and is too short. */
static void bare_short(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dim)
{
    const hsize_t zero[4] = {0};
    hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(list, rank, dim);
    H5Pset_deflate(list, 6);
    make(file, name, type, rank, dim, list);
    H5Pclose(list);
    hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
    assert_true(H5Dwrite_chunk(set, H5P_DEFAULT, 1, zero, 8, "12345678") >= 0);
    H5Dclose(set);
}

/* A chunk without filters that is short by a byte: the library would read the next one of the file. */
static void plain_short(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dim)
{
    static const uint8_t bytes[8192];
    const hsize_t zero[4] = {0};
    hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(list, rank, dim);
    make(file, name, type, rank, dim, list);
    H5Pclose(list);
    hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
    assert_true(H5Dwrite_chunk(set, H5P_DEFAULT, 0, zero, (size_t)bytes_of(type, rank, dim) - 1, bytes) >= 0);
    H5Dclose(set);
}

/* Compact, of fewer values; patch_claim() makes the claim. */
static void compact(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dim)
{
    hsize_t less[4];
    hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    for (int i = 0; i < rank; i++) less[i] = dim[i];
    less[0] = 1;
    H5Pset_layout(list, H5D_COMPACT);
    make(file, name, type, rank, less, list);
    H5Pclose(list);
}

/* ---- both readers ---- */

static const struct {
    const char *what;
    lie *tell;
    const char *why; /* in the message, for both */
} lies[] = {
    {"external storage", external_storage, "which is not followed"},
    {"external storage in a pipe", external_pipe, "which is not followed"},
    {"external storage in a device", external_device, "which is not followed"},
    {"external link", external_link, "which is not followed"},
    {"external link to a pipe", link_to_pipe, "which is not followed"},
    {"soft link to itself", soft_circle, "which is not followed"},
    {"virtual data set", virtual_set, "which is not followed"},
    {"no chunk", no_chunk, "chunks are stored"},
    {"no space", no_space, "bytes"},
    {"a chunk that inflates short", inflates_short, "does not inflate to its size"},
    {"a chunk that inflates long", inflates_long, "does not inflate to its size"},
    {"a bare chunk that is short", bare_short, "chunk"},
    {"a chunk without filters that is short", plain_short, "each are wanted"},
};

static void quickly(clock_t before, time_t since, const char *what)
{
    if ((double)(clock() - before) / CLOCKS_PER_SEC > 2 || time(NULL) - since > 30) fail_msg("%s takes long", what);
}

static void expect(const char *what, bool refused, const char *why)
{
    if (!refused) fail_msg("%s: accepted", what);
    if (strstr(err.msg, why) == NULL || strchr(err.msg, '\n') != NULL) fail_msg("%s: %s", what, err.msg);
}

/* Opens d.h5 as samples and reads a row; whether that was refused. */
static bool samples_refused(void)
{
    char *paths[1] = {(char *)(uintptr_t)mnq_temp_path("d.h5")};
    uint8_t out[ROW];
    struct mnq_preprocess p;
    memset(&err, 0, sizeof err);
    struct mnq_dataset *d = mnq_dataset_open(paths, 1, SIDE, SIDE, CHANNELS, &err);
    if (d == NULL) return true;
    assert_int_equal(mnq_preprocess_named(&p, "none", CHANNELS, &err), 0);
    bool refused = false;
    for (int i = 0; i < mnq_dataset_count(d) && !refused; i++) refused = mnq_dataset_load(d, i, &p, out, &err) != 0;
    mnq_dataset_close(d);
    return refused;
}

static void samples(void **state)
{
    const hsize_t dim[4] = {ROWS, SIDE, SIDE, CHANNELS};
    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        clock_t before = clock();
        time_t since = time(NULL);
        hid_t file = H5Fcreate(mnq_temp_path("d.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
        lies[i].tell(file, "images", H5T_STD_U8LE, 4, dim);
        H5Fclose(file);
        expect(lies[i].what, samples_refused(), lies[i].why);
        quickly(before, since, lies[i].what);
        unlink(mnq_temp_path("pipe"));
    }
}

/* Labels and class names are read by the same rule. */
static void labels(void **state)
{
    const hsize_t dim[4] = {ROWS, SIDE, SIDE, CHANNELS};
    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        static const uint8_t pixels[ROWS * ROW];
        hid_t file = H5Fcreate(mnq_temp_path("d.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
        make(file, "images", H5T_STD_U8LE, 4, dim, H5P_DEFAULT);
        hid_t set = H5Dopen2(file, "images", H5P_DEFAULT);
        assert_true(H5Dwrite(set, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, pixels) >= 0);
        H5Dclose(set);
        lies[i].tell(file, "labels", H5T_STD_I32LE, 1, dim);
        H5Fclose(file);
        expect(lies[i].what, samples_refused(), lies[i].why);
        unlink(mnq_temp_path("pipe"));
    }
}

/* A model whose dense kernel, 4 x 1, is a lie. */
static bool weights_refused(lie *tell)
{
    char path[1024];
    size_t n, size;
    int bad = 0;
    const hsize_t dim[2] = {4, 1};
    struct mnq_arena arena = {0};
    struct mnq_graph g;
    snprintf(path, sizeof path, "%s/tests/support/keras/sequential.txt", MNQ_SOURCE_DIR);
    unsigned char *text = mnq_temp_read(path, &n);
    uint8_t *bytes = mnq_h5text((const char *)text, n, &size, &bad);
    assert_true(bytes != NULL && bad == 0);
    mnq_temp_write("m.h5", bytes, size);
    free(bytes);
    free(text);
    hid_t file = H5Fopen(mnq_temp_path("m.h5"), H5F_ACC_RDWR, H5P_DEFAULT);
    if (tell != NULL) {
        assert_true(H5Ldelete(file, "/model_weights/o/o/kernel:0", H5P_DEFAULT) >= 0);
        tell(file, "/model_weights/o/o/kernel:0", H5T_IEEE_F32LE, 2, dim);
    }
    H5Fclose(file);
    memset(&err, 0, sizeof err);
    int rc = mnq_import(mnq_temp_path("m.h5"), NULL, &g, &arena, &err);
    mnq_arena_free(&arena);
    return rc != 0;
}

static void weights(void **state)
{
    (void)state;
    if (weights_refused(NULL)) fail_msg("%s", err.msg);
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        clock_t before = clock();
        time_t since = time(NULL);
        expect(lies[i].what, weights_refused(lies[i].tell), lies[i].why);
        quickly(before, since, lies[i].what);
        unlink(mnq_temp_path("pipe"));
    }
}

/* The only dataspace `dim` of a file says `rows` from now on; versions 1 and 2 of the message hold the current and the
 * largest size, in bytes 8 by 8. */
static void claim_rows(const char *name, int rank, const hsize_t *dim, uint8_t rows)
{
    uint8_t pattern[64] = {0};
    size_t n, size = 16 * (size_t)rank;
    int found = 0;
    unsigned char *bytes = mnq_temp_read(mnq_temp_path(name), &n);
    for (int i = 0; i < 2 * rank; i++) pattern[8 * i] = (uint8_t)dim[i % rank];
    for (size_t at = 0; at + size <= n; at++) {
        if (memcmp(bytes + at, pattern, size) != 0) continue;
        bytes[at] = bytes[at + 8 * (size_t)rank] = rows;
        found++;
    }
    assert_int_equal(found, 1);
    mnq_temp_write(name, bytes, n);
    free(bytes);
}

static void compact_claims_more(void **state)
{
    const hsize_t dim[4] = {1, SIDE, SIDE, CHANNELS};
    (void)state;
    hid_t file = H5Fcreate(mnq_temp_path("d.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    compact(file, "images", H5T_STD_U8LE, 4, dim);
    H5Fclose(file);
    if (samples_refused()) fail_msg("%s", err.msg);
    claim_rows("d.h5", 4, dim, ROWS);
    expect("compact", samples_refused(), "the dataset holds 192 bytes, 576 wanted");
}

/* The kernel, of 3 rows that claim to be 4. */
static void compact_kernel(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dim)
{
    const hsize_t less[2] = {dim[0] - 1, dim[1]};
    hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_layout(list, H5D_COMPACT);
    make(file, name, type, rank, less, list);
    H5Pclose(list);
    H5Fflush(file, H5F_SCOPE_LOCAL);
    claim_rows("m.h5", 2, less, (uint8_t)dim[0]);
}

static void compact_weights(void **state)
{
    (void)state;
    expect("compact", weights_refused(compact_kernel), "the dataset holds 12 bytes, 16 wanted");
}

/* ---- numbers that are none ---- */

/* A message of a data type describes 32-bit floats in so many bytes (HDF5 File Format Specification, IV.A.2.d). */
enum { OFFSET_OF = 0, PRECISION_OF = 2, EXPONENT_AT = 4, EXPONENT_OF = 5, FRACTION_AT = 6, FRACTION_OF = 7 };

/* Changes a byte of every description of a float in the file and tells whether the weights are refused. */
static bool fields_refused(int which, uint8_t value)
{
    static const uint8_t plain[] = {0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0};
    size_t n;
    int found = 0;
    struct mnq_arena arena = {0};
    struct mnq_graph g;
    if (weights_refused(NULL)) fail_msg("%s", err.msg);
    unsigned char *bytes = mnq_temp_read(mnq_temp_path("m.h5"), &n);
    for (size_t i = 0; i + sizeof plain <= n; i++)
        if (memcmp(bytes + i, plain, sizeof plain) == 0) {
            bytes[i + (size_t)which] = value;
            found++;
        }
    assert_true(found > 0);
    mnq_temp_write("m.h5", bytes, n);
    free(bytes);
    memset(&err, 0, sizeof err);
    int rc = mnq_import(mnq_temp_path("m.h5"), NULL, &g, &arena, &err);
    mnq_arena_free(&arena);
    return rc != 0;
}

static void fields_beyond_the_bits(void **state)
{
    static const struct {
        int which;
        uint8_t value;
    } field[] = {{OFFSET_OF, 1},     {PRECISION_OF, 16}, {PRECISION_OF, 33}, {EXPONENT_AT, 25}, {EXPONENT_OF, 9},
                 {EXPONENT_OF, 200}, {FRACTION_AT, 10},  {FRACTION_OF, 24},  {FRACTION_OF, 32}, {FRACTION_OF, 127}};
    (void)state;
    for (size_t i = 0; i < sizeof field / sizeof *field; i++)
        expect("a float's fields", fields_refused(field[i].which, field[i].value), "damaged");
    if (fields_refused(FRACTION_OF, 23)) fail_msg("%s", err.msg);
}

/* ---- filters ---- */

/* Checksums in front of deflate and behind it, with and without shuffling: all of these are read, and none when damaged. */
static void checksums(void **state)
{
    const hsize_t dim[4] = {1, SIDE, SIDE, CHANNELS};
    uint8_t pixels[ROW];
    (void)state;
    for (int i = 0; i < ROW; i++) pixels[i] = (uint8_t)(i * i % 7);
    for (int order = 0; order < 6; order++) {
        hsize_t size = 0;
        haddr_t at = 0;
        size_t n;
        hid_t file = H5Fcreate(mnq_temp_path("d.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
        hid_t list = H5Pcreate(H5P_DATASET_CREATE);
        H5Pset_chunk(list, 4, dim);
        if (order == 1 || order == 4) H5Pset_fletcher32(list);
        if (order >= 3) H5Pset_shuffle(list);
        if (order > 0) H5Pset_deflate(list, 6);
        if (order == 5) H5Pset_shuffle(list);
        if (order != 1 && order != 4) H5Pset_fletcher32(list);
        make(file, "images", H5T_STD_U8LE, 4, dim, list);
        hid_t set = H5Dopen2(file, "images", H5P_DEFAULT), space = H5Dget_space(set);
        assert_true(H5Dwrite(set, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, pixels) >= 0);
        assert_true(H5Dget_chunk_info(set, space, 0, NULL, NULL, &at, &size) >= 0);
        H5Sclose(space);
        H5Dclose(set);
        H5Pclose(list);
        H5Fclose(file);
        if (samples_refused()) fail_msg("order %d: %s", order, err.msg);
        unsigned char *bytes = mnq_temp_read(mnq_temp_path("d.h5"), &n);
        bytes[at + size / 2] ^= 1;
        mnq_temp_write("d.h5", bytes, n);
        free(bytes);
        expect("a damaged chunk", samples_refused(), "chunk");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(samples, setup, teardown),
        cmocka_unit_test_setup_teardown(labels, setup, teardown),
        cmocka_unit_test_setup_teardown(weights, setup, teardown),
        cmocka_unit_test_setup_teardown(compact_claims_more, setup, teardown),
        cmocka_unit_test_setup_teardown(compact_weights, setup, teardown),
        cmocka_unit_test_setup_teardown(fields_beyond_the_bits, setup, teardown),
        cmocka_unit_test_setup_teardown(checksums, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
