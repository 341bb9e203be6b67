/* SPDX-License-Identifier: Apache-2.0
 * What `mnquant inspect` shows of every kind of file. */
#include "inspect_row.h"

#include "recipe.h"

#include <string.h>

void mnq_inspect_json_shape(struct mnq_json *w, const char *key, struct mnq_shape s)
{
    mnq_json_row(w, key);
    mnq_json_int(w, NULL, s.h);
    mnq_json_int(w, NULL, s.w);
    mnq_json_int(w, NULL, s.c);
    mnq_json_end(w);
}

void mnq_inspect_json_row(struct mnq_json *w, const struct mnq_inspect_row *r)
{
    mnq_json_object(w, NULL);
    mnq_json_string(w, "name", r->name);
    mnq_json_string(w, "op", r->op);
    mnq_inspect_json_shape(w, "output_shape", r->out);
    mnq_json_int(w, "macs", r->macs);
    mnq_json_int(w, "params", r->params);
    mnq_json_int(w, "weight_bytes", r->weight_bytes);
    mnq_json_int(w, "activation_bytes", r->activation_bytes);
    mnq_json_row(w, "kernel");
    mnq_json_int(w, NULL, r->kh);
    mnq_json_int(w, NULL, r->kw);
    mnq_json_end(w);
    mnq_json_row(w, "stride");
    mnq_json_int(w, NULL, r->sh);
    mnq_json_int(w, NULL, r->sw);
    mnq_json_end(w);
    mnq_json_string(w, "activation", r->act);
    if (r->weight_bits > 0) {
        mnq_json_string(w, "weights", r->format);
        mnq_json_int(w, "weight_bits", r->weight_bits);
        mnq_json_double(w, "zeros", r->zeros);
    }
    if (r->acc_bits > 0) mnq_json_int(w, "acc_bits", r->acc_bits);
    if (r->pair != NULL) {
        mnq_json_string(w, "separable_with", r->pair);
        mnq_json_double(w, "separable_cost", r->saving);
    }
    mnq_json_end(w);
}

void mnq_inspect_json_preprocess(struct mnq_json *w, const struct mnq_preprocess *p)
{
    mnq_json_object(w, "preprocess");
    mnq_json_string(w, "name", p->name);
    mnq_json_row(w, "scale");
    for (int c = 0; c < p->channels; c++) mnq_json_float(w, NULL, p->scale[c]);
    mnq_json_end(w);
    mnq_json_row(w, "offset");
    for (int c = 0; c < p->channels; c++) mnq_json_float(w, NULL, p->offset[c]);
    mnq_json_end(w);
    mnq_json_row(w, "source");
    for (int c = 0; c < p->channels; c++) mnq_json_int(w, NULL, p->source[c]);
    mnq_json_end(w);
    mnq_json_string(w, "resize", mnq_resize_words[p->resize]);
    mnq_json_string(w, "filter", mnq_filter_words[p->filter]);
    mnq_json_end(w);
}

void mnq_inspect_line(const char *label, const char *text)
{
    fputs(label, stdout);
    mnq_text_put(stdout, text, false);
    fputc('\n', stdout);
}

static void cell_number(struct mnq_table *t, int64_t n)
{
    char text[32];
    mnq_table_cell(t, "%s", n <= 0 ? "-" : mnq_text_count(text, n));
}

void mnq_inspect_cells(struct mnq_table *t, const struct mnq_inspect_row *r, bool packed)
{
    const char *act = strcmp(r->act, "none") == 0 ? "" : r->act;
    mnq_table_cell(t, "%s", r->name);
    mnq_table_cell(t, "%s", r->op);
    mnq_table_cell(t, "%dx%dx%d", r->out.h, r->out.w, r->out.c);
    cell_number(t, r->macs);
    cell_number(t, r->params);
    cell_number(t, r->weight_bytes);
    if (packed) {
        mnq_table_cell(t, "%s", r->format);
        if (r->weight_bits > 0) mnq_table_cell(t, "%.1f", 100 * r->zeros);
        else mnq_table_cell(t, "-");
        cell_number(t, r->acc_bits);
    } else if (r->pair != NULL) {
        mnq_table_cell(t, "%.4f", r->saving);
    } else {
        mnq_table_cell(t, "-");
    }
    mnq_table_cell(t, "%s", act);
}
