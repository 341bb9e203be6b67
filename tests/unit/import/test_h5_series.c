/* SPDX-License-Identifier: Apache-2.0
 * One question about many paths of an HDF5 file: the answers are those to single questions, in order; after an error the
 * file goes on answering. And all texts of a file have a budget. */
#include "h5text.h"
#include "import/h5file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 60, LONGEST = 30000, TEXT = (16 << 20) - 1000, ALL = 256 << 20 };

/* Datasets /d0, /d1, ... of i * i * 8 + 1 floats of value i, each in a group's shadow /g0, ... with a list of i names. */
static size_t describe(char *text, size_t room)
{
    size_t n = 0;
    for (int i = 0; i < N; i++) {
        n += (size_t)snprintf(text + n, room - n, "d /d%d f32 %d %d\ng /g%d\nl /g%d names", i, i * i * 8 + 1, i, i, i);
        for (int k = 0; k < i; k++) n += (size_t)snprintf(text + n, room - n, " n%d", k);
        n += (size_t)snprintf(text + n, room - n, "\n");
    }
    assert_true(n < room);
    return n;
}

static struct mnq_h5 *open_text(const char *text, size_t n, uint8_t **bytes, struct mnq_arena *arena)
{
    struct mnq_err e = {0};
    size_t size;
    int bad;
    *bytes = mnq_h5text(text, n, &size, &bad);
    assert_true(*bytes != NULL && bad == 0);
    struct mnq_h5 *h = mnq_h5_open_bytes("x.h5", *bytes, size, arena, &e);
    if (h == NULL) fail_msg("%s", e.msg);
    return h;
}

static void check_values(const struct mnq_h5_data *d, int i)
{
    assert_int_equal(d->n, i * i * 8 + 1);
    for (size_t k = 0; k < d->n; k++)
        if (d->v[k] != (float)i) fail_msg("dataset %d, value %zu: %g", i, k, (double)d->v[k]);
}

static void answers_come_in_order(struct mnq_h5 *h, const char *const *set, const char *const *group)
{
    struct mnq_err e = {0};
    struct mnq_h5_data d[N];
    struct mnq_h5_texts list[N];
    enum mnq_h5kind kind[N];
    assert_int_equal(mnq_h5_shapes(h, set, N, d, &e), 0);
    for (int i = 0; i < N; i++)
        assert_true(d[i].rank == 1 && d[i].dim[0] == i * i * 8 + 1 && strcmp(d[i].path, set[i]) == 0);
    assert_int_equal(mnq_h5_read_all(h, set, N, d, &e), 0);
    for (int i = 0; i < N; i++) check_values(&d[i], i);
    assert_int_equal(mnq_h5_text_lists(h, group, N, "names", list, &e), 0);
    for (int i = 0; i < N; i++) {
        assert_int_equal(list[i].n, i);
        for (int k = 0; k < i; k++) assert_int_equal(atoi(list[i].text[k] + 1), k);
    }
    assert_int_equal(mnq_h5_kinds(h, set, N, kind, &e), 0);
    for (int i = 0; i < N; i++) assert_int_equal(kind[i], MNQ_H5_DATASET);
}

/* What was asked ahead is thrown away, errors as well as values. */
static void errors_are_those_of_the_first(struct mnq_h5 *h, const char **set)
{
    for (int at = 0; at < N; at += 7) {
        struct mnq_err e = {0};
        struct mnq_h5_data d[N];
        const char *good[2] = {set[at], at + 3 < N ? set[at + 3] : NULL};
        set[at] = "/none";
        if (at + 3 < N) set[at + 3] = "/neither";
        assert_int_equal(mnq_h5_read_all(h, set, N, d, &e), -1);
        assert_string_equal(e.msg, "x.h5: /none: no such dataset");
        for (int i = 0; i < at; i++) check_values(&d[i], i);
        set[at] = good[0];
        if (at + 3 < N) set[at + 3] = good[1];
        assert_int_equal(mnq_h5_read(h, set[at], d, &e), 0);
        check_values(d, at);
    }
}

/* Longer than what is asked ahead, and longer than any path may be. */
static void long_paths(struct mnq_h5 *h, const char *set)
{
    struct mnq_err e = {0};
    enum mnq_h5kind kind[3];
    char *path = malloc(LONGEST);
    assert_non_null(path);
    memset(path, 'x', LONGEST);
    path[0] = '/';
    path[6000] = '\0';
    assert_int_equal(mnq_h5_kinds(h, (const char *[]){set, path, set}, 3, kind, &e), 0);
    assert_true(kind[0] == MNQ_H5_DATASET && kind[1] == MNQ_H5_NONE && kind[2] == MNQ_H5_DATASET);
    path[6000] = 'x';
    path[LONGEST - 1] = '\0';
    kind[0] = MNQ_H5_NONE;
    assert_int_equal(mnq_h5_kinds(h, (const char *[]){set, path, set}, 3, kind, &e), -1);
    assert_non_null(strstr(e.msg, "name too long"));
    assert_int_equal(kind[0], MNQ_H5_DATASET);
    assert_int_equal(mnq_h5_kind(h, set), MNQ_H5_DATASET);
    free(path);
}

static void series(void **state)
{
    static char text[1 << 16];
    char name[N][2][12];
    const char *set[N], *group[N];
    struct mnq_arena arena = {0};
    uint8_t *bytes;
    (void)state;
    struct mnq_h5 *h = open_text(text, describe(text, sizeof text), &bytes, &arena);
    for (int i = 0; i < N; i++) {
        snprintf(name[i][0], sizeof name[i][0], "/d%d", i);
        snprintf(name[i][1], sizeof name[i][1], "/g%d", i);
        set[i] = name[i][0];
        group[i] = name[i][1];
    }
    answers_come_in_order(h, set, group);
    errors_are_those_of_the_first(h, set);
    long_paths(h, set[1]);
    assert_int_equal(mnq_h5_read_all(h, NULL, 0, NULL, &(struct mnq_err){0}), 0);
    answers_come_in_order(h, set, group);
    mnq_h5_close(h);
    mnq_arena_free(&arena);
    free(bytes);
}

/* A text that many objects share costs the file little. */
static void texts_have_a_budget(void **state)
{
    static const char head[] = "s / t ";
    struct mnq_arena arena = {0};
    struct mnq_err e = {0};
    uint8_t *bytes;
    char *text = malloc(sizeof head + TEXT), *got;
    (void)state;
    assert_non_null(text);
    memcpy(text, head, sizeof head - 1);
    memset(text + sizeof head - 1, 'x', TEXT);
    struct mnq_h5 *h = open_text(text, sizeof head - 1 + TEXT, &bytes, &arena);
    int n = 0;
    while (n < 100 && mnq_h5_text(h, "/", "t", &got, &e) == 0) n++;
    assert_int_equal(n, ALL / TEXT);
    assert_string_equal(e.msg, "x.h5: its texts are too long: over 268435456 bytes in all");
    mnq_h5_close(h);
    mnq_arena_free(&arena);
    free(bytes);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(series), cmocka_unit_test(texts_have_a_budget)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
