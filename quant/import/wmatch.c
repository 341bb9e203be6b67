/* SPDX-License-Identifier: Apache-2.0
 * The variables a network waits for against the datasets a file holds. */
#include "import/wmatch.h"
#include "import/wcompanion.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A variable and the dataset chosen for it. */
struct want {
    const struct mnq_slot *slot;
    const struct mnq_slot_var *var;
    int found; /* index, -1 while open */
};

/* ---- comparing ---- */

bool mnq_found_is(const struct mnq_found *f, enum mnq_var_kind kind)
{
    if (strcmp(f->var, mnq_var_name(kind)) == 0) return true;
    if (kind == MNQ_VAR_DEPTHWISE && strcmp(f->var, "kernel") == 0) return true; /* Keras 3 */
    for (int other = 0; other < MNQ_VARS; other++)
        if (strcmp(f->var, mnq_var_name((enum mnq_var_kind)other)) == 0) return false;
    return !mnq_found_is_aside(f); /* a name that says nothing */
}

/* The same shape but for axes of size 1: slopes are (n) of a vector, (1, 1, n) of a picture. */
static bool like(const struct mnq_found *f, const struct mnq_slot_var *v)
{
    int i = 0, j = 0;
    for (;;) {
        while (i < f->rank && f->dim[i] == 1) i++;
        while (j < v->rank && v->dim[j] == 1) j++;
        if (i == f->rank || j == v->rank) return i == f->rank && j == v->rank;
        if (f->dim[i++] != v->dim[j++]) return false;
    }
}

static bool fits(const struct mnq_found *f, const struct want *w)
{
    if (!mnq_found_is(f, w->var->kind)) return false;
    if (w->var->kind == MNQ_VAR_ALPHA) return like(f, w->var);
    if (f->rank != w->var->rank) return false;
    if (w->var->kind == MNQ_VAR_KERNEL && f->rank == 2 && mnq_found_is_nibbles(f, w->var->dim[0], w->var->dim[1]))
        return true;
    for (int i = 0; i < f->rank; i++)
        if (f->dim[i] != w->var->dim[i]) return false;
    return true;
}

/* True if path is name, or ends in "/name". */
static bool ends_in(const char *path, const char *name, bool exact)
{
    size_t n = strlen(path), m = strlen(name);
    if (n == m) return strcmp(path, name) == 0;
    return !exact && n > m && path[n - m - 1] == '/' && strcmp(path + n - m, name) == 0;
}

static bool known_as(const struct mnq_found *f, const char *name, bool exact)
{
    if (ends_in(f->layer, name, exact)) return true;
    return f->alias != NULL && strcmp(f->alias, name) == 0;
}

/* True if the dataset's names point to the slot's layer. */
static bool names_layer(const struct mnq_found *f, const struct mnq_slot *s, bool exact)
{
    if (f->group[0] != '\0' && strcmp(f->group, s->layer) == 0 && strcmp(s->group, s->layer) == 0) return true;
    if (known_as(f, s->layer, exact)) return true;
    for (int i = 0; i < MNQ_SLOT_ALIASES; i++) {
        const char *alias = s->alias[i];
        if (alias == NULL) continue;
        if (known_as(f, alias, exact) || (f->group[0] != '\0' && strcmp(f->group, alias) == 0)) return true;
    }
    return false;
}

/* ---- matching ---- */

/* Wants that stay open. */
static int match_names(struct want *want, int n, struct mnq_founds *found)
{
    int open = n;
    for (int pass = 0; pass < 2 && open > 0; pass++)
        for (int i = 0; i < n; i++)
            for (int k = 0; k < found->n && want[i].found < 0; k++) {
                struct mnq_found *f = &found->item[k];
                if (f->used || !fits(f, &want[i]) || !names_layer(f, want[i].slot, pass == 0)) continue;
                f->used = true;
                want[i].found = k;
                open--;
            }
    return open;
}

enum order { ORDER_LAYERS, ORDER_TRAINABLE, ORDER_UNFROZEN, ORDER_KINDS, ORDERS };

/* In which of a nested model's two lists (trainable, then not) Keras puts a variable. */
static int list_of(const struct want *w, enum order order)
{
    if (order == ORDER_TRAINABLE) return w->var->trainable && !w->slot->frozen ? 0 : 1;
    if (order == ORDER_UNFROZEN) return w->var->trainable ? 0 : 1;
    if (order == ORDER_KINDS) return (int)w->var->kind;
    return 0;
}

static int found_list_of(const struct mnq_found *f, enum order order)
{
    if (order != ORDER_KINDS) return 0;
    for (int kind = MNQ_VAR_DEPTHWISE; kind < MNQ_VARS; kind++)
        if (strcmp(f->var, mnq_var_name((enum mnq_var_kind)kind)) == 0) return kind;
    return MNQ_VAR_KERNEL;
}

/* What is open on both sides in the same order, all shapes equal: true, and every want has its dataset. */
static bool match_order(struct want *want, int n, struct mnq_founds *found, enum order order)
{
    int *left = malloc(((size_t)n + (size_t)found->n + 2) * sizeof *left);
    if (left == NULL) return false;
    int *right = left + n + 1, nl = 0, nr = 0;
    for (int list = 0; list < MNQ_VARS; list++) {
        for (int i = 0; i < n; i++)
            if (want[i].found < 0 && list_of(&want[i], order) == list) left[nl++] = i;
        for (int k = 0; k < found->n; k++) {
            const struct mnq_found *f = &found->item[k];
            if (!f->used && !mnq_found_is_aside(f) && found_list_of(f, order) == list) right[nr++] = k;
        }
    }
    bool ok = nl == nr;
    for (int i = 0; i < nl && ok; i++) ok = fits(&found->item[right[i]], &want[left[i]]);
    for (int i = 0; i < nl && ok; i++) {
        want[left[i]].found = right[i];
        found->item[right[i]].used = true;
    }
    free(left);
    return ok;
}

/* Names that only seem to fit must not stand in the way of an order that does. Undone if it fails, so that the message
 * shows what names had found. */
static bool match_all_by_order(struct want *want, int n, struct mnq_founds *found)
{
    int *before = malloc(((size_t)n + 1) * sizeof *before);
    bool ok = false;
    if (before == NULL) return false;
    for (int i = 0; i < n; i++) {
        before[i] = want[i].found;
        want[i].found = -1;
    }
    for (int k = 0; k < found->n; k++) found->item[k].used = false;
    for (int order = 0; order < ORDERS && !ok; order++) ok = match_order(want, n, found, (enum order)order);
    for (int i = 0; i < n && !ok; i++) {
        want[i].found = before[i];
        if (before[i] >= 0) found->item[before[i]].used = true;
    }
    free(before);
    return ok;
}

/* ---- telling ---- */

struct text {
    char s[800];
    size_t n;
};

static void say(struct text *t, const char *s)
{
    size_t n = strlen(s);
    if (n >= sizeof t->s - t->n) n = sizeof t->s - t->n - 1;
    memcpy(t->s + t->n, s, n);
    t->n += n;
    t->s[t->n] = '\0';
}

static void say_shape(struct text *t, int rank, const int64_t *dim)
{
    char buf[32];
    for (int i = 0; i < rank; i++) {
        snprintf(buf, sizeof buf, "%s%lld", i == 0 ? "(" : ",", (long long)dim[i]);
        say(t, buf);
    }
    say(t, rank == 0 ? "()" : ")");
}

static void say_found(struct text *t, const struct mnq_found *f)
{
    char buf[120];
    snprintf(buf, sizeof buf, "%.60s%s%.30s ", f->layer[0] != '\0' ? f->layer : f->group, f->var[0] != '\0' ? "/" : "",
             f->var);
    say(t, buf);
    say_shape(t, f->rank, f->dim);
}

/* The dataset a reader would set beside an open variable: the one of its name, else the next unused one. */
static const struct mnq_found *beside(const struct want *w, const struct mnq_founds *found, int *next)
{
    for (int k = 0; k < found->n; k++)
        if (mnq_found_is(&found->item[k], w->var->kind) && names_layer(&found->item[k], w->slot, false))
            return &found->item[k];
    while (*next < found->n && found->item[*next].used) (*next)++;
    return *next < found->n ? &found->item[(*next)++] : NULL;
}

static int fail_match(const struct mnq_h5 *h, const char *where, const struct want *want, int n,
                      const struct mnq_founds *found, struct mnq_err *e)
{
    enum { SHOWN = 4 };
    struct text t = {.n = 0};
    int open = 0, shown = 0, next = 0, spare = 0;
    for (int i = 0; i < n; i++) open += want[i].found < 0;
    for (int k = 0; k < found->n; k++) spare += !found->item[k].used;
    for (int i = 0; i < n && shown < SHOWN; i++) {
        char buf[120];
        if (want[i].found >= 0) continue;
        snprintf(buf, sizeof buf, "%sexpected %.60s/%.30s ", shown > 0 ? "; " : "", want[i].slot->layer,
                 mnq_var_name(want[i].var->kind));
        say(&t, buf);
        say_shape(&t, want[i].var->rank, want[i].var->dim);
        say(&t, ", found ");
        const struct mnq_found *f = beside(&want[i], found, &next);
        if (f == NULL) say(&t, "nothing");
        else say_found(&t, f);
        shown++;
    }
    for (int k = 0; k < found->n && open == 0 && shown < SHOWN; k++) {
        if (found->item[k].used) continue;
        say(&t, shown > 0 ? "; expected nothing, found " : "expected nothing, found ");
        say_found(&t, &found->item[k]);
        shown++;
    }
    return mnq_fail(e, MNQ_EXIT_FAILED,
                    "%s: %.120s: weights and layers do not fit (%d of %d variables missing, %d of %d datasets unused): %s",
                    mnq_h5_name(h), where, open, n, spare, found->n, t.s);
}

/* ---- all of it ---- */

/* Their values into d, and from there to the graph. */
static int use_all(struct mnq_h5 *h, struct mnq_build *b, const struct want *want, int n, const struct mnq_founds *found,
                   const char **path, struct mnq_h5_data *d, struct mnq_err *e)
{
    for (int i = 0; i < n; i++) path[i] = found->item[want[i].found].path;
    if (mnq_h5_read_all(h, path, n, d, e) != 0) return -1;
    for (int i = 0; i < n; i++) {
        const struct mnq_slot_var *var = want[i].var;
        bool changed = false;
        if (var->kind <= MNQ_VAR_POINTWISE &&
            mnq_companions_apply(h, found, want[i].found, var->dim[0], var->dim[1], &d[i], &changed, b->g->arena, e) != 0)
            return -1;
        struct mnq_node *nd = &b->g->node[var->node];
        *mnq_var_values(b->g, var) = d[i].v;
        if (var->kind == MNQ_VAR_BIAS || var->kind == MNQ_VAR_BETA) nd->b_path = d[i].path;
        else if (var->kind <= MNQ_VAR_POINTWISE && !changed) nd->w_path = d[i].path;
    }
    return 0;
}

static int read_all(struct mnq_h5 *h, struct mnq_build *b, const struct want *want, int n, const struct mnq_founds *found,
                    struct mnq_err *e)
{
    const char **path = calloc((size_t)n + 1, sizeof *path);
    struct mnq_h5_data *d = calloc((size_t)n + 1, sizeof *d);
    int rc = path == NULL || d == NULL ? mnq_fail_nomem(e) : use_all(h, b, want, n, found, path, d, e);
    free(path);
    free(d);
    return rc;
}

int mnq_match(struct mnq_h5 *h, struct mnq_build *b, const char *group, struct mnq_founds *found, bool strict,
              const char *where, struct mnq_err *e)
{
    int n = 0, rc = 0;
    struct want *want = calloc((size_t)b->n_slot * MNQ_SLOT_VARS + 1, sizeof *want);
    if (want == NULL) return mnq_fail_nomem(e);
    for (int s = 0; s < b->n_slot; s++) {
        if (b->slot[s].twin >= 0 || (group != NULL && strcmp(b->slot[s].group, group) != 0)) continue;
        for (int v = 0; v < b->slot[s].n_var; v++) want[n++] = (struct want){&b->slot[s], &b->slot[s].var[v], -1};
    }
    bool ok = match_names(want, n, found) == 0;
    for (int order = 0; order < ORDERS && !ok; order++) ok = match_order(want, n, found, (enum order)order); /* the rest */
    if (!ok) ok = match_all_by_order(want, n, found);
    for (int k = 0; k < found->n && ok && strict; k++) ok = found->item[k].used || mnq_found_is_aside(&found->item[k]);
    rc = ok ? read_all(h, b, want, n, found, e) : fail_match(h, where, want, n, found, e);
    free(want);
    return rc;
}
