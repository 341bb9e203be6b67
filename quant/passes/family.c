/* SPDX-License-Identifier: Apache-2.0
 * Which tensors share their channels: a union over the graph's edges. */
#include "passes/family.h"

#include <string.h>

/* ---- sets of nodes ---- */

struct sets {
    const struct mnq_graph *g;
    int *parent; /* [n] of a node in its set */
    bool *fixed; /* [n] of a node, later of its set */
};

static int root(struct sets *s, int i)
{
    while (s->parent[i] != i) {
        s->parent[i] = s->parent[s->parent[i]];
        i = s->parent[i];
    }
    return i;
}

/* The earlier root stays one, so that a family is named by its first node. */
static void unite(struct sets *s, int a, int b)
{
    a = root(s, a);
    b = root(s, b);
    if (a < b) s->parent[b] = a;
    else s->parent[a] = b;
}

static bool is_point(struct mnq_shape s)
{
    return s.h == 1 && s.w == 1;
}

static bool mixes(const struct mnq_node *nd)
{
    return nd->op == MNQ_OP_CONV || nd->op == MNQ_OP_DENSE;
}

/* What node i says of its own channels and of those it reads. */
static void visit(struct sets *s, int i)
{
    const struct mnq_node *nd = &s->g->node[i];
    bool tied = false;
    switch (nd->op) {
    case MNQ_OP_CONV:
    case MNQ_OP_DENSE:
        if (mnq_node_groups(nd) == 1 && (nd->op == MNQ_OP_CONV || is_point(s->g->node[nd->in[0]].out))) return;
        break;
    case MNQ_OP_DWCONV:
        tied = nd->mult == 1;
        break;
    case MNQ_OP_ADD:
    case MNQ_OP_MUL:
        for (int k = 0; k < nd->n_in; k++) {
            if (s->g->node[nd->in[k]].out.c == nd->out.c) unite(s, i, nd->in[k]);
            else s->fixed[nd->in[k]] = true; /* one channel for all */
        }
        return;
    case MNQ_OP_AVGPOOL:
    case MNQ_OP_MAXPOOL:
    case MNQ_OP_ACT:
    case MNQ_OP_BATCHNORM:
    case MNQ_OP_AFFINE:
    case MNQ_OP_UPSAMPLE:
    case MNQ_OP_PAD:
    case MNQ_OP_CROP:
        tied = true;
        break;
    case MNQ_OP_RESHAPE: {
        struct mnq_shape from = s->g->node[nd->in[0]].out;
        tied = from.c == nd->out.c && from.h == nd->out.h && from.w == nd->out.w;
        break;
    }
    case MNQ_OP_INPUT:
    case MNQ_OP_SOFTMAX:
    case MNQ_OP_SELECT:
    case MNQ_OP_SPREAD:
    case MNQ_OP_TCONV:
    case MNQ_OP_JOIN:
    case MNQ_OP_COUNT:
        break;
    }
    if (tied) {
        unite(s, i, nd->in[0]);
        return;
    }
    s->fixed[i] = true;
    for (int k = 0; k < nd->n_in; k++) s->fixed[nd->in[k]] = true;
}

/* Weights that two layers share cannot be cut for one of them. By path: folded graphs know no twins. */
static void fix_twins(struct sets *s)
{
    const struct mnq_graph *g = s->g;
    for (int i = 0; i < g->n; i++) {
        const struct mnq_node *nd = &g->node[i];
        if (nd->w_path == NULL) continue;
        for (int k = 0; k < i; k++) {
            const struct mnq_node *other = &g->node[k];
            if (other->w_path == NULL || strcmp(other->w_path, nd->w_path) != 0) continue;
            s->fixed[i] = s->fixed[k] = true;
            if (nd->n_in > 0) s->fixed[nd->in[0]] = true;
            if (other->n_in > 0) s->fixed[other->in[0]] = true;
        }
    }
}

/* ---- families ---- */

static int collect(const struct mnq_graph *g, struct mnq_families *f, struct mnq_arena *arena, struct mnq_err *e)
{
    for (int k = 0; k < f->n; k++) {
        struct mnq_family *m = &f->family[k];
        m->writer = mnq_arena_array(arena, (size_t)m->n_writers, sizeof *m->writer);
        m->reader = mnq_arena_array(arena, (size_t)m->n_readers, sizeof *m->reader);
        m->channelwise = mnq_arena_array(arena, (size_t)m->n_channelwise, sizeof *m->channelwise);
        if (m->writer == NULL || m->reader == NULL || m->channelwise == NULL) return mnq_fail_nomem(e);
        m->n_writers = m->n_readers = m->n_channelwise = 0;
    }
    for (int i = 0; i < g->n; i++) {
        const struct mnq_node *nd = &g->node[i];
        struct mnq_family *out = &f->family[f->of[i]];
        if (mixes(nd)) out->writer[out->n_writers++] = i;
        if (nd->op == MNQ_OP_DWCONV) out->channelwise[out->n_channelwise++] = i;
        if (!mixes(nd)) continue;
        struct mnq_family *in = &f->family[f->of[nd->in[0]]];
        in->reader[in->n_readers++] = i;
    }
    return 0;
}

int mnq_families_of(const struct mnq_graph *g, struct mnq_families *f, struct mnq_arena *arena, struct mnq_err *e)
{
    size_t n = (size_t)g->n;
    struct sets s = {g, mnq_arena_array(arena, n, sizeof *s.parent), mnq_arena_array(arena, n, sizeof *s.fixed)};
    *f = (struct mnq_families){.of = mnq_arena_array(arena, n, sizeof *f->of)};
    f->family = mnq_arena_array(arena, n, sizeof *f->family);
    if (s.parent == NULL || s.fixed == NULL || f->of == NULL || f->family == NULL) return mnq_fail_nomem(e);
    for (int i = 0; i < g->n; i++) s.parent[i] = i;
    for (int i = 0; i < g->n; i++) visit(&s, i);
    fix_twins(&s);
    for (int i = 0; i < g->n; i++) {
        int first = root(&s, i);
        f->of[i] = first == i ? f->n++ : f->of[first];
        struct mnq_family *m = &f->family[f->of[i]];
        m->channels = g->node[i].out.c;
        m->fixed = m->fixed || s.fixed[i] || mnq_graph_is_output(g, i);
        m->n_writers += mixes(&g->node[i]);
        m->n_channelwise += g->node[i].op == MNQ_OP_DWCONV;
    }
    for (int i = 0; i < g->n; i++)
        if (mixes(&g->node[i])) f->family[f->of[g->node[i].in[0]]].n_readers++;
    return collect(g, f, arena, e);
}

/* ---- between two graphs ---- */

struct match {
    const struct mnq_graph *raw;
    const struct mnq_families *raw_f;
    const struct mnq_graph *legal;
    struct mnq_families *legal_f;
    int *at, *from; /* [legal_f->n], [raw_f->n] -1: none yet */
};

static void pair(struct match *m, int legal_node, int raw_node)
{
    int l = m->legal_f->of[legal_node], r = m->raw_f->of[raw_node];
    struct mnq_family *mine = &m->legal_f->family[l];
    const struct mnq_family *other = &m->raw_f->family[r];
    mine->fixed = mine->fixed || other->fixed || other->channels != mine->channels || (m->at[l] >= 0 && m->at[l] != r) ||
                  (m->from[r] >= 0 && m->from[r] != l);
    if (m->from[r] >= 0 && m->from[r] != l) m->legal_f->family[m->from[r]].fixed = true;
    m->at[l] = r;
    m->from[r] = l;
}

int mnq_families_match(const struct mnq_graph *raw, const struct mnq_families *raw_f, const struct mnq_graph *legal,
                       struct mnq_families *legal_f, int *at, struct mnq_err *e)
{
    struct mnq_arena scratch = {0};
    struct match m = {raw, raw_f, legal, legal_f, at, mnq_arena_array(&scratch, (size_t)raw_f->n, sizeof *m.from)};
    if (m.from == NULL) return mnq_fail_nomem(e);
    for (int k = 0; k < legal_f->n; k++) at[k] = -1;
    for (int k = 0; k < raw_f->n; k++) m.from[k] = -1;
    for (int i = 0; i < legal->n; i++) {
        const struct mnq_node *nd = &legal->node[i];
        if (!mixes(nd) && nd->op != MNQ_OP_DWCONV) continue;
        bool stored = nd->w_path != NULL && nd->source >= 0;
        if (stored) pair(&m, i, nd->source);
        else legal_f->family[legal_f->of[i]].fixed = true;
        if (stored && mixes(nd)) pair(&m, nd->in[0], raw->node[nd->source].in[0]);
        else legal_f->family[legal_f->of[nd->in[0]]].fixed |= !stored;
    }
    for (int k = 0; k < legal_f->n; k++) {
        legal_f->family[k].fixed |= at[k] < 0;
        if (legal_f->family[k].fixed) at[k] = -1;
    }
    mnq_arena_free(&scratch);
    return 0;
}

/* ---- narrowing ---- */

struct cut {
    const unsigned char *out, *in; /* channels that leave, or NULL */
    int from, to, in_from, in_to;
};

/* v [rows][n] without the columns that leave, in the arena; NULL stays NULL. */
static float *columns(const float *v, size_t rows, const unsigned char *gone, int n, int left, struct mnq_arena *arena,
                      bool *failed)
{
    if (v == NULL) return NULL;
    float *to = mnq_arena_array(arena, rows * (size_t)left, sizeof *to);
    *failed = *failed || to == NULL;
    if (to == NULL) return NULL;
    size_t at = 0;
    for (size_t r = 0; r < rows; r++)
        for (int c = 0; c < n; c++)
            if (gone == NULL || !gone[c]) to[at++] = v[r * (size_t)n + (size_t)c];
    return to;
}

/* [taps][in][out] */
static float *kernel(const struct mnq_node *nd, const struct cut *c, struct mnq_arena *arena, bool *failed)
{
    size_t taps = (size_t)nd->kh * (size_t)nd->kw, out = (size_t)c->from, at = 0;
    float *rows = mnq_arena_array(arena, taps * (size_t)c->in_to * out, sizeof *rows);
    *failed = *failed || rows == NULL;
    if (rows == NULL) return NULL;
    for (size_t t = 0; t < taps; t++)
        for (int i = 0; i < c->in_from; i++) {
            if (c->in != NULL && c->in[i]) continue;
            memcpy(rows + at, nd->w + (t * (size_t)c->in_from + (size_t)i) * out, out * sizeof *rows);
            at += out;
        }
    return columns(rows, taps * (size_t)c->in_to, c->out, c->from, c->to, arena, failed);
}

static int left_of(const unsigned char *gone, int n)
{
    int left = n;
    for (int c = 0; gone != NULL && c < n; c++) left -= gone[c] != 0;
    return left;
}

static int narrow_node(struct mnq_node *nd, const struct cut *c, struct mnq_arena *arena, struct mnq_err *e)
{
    bool failed = false;
    const unsigned char *gone = c->out;
    if (mixes(nd)) nd->w = kernel(nd, c, arena, &failed);
    else if (nd->op == MNQ_OP_DWCONV)
        nd->w = columns(nd->w, (size_t)nd->kh * (size_t)nd->kw, gone, c->from, c->to, arena, &failed);
    float **each[] = {&nd->b, &nd->gamma, &nd->beta, &nd->mean, &nd->var, &nd->slope, &nd->scale, &nd->offset};
    for (size_t k = 0; k < sizeof each / sizeof *each; k++)
        *each[k] = columns(*each[k], 1, gone, c->from, c->to, arena, &failed);
    if (nd->slope != NULL) nd->kept = 0; /* slopes are counted by channel from here on */
    nd->in_gain = nd->out_gain = nd->b_gain = NULL;
    nd->out.c = c->to;
    return failed ? mnq_fail_nomem(e) : 0;
}

int mnq_narrow(const struct mnq_graph *g, const struct mnq_families *f, const unsigned char *const *gone,
               struct mnq_graph *out, struct mnq_arena *arena, struct mnq_err *e)
{
    *out = *g;
    out->arena = arena;
    out->node = mnq_arena_array(arena, (size_t)g->n, sizeof *g->node);
    if (out->node == NULL) return mnq_fail_nomem(e);
    memcpy(out->node, g->node, (size_t)g->n * sizeof *g->node);
    for (int k = 0; k < f->n; k++)
        if (gone[k] != NULL && (f->family[k].fixed || left_of(gone[k], f->family[k].channels) < 1))
            return mnq_fail(e, MNQ_EXIT_FAILED, "channels that must stay were to leave");
    for (int i = 0; i < g->n; i++) {
        struct mnq_node *nd = &out->node[i];
        struct cut c = {.out = gone[f->of[i]], .from = nd->out.c, .to = left_of(gone[f->of[i]], nd->out.c)};
        if (nd->n_in > 0) {
            c.in = gone[f->of[nd->in[0]]];
            c.in_from = g->node[nd->in[0]].out.c;
            c.in_to = left_of(c.in, c.in_from);
        }
        if ((c.to != c.from || (mixes(nd) && c.in_to != c.in_from)) && narrow_node(nd, &c, arena, e) != 0) return -1;
    }
    return mnq_graph_check(out, e);
}
