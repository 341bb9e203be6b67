/* SPDX-License-Identifier: Apache-2.0
 * META: the host's part of a packed model as one JSON document. */
#include "pack/meta.h"

#include "util/ydoc.h"

#include <float.h>
#include <stdio.h>
#include <string.h>

static const char *const resize_name[] = {"stretch", "crop"};
static const char *const filter_name[] = {"pil", "tf", "nearest", "bicubic"};

static void write_preprocess(struct mnq_json *j, const struct mnq_preprocess *p)
{
    mnq_json_object(j, "preprocess");
    mnq_json_string(j, "name", p->name);
    mnq_json_row(j, "scale");
    for (int c = 0; c < p->channels; c++) mnq_json_float(j, NULL, p->scale[c]);
    mnq_json_end(j);
    mnq_json_row(j, "offset");
    for (int c = 0; c < p->channels; c++) mnq_json_float(j, NULL, p->offset[c]);
    mnq_json_end(j);
    mnq_json_row(j, "source");
    for (int c = 0; c < p->channels; c++) mnq_json_int(j, NULL, p->source[c]);
    mnq_json_end(j);
    mnq_json_string(j, "resize", resize_name[p->resize]);
    mnq_json_string(j, "filter", filter_name[p->filter]);
    mnq_json_end(j);
}

/* A tensor's index, then runs of channels that stayed: first channel, length, ... */
static void write_origins(struct mnq_json *j, int t, const int *origin, int n)
{
    mnq_json_row(j, NULL);
    mnq_json_int(j, NULL, t);
    for (int c = 0, len; c < n; c += len) {
        for (len = 1; c + len < n && origin[c + len] == origin[c] + len; len++) {}
        mnq_json_int(j, NULL, origin[c]);
        mnq_json_int(j, NULL, len);
    }
    mnq_json_end(j);
}

static void write_task(struct mnq_json *j, enum mnq_task_kind kind, double threshold)
{
    mnq_json_string(j, "kind", mnq_task_words[kind]);
    if (threshold > 0) mnq_json_double(j, "threshold", threshold);
}

/* All outputs by name; of those behind the first what they mean. */
static void write_outputs(struct mnq_json *j, const struct mnq_qmodel *q)
{
    mnq_json_array(j, "outputs");
    for (int k = 0; k < mnq_qmodel_outputs(q); k++) {
        mnq_json_object(j, NULL);
        mnq_json_string(j, "name", q->name_of[k]);
        if (k > 0) write_task(j, q->more_task[k - 1], q->more_threshold[k - 1]);
        mnq_json_end(j);
    }
    mnq_json_end(j);
}

void mnq_meta_write(struct mnq_json *j, const struct mnq_qmodel *q)
{
    char crc[16];
    snprintf(crc, sizeof crc, "%08x", (unsigned)q->source_crc);
    mnq_json_object(j, NULL);
    mnq_json_string(j, "schema", "mnquant.meta/1");
    mnq_json_string(j, "tool", q->tool);
    mnq_json_object(j, "source");
    mnq_json_string(j, "name", q->source_name);
    mnq_json_string(j, "crc32", crc);
    mnq_json_end(j);
    mnq_json_string(j, "recipe", q->recipe);
    write_preprocess(j, &q->preprocess);
    if (q->task != MNQ_TASK_AUTO || q->threshold > 0) {
        mnq_json_object(j, "task");
        write_task(j, q->task, q->threshold);
        mnq_json_end(j);
    }
    if (q->n_more > 0) write_outputs(j, q);
    if (q->classes != NULL) {
        mnq_json_row(j, "classes");
        for (int i = 0; i < q->n_classes; i++) mnq_json_string(j, NULL, q->classes[i]);
        mnq_json_end(j);
    }
    mnq_json_array(j, "layers");
    for (int i = 0; i < q->n_layers; i++) {
        const struct mnq_qlayer *l = &q->layer[i];
        mnq_json_row(j, NULL);
        mnq_json_string(j, NULL, l->name);
        mnq_json_int(j, NULL, l->acc_bits);
        mnq_json_end(j);
    }
    mnq_json_end(j);
    mnq_json_array(j, "origins");
    for (int t = 0; t < q->n_tensors; t++)
        if (q->tensor[t].origin != NULL) write_origins(j, t, q->tensor[t].origin, q->tensor[t].shape.c);
    mnq_json_end(j);
    mnq_json_end(j);
}

/* ---- reading ---- */

static int read_floats(const struct mnq_ynode *v, float *out, int n, struct mnq_err *e)
{
    if (v->kind != MNQ_Y_SEQ || v->n != n) return mnq_y_fail(v, e, "expected %d numbers", n);
    int c = 0;
    for (const struct mnq_ynode *x = v->first; x != NULL; x = x->next) {
        double d;
        if (mnq_y_double(x, -(double)FLT_MAX, (double)FLT_MAX, &d, e) != 0) return -1;
        out[c++] = (float)d;
    }
    return 0;
}

static int read_preprocess(const struct mnq_ynode *v, struct mnq_qmodel *q, struct mnq_err *e)
{
    struct mnq_preprocess *p = &q->preprocess;
    const char *name;
    const struct mnq_ynode *scale = mnq_y_get(v, "scale"), *offset = mnq_y_get(v, "offset"),
                           *source = mnq_y_get(v, "source"), *resize = mnq_y_get(v, "resize"),
                           *filter = mnq_y_get(v, "filter"), *label = mnq_y_get(v, "name");
    int channels = q->tensor[q->input].shape.c, at, mode;
    if (channels < 1 || channels > 4) return mnq_y_fail(v, e, "%d input channels, 1 to 4 can be preprocessed", channels);
    if (scale == NULL || offset == NULL || source == NULL || resize == NULL || filter == NULL || label == NULL)
        return mnq_y_fail(v, e, "expected name, scale, offset, source, resize and filter");
    if (mnq_y_string(label, &name, e) != 0) return -1;
    snprintf(p->name, sizeof p->name, "%s", name);
    p->channels = channels;
    if (read_floats(scale, p->scale, channels, e) != 0 || read_floats(offset, p->offset, channels, e) != 0) return -1;
    if (source->kind != MNQ_Y_SEQ || source->n != channels) return mnq_y_fail(source, e, "expected %d channels", channels);
    for (at = 0; at < channels; at++)
        if (mnq_y_int(mnq_y_at(source, at), 0, channels - 1, &p->source[at], e) != 0) return -1;
    if (mnq_y_choice(resize, resize_name, 2, &mode, e) != 0) return -1;
    p->resize = (enum mnq_resize)mode;
    if (mnq_y_choice(filter, filter_name, 4, &mode, e) != 0) return -1;
    p->filter = (enum mnq_filter)mode;
    return 0;
}

static int read_classes(const struct mnq_ynode *v, struct mnq_qmodel *q, struct mnq_err *e)
{
    if (mnq_y_want(v, MNQ_Y_SEQ, e) != 0) return -1;
    const char **name = mnq_arena_array(q->arena, (size_t)v->n, sizeof *name);
    if (name == NULL) return mnq_fail_nomem(e);
    int i = 0;
    for (const struct mnq_ynode *x = v->first; x != NULL; x = x->next)
        if (mnq_y_string(x, &name[i++], e) != 0) return -1;
    q->classes = name;
    q->n_classes = v->n;
    return 0;
}

static int read_layers(const struct mnq_ynode *v, struct mnq_qmodel *q, struct mnq_err *e)
{
    if (v->kind != MNQ_Y_SEQ || v->n != q->n_layers) return mnq_y_fail(v, e, "expected %d layers", q->n_layers);
    int i = 0;
    for (const struct mnq_ynode *x = v->first; x != NULL; x = x->next, i++) {
        if (x->kind != MNQ_Y_SEQ || x->n < 2) return mnq_y_fail(x, e, "expected a name and the accumulator's bits");
        if (mnq_y_string(mnq_y_at(x, 0), &q->layer[i].name, e) != 0) return -1;
        if (mnq_y_int(mnq_y_at(x, 1), 0, 32, &q->layer[i].acc_bits, e) != 0) return -1;
    }
    return 0;
}

/* One row of write_origins(). */
static int read_row(const struct mnq_ynode *row, struct mnq_qmodel *q, struct mnq_err *e)
{
    int t, n = 0, next = 0;
    if (row->kind != MNQ_Y_SEQ || row->n < 3 || row->n % 2 == 0)
        return mnq_y_fail(row, e, "expected a tensor and runs of channels");
    if (mnq_y_int(row->first, 0, q->n_tensors - 1, &t, e) != 0) return -1;
    int total = q->tensor[t].shape.c, *origin = mnq_arena_array(q->arena, (size_t)total, sizeof *origin);
    if (origin == NULL) return mnq_fail_nomem(e);
    for (const struct mnq_ynode *x = row->first->next; x != NULL; x = x->next->next) {
        int first, len;
        if (mnq_y_int(x, next, 65535, &first, e) != 0 || mnq_y_int(x->next, 1, 65535, &len, e) != 0) return -1;
        if (len > total - n) return mnq_y_fail(x->next, e, "expected %d channels in all", total);
        for (int k = 0; k < len; k++) origin[n++] = first + k;
        next = first + len;
    }
    if (n != total) return mnq_y_fail(row, e, "expected %d channels in all, got %d", total, n);
    q->tensor[t].origin = origin;
    return 0;
}

static int read_origins(const struct mnq_ynode *v, struct mnq_qmodel *q, struct mnq_err *e)
{
    if (mnq_y_want(v, MNQ_Y_SEQ, e) != 0) return -1;
    for (const struct mnq_ynode *row = v->first; row != NULL; row = row->next)
        if (read_row(row, q, e) != 0) return -1;
    return 0;
}

/* A string that may be absent. */
static int read_text(const struct mnq_ynode *v, const char **out, struct mnq_err *e)
{
    return mnq_y_null(v) ? 0 : mnq_y_string(v, out, e);
}

/* Of output k. */
static int read_task(const struct mnq_ynode *v, struct mnq_qmodel *q, int k, struct mnq_err *e)
{
    const struct mnq_ynode *kind = mnq_y_get(v, "kind"), *threshold = mnq_y_get(v, "threshold");
    struct mnq_task t;
    int word;
    if (kind == NULL) return mnq_y_fail(v, e, "expected kind");
    if (mnq_y_choice(kind, mnq_task_words, MNQ_TASK_KINDS, &word, e) != 0) return -1;
    if (threshold != NULL &&
        mnq_y_double(threshold, 1e-6, 1 - 1e-6, k == 0 ? &q->threshold : &q->more_threshold[k - 1], e) != 0)
        return -1;
    t = mnq_qmodel_task(q, k);
    if (mnq_task_set(&t, word, 0, "META", e) != 0) return -1;
    *(k == 0 ? &q->task : &q->more_task[k - 1]) = (enum mnq_task_kind)word;
    return 0;
}

static int read_outputs(const struct mnq_ynode *v, struct mnq_qmodel *q, struct mnq_err *e)
{
    int k = 0;
    if (v->kind != MNQ_Y_SEQ || v->n != mnq_qmodel_outputs(q))
        return mnq_y_fail(v, e, "expected %d outputs", mnq_qmodel_outputs(q));
    for (const struct mnq_ynode *x = v->first; x != NULL; x = x->next, k++) {
        const struct mnq_ynode *name = mnq_y_get(x, "name");
        if (name == NULL) return mnq_y_fail(x, e, "expected name");
        if (mnq_y_string(name, &q->name_of[k], e) != 0 || (k > 0 && read_task(x, q, k, e) != 0)) return -1;
    }
    return 0;
}

int mnq_meta_read(const char *name, const char *text, size_t n, struct mnq_qmodel *q, struct mnq_err *e)
{
    const struct mnq_ynode *root = mnq_ydoc_parse(name, MNQ_EXIT_FAILED, text, n, q->arena, e), *v;
    if (root == NULL) return -1;
    if (!mnq_y_is(mnq_y_get(root, "schema"), "mnquant.meta/1")) return mnq_y_fail(root, e, "expected schema mnquant.meta/1");
    if ((v = mnq_y_get(root, "preprocess")) != NULL && read_preprocess(v, q, e) != 0) return -1;
    if ((v = mnq_y_get(root, "task")) != NULL && read_task(v, q, 0, e) != 0) return -1;
    if ((v = mnq_y_get(root, "outputs")) != NULL && read_outputs(v, q, e) != 0) return -1;
    if ((v = mnq_y_get(root, "classes")) != NULL && read_classes(v, q, e) != 0) return -1;
    if ((v = mnq_y_get(root, "layers")) != NULL && read_layers(v, q, e) != 0) return -1;
    if ((v = mnq_y_get(root, "origins")) != NULL && read_origins(v, q, e) != 0) return -1;
    const struct mnq_ynode *source = mnq_y_get(root, "source");
    const char *crc = NULL;
    if (read_text(mnq_y_get(root, "tool"), &q->tool, e) != 0 || read_text(mnq_y_get(root, "recipe"), &q->recipe, e) != 0 ||
        read_text(mnq_y_get(source, "name"), &q->source_name, e) != 0 || read_text(mnq_y_get(source, "crc32"), &crc, e) != 0)
        return -1;
    unsigned value;
    if (crc != NULL && sscanf(crc, "%8x", &value) == 1) q->source_crc = value;
    return 0;
}
