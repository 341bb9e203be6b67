/* SPDX-License-Identifier: Apache-2.0
 * The JSON document of `mnquant eval`. */
#include "bill_text.h"
#include "eval_result.h"

#include "command.h"
#include "figures.h"
#include "task_text.h"
#include "share.h"
#include "util/json.h"

#include <math.h>

enum { CONFUSION_MAX = 64 }; /* classes: larger matrices are not printed */

static double ratio(int64_t a, int64_t b)
{
    return a >= 0 && b > 0 ? (double)a / (double)b : (double)NAN;
}

static void interval(struct mnq_json *w, const char *key, int hits, int n)
{
    if (hits < 0) {
        mnq_json_null(w, key);
        return;
    }
    struct mnq_share s = mnq_wilson(hits, n);
    mnq_json_row(w, key);
    mnq_json_double(w, NULL, s.lo);
    mnq_json_double(w, NULL, s.hi);
    mnq_json_end(w);
}

static void percent(struct mnq_json *w, const char *key, int hits, int n)
{
    if (hits < 0) mnq_json_null(w, key);
    else mnq_json_double(w, key, 100.0 * hits / n);
}

static void confusion(struct mnq_json *w, const struct mnq_evaluation *ev, int i, struct mnq_arena *arena)
{
    int outputs = mnq_eval_columns(ev, i);
    int *count = ev->accuracy && outputs <= CONFUSION_MAX ? mnq_confusion(ev, i, arena) : NULL;
    if (count == NULL) return;
    mnq_json_array(w, "confusion");
    for (int r = 0; r < ev->classes; r++) {
        mnq_json_row(w, NULL);
        for (int c = 0; c < outputs; c++) mnq_json_int(w, NULL, count[r * outputs + c]);
        mnq_json_end(w);
    }
    mnq_json_end(w);
}

static void stored(struct mnq_json *w, const struct mnq_stored *s)
{
    mnq_json_int(w, "weights_1x1", s->weights_1x1);
    mnq_json_int(w, "zeros_1x1", s->zeros_1x1);
    mnq_json_double(w, "bits_per_weight", mnq_stored_bits(s->bytes, s->weights));
    mnq_json_object(w, "weights_as");
    for (int f = 1; f < MNQ_STORED_FORMATS; f++)
        if (s->weights_as[f] > 0) mnq_json_int(w, mnq_stored_name((enum mnq_stored_format)f), s->weights_as[f]);
    mnq_json_end(w);
}

static void provenance(struct mnq_json *w, const struct mnq_subject *s)
{
    char crc[16];
    snprintf(crc, sizeof crc, "%08x", (unsigned)s->file_crc);
    mnq_json_string(w, "crc32", crc);
    if (s->kind == MNQ_SUBJECT_FLOAT) return;
    const struct mnq_qmodel *q = &s->package.q;
    snprintf(crc, sizeof crc, "%08x", (unsigned)q->source_crc);
    mnq_json_string(w, "tool", q->tool);
    mnq_json_object(w, "source");
    mnq_json_string(w, "name", q->source_name);
    mnq_json_string(w, "crc32", q->source_name == NULL ? NULL : crc);
    mnq_json_end(w);
    mnq_json_string(w, "recipe", q->recipe);
}

static void layers(struct mnq_json *w, const struct mnq_eval_result *r, int i)
{
    const struct mnq_stored *s = &r->stored[i];
    const struct mnq_eval_layers *l = &r->layers[i];
    mnq_json_string(w, "compared_with", l->against < 0 ? NULL : r->subject[l->against].file);
    mnq_json_array(w, "layers");
    for (int k = 0; k < s->n; k++) {
        const struct mnq_stored_layer *row = &s->layer[k];
        mnq_json_object(w, NULL);
        mnq_json_string(w, "name", row->name);
        mnq_json_string(w, "op", mnq_layer_op_name(r->subject[i].package.q.layer[k].op));
        mnq_json_string(w, "format", row->format == MNQ_STORED_NONE ? NULL : mnq_fig_format(row).s);
        mnq_json_int(w, "weights", row->weights);
        mnq_json_int(w, "zeros", row->zeros);
        mnq_json_double(w, "bits_per_weight", mnq_stored_bits(row->bytes, row->weights));
        mnq_json_int(w, "bytes", row->bytes);
        mnq_json_int(w, "macs", row->macs);
        mnq_json_double(w, "sqnr_db", l->row == NULL || l->row[k] == NULL ? (double)NAN : l->row[k]->sqnr_db);
        mnq_json_end(w);
    }
    mnq_json_end(w);
}

/* Figures of the outputs behind the first, against the first model's. */
static void further(struct mnq_json *w, const struct mnq_eval_result *r, int i)
{
    mnq_json_array(w, "further_outputs");
    for (int k = 1; k < r->ev.n_outputs; k++) {
        const struct mnq_eval_part *p = &r->ev.model[i].part[k - 1];
        mnq_json_object(w, NULL);
        mnq_json_string(w, "name", r->subject[i].output_name[k]);
        mnq_figures_json(w, p->figure, p->n_figures);
        mnq_json_end(w);
    }
    mnq_json_end(w);
}

static void model(struct mnq_json *w, const struct mnq_eval_result *r, int i, struct mnq_arena *arena)
{
    const struct mnq_evaluation *ev = &r->ev;
    const struct mnq_eval_model *m = &ev->model[i];
    const struct mnq_subject *s = m->subject;
    mnq_json_object(w, NULL);
    mnq_json_string(w, "file", s->file);
    mnq_json_string(w, "kind", mnq_subject_kind_name(s->kind));
    mnq_json_string(w, "preprocess", s->preprocess.name);
    mnq_json_int(w, "n", ev->n);
    mnq_json_int(w, "labelled", ev->accuracy ? ev->labelled : 0);
    percent(w, "top1", m->hits1, ev->labelled);
    percent(w, "top5", ev->task.kind == MNQ_TASK_BINARY ? -1 : m->hits5, ev->labelled);
    interval(w, "top1_ci95", m->hits1, ev->labelled);
    percent(w, "agreement", m->agree, ev->n);
    interval(w, "agreement_ci95", m->agree, ev->n);
    mnq_json_double(w, "mean_difference", m->mean_diff);
    mnq_json_double(w, "rms_difference", m->rms_diff);
    mnq_json_double(w, "max_difference", m->max_diff);
    if (m->n_figures > 0) mnq_figures_json(w, m->figure, m->n_figures);
    if (ev->n_outputs > 1) further(w, r, i);
    mnq_json_int(w, "file_bytes", (int64_t)s->file_bytes);
    mnq_json_int(w, "weight_bytes", s->weight_bytes);
    mnq_json_int(w, "arena_bytes", s->arena_bytes);
    if (s->kind == MNQ_SUBJECT_INT8) mnq_json_int(w, "stream_bytes", s->stream_bytes);
    else mnq_json_null(w, "stream_bytes");
    mnq_json_int(w, "macs", s->macs);
    mnq_json_int(w, "params", s->params);
    stored(w, &r->stored[i]);
    provenance(w, s);
    if (r->target != NULL && s->kind == MNQ_SUBJECT_INT8) mnq_bill_json(w, r->target, &r->bill[i]);
    confusion(w, ev, i, arena);
    if (r->layers != NULL && s->kind == MNQ_SUBJECT_INT8) layers(w, r, i);
    mnq_json_end(w);
}

static void pair(struct mnq_json *w, const struct mnq_evaluation *ev, int a, int b)
{
    if (!ev->accuracy) {
        mnq_json_null(w, "lost");
        mnq_json_null(w, "won");
        mnq_json_null(w, "mcnemar_p");
        mnq_json_null(w, "points_ci95");
        return;
    }
    struct mnq_pairing p = mnq_pair(ev, a, b);
    mnq_json_int(w, "lost", p.lost);
    mnq_json_int(w, "won", p.won);
    mnq_json_double(w, "mcnemar_p", p.p);
    mnq_json_row(w, "points_ci95");
    mnq_json_double(w, NULL, p.low);
    mnq_json_double(w, NULL, p.high);
    mnq_json_end(w);
}

static double points(const struct mnq_evaluation *ev, int a, int b)
{
    return ev->accuracy ? 100.0 * (ev->model[b].hits1 - ev->model[a].hits1) / ev->labelled : (double)NAN;
}

static void delta(struct mnq_json *w, const struct mnq_eval_result *r, int i)
{
    const struct mnq_evaluation *ev = &r->ev;
    const struct mnq_eval_model *m = &ev->model[i], *base = &ev->model[0];
    const struct mnq_subject *s = m->subject, *b = base->subject;
    mnq_json_object(w, NULL);
    mnq_json_string(w, "file", s->file);
    mnq_json_string(w, "base", b->file);
    mnq_json_double(w, "top1_points", points(ev, 0, i));
    mnq_json_double(w, "top5_points", m->hits5 < 0 ? (double)NAN : 100.0 * (m->hits5 - base->hits5) / ev->labelled);
    percent(w, "agreement", m->agree, ev->n);
    pair(w, ev, 0, i);
    mnq_json_double(w, "file_ratio", ratio((int64_t)s->file_bytes, (int64_t)b->file_bytes));
    mnq_json_double(w, "weight_ratio", ratio(s->weight_bytes, b->weight_bytes));
    mnq_json_double(w, "arena_ratio", ratio(s->arena_bytes, b->arena_bytes));
    mnq_json_double(w, "mac_ratio", ratio(s->macs, b->macs));
    mnq_json_end(w);
}

static void step(struct mnq_json *w, const struct mnq_evaluation *ev, int i)
{
    mnq_json_object(w, NULL);
    mnq_json_string(w, "file", ev->model[i].subject->file);
    mnq_json_string(w, "before", ev->model[i - 1].subject->file);
    mnq_json_double(w, "top1_points", points(ev, i - 1, i));
    pair(w, ev, i - 1, i);
    mnq_json_end(w);
}

static void all_samples(struct mnq_json *w, const struct mnq_evaluation *ev)
{
    mnq_json_array(w, "samples");
    for (int i = 0; i < ev->n; i++) {
        mnq_json_object(w, NULL);
        mnq_json_string(w, "input", ev->name[i]);
        if (ev->label[i] >= 0) mnq_json_int(w, "label", ev->label[i]);
        else mnq_json_null(w, "label");
        if (!mnq_task_is_vector_decision(&ev->task)) {
            mnq_json_end(w);
            continue;
        }
        mnq_json_row(w, "predicted");
        for (int m = 0; m < ev->n_models; m++) mnq_json_int(w, NULL, ev->model[m].top1[i]);
        mnq_json_end(w);
        mnq_json_row(w, "score");
        for (int m = 0; m < ev->n_models; m++) mnq_json_float(w, NULL, ev->model[m].score[i]);
        mnq_json_end(w);
        mnq_json_end(w);
    }
    mnq_json_end(w);
}

static void left_out(struct mnq_json *w, const struct mnq_evaluation *ev)
{
    if (ev->left_out == NULL) return;
    mnq_json_object(w, "not_used");
    mnq_json_string(w, "note", ev->left_out);
    mnq_json_array(w, "damaged");
    for (int i = 0; i < ev->n_damaged; i++) mnq_json_string(w, NULL, ev->damaged[i]);
    mnq_json_end(w);
    mnq_json_end(w);
}

int mnq_eval_json(const struct mnq_eval_result *r, bool samples, struct mnq_cli *cli)
{
    const struct mnq_evaluation *ev = &r->ev;
    struct mnq_json w = {.indent = 2};
    mnq_json_object(&w, NULL);
    mnq_json_string(&w, "schema", "mnquant.eval/1");
    mnq_json_array(&w, "data");
    for (int i = 0; i < r->data.n; i++) mnq_json_string(&w, NULL, r->data.path[i]);
    mnq_json_end(&w);
    left_out(&w, ev);
    mnq_tasks_json(&w, &r->subject[0]);
    if (ev->note != NULL) mnq_json_string(&w, "note", ev->note);
    if (ev->class_name != NULL) {
        mnq_json_array(&w, "classes");
        for (int i = 0; i < ev->classes; i++) mnq_json_string(&w, NULL, ev->class_name[i]);
        mnq_json_end(&w);
    }
    mnq_json_array(&w, "models");
    for (int i = 0; i < ev->n_models; i++) model(&w, r, i, &cli->arena);
    mnq_json_end(&w);
    mnq_json_array(&w, "deltas");
    for (int i = 1; i < ev->n_models; i++) delta(&w, r, i);
    mnq_json_end(&w);
    if (ev->n_models > 2 && ev->accuracy) {
        mnq_json_array(&w, "steps");
        for (int i = 1; i < ev->n_models; i++) step(&w, ev, i);
        mnq_json_end(&w);
    }
    if (samples) all_samples(&w, ev);
    mnq_json_end(&w);
    return mnq_cli_print_json(&w, &cli->err);
}
