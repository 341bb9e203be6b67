/* SPDX-License-Identifier: Apache-2.0
 * Structured pruning: how many channels leave each group, which, and what remains.
 *
 * NetAdapt's question (Yang et al. 2018, arXiv:1804.03230), asked once for all groups: what does a multiplication saved here
 * cost at the logits? Every group is cut alone at a few depths, its readers fitted anew; the cheapest multiplications of all
 * groups together go until enough are gone, counted as the cut network really has them: a layer between two cut groups
 * saves in both. */
#include "channels.h"

#include "channel_parts.h"
#include "pack/restore.h"
#include "quantize/allocate.h"
#include "quantize/lower.h"

#include <math.h>
#include <string.h>

/* Depths that are tried. */
static const double shares[MNQ_CHANNEL_LEVELS] = {0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.85, 0.92};

/* Kernels work on four channels and more at a time: wide groups lose them in fours. */
enum { WIDE = 16, STEP = 4 };

static int step_of(int channels)
{
    return channels >= WIDE ? STEP : 1;
}

/* ---- groups ---- */

/* Whether every layer that reads the family can be fitted anew. */
static bool can_lose(const struct mnq_graph *g, const struct mnq_family *m)
{
    if (m->fixed || m->n_readers == 0 || m->channels < 2) return false;
    for (int k = 0; k < m->n_readers; k++)
        if (!mnq_prune_can(g, m->reader[k])) return false;
    return true;
}

static int list_groups(struct mnq_channel_work *x, const struct mnq_graph *raw, struct mnq_err *e)
{
    const struct mnq_graph *g = x->p->legal;
    struct mnq_channels *cut = x->cut;
    struct mnq_arena *arena = x->p->arena;
    if (mnq_families_of(raw, &cut->raw_f, arena, e) != 0 || mnq_families_of(g, &cut->legal_f, arena, e) != 0) return -1;
    size_t n = (size_t)cut->legal_f.n;
    cut->at = mnq_arena_array(arena, n, sizeof *cut->at);
    cut->gone = mnq_arena_array(arena, n, sizeof *cut->gone);
    x->r->group = mnq_arena_array(arena, n, sizeof *x->r->group);
    x->choice = mnq_arena_array(arena, n, sizeof *x->choice);
    if (cut->at == NULL || cut->gone == NULL || x->r->group == NULL || x->choice == NULL) return mnq_fail_nomem(e);
    if (mnq_families_match(raw, &cut->raw_f, g, &cut->legal_f, cut->at, e) != 0) return -1;
    for (int f = 0; f < cut->legal_f.n; f++) {
        const struct mnq_family *m = &cut->legal_f.family[f];
        if (!can_lose(g, m)) continue;
        x->r->group[x->r->n_groups++] = (struct mnq_channel_group){.name = g->node[m->writer[0]].name,
                                                                   .family = f,
                                                                   .writers = m->n_writers,
                                                                   .channels = m->channels,
                                                                   .left = m->channels};
    }
    if (x->r->n_groups > 0) return 0;
    return mnq_fail_unfit(e, MNQ_UNFIT_CUT, MNQ_EXIT_FAILED,
                          "%s: no channels can leave: none are read by 1x1 and dense layers alone",
                          g->file != NULL ? g->file : "graph");
}

/* ---- multiplications ---- */

/* Of the network in which family f has left[f] channels. */
static int64_t macs_with(const struct mnq_graph *g, const struct mnq_families *f, const int *left)
{
    int64_t sum = 0;
    for (int i = 0; i < g->n; i++) {
        const struct mnq_node *nd = &g->node[i];
        if (!mnq_lower_has_weights(g, i)) continue;
        int in = left[f->of[nd->in[0]]], out = left[f->of[i]];
        int64_t each = (int64_t)nd->out.h * nd->out.w * nd->kh * nd->kw;
        sum += each * out * (nd->op == MNQ_OP_DWCONV ? 1 : in / mnq_node_groups(nd));
    }
    return sum;
}

static int64_t macs_now(const struct mnq_channel_work *x, int *left)
{
    for (int f = 0; f < x->cut->legal_f.n; f++) left[f] = x->cut->legal_f.family[f].channels;
    for (int l = 0; l < x->r->n_groups; l++) left[x->r->group[l].family] = x->r->group[l].left;
    return macs_with(x->p->legal, &x->cut->legal_f, left);
}

/* What one channel of each group takes while all others are there. */
static void price_groups(struct mnq_channel_work *x, int *left)
{
    x->r->macs_before = macs_now(x, left);
    for (int l = 0; l < x->r->n_groups; l++) {
        struct mnq_channel_group *gr = &x->r->group[l];
        gr->left--;
        gr->saves = x->r->macs_before - macs_now(x, left);
        gr->left++;
    }
}

static int plan_levels(struct mnq_channel_work *x, struct mnq_err *e)
{
    for (int l = 0; l < x->r->n_groups; l++) {
        int n = x->r->group[l].channels, step = step_of(n);
        struct mnq_channel_choice *c = &x->choice[l];
        c->order = mnq_arena_array(x->p->arena, (size_t)n, sizeof *c->order);
        c->error = mnq_arena_array(x->p->arena, (size_t)n, sizeof *c->error);
        if (c->order == NULL || c->error == NULL) return mnq_fail_nomem(e);
        c->levels = 1;
        for (int k = 1; k < MNQ_CHANNEL_LEVELS; k++) {
            int left = (int)ceil((1 - shares[k]) * n / step) * step, leave = n - left;
            if (left >= 1 && leave > c->leave[c->levels - 1]) c->leave[c->levels++] = leave;
        }
    }
    return 0;
}

/* ---- without data ---- */

static int order_by_magnitude(struct mnq_channel_work *x, struct mnq_err *e)
{
    struct mnq_arena scratch = {0};
    int rc = 0;
    for (int l = 0; rc == 0 && l < x->r->n_groups; l++) {
        const struct mnq_family *m = mnq_channel_family(x, l);
        struct mnq_channel_choice *c = &x->choice[l];
        struct mnq_channel_reader *reader = mnq_arena_array(&scratch, (size_t)m->n_readers, sizeof *reader);
        if (reader == NULL) rc = mnq_fail_nomem(e);
        for (int k = 0; rc == 0 && k < m->n_readers; k++) {
            const struct mnq_node *nd = &x->p->legal->node[m->reader[k]];
            size_t n = mnq_node_weights(x->p->legal, nd);
            double sum = 0;
            reader[k] = (struct mnq_channel_reader){.outputs = nd->out.c, .w = mnq_arena_array(&scratch, n, sizeof(double))};
            if (reader[k].w == NULL) rc = mnq_fail_nomem(e);
            for (size_t i = 0; rc == 0 && i < n; i++) {
                reader[k].w[i] = (double)nd->w[i];
                sum += reader[k].w[i] * reader[k].w[i];
            }
            reader[k].weight = sum > 0 ? 1 / sum : 1;
        }
        if (rc == 0) rc = mnq_channel_order(reader, m->n_readers, m->channels, c->order, c->error, e);
        for (int k = 1; rc == 0 && k < c->levels; k++) c->cost[k] = c->error[c->leave[k] - 1];
    }
    mnq_arena_free(&scratch);
    return rc;
}

/* ---- how many ---- */

/* Takes the cheapest channels whose own savings add up to `want`. */
static int take(struct mnq_channel_work *x, struct mnq_offer *offer, double *amount, double want, struct mnq_err *e)
{
    if (mnq_allocate(offer, x->r->n_groups, want, true, amount, e) != 0) return -1;
    for (int l = 0; l < x->r->n_groups; l++) {
        struct mnq_channel_group *gr = &x->r->group[l];
        int leave = (int)(amount[l] / (double)gr->saves + 1e-6), most = x->choice[l].leave[x->choice[l].levels - 1];
        int step = step_of(gr->channels);
        if (leave < most) leave -= (leave - gr->channels % step + step) % step;
        gr->left = gr->channels - (leave < 0 ? 0 : leave);
    }
    return 0;
}

static int choose(struct mnq_channel_work *x, double ratio, struct mnq_err *e)
{
    enum { HALVINGS = 40 };
    struct mnq_arena scratch = {0};
    size_t groups = (size_t)x->r->n_groups;
    int *left = mnq_arena_array(&scratch, (size_t)x->cut->legal_f.n, sizeof *left);
    struct mnq_offer *offer = mnq_arena_array(&scratch, groups, sizeof *offer);
    double *amount = mnq_arena_array(&scratch, groups, sizeof *amount), low = 0, high = 0;
    double *points = mnq_arena_array(&scratch, groups * MNQ_CHANNEL_LEVELS, sizeof *points);
    int rc = left == NULL || offer == NULL || amount == NULL || points == NULL ? mnq_fail_nomem(e) : 0;
    for (size_t l = 0; rc == 0 && l < groups; l++) {
        const struct mnq_channel_choice *c = &x->choice[l];
        double *at = points + l * MNQ_CHANNEL_LEVELS;
        for (int k = 0; k < c->levels; k++) at[k] = (double)c->leave[k] * (double)x->r->group[l].saves;
        offer[l] = (struct mnq_offer){c->levels, at, c->cost};
        high += at[c->levels - 1];
    }
    double want = (1 - ratio) * (double)x->r->macs_before;
    if (rc == 0) rc = take(x, offer, amount, high, e);
    if (rc == 0 && (double)macs_now(x, left) > want)
        rc = mnq_fail_unfit(e, MNQ_UNFIT_CUT, MNQ_EXIT_FAILED,
                            "channels: a share of %g of the multiplications cannot leave, at most %.3g can", ratio,
                            1 - (double)macs_now(x, left) / (double)x->r->macs_before);
    for (int k = 0; rc == 0 && k < HALVINGS; k++) {
        double middle = (low + high) / 2;
        rc = take(x, offer, amount, middle, e);
        if (rc == 0 && (double)macs_now(x, left) <= want) high = middle;
        else low = middle;
    }
    if (rc == 0) rc = take(x, offer, amount, high, e);
    if (rc == 0) x->r->macs_after = macs_now(x, left);
    mnq_arena_free(&scratch);
    return rc;
}

static int mark(struct mnq_channel_work *x, struct mnq_err *e)
{
    for (int l = 0; l < x->r->n_groups; l++) {
        const struct mnq_channel_group *gr = &x->r->group[l];
        if (gr->left == gr->channels) continue;
        unsigned char *gone = mnq_arena_alloc(x->p->arena, (size_t)gr->channels);
        if (gone == NULL) return mnq_fail_nomem(e);
        for (int k = 0; k < gr->channels - gr->left; k++) gone[x->choice[l].order[k]] = 1;
        x->cut->gone[gr->family] = gone;
    }
    return 0;
}

/* ---- what remains ---- */

/* Columns that read what leaves, of p->out as it is. */
static void zero_columns(struct mnq_channel_work *x)
{
    const struct mnq_graph *g = x->p->legal;
    for (int i = 0; i < g->n; i++) {
        const struct mnq_node *nd = &g->node[i];
        if (nd->op != MNQ_OP_CONV && nd->op != MNQ_OP_DENSE) continue;
        const unsigned char *gone = x->cut->gone[x->cut->legal_f.of[nd->in[0]]];
        size_t out = (size_t)nd->out.c, in = (size_t)g->node[nd->in[0]].out.c;
        for (size_t c = 0; gone != NULL && c < in; c++)
            if (gone[c]) memset(x->p->out->node[i].w + c * out, 0, out * sizeof *nd->w);
    }
}

static int keep_better(struct mnq_channel_work *x, const char *name, struct mnq_graph *best, struct mnq_err *e)
{
    struct mnq_channel_report *r = x->r;
    double error;
    if (mnq_prune_logits_error(x->p, x->p->out, &error, e) != 0) return -1;
    bool first = r->n_passes == 0, better = first || error < r->error;
    r->pass[r->n_passes++] = (struct mnq_calib_pass){name, first ? error : r->error, error, better};
    if (!better) return 0;
    r->error = error;
    mnq_prune_copy_weights(x->p->out, best);
    return 0;
}

/* Weights drawn more or less toward the dense ones; the held-back samples decide. */
static const struct {
    double damping;
    const char *name;
} tries[] = {{0.3, "channels, damping 0.3"}, {0.1, "channels, damping 0.1"}, {1.0, "channels, damping 1"}};
enum { TRIES = sizeof tries / sizeof *tries };

static int fit_remaining(struct mnq_channel_work *x, struct mnq_err *e)
{
    struct mnq_pruning *p = x->p;
    struct mnq_graph best;
    x->r->pass = mnq_arena_array(p->arena, TRIES + 1, sizeof *x->r->pass);
    if (x->r->pass == NULL) return mnq_fail_nomem(e);
    if (mnq_graph_copy(&best, p->legal, p->arena, e) != 0) return -1;
    zero_columns(x);
    if (keep_better(x, "channels left out", &best, e) != 0) return -1;
    for (int k = 0; k < TRIES; k++) {
        mnq_prune_copy_weights(p->legal, p->out);
        p->damping = tries[k].damping;
        if (mnq_channel_refit(x, e) != 0 || keep_better(x, tries[k].name, &best, e) != 0) return -1;
    }
    mnq_prune_copy_weights(&best, p->out);
    return 0;
}

/* ---- public ---- */

int mnq_prune_channels(const struct mnq_graph *raw, const struct mnq_graph *legal, const struct mnq_dataset *data,
                       const struct mnq_preprocess *pp, const struct mnq_channel_opts *o, struct mnq_graph *out,
                       struct mnq_channels *cut, struct mnq_channel_report *r, struct mnq_arena *arena,
                       mnq_progress *progress, void *progress_ctx, struct mnq_err *e)
{
    const struct mnq_prune_opts po = {.samples = o->samples, .threads = o->threads, .task = o->task};
    struct mnq_prune_report pr = {.error = (double)NAN};
    struct mnq_pruning p = {.legal = legal, .out = out, .o = &po, .r = &pr, .arena = arena, .progress = progress};
    struct mnq_channel_work x = {.p = &p, .cut = cut, .r = r};
    p.progress_ctx = progress_ctx;
    p.damping = tries[0].damping;
    *r = (struct mnq_channel_report){.error = (double)NAN};
    if (list_groups(&x, raw, e) != 0 || plan_levels(&x, e) != 0 || mnq_graph_copy(out, p.legal, p.arena, e) != 0) return -1;
    int *left = mnq_arena_array(arena, (size_t)cut->legal_f.n, sizeof *left);
    if (left == NULL) return mnq_fail_nomem(e);
    price_groups(&x, left);
    if (data != NULL && mnq_prune_look(&p, data, pp, e) != 0) return -1;
    if ((data != NULL ? mnq_channel_probe(&x, e) : order_by_magnitude(&x, e)) != 0) return -1;
    if (choose(&x, o->ratio, e) != 0 || mark(&x, e) != 0) return -1;
    if (data == NULL) {
        zero_columns(&x);
        return 0;
    }
    if (fit_remaining(&x, e) != 0 || mnq_prune_expect(&p, e) != 0) return -1;
    r->samples = pr.samples;
    r->drop = pr.drop;
    r->no_estimate = pr.no_estimate;
    return 0;
}

int mnq_channels_cut(const struct mnq_graph *raw, const struct mnq_graph *legal, const struct mnq_graph *out,
                     const struct mnq_channels *cut, struct mnq_graph *narrow, struct mnq_arena *arena, struct mnq_err *e)
{
    struct mnq_restored restored;
    const unsigned char **gone = mnq_arena_array(arena, (size_t)cut->raw_f.n, sizeof *gone);
    if (gone == NULL) return mnq_fail_nomem(e);
    for (int f = 0; f < cut->legal_f.n; f++)
        if (cut->gone[f] != NULL) gone[cut->at[f]] = cut->gone[f];
    if (mnq_restore(raw, legal, out, &restored, arena, e) != 0) return -1;
    return mnq_narrow(&restored.raw, &cut->raw_f, gone, narrow, arena, e);
}
