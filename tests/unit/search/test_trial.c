/* SPDX-License-Identifier: Apache-2.0
 * A trial as a line: what is not known is null, a fault comes back, numbers that no trial has are refused. */
#include "trials.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const struct mnq_trial one = {MNQ_TRIAL_JUDGED, "a.h5", "weights: int8\n"};

static int never(void *ctx, const struct mnq_trial *t, struct mnq_trial_result *r, struct mnq_err *e)
{
    (void)ctx;
    (void)t;
    (void)r;
    return mnq_fail(e, MNQ_EXIT_FAILED, "was run");
}

/* Not run before the deadline: no figures, and none in its line. */
static void open_trials(void **state)
{
    (void)state;
    struct mnq_trial_result r;
    struct mnq_err e = {0};
    struct mnq_json w = {.indent = 0};
    assert_int_equal(mnq_trials_run(&one, 1, &r, NULL, &mnq_trials_here, never, NULL, mnq_trials_now() - 1, &e), 0);
    assert_int_equal(r.state, MNQ_TRIAL_OPEN);
    assert_true(r.file == -1 && r.cycles == -1 && r.pictures == -1 && isnan(r.drop) && isnan(r.accuracy));
    mnq_trial_json(&w, &one, &r);
    assert_non_null(strstr(w.text, "\"flash\":null"));
    assert_non_null(strstr(w.text, "\"pictures\":null"));
    assert_null(strstr(w.text, "-1"));
    mnq_json_free(&w);
}

/* The last one is no harm. */
static void damaged(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
    } harm[] = {{"\"pictures\":3", "\"pictures\":1e300"},
                {"\"pictures\":3", "\"pictures\":2147483648"},
                {"\"pictures\":3", "\"pictures\":2.5"},
                {"\"pictures\":3", "\"pictures\":-1"},
                {"\"file\":null", "\"file\":1e300"},
                {"\"file\":null", "\"file\":-5"},
                {"\"file\":null", "\"file\":\"much\""},
                {"\"low\":null", "\"low\":1e301"},
                {"\"fault\":\"flash\"", "\"fault\":\"none of them\""},
                {"\"why\":null", "\"why\":{}"},
                {"\"pictures\":3", "\"pictures\":3"}};
    const size_t n = sizeof harm / sizeof *harm;
    struct mnq_trial_result r = mnq_trial_nothing(), back;
    struct mnq_trial t;
    struct mnq_arena arena = {0};
    struct mnq_json w = {.indent = 0};
    r.state = MNQ_TRIAL_UNFIT;
    r.fault = MNQ_UNFIT_FLASH;
    r.pictures = 3;
    mnq_trial_json(&w, &one, &r);
    for (size_t i = 0; i < n; i++) {
        char text[1000];
        struct mnq_err e = {0};
        const char *at = strstr(w.text, harm[i].from);
        assert_non_null(at);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - w.text), w.text, harm[i].to, at + strlen(harm[i].from));
        assert_int_equal(mnq_trial_read(text, strlen(text), &t, &back, &arena, &e), i + 1 == n ? 0 : -1);
    }
    assert_int_equal(back.state, MNQ_TRIAL_UNFIT);
    assert_int_equal(back.fault, MNQ_UNFIT_FLASH);
    assert_true(back.pictures == 3 && back.file == -1 && isnan(back.low));
    mnq_json_free(&w);
    mnq_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(open_trials), cmocka_unit_test(damaged)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
