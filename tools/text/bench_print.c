/* SPDX-License-Identifier: Apache-2.0
 * Prints what `mnquant bench` measured. */
#include "bench_print.h"

#include "figures.h"
#include "kernels.h"
#include "table.h"
#include "util/json.h"

/* Giga multiply-accumulates per second; 0 without any. */
static double rate(int64_t macs, double ms)
{
    return macs > 0 && ms > 0 ? (double)macs / ms * 1e-6 : 0;
}

/* What the best run reached of the table's peak; 0 without any. */
static double share(int64_t macs, double ms_min, double peak)
{
    return peak > 0 ? rate(macs, ms_min) / peak : 0;
}

/* The median's rate, the best run's share of the peak. */
static void cell_rate(struct mnq_table *t, int64_t macs, double ms, double ms_min, double peak)
{
    if (macs > 0) mnq_table_cell(t, "%.1f", rate(macs, ms));
    else mnq_table_cell(t, "-");
    if (macs > 0 && peak > 0) mnq_table_cell(t, "%.0f", 100 * share(macs, ms_min, peak));
    else mnq_table_cell(t, "-");
}

static void print_models(const struct mnq_bench_result *r, struct mnq_arena *arena, bool color)
{
    struct mnq_table t;
    mnq_table_init(&t, arena, "llrrrrrr");
    mnq_table_row(&t, "model", "kernels", "ms", "min", "spread %", "GMAC/s", "% of peak", "speed");
    for (int i = 0; i < r->n_models * r->n_tables; i++) {
        const struct mnq_timing *x = &r->timing[i], *first = &r->timing[i / r->n_tables * r->n_tables];
        mnq_table_cell(&t, "%s", x->package->file);
        mnq_table_cell(&t, "%s", x->kernels->name);
        mnq_table_cell(&t, "%.3f", x->ms_median);
        mnq_table_cell(&t, "%.3f", x->ms_min);
        mnq_table_cell(&t, "%.1f", 100 * (x->ms_high - x->ms_low) / x->ms_median);
        cell_rate(&t, x->macs, x->ms_median, x->ms_min, r->peak[i % r->n_tables]);
        mnq_table_cell(&t, "%.2f", first->ms_median / x->ms_median);
    }
    mnq_table_print(&t, stdout, mnq_term_bold(color), mnq_term_plain(color));
}

/* Sums by operator, with each table. */
static void print_classes(const struct mnq_bench_result *r, int model, struct mnq_arena *arena, bool color)
{
    const struct mnq_qmodel *q = &r->timing[model * r->n_tables].package->q;
    struct mnq_table t;
    mnq_table_init(&t, arena, "llrrrr");
    mnq_table_row(&t, "layers", "kernels", "ms", "GMAC/s", "% of peak", "GB/s");
    for (int op = MNQ_L_CONV; op <= MNQ_L_LOGISTIC; op++)
        for (int k = 0; k < r->n_tables; k++) {
            const struct mnq_timing *x = &r->timing[model * r->n_tables + k];
            double ms = 0, least = 0;
            int64_t macs = 0, bytes = 0;
            int n = 0;
            for (int i = 0; i < q->n_layers; i++) {
                if (q->layer[i].op != op) continue;
                n++;
                ms += x->layer[i].ms;
                least += x->layer[i].ms_min;
                macs += x->layer[i].macs;
                bytes += x->layer[i].bytes;
            }
            if (n == 0) continue;
            mnq_table_cell(&t, "%d %s", n, mnq_layer_op_name(op));
            mnq_table_cell(&t, "%s", x->kernels->name);
            mnq_table_cell(&t, "%.3f", ms);
            cell_rate(&t, macs, ms, least, r->peak[k]);
            mnq_table_cell(&t, "%.1f", ms > 0 ? (double)bytes / ms * 1e-6 : 0);
        }
    mnq_table_print(&t, stdout, mnq_term_bold(color), mnq_term_plain(color));
}

static void print_layers(const struct mnq_bench_result *r, const struct mnq_timing *x, double peak, struct mnq_arena *arena,
                         bool color)
{
    const struct mnq_qmodel *q = &x->package->q;
    struct mnq_table t;
    (void)r;
    mnq_table_init(&t, arena, "llrrrrr");
    mnq_table_row(&t, "layer", "op", "ms", "GMAC/s", "% of peak", "bytes", "GB/s");
    for (int i = 0; i < q->n_layers; i++) {
        const struct mnq_timed_layer *l = &x->layer[i];
        char bytes[32];
        mnq_table_cell(&t, "%s", q->layer[i].name);
        mnq_table_cell(&t, "%s", mnq_layer_op_name(q->layer[i].op));
        mnq_table_cell(&t, "%.4f", l->ms);
        cell_rate(&t, l->macs, l->ms, l->ms_min, peak);
        mnq_table_cell(&t, "%s", mnq_text_count(bytes, l->bytes));
        mnq_table_cell(&t, "%.1f", l->ms > 0 ? (double)l->bytes / l->ms * 1e-6 : 0);
    }
    mnq_table_print(&t, stdout, mnq_term_bold(color), mnq_term_plain(color));
}

void mnq_bench_print(const struct mnq_bench_result *r, bool layers, struct mnq_arena *arena, bool color)
{
    printf("%s, one thread%s, %d rounds, processor time; peak", r->processor, r->pinned ? " on one processor" : "",
           r->rounds);
    for (int k = 0; k < r->n_tables; k++) printf("%s %s %.1f", k > 0 ? "," : "", r->table[k]->name, r->peak[k]);
    printf(" GMAC/s\n\n");
    print_models(r, arena, color);
    for (int m = 0; m < r->n_models; m++) {
        printf("\n%s%s%s\n", mnq_term_bold(color), r->timing[m * r->n_tables].package->file, mnq_term_plain(color));
        print_classes(r, m, arena, color);
        for (int k = 0; k < r->n_tables && layers; k++) {
            printf("\n%s\n", r->table[k]->name);
            print_layers(r, &r->timing[m * r->n_tables + k], r->peak[k], arena, color);
        }
    }
}

void mnq_bench_json(const struct mnq_bench_result *r, struct mnq_json *w)
{
    mnq_json_object(w, NULL);
    mnq_json_string(w, "schema", "mnquant.bench/1");
    mnq_json_object(w, "machine");
    mnq_json_string(w, "processor", r->processor);
    mnq_json_int(w, "processors", r->processors);
    mnq_json_bool(w, "pinned", r->pinned);
    mnq_json_int(w, "rounds", r->rounds);
    mnq_json_object(w, "peak_gmacs");
    for (int k = 0; k < r->n_tables; k++) mnq_json_double(w, r->table[k]->name, r->peak[k]);
    mnq_json_end(w);
    mnq_json_end(w);
    mnq_json_array(w, "models");
    for (int i = 0; i < r->n_models * r->n_tables; i++) {
        const struct mnq_timing *x = &r->timing[i];
        mnq_json_object(w, NULL);
        mnq_json_string(w, "file", x->package->file);
        mnq_json_string(w, "kernels", x->kernels->name);
        mnq_json_double(w, "ms_median", x->ms_median);
        mnq_json_double(w, "ms_min", x->ms_min);
        mnq_json_double(w, "gmacs", rate(x->macs, x->ms_median));
        mnq_json_double(w, "peak_share", share(x->macs, x->ms_min, r->peak[i % r->n_tables]));
        mnq_json_array(w, "layers");
        for (int k = 0; k < x->package->q.n_layers; k++) {
            mnq_json_object(w, NULL);
            mnq_json_string(w, "name", x->package->q.layer[k].name);
            mnq_json_string(w, "op", mnq_layer_op_name(x->package->q.layer[k].op));
            mnq_json_double(w, "ms_median", x->layer[k].ms);
            mnq_json_double(w, "ms_min", x->layer[k].ms_min);
            mnq_json_double(w, "gmacs", rate(x->layer[k].macs, x->layer[k].ms));
            mnq_json_double(w, "peak_share", share(x->layer[k].macs, x->layer[k].ms_min, r->peak[i % r->n_tables]));
            mnq_json_end(w);
        }
        mnq_json_end(w);
        mnq_json_end(w);
    }
    mnq_json_end(w);
    mnq_json_end(w);
}
