/* SPDX-License-Identifier: Apache-2.0
 * HDF5 files of sample data, arbitrary bytes: one explained error, or rows that can be read, and the same bytes when they
 * are read again by another process: what is not in the file must not get into them. */
#include "child.h"
#include "dataset.h"
#include "fuzz.h"
#include "h5text.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIDE = 8, CHANNELS = 3, PIXELS = SIDE * SIDE * CHANNELS, ROWS = 16 };

static char path[64];

/* Rows, names and labels into out; their number, or -1. */
static int read_rows(uint8_t out[ROWS * PIXELS], struct mnq_err *e)
{
    char *paths[1] = {path};
    struct mnq_preprocess p;
    struct mnq_dataset *d = mnq_dataset_open(paths, 1, SIDE, SIDE, CHANNELS, e);
    if (d == NULL) return -1;
    MNQ_FUZZ_MUST(mnq_preprocess_named(&p, "none", CHANNELS, e) == 0);
    int n = mnq_dataset_count(d), rc = 0;
    if (n > ROWS) n = ROWS;
    for (int i = 0; i < n && rc == 0; i++) {
        MNQ_FUZZ_MUST(mnq_dataset_name(d, i) != NULL && mnq_dataset_label(d, i) >= -1);
        rc = mnq_dataset_load(d, i, &p, out + (size_t)i * PIXELS, e);
    }
    for (int i = 0; i < mnq_dataset_classes(d); i++) (void)mnq_dataset_class(d, i);
    mnq_dataset_close(d);
    return rc == 0 ? n : -1;
}

/* As a file, read twice; its rows, or -1. */
static int look(const uint8_t *data, size_t size)
{
    static uint8_t first[ROWS * PIXELS], second[ROWS * PIXELS];
    if (path[0] == '\0') snprintf(path, sizeof path, "/tmp/mnqfuzz.%ld.h5", (long)getpid());
    FILE *f = fopen(path, "wb");
    MNQ_FUZZ_MUST(f != NULL && fwrite(data, 1, size, f) == size && fclose(f) == 0);
    struct mnq_err a = {0}, b = {0};
    void *shift = malloc(1000 + size % 5000); /* the heap of the second reader is another one */
    int n = read_rows(first, &a);
    free(shift);
    int again = read_rows(second, &b);
    unlink(path);
    mnq_fuzz_child_check();
    MNQ_FUZZ_MUST((n < 0) == (a.code != 0) && n == again);
    MNQ_FUZZ_MUST(n < 0 || memcmp(first, second, (size_t)n * PIXELS) == 0);
    MNQ_FUZZ_MUST(strchr(a.msg, '\n') == NULL);
    return n;
}

/* What refuses every file finds nothing. */
static void look_at_seed(void)
{
    static bool seen;
    size_t n;
    if (seen) return;
    uint8_t *bytes = mnq_fuzz_seed(0, &n);
    MNQ_FUZZ_MUST(look(bytes, n) == 4);
    free(bytes);
    seen = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mnq_fuzz_child_watch();
    look_at_seed();
    look(data, size);
    return 0;
}

uint8_t *mnq_fuzz_seed(int i, size_t *n)
{
    static const char *const text[] = {
        "d /images u8 4,8,8,3\nd /labels i32 4 0 1 2 1\n",
        "z /images u8 4,8,8,3\nd /labels i64 4 0 1 0 1\nl / class_names a b\n",
        "g /test\nz /test/images u8 3,8,8,3\n",
        "d /images u8 4,9,7,3\n",
    };
    int bad = 0;
    if (i >= (int)(sizeof text / sizeof *text)) return NULL;
    uint8_t *bytes = mnq_h5text(text[i], strlen(text[i]), n, &bad);
    MNQ_FUZZ_MUST(bytes != NULL && bad == 0);
    return bytes;
}
