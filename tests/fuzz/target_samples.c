/* SPDX-License-Identifier: Apache-2.0
 * Files that say what samples there are: a CSV, NumPy arrays, an archive of them, a file of labels, the names of classes.
 * The first byte says which, and what the labels are for; the rest is the file. One explained error, or samples that can be
 * asked for. */
#include "crc32.h"
#include "dataset.h"
#include "fuzz.h"
#include "zip_bytes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIDE = 6, CHANNELS = 3, KINDS = 6, PICTURES = 3 };
enum { CSV, NPY, NPZ, LABELS_TEXT, LABELS_NPY, CLASS_NAMES };

static char dir[64];

static const char *in_dir(const char *name)
{
    static char path[2][128];
    static int turn;
    turn ^= 1;
    snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
    return path[turn];
}

static void put(const char *path, const void *p, size_t n)
{
    FILE *f = fopen(path, "wb");
    MNQ_FUZZ_MUST(f != NULL && fwrite(p, 1, n, f) == n && fclose(f) == 0);
}

static void leave(void)
{
    for (int i = 0; i < PICTURES; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%d.ppm", i);
        unlink(in_dir(name));
    }
    unlink(in_dir("named.csv"));
    unlink(in_dir("x.csv"));
    unlink(in_dir("x.npy"));
    unlink(in_dir("x.npz"));
    unlink(in_dir("x.txt"));
    rmdir(dir);
}

static void begin(void)
{
    static const char named[] = "p0.ppm,b\np1.ppm,a\n";
    char name[16], text[64];
    snprintf(dir, sizeof dir, "/tmp/mnqsamples.%ld", (long)getpid());
    MNQ_FUZZ_MUST(mkdir(dir, 0700) == 0);
    for (int i = 0; i < PICTURES; i++) {
        snprintf(name, sizeof name, "p%d.ppm", i);
        int n = snprintf(text, sizeof text, "P3 2 1 255 %d 2 3 4 5 6\n", i);
        put(in_dir(name), text, (size_t)n);
    }
    put(in_dir("named.csv"), named, sizeof named - 1);
    atexit(leave);
}

static void ask(const struct mnq_dataset *d, const struct mnq_task *task)
{
    static uint8_t out[SIDE * SIDE * CHANNELS];
    struct mnq_preprocess p;
    struct mnq_err e = {0};
    int n = mnq_dataset_count(d), classes = mnq_dataset_classes(d);
    MNQ_FUZZ_MUST(n > 0 && classes >= 0 && mnq_preprocess_named(&p, "none", CHANNELS, &e) == 0);
    for (int i = 0; i < n && i < 100; i++) {
        MNQ_FUZZ_MUST(mnq_dataset_name(d, i) != NULL);
        MNQ_FUZZ_MUST(mnq_dataset_label(d, i) >= -1 && (mnq_dataset_label(d, i) < classes || classes == 0));
        const float *value = mnq_dataset_values(d, i);
        float sum = 0;
        for (size_t k = 0; value != NULL && k < mnq_task_label_values(task); k++) sum += value[k];
        MNQ_FUZZ_MUST(isnan(sum) || value == NULL || fabsf(sum) >= 0);
        if (i < 4 && mnq_dataset_load(d, i, &p, out, &e) != 0) MNQ_FUZZ_MUST(e.code != 0 && e.msg[0] != '\0');
        e = (struct mnq_err){0};
    }
    for (int i = 0; i < classes && i < 100; i++) (void)mnq_dataset_class(d, i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const name[KINDS] = {"x.csv", "x.npy", "x.npz", "x.txt", "x.npy", "x.txt"};
    static const enum mnq_task_kind kind[] = {MNQ_TASK_CLASSES, MNQ_TASK_REGRESSION, MNQ_TASK_MULTILABEL, MNQ_TASK_CLASSES};
    if (size < 1) return 0;
    if (dir[0] == '\0') begin();
    int what = data[0] % KINDS, purpose = data[0] / KINDS % 4;
    char path[128], other[128];
    snprintf(path, sizeof path, "%s", in_dir(name[what]));
    snprintf(other, sizeof other, "%s", what == CLASS_NAMES ? in_dir("named.csv") : dir);
    uint8_t *bytes = mnq_fuzz_copy(data + 1, size - 1);
    if (what == NPZ) mnq_zip_seal(bytes, size - 1);
    put(path, bytes, size - 1);
    free(bytes);
    char *paths[1] = {what < LABELS_TEXT ? path : other};
    struct mnq_data source = {.path = paths, .n = 1};
    if (what == CLASS_NAMES) source.class_names = path;
    else if (what >= LABELS_TEXT) source.labels = path;
    const struct mnq_task task = {.kind = kind[purpose], .threshold = 0.5, .out = {1, 1, 3}};
    struct mnq_err e = {0};
    struct mnq_dataset *d = mnq_dataset_open_as(&source, purpose == 3 ? NULL : &task, SIDE, SIDE, CHANNELS, &e);
    unlink(path);
    MNQ_FUZZ_MUST((d == NULL) == (e.code != 0) && strchr(e.msg, '\n') == NULL && (d != NULL || e.msg[0] != '\0'));
    if (d != NULL) ask(d, &task);
    mnq_dataset_close(d);
    return 0;
}

/* ---- seeds ---- */

/* A .npy of version 1 with n bytes of data that count up. */
static size_t numpy(uint8_t *to, const char *header, size_t n)
{
    size_t h = strlen(header);
    memcpy(to, "\x93NUMPY\1\0", 8);
    to[8] = (uint8_t)h;
    to[9] = (uint8_t)(h >> 8);
    memcpy(to + 10, header, h);
    for (size_t i = 0; i < n; i++) to[10 + h + i] = (uint8_t)i;
    return 10 + h + n;
}

static uint8_t *seed(int kind, int purpose, const void *p, size_t size, size_t *n)
{
    uint8_t *bytes = malloc(size + 1);
    MNQ_FUZZ_MUST(bytes != NULL);
    bytes[0] = (uint8_t)(kind + KINDS * purpose);
    memcpy(bytes + 1, p, size);
    *n = size + 1;
    return bytes;
}

uint8_t *mnq_fuzz_seed(int i, size_t *n)
{
    static const struct {
        int kind, purpose;
        const char *text;
    } text[] = {
        {CSV, 0, "path,label\np0.ppm,1\n\"p1.ppm\",0\r\np2.ppm,2\n"},
        {CSV, 0, "p0.ppm,daisy\np1.ppm,\"a \"\"rose\"\"\"\n"},
        {CSV, 3, ",filename,class\n0,p0.ppm,b\n1,p1.ppm,a\n"},
        {CSV, 1, "file,x,y,z\np0.ppm,0.5,1e3,-2\np1.ppm,nan,4,5\n"},
        {LABELS_TEXT, 0, "0\n2\n1\n"},
        {LABELS_TEXT, 3, "tulip\nrose\nrose\n"},
        {LABELS_TEXT, 1, "0.5, 1, -3\n1 2 3\n4;5;6\n"},
        {CLASS_NAMES, 0, "a\nb\n\nc\r\n"},
        {CLASS_NAMES, 3, "b\na"},
    };
    static const char pictures[] = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2, 3, 3), }\n";
    static const char classes[] = "{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }\n";
    static const char floats[] = "{'descr': '<f2', 'fortran_order': False, 'shape': (3, 3), }\n";
    static uint8_t a[512], b[512];
    const int texts = (int)(sizeof text / sizeof *text);
    if (i < texts) return seed(text[i].kind, text[i].purpose, text[i].text, strlen(text[i].text), n);
    size_t na = numpy(a, pictures, 36), nb = numpy(b, classes, 24);
    if (i == texts) return seed(NPY, 0, a, na, n);
    if (i == texts + 1) return seed(LABELS_NPY, 3, b, nb, n);
    if (i == texts + 2) return seed(LABELS_NPY, 1, b, numpy(b, floats, 18), n);
    if (i == texts + 5) return seed(LABELS_NPY, 0, b, numpy(b, floats, 18), n); /* the largest of each row */
    if (i > texts + 5) return NULL;
    const struct mnq_zip_member member[] = {{"x_train.npy", a, na}, {"y_train.npy", b, nb}};
    size_t size;
    uint8_t *zip = mnq_zip_make(member, 2, i == texts + 4, &size), *bytes = seed(NPZ, 0, zip, size, n);
    free(zip);
    return bytes;
}
