/* SPDX-License-Identifier: Apache-2.0
 * The whole way from a Keras file to a picture's class while memory runs out at every single allocation in turn.
 *
 * The linker puts the functions below in the place of malloc, calloc, realloc, strdup and the arena's (--wrap). Each run
 * must end in success or in one error; the sanitizers see to leaks and stray pointers. With an argument N only run N is
 * done. */
#include "calibrate.h"
#include "dataset.h"
#include "fuzz.h"
#include "h5text.h"
#include "keras_text.h"
#include "pack/h5patch.h"
#include "pack/restore.h"
#include "prune.h"
#include "recipe_read.h"
#include "subject.h"
#include "tempdir.h"
#include "util/file.h"
#include "util/outfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- allocation ---- */

static long counted, fail_from, fail_to; /* allocations fail_from .. fail_to - 1 fail */

static bool fails(void)
{
    long n = counted++;
    if (n < fail_from || n >= fail_to) return false;
    errno = ENOMEM;
    return true;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
char *__real_strdup(const char *s);
void *__real_mnq_arena_alloc(struct mnq_arena *a, size_t n);
void *__real_mnq_arena_array(struct mnq_arena *a, size_t n, size_t size);
char *__real_mnq_arena_strdup(struct mnq_arena *a, const char *s);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *s);
void *__wrap_mnq_arena_alloc(struct mnq_arena *a, size_t n);
void *__wrap_mnq_arena_array(struct mnq_arena *a, size_t n, size_t size);
char *__wrap_mnq_arena_strdup(struct mnq_arena *a, const char *s);

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    return fails() ? NULL : __real_realloc(p, n);
}

char *__wrap_strdup(const char *s)
{
    return fails() ? NULL : __real_strdup(s);
}

void *__wrap_mnq_arena_alloc(struct mnq_arena *a, size_t n)
{
    return fails() ? NULL : __real_mnq_arena_alloc(a, n);
}

void *__wrap_mnq_arena_array(struct mnq_arena *a, size_t n, size_t size)
{
    return fails() ? NULL : __real_mnq_arena_array(a, n, size);
}

char *__wrap_mnq_arena_strdup(struct mnq_arena *a, const char *s)
{
    return fails() ? NULL : __real_mnq_arena_strdup(a, s);
}

/* ---- the way ---- */

static char *model_path, *packed_path, *data_path[3];

static void make_files(void)
{
    static const char ppm[] = "P2 4 4 9 1 2 3 4 5 6 7 8 9 1 2 3 4 5 6 7\n";
    static const char images[] = "z /images u8 5,8,8,3\nd /labels i32 5 0 1 2\n";
    size_t n, length;
    int bad;
    const char *text = mnq_keras_text(0, &length);
    uint8_t *file = mnq_h5text(text, length, &n, &bad);
    mnq_temp_make();
    model_path = strdup(mnq_temp_write("m.h5", file, n));
    free(file);
    file = mnq_h5text(images, strlen(images), &n, &bad);
    data_path[0] = strdup(mnq_temp_write("d.h5", file, n));
    free(file);
    mnq_temp_dir("d");
    mnq_temp_dir("d/a");
    mnq_temp_text("d/a/1.ppm", ppm);
    data_path[1] = strdup(mnq_temp_path("d"));
    data_path[2] = strdup(mnq_temp_text("l.csv", "path,label\nd/a/1.ppm,a\n"));
    packed_path = strdup(mnq_temp_path("m.mnq"));
}

static int run(const struct mnq_subject *s, const struct mnq_dataset *d, struct mnq_err *e)
{
    uint8_t pixels[8 * 8 * 3];
    float out[16];
    struct mnq_runner *r = mnq_runner_new(s, e);
    if (r == NULL) return -1;
    int rc = 0;
    MNQ_FUZZ_MUST(s->outputs <= 16);
    for (int i = 0; i < mnq_dataset_count(d) && rc == 0; i++) {
        if (mnq_dataset_name(d, i) == NULL) rc = mnq_fail_nomem(e);
        else rc = mnq_dataset_load(d, i, &s->preprocess, pixels, e);
        if (rc == 0) rc = mnq_runner_run(r, pixels, out, e);
    }
    mnq_runner_free(r);
    return rc;
}

static int quantize(const struct mnq_subject *s, const struct mnq_dataset *d, struct mnq_arena *arena, struct mnq_err *e)
{
    struct mnq_calib_opts o;
    struct mnq_calib_report report;
    struct mnq_qmodel q;
    struct mnq_package p;
    struct mnq_recipe recipe;
    uint8_t *bytes;
    size_t n;
    static const char rules[] =
        "layers: [{match: \"*\", observer: mse}, {kind: [pointwise, dense], ratio: 0, pattern: none}]";
    struct mnq_layer_choice *choice = mnq_arena_array(arena, (size_t)s->legal.n, sizeof *choice);
    if (choice == NULL) return mnq_fail_nomem(e);
    mnq_recipe_defaults(&recipe);
    if (mnq_recipe_parse("r", rules, strlen(rules), &recipe, arena, e) != 0) return -1;
    const char *text = mnq_recipe_text(&recipe, arena);
    if (text == NULL) return mnq_fail_nomem(e);
    if (mnq_recipe_parse("r", text, strlen(text), &recipe, arena, e) != 0) return -1;
    if (mnq_rules_resolve(recipe.rule, recipe.n_rules, &s->legal, choice, e) != 0) return -1;
    mnq_calib_defaults(&o);
    o.threads = 1;
    if (mnq_calibrate(&s->legal, d, &s->preprocess, &o, &q, &report, arena, NULL, NULL, e) != 0) return -1;
    q.preprocess = s->preprocess;
    q.tool = "nomem";
    q.source_name = "m.h5";
    q.recipe = text;
    if (mnq_qmodel_pack(&q, &bytes, &n, e) != 0 || mnq_package_parse("m.mnq", bytes, n, &p, arena, e) != 0) return -1;
    return mnq_output_write(packed_path, bytes, n, true, e);
}

static int prune(const struct mnq_subject *s, const struct mnq_dataset *d, struct mnq_arena *arena, struct mnq_err *e)
{
    struct mnq_prune_opts o = {.ratio = 0.5, .scope = MNQ_PRUNE_GLOBAL, .method = MNQ_PRUNE_OBS, .threads = 1};
    struct mnq_prune_report report;
    struct mnq_graph out;
    struct mnq_restored restored;
    uint8_t *source, *bytes;
    size_t n, n_out;
    if (mnq_prune(&s->legal, d, &s->preprocess, &o, &out, &report, arena, NULL, NULL, e) != 0 ||
        mnq_restore(&s->raw, &s->legal, &out, &restored, arena, e) != 0 ||
        mnq_file_read(model_path, 1 << 20, arena, &source, &n, e) != 0 ||
        mnq_h5_patch("m.h5", source, n, restored.patch, restored.n_patches, &bytes, &n_out, e) != 0)
        return -1;
    free(bytes);
    return 0;
}

static int all(struct mnq_arena *arena, struct mnq_err *e)
{
    const struct mnq_subject_opts so = {.preprocess = "unit"};
    struct mnq_subject *s = mnq_arena_alloc(arena, 2 * sizeof *s);
    if (s == NULL) return mnq_fail_nomem(e);
    if (mnq_subject_open(model_path, &so, &s[0], arena, e) != 0) return -1;
    for (int i = 0; i < 3; i++) {
        struct mnq_dataset *d = mnq_dataset_open(&data_path[i], 1, 8, 8, 3, e);
        if (d == NULL) return -1;
        int rc = run(&s[0], d, e);
        if (rc == 0 && i == 0) rc = quantize(&s[0], d, arena, e);
        if (rc == 0 && i == 0) rc = prune(&s[0], d, arena, e);
        mnq_dataset_close(d);
        if (rc != 0) return -1;
    }
    struct mnq_dataset *d = NULL;
    if (mnq_subject_open(packed_path, &so, &s[1], arena, e) != 0 || (d = mnq_dataset_open(data_path, 3, 8, 8, 3, e)) == NULL)
        return -1;
    int rc = run(&s[1], d, e);
    mnq_dataset_close(d);
    return rc;
}

static int once(long from, long to)
{
    struct mnq_arena arena = {0};
    struct mnq_err e = {0};
    counted = 0;
    fail_from = from;
    fail_to = to;
    int rc = all(&arena, &e);
    mnq_arena_free(&arena);
    fail_to = 0;
    MNQ_FUZZ_MUST((rc == 0) == (e.code == 0));
    if (rc != 0 && strstr(e.msg, "memory") == NULL) printf("allocation %ld: %s\n", from, e.msg);
    MNQ_FUZZ_MUST(rc == 0 || strstr(e.msg, "memory") != NULL);
    return rc;
}

int main(int argc, char **argv)
{
    enum { RUNS = 700 };
    make_files();
    MNQ_FUZZ_MUST(once(0, 0) == 0);
    const long total = counted, step = total / RUNS + 1;
    long failed = 0, runs = 0;
    for (long i = 0; i < total; i += i < RUNS / 2 ? 1 : step) {
        if (argc > 1 && strtol(argv[1], NULL, 10) != i) continue;
        if (argc > 2) printf("%ld\n", i);
        failed += once(i, i + 1) != 0;     /* one failure */
        failed += once(i, total + 1) != 0; /* none succeeds any more */
        runs += 2;
    }
    printf("%ld allocations, %ld runs, %ld ended in an error\n", total, runs, failed);
    MNQ_FUZZ_MUST(argc > 1 || failed > runs / 2);
    free(model_path);
    free(packed_path);
    for (int i = 0; i < 3; i++) free(data_path[i]);
    mnq_temp_remove();
    return 0;
}
