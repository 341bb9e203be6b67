/* SPDX-License-Identifier: Apache-2.0
 * What `mnquant calibrate` made, as tables and as JSON. */
#include "auto_text.h"
#include "bill_text.h"
#include "calibrate_result.h"

#include "kernels.h"
#include "pack/weights.h"
#include "prune_layer.h"
#include "share.h"
#include "drop_text.h"
#include "tune_print.h"
#include "task_text.h"
#include "tried.h"
#include "util/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int most_acc_bits(const struct mnq_qmodel *q)
{
    int most = 0;
    for (int i = 0; i < q->n_layers; i++)
        if (q->layer[i].acc_bits > most) most = q->layer[i].acc_bits;
    return most;
}

/* A layer as it was written: shrinking and the choice of storage changed it. NULL if it is not there. */
static const struct mnq_qlayer *written(const struct mnq_calibrate_result *x, const struct mnq_calib_layer *l)
{
    const struct mnq_qmodel *q = &x->package.q;
    for (int i = 0; i < q->n_layers; i++)
        if (q->layer[i].name != NULL && strcmp(q->layer[i].name, l->name) == 0) return &q->layer[i];
    return NULL;
}

static int acc_bits(const struct mnq_calibrate_result *x, const struct mnq_calib_layer *l)
{
    const struct mnq_qlayer *w = written(x, l);
    return w != NULL ? w->acc_bits : l->acc_bits;
}

/* "int8", "binary x3", "sparse 62 %", "sparse4 71 %". */
static const char *format_text(const struct mnq_calibrate_result *x, const struct mnq_calib_layer *l, char *buf, size_t n)
{
    const struct mnq_qlayer *w = written(x, l);
    char name[MNQ_FORMAT_TEXT];
    if (l->bits == 0 || w == NULL) return "-";
    mnq_weights_format(w, name);
    if (w->block > 0) snprintf(buf, n, "%s %.0f %%", name, 100 * mnq_weights_zeros(w));
    else snprintf(buf, n, "%s", name);
    return buf;
}

/* From here on a float model counts as pruned. */
static const double PRUNED = 0.02;

/* Zeros among the weights that pruning may touch. */
static double zero_share(const struct mnq_graph *g)
{
    size_t zeros = 0, all = 0;
    for (int i = 0; i < g->n; i++) {
        if (!mnq_prune_can(g, i)) continue;
        size_t n = mnq_node_weights(g, &g->node[i]);
        for (size_t k = 0; k < n; k++) zeros += g->node[i].w[k] == 0.0F;
        all += n;
    }
    return all > 0 ? (double)zeros / (double)all : 0;
}

static void print_layers(const struct mnq_calibrate_result *x, struct mnq_cli *cli)
{
    const struct mnq_calib_report *r = &x->report;
    struct mnq_table t;
    mnq_table_init(&t, &cli->arena, "llrrrrrrl");
    mnq_table_row(&t, "layer", "weights", "out bits", "acc bits", "sensitivity", "of output", "clipped %", "stretch",
                  "observer");
    for (int i = 0; i < r->n_layers; i++) {
        const struct mnq_calib_layer *l = &r->layer[i];
        mnq_table_cell(&t, "%s", l->name);
        char format[MNQ_FORMAT_TEXT + 16];
        mnq_table_cell(&t, "%s", format_text(x, l, format, sizeof format));
        mnq_table_cell(&t, "%d", l->act_bits);
        if (acc_bits(x, l) > 0) mnq_table_cell(&t, "%d", acc_bits(x, l));
        else mnq_table_cell(&t, "-");
        if (l->sensitivity > 0) mnq_table_cell(&t, "%.2e", l->sensitivity);
        else mnq_table_cell(&t, "-");
        if (l->tensor_sensitivity > 0) mnq_table_cell(&t, "%.2e", l->tensor_sensitivity);
        else mnq_table_cell(&t, "-");
        mnq_table_cell(&t, "%.4f", 100 * l->clipped);
        mnq_table_cell(&t, "%.2f", l->stretch);
        mnq_table_cell(&t, "%s", mnq_observer_name(l->observer));
    }
    mnq_table_print(&t, stdout, mnq_term_bold(cli->term.color_out), mnq_term_plain(cli->term.color_out));
}

/* Layers with so many zeros that leaving them out is worth a thought, and where it begins to pay. */
static void print_storage(const struct mnq_calibrate_result *x, struct mnq_cli *cli)
{
    const struct mnq_storage_report *s = &x->report.storage;
    struct mnq_table t;
    char a[32], b[32];
    int rows = 0;
    mnq_table_init(&t, &cli->arena, "lrrrrrrl");
    mnq_table_row(&t, "zeros left out", "zeros %", "even at %", "time even at %", "dense", "sparse", "time x", "stored");
    for (int i = 0; i < s->n; i++) {
        const struct mnq_storage_layer *l = &s->layer[i];
        if (l->zeros < l->even_bytes / 2) continue; /* far from it */
        rows++;
        mnq_table_cell(&t, "%s", x->q.layer[l->layer].name);
        mnq_table_cell(&t, "%.1f", 100 * l->zeros);
        if (l->even_bytes <= 1) mnq_table_cell(&t, "%.1f", 100 * l->even_bytes);
        else mnq_table_cell(&t, "never");
        if (l->even_time <= 1) mnq_table_cell(&t, "%.1f", 100 * l->even_time);
        else mnq_table_cell(&t, "never");
        mnq_table_cell(&t, "%s", mnq_text_bytes(a, l->bytes_dense));
        mnq_table_cell(&t, "%s", mnq_text_bytes(b, l->bytes_sparse));
        mnq_table_cell(&t, "%.2f", l->time_sparse / l->time_dense);
        if (l->sparse && l->block > 1) mnq_table_cell(&t, "sparse, blocks of %d", l->block);
        else mnq_table_cell(&t, l->sparse ? "sparse" : "dense");
    }
    if (rows == 0) return;
    printf("\n");
    mnq_table_print(&t, stdout, mnq_term_bold(cli->term.color_out), mnq_term_plain(cli->term.color_out));
}

/* What --weights auto asked pictures about. */
static void print_points(const struct mnq_calib_report *r, struct mnq_cli *cli)
{
    struct mnq_table t;
    char a[32], b[MNQ_POINT_TEXT];
    if (r->n_points == 0) return;
    mnq_table_init(&t, &cli->arena, "rllrrrl");
    mnq_table_row(&t, "file about", "formats", "weights", "drop", "95 %", "pictures", "");
    for (int i = 0; i < r->n_points; i++) {
        const struct mnq_calib_point *p = &r->point[i];
        mnq_table_cell(&t, "%s", mnq_text_bytes(a, (int64_t)p->bytes));
        mnq_table_cell(&t, "%s", mnq_point_formats(p, b));
        mnq_table_cell(&t, "%s", mnq_point_weights(p));
        mnq_table_cell(&t, "%.2f", p->drop.points);
        mnq_table_cell(&t, "%.2f to %.2f", p->drop.low, p->drop.high);
        mnq_table_cell(&t, "%d", p->drop.pictures);
        mnq_table_cell(&t, "%s", mnq_point_note(p));
    }
    printf("\n");
    mnq_table_print(&t, stdout, mnq_term_bold(cli->term.color_out), mnq_term_plain(cli->term.color_out));
    if (r->optimism > 0)
        printf("choosing by pictures flatters what is chosen: %.2f points are added to its drop below\n", r->optimism);
}

static void print_drop(const struct mnq_calibrate_result *x)
{
    const struct mnq_calib_report *r = &x->report;
    if (r->no_estimate != NULL) mnq_drop_print_none(r->no_estimate);
    else mnq_drop_print(&r->drop, &x->subject, x->against, !x->validated);
}

static void print_tuned(const struct mnq_tune_report *r)
{
    if (r == NULL) {
        printf("tuned         nothing of what was chosen\n");
        return;
    }
    if (r->layers == 0) {
        printf("tuned         nothing: no layer has fewer than 8 bits\n");
        return;
    }
    printf("tuned         %11d layers from ", r->layers);
    mnq_text_put(stdout, r->from, false);
    printf(" on, %d of %d samples held back, %d steps\n", r->held, r->samples, r->steps);
    mnq_tune_print(r);
}

void mnq_calibrate_print(const struct mnq_calibrate_result *x, const char *output, struct mnq_cli *cli)
{
    const struct mnq_subject *s = &x->subject;
    char a[32], b[32];
    print_layers(x, cli);
    mnq_passes_print(x->report.pass, x->report.n_passes, cli);
    print_storage(x, cli);
    print_points(&x->report, cli);
    int64_t arena = mnq_package_arena(&x->package);
    const struct mnq_shrink_report *k = &x->report.shrink;
    if (k->channels_after < k->channels_before)
        printf("\n%d of %d channels never change and were removed: %s MACs and %s of weights less, the same outputs\n",
               k->channels_before - k->channels_after, k->channels_before, mnq_text_count(a, k->macs_before - k->macs_after),
               mnq_text_bytes(b, k->weight_bytes_before - k->weight_bytes_after));
    printf("\n");
    mnq_text_put(stdout, output, false);
    printf(", from %d samples\n", x->report.samples);
    printf("file          %12s   float %s (%.1f %%)\n", mnq_text_bytes(a, (int64_t)x->n),
           mnq_text_bytes(b, (int64_t)s->file_bytes), 100.0 * (double)x->n / (double)s->file_bytes);
    printf("weights       %12s   float %s (%.1f %%)\n", mnq_text_bytes(a, x->package.weight_bytes),
           mnq_text_bytes(b, s->weight_bytes), 100.0 * (double)x->package.weight_bytes / (double)s->weight_bytes);
    printf("RAM           %12s   float %s (%.1f %%)\n", mnq_text_bytes(a, arena), mnq_text_bytes(b, s->arena_bytes),
           100.0 * (double)arena / (double)s->arena_bytes);
    printf("RAM, pushed   %12s   with the picture's rows pushed as they come\n",
           mnq_text_bytes(a, mnq_package_stream(&x->package)));
    printf("MACs          %12s\n", mnq_text_count(a, x->package.macs));
    if (x->budget.target != NULL) mnq_bill_print(x->budget.target, &x->bill);
    if (x->tunes) print_tuned(x->report.tuned);
    print_drop(x);
    double zeros = zero_share(&s->legal);
    if (zeros > PRUNED && strcmp(x->against, s->file) == 0) {
        printf("compared with ");
        mnq_text_put(stdout, s->file, false);
        printf(", %.0f %% of whose 1x1 weights are zero: what pruning lost is not in these figures\n", 100 * zeros);
    }
    for (int i = 0; i < x->report.n_layers; i++)
        if (x->report.layer[i].bits == 1 && (x->report.tuned == NULL || !x->report.tuned->kept)) {
            printf("note          binary weights without training cost accuracy: one base suits few, insensitive layers; "
                   "see eval\n");
            break;
        }
    int learned = 0;
    for (int i = 0; i < x->report.n_layers; i++) learned += x->report.layer[i].observer == MNQ_OBS_LEARNED;
    if (learned > 0) printf("ranges        %9d of %d tensors as training found them\n", learned, x->report.n_layers);
    printf("accumulators  %9d bits at worst, proved; 32 are there\n", most_acc_bits(&x->package.q));
}

static void json_layers(struct mnq_json *w, const struct mnq_calibrate_result *x)
{
    const struct mnq_calib_report *r = &x->report;
    mnq_json_array(w, "layers");
    for (int i = 0; i < r->n_layers; i++) {
        const struct mnq_calib_layer *l = &r->layer[i];
        mnq_json_object(w, NULL);
        mnq_json_string(w, "name", l->name);
        if (l->bits > 0) mnq_json_int(w, "weight_bits", l->bits == 1 ? l->bases : l->bits);
        else mnq_json_null(w, "weight_bits");
        char format[MNQ_FORMAT_TEXT + 16];
        mnq_json_string(w, "weights", format_text(x, l, format, sizeof format));
        mnq_json_int(w, "activation_bits", l->act_bits);
        mnq_json_int(w, "acc_bits", acc_bits(x, l));
        mnq_json_double(w, "sensitivity", l->sensitivity);
        mnq_json_double(w, "activation_sensitivity", l->tensor_sensitivity);
        mnq_json_double(w, "clipped", l->clipped);
        mnq_json_double(w, "stretch", l->stretch);
        mnq_json_string(w, "observer", mnq_observer_name(l->observer));
        mnq_json_end(w);
    }
    mnq_json_end(w);
    mnq_passes_json(w, r->pass, r->n_passes);
}

static void json_shrink(struct mnq_json *w, const struct mnq_shrink_report *s)
{
    mnq_json_object(w, "shrink");
    mnq_json_int(w, "macs_before", s->macs_before);
    mnq_json_int(w, "macs_after", s->macs_after);
    mnq_json_int(w, "weight_bytes_before", s->weight_bytes_before);
    mnq_json_int(w, "weight_bytes_after", s->weight_bytes_after);
    mnq_json_int(w, "channels_before", s->channels_before);
    mnq_json_int(w, "channels_after", s->channels_after);
    mnq_json_end(w);
}

static void json_storage(struct mnq_json *w, const struct mnq_calibrate_result *x)
{
    const struct mnq_storage_report *s = &x->report.storage;
    mnq_json_array(w, "storage");
    for (int i = 0; i < s->n; i++) {
        const struct mnq_storage_layer *l = &s->layer[i];
        if (l->zeros <= 0) continue;
        mnq_json_object(w, NULL);
        mnq_json_string(w, "name", x->q.layer[l->layer].name);
        mnq_json_double(w, "zeros", l->zeros);
        mnq_json_int(w, "bytes_dense", l->bytes_dense);
        mnq_json_int(w, "bytes_sparse", l->bytes_sparse);
        mnq_json_int(w, "block", l->block);
        mnq_json_double(w, "time", l->time_sparse / l->time_dense);
        mnq_json_double(w, "break_even_bytes", l->even_bytes);
        mnq_json_double(w, "break_even_time", l->even_time);
        mnq_json_bool(w, "sparse", l->sparse);
        mnq_json_end(w);
    }
    mnq_json_end(w);
}

static void json_points(struct mnq_json *w, const struct mnq_calib_report *r)
{
    char b[MNQ_POINT_TEXT];
    if (r->n_points == 0) return;
    mnq_json_object(w, "auto");
    mnq_json_double(w, "optimism", r->optimism);
    mnq_json_array(w, "points");
    for (int i = 0; i < r->n_points; i++) {
        const struct mnq_calib_point *p = &r->point[i];
        mnq_json_object(w, NULL);
        mnq_json_int(w, "file_bytes", (int64_t)p->bytes);
        mnq_json_string(w, "formats", mnq_point_formats(p, b));
        mnq_json_bool(w, "tuned", p->tuned);
        mnq_json_bool(w, "tuned_in_vain", p->vain);
        mnq_json_double(w, "points", p->drop.points);
        mnq_json_double(w, "low", p->drop.low);
        mnq_json_double(w, "high", p->drop.high);
        mnq_json_double(w, "upper", p->drop.upper);
        mnq_json_int(w, "pictures", p->drop.pictures);
        mnq_json_bool(w, "complete", p->complete);
        mnq_json_bool(w, "fits", p->fits);
        mnq_json_bool(w, "promised", p->promised);
        mnq_json_bool(w, "chosen", p->chosen);
        mnq_json_end(w);
    }
    mnq_json_end(w);
    mnq_json_end(w);
}

/* What --max-drop came to; null without it. */
static void json_promise(struct mnq_json *w, const struct mnq_calib_report *r)
{
    if (!(r->asked_drop > 0)) {
        mnq_json_null(w, "max_drop");
        return;
    }
    mnq_json_object(w, "max_drop");
    mnq_json_double(w, "points", r->asked_drop);
    mnq_json_double(w, "confidence", MNQ_PROMISE_CONFIDENCE);
    mnq_json_bool(w, "promised", r->promised);
    if (r->promised || r->pictures_wanted < 0) mnq_json_null(w, "pictures_wanted");
    else mnq_json_int(w, "pictures_wanted", r->pictures_wanted);
    mnq_json_end(w);
}

int mnq_calibrate_json(const struct mnq_calibrate_result *x, const char *output, struct mnq_err *e)
{
    const struct mnq_subject *s = &x->subject;
    struct mnq_json w = {.indent = 2};
    mnq_json_object(&w, NULL);
    mnq_json_string(&w, "schema", "mnquant.calibrate/1");
    mnq_json_string(&w, "source", s->file);
    mnq_json_string(&w, "output", output);
    mnq_json_int(&w, "samples", x->report.samples);
    mnq_tasks_json(&w, s);
    mnq_json_object(&w, "totals");
    mnq_json_int(&w, "file_bytes", (int64_t)x->n);
    mnq_json_int(&w, "weight_bytes", x->package.weight_bytes);
    mnq_json_int(&w, "arena_bytes", mnq_package_arena(&x->package));
    mnq_json_int(&w, "stream_bytes", mnq_package_stream(&x->package));
    mnq_json_int(&w, "macs", x->package.macs);
    mnq_json_int(&w, "acc_bits", most_acc_bits(&x->package.q));
    mnq_json_end(&w);
    mnq_json_object(&w, "float");
    mnq_json_int(&w, "file_bytes", (int64_t)s->file_bytes);
    mnq_json_int(&w, "weight_bytes", s->weight_bytes);
    mnq_json_int(&w, "arena_bytes", s->arena_bytes);
    mnq_json_int(&w, "macs", s->macs);
    mnq_json_end(&w);
    if (x->budget.target != NULL) mnq_bill_json(&w, x->budget.target, &x->bill);
    json_layers(&w, x);
    json_shrink(&w, &x->report.shrink);
    json_storage(&w, x);
    json_points(&w, &x->report);
    if (x->tunes && x->report.tuned != NULL && x->report.tuned->layers > 0) {
        mnq_json_object(&w, "tune");
        mnq_tune_json(&w, x->report.tuned);
        mnq_json_end(&w);
    }
    mnq_drop_json(&w, x->report.no_estimate != NULL ? NULL : &x->report.drop, s, x->against);
    json_promise(&w, &x->report);
    if (x->report.no_estimate != NULL) mnq_json_string(&w, "not_estimated", x->report.no_estimate);
    mnq_json_string(&w, "recipe", x->recipe);
    mnq_json_end(&w);
    return mnq_cli_print_json(&w, e);
}
