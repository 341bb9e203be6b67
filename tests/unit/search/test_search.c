/* SPDX-License-Identifier: Apache-2.0
 * Searching for the best model of the reader within a budget: it is met, an interrupted search ends the same, what cannot
 * fit says why. */
#include "search.h"

#include "tempdir.h"
#include "util/spread.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static char *const path[] = {(char *)(uintptr_t)(MNQ_SOURCE_DIR "/tests/golden/reader/reader-calib.h5")};
static const char model[] = MNQ_SOURCE_DIR "/tests/golden/reader/reader.h5";

/* How an engine counts and stops. */
struct limited {
    int calls, most;
};

static int some(void *self, const struct mnq_trial *t, int n, mnq_trial_run *go, void *run_ctx, mnq_trial_take *take,
                void *take_ctx, double deadline, struct mnq_err *e)
{
    struct limited *l = self;
    (void)deadline;
    for (int i = 0; i < n; i++) {
        struct mnq_trial_result r;
        if (l->calls == l->most) return 0;
        l->calls++;
        if (go(run_ctx, &t[i], &r, e) != 0 || take(take_ctx, i, &r, e) != 0) return -1;
    }
    return 0;
}

struct setting {
    struct mnq_arena arena;
    struct mnq_subject s;
    struct mnq_data data;
    struct mnq_making how;
    struct mnq_jury *jury;
    struct limited limit;
    struct mnq_trial_engine engine;
    struct mnq_search_opts o;
};

static void begin(struct setting *x, int64_t flash, int most)
{
    struct mnq_err e = {0};
    *x = (struct setting){.data = {.path = path, .n = 1}, .limit = {0, most}};
    x->how = (struct mnq_making){.data = &x->data, .threads = 2};
    x->engine = (struct mnq_trial_engine){some, &x->limit};
    if (mnq_subject_open(model, &(struct mnq_subject_opts){.preprocess = "tf"}, &x->s, &x->arena, &e) != 0 ||
        (x->jury = mnq_jury_new(&x->s, &x->how, &e)) == NULL)
        fail_msg("%s", e.msg);
    x->o = (struct mnq_search_opts){
        .model = model, .how = &x->how, .engine = &x->engine, .part = 8, .finalists = 1, .tuned = 0};
    mnq_recipe_defaults(&x->o.base);
    x->o.base.preprocess = "tf";
    x->o.base.target = "cortex-m4";
    x->o.base.flash = flash;
    x->o.base.samples = 16;
    x->o.base.wide_activations = MNQ_WIDE_NONE; /* which takes a second for each model to choose */
}

static void end(struct setting *x)
{
    mnq_jury_free(x->jury);
    mnq_arena_free(&x->arena);
}

static void within_the_budget(void **state)
{
    (void)state;
    enum { FLASH = 400000 };
    struct setting x;
    struct mnq_search_report r, again;
    struct mnq_err e = {0};
    mnq_temp_make();
    begin(&x, FLASH, 1000);
    if (mnq_search(&x.o, &x.s, x.jury, &r, &x.arena, &e) != 0) fail_msg("%s", e.msg);
    assert_true(r.best >= 0 && r.open == 0);
    const struct mnq_trial_result *best = &r.point[r.best].result;
    assert_true(best->flash > 0 && best->flash <= FLASH && best->pictures > 0);
    assert_true(best->drop >= 0 && best->low <= best->drop && best->drop <= best->high);
    assert_true(r.point[r.best].stage == MNQ_SEARCH_FULL);
    for (int i = 0; i < r.n; i++) {
        const struct mnq_search_point *p = &r.point[i];
        assert_true(!p->front || (p->stage != MNQ_SEARCH_COSTS && p->result.state == MNQ_TRIAL_MADE));
        if (p->stage != MNQ_SEARCH_COSTS && p->result.state == MNQ_TRIAL_MADE) assert_true(p->result.flash <= FLASH);
    }
    assert_true(r.stage_n[MNQ_SEARCH_COSTS] >= 1 && r.stage_n[MNQ_SEARCH_PARTS] >= 1);
    /* what was kept is what the recipe makes */
    struct mnq_made *made = mnq_arena_alloc(&x.arena, sizeof *made);
    assert_non_null(made);
    if (mnq_model_make(model, &r.point[r.best].recipe, &x.how, false, made, &x.arena, &e) != 0) fail_msg("%s", e.msg);
    assert_string_equal(r.kept.recipe, r.point[r.best].trial.recipe);
    assert_int_equal(r.kept.n, made->n);
    assert_memory_equal(r.kept.bytes, made->bytes, made->n);
    /* the same, stopped once on the way */
    const int all = x.limit.calls;
    assert_int_equal(all, r.n);
    struct setting y;
    begin(&y, FLASH, all / 2);
    y.o.journal = mnq_journal_open(mnq_temp_path("journal.jsonl"), "reader", true, &e);
    assert_non_null(y.o.journal);
    assert_int_equal(mnq_search(&y.o, &y.s, y.jury, &again, &y.arena, &e), 0);
    assert_true(again.open > 0 || again.best < 0 || again.n < r.n);
    y.limit = (struct limited){0, 1000};
    y.how.threads = 1;
    if (mnq_search(&y.o, &y.s, y.jury, &again, &y.arena, &e) != 0) fail_msg("%s", e.msg);
    assert_int_equal(y.limit.calls, all - all / 2);
    assert_int_equal(again.n, r.n);
    assert_int_equal(again.best, r.best);
    for (int i = 0; i < r.n; i++) {
        const struct mnq_trial_result *a = &r.point[i].result, *b = &again.point[i].result;
        assert_string_equal(r.point[i].trial.recipe, again.point[i].trial.recipe);
        assert_int_equal(a->state, b->state);
        assert_int_equal(a->file, b->file);
        assert_int_equal(a->flash, b->flash);
        assert_true(isnan(a->drop) ? isnan(b->drop) : memcmp(&a->drop, &b->drop, sizeof a->drop) == 0);
    }
    mnq_journal_close(y.o.journal);
    end(&y);
    end(&x);
    mnq_temp_remove();
}

/* Bills take too much for granted: what is judged best with a cut is tried with less of one, as long as that fits. */
static void cut_less(void **state)
{
    (void)state;
    struct setting x;
    struct mnq_search_report r;
    struct mnq_err e = {0};
    begin(&x, 245000, 1000);
    x.o.part = 4;
    x.o.base.samples = 4;
    if (mnq_search(&x.o, &x.s, x.jury, &r, &x.arena, &e) != 0) fail_msg("%s", e.msg);
    int best = -1, between = 0;
    for (int i = 0; i < r.n; i++) {
        const struct mnq_search_point *p = &r.point[i];
        bool judged = p->stage == MNQ_SEARCH_PARTS && p->result.state == MNQ_TRIAL_MADE && p->recipe.channels > 0;
        if (judged && (best < 0 || p->result.drop < r.point[best].result.drop)) best = i;
        bool grid = false;
        for (int k = 0; k < MNQ_SEARCH_CUTS; k++) grid = grid || p->recipe.channels == mnq_search_cut(k);
        between += p->stage == MNQ_SEARCH_PARTS && !grid;
    }
    assert_true(best >= 0 && between > 0);
    bool less = false;
    for (int i = 0; i < r.n; i++) {
        const struct mnq_search_point *p = &r.point[i];
        less = less ||
               (p->stage == MNQ_SEARCH_PARTS && p->recipe.resolution == r.point[best].recipe.resolution &&
                p->recipe.weights == r.point[best].recipe.weights && p->recipe.channels < r.point[best].recipe.channels);
    }
    assert_true(less);
    end(&x);
}

static void too_little(void **state)
{
    (void)state;
    struct setting x;
    struct mnq_search_report r;
    struct mnq_err e = {0};
    begin(&x, 20000, 1000);
    if (mnq_search(&x.o, &x.s, x.jury, &r, &x.arena, &e) != 0) fail_msg("%s", e.msg);
    assert_int_equal(r.best, -1);
    assert_non_null(r.nearest);
    assert_int_equal(r.nearest->result.state, MNQ_TRIAL_UNFIT);
    assert_int_equal(r.nearest->result.fault, MNQ_UNFIT_FLASH);
    assert_non_null(strstr(r.nearest->result.why, "--flash 20000: "));
    assert_int_equal(r.stage_n[MNQ_SEARCH_PARTS], 0);
    end(&x);
}

/* What no recipe is to blame for ends the search, and leaves no line. */
static void other_errors(void **state)
{
    (void)state;
    static char *const gone[] = {(char *)(uintptr_t) "/nonexistent/gone.h5"};
    struct setting x;
    struct mnq_search_report r;
    struct mnq_err e = {0};
    mnq_temp_make();
    begin(&x, 400000, 1000);
    x.o.journal = mnq_journal_open(mnq_temp_path("journal.jsonl"), "reader", true, &e);
    assert_non_null(x.o.journal);
    x.data.path = gone;
    assert_int_equal(mnq_search(&x.o, &x.s, x.jury, &r, &x.arena, &e), -1);
    assert_int_equal(e.code, MNQ_EXIT_FAILED);
    assert_non_null(strstr(e.msg, "gone.h5: "));
    mnq_journal_close(x.o.journal);
    e.code = 0;
    x.o.journal = mnq_journal_open(mnq_temp_path("journal.jsonl"), "reader", false, &e);
    assert_int_equal(mnq_journal_held(x.o.journal), 0);
    mnq_journal_close(x.o.journal);
    end(&x);
    mnq_temp_remove();
}

/* One of several processes: another one fails when a trial is settled. */
enum { SETTLES = 3 }; /* as spread.c numbers the step */

static int agree(void *ctx, int64_t key, int64_t op, struct mnq_err *e)
{
    (void)ctx;
    if (op != SETTLES && key == INT64_MAX) return 0;
    *e = (struct mnq_err){0};
    return mnq_fail(e, MNQ_EXIT_FAILED, "process 1: out of reach");
}

static int all_here(void *ctx, const struct mnq_spread_part *part, const int *start, struct mnq_err *e)
{
    (void)ctx;
    (void)part;
    (void)start;
    (void)e;
    return 0;
}

static int sum_here(void *ctx, const struct mnq_spread_array *array, struct mnq_err *e)
{
    (void)ctx;
    (void)array;
    (void)e;
    return 0;
}

static void other_processes(void **state)
{
    (void)state;
    const struct mnq_spread_engine two = {.rank = 0, .ranks = 1, .agree = agree, .gather = all_here, .sum = sum_here};
    struct setting x;
    struct mnq_search_report r;
    struct mnq_err e = {0};
    begin(&x, 20000, 1000);
    mnq_spread_use(&two);
    int rc = mnq_search(&x.o, &x.s, x.jury, &r, &x.arena, &e);
    mnq_spread_use(NULL);
    assert_int_equal(rc, -1);
    assert_string_equal(e.msg, "process 1: out of reach");
    end(&x);
}

/* A changed answer costs the difference of probabilities, also where a threshold chose the less likely one. */
static void losses(void **state)
{
    (void)state;
    static const double p[] = {0.25, 0.75};
    assert_true(mnq_jury_loss(p, 1, 1) <= 0 && mnq_jury_loss(p, 0, 0) <= 0);
    assert_true(fabs(mnq_jury_loss(p, 1, 0) - 50) < 1e-9);
    assert_true(fabs(mnq_jury_loss(p, 0, 1) - 50) < 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(within_the_budget), cmocka_unit_test(cut_less),
                                       cmocka_unit_test(too_little),        cmocka_unit_test(other_errors),
                                       cmocka_unit_test(other_processes),   cmocka_unit_test(losses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
