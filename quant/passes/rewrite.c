/* SPDX-License-Identifier: Apache-2.0
 * A graph under rewriting: nodes in any order, readers known, affine maps in double. */
#include "passes/rewrite.h"

#include "graph/activation.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- small things ---- */

struct mnq_node *mnq_rw_at(const struct mnq_rw *rw, int i)
{
    return &rw->node[i].nd;
}

int mnq_rw_producer(const struct mnq_rw *rw, int i)
{
    return rw->node[i].nd.n_in > 0 ? rw->node[i].nd.in[0] : -1;
}

int mnq_rw_only_reader(const struct mnq_rw *rw, int i)
{
    return rw->node[i].n_readers == 1 && rw->output != i ? rw->node[i].reader[0] : -1;
}

bool mnq_rw_is_end(const struct mnq_rw *rw, int i)
{
    bool end = rw->output == i || rw->node[i].n_readers > 0;
    for (int k = 0; k < rw->node[i].n_readers; k++) end = end && rw->node[rw->node[i].reader[k]].nd.op == MNQ_OP_JOIN;
    return end;
}

int mnq_rw_fail(const struct mnq_rw *rw, int i, struct mnq_err *e, const char *fmt, ...)
{
    char what[500];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    const char *file = rw->raw->file;
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s%s%s '%s': %s", file != NULL ? file : "", file != NULL ? ": " : "",
                    mnq_op_name(rw->node[i].nd.op), rw->node[i].nd.name, what);
}

/* ---- readers ---- */

static int add_reader(struct mnq_rw *rw, int i, int reader, struct mnq_err *e)
{
    struct mnq_rw_node *n = &rw->node[i];
    if (n->n_readers == n->cap_readers) {
        int cap = n->cap_readers == 0 ? 2 : 2 * n->cap_readers;
        int *list = mnq_arena_array(rw->arena, (size_t)cap, sizeof *list);
        if (list == NULL) return mnq_fail_nomem(e);
        if (n->n_readers > 0) memcpy(list, n->reader, (size_t)n->n_readers * sizeof *list);
        n->reader = list;
        n->cap_readers = cap;
    }
    n->reader[n->n_readers++] = reader;
    return 0;
}

static void remove_reader(struct mnq_rw *rw, int i, int reader)
{
    struct mnq_rw_node *n = &rw->node[i];
    for (int k = 0; k < n->n_readers; k++)
        if (n->reader[k] == reader) {
            memmove(n->reader + k, n->reader + k + 1, (size_t)(n->n_readers - k - 1) * sizeof *n->reader);
            n->n_readers--;
            return;
        }
}

/* Kills node i if nothing reads it, then its producers likewise. A dead node with two inputs waits on a list, linked
 * through its in[1], until its second one has been looked at: depth costs no stack. */
static void bury(struct mnq_rw *rw, int i)
{
    int next = -1; /* head of that list */
    for (;;) {
        struct mnq_rw_node *n = &rw->node[i];
        if (!n->dead && n->n_readers == 0 && i != rw->output && n->nd.op != MNQ_OP_INPUT) {
            n->dead = true;
            int first = n->nd.n_in > 0 ? n->nd.in[0] : -1, second = n->nd.n_in > 1 ? n->nd.in[1] : -1;
            if (first >= 0) remove_reader(rw, first, i);
            if (second >= 0) {
                remove_reader(rw, second, i);
                n->nd.in[0] = second; /* look at it later */
                n->nd.in[1] = next;
                next = i;
            }
            if (first >= 0) {
                i = first;
                continue;
            }
        }
        if (next < 0) return;
        i = rw->node[next].nd.in[0];
        next = rw->node[next].nd.in[1];
    }
}

int mnq_rw_read(struct mnq_rw *rw, int i, int k, int from, struct mnq_err *e)
{
    int old = rw->node[i].nd.in[k];
    if (old == from) return 0;
    if (add_reader(rw, from, i, e) != 0) return -1;
    rw->node[i].nd.in[k] = from;
    remove_reader(rw, old, i);
    bury(rw, old);
    return 0;
}

int mnq_rw_replace(struct mnq_rw *rw, int old, int by, struct mnq_err *e)
{
    if (rw->output == old) rw->output = by;
    for (int k = 0; k < rw->node[old].n_readers;) {
        int r = rw->node[old].reader[k];
        if (r == by) {
            k++;
            continue;
        }
        struct mnq_node *nd = &rw->node[r].nd;
        if (add_reader(rw, by, r, e) != 0) return -1;
        nd->in[nd->in[0] == old ? 0 : 1] = by;
        remove_reader(rw, old, r);
    }
    bury(rw, old);
    return 0;
}

static void hand_over(struct mnq_rw *rw, int from, int to)
{
    memcpy(rw->node[to].nd.learned, rw->node[from].nd.learned, sizeof rw->node[to].nd.learned);
    mnq_rw_forget(rw, from);
}

void mnq_rw_forget(struct mnq_rw *rw, int i)
{
    memset(rw->node[i].nd.learned, 0, sizeof rw->node[i].nd.learned);
}

int mnq_rw_bypass(struct mnq_rw *rw, int i, struct mnq_err *e)
{
    int from = rw->node[i].nd.in[0];
    if (mnq_node_is_learned(&rw->node[i].nd)) hand_over(rw, i, from);
    return mnq_rw_replace(rw, i, from, e);
}

int mnq_rw_merge(struct mnq_rw *rw, int i, struct mnq_err *e)
{
    mnq_rw_forget(rw, rw->node[i].nd.in[0]);
    return mnq_rw_bypass(rw, i, e);
}

/* ---- making nodes ---- */

static int append(struct mnq_rw *rw, struct mnq_err *e)
{
    if (rw->n == rw->cap) {
        int cap = rw->cap == 0 ? 64 : 2 * rw->cap;
        struct mnq_rw_node *node = mnq_arena_array(rw->arena, (size_t)cap, sizeof *node);
        if (node == NULL) return mnq_fail_nomem(e);
        if (rw->n > 0) memcpy(node, rw->node, (size_t)rw->n * sizeof *node);
        rw->node = node;
        rw->cap = cap;
    }
    rw->node[rw->n] = (struct mnq_rw_node){0};
    return rw->n++;
}

int mnq_rw_make(struct mnq_rw *rw, enum mnq_op op, const char *base, const char *suffix, int from, struct mnq_err *e)
{
    size_t size = strlen(base) + strlen(suffix) + 2;
    char *name = mnq_arena_alloc(rw->arena, size);
    if (name == NULL) return mnq_fail_nomem(e);
    snprintf(name, size, "%s/%s", base, suffix);
    int i = append(rw, e);
    if (i < 0) return -1;
    rw->node[i].made = true;
    rw->node[i].nd = (struct mnq_node){.name = name, .op = op, .n_in = 1, .in = {from}, .out = rw->node[from].nd.out};
    rw->node[i].nd.kh = rw->node[i].nd.kw = rw->node[i].nd.sh = rw->node[i].nd.sw = rw->node[i].nd.mult = 1;
    rw->node[i].nd.groups = rw->node[i].nd.dh = rw->node[i].nd.dw = 1;
    rw->node[i].nd.coef[0] = rw->node[i].nd.coef[1] = 1.0f;
    rw->node[i].nd.source = rw->node[i].nd.twin = -1;
    return add_reader(rw, from, i, e) != 0 ? -1 : i;
}

int mnq_rw_make_behind(struct mnq_rw *rw, enum mnq_op op, const char *suffix, int i, struct mnq_err *e)
{
    int made = mnq_rw_make(rw, op, rw->node[i].nd.name, suffix, i, e);
    if (made >= 0) hand_over(rw, i, made);
    return made < 0 || mnq_rw_replace(rw, i, made, e) != 0 ? -1 : made;
}

int mnq_rw_second(struct mnq_rw *rw, int i, int from, struct mnq_err *e)
{
    rw->node[i].nd.n_in = 2;
    rw->node[i].nd.in[1] = from;
    return add_reader(rw, from, i, e);
}

void mnq_rw_one_input(struct mnq_rw *rw, int i)
{
    rw->node[i].nd.n_in = 1;
    remove_reader(rw, rw->node[i].nd.in[1], i);
}

/* An activation of that kind itself: the second inputs of a chain of concatenations, so that depth costs no stack. */
static bool nonnegative_itself(const struct mnq_rw *rw, int i)
{
    const struct mnq_node *nd = &rw->node[i].nd;
    return nd->op == MNQ_OP_SOFTMAX || (nd->op == MNQ_OP_ACT && mnq_act_nonnegative(nd));
}

bool mnq_rw_nonnegative(const struct mnq_rw *rw, int i)
{
    for (int steps = 0; steps < 64; steps++) {
        const struct mnq_node *nd = &rw->node[i].nd;
        switch (nd->op) {
        case MNQ_OP_ACT:
            return mnq_act_nonnegative(nd);
        case MNQ_OP_SOFTMAX:
            return true;
        case MNQ_OP_SELECT:
            if (nd->n_in == 2 && nd->in[1] != nd->in[0] && !nonnegative_itself(rw, nd->in[1])) return false;
            break;
        case MNQ_OP_AVGPOOL:
        case MNQ_OP_MAXPOOL:
        case MNQ_OP_UPSAMPLE:
        case MNQ_OP_SPREAD:
        case MNQ_OP_PAD:
        case MNQ_OP_CROP:
        case MNQ_OP_RESHAPE:
            break;
        default:
            return false;
        }
        i = nd->in[0];
    }
    return false;
}

int mnq_rw_sink(struct mnq_rw *rw, int i, int r, struct mnq_err *e)
{
    struct mnq_node *nd = &rw->node[r].nd;
    int k = nd->in[0] == i ? 0 : 1, from = rw->node[i].nd.in[0];
    /* r reads i's producer; what read r reads i; i reads r */
    if (add_reader(rw, from, r, e) != 0 || add_reader(rw, r, i, e) != 0) return -1;
    nd->in[k] = from;
    remove_reader(rw, i, r);
    rw->node[i].nd.in[0] = r;
    remove_reader(rw, from, i);
    hand_over(rw, r, i);
    return mnq_rw_replace(rw, r, i, e);
}

int mnq_rw_identity(struct mnq_rw *rw, int i, int kh, int kw, int center, struct mnq_err *e)
{
    struct mnq_node *nd = &rw->node[i].nd;
    size_t c = (size_t)nd->out.c;
    float *w = mnq_arena_array(rw->arena, (size_t)kh * (size_t)kw * c, sizeof *w);
    if (w == NULL) return mnq_fail_nomem(e);
    for (size_t j = 0; j < c; j++) w[(size_t)center * c + j] = 1.0f;
    nd->op = MNQ_OP_DWCONV;
    nd->kh = kh;
    nd->kw = kw;
    nd->sh = nd->sw = nd->mult = nd->groups = nd->dh = nd->dw = 1;
    nd->w = w;
    nd->b = NULL;
    nd->w_path = nd->b_path = NULL;
    nd->in_gain = nd->out_gain = nd->b_gain = NULL;
    nd->source = -1;
    return 0;
}

/* ---- affine maps ---- */

int mnq_rw_alloc_affine(struct mnq_rw *rw, int i, struct mnq_err *e)
{
    struct mnq_rw_node *n = &rw->node[i];
    n->scale = mnq_arena_array(rw->arena, (size_t)rw->node[i].nd.out.c, sizeof *n->scale);
    n->offset = mnq_arena_array(rw->arena, (size_t)rw->node[i].nd.out.c, sizeof *n->offset);
    return n->scale == NULL || n->offset == NULL ? mnq_fail_nomem(e) : 0;
}

int mnq_rw_set_affine(struct mnq_rw *rw, int i, double scale, double offset, struct mnq_err *e)
{
    if (mnq_rw_alloc_affine(rw, i, e) != 0) return -1;
    for (size_t c = 0; c < (size_t)rw->node[i].nd.out.c; c++) {
        rw->node[i].scale[c] = scale;
        rw->node[i].offset[c] = offset;
    }
    return 0;
}

/* ---- in ---- */

/* mnq_graph_check() on a copy of the nodes, since it writes shapes. */
static int check_raw(const struct mnq_rw *rw, struct mnq_node **node, struct mnq_err *e)
{
    struct mnq_graph g = *rw->raw;
    size_t n = g.n > 0 ? (size_t)g.n : 0;
    g.node = mnq_arena_array(rw->arena, n, sizeof *g.node);
    if (g.node == NULL) return mnq_fail_nomem(e);
    if (n > 0) memcpy(g.node, rw->raw->node, n * sizeof *g.node);
    *node = g.node;
    return mnq_graph_check(&g, e);
}

static int read_affine(struct mnq_rw *rw, int i, struct mnq_err *e)
{
    if (mnq_rw_set_affine(rw, i, 1.0, 0.0, e) != 0) return -1;
    struct mnq_rw_node *n = &rw->node[i];
    for (int c = 0; c < n->nd.out.c; c++) {
        n->scale[c] = (double)n->nd.scale[c];
        n->offset[c] = (double)n->nd.offset[c];
    }
    return 0;
}

/* Several outputs get one end: a chain of JOIN, the first output at its far end. */
static int join_outputs(struct mnq_rw *rw, struct mnq_err *e)
{
    for (int k = 0; k < rw->raw->n_more; k++) {
        int last = rw->raw->more[k], made = mnq_rw_make(rw, MNQ_OP_JOIN, "outputs", "join", rw->output, e);
        if (made < 0 || add_reader(rw, last, made, e) != 0) return -1;
        rw->node[made].nd.n_in = 2;
        rw->node[made].nd.in[1] = last;
        rw->output = made;
    }
    return 0;
}

int mnq_rw_init(struct mnq_rw *rw, const struct mnq_graph *raw, struct mnq_arena *arena, struct mnq_err *e)
{
    *rw = (struct mnq_rw){.raw = raw, .arena = arena, .output = raw->output};
    struct mnq_node *checked = NULL;
    if (check_raw(rw, &checked, e) != 0) return -1;
    for (int i = 0; i < raw->n; i++) {
        if (append(rw, e) < 0) return -1;
        struct mnq_node *nd = &rw->node[i].nd;
        *nd = checked[i];
        nd->twin = -1; /* folding makes them differ */
        nd->source = nd->op == MNQ_OP_CONV || nd->op == MNQ_OP_DWCONV || nd->op == MNQ_OP_DENSE ? i : -1;
        for (int k = 0; k < nd->n_in; k++)
            if (add_reader(rw, nd->in[k], i, e) != 0) return -1;
        if (nd->op == MNQ_OP_AFFINE && read_affine(rw, i, e) != 0) return -1;
    }
    if (join_outputs(rw, e) != 0) return -1;
    for (int i = raw->n - 1; i >= 0; i--) bury(rw, i);
    return 0;
}

/* ---- out ---- */

/* Order in which the output's inputs are computed: first inputs first, depth first. order[] gets node indices. */
static int sort(const struct mnq_rw *rw, int *order, int *stack, char *state)
{
    int n = 0, depth = 0;
    stack[depth++] = rw->output;
    while (depth > 0) {
        int i = stack[depth - 1];
        const struct mnq_node *nd = &rw->node[i].nd;
        int k = state[i]; /* inputs visited so far; 3 when done */
        if (k > 2) {
            depth--;
            continue;
        }
        if (k < nd->n_in) {
            state[i]++;
            if (state[nd->in[k]] == 0) stack[depth++] = nd->in[k];
            continue;
        }
        state[i] = 3;
        order[n++] = i;
        depth--;
    }
    return n;
}

static bool name_taken(const struct mnq_graph *g, const char *name)
{
    for (int i = 0; i < g->n; i++)
        if (strcmp(g->node[i].name, name) == 0) return true;
    return false;
}

/* Names of raw nodes are unique and come first; made ones get a number where needed. */
static int unique_name(const struct mnq_rw *rw, const struct mnq_graph *g, int i, const char **name, struct mnq_err *e)
{
    const char *base = rw->node[i].nd.name;
    char *own = NULL;
    *name = base;
    for (int k = 2; rw->node[i].made && (name_taken(rw->raw, *name) || name_taken(g, *name)); k++) {
        size_t size = strlen(base) + 16;
        if (own == NULL && (own = mnq_arena_alloc(rw->arena, size)) == NULL) return mnq_fail_nomem(e);
        snprintf(own, size, "%s_%d", base, k);
        *name = own;
    }
    return 0;
}

static float *copy(struct mnq_arena *arena, const float *from, size_t n)
{
    float *to = mnq_arena_array(arena, n, sizeof *to);
    if (to != NULL) memcpy(to, from, n * sizeof *to);
    return to;
}

static int copy_gain(const struct mnq_graph *g, double **gain, size_t n, struct mnq_err *e)
{
    if (*gain == NULL) return 0;
    double *to = mnq_arena_array(g->arena, n, sizeof *to);
    if (to == NULL) return mnq_fail_nomem(e);
    memcpy(to, *gain, n * sizeof *to);
    *gain = to;
    return 0;
}

static int copy_arrays(const struct mnq_rw_node *from, const struct mnq_graph *g, struct mnq_node *nd, struct mnq_err *e)
{
    size_t weights = mnq_node_weights(g, nd), c = (size_t)nd->out.c;
    if (nd->w != NULL && (nd->w = copy(g->arena, nd->w, weights)) == NULL) return mnq_fail_nomem(e);
    if (nd->b != NULL && (nd->b = copy(g->arena, nd->b, c)) == NULL) return mnq_fail_nomem(e);
    if (nd->w_path != NULL && (nd->w_path = mnq_arena_strdup(g->arena, nd->w_path)) == NULL) return mnq_fail_nomem(e);
    if (nd->b_path != NULL && (nd->b_path = mnq_arena_strdup(g->arena, nd->b_path)) == NULL) return mnq_fail_nomem(e);
    if (copy_gain(g, &nd->out_gain, c, e) != 0 || copy_gain(g, &nd->b_gain, c, e) != 0 ||
        copy_gain(g, &nd->in_gain, nd->n_in > 0 ? (size_t)g->node[nd->in[0]].out.c : 0, e) != 0)
        return -1;
    if (nd->slope != NULL && (nd->slope = copy(g->arena, nd->slope, c)) == NULL) return mnq_fail_nomem(e);
    if (nd->map != NULL) {
        int *map = mnq_arena_array(g->arena, c, sizeof *map);
        if (map == NULL) return mnq_fail_nomem(e);
        memcpy(map, nd->map, c * sizeof *map);
        nd->map = map;
    }
    if (nd->op != MNQ_OP_AFFINE) return 0;
    nd->scale = mnq_arena_array(g->arena, c, sizeof *nd->scale);
    nd->offset = mnq_arena_array(g->arena, c, sizeof *nd->offset);
    if (nd->scale == NULL || nd->offset == NULL) return mnq_fail_nomem(e);
    for (size_t j = 0; j < c; j++) {
        nd->scale[j] = (float)from->scale[j];
        nd->offset[j] = (float)from->offset[j];
    }
    return 0;
}

static int copy_header(const struct mnq_graph *raw, struct mnq_graph *g, struct mnq_err *e)
{
    if ((raw->file != NULL && (g->file = mnq_arena_strdup(g->arena, raw->file)) == NULL) ||
        (raw->origin != NULL && (g->origin = mnq_arena_strdup(g->arena, raw->origin)) == NULL) ||
        (raw->preprocess != NULL && (g->preprocess = mnq_arena_strdup(g->arena, raw->preprocess)) == NULL))
        return mnq_fail_nomem(e);
    for (int i = 0; i < raw->n_note; i++)
        if (mnq_graph_note(g, "%s", raw->note[i]) != 0) return mnq_fail_nomem(e);
    for (int k = 0; k < MNQ_OUTPUTS_MAX; k++)
        if (raw->output_name[k] != NULL && (g->output_name[k] = mnq_arena_strdup(g->arena, raw->output_name[k])) == NULL)
            return mnq_fail_nomem(e);
    return 0;
}

/* The outputs, from the chain of JOIN. */
static void set_outputs(const struct mnq_rw *rw, const int *place, struct mnq_graph *g)
{
    int end = rw->output;
    g->n_more = rw->raw->n_more;
    for (int k = g->n_more; k > 0; k--) {
        g->more[k - 1] = place[rw->node[end].nd.in[1]];
        end = rw->node[end].nd.in[0];
    }
    g->output = place[end];
}

int mnq_rw_emit(const struct mnq_rw *rw, struct mnq_graph *g, struct mnq_arena *arena, struct mnq_err *e)
{
    size_t n = (size_t)rw->n;
    int *order = mnq_arena_array(rw->arena, n, sizeof *order), *stack = mnq_arena_array(rw->arena, n, sizeof *stack);
    int *place = mnq_arena_array(rw->arena, n, sizeof *place);
    char *state = mnq_arena_alloc(rw->arena, n);
    if (order == NULL || stack == NULL || place == NULL || state == NULL) return mnq_fail_nomem(e);
    mnq_graph_init(g, arena);
    if (copy_header(rw->raw, g, e) != 0) return -1;
    int count = sort(rw, order, stack, state);
    for (int p = 0; p < count; p++) {
        int i = order[p];
        const char *name;
        if (rw->node[i].nd.op == MNQ_OP_JOIN) continue;
        if (unique_name(rw, g, i, &name, e) != 0) return -1;
        struct mnq_node *nd = mnq_graph_add(g, rw->node[i].nd.op, name);
        if (nd == NULL) return mnq_fail_nomem(e);
        const char *own = nd->name;
        *nd = rw->node[i].nd;
        nd->name = own;
        nd->gamma = nd->beta = nd->mean = nd->var = nd->scale = nd->offset = NULL;
        nd->eps = 0.0f;
        for (int k = 0; k < nd->n_in; k++) nd->in[k] = place[nd->in[k]];
        if (copy_arrays(&rw->node[i], g, nd, e) != 0) return -1;
        place[i] = g->n - 1;
    }
    set_outputs(rw, place, g);
    return mnq_graph_check(g, e);
}
