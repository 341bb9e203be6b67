/* SPDX-License-Identifier: Apache-2.0
 * Tuning: what was changed learns from the float network that it was made from, on pictures without labels.
 *
 * Student and teacher see the same views of three quarters of the pictures; the student follows the teacher's answers and
 * the features that its last layer reads. The last quarter judges, as for prune: the weights with the least divergence there
 * are kept, and only if it is clearly less than before. */
#include "tune.h"

#include "pack/restore.h"
#include "prune_layer.h"
#include "split.h"
#include "tune_judge.h"
#include "tune_view.h"
#include "views.h"
#include "util/spread.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 16, JUDGED = 16, LEAST_HELD = 5 };
/* Share of the divergence that may be left; and of all steps, those on which the rate rises. */
static const double CLEAR_GAIN = 0.95, WARM_UP = 0.05;
/* A row's unit is at least this share of the layer's mean one. */
static const double LEAST_UNIT = 0.05;

void mnq_tune_defaults(struct mnq_tune_opts *o)
{
    *o = (struct mnq_tune_opts){
        .epochs = 30, .views = 12, .rate = 3e-4, .features = 1, .cache_bytes = (size_t)512 << 20, .threads = 1};
}

struct tuning {
    const struct mnq_graph *teacher;
    struct mnq_graph *out;
    const struct mnq_tune_opts *o;
    struct mnq_tune_report *r;
    struct mnq_arena *arena;
    struct mnq_pictures pictures;
    struct mnq_tune_cache cache;
    struct mnq_training training;
    struct mnq_trainer *trainer;
    bool *keep_w, *keep_b;    /* [g->n] what cannot be stored */
    float **unit_w, **unit_b; /* [g->n][channels] */
    float **best_w, **best_b; /* [g->n] the weights that judged best */
    int *order;               /* of the pictures in an epoch */
    const uint8_t *batch[BATCH];
    mnq_progress *progress;
    void *progress_ctx;
};

/* ---- what is trained ---- */

static int check_teacher(const struct mnq_graph *student, const struct mnq_graph *teacher, struct mnq_err *e)
{
    const char *file = teacher->file != NULL ? teacher->file : "the teacher";
    if (student->n != teacher->n)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s has other layers than the model: %d, not %d", file, teacher->n, student->n);
    for (int i = 0; i < student->n; i++) {
        const struct mnq_node *a = &student->node[i], *b = &teacher->node[i];
        if (a->op != b->op || a->act != b->act || mnq_elements(a->out) != mnq_elements(b->out) || a->out.c != b->out.c ||
            mnq_node_weights(student, a) != mnq_node_weights(teacher, b))
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s has other layers than the model: '%s' where that has '%s'", file,
                            b->name, a->name);
    }
    return 0;
}

/* Weights that the file holds nowhere, or that several layers share, stay. */
static int find_kept(struct tuning *t, const struct mnq_graph *raw, struct mnq_err *e)
{
    const struct mnq_graph *g = t->out;
    t->keep_w = mnq_arena_array(t->arena, (size_t)g->n, sizeof *t->keep_w);
    t->keep_b = mnq_arena_array(t->arena, (size_t)g->n, sizeof *t->keep_b);
    if (t->keep_w == NULL || t->keep_b == NULL) return mnq_fail_nomem(e);
    for (int i = 0; i < g->n; i++) {
        int source = g->node[i].source;
        bool shared = false;
        for (int k = 0; source >= 0 && k < raw->n; k++) shared = shared || raw->node[k].twin == source;
        shared = shared || (source >= 0 && raw->node[source].twin >= 0);
        t->keep_w[i] = g->node[i].w_path == NULL || source < 0 || shared;
        t->keep_b[i] = !mnq_restore_has_bias(g, i) || shared;
    }
    return 0;
}

/* ---- units ---- */

/* Root mean square of each output's weights that are not zero. */
static void weight_units(const struct mnq_graph *g, const struct mnq_node *nd, float *unit)
{
    size_t n = mnq_node_weights(g, nd), c = (size_t)nd->out.c;
    double mean = 0;
    for (size_t o = 0; o < c; o++) {
        double sum = 0, count = 0;
        for (size_t k = o; k < n; k += c) {
            sum += (double)nd->w[k] * (double)nd->w[k];
            count += nd->w[k] != 0.0f;
        }
        unit[o] = (float)sqrt(sum / fmax(count, 1));
        mean += (double)unit[o] / (double)c;
    }
    for (size_t o = 0; o < c; o++) unit[o] = (float)fmax((double)unit[o], LEAST_UNIT * mean);
}

struct moments {
    const struct tuning *t;
    double **sum; /* [g->n][2][channels] */
    double count;
};

static void add_moments(void *ctx, int node, enum mnq_tap_kind kind, const float *data)
{
    const struct moments *m = ctx;
    const struct mnq_node *nd = &m->t->teacher->node[node];
    size_t c = (size_t)nd->out.c, n = mnq_elements(nd->out);
    double *sum = m->sum[node];
    if (sum == NULL || (kind == MNQ_TAP_OUT && nd->act != MNQ_ACT_NONE)) return;
    for (size_t i = 0; i < n; i += c)
        for (size_t k = 0; k < c; k++) {
            double v = (double)data[i + k], share = (double)c / (double)n;
            sum[k] += share * v;
            sum[c + k] += share * v * v;
        }
}

/* Deviation of each channel's pre-activation in the teacher. */
static int bias_units(struct tuning *t, struct mnq_err *e)
{
    enum { PICTURES = 16 };
    const struct mnq_graph *g = t->teacher;
    struct mnq_arena scratch = {0};
    struct mnq_float_worker net = {0};
    struct moments m = {t, mnq_arena_array(&scratch, (size_t)g->n, sizeof *m.sum), 0};
    int rc = m.sum == NULL ? mnq_fail_nomem(e) : mnq_float_worker_init(&net, g, false, e);
    for (int i = t->training.from; rc == 0 && i <= t->training.last; i++)
        if (t->training.trains_b[i] &&
            (m.sum[i] = mnq_arena_array(&scratch, 2 * (size_t)g->node[i].out.c, sizeof **m.sum)) == NULL)
            rc = mnq_fail_nomem(e);
    for (int i = 0; rc == 0 && i < PICTURES && i < t->cache.n_train; i++, m.count++) {
        int picture = t->cache.train[(size_t)i * (size_t)t->cache.n_train / PICTURES % (size_t)t->cache.n_train];
        mnq_float_worker_run(&net, g, &t->pictures.preprocess, t->pictures.pixels + (size_t)picture * t->pictures.bytes,
                             add_moments, &m);
    }
    for (int i = t->training.from; rc == 0 && i <= t->training.last; i++) {
        if (m.sum[i] == NULL) continue;
        size_t c = (size_t)g->node[i].out.c;
        double mean = 0;
        for (size_t k = 0; k < c; k++) {
            double a = m.sum[i][k] / m.count, v = m.sum[i][c + k] / m.count - a * a;
            t->unit_b[i][k] = (float)sqrt(fmax(v, 0));
            mean += (double)t->unit_b[i][k] / (double)c;
        }
        for (size_t k = 0; k < c; k++) t->unit_b[i][k] = (float)fmax((double)t->unit_b[i][k], LEAST_UNIT * mean);
    }
    mnq_float_worker_free(&net);
    mnq_arena_free(&scratch);
    return rc;
}

static int alloc_units(struct tuning *t, struct mnq_err *e)
{
    const struct mnq_graph *g = t->out;
    size_t n = (size_t)g->n;
    float ***all[] = {&t->unit_w, &t->unit_b, &t->best_w, &t->best_b};
    for (int k = 0; k < 4; k++)
        if ((*all[k] = mnq_arena_array(t->arena, n, sizeof **all[k])) == NULL) return mnq_fail_nomem(e);
    for (int i = t->training.from; i <= t->training.last; i++) {
        const struct mnq_node *nd = &g->node[i];
        size_t c = (size_t)nd->out.c;
        if (t->training.trains_w[i]) {
            t->unit_w[i] = mnq_arena_array(t->arena, c, sizeof(float));
            t->best_w[i] = mnq_arena_array(t->arena, mnq_node_weights(g, nd), sizeof(float));
            if (t->unit_w[i] == NULL || t->best_w[i] == NULL) return mnq_fail_nomem(e);
            weight_units(g, nd, t->unit_w[i]);
            t->r->layers++;
        }
        if (t->training.trains_b[i]) {
            t->unit_b[i] = mnq_arena_array(t->arena, c, sizeof(float));
            t->best_b[i] = mnq_arena_array(t->arena, c, sizeof(float));
            if (t->unit_b[i] == NULL || t->best_b[i] == NULL) return mnq_fail_nomem(e);
        }
    }
    return bias_units(t, e);
}

/* Between the graph and the best weights so far. */
static void copy_best(struct tuning *t, bool back)
{
    const struct mnq_graph *g = t->out;
    for (int i = t->training.from; i <= t->training.last; i++) {
        struct mnq_node *nd = &g->node[i];
        size_t n = mnq_node_weights(g, nd) * sizeof(float), c = (size_t)nd->out.c * sizeof(float);
        if (t->best_w[i] != NULL) memcpy(back ? nd->w : t->best_w[i], back ? t->best_w[i] : nd->w, n);
        if (t->best_b[i] != NULL) memcpy(back ? nd->b : t->best_b[i], back ? t->best_b[i] : nd->b, c);
    }
}

/* ---- the course ---- */

/* One picture of the batch: the answers' divergence and the features' distance. */
static double learn(void *ctx, int item, struct mnq_backward *b)
{
    const struct tuning *t = ctx;
    const struct mnq_tune_cache *c = &t->cache;
    const float *features, *answers;
    mnq_tune_cache_load(c, t->batch[item], b, &features, &answers);
    const float *got = mnq_backward_forward(b);
    double loss =
        mnq_tune_loss(&c->loss, c->loss.temperature, answers, got, mnq_backward_of(b, c->loss.logits.part[0].node));
    if (c->features < 0 || !(c->spread > 0)) return loss;
    size_t n = mnq_elements(t->out->node[c->features].out);
    double scale = t->o->features / (c->spread * (double)n);
    const float *y = mnq_backward_tensor(b, c->features);
    float *d = mnq_backward_of(b, c->features);
    for (size_t i = 0; i < n; i++) {
        double away = (double)y[i] - (double)features[i];
        loss += scale * away * away;
        d[i] += (float)(2 * scale * away);
    }
    return loss;
}

/* Rises for the first steps, then falls to zero like a cosine, by a cubic that is the same everywhere. */
static float rate_at(const struct tuning *t, int step, int steps)
{
    double x = (double)step / steps, warm = fmin(1, (step + 1) / (WARM_UP * steps));
    return (float)(t->o->rate * warm * (1 - x * x * (3 - 2 * x)));
}

static double now(void)
{
    struct timespec s;
    clock_gettime(CLOCK_MONOTONIC, &s);
    return (double)s.tv_sec + 1e-9 * (double)s.tv_nsec;
}

static void shuffle(int *order, int n, struct mnq_random *r)
{
    for (int i = n - 1; i > 0; i--) {
        int k = (int)(mnq_random_unit(r) * (i + 1)), v = order[i];
        order[i] = order[k];
        order[k] = v;
    }
}

static int judge(struct tuning *t, bool *better, struct mnq_err *e)
{
    struct mnq_tune_held h;
    if (mnq_tune_judge(&t->cache, t->trainer, t->o->threads, &h, e) != 0) return -1;
    *better = h.kl < t->r->after.kl && h.agreement >= t->r->before.agreement;
    if (*better) t->r->after = h;
    if (*better) copy_best(t, false);
    return 0;
}

static int train(struct tuning *t, double started, struct mnq_err *e)
{
    const struct mnq_tune_cache *c = &t->cache;
    int batch = c->n_train < BATCH ? c->n_train : BATCH, per_epoch = c->n_train / batch, steps = t->o->epochs * per_epoch;
    int every = steps / JUDGED > 0 ? steps / JUDGED : 1;
    struct mnq_random random = {t->o->seed + 1};
    bool better;
    for (int i = 0; i < c->n_train; i++) t->order[i] = i;
    for (int s = 0; s < steps && !t->r->stopped; s++) {
        double loss;
        if (s % per_epoch == 0) shuffle(t->order, c->n_train, &random);
        for (int i = 0; i < batch; i++)
            t->batch[i] =
                mnq_tune_cache_train(c, t->order[s % per_epoch * batch + i], (int)(mnq_random_unit(&random) * c->views));
        if (mnq_trainer_step(t->trainer, batch, learn, t, rate_at(t, s, steps), &loss, e) != 0) return -1;
        t->r->steps = s + 1;
        t->r->stopped = t->o->time_limit > 0 && mnq_spread_any(now() - started > t->o->time_limit);
        if (((s + 1) % every == 0 || s + 1 == steps || t->r->stopped) && judge(t, &better, e) != 0) return -1;
        if (t->progress != NULL) t->progress(t->progress_ctx, "tune", s + 1, steps);
    }
    return 0;
}

/* ---- what it came to ---- */

static int expect(struct tuning *t, struct mnq_err *e)
{
    const struct mnq_tune_cache *c = &t->cache;
    if (c->n_held < LEAST_HELD) return 0;
    size_t bytes = t->pictures.bytes;
    uint8_t *pixels = mnq_arena_array(t->arena, (size_t)c->n_held, bytes);
    if (pixels == NULL) return mnq_fail_nomem(e);
    for (int i = 0; i < c->n_held; i++)
        memcpy(pixels + (size_t)i * bytes, t->pictures.pixels + (size_t)c->held[i] * bytes, bytes);
    const struct mnq_shots shots = {pixels, bytes, c->n_held, NULL};
    return mnq_views_expect(t->teacher, t->out, &t->pictures.preprocess, &shots, &c->loss.logits, t->o->threads, &t->r->drop,
                            e);
}

static int check_zeros(const struct mnq_graph *before, const struct mnq_graph *after, struct mnq_err *e)
{
    for (int i = 0; i < before->n; i++) {
        size_t n = mnq_node_weights(before, &before->node[i]);
        for (size_t k = 0; k < n && before->node[i].w != NULL; k++)
            if (before->node[i].w[k] == 0.0f && after->node[i].w[k] != 0.0f)
                return mnq_fail(e, MNQ_EXIT_FAILED, "layer '%s': a zero did not stay", before->node[i].name);
    }
    return 0;
}

int mnq_tune(const struct mnq_graph *raw, const struct mnq_graph *student, const struct mnq_graph *teacher,
             const struct mnq_dataset *data, const struct mnq_preprocess *p, const struct mnq_tune_opts *o,
             struct mnq_graph *out, struct mnq_tune_report *r, struct mnq_arena *arena, mnq_progress *progress,
             void *progress_ctx, struct mnq_err *e)
{
    struct tuning t = {
        .teacher = teacher, .out = out, .o = o, .r = r, .arena = arena, .progress = progress, .progress_ctx = progress_ctx};
    int most = o->samples > 0 && o->samples < MNQ_PRUNE_SAMPLES ? o->samples : MNQ_PRUNE_SAMPLES;
    double started = now();
    *r = (struct mnq_tune_report){0};
    if (check_teacher(student, teacher, e) != 0 || mnq_graph_copy(t.out, student, t.arena, e) != 0 ||
        find_kept(&t, raw, e) != 0)
        return -1;
    if (mnq_pictures_load(data, p, student->node[0].out, most, o->threads, &t.pictures, arena, e) != 0) return -1;
    if (t.pictures.n < 2 * MNQ_SPLIT_FOLDS)
        return mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_FAILED,
                              "%d samples are too few to tune on, at least %d are wanted", t.pictures.n,
                              2 * MNQ_SPLIT_FOLDS);
    t.cache = (struct mnq_tune_cache){.student = out, .teacher = teacher, .pictures = &t.pictures};
    if (mnq_tune_cache_make(&t.cache, o, arena, progress, progress_ctx, e) != 0) return -1;
    r->samples = t.pictures.n;
    r->held = t.cache.n_held;
    r->views = t.cache.views;
    r->from = out->node[t.cache.from].name;
    if (mnq_training_init(&t.training, out, t.cache.from, t.cache.loss.logits.part[0].node, t.keep_w, t.keep_b, arena, e) !=
            0 ||
        alloc_units(&t, e) != 0)
        return -1;
    t.order = mnq_arena_array(arena, (size_t)t.cache.n_train, sizeof *t.order);
    if (t.order == NULL) return mnq_fail_nomem(e);
    if ((t.trainer = mnq_trainer_new(&t.training, t.unit_w, t.unit_b, o->threads, e)) == NULL) return -1;
    copy_best(&t, false);
    int rc = mnq_tune_judge(&t.cache, t.trainer, o->threads, &r->before, e);
    r->after = r->before;
    if (rc == 0) rc = train(&t, started, e);
    mnq_trainer_free(t.trainer);
    if (rc != 0) return -1;
    r->kept = r->after.kl <= CLEAR_GAIN * r->before.kl && r->after.agreement >= r->before.agreement;
    if (r->kept) copy_best(&t, true);
    else if (mnq_graph_copy(t.out, student, t.arena, e) != 0) return -1;
    if (check_zeros(student, out, e) != 0 || expect(&t, e) != 0) return -1;
    r->seconds = now() - started;
    return 0;
}
