/* SPDX-License-Identifier: Apache-2.0
 * `mnquant inspect` of an integer model. */
#include "inspect.h"

#include "figures.h"
#include "inspect_row.h"
#include "kernels.h"
#include "pack/qrun.h"
#include "recipe.h"
#include "share.h"
#include "task_text.h"

#include <stdio.h>

static struct mnq_inspect_row packed_row(const struct mnq_qmodel *q, int i)
{
    static const char *const act[] = {"none", "hswish", "hsigmoid", "prelu", "table"};
    const struct mnq_qlayer *l = &q->layer[i];
    const struct mnq_qtensor *t = &q->tensor[l->out];
    int64_t values = (int64_t)t->shape.h * t->shape.w * t->shape.c;
    bool has_weights = l->w_count > 0;
    struct mnq_inspect_row r = {.name = l->name,
                                .op = mnq_layer_op_name(l->op),
                                .act = act[l->act < 5 ? l->act : 0],
                                .out = t->shape,
                                .kh = l->kh,
                                .kw = l->kw,
                                .sh = l->sh,
                                .sw = l->sw,
                                .macs = l->macs,
                                .params = (int64_t)l->w_count + (has_weights && l->bias != NULL ? t->shape.c : 0),
                                .weight_bytes = (int64_t)mnq_qlayer_weight_bytes(l, q->tensor[l->in0].shape.c, t->shape.c),
                                .activation_bytes = t->dtype == MNQ_S16 ? 2 * values : values,
                                .weight_bits = mnq_weights_bits(l),
                                .zeros = mnq_weights_zeros(l),
                                .acc_bits = l->acc_bits};
    mnq_weights_format(l, r.format);
    if (l->act == 0 && l->lo == t->zp && has_weights) r.act = "relu";
    return r;
}

static const char *const dtype_names[] = {"uint8", "int8", "int16"};

/* What firmware writes there, in words. */
static void print_input(const struct mnq_qmodel *q)
{
    const struct mnq_qtensor *t = &q->tensor[q->input];
    printf("input       %lld bytes: ", (long long)mnq_qtensor_bytes(t));
    if (t->dtype != MNQ_U8) printf("%s values q, ", dtype_names[t->dtype]);
    else
        printf("0..255 as the camera gives them, %s, ", t->shape.c == 3   ? "red, green, blue"
                                                        : t->shape.c == 1 ? "grey"
                                                                          : "channels in order");
    printf("rows from the top, pixels from the left, no gaps\n");
}

static const char *const ways_of_input[] = {"picture", "rows"};

static void curve_json(struct mnq_json *w, const struct mnq_xcurve *c)
{
    mnq_json_object(w, "curve");
    mnq_json_string(w, "target", c->target->name);
    for (int k = 0; k < 2; k++) {
        mnq_json_array(w, ways_of_input[k]);
        for (int i = 0; i < c->n[k]; i++) {
            mnq_json_object(w, NULL);
            mnq_json_int(w, "arena_bytes", c->point[k][i].bytes);
            mnq_json_int(w, "instructions", c->point[k][i].work);
            mnq_json_end(w);
        }
        mnq_json_end(w);
    }
    mnq_json_end(w);
}

/* RAM against instructions, side by side. */
static void print_curve(const struct mnq_xcurve *c, struct mnq_cli *cli)
{
    struct mnq_table t;
    char a[32];
    printf("\nRAM against instructions on %s, foretold; export --ram takes any of them\n", c->target->name);
    mnq_table_init(&t, &cli->arena, "rrrrrr");
    mnq_table_row(&t, "picture in memory", "instructions", "more", "rows pushed", "instructions", "more");
    for (int i = 0; i < c->n[0] || i < c->n[1]; i++)
        for (int k = 0; k < 2; k++) {
            const struct mnq_stage_point *p = &c->point[k][i];
            const bool there = i < c->n[k];
            mnq_table_cell(&t, "%s", there ? mnq_text_count(a, p->bytes) : "");
            mnq_table_cell(&t, "%s", there ? mnq_text_count(a, p->work) : "");
            if (there) mnq_table_cell(&t, "%+.1f %%", 100 * ((double)p->work / (double)c->point[0][0].work - 1));
            else mnq_table_cell(&t, "%s", "");
        }
    mnq_table_print(&t, stdout, mnq_term_bold(cli->term.color_out), mnq_term_plain(cli->term.color_out));
}

static int print_json(const struct mnq_subject *s, const struct mnq_xcurve *curve, struct mnq_err *e)
{
    const struct mnq_qmodel *q = &s->package.q;
    struct mnq_json w = {.indent = 2};
    char crc[16];
    snprintf(crc, sizeof crc, "%08x", q->source_crc);
    mnq_json_object(&w, NULL);
    mnq_json_string(&w, "schema", "mnquant.inspect/1");
    mnq_json_string(&w, "file", s->file);
    mnq_json_string(&w, "kind", "int8");
    mnq_inspect_json_shape(&w, "input_shape", s->input);
    const struct mnq_qtensor *in = &q->tensor[q->input];
    mnq_json_object(&w, "input");
    mnq_json_string(&w, "dtype", dtype_names[in->dtype]);
    mnq_json_string(&w, "layout", "HWC");
    mnq_json_string(&w, "channels", in->shape.c == 3 ? "RGB" : in->shape.c == 1 ? "grey" : NULL);
    mnq_json_int(&w, "bytes", (int64_t)mnq_qtensor_bytes(in));
    mnq_json_end(&w);
    mnq_json_object(&w, "totals");
    mnq_json_int(&w, "macs", s->macs);
    mnq_json_int(&w, "params", s->params);
    mnq_json_int(&w, "weight_bytes", s->weight_bytes);
    mnq_json_int(&w, "arena_bytes", s->arena_bytes);
    mnq_json_int(&w, "stream_bytes", s->stream_bytes);
    mnq_json_int(&w, "layer_bytes", (int64_t)q->arena_bytes);
    mnq_json_int(&w, "file_bytes", (int64_t)s->file_bytes);
    mnq_json_end(&w);
    if (curve != NULL) curve_json(&w, curve);
    mnq_tasks_json(&w, s);
    mnq_inspect_json_preprocess(&w, &s->preprocess);
    mnq_json_object(&w, "provenance");
    mnq_json_string(&w, "tool", q->tool);
    mnq_json_string(&w, "source", q->source_name);
    mnq_json_string(&w, "source_crc32", crc);
    mnq_json_string(&w, "recipe", q->recipe);
    mnq_json_end(&w);
    mnq_json_array(&w, "classes");
    for (int i = 0; q->classes != NULL && i < q->n_classes; i++) mnq_json_string(&w, NULL, q->classes[i]);
    mnq_json_end(&w);
    mnq_json_array(&w, "layers");
    for (int i = 0; i < q->n_layers; i++) {
        struct mnq_inspect_row r = packed_row(q, i);
        mnq_inspect_json_row(&w, &r);
    }
    mnq_json_end(&w);
    mnq_json_end(&w);
    return mnq_cli_print_json(&w, e);
}

static void print_text(const struct mnq_subject *s, struct mnq_cli *cli)
{
    const struct mnq_qmodel *q = &s->package.q;
    struct mnq_table t;
    char a[32], b[32], c[32], task[100];
    mnq_text_put(stdout, s->file, false);
    printf(": integer model, input %dx%dx%d\n\n", s->input.h, s->input.w, s->input.c);
    mnq_table_init(&t, &cli->arena, "llrrrrlrrl");
    mnq_table_row(&t, "layer", "op", "output", "MACs", "params", "bytes", "weights", "zeros %", "acc bits", "activation");
    for (int i = 0; i < q->n_layers; i++) {
        struct mnq_inspect_row r = packed_row(q, i);
        mnq_inspect_cells(&t, &r, true);
    }
    mnq_table_print(&t, stdout, mnq_term_bold(cli->term.color_out), mnq_term_plain(cli->term.color_out));
    printf("\ntotal       %s MACs, %s parameters, %s of weights with biases and multipliers\n", mnq_text_count(a, s->macs),
           mnq_text_count(b, s->params), mnq_text_bytes(c, s->weight_bytes));
    print_input(q);
    printf("file        %s\n", mnq_text_bytes(a, (int64_t)s->file_bytes));
    printf("RAM         %s with the picture in memory, %s with its rows pushed; layer by layer %s\n",
           mnq_text_bytes(a, s->arena_bytes), mnq_text_bytes(b, s->stream_bytes),
           mnq_text_bytes(c, (int64_t)q->arena_bytes));
    for (int k = 0; k < s->n_outputs; k++) {
        mnq_task_text(&s->tasks[k], task, sizeof task);
        printf("output      ");
        if (s->n_outputs > 1) mnq_text_put(stdout, s->output_name[k], false);
        printf("%s%s, %s\n", s->n_outputs > 1 ? ": " : "", task, mnq_task_from_text(s->tasks[k].from));
    }
    printf("preprocess  ");
    mnq_text_put(stdout, s->preprocess.name, false);
    printf(", %s, %s\n", mnq_resize_words[s->preprocess.resize], mnq_filter_words[s->preprocess.filter]);
    if (q->source_name != NULL) {
        mnq_inspect_line("source      ", q->source_name);
        printf("            CRC-32 %08x\n", q->source_crc);
    }
    if (q->tool != NULL) mnq_inspect_line("made by     ", q->tool);
    if (q->recipe != NULL && cli->global.verbose > 0) {
        printf("recipe\n");
        mnq_text_put(stdout, q->recipe, true);
    }
}

int mnq_inspect_packed(const struct mnq_subject *s, const struct mnq_xcurve *curve, struct mnq_cli *cli)
{
    if (cli->global.json) return print_json(s, curve, &cli->err);
    print_text(s, cli);
    if (curve != NULL) print_curve(curve, cli);
    return 0;
}
