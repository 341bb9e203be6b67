/* SPDX-License-Identifier: Apache-2.0
 * A model that can be run on pictures, float or integer. */
#include "subject.h"

#include "dataset.h"

#include "graph/cost.h"
#include "graph/exec.h"
#include "pack/qrun.h"
#include "passes/passes.h"
#include "util/file.h"
#include "util/filekind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const unsigned char magic[4] = {'M', 'N', 'Q', 0x1a};

enum { MAX_OUTPUTS = 1 << 24 };

static int64_t elements(struct mnq_shape s)
{
    return (int64_t)mnq_elements(s);
}

const char *mnq_subject_kind_name(enum mnq_subject_kind k)
{
    return k == MNQ_SUBJECT_FLOAT ? "float" : "int8";
}

int64_t mnq_float_arena(const struct mnq_graph *g)
{
    int64_t *dies = calloc((size_t)g->n + 1, sizeof *dies); /* bytes whose last reader is node i */
    int *last = calloc((size_t)g->n + 1, sizeof *last);
    int64_t alive = 0, peak = -1;
    if (dies != NULL && last != NULL) {
        for (int i = 0; i < g->n; i++) {
            last[i] = mnq_graph_is_output(g, i) ? g->n : i;
            for (int k = 0; k < g->node[i].n_in; k++)
                if (last[g->node[i].in[k]] < i) last[g->node[i].in[k]] = i;
        }
        for (int i = 0; i < g->n; i++) dies[last[i]] += 4 * elements(g->node[i].out);
        for (int i = 0; i < g->n; i++) {
            alive += 4 * elements(g->node[i].out);
            if (alive > peak) peak = alive;
            alive -= dies[i];
        }
    }
    free(dies);
    free(last);
    return peak;
}

static const struct mnq_node *input_node(const struct mnq_graph *g)
{
    for (int i = 0; i < g->n; i++)
        if (g->node[i].op == MNQ_OP_INPUT) return &g->node[i];
    return NULL;
}

/* The first legal node behind INPUT scales the pixels itself (Keras' Rescaling). */
static bool has_affine(const struct mnq_graph *g)
{
    for (int i = 0; i < g->n; i++)
        if (g->node[i].op == MNQ_OP_AFFINE) return true;
    return false;
}

static int choose_preprocess(struct mnq_subject *s, const struct mnq_subject_opts *o, struct mnq_err *e)
{
    const char *text = o->preprocess;
    s->preprocess_from = MNQ_FROM_OPTION;
    if (text == NULL) {
        s->preprocess_from = s->raw.preprocess_usual ? MNQ_FROM_FAMILY : MNQ_FROM_MODEL;
        text = s->raw.preprocess;
    }
    if (text == NULL) { /* layers that scale their input are no statement: some want bytes, some what is scaled already */
        s->preprocess_from = MNQ_FROM_NOWHERE;
        text = has_affine(s->legal.n > 0 ? &s->legal : &s->raw) ? "none" : "tf";
    }
    if (mnq_preprocess_parse(&s->preprocess, text, s->input.c, e) != 0) {
        if (o->preprocess != NULL) e->unfit = MNQ_UNFIT_RECIPE;
        return -1;
    }
    /* layers that resized pictures at the front say how, where the options are left as they are */
    s->preprocess.resize = s->raw.resize_crop && o->resize == MNQ_RESIZE_STRETCH ? MNQ_RESIZE_CROP : o->resize;
    s->preprocess.filter = o->filter == MNQ_FILTER_PIL ? s->raw.resize_filter : o->filter;
    return 0;
}

/* Says so if it is the input size asked for that the file does not fit: weights behind a flattened feature map. */
static int blame_resolution(const struct mnq_subject *s, const struct mnq_subject_opts *o, struct mnq_err *e)
{
    struct mnq_import_opts own = o->import;
    struct mnq_arena scratch = {0};
    struct mnq_graph g;
    struct mnq_err none = {0};
    char where[96];
    own.resolution = 0;
    snprintf(where, sizeof where, "--resolution %d does not fit the model, its own input size does", o->import.resolution);
    if (o->import.resolution > 0 && !mnq_err_nomem(e) && mnq_import(s->file, &own, &g, &scratch, &none) == 0) {
        (void)mnq_fail_in(e, where);
        e->unfit = MNQ_UNFIT_RECIPE;
    }
    mnq_arena_free(&scratch);
    return -1;
}

/* A model that leaves its input size open takes that of the pictures, where they are arrays: those were made for it. */
static int take_size(struct mnq_subject *s, const struct mnq_subject_opts *o, struct mnq_arena *arena, struct mnq_err *e)
{
    const struct mnq_node *in = input_node(&s->raw);
    struct mnq_import_opts own = o->import;
    struct mnq_graph g;
    struct mnq_err none = {0};
    int h, w;
    if (!s->raw.size_open || o->import.resolution > 0 || o->pictures == NULL || o->pictures->n == 0 || in == NULL) return 0;
    if (!mnq_dataset_size(o->pictures, in->out.c, &h, &w) || h != w || h == in->out.h) return 0;
    own.resolution = h;
    if (mnq_import(s->file, &own, &g, arena, &none) != 0) return 0; /* they do not fit it, then they are resized */
    s->raw = g;
    s->resolution = h;
    return mnq_graph_note(&s->raw, "the input size is that of the pictures, %d x %d (--resolution states another)", h, w) !=
                   0
               ? mnq_fail_nomem(e)
               : 0;
}

/* How many values the outputs have. */
static int count_outputs(struct mnq_subject *s, const struct mnq_shape *shape, int n, struct mnq_err *e)
{
    int64_t values = 0;
    for (int k = 0; k < n; k++) values += elements(shape[k]);
    if (values > MAX_OUTPUTS)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %lld outputs, at most %d are supported", s->file, (long long)values,
                        MAX_OUTPUTS);
    s->n_outputs = n;
    s->values = (int)values;
    s->outputs = (int)elements(shape[0]);
    return 0;
}

/* What the options say of the outputs, and the threshold of all that decide. */
static int set_tasks(struct mnq_subject *s, const struct mnq_subject_opts *o, struct mnq_err *e)
{
    int kind[MNQ_OUTPUTS_MAX];
    if (mnq_task_choose(o->task, s->output_name, s->n_outputs, kind, s->file, e) != 0) return -1;
    for (int k = 0; k < s->n_outputs; k++)
        if (mnq_task_set(&s->tasks[k], kind[k], o->threshold, s->file, e) != 0) return -1;
    s->task = s->tasks[0];
    return 0;
}

/* A small file of large pictures, or of windows as large, that asks for hours or for all memory is refused before a picture
 * is read. Trials keep the values of all tensors, for each thread. */
static int check_demand(const struct mnq_subject *s, struct mnq_err *e)
{
    const struct mnq_demand d = mnq_cost_demand(&s->legal);
    const uint64_t most = mnq_package_most(s->file_bytes);
    if (d.operations <= most && d.values <= most >> 6) return 0;
    bool work = d.operations > most;
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: a pass %s %llu %s, at most %llu are made for a file of %llu bytes (--max-work)",
                    s->file, work ? "takes" : "makes", (unsigned long long)(work ? d.operations : d.values),
                    work ? "operations" : "values", (unsigned long long)(work ? most : most >> 6),
                    (unsigned long long)s->file_bytes);
}

static int open_float(struct mnq_subject *s, const struct mnq_subject_opts *o, struct mnq_arena *arena, struct mnq_err *e)
{
    s->kind = MNQ_SUBJECT_FLOAT;
    if (mnq_import(s->file, &o->import, &s->raw, arena, e) != 0) return blame_resolution(s, o, e);
    if (take_size(s, o, arena, e) != 0) return -1;
    const struct mnq_node *in = input_node(&s->raw);
    if (in == NULL || s->raw.output < 0 || s->raw.output >= s->raw.n)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: no input or output layer", s->file);
    s->input = in->out;
    if (s->input.c < 1 || s->input.c > 4)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: the input has %d channels, pictures have 1 to 4", s->file, s->input.c);
    struct mnq_shape shape[MNQ_OUTPUTS_MAX];
    for (int k = 0; k < mnq_graph_outputs(&s->raw); k++) {
        shape[k] = s->raw.node[mnq_graph_output(&s->raw, k)].out;
        s->output_name[k] = s->raw.output_name[k];
    }
    if (count_outputs(s, shape, mnq_graph_outputs(&s->raw), e) != 0) return -1;
    struct mnq_cost total = mnq_cost_total(&s->raw);
    s->macs = total.macs;
    s->params = total.params;
    s->weight_bytes = 4 * total.params;
    if (mnq_graph_legalize(&s->raw, &s->legal, arena, &s->illegal) != 0) {
        s->legal.n = 0;
        if (mnq_err_nomem(&s->illegal)) return mnq_fail_nomem(e); /* says nothing of the model */
        if (s->illegal.code == 0) s->illegal.code = MNQ_EXIT_FAILED;
        s->arena_bytes = -1;
    } else {
        if (check_demand(s, e) != 0) return -1;
        s->arena_bytes = mnq_float_arena(&s->legal);
        if (s->arena_bytes < 0) return mnq_fail_nomem(e);
        for (int k = 0; k < s->n_outputs; k++) {
            const char *loss = s->raw.loss_of[k] != NULL ? s->raw.loss_of[k] : s->raw.loss;
            s->tasks[k] = mnq_task_infer(&s->legal, mnq_graph_output(&s->legal, k), loss);
        }
        if (set_tasks(s, o, e) != 0) return -1;
    }
    return choose_preprocess(s, o, e);
}

static int64_t count_params(const struct mnq_qmodel *q)
{
    int64_t n = 0;
    for (int i = 0; i < q->n_layers; i++) {
        const struct mnq_qlayer *l = &q->layer[i];
        n += (int64_t)l->w_count;
        if (l->w_count > 0 && l->bias != NULL) n += q->tensor[l->out].shape.c;
    }
    return n;
}

/* s->package is there. */
static int take_package(struct mnq_subject *s, const struct mnq_subject_opts *o, struct mnq_arena *arena, struct mnq_err *e)
{
    s->kind = MNQ_SUBJECT_INT8;
    if (mnq_package_prepare(&s->package, arena, e) != 0) return -1;
    const struct mnq_qmodel *q = &s->package.q;
    const struct mnq_qtensor *in = &q->tensor[q->input];
    if (in->dtype != MNQ_U8) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: the input tensor does not take 8-bit pixels", s->file);
    s->input = in->shape;
    struct mnq_shape shape[MNQ_OUTPUTS_MAX];
    for (int k = 0; k < mnq_qmodel_outputs(q); k++) {
        shape[k] = q->tensor[mnq_qmodel_output(q, k)].shape;
        s->output_name[k] = q->name_of[k];
        s->tasks[k] = mnq_qmodel_task(q, k);
    }
    if (count_outputs(s, shape, mnq_qmodel_outputs(q), e) != 0) return -1;
    s->preprocess = q->preprocess;
    s->preprocess_from = MNQ_FROM_MODEL;
    s->classes = q->classes;
    s->n_classes = q->n_classes;
    s->macs = s->package.macs;
    s->params = count_params(q);
    s->weight_bytes = s->package.weight_bytes;
    s->arena_bytes = mnq_package_arena(&s->package);
    s->stream_bytes = mnq_package_stream(&s->package);
    if (mnq_package_widen(&s->package, arena, e) != 0) return -1;
    return set_tasks(s, o, e);
}

int mnq_subject_open(const char *path, const struct mnq_subject_opts *o, struct mnq_subject *s, struct mnq_arena *arena,
                     struct mnq_err *e)
{
    memset(s, 0, sizeof *s);
    s->file = mnq_arena_strdup(arena, path);
    if (s->file == NULL) return mnq_fail_nomem(e);
    if (mnq_filekind_explain(path, MNQ_WANTED_MODEL, e) != 0) return -1;
    if (mnq_file_crc32(path, &s->file_crc, &s->file_bytes, e) != 0) return -1;
    unsigned char head[4] = {0};
    struct stat st;
    int fd = mnq_file_open(path, &st, e);
    if (fd < 0) return -1;
    ssize_t got = pread(fd, head, sizeof head, 0);
    close(fd);
    bool packed = got == (ssize_t)sizeof head && memcmp(head, magic, sizeof magic) == 0;
    if (!packed) return open_float(s, o, arena, e);
    return mnq_package_open(s->file, &s->package, arena, e) != 0 ? -1 : take_package(s, o, arena, e);
}

int mnq_subject_of_bytes(const char *name, uint8_t *bytes, size_t n, struct mnq_subject *s, struct mnq_arena *arena,
                         struct mnq_err *e)
{
    const struct mnq_subject_opts none = {.task = NULL};
    memset(s, 0, sizeof *s);
    s->file = name;
    s->file_bytes = n;
    s->file_crc = mnq_bytes_crc32(0, bytes, n);
    return mnq_package_parse(name, bytes, n, &s->package, arena, e) != 0 ? -1 : take_package(s, &none, arena, e);
}

/* Whether made is an .mnq of the float file s. */
static bool is_made_from(const struct mnq_subject *made, const struct mnq_subject *s)
{
    return s->kind == MNQ_SUBJECT_FLOAT && made->kind == MNQ_SUBJECT_INT8 && made->package.q.source_name != NULL &&
           made->package.q.source_crc == s->file_crc;
}

bool mnq_subject_adopt_tasks(struct mnq_subject *s, const struct mnq_subject *made)
{
    if (!is_made_from(made, s) || made->n_outputs != s->n_outputs) return false;
    for (int k = 0; k < s->n_outputs; k++) {
        const struct mnq_task *own = &s->tasks[k], *of = &made->tasks[k];
        bool alike = own->out.h == of->out.h && own->out.w == of->out.w && own->out.c == of->out.c;
        if (!alike || own->from == MNQ_TASK_FROM_OPTION) return false;
    }
    for (int k = 0; k < s->n_outputs; k++) {
        struct mnq_task *own = &s->tasks[k];
        if (own->kind != made->tasks[k].kind) own->from = MNQ_TASK_FROM_MADE;
        own->kind = made->tasks[k].kind;
        own->threshold = made->tasks[k].threshold;
    }
    s->task = s->tasks[0];
    return true;
}

bool mnq_subject_adopt(struct mnq_subject *s, const struct mnq_subject *made)
{
    if (!is_made_from(made, s) || (s->preprocess_from != MNQ_FROM_NOWHERE && s->preprocess_from != MNQ_FROM_FAMILY))
        return false;
    if (made->preprocess.channels != s->preprocess.channels) return false;
    s->preprocess = made->preprocess;
    s->preprocess_from = MNQ_FROM_SIBLING;
    return true;
}

/* ---- running ---- */

struct mnq_runner {
    const struct mnq_subject *s;
    struct mnq_exec *exec; /* float */
    float *input, *output;
    void *block; /* int8: the arena within its allocation */
    unsigned char *arena;
    size_t arena_size;
};

struct mnq_runner *mnq_runner_new(const struct mnq_subject *s, struct mnq_err *e)
{
    if (s->illegal.code != 0) {
        mnq_fail(e, s->illegal.code, "%s", s->illegal.msg);
        return NULL;
    }
    struct mnq_runner *r = calloc(1, sizeof *r);
    if (r == NULL) {
        mnq_fail_nomem(e);
        return NULL;
    }
    r->s = s;
    if (s->kind == MNQ_SUBJECT_FLOAT) {
        r->exec = mnq_exec_new(&s->legal, false, e);
        r->input = malloc((size_t)elements(s->input) * sizeof *r->input);
        r->output = malloc((size_t)s->values * sizeof *r->output);
        if (r->exec != NULL) mnq_exec_keep_weights(r->exec);
        if (r->exec != NULL && r->input != NULL && r->output != NULL) return r;
    } else {
        r->arena_size = mnq_arena_size(&s->package.model);
        r->block = malloc(r->arena_size + MNQ_ALIGN);
        if (r->block != NULL) {
            uintptr_t p = (uintptr_t)r->block;
            r->arena = (unsigned char *)r->block + (MNQ_ALIGN - p % MNQ_ALIGN) % MNQ_ALIGN;
            return r;
        }
    }
    mnq_fail_nomem(e);
    mnq_runner_free(r);
    return NULL;
}

void mnq_runner_free(struct mnq_runner *r)
{
    if (r == NULL) return;
    if (r->exec != NULL) mnq_exec_free(r->exec);
    free(r->input);
    free(r->output);
    free(r->block);
    free(r);
}

int mnq_runner_run(struct mnq_runner *r, const uint8_t *pixels, float *out, struct mnq_err *e)
{
    const struct mnq_subject *s = r->s;
    if (s->kind == MNQ_SUBJECT_FLOAT) {
        mnq_preprocess_apply(&s->preprocess, pixels, s->input.h * s->input.w, r->input);
        mnq_exec_run(r->exec, r->input, NULL, NULL);
        float *to = r->output;
        for (int k = 0; k < s->n_outputs; k++) {
            int node = mnq_graph_output(&s->legal, k);
            size_t n = mnq_elements(s->legal.node[node].out);
            memcpy(to, mnq_exec_tensor(r->exec, node), n * sizeof *to);
            to += n;
        }
        memcpy(out, r->output, (size_t)s->values * sizeof *out);
        return 0;
    }
    const struct mnq_model *m = &s->package.model;
    memcpy(mnq_input(m, r->arena), pixels, (size_t)elements(s->input));
    enum mnq_status st = mnq_run(m, r->arena, r->arena_size);
    if (st != MNQ_OK) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %s", s->file, mnq_status_str(st));
    for (int k = 0; k < s->n_outputs; k++) {
        const struct mnq_qtensor *t = &s->package.q.tensor[mnq_qmodel_output(&s->package.q, k)];
        mnq_dequantize(t, mnq_output_at(m, r->arena, (unsigned)k), out);
        out += mnq_elements(t->shape);
    }
    return 0;
}

size_t mnq_subject_first(const struct mnq_subject *s, int k)
{
    size_t first = 0;
    for (int i = 0; i < k; i++) first += mnq_elements(s->tasks[i].out);
    return first;
}

static size_t raw_bytes(const struct mnq_subject *s, int k)
{
    if (s->kind == MNQ_SUBJECT_FLOAT) return mnq_elements(s->tasks[k].out) * sizeof(float);
    return mnq_qtensor_bytes(&s->package.q.tensor[mnq_qmodel_output(&s->package.q, k)]);
}

size_t mnq_subject_raw_bytes(const struct mnq_subject *s)
{
    size_t n = 0;
    for (int k = 0; k < s->n_outputs; k++) n += raw_bytes(s, k);
    return n;
}

const void *mnq_runner_raw(const struct mnq_runner *r, int k, size_t *n)
{
    const struct mnq_subject *s = r->s;
    *n = raw_bytes(s, k);
    if (s->kind == MNQ_SUBJECT_FLOAT) return r->output + mnq_subject_first(s, k);
    return mnq_output_at(&s->package.model, r->arena, (unsigned)k);
}
