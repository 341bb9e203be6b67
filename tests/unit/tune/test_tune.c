/* SPDX-License-Identifier: Apache-2.0
 * Tuning small random networks: they come nearer to their teacher, zeros stay, what cannot be better is left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "builder.h"
#include "coloured_set.h"
#include "tune.h"
#include "tune_journal.h"
#include "tune_labels.h"
#include "tune_loss.h"
#include "tune_mean.h"
#include "tune_view.h"
#include "util/file.h"
#include "util/outfile.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIDE = 12, PICTURES = 40, PIXELS = SIDE * SIDE * 3 };

static struct mnq_dataset *dataset;
static struct mnq_preprocess preprocess;

static int setup(void **state)
{
    struct mnq_err e = {0};
    (void)state;
    dataset = mnq_coloured_open(PICTURES, SIDE, 3);
    assert_int_equal(mnq_preprocess_named(&preprocess, "tf", 3, &e), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mnq_coloured_close(dataset);
    return 0;
}

struct world {
    struct mnq_arena arena;
    struct builder teacher, student;
    struct mnq_tune_opts o;
    struct mnq_tune_report r;
    struct mnq_graph out;
    struct mnq_err e;
};

static void net(struct builder *b, struct mnq_arena *arena)
{
    builder_init(b, arena, 11);
    int x = conv(b, input(b, SIDE, SIDE, 3), 8, 3, 2, 1, true);
    node(b, x)->act = MNQ_ACT_RELU;
    x = dwconv(b, x, 1, 3, 1, 1, true);
    node(b, x)->act = MNQ_ACT_RELU;
    x = conv(b, x, 24, 1, 1, 0, true);
    node(b, x)->act = MNQ_ACT_RELU;
    softmax(b, dense(b, global_pool(b, x), 4, true));
    for (int i = 0; i < b->g.n; i++) {
        node(b, i)->twin = -1;
        node(b, i)->source = i;
        if (node(b, i)->w != NULL) node(b, i)->w_path = "w";
        if (node(b, i)->b != NULL) node(b, i)->b_path = "b";
    }
}

/* The student lacks half of the pointwise layer's weights, and the rest is a little off. */
static struct world *world_new(void)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    net(&w->teacher, &w->arena);
    net(&w->student, &w->arena);
    struct mnq_node *nd = node(&w->student, 3);
    for (size_t k = 0; k < mnq_node_weights(&w->student.g, nd); k++) nd->w[k] *= k * 7 % 11 < 5 ? 0.0f : 0.9f;
    mnq_tune_defaults(&w->o);
    w->o.epochs = 30;
    w->o.rate = 1e-2;
    w->o.threads = 2;
    return w;
}

static void tune(struct world *w)
{
    if (mnq_tune(&w->student.g, &w->student.g, &w->teacher.g, dataset, &preprocess, &w->o, &w->out, &w->r, &w->arena, NULL,
                 NULL, &w->e) != 0)
        fail_msg("%s", w->e.msg);
}

static void world_free(struct world *w)
{
    mnq_arena_free(&w->arena);
    free(w);
}

static void students_come_nearer(void **state)
{
    (void)state;
    struct world *w = world_new();
    tune(w);
    print_message("kl %g to %g, agreement %g to %g\n", w->r.before.kl, w->r.after.kl, w->r.before.agreement,
                  w->r.after.agreement);
    assert_true(w->r.kept && !w->r.stopped);
    assert_true(w->r.after.kl < 0.7 * w->r.before.kl);
    assert_true(w->r.after.agreement >= w->r.before.agreement);
    assert_int_equal(w->r.samples, PICTURES);
    assert_int_equal(w->r.held, PICTURES / 4);
    assert_int_equal(w->r.drop.pictures, PICTURES / 4);
    assert_string_equal(w->r.from, node(&w->student, 3)->name);
    assert_int_equal(w->r.layers, 2);
    for (int i = 0; i < w->out.n; i++) { /* zeros and what lies in front are as they were */
        const struct mnq_node *a = node(&w->student, i), *b = &w->out.node[i];
        for (size_t k = 0; k < mnq_node_weights(&w->out, a); k++)
            if (i < 3 || a->w[k] == 0) assert_true(a->w[k] == b->w[k]);
    }
    world_free(w);
}

/* A front with few of the weights stays, also where the student's is not the teacher's. */
static void small_fronts_stay(void **state)
{
    (void)state;
    struct world *w = calloc(1, sizeof *w);
    struct builder *both[] = {&w->teacher, &w->student};
    for (int k = 0; k < 2; k++) {
        builder_init(both[k], &w->arena, 5);
        int x = conv(both[k], input(both[k], SIDE, SIDE, 3), 2, 3, 2, 1, true);
        x = conv(both[k], x, 64, 1, 1, 0, true);
        node(both[k], x)->act = MNQ_ACT_RELU;
        x = conv(both[k], x, 24, 1, 1, 0, true);
        softmax(both[k], dense(both[k], global_pool(both[k], x), 4, true));
        for (int i = 0; i < both[k]->g.n; i++) {
            struct mnq_node *nd = node(both[k], i);
            nd->twin = -1;
            nd->source = i;
            if (nd->w != NULL) nd->w_path = "w";
            if (nd->b != NULL) nd->b_path = "b";
            for (size_t j = 0; k == 1 && nd->w != NULL && j < mnq_node_weights(&both[k]->g, nd); j++) nd->w[j] *= 0.8f;
        }
    }
    mnq_tune_defaults(&w->o);
    w->o.epochs = 2;
    w->o.front = 0.05;
    tune(w);
    assert_string_equal(w->r.from, node(&w->student, 2)->name);
    assert_int_equal(w->r.layers, 3);
    assert_true(w->r.kept);
    assert_memory_equal(w->out.node[1].w, node(&w->student, 1)->w, 54 * sizeof(float));
    assert_memory_not_equal(w->out.node[2].w, node(&w->student, 2)->w, 128 * sizeof(float));
    world_free(w);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    struct world *w[3];
    for (int t = 0; t < 3; t++) {
        w[t] = world_new();
        w[t]->o.threads = 1 << t;
        w[t]->o.epochs = 5;
        tune(w[t]);
        assert_true(w[t]->r.after.kl == w[0]->r.after.kl);
        for (int i = 3; i < 6; i++)
            if (w[t]->out.node[i].w != NULL)
                assert_memory_equal(w[t]->out.node[i].w, w[0]->out.node[i].w,
                                    mnq_node_weights(&w[t]->out, &w[t]->out.node[i]) * sizeof(float));
    }
    for (int t = 0; t < 3; t++) world_free(w[t]);
}

/* A small cache: fewer views, then a later beginning; then nothing fits. */
static void memory_is_bounded(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->o.epochs = 1;
    w->o.views = 12;
    tune(w);
    assert_int_equal(w->r.views, w->o.views);
    w->o.cache_bytes = 100000;
    tune(w);
    assert_true(w->r.views < w->o.views);
    w->o.cache_bytes = 1000;
    assert_int_equal(mnq_tune(&w->student.g, &w->student.g, &w->teacher.g, dataset, &preprocess, &w->o, &w->out, &w->r,
                              &w->arena, NULL, NULL, &w->e),
                     -1);
    assert_non_null(strstr(w->e.msg, "1000 bytes are too few"));
    world_free(w);
}

static void other_models_are_refused(void **state)
{
    (void)state;
    struct world *w = world_new();
    node(&w->student, 1)->act = MNQ_ACT_NONE;
    assert_int_equal(mnq_tune(&w->student.g, &w->student.g, &w->teacher.g, dataset, &preprocess, &w->o, &w->out, &w->r,
                              &w->arena, NULL, NULL, &w->e),
                     -1);
    assert_non_null(strstr(w->e.msg, "has other layers than the model"));
    node(&w->student, 1)->act = node(&w->teacher, 1)->act;
    node(&w->student, 1)->out.c--;
    w->e = (struct mnq_err){0};
    assert_int_equal(mnq_tune(&w->student.g, &w->student.g, &w->teacher.g, dataset, &preprocess, &w->o, &w->out, &w->r,
                              &w->arena, NULL, NULL, &w->e),
                     -1);
    assert_non_null(strstr(w->e.msg, "prune --channels R --tune"));
    world_free(w);
}

/* What nothing was allowed to change comes out as it went in. */
static void no_gain_no_change(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->o.epochs = 1;
    w->o.rate = 1e-6;
    tune(w);
    assert_false(w->r.kept);
    const int learned = w->r.samples - w->r.held, batch = learned < 16 ? learned : 16;
    assert_int_equal(w->r.steps, 2 * (learned / batch)); /* a second time at a smaller rate */
    for (int i = 0; i < w->out.n; i++)
        if (w->out.node[i].w != NULL)
            assert_memory_equal(w->out.node[i].w, node(&w->student, i)->w,
                                mnq_node_weights(&w->out, &w->out.node[i]) * sizeof(float));
    world_free(w);
}

/* ---- parts ---- */

static void logarithms(void **state)
{
    (void)state;
    for (double x = 1e-300; x < 1e300; x *= 1.7)
        assert_true(fabs(mnq_log_plain(x) - log(x)) <= 1e-14 * fmax(1, fabs(log(x))));
    assert_true(mnq_log_plain(1) == 0);
}

/* The gradient of the divergence by differences; nothing between equal answers. */
static void divergences(void **state)
{
    (void)state;
    float t[6] = {1, -2, 0.5f, 3, 0, -1}, s[6] = {0, 1, 0.5f, 2, -1, 1}, d[6] = {0};
    struct mnq_tune_loss l = {
        .logits = {.n_parts = 1, .part = {{.task = {.kind = MNQ_TASK_CLASSES, .out = {1, 2, 3}}, .n = 6}}, .n = 6}};
    assert_true(fabs(mnq_tune_loss(&l, 2, t, t, NULL)) < 1e-12);
    for (int kind = 0; kind < 2; kind++) {
        l.logits.part[0].task.kind = kind == 0 ? MNQ_TASK_CLASSES : MNQ_TASK_REGRESSION;
        l.signal = 3;
        memset(d, 0, sizeof d);
        mnq_tune_loss(&l, 2, t, s, d);
        for (int i = 0; i < 6; i++) {
            float kept = s[i];
            s[i] = kept + 0.01f;
            double up = mnq_tune_loss(&l, 2, t, s, NULL);
            s[i] = kept - 0.01f;
            double down = mnq_tune_loss(&l, 2, t, s, NULL);
            s[i] = kept;
            assert_true(fabs((up - down) / 0.02 - (double)d[i]) < 1e-3);
        }
    }
}

/* The same for labels, of one picture and of a blend; what is unknown teaches nothing. */
static void label_losses(void **state)
{
    (void)state;
    const int label[] = {2, 0, -1};
    float s[3] = {0, 1, -0.5f}, wanted[3], d[3];
    const struct mnq_tune_loss l = {.logits = {.n_parts = 1, .part = {{.n = 3}}, .n = 3}};
    for (int other = 0; other < 3; other++) {
        mnq_tune_labels_put(label, 0, other, 0.25, 3, wanted);
        memset(d, 0, sizeof d);
        const double loss = mnq_tune_label_loss(&l, 0.5, wanted, s, d);
        if (other == 2) {
            assert_true(loss == 0 && d[0] == 0 && d[1] == 0 && d[2] == 0);
            assert_int_equal(mnq_tune_labels_right(wanted, s, 3), -1);
            continue;
        }
        const double sum = log(exp(0) + exp(1) + exp(-0.5));
        assert_true(fabs(loss - 0.5 * (other == 0 ? sum + 0.5 : 0.75 * (sum + 0.5) + 0.25 * sum)) < 1e-6);
        assert_int_equal(mnq_tune_labels_right(wanted, s, 3), 0);
        for (int i = 0; i < 3; i++) {
            const float kept = s[i];
            s[i] = kept + 0.01f;
            double up = mnq_tune_label_loss(&l, 0.5, wanted, s, NULL);
            s[i] = kept - 0.01f;
            double down = mnq_tune_label_loss(&l, 0.5, wanted, s, NULL);
            s[i] = kept;
            assert_true(fabs((up - down) / 0.02 - (double)d[i]) < 1e-3);
        }
        s[2] += 4;
        assert_int_equal(mnq_tune_labels_right(wanted, s, 3), 1);
        s[2] -= 4;
    }
}

/* Labels of other classes are told by a teacher that knows no more than half of them. */
static void foreign_labels(void **state)
{
    (void)state;
    for (int known = 0; known < 2; known++) {
        struct mnq_tune_names names = {0};
        struct mnq_err e = {0};
        for (int i = 0; i < 9; i++) {
            const int label = i % 3;
            float wanted[3], logits[3] = {0};
            mnq_tune_labels_put(&label, 0, 0, 0, 3, wanted);
            logits[known && i < 6 ? label : 0] = 1;
            mnq_tune_names_add(&names, wanted, logits, 3);
        }
        assert_int_equal(mnq_tune_names_known(&names, &e), known ? 0 : -1);
        if (!known) assert_string_equal(strstr(e.msg, "the float"),
                                        "the float model answers 3 of 9 samples as their labels do, not more than half: they are of "
                                        "other classes, or in another order");
    }
}

/* Of a bias that steps move by known amounts: the plain mean within the window, then one that forgets; swapped twice, all is
 * as it was. */
static void means(void **state)
{
    (void)state;
    enum { WINDOW = 4, STEPS = 9, DENSE = 5 };
    struct mnq_arena arena = {0};
    struct mnq_err e = {0};
    struct builder b;
    struct mnq_training t;
    struct mnq_tune_mean m;
    net(&b, &arena);
    assert_int_equal(mnq_training_init(&t, &b.g, DENSE, DENSE, NULL, NULL, &arena, &e), 0);
    assert_int_equal(mnq_tune_mean_init(&m, &t, NULL, WINDOW, &arena, &e), 0);
    assert_int_equal(m.n, 2);
    float *bias = node(&b, DENSE)->b;
    double want = (double)bias[0];
    for (int s = 0; s < STEPS; s++) {
        bias[0] = (float)(s * s % 5);
        mnq_tune_mean_add(&m);
        want += ((double)bias[0] - want) / (s + 2 < WINDOW ? s + 2 : WINDOW);
        mnq_tune_mean_swap(&m);
        assert_true(fabs((double)bias[0] - want) < 1e-6);
        mnq_tune_mean_swap(&m);
        assert_true(bias[0] == (float)(s * s % 5));
    }
    mnq_arena_free(&arena);
}

/* View 0 is the picture; others differ from it and from each other, and depend on seed, picture and number alone. */
static void views(void **state)
{
    (void)state;
    static uint8_t picture[PIXELS], a[PIXELS], b[PIXELS];
    struct mnq_shape s = {SIDE, SIDE, 3};
    for (int i = 0; i < PIXELS; i++) picture[i] = (uint8_t)(i * 5 % 251);
    mnq_tune_view(picture, s, 1, 2, 0, a);
    assert_memory_equal(a, picture, PIXELS);
    mnq_tune_judge_view(picture, s, 0, a);
    assert_memory_equal(a, picture, PIXELS);
    mnq_tune_view(picture, s, 1, 2, 3, a);
    mnq_tune_view(picture, s, 1, 2, 3, b);
    assert_memory_equal(a, b, PIXELS);
    assert_memory_not_equal(a, picture, PIXELS);
    for (int k = 1; k < 4; k++) {
        mnq_tune_view(picture, s, (uint64_t)(k == 1 ? 2 : 1), k == 2 ? 3 : 2, k == 3 ? 4 : 3, b);
        assert_memory_not_equal(a, b, PIXELS);
    }
}

/* What is blended lies between both, nearer to the first, and somewhere near the middle now and then. */
static void blends(void **state)
{
    (void)state;
    struct mnq_random r = {3};
    int most = 0;
    for (int k = 0; k < 50; k++) {
        uint8_t a[3] = {0, 200, 77};
        const uint8_t b[3] = {200, 0, 77};
        mnq_tune_blend(b, 3, &r, a);
        assert_true(a[0] <= 100 && a[0] + a[1] >= 199 && a[0] + a[1] <= 201);
        assert_int_equal(a[2], 77);
        most = a[0] > most ? a[0] : most;
    }
    assert_true(most > 80);
}

/* A process that ends in the midst, like a power cut. */
static void dies(void *ctx, const char *phase, int done, int all)
{
    (void)all;
    if (strcmp(phase, "tune") == 0 && done == *(const int *)ctx) _exit(7);
}

static void interrupted_ones_go_on(void **state)
{
    static const int ends[] = {1, 9, 13, 22};
    (void)state;
    struct world *whole = world_new(), *parts = world_new();
    char path[] = "/tmp/mnqtune.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0 && close(fd) == 0 && unlink(path) == 0);
    tune(whole);
    parts->o.journal = path;
    for (size_t k = 0; k < sizeof ends / sizeof *ends; k++) {
        int status;
        pid_t child = fork();
        if (child == 0) {
            int at = ends[k];
            mnq_tune(&parts->student.g, &parts->student.g, &parts->teacher.g, dataset, &preprocess, &parts->o, &parts->out,
                     &parts->r, &parts->arena, dies, &at, &parts->e);
            _exit(1);
        }
        assert_true(child > 0 && waitpid(child, &status, 0) == child);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    }
    tune(parts);
    assert_int_equal(parts->r.steps, whole->r.steps);
    assert_int_equal(parts->r.resumed, 22);
    assert_memory_equal(&parts->r.after, &whole->r.after, sizeof whole->r.after);
    for (int i = 0; i < whole->out.n; i++) {
        const struct mnq_node *a = &whole->out.node[i], *b = &parts->out.node[i];
        if (a->w != NULL) assert_memory_equal(a->w, b->w, mnq_node_weights(&whole->out, a) * sizeof *a->w);
        if (a->b != NULL) assert_memory_equal(a->b, b->b, (size_t)a->out.c * sizeof *a->b);
    }
    whole->o.journal = path; /* of a finished tuning: nothing is left to do */
    tune(whole);
    assert_int_equal(whole->r.resumed, whole->r.steps);
    world_free(whole);
    world_free(parts);

    struct world *other = world_new();
    other->o.journal = path;
    other->o.rate *= 2;
    assert_int_equal(mnq_tune(&other->student.g, &other->student.g, &other->teacher.g, dataset, &preprocess, &other->o,
                              &other->out, &other->r, &other->arena, NULL, NULL, &other->e),
                     -1);
    assert_non_null(strstr(other->e.msg, "other models, samples or options"));
    world_free(other);

    /* One bit, and a place in the order of the pictures that there is not, with a checksum that fits. */
    for (int forged = 0; forged < 2; forged++) {
        enum { HEAD = 24, CRC_AT = 20, STAND = 56 };
        struct world *damaged = world_new();
        uint8_t *bytes;
        size_t n;
        assert_int_equal(mnq_file_read(path, 1 << 24, &damaged->arena, &bytes, &n, &damaged->e), 0);
        if (forged) {
            const int32_t place = 1 << 30;
            memcpy(bytes + HEAD + STAND, &place, sizeof place);
            const uint32_t crc = mnq_bytes_crc32(0, bytes + HEAD, n - HEAD);
            memcpy(bytes + CRC_AT, &crc, sizeof crc);
        } else {
            bytes[n - 1] ^= 1;
        }
        assert_int_equal(mnq_output_write(path, bytes, n, true, &damaged->e), 0);
        damaged->o.journal = path;
        assert_int_equal(mnq_tune(&damaged->student.g, &damaged->student.g, &damaged->teacher.g, dataset, &preprocess,
                                  &damaged->o, &damaged->out, &damaged->r, &damaged->arena, NULL, NULL, &damaged->e),
                         -1);
        assert_non_null(strstr(damaged->e.msg, "damaged"));
        bytes[n - 1] ^= !forged;
        assert_int_equal(mnq_output_write(path, bytes, n, true, NULL), 0);
        world_free(damaged);
    }
    assert_int_equal(mnq_tune_journal_remove(path, NULL), 0);
    assert_int_not_equal(access(path, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(students_come_nearer),
                                       cmocka_unit_test(small_fronts_stay),
                                       cmocka_unit_test(threads_change_nothing),
                                       cmocka_unit_test(memory_is_bounded),
                                       cmocka_unit_test(other_models_are_refused),
                                       cmocka_unit_test(no_gain_no_change),
                                       cmocka_unit_test(interrupted_ones_go_on),
                                       cmocka_unit_test(logarithms),
                                       cmocka_unit_test(divergences),
                                       cmocka_unit_test(label_losses),
                                       cmocka_unit_test(foreign_labels),
                                       cmocka_unit_test(means),
                                       cmocka_unit_test(views),
                                       cmocka_unit_test(blends)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
