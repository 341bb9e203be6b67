/* SPDX-License-Identifier: Apache-2.0
 * Trials and their results as lines of JSON. */
#include "trial.h"

#include "util/plain.h"
#include "util/ydoc.h"

#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

static const char *const kind_words[] = {"cost", "judged"};
static const char *const state_words[] = {"open", "made", "unfit"};
static const char *const fault_words[] = {"none", "recipe", "channels", "budget", "flash"}; /* enum mnq_unfit */

struct field {
    const char *name;
    size_t at;
    char type; /* l: int64_t, i: int, d: double */
};

#define F(name, type)                                                                                                       \
    {                                                                                                                       \
#name, offsetof(struct mnq_trial_result, name), type                                                                \
    }
static const struct field fields[] = {F(file, 'l'), F(flash, 'l'),  F(ram, 'l'),      F(ram_rows, 'l'),  F(cycles, 'l'),
                                      F(macs, 'l'), F(params, 'l'), F(pictures, 'i'), F(labelled, 'i'),  F(drop, 'd'),
                                      F(low, 'd'),  F(high, 'd'),   F(upper, 'd'),    F(agreement, 'd'), F(accuracy, 'd')};
enum { FIELDS = sizeof fields / sizeof *fields };

struct mnq_trial_result mnq_trial_nothing(void)
{
    struct mnq_trial_result r = {.state = MNQ_TRIAL_OPEN};
    for (int i = 0; i < FIELDS; i++) {
        void *at = (char *)&r + fields[i].at;
        if (fields[i].type == 'd') *(double *)at = (double)NAN;
        else if (fields[i].type == 'l') *(int64_t *)at = -1;
        else *(int *)at = -1;
    }
    return r;
}

void mnq_trial_figures(struct mnq_json *w, const struct mnq_trial_result *r)
{
    mnq_json_string(w, "state", state_words[r->state]);
    for (int i = 0; i < FIELDS; i++) {
        const void *at = (const char *)r + fields[i].at;
        int64_t whole = fields[i].type == 'l' ? *(const int64_t *)at : fields[i].type == 'i' ? *(const int *)at : 0;
        if (fields[i].type == 'd') mnq_json_double(w, fields[i].name, *(const double *)at);
        else if (whole < 0) mnq_json_null(w, fields[i].name);
        else mnq_json_int(w, fields[i].name, whole);
    }
    mnq_json_string(w, "fault", r->fault != MNQ_UNFIT_NOT ? fault_words[r->fault] : NULL);
    mnq_json_string(w, "why", r->why[0] != '\0' ? r->why : NULL);
}

void mnq_trial_json(struct mnq_json *w, const struct mnq_trial *t, const struct mnq_trial_result *r)
{
    mnq_json_object(w, NULL);
    mnq_json_string(w, "kind", kind_words[t->kind]);
    mnq_json_string(w, "model", t->model);
    mnq_json_string(w, "recipe", t->recipe);
    mnq_trial_figures(w, r);
    mnq_json_end(w);
}

/* In r, which holds nothing yet. */
static int read_field(const struct field *f, const struct mnq_ynode *v, struct mnq_trial_result *r, struct mnq_err *e)
{
    const double least = f->type == 'd' ? -1e300 : 0;
    const double most = f->type == 'd' ? 1e300 : f->type == 'l' ? 9007199254740992.0 : INT_MAX; /* 2^53: all are exact */
    void *at = (char *)r + f->at;
    double d;
    if (v == NULL) return mnq_fail(e, MNQ_EXIT_FAILED, "a trial without '%s'", f->name);
    if (mnq_y_null(v)) return 0;
    if (mnq_y_double(v, least, most, &d, e) != 0) return -1;
    if (f->type != 'd' && floor(d) < d) return mnq_fail(e, MNQ_EXIT_FAILED, "a trial whose '%s' is not whole", f->name);
    if (f->type == 'd') *(double *)at = d;
    else if (f->type == 'l') *(int64_t *)at = (int64_t)d;
    else *(int *)at = (int)d;
    return 0;
}

int mnq_trial_read(const char *line, size_t n, struct mnq_trial *t, struct mnq_trial_result *r, struct mnq_arena *arena,
                   struct mnq_err *e)
{
    int kind, state, fault = MNQ_UNFIT_NOT;
    const char *why = "";
    const struct mnq_ynode *root = mnq_ydoc_parse("journal", MNQ_EXIT_FAILED, line, n, arena, e), *v;
    *r = mnq_trial_nothing();
    if (root == NULL || mnq_y_want(root, MNQ_Y_MAP, e) != 0) return -1;
    const struct mnq_ynode *k = mnq_y_get(root, "kind"), *m = mnq_y_get(root, "model"), *recipe = mnq_y_get(root, "recipe"),
                           *s = mnq_y_get(root, "state"), *f = mnq_y_get(root, "fault");
    if (k == NULL || m == NULL || recipe == NULL || s == NULL || f == NULL) return mnq_fail(e, MNQ_EXIT_FAILED, "no trial");
    if (mnq_y_choice(k, kind_words, 2, &kind, e) != 0 || mnq_y_choice(s, state_words, 3, &state, e) != 0 ||
        (!mnq_y_null(f) && mnq_y_choice(f, fault_words, 5, &fault, e) != 0) || mnq_y_string(m, &t->model, e) != 0 ||
        mnq_y_string(recipe, &t->recipe, e) != 0)
        return -1;
    for (int i = 0; i < FIELDS; i++)
        if (read_field(&fields[i], mnq_y_get(root, fields[i].name), r, e) != 0) return -1;
    v = mnq_y_get(root, "why");
    if (!mnq_y_null(v) && mnq_y_string(v, &why, e) != 0) return -1;
    mnq_plain_copy(r->why, sizeof r->why, why, false);
    t->kind = (enum mnq_trial_kind)kind;
    r->state = (enum mnq_trial_state)state;
    r->fault = (enum mnq_unfit)fault;
    return 0;
}

bool mnq_trial_same(const struct mnq_trial *a, const struct mnq_trial *b)
{
    return a->kind == b->kind && strcmp(a->model, b->model) == 0 && strcmp(a->recipe, b->recipe) == 0;
}
