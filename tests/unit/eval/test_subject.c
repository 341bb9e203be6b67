/* SPDX-License-Identifier: Apache-2.0
 * Models from files, evaluated and compared on made-up pictures: a net of two layers that names the brightest channel. */
#include "calibrate.h"
#include "compare.h"
#include "evaluate.h"
#include "pack/keras_write.h"
#include "paired.h"
#include "subject.h"
#include "util/outfile.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { SIDE = 4, CLASSES = 3, SAMPLES = 45 };

static char dir[64], plain[128], turned[128], flat[128], packed[160], list[128];
static uint8_t brightest[SAMPLES]; /* channel that a picture is brightest in */

/* Pool, then a dense layer that takes channel c to class (c + turn) mod 3. */
static void write_model(const char *path, int turn)
{
    struct mnq_arena arena = {0};
    struct mnq_graph g;
    struct mnq_err e = {0};
    mnq_graph_init(&g, &arena);
    struct mnq_node *nd = mnq_graph_add(&g, MNQ_OP_INPUT, "input");
    nd->out = (struct mnq_shape){SIDE, SIDE, 3};
    nd = mnq_graph_add(&g, MNQ_OP_AVGPOOL, "pool");
    nd->n_in = 1;
    nd->kh = nd->kw = SIDE;
    nd = mnq_graph_add(&g, MNQ_OP_DENSE, "dense");
    nd->n_in = 1;
    nd->in[0] = 1;
    nd->out.c = CLASSES;
    nd->w = mnq_arena_array(&arena, 9, sizeof *nd->w);
    for (int c = 0; c < 3; c++) nd->w[c * CLASSES + (c + turn) % 3] = 1;
    g.output = 2;
    if (mnq_graph_check(&g, &e) != 0 || mnq_keras_write(&g, path, &e) != 0) fail_msg("%s", e.msg);
    mnq_arena_free(&arena);
}

/* A dense layer on every pixel: no other input size fits. */
static void write_flat(const char *path)
{
    struct mnq_arena arena = {0};
    struct mnq_graph g;
    struct mnq_err e = {0};
    mnq_graph_init(&g, &arena);
    mnq_graph_add(&g, MNQ_OP_INPUT, "input")->out = (struct mnq_shape){SIDE, SIDE, 3};
    struct mnq_node *nd = mnq_graph_add(&g, MNQ_OP_RESHAPE, "flatten");
    nd->n_in = 1;
    nd->out = (struct mnq_shape){1, 1, SIDE * SIDE * 3};
    nd = mnq_graph_add(&g, MNQ_OP_DENSE, "dense");
    nd->n_in = 1;
    nd->in[0] = 1;
    nd->out.c = CLASSES;
    nd->w = mnq_arena_array(&arena, (size_t)SIDE * SIDE * 3 * CLASSES, sizeof *nd->w);
    for (int i = 0; i < SIDE * SIDE * 3 * CLASSES; i++) nd->w[i] = (float)(i * 37 % 101 - 50) / 100;
    g.output = 2;
    if (mnq_graph_check(&g, &e) != 0 || mnq_keras_write(&g, path, &e) != 0) fail_msg("%s", e.msg);
    mnq_arena_free(&arena);
}

static void write_picture(const char *path, unsigned seed, int bright)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fprintf(f, "P6\n%d %d\n255\n", SIDE, SIDE);
    for (int i = 0; i < SIDE * SIDE * 3; i++) {
        seed = seed * 1664525U + 1013904223U;
        fputc((int)(seed >> 24) / 2 + (i % 3 == bright ? 110 : 0), f);
    }
    fclose(f);
}

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "test_subject.%ld", (long)getpid());
    if (mkdir(dir, 0700) != 0) return -1;
    snprintf(plain, sizeof plain, "%s/plain.h5", dir);
    snprintf(turned, sizeof turned, "%s/turned.h5", dir);
    snprintf(flat, sizeof flat, "%s/flat.h5", dir);
    snprintf(packed, sizeof packed, "%s/packed.mnq", dir);
    snprintf(list, sizeof list, "%s/list.csv", dir);
    write_model(plain, 0);
    write_model(turned, 1);
    write_flat(flat);
    FILE *f = fopen(list, "w");
    if (f == NULL) return -1;
    for (int i = 0; i < SAMPLES; i++) {
        char name[32], path[160];
        snprintf(name, sizeof name, "p%03d.ppm", i);
        snprintf(path, sizeof path, "%s/%s", dir, name);
        brightest[i] = (uint8_t)(i * 7 % 3);
        write_picture(path, (unsigned)i, brightest[i]);
        fprintf(f, "%s,%d\n", name, i % 5 == 0 ? (brightest[i] + 1) % 3 : brightest[i]); /* every fifth label is wrong */
    }
    fclose(f);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (int i = 0; i < SAMPLES; i++) {
        char path[160];
        snprintf(path, sizeof path, "%s/p%03d.ppm", dir, i);
        unlink(path);
    }
    unlink(plain);
    unlink(turned);
    unlink(flat);
    unlink(packed);
    unlink(list);
    return rmdir(dir);
}

static void open_subject(const char *path, const char *preprocess, struct mnq_subject *s, struct mnq_arena *arena)
{
    struct mnq_err e = {0};
    struct mnq_subject_opts o = {.preprocess = preprocess};
    if (mnq_subject_open(path, &o, s, arena, &e) != 0) fail_msg("%s", e.msg);
}

static void opening(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    struct mnq_subject s;
    open_subject(plain, NULL, &s, &arena);
    assert_int_equal(s.kind, MNQ_SUBJECT_FLOAT);
    assert_int_equal(s.preprocess_from, MNQ_FROM_NOWHERE);
    assert_string_equal(s.preprocess.name, "tf");
    assert_int_equal(s.macs, 9);
    assert_int_equal(s.params, 9);
    assert_int_equal(s.weight_bytes, 36);
    assert_int_equal(s.outputs, 3);
    assert_int_equal(s.arena_bytes, 4 * (48 + 3)); /* input and pooled vector; the dense layer needs less */
    open_subject(plain, "unit", &s, &arena);
    assert_int_equal(s.preprocess_from, MNQ_FROM_OPTION);
    struct mnq_err e = {0};
    struct mnq_subject_opts o = {.preprocess = "sepia"};
    assert_int_equal(mnq_subject_open(plain, &o, &s, &arena, &e), -1);
    assert_int_equal(e.code, MNQ_EXIT_USAGE);
    mnq_arena_free(&arena);
}

/* A fully convolutional model takes other input sizes; one that does not says that the size is the reason. */
static void other_resolutions(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    struct mnq_subject s;
    struct mnq_err e = {0};
    struct mnq_subject_opts o = {.preprocess = "unit", .import = {.resolution = 2 * SIDE}};
    if (mnq_subject_open(plain, &o, &s, &arena, &e) != 0) fail_msg("%s", e.msg);
    assert_int_equal(s.input.h, 2 * SIDE);
    assert_int_equal(s.input.w, 2 * SIDE);
    assert_int_equal(s.params, 9);
    struct mnq_runner *r = mnq_runner_new(&s, &e);
    assert_non_null(r);
    uint8_t pixels[4 * SIDE * SIDE * 3];
    float out[CLASSES];
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = i % 3 == 1 ? 255 : 0;
    assert_int_equal(mnq_runner_run(r, pixels, out, &e), 0);
    assert_true(out[0] == 0 && fabsf(out[1] - 1) < 1e-5F && out[2] == 0); /* the mean over all pixels */
    mnq_runner_free(r);

    open_subject(flat, "unit", &s, &arena);
    assert_int_equal(mnq_subject_open(flat, &o, &s, &arena, &e), -1);
    assert_non_null(strstr(e.msg, "--resolution 8 does not fit the model, its own input size does: "));
    assert_non_null(strstr(e.msg, flat));
    memset(&e, 0, sizeof e);
    assert_int_equal(mnq_subject_open("nothing.h5", &o, &s, &arena, &e), -1);
    assert_null(strstr(e.msg, "--resolution"));
    mnq_arena_free(&arena);
}

static void evaluating(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    struct mnq_subject s[2];
    char *path = list;
    open_subject(plain, "unit", &s[0], &arena);
    open_subject(turned, "unit", &s[1], &arena);
    for (int threads = 1; threads <= 64; threads *= 4) {
        struct mnq_evaluation ev;
        struct mnq_err e = {0};
        if (mnq_evaluate(s, 2, &(struct mnq_data){.path = &path, .n = 1}, threads, &ev, &arena, NULL, NULL, &e) != 0)
            fail_msg("%s", e.msg);
        assert_int_equal(ev.n, SAMPLES);
        assert_int_equal(ev.labelled, SAMPLES);
        assert_true(ev.accuracy);
        for (int i = 0; i < SAMPLES; i++) {
            assert_int_equal(ev.model[0].top1[i], brightest[i]);
            assert_int_equal(ev.model[1].top1[i], (brightest[i] + 1) % 3);
        }
        assert_int_equal(ev.model[0].hits1, SAMPLES - SAMPLES / 5);
        assert_int_equal(ev.model[1].hits1, SAMPLES / 5);
        assert_int_equal(ev.model[0].hits5, SAMPLES);
        assert_int_equal(ev.model[0].agree, SAMPLES);
        assert_int_equal(ev.model[1].agree, 0);
        assert_int_equal(mnq_pair(&ev, 0, 1).lost, SAMPLES - SAMPLES / 5);
        assert_int_equal(mnq_pair(&ev, 0, 1).won, SAMPLES / 5);
        assert_true(fabs(ev.model[1].mean_diff) < 1e-6 && ev.model[1].rms_diff > 0.1);
        int *count = mnq_confusion(&ev, 0, &arena), sum = 0;
        for (int c = 0; c < 9; c++) sum += c % 4 == 0 ? count[c] : 0;
        assert_int_equal(sum, ev.model[0].hits1);
    }
    mnq_arena_free(&arena);
}

static void bad_labels(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    struct mnq_subject s;
    struct mnq_evaluation ev;
    struct mnq_err e = {0};
    char name[160], *path = name;
    snprintf(name, sizeof name, "%s/bad.csv", dir);
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    fputs("p000.ppm,0\np001.ppm,3\n", f);
    fclose(f);
    open_subject(plain, "unit", &s, &arena);
    assert_int_equal(mnq_evaluate(&s, 1, &(struct mnq_data){.path = &path, .n = 1}, 1, &ev, &arena, NULL, NULL, &e), -1);
    assert_int_equal(e.code, MNQ_EXIT_FAILED);
    assert_non_null(strstr(e.msg, "label 3"));
    unlink(name);
    mnq_arena_free(&arena);
}

static void pack(struct mnq_subject *s, struct mnq_calib_report *r, struct mnq_arena *arena)
{
    struct mnq_err e = {0};
    struct mnq_calib_opts o;
    struct mnq_qmodel q;
    uint8_t *bytes;
    size_t n;
    char *path = list;
    memset(&q, 0, sizeof q);
    memset(r, 0, sizeof *r);
    mnq_calib_defaults(&o);
    o.threads = 2;
    struct mnq_dataset *d = mnq_dataset_open(&path, 1, SIDE, SIDE, 3, &e);
    if (d == NULL) fail_msg("%s", e.msg);
    if (mnq_calibrate(&s->legal, d, &s->preprocess, &o, &q, r, arena, NULL, NULL, &e) != 0) fail_msg("%s", e.msg);
    mnq_dataset_close(d);
    q.preprocess = s->preprocess;
    q.source_crc = s->file_crc;
    q.source_name = "plain.h5";
    q.tool = q.recipe = "";
    if (mnq_qmodel_pack(&q, &bytes, &n, &e) != 0 || mnq_output_write(packed, bytes, n, true, &e) != 0) fail_msg("%s", e.msg);
}

static void comparing(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    struct mnq_subject flt, q, other;
    struct mnq_comparison c[2];
    struct mnq_calib_report report;
    char *path = list;
    open_subject(plain, "unit", &flt, &arena);
    pack(&flt, &report, &arena);
    open_subject(packed, "tf", &q, &arena); /* an .mnq keeps its own preprocessing */
    assert_int_equal(q.kind, MNQ_SUBJECT_INT8);
    assert_string_equal(q.preprocess.name, "unit");
    for (int i = 0; i < 2; i++) {
        struct mnq_err e = {0};
        if (mnq_compare(&flt, &q, &(struct mnq_data){.path = &path, .n = 1}, i == 0 ? 1 : 7, &c[i], &arena, NULL, NULL,
                        &e) != 0)
            fail_msg("%s", e.msg);
        assert_int_equal(c[i].samples, SAMPLES);
        assert_int_equal(c[i].unmatched, 0);
        assert_int_equal(c[i].n_layers, 2);
    }
    for (int l = 0; l < 2; l++) {
        const struct mnq_compare_layer *a = &c[0].layer[l], *b = &c[1].layer[l];
        assert_int_equal(a->values, 3 * SAMPLES);
        assert_true(a->sqnr_db > 40 && a->cosine > 0.9999 && fabs(a->bias) < 0.005);
        assert_memory_equal(&a->sqnr_db, &b->sqnr_db, sizeof a->sqnr_db);
        assert_memory_equal(&a->bias, &b->bias, sizeof a->bias);
        assert_memory_equal(&a->cosine, &b->cosine, sizeof a->cosine);
    }

    /* A float model without stated preprocessing takes that of the .mnq made from it, and of no other. */
    open_subject(plain, NULL, &flt, &arena);
    open_subject(turned, NULL, &other, &arena);
    assert_false(mnq_subject_adopt(&other, &q));
    assert_true(mnq_subject_adopt(&flt, &q));
    assert_string_equal(flt.preprocess.name, "unit");
    assert_int_equal(flt.preprocess_from, MNQ_FROM_SIBLING);
    mnq_arena_free(&arena);
}

static void same_number(double a, double b)
{
    assert_true(isnan(a) ? isnan(b) : a == b);
}

/* Each layer alone: what has no number, the same for any number of threads, and what calibration measured. */
static void comparing_alone(void **state)
{
    (void)state;
    struct mnq_arena arena = {0};
    struct mnq_subject flt, q;
    struct mnq_comparison c[2];
    struct mnq_calib_report report;
    struct mnq_err e = {0};
    char *path = list;
    open_subject(plain, "unit", &flt, &arena);
    pack(&flt, &report, &arena);
    open_subject(packed, NULL, &q, &arena);
    for (int i = 0; i < 2; i++) {
        if (mnq_compare(&flt, &q, &(struct mnq_data){.path = &path, .n = 1}, 1, &c[i], &arena, NULL, NULL, &e) != 0)
            fail_msg("%s", e.msg);
        assert_true(isnan(c[i].layer[0].output_alone) && isnan(c[i].layer[1].weights_alone));
        if (mnq_compare_alone(&flt, &q, &(struct mnq_data){.path = &path, .n = 1}, i == 0 ? 1 : 5, &c[i], NULL, NULL, &e) !=
            0)
            fail_msg("%s", e.msg);
    }
    const struct mnq_compare_layer *pool = &c[0].layer[0], *dense = &c[0].layer[1];
    assert_true(isnan(pool->weights_alone) && isnan(dense->output_alone));
    assert_true(pool->output_alone > 0 && pool->output_alone < 1e-3);
    assert_true(dense->weights_alone >= 0 && dense->weights_alone < 1e-3);
    for (int l = 0; l < 2; l++) {
        same_number(c[0].layer[l].weights_alone, c[1].layer[l].weights_alone);
        same_number(c[0].layer[l].output_alone, c[1].layer[l].output_alone);
    }

    open_subject(flat, "unit", &flt, &arena);
    pack(&flt, &report, &arena);
    open_subject(packed, NULL, &q, &arena);
    if (mnq_compare(&flt, &q, &(struct mnq_data){.path = &path, .n = 1}, 1, &c[0], &arena, NULL, NULL, &e) != 0 ||
        mnq_compare_alone(&flt, &q, &(struct mnq_data){.path = &path, .n = 1}, 2, &c[0], NULL, NULL, &e) != 0)
        fail_msg("%s", e.msg);
    assert_int_equal(c[0].n_layers, 1);
    assert_true(report.layer[0].sensitivity > 0);
    assert_true(fabs(c[0].layer[0].weights_alone / report.layer[0].sensitivity - 1) < 1e-3);
    mnq_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(opening),    cmocka_unit_test(other_resolutions),
                                       cmocka_unit_test(evaluating), cmocka_unit_test(bad_labels),
                                       cmocka_unit_test(comparing),  cmocka_unit_test(comparing_alone)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
