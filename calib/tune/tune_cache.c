/* SPDX-License-Identifier: Apache-2.0
 * What frozen layers and the teacher make of every view, computed once. */
#include "tune_cache.h"

#include "graph/float_worker.h"
#include "quantize/qparams.h"
#include "split.h"
#include "targets.h"
#include "tune_labels.h"
#include "tune_taps.h"
#include "tune_view.h"
#include "util/spread.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 64, FEWEST_VIEWS = 3 };

static size_t round_up(size_t n)
{
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

/* ---- where training begins ---- */

static bool same(const float *a, const float *b, size_t n)
{
    return a == b || (a != NULL && b != NULL && memcmp(a, b, n * sizeof *a) == 0);
}

/* The first node whose weights or biases are not the teacher's; the number of nodes if there is none. */
static int first_changed(const struct mnq_tune_cache *c)
{
    for (int i = 0; i < c->student->n; i++) {
        const struct mnq_node *a = &c->student->node[i], *b = &c->teacher->node[i];
        if (!same(a->w, b->w, mnq_node_weights(c->student, a)) || !same(a->b, b->b, (size_t)a->out.c)) return i;
    }
    return c->student->n;
}

/* The first node behind a front that has next to none of the weights from `first` on: there are the largest maps, so most of
 * the work, and a step of its weights unsettles all that follow. */
static int behind_front(const struct mnq_tune_cache *c, double share, int first, int last)
{
    size_t all = 0, front = 0;
    for (int i = first; i <= last; i++) all += mnq_node_weights(c->student, &c->student->node[i]);
    for (int i = first; i < last; i++) {
        front += mnq_node_weights(c->student, &c->student->node[i]);
        if ((double)front > share * (double)all) return i;
    }
    return first;
}

/* Nodes before `from` that `from` or later ones read, at most `most`; returns their values in all. */
static size_t find_boundary(const struct mnq_tune_cache *c, int from, int *node, int *n)
{
    const struct mnq_graph *g = c->student;
    size_t values = 0;
    *n = 0;
    for (int j = 0; j < from; j++) {
        bool read = false;
        for (int i = from; i < g->n && !read; i++)
            for (int k = 0; k < g->node[i].n_in; k++) read = read || g->node[i].in[k] == j;
        if (!read) continue;
        node[(*n)++] = j;
        values += mnq_elements(g->node[j].out);
    }
    return values;
}

static size_t feature_values(const struct mnq_tune_cache *c)
{
    return c->features >= 0 ? mnq_elements(c->student->node[c->features].out) : 0;
}

/* Bytes at the end of a record that hold features, answers and the label. */
static size_t wanted_bytes(const struct mnq_tune_cache *c)
{
    const size_t answers = c->loss.logits.n;
    return round_up((feature_values(c) + answers + (c->labels ? answers : 0)) * sizeof(float));
}

static size_t record_bytes(const struct mnq_tune_cache *c, size_t values)
{
    values += mnq_tune_taps_values(c, c->n_taps);
    return round_up(values * sizeof(uint16_t)) + wanted_bytes(c);
}

static size_t records(const struct mnq_tune_cache *c, int views)
{
    return (size_t)c->n_train * (size_t)views + (size_t)c->n_held * MNQ_TUNE_JUDGES;
}

/* As many views as fit, and if few are left a later beginning. */
static int settle(struct mnq_tune_cache *c, const struct mnq_tune_opts *o, struct mnq_arena *arena, struct mnq_err *e)
{
    int last = c->loss.logits.part[0].node, first = first_changed(c);
    c->boundary = mnq_arena_array(arena, (size_t)c->student->n, sizeof *c->boundary);
    if (c->boundary == NULL) return mnq_fail_nomem(e);
    if (first > last)
        return mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_FAILED, "nothing to tune: the model is the teacher");
    for (c->from = behind_front(c, o->front, first, last); c->from <= last; c->from++) {
        c->bytes = record_bytes(c, find_boundary(c, c->from, c->boundary, &c->n_boundary));
        for (c->views = o->views; c->views > FEWEST_VIEWS && records(c, c->views) * c->bytes > o->cache_bytes;) c->views--;
        if (records(c, c->views) * c->bytes <= o->cache_bytes) return 0;
    }
    return mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_FAILED,
                          "%zu bytes are too few for what one layer reads of %d pictures", o->cache_bytes,
                          c->n_train + c->n_held);
}

/* ---- filling ---- */

struct worker {
    struct mnq_float_worker teacher, student;
    uint8_t *view, *other;
};

struct filling {
    struct mnq_tune_cache *c;
    const struct mnq_tune_opts *o;
    struct worker *worker;
    bool own_prefix; /* layers before `from` are not the teacher's */
    mnq_progress *progress;
    void *progress_ctx;
    atomic_int done;
};

/* One run's way into a record. */
struct into {
    const struct mnq_tune_cache *c;
    uint8_t *record;
    bool boundary, answers;
};

static float *floats_of(const struct mnq_tune_cache *c, uint8_t *record)
{
    return (float *)(void *)(record + c->bytes - wanted_bytes(c));
}

static float *label_of(const struct mnq_tune_cache *c, uint8_t *record)
{
    return floats_of(c, record) + feature_values(c) + c->loss.logits.n;
}

/* The upper halves of floats, rounded. */
static void narrow(const float *from, size_t n, uint16_t *to)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &from[i], sizeof bits);
        to[i] = (uint16_t)((bits + 0x8000u) >> 16);
    }
}

static size_t boundary_values(const struct mnq_tune_cache *c)
{
    size_t n = 0;
    for (int k = 0; k < c->n_boundary; k++) n += mnq_elements(c->student->node[c->boundary[k]].out);
    return n;
}

static void keep(void *ctx, int node, enum mnq_tap_kind kind, const float *data)
{
    const struct into *to = ctx;
    const struct mnq_tune_cache *c = to->c;
    size_t n = mnq_elements(c->student->node[node].out);
    if (kind != MNQ_TAP_OUT) return;
    uint16_t *half = (uint16_t *)(void *)to->record;
    for (int b = 0; to->boundary && b < c->n_boundary; b++) {
        if (c->boundary[b] == node) narrow(data, n, half);
        half += mnq_elements(c->student->node[c->boundary[b]].out);
    }
    if (!to->answers) return;
    half = (uint16_t *)(void *)to->record + boundary_values(c);
    for (int k = 0; k < c->n_taps; k++)
        if (c->tap[k] == node) narrow(data, n, half + mnq_tune_taps_values(c, k));
    if (node == c->features) memcpy(floats_of(c, to->record), data, n * sizeof *data);
    if (node == c->loss.logits.part[0].node) memcpy(floats_of(c, to->record) + feature_values(c), data, n * sizeof *data);
}

/* View k of the i-th picture that is trained on. Every other one is blended with one of another such picture. */
static void train_view(const struct filling *f, int i, int k, struct worker *me, uint8_t *record)
{
    const struct mnq_tune_cache *c = f->c;
    const uint8_t *pixels = c->pictures->pixels;
    const size_t bytes = c->pictures->bytes;
    const struct mnq_shape s = c->student->node[0].out;
    struct mnq_random r = {f->o->seed + 0x51ed270b35ae7d11u * (uint64_t)(i * c->views + k + 1)};
    mnq_tune_view(pixels + (size_t)c->train[i] * bytes, s, f->o->seed, c->train[i], k, me->view);
    int other = c->train[i];
    double share = 0;
    if (f->o->blends && k % 2 != 0) {
        other = c->train[(int)(mnq_random_unit(&r) * c->n_train)];
        mnq_tune_view(pixels + (size_t)other * bytes, s, f->o->seed, other, c->views + k, me->other);
        share = mnq_tune_blend(me->other, bytes, &r, me->view);
    }
    if (c->labels) mnq_tune_labels_put(c->pictures->label, c->train[i], other, share, c->loss.logits.n, label_of(c, record));
}

static void held_view(const struct filling *f, int i, int k, struct worker *me, uint8_t *record)
{
    const struct mnq_tune_cache *c = f->c;
    const int picture = c->held[i];
    mnq_tune_judge_view(c->pictures->pixels + (size_t)picture * c->pictures->bytes, c->student->node[0].out, k, me->view);
    if (c->labels) mnq_tune_labels_put(c->pictures->label, picture, picture, 0, c->loss.logits.n, label_of(c, record));
}

static int fill(void *ctx, int i, int w, struct mnq_err *e)
{
    (void)e;
    struct filling *f = ctx;
    struct mnq_tune_cache *c = f->c;
    struct worker *me = &f->worker[w];
    int trained = c->n_train * c->views, held = i - trained;
    uint8_t *record = c->record + (size_t)i * c->bytes;
    if (held < 0) train_view(f, i / c->views, i % c->views, me, record);
    else held_view(f, held / MNQ_TUNE_JUDGES, held % MNQ_TUNE_JUDGES, me, record);
    struct into to = {c, record, !f->own_prefix, true};
    mnq_float_worker_run(&me->teacher, c->teacher, &c->pictures->preprocess, me->view, keep, &to);
    if (f->own_prefix) {
        to.boundary = true;
        to.answers = false;
        mnq_float_worker_run(&me->student, c->student, &c->pictures->preprocess, me->view, keep, &to);
    }
    int done = atomic_fetch_add(&f->done, 1) + 1;
    if (w == 0 && f->progress != NULL)
        f->progress(f->progress_ctx, "teacher", mnq_spread_done(done, (int)records(c, c->views)), (int)records(c, c->views));
    return 0;
}

/* Variance of the teacher's features over the records. */
static double spread(const struct mnq_tune_cache *c)
{
    size_t n = feature_values(c), all = records(c, c->views);
    double variance = 0;
    for (size_t k = 0; k < n; k++) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < all; i++) {
            double v = (double)floats_of(c, c->record + i * c->bytes)[k];
            sum += v;
            squares += v * v;
        }
        variance += (squares - sum * sum / (double)all) / (double)all / (double)n;
    }
    return variance;
}

/* Mean power of the teacher's answers around their mean. */
static double signal(const struct mnq_tune_cache *c)
{
    size_t n = c->loss.logits.n, all = records(c, c->views);
    double power = 0;
    for (size_t k = 0; k < n; k++) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < all; i++) {
            double v = (double)floats_of(c, c->record + i * c->bytes)[feature_values(c) + k];
            sum += v;
            squares += v * v;
        }
        power += (squares - sum * sum / (double)all) / (double)all;
    }
    return power;
}

/* Variance of each tap within pictures, the mean over channels, by a few records. */
static int tap_spreads(struct mnq_tune_cache *c, struct mnq_arena *arena, struct mnq_err *e)
{
    enum { RECORDS = 16 };
    c->tap_spread = mnq_arena_array(arena, (size_t)c->n_taps + 1, sizeof *c->tap_spread);
    if (c->tap_spread == NULL) return mnq_fail_nomem(e);
    for (int k = 0; k < c->n_taps; k++)
        for (int i = 0; i < RECORDS; i++) {
            const struct mnq_shape s = c->student->node[c->tap[k]].out;
            const uint16_t *half = mnq_tune_cache_tap(c, mnq_tune_cache_train(c, i * c->n_train / RECORDS, 0), k);
            const size_t pixels = (size_t)s.h * (size_t)s.w, channels = (size_t)s.c;
            for (size_t o = 0; o < channels; o++) {
                double sum = 0, squares = 0;
                for (size_t p = 0; p < pixels; p++) {
                    double v = (double)mnq_tune_wide(half[p * channels + o]);
                    sum += v;
                    squares += v * v;
                }
                c->tap_spread[k] += (squares - sum * sum / (double)pixels) / (double)(pixels * channels) / RECORDS;
            }
        }
    return 0;
}

static int fill_all(struct filling *f, struct mnq_err *e)
{
    struct mnq_tune_cache *c = f->c;
    int threads = f->o->threads, rc = 0;
    f->worker = calloc((size_t)threads, sizeof *f->worker);
    if (f->worker == NULL) return mnq_fail_nomem(e);
    for (int w = 0; w < threads && rc == 0; w++) {
        f->worker[w].view = malloc(c->pictures->bytes);
        f->worker[w].other = malloc(c->pictures->bytes);
        if (f->worker[w].view == NULL || f->worker[w].other == NULL) rc = mnq_fail_nomem(e);
        if (rc == 0) rc = mnq_float_worker_init(&f->worker[w].teacher, c->teacher, false, e);
        if (rc == 0) rc = mnq_float_worker_init(&f->worker[w].student, c->student, false, e);
    }
    const struct mnq_spread_part part = {c->record, c->bytes};
    struct mnq_spread_job job = {
        .n = (int)records(c, c->views), .threads = threads, .work = fill, .ctx = f, .part = &part, .n_parts = 1};
    if (rc == 0) rc = mnq_spread_for(&job, e);
    for (int w = 0; w < threads; w++) {
        mnq_float_worker_free(&f->worker[w].teacher);
        mnq_float_worker_free(&f->worker[w].student);
        free(f->worker[w].view);
        free(f->worker[w].other);
    }
    free(f->worker);
    return rc;
}

/* The tensor that the last layer with weights reads, if it is small enough to be features. */
static int feature_node(const struct mnq_graph *g, int logits)
{
    enum { FEATURES_MAX = 1 << 14 };
    const struct mnq_node *nd = &g->node[logits];
    while (nd->op != MNQ_OP_CONV && nd->op != MNQ_OP_DENSE && nd->n_in > 0) nd = &g->node[nd->in[0]];
    return nd->n_in > 0 && mnq_elements(g->node[nd->in[0]].out) <= FEATURES_MAX ? nd->in[0] : -1;
}

static struct mnq_tune_wanted wanted_in(const struct mnq_tune_cache *c, const uint8_t *record)
{
    const float *features = (const float *)(const void *)(record + c->bytes - wanted_bytes(c));
    const float *answers = features + feature_values(c);
    return (struct mnq_tune_wanted){features, answers, c->labels ? answers + c->loss.logits.n : NULL};
}

/* Labels of as many classes may still be of others: by the teacher's answers to whole pictures. */
static int known_to_teacher(const struct mnq_tune_cache *c, struct mnq_err *e)
{
    struct mnq_tune_names names = {0};
    for (int i = 0; i < c->n_train + c->n_held; i++) {
        const bool trains = i < c->n_train;
        struct mnq_tune_wanted w =
            wanted_in(c, trains ? mnq_tune_cache_train(c, i, 0) : mnq_tune_cache_held(c, i - c->n_train, 0));
        mnq_tune_names_add(&names, w.label, w.answers, c->loss.logits.n);
    }
    return mnq_tune_names_known(&names, e);
}

int mnq_tune_cache_make(struct mnq_tune_cache *c, const struct mnq_tune_opts *o, struct mnq_arena *arena,
                        mnq_progress *progress, void *progress_ctx, struct mnq_err *e)
{
    const struct mnq_split fold = {MNQ_SPLIT_FOLDS, c->fold};
    int n = c->pictures->n;
    c->loss = (struct mnq_tune_loss){.logits = mnq_logits_of(c->student, o->task), .temperature = 2};
    c->labels = o->labels > 0;
    if (c->loss.logits.n_parts > 1)
        return mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_FAILED, "%d outputs: tuning follows models of one output",
                              c->loss.logits.n_parts);
    if (c->labels && mnq_tune_labels_fit(c->pictures, &c->loss.logits, e) != 0) return -1;
    c->features = feature_node(c->student, c->loss.logits.part[0].node);
    c->train = mnq_arena_array(arena, (size_t)n, sizeof *c->train);
    c->held = mnq_arena_array(arena, (size_t)n, sizeof *c->held);
    if (c->train == NULL || c->held == NULL) return mnq_fail_nomem(e);
    for (int s = 0; s < n; s++)
        if (mnq_held_back(fold, s)) c->held[c->n_held++] = s;
        else c->train[c->n_train++] = s;
    if (mnq_tune_taps_find(c, o, arena, e) != 0 || settle(c, o, arena, e) != 0) return -1;
    mnq_tune_taps_begin(c);
    if (c->features < c->from) c->features = -1;
    c->bytes = record_bytes(c, find_boundary(c, c->from, c->boundary, &c->n_boundary));
    c->record = mnq_arena_array(arena, records(c, c->views), c->bytes);
    if (c->record == NULL) return mnq_fail_nomem(e);
    struct filling f = {
        .c = c, .o = o, .own_prefix = c->from > first_changed(c), .progress = progress, .progress_ctx = progress_ctx};
    if (fill_all(&f, e) != 0) return -1;
    c->spread = spread(c);
    c->loss.signal = signal(c);
    if (c->labels && known_to_teacher(c, e) != 0) return -1;
    return tap_spreads(c, arena, e);
}

const uint8_t *mnq_tune_cache_train(const struct mnq_tune_cache *c, int i, int k)
{
    return c->record + ((size_t)i * (size_t)c->views + (size_t)k) * c->bytes;
}

const uint8_t *mnq_tune_cache_held(const struct mnq_tune_cache *c, int i, int k)
{
    return c->record + ((size_t)c->n_train * (size_t)c->views + (size_t)i * MNQ_TUNE_JUDGES + (size_t)k) * c->bytes;
}

const uint16_t *mnq_tune_cache_tap(const struct mnq_tune_cache *c, const uint8_t *record, int k)
{
    return (const uint16_t *)(const void *)record + boundary_values(c) + mnq_tune_taps_values(c, k);
}

void mnq_tune_cache_load(const struct mnq_tune_cache *c, const uint8_t *record, struct mnq_backward *b,
                         struct mnq_tune_wanted *w)
{
    const uint16_t *half = (const uint16_t *)(const void *)record;
    for (int k = 0; k < c->n_boundary; k++) {
        size_t n = mnq_elements(c->student->node[c->boundary[k]].out);
        float *to = mnq_backward_tensor(b, c->boundary[k]);
        for (size_t i = 0; i < n; i++) to[i] = mnq_tune_wide(half[i]);
        half += n;
    }
    *w = wanted_in(c, record);
}
