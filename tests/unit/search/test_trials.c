/* SPDX-License-Identifier: Apache-2.0
 * Lists of trials: engines in any order, a journal that goes on, its order, pieces of lines, other inputs, a deadline. */
#include "trials.h"

#include "tempdir.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { N = 7 };

static const struct mnq_trial list[N] = {
    {MNQ_TRIAL_COST, "a.h5", "weights: int8\n"},   {MNQ_TRIAL_JUDGED, "a.h5", "weights: int8\n"},
    {MNQ_TRIAL_JUDGED, "b.h5", "weights: int8\n"}, {MNQ_TRIAL_JUDGED, "b.h5", "match: [\"\\\"x\\\"\"]\n"},
    {MNQ_TRIAL_JUDGED, "b.h5", "weights: int4\n"}, {MNQ_TRIAL_JUDGED, "c \xc3\xa9.h5", "weights: auto\n"},
    {MNQ_TRIAL_JUDGED, "d.h5", "weights: int8\n"}};

/* A result that depends on the trial alone; the n-th call of a list stops, if told so. */
struct runs {
    int calls, stop;
};

static int run(void *ctx, const struct mnq_trial *t, struct mnq_trial_result *r, struct mnq_err *e)
{
    struct runs *x = ctx;
    double sum = 0;
    if (++x->calls == x->stop) return mnq_fail(e, MNQ_EXIT_FAILED, "stopped");
    for (const char *s = t->model; *s != '\0'; s++) sum = 3 * sum + *s;
    for (const char *s = t->recipe; *s != '\0'; s++) sum = 0.7 * sum + *s;
    *r = (struct mnq_trial_result){.state = strcmp(t->model, "d.h5") == 0 ? MNQ_TRIAL_UNFIT : MNQ_TRIAL_MADE};
    r->flash = (int64_t)(1000 * sum);
    r->ram = -1;
    r->drop = sum / 7;
    r->accuracy = (double)NAN;
    if (r->state == MNQ_TRIAL_UNFIT) snprintf(r->why, sizeof r->why, "%s: \"too\" many\\", t->model);
    return 0;
}

static void check(const struct mnq_trial_result *r)
{
    for (int i = 0; i < N; i++) {
        struct runs none = {0, 0};
        struct mnq_trial_result want;
        struct mnq_err e = {0};
        assert_int_equal(run(&none, &list[i], &want, &e), 0);
        assert_int_equal(r[i].state, want.state);
        assert_int_equal(r[i].flash, want.flash);
        assert_int_equal(r[i].ram, -1);
        assert_true(r[i].drop >= want.drop && r[i].drop <= want.drop); /* to the last bit, through a line of text */
        assert_true(isnan(r[i].accuracy));
        assert_string_equal(r[i].why, want.why);
    }
}

/* The last first, as an engine that deals trials out may answer. */
static int backwards(void *self, const struct mnq_trial *t, int n, mnq_trial_run *go, void *run_ctx, mnq_trial_take *take,
                     void *take_ctx, double deadline, struct mnq_err *e)
{
    (void)self;
    (void)deadline;
    for (int i = n - 1; i >= 0; i--) {
        struct mnq_trial_result r;
        if (go(run_ctx, &t[i], &r, e) != 0 || take(take_ctx, i, &r, e) != 0) return -1;
    }
    return 0;
}

static int all(struct mnq_journal *j, const struct mnq_trial_engine *engine, struct runs *x, struct mnq_trial_result *r,
               double deadline, struct mnq_err *e)
{
    memset(e, 0, sizeof *e);
    return mnq_trials_run(list, N, r, j, engine, run, x, deadline, e);
}

static void any_engine(void **state)
{
    (void)state;
    static const struct mnq_trial_engine other = {backwards, NULL};
    struct mnq_trial_result r[N];
    struct runs x = {0, 0};
    struct mnq_err e;
    assert_int_equal(all(NULL, &mnq_trials_here, &x, r, 0, &e), 0);
    check(r);
    assert_int_equal(all(NULL, &other, &x, r, 0, &e), 0);
    check(r);
    assert_int_equal(x.calls, 2 * N);
}

static struct mnq_journal *journal(const char *path, const char *about, bool fresh)
{
    struct mnq_err e = {0};
    struct mnq_journal *j = mnq_journal_open(path, about, fresh, &e);
    if (j == NULL) fail_msg("%s", e.msg);
    return j;
}

/* Stopped behind each trial in turn: the next start runs what is left, and the results are the same. */
static void goes_on(void **state)
{
    (void)state;
    mnq_temp_make();
    for (int stop = 1; stop <= N; stop++) {
        const char *path = mnq_temp_path("journal.jsonl");
        struct mnq_trial_result r[N];
        struct runs x = {0, stop}, rest = {0, 0};
        struct mnq_err e;
        struct mnq_journal *j = journal(path, "these", true);
        assert_int_equal(all(j, &mnq_trials_here, &x, r, 0, &e), -1);
        assert_string_equal(e.msg, "stopped");
        mnq_journal_close(j);
        j = journal(path, "these", false);
        assert_int_equal(mnq_journal_held(j), stop - 1);
        assert_int_equal(all(j, &mnq_trials_here, &rest, r, 0, &e), 0);
        assert_int_equal(rest.calls, N - stop + 1);
        check(r);
        mnq_journal_close(j);
    }
    mnq_temp_remove();
}

/* Cut at places throughout its last line: that trial is forgotten, the file whole again. */
static void pieces(void **state)
{
    (void)state;
    mnq_temp_make();
    const char *path = mnq_temp_path("journal.jsonl");
    struct mnq_trial_result r[N];
    struct runs x = {0, 0};
    struct mnq_err e;
    struct mnq_journal *j = journal(path, "these", false);
    assert_int_equal(all(j, &mnq_trials_here, &x, r, 0, &e), 0);
    mnq_journal_close(j);
    size_t n, last = 0;
    unsigned char *whole = mnq_temp_read(path, &n);
    for (size_t i = 0; i + 1 < n; i++)
        if (whole[i] == '\n') last = i + 1;
    for (size_t cut = last; cut < n; cut += 37) {
        size_t after;
        const char *piece = mnq_temp_write("piece.jsonl", whole, cut);
        j = journal(piece, "these", false);
        assert_int_equal(mnq_journal_held(j), N - 1);
        assert_int_equal(all(j, &mnq_trials_here, &x, r, 0, &e), 0);
        check(r);
        mnq_journal_close(j);
        unsigned char *again = mnq_temp_read(piece, &after);
        assert_int_equal(after, n);
        assert_memory_equal(again, whole, n);
        free(again);
    }
    free(whole);
    mnq_temp_remove();
}

/* Finished in another order, interrupted and gone on with, in the end it is the same file. */
static void tidied(void **state)
{
    (void)state;
    static const struct mnq_trial_engine other = {backwards, NULL};
    mnq_temp_make();
    struct mnq_trial_result r[N];
    struct runs x = {0, 0}, some = {0, 4};
    struct mnq_err e;
    size_t n, before, after;
    struct mnq_journal *j = journal(mnq_temp_path("whole.jsonl"), "these", false);
    assert_int_equal(all(j, &mnq_trials_here, &x, r, 0, &e), 0);
    assert_int_equal(mnq_journal_tidy(j, &e), 0);
    mnq_journal_close(j);
    j = journal(mnq_temp_path("other.jsonl"), "these", false);
    assert_int_equal(all(j, &other, &some, r, 0, &e), -1);
    mnq_journal_close(j);
    j = journal(mnq_temp_path("other.jsonl"), "these", false);
    assert_int_equal(mnq_journal_held(j), 3);
    assert_int_equal(all(j, &other, &x, r, 0, &e), 0);
    unsigned char *whole = mnq_temp_read(mnq_temp_path("whole.jsonl"), &n);
    unsigned char *mixed = mnq_temp_read(mnq_temp_path("other.jsonl"), &before);
    assert_int_equal(before, n);
    assert_memory_not_equal(mixed, whole, n);
    assert_int_equal(mnq_journal_tidy(j, &e), 0);
    mnq_journal_close(j);
    unsigned char *tidy = mnq_temp_read(mnq_temp_path("other.jsonl"), &after);
    assert_int_equal(after, n);
    assert_memory_equal(tidy, whole, n);
    free(tidy);
    free(mixed);
    free(whole);
    mnq_temp_remove();
}

static void refused(void **state)
{
    (void)state;
    mnq_temp_make();
    const char *path = mnq_temp_path("journal.jsonl");
    struct mnq_err e = {0};
    struct mnq_journal *j = journal(path, "these", false);
    assert_null(mnq_journal_open(path, "these", false, &e)); /* while the first is open */
    assert_non_null(strstr(e.msg, "another process is at work on it"));
    mnq_journal_close(j);
    e.code = 0;
    assert_null(mnq_journal_open(path, "others", false, &e));
    assert_non_null(strstr(e.msg, "holds trials of other inputs (these); -f begins anew"));
    static const char *const bad[] = {"text\n", "{\"schema\":\"x\"}\n",
                                      "{\"schema\":\"mnquant.journal/1\",\"about\":\"these\"}\n{}\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        e.code = 0;
        assert_null(mnq_journal_open(mnq_temp_text("bad.jsonl", bad[i]), "these", false, &e));
        assert_int_equal(e.code, MNQ_EXIT_FAILED);
    }
    j = journal(path, "others", true);
    assert_int_equal(mnq_journal_held(j), 0);
    mnq_journal_close(j);
    mnq_temp_remove();
}

static void deadline(void **state)
{
    (void)state;
    struct mnq_trial_result r[N];
    struct runs x = {0, 0};
    struct mnq_err e;
    assert_int_equal(all(NULL, &mnq_trials_here, &x, r, mnq_trials_now() - 1, &e), 0);
    assert_int_equal(x.calls, 0);
    for (int i = 0; i < N; i++) assert_int_equal(r[i].state, MNQ_TRIAL_OPEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(any_engine), cmocka_unit_test(goes_on), cmocka_unit_test(pieces),
                                       cmocka_unit_test(tidied),     cmocka_unit_test(refused), cmocka_unit_test(deadline)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
