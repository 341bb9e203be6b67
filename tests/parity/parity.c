/* SPDX-License-Identifier: Apache-2.0
 * The float executor against the outputs another implementation recorded.
 *
 * usage: parity MODEL.h5 GOLDEN.h5 PREPROCESS LIMIT
 * GOLDEN.h5 holds images u8 (N,H,W,C) and outputs f32 (N,classes). Exit status 0 if no value differs by more than LIMIT. */
#include "dataset.h"
#include "subject.h"
#include "util/arena.h"

#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The recorded outputs (n x classes values, malloc'd), or NULL. */
static float *read_outputs(const char *path, int n, int classes, struct mnq_err *e)
{
    size_t count = (size_t)n * (size_t)classes;
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    hid_t set = file < 0 ? -1 : H5Dopen2(file, "outputs", H5P_DEFAULT);
    hid_t space = set < 0 ? -1 : H5Dget_space(set);
    hssize_t found = space < 0 ? -1 : H5Sget_simple_extent_npoints(space);
    float *value = malloc(count * sizeof *value);
    if (value == NULL || found != (hssize_t)count ||
        H5Dread(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, value) < 0) {
        mnq_fail(e, MNQ_EXIT_FAILED, "%s: outputs: %lld values, wanted %zu", path, (long long)found, count);
        free(value);
        value = NULL;
    }
    if (space >= 0) H5Sclose(space);
    if (set >= 0) H5Dclose(set);
    if (file >= 0) H5Fclose(file);
    return value;
}

/* Largest difference over all samples, or a negative value with e. A NaN counts as infinitely far off. */
static double largest_difference(const struct mnq_subject *s, struct mnq_dataset *d, const float *wanted, struct mnq_err *e)
{
    double worst = 0;
    struct mnq_runner *r = mnq_runner_new(s, e);
    uint8_t *pixels = malloc((size_t)s->input.h * (size_t)s->input.w * (size_t)s->input.c);
    float *out = malloc((size_t)s->outputs * sizeof *out);
    int rc = r == NULL ? -1 : pixels != NULL && out != NULL ? 0 : mnq_fail_nomem(e);
    for (int i = 0; rc == 0 && i < mnq_dataset_count(d); i++) {
        rc = mnq_dataset_load(d, i, &s->preprocess, pixels, e);
        if (rc == 0) rc = mnq_runner_run(r, pixels, out, e);
        for (int k = 0; rc == 0 && k < s->outputs; k++) {
            double diff = fabs((double)out[k] - (double)wanted[i * s->outputs + k]);
            if (!(diff <= worst)) worst = isnan(diff) ? (double)INFINITY : diff;
        }
    }
    free(out);
    free(pixels);
    if (r != NULL) mnq_runner_free(r);
    return rc == 0 ? worst : -1;
}

int main(int argc, char **argv)
{
    struct mnq_arena arena = {0};
    struct mnq_subject s;
    struct mnq_dataset *d = NULL;
    struct mnq_err e = {0};
    float *wanted = NULL;
    double worst = -1;

    if (argc != 5) {
        fprintf(stderr, "usage: parity MODEL.h5 GOLDEN.h5 PREPROCESS LIMIT\n");
        return 2;
    }
    double limit = strtod(argv[4], NULL);
    if (mnq_subject_open(argv[1], &(struct mnq_subject_opts){.preprocess = argv[3]}, &s, &arena, &e) == 0)
        d = mnq_dataset_open(&argv[2], 1, s.input.h, s.input.w, s.input.c, &e);
    if (d != NULL) wanted = read_outputs(argv[2], mnq_dataset_count(d), s.outputs, &e);
    if (wanted != NULL) worst = largest_difference(&s, d, wanted, &e);
    if (worst < 0) printf("FAILED: %s\n", e.msg);
    else printf("%s: largest difference %.2g over %d inputs, limit %g\n", argv[1], worst, mnq_dataset_count(d), limit);
    free(wanted);
    if (d != NULL) mnq_dataset_close(d);
    mnq_arena_free(&arena);
    return worst >= 0 && worst <= limit ? 0 : 1;
}
