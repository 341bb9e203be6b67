/* SPDX-License-Identifier: Apache-2.0
 * Writes the first N samples of a dataset as the raw bytes a packed model takes, one after another.
 *
 * usage: inputs MODEL.mnq DATA N OUT.bin */
#include "dataset.h"
#include "subject.h"
#include "util/arena.h"

#include <stdio.h>
#include <stdlib.h>

static int write_samples(const struct mnq_subject *s, struct mnq_dataset *d, int n, FILE *out, struct mnq_err *e)
{
    size_t size = (size_t)s->input.h * (size_t)s->input.w * (size_t)s->input.c;
    if (n < 1 || n > mnq_dataset_count(d))
        return mnq_fail(e, MNQ_EXIT_USAGE, "%d samples wanted, %d present", n, mnq_dataset_count(d));
    uint8_t *pixels = malloc(size);
    int rc = pixels != NULL ? 0 : mnq_fail_nomem(e);
    for (int i = 0; rc == 0 && i < n; i++) {
        rc = mnq_dataset_load(d, i, &s->preprocess, pixels, e);
        if (rc == 0 && fwrite(pixels, 1, size, out) != size) rc = mnq_fail(e, MNQ_EXIT_FAILED, "cannot write");
    }
    free(pixels);
    return rc;
}

int main(int argc, char **argv)
{
    struct mnq_arena arena = {0};
    struct mnq_subject s;
    struct mnq_dataset *d = NULL;
    struct mnq_err e = {0};
    int rc = -1;

    if (argc != 5) {
        fprintf(stderr, "usage: inputs MODEL.mnq DATA N OUT.bin\n");
        return 2;
    }
    FILE *out = fopen(argv[4], "wb");
    if (out == NULL) {
        perror(argv[4]);
        return 1;
    }
    if (mnq_subject_open(argv[1], &(struct mnq_subject_opts){0}, &s, &arena, &e) == 0) {
        d = mnq_dataset_open(&argv[2], 1, s.input.h, s.input.w, s.input.c, &e);
        if (d != NULL) rc = write_samples(&s, d, (int)strtol(argv[3], NULL, 10), out, &e);
    }
    if (fclose(out) != 0) rc = -1;
    if (rc != 0) fprintf(stderr, "inputs: %s\n", e.msg);
    if (d != NULL) mnq_dataset_close(d);
    mnq_arena_free(&arena);
    return rc != 0;
}
