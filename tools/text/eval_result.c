/* SPDX-License-Identifier: Apache-2.0
 * What the three outputs of `mnquant eval` share. */
#include "eval_result.h"

#include <stdio.h>

const char *mnq_eval_class(const struct mnq_eval_result *r, int c, char number[16])
{
    const struct mnq_evaluation *ev = &r->ev;
    if (ev->class_name != NULL && c < ev->classes && ev->class_name[c] != NULL && (ev->accuracy || ev->labelled == 0))
        return ev->class_name[c];
    for (int i = 0; i < ev->n_models; i++)
        if (c < r->subject[i].n_classes) return r->subject[i].classes[c];
    snprintf(number, 16, "%d", c);
    return number;
}

bool mnq_eval_probabilities(const struct mnq_subject *s)
{
    return s->task.link != MNQ_LINK_NONE;
}

/* The float model to compare integer model i with; -1 if there is none. */
static int counterpart(const struct mnq_eval_result *r, int i)
{
    const struct mnq_subject *s = &r->subject[i];
    const struct mnq_qmodel *q = &s->package.q;
    for (int source = 1; source >= 0; source--)
        for (int k = 0; k < r->ev.n_models; k++) {
            const struct mnq_subject *f = &r->subject[k];
            if (f->kind != MNQ_SUBJECT_FLOAT || f->illegal.code != 0) continue;
            if (source && (q->source_name == NULL || f->file_crc != q->source_crc)) continue;
            if (mnq_compare_matches(f, s) > q->n_layers / 2) return k;
        }
    return -1;
}

int mnq_eval_compare(struct mnq_eval_result *r, int threads, struct mnq_arena *arena, mnq_progress *progress,
                     void *progress_ctx, struct mnq_err *e)
{
    r->layers = mnq_arena_array(arena, (size_t)r->ev.n_models, sizeof *r->layers);
    if (r->layers == NULL) return mnq_fail_nomem(e);
    for (int i = 0; i < r->ev.n_models; i++) {
        const struct mnq_subject *s = &r->subject[i];
        struct mnq_eval_layers *l = &r->layers[i];
        struct mnq_comparison c;
        l->against = s->kind == MNQ_SUBJECT_FLOAT ? -1 : counterpart(r, i);
        if (l->against < 0) continue;
        if (mnq_compare(&r->subject[l->against], s, &r->data, threads, &c, arena, progress, progress_ctx, e) != 0) return -1;
        l->samples = c.samples;
        l->row = mnq_arena_array(arena, (size_t)r->stored[i].n, sizeof(struct mnq_compare_layer *));
        if (l->row == NULL) return mnq_fail_nomem(e);
        for (int k = 0; k < c.n_layers; k++) l->row[c.layer[k].layer] = &c.layer[k];
    }
    return 0;
}
