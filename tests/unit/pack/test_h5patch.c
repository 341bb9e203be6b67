/* SPDX-License-Identifier: Apache-2.0
 * New values in the place of old ones: a compressed dataset takes no more room than before, others keep every bit. */
#include "pack/h5patch.h"
#include "tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <hdf5.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 128, COLUMNS = 64, N = ROWS * COLUMNS, SPARE = 12 };

static uint32_t random_state = 7;

/* A float of about 1 with its low `spare` bits 0. */
static float draw(int spare)
{
    random_state = random_state * 1664525u + 1013904223u;
    uint32_t bits = (0x3f000000u + (random_state >> 7)) & ~((1u << spare) - 1);
    float v;
    memcpy(&v, &bits, sizeof v);
    return random_state & 1u ? v : -v;
}

/* A file of one dataset "w", compressed or not. */
static uint8_t *file_of(const float *v, bool compressed, size_t *n)
{
    const char *path = mnq_temp_path("w.h5");
    const hsize_t dim[2] = {ROWS, COLUMNS}, chunk[2] = {ROWS / 4, COLUMNS};
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), list = H5Pcreate(H5P_DATASET_CREATE),
          space = H5Screate_simple(2, dim, NULL);
    if (compressed) {
        H5Pset_chunk(list, 2, chunk);
        H5Pset_shuffle(list);
        H5Pset_deflate(list, 9);
    }
    hid_t set = H5Dcreate2(file, "w", H5T_IEEE_F32LE, space, H5P_DEFAULT, list, H5P_DEFAULT);
    assert_true(H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, v) >= 0);
    H5Dclose(set);
    H5Sclose(space);
    H5Pclose(list);
    assert_true(H5Fclose(file) >= 0);
    return mnq_temp_read(path, n);
}

static void read_back(const uint8_t *bytes, size_t n, float *v)
{
    hid_t file = H5Fopen(mnq_temp_write("out.h5", bytes, n), H5F_ACC_RDONLY, H5P_DEFAULT),
          set = H5Dopen2(file, "w", H5P_DEFAULT);
    assert_true(H5Dread(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, v) >= 0);
    H5Dclose(set);
    H5Fclose(file);
}

/* Half of the values become 0, a quarter change, a quarter stay. */
static void patched(bool compressed, int spare)
{
    float *old = malloc(N * sizeof *old), *new = malloc(N * sizeof *new), *got = malloc(N * sizeof *got);
    for (int i = 0; i < N; i++) {
        old[i] = draw(spare);
        new[i] = i % 2 == 0 ? 0 : i % 4 == 1 ? draw(0) : old[i];
    }
    size_t n, n_out;
    uint8_t *bytes = file_of(old, compressed, &n), *out;
    struct mnq_err e = {0};
    const struct mnq_h5_patch patch = {"w", new, N};
    if (mnq_h5_patch("w.h5", bytes, n, &patch, 1, &out, &n_out, &e) != 0) fail_msg("%s", e.msg);
    assert_true(n_out <= n);
    read_back(out, n_out, got);
    for (int i = 0; i < N; i++) {
        float off = got[i] - new[i], bound = compressed &&spare > 0 && i % 4 == 1 ? 0x1p-12F : 0;
        assert_true((off < 0 ? -off : off) <= bound * (new[i] < 0 ? -new[i] : new[i]));
    }
    free(out);
    free(bytes);
    free(old);
    free(new);
    free(got);
}

static void compressed_files_do_not_grow(void **state)
{
    (void)state;
    mnq_temp_make();
    patched(true, SPARE);
    patched(true, 0);
    mnq_temp_remove();
}

static void other_files_keep_every_bit(void **state)
{
    (void)state;
    mnq_temp_make();
    patched(false, SPARE);
    patched(false, 0);
    mnq_temp_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compressed_files_do_not_grow),
        cmocka_unit_test(other_files_keep_every_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
