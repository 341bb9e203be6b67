/* SPDX-License-Identifier: Apache-2.0
 * Float outputs of the imported reference models against an independent implementation's, within 1e-4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "graph/exec.h"
#include "graph/preprocess.h"
#include "import/import.h"

#include <hdf5.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IMAGES = 2 }; /* of the eight: each costs a run */

struct golden {
    hsize_t image[4], output[2];
    uint8_t *pixels;
    float *values;
    char preprocess[16];
};

static void read_dataset(hid_t file, const char *name, hid_t type, int rank, hsize_t *dim, size_t size, void **data)
{
    hid_t set = H5Dopen2(file, name, H5P_DEFAULT), space = H5Dget_space(set);
    assert_int_equal(H5Sget_simple_extent_ndims(space), rank);
    H5Sget_simple_extent_dims(space, dim, NULL);
    for (int i = 0; i < rank; i++) size *= dim[i];
    *data = malloc(size);
    assert_non_null(*data);
    assert_true(H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, *data) >= 0);
    H5Sclose(space);
    H5Dclose(set);
}

static void read_golden(const char *name, struct golden *g)
{
    char path[600], *text = NULL;
    void *data;
    snprintf(path, sizeof path, "%s/golden/%s.h5", MNQ_ASSETS, name);
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    assert_true(file >= 0);
    read_dataset(file, "images", H5T_NATIVE_UINT8, 4, g->image, 1, &data);
    g->pixels = data;
    read_dataset(file, "outputs", H5T_NATIVE_FLOAT, 2, g->output, sizeof(float), &data);
    g->values = data;
    hid_t attr = H5Aopen(file, "preprocess", H5P_DEFAULT), type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    assert_true(H5Aread(attr, type, &text) >= 0);
    snprintf(g->preprocess, sizeof g->preprocess, "%s", text);
    H5free_memory(text);
    H5Tclose(type);
    H5Aclose(attr);
    H5Fclose(file);
}

static void check(const char *name, const char *reference, const char *arch)
{
    struct golden golden;
    struct mnq_arena arena = {0};
    struct mnq_graph g;
    struct mnq_err e = {0};
    struct mnq_preprocess p;
    char path[600];
    read_golden(reference, &golden);
    snprintf(path, sizeof path, "%s/models/%s.h5", MNQ_ASSETS, name);
    int rc = mnq_import(path, &(struct mnq_import_opts){.arch = arch}, &g, &arena, &e);
    if (rc != 0) print_error("%s\n", e.msg);
    assert_int_equal(rc, 0);
    assert_int_equal(mnq_preprocess_named(&p, golden.preprocess, 3, &e), 0);
    struct mnq_exec *x = mnq_exec_new(&g, false, &e);
    if (x == NULL) print_error("%s\n", e.msg);
    assert_non_null(x);
    size_t pixels = golden.image[1] * golden.image[2], classes = golden.output[1];
    assert_int_equal(g.node[0].out.h, golden.image[1]);
    assert_int_equal(g.node[g.output].out.c, classes);
    float *in = malloc(pixels * 3 * sizeof *in);
    assert_non_null(in);
    double worst = 0;
    for (size_t i = 0; i < IMAGES; i++) {
        mnq_preprocess_apply(&p, golden.pixels + i * pixels * 3, (int)pixels, in);
        const float *out = mnq_exec_run(x, in, NULL, NULL);
        for (size_t k = 0; k < classes; k++) {
            double d = fabs((double)out[k] - (double)golden.values[i * classes + k]);
            if (!(d <= worst)) worst = d;
        }
    }
    print_message("%-40s %.2g\n", name, worst);
    assert_true(worst <= 1e-4);
    free(in);
    free(golden.pixels);
    free(golden.values);
    mnq_exec_free(x);
    mnq_arena_free(&arena);
}

#define PARITY(fn, name)                                                                                                    \
    static void fn(void **state)                                                                                            \
    {                                                                                                                       \
        (void)state;                                                                                                        \
        check(name, name, NULL);                                                                                            \
    }
PARITY(v1_128, "v1-0.25-128-imagenet")
PARITY(v1_flowers, "v1-0.25-224-flowers")
PARITY(v1_224, "v1-0.25-224-imagenet")
PARITY(v1_vww, "v1-0.25-96-vww")
PARITY(v1_weights, "v1-1.0-224-imagenet.weights")
PARITY(v2_flowers, "v2-0.35-224-flowers.weights")
PARITY(v2_teachable, "v2-0.35-224-teachable")
PARITY(v2_weights, "v2-1.0-224-imagenet.weights")
PARITY(v3_weights, "v3-small-1.0-224-imagenet.weights")
PARITY(v3_flowers, "v3-small-224-flowers")

/* The same network as weights alone: an architecture file says what those cannot. */
static void v3_symmetric(void **state)
{
    (void)state;
    char arch[64];
    snprintf(arch, sizeof arch, "test_parity_%ld.yaml", (long)getpid());
    FILE *f = fopen(arch, "w");
    assert_non_null(f);
    fputs("family: v3-small\npadding: symmetric\npreprocess: torch\n", f);
    fclose(f);
    check("v3-small-224-flowers.weights", "v3-small-224-flowers", arch);
    unlink(arch);
}

int main(void)
{
    if (access(MNQ_ASSETS "/golden", R_OK) != 0) {
        printf("skipped: no %s\n", MNQ_ASSETS);
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(v1_128),       cmocka_unit_test(v1_flowers),   cmocka_unit_test(v1_224),
        cmocka_unit_test(v1_vww),       cmocka_unit_test(v1_weights),   cmocka_unit_test(v2_flowers),
        cmocka_unit_test(v2_teachable), cmocka_unit_test(v2_weights),   cmocka_unit_test(v3_weights),
        cmocka_unit_test(v3_flowers),   cmocka_unit_test(v3_symmetric),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
