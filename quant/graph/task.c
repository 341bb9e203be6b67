/* SPDX-License-Identifier: Apache-2.0
 * What a network's output means. */
#include "graph/task.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const mnq_task_words[] = {"auto", "classes", "binary", "multilabel", "regression", "features", NULL};

/* The node whose values the output's are, as far as only the activation behind it differs. */
static const struct mnq_node *last_linear(const struct mnq_graph *g, int output)
{
    const struct mnq_node *nd = &g->node[output];
    return nd->op == MNQ_OP_SOFTMAX || nd->op == MNQ_OP_ACT || nd->op == MNQ_OP_RESHAPE ? &g->node[nd->in[0]] : nd;
}

static enum mnq_task_link link_of(const struct mnq_graph *g, int output)
{
    const struct mnq_node *nd = &g->node[output];
    if (nd->op == MNQ_OP_SOFTMAX) return MNQ_LINK_SOFTMAX;
    return nd->act == MNQ_ACT_SIGMOID ? MNQ_LINK_SIGMOID : MNQ_LINK_NONE;
}

/* A layer with weights and nothing behind it. */
static bool is_linear(const struct mnq_graph *g, int output)
{
    const struct mnq_node *nd = &g->node[output], *in = last_linear(g, output);
    return nd->act == MNQ_ACT_NONE && in->act == MNQ_ACT_NONE &&
           (in->op == MNQ_OP_CONV || in->op == MNQ_OP_DENSE || in->op == MNQ_OP_DWCONV);
}

/* Whether one of the words is in the name of a loss, which has lower-case letters and no underscores. */
static bool loss_has(const char *loss, const char *const *word)
{
    for (; loss != NULL && *word != NULL; word++)
        if (strstr(loss, *word) != NULL) return true;
    return false;
}

static const char *const of_numbers[] = {"mean", "mse", "mae", "msle", "mape", "huber", "logcosh", "poisson", NULL};
static const char *const of_classes[] = {"categorical", NULL};
static const char *const of_decisions[] = {"binary", "hinge", NULL};

static void infer_linear(struct mnq_task *t, const char *loss)
{
    bool map = mnq_task_is_map(t), one = t->out.c == 1;
    t->from = MNQ_TASK_FROM_LOSS;
    if (loss_has(loss, of_classes)) {
        t->kind = one ? MNQ_TASK_BINARY : MNQ_TASK_CLASSES;
    } else if (loss_has(loss, of_decisions)) {
        t->kind = one ? MNQ_TASK_BINARY : MNQ_TASK_MULTILABEL;
    } else {
        t->from = MNQ_TASK_FROM_ASSUMED;
        t->kind = map ? MNQ_TASK_REGRESSION : one ? MNQ_TASK_BINARY : MNQ_TASK_CLASSES;
    }
}

struct mnq_task mnq_task_infer(const struct mnq_graph *legal, int output, const char *loss)
{
    struct mnq_task t = {.link = link_of(legal, output),
                         .from = MNQ_TASK_FROM_GRAPH,
                         .threshold = MNQ_TASK_THRESHOLD,
                         .out = legal->node[output].out};
    if (t.link == MNQ_LINK_SOFTMAX) {
        t.kind = MNQ_TASK_CLASSES;
    } else if (loss_has(loss, of_numbers)) {
        t.kind = MNQ_TASK_REGRESSION;
        t.from = MNQ_TASK_FROM_LOSS;
    } else if (t.link == MNQ_LINK_SIGMOID && t.out.c > 1 && loss_has(loss, of_classes)) {
        t.kind = MNQ_TASK_CLASSES; /* one class is right, though each has a probability of its own */
        t.from = MNQ_TASK_FROM_LOSS;
    } else if (t.link == MNQ_LINK_SIGMOID) {
        t.kind = t.out.c == 1 ? MNQ_TASK_BINARY : MNQ_TASK_MULTILABEL;
    } else if (is_linear(legal, output)) {
        infer_linear(&t, loss);
    } else {
        t.kind = MNQ_TASK_FEATURES;
    }
    return t;
}

static int wrong(const struct mnq_task *t, int kind, const char *file, const char *why, struct mnq_err *e)
{
    return mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_USAGE, "%s: --task %s: the output is %dx%dx%d%s", file,
                          mnq_task_words[kind], t->out.h, t->out.w, t->out.c, why);
}

int mnq_task_set(struct mnq_task *t, int kind, double threshold, const char *file, struct mnq_err *e)
{
    if (threshold > 0) t->threshold = threshold;
    if (kind == MNQ_TASK_AUTO) return 0;
    if (kind == MNQ_TASK_CLASSES && t->out.c < 2) return wrong(t, kind, file, ", wanted two channels or more", e);
    if (kind == MNQ_TASK_BINARY && t->out.c != 1) return wrong(t, kind, file, ", wanted one channel", e);
    if ((kind == MNQ_TASK_BINARY || kind == MNQ_TASK_MULTILABEL) && t->link == MNQ_LINK_SOFTMAX)
        return wrong(t, kind, file, " behind a softmax, which makes classes", e);
    t->kind = (enum mnq_task_kind)kind;
    t->from = MNQ_TASK_FROM_OPTION;
    return 0;
}

/* The output called by the first n characters of s; -1: none. */
static int output_called(const char *s, size_t n, const char *const *name, int n_names)
{
    for (int k = 0; k < n_names; k++)
        if (name[k] != NULL && strlen(name[k]) == n && strncmp(name[k], s, n) == 0) return k;
    return -1;
}

int mnq_task_choose(const char *text, const char *const *name, int n, int *kind, const char *file, struct mnq_err *e)
{
    for (int k = 0; k < n; k++) kind[k] = MNQ_TASK_AUTO;
    for (int next = 0; text != NULL; next++) {
        size_t length = strcspn(text, ",");
        const char *word = text, *end = text + length;
        for (const char *c = text; c < end; c++)
            if (*c == '=') word = c + 1; /* the last one: names may hold any */
        int k = next, task = 0;
        if (word > text && (k = output_called(text, (size_t)(word - text) - 1, name, n)) < 0)
            return mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_USAGE, "%s: --task: there is no output '%.*s'", file,
                                  (int)(word - text) - 1, text);
        if (k >= n)
            return mnq_fail_unfit(e, MNQ_UNFIT_RECIPE, MNQ_EXIT_USAGE, "%s: --task says more than %d kinds, for %d outputs",
                                  file, n, n);
        size_t letters = (size_t)(end - word);
        while (mnq_task_words[task] != NULL &&
               (strlen(mnq_task_words[task]) != letters || strncmp(mnq_task_words[task], word, letters) != 0))
            task++;
        if (mnq_task_words[task] == NULL)
            return mnq_fail_unfit(
                e, MNQ_UNFIT_RECIPE, MNQ_EXIT_USAGE,
                "%s: --task: expected auto, classes, binary, multilabel, regression or features, got '%.*s'", file,
                (int)(letters < 60 ? letters : 60), word);
        kind[k] = task;
        text = *end == ',' ? end + 1 : NULL;
    }
    return 0;
}

bool mnq_task_is_map(const struct mnq_task *t)
{
    return t->out.h > 1 || t->out.w > 1;
}

void mnq_task_text(const struct mnq_task *t, char *text, size_t n)
{
    static const char *const of[MNQ_TASK_KINDS] = {"", "classes", "decisions", "labels", "numbers", "features"};
    static const char *const one[MNQ_TASK_KINDS] = {"", "classes", "binary decision", "labels", "regression", "features"};
    char threshold[40] = "";
    if (t->kind == MNQ_TASK_BINARY || t->kind == MNQ_TASK_MULTILABEL)
        snprintf(threshold, sizeof threshold, ", threshold %g", t->threshold);
    if (mnq_task_is_map(t)) snprintf(text, n, "%dx%d map of %d %s%s", t->out.h, t->out.w, t->out.c, of[t->kind], threshold);
    else if (t->out.c == 1) snprintf(text, n, "%s%s", one[t->kind], threshold);
    else snprintf(text, n, "%d %s%s", t->out.c, of[t->kind], threshold);
}

const char *mnq_task_from_text(enum mnq_task_from from)
{
    static const char *const text[] = {"by its last layer", "assumed", "by the loss it was trained with", "stored in it",
                                       "by --task", "as its .mnq was calibrated"};
    return text[from];
}

bool mnq_task_decides(const struct mnq_task *t)
{
    return t->kind == MNQ_TASK_CLASSES || t->kind == MNQ_TASK_BINARY || t->kind == MNQ_TASK_MULTILABEL;
}

size_t mnq_task_decisions(const struct mnq_task *t)
{
    if (t->kind == MNQ_TASK_CLASSES) return (size_t)t->out.h * (size_t)t->out.w;
    return mnq_task_decides(t) ? mnq_elements(t->out) : 0;
}

size_t mnq_task_label_values(const struct mnq_task *t)
{
    if (t == NULL || t->kind == MNQ_TASK_FEATURES) return 0;
    if (!mnq_task_is_map(t)) return t->kind == MNQ_TASK_CLASSES || t->kind == MNQ_TASK_BINARY ? 0 : (size_t)t->out.c;
    return t->kind == MNQ_TASK_CLASSES ? (size_t)t->out.h * (size_t)t->out.w : mnq_elements(t->out);
}

float mnq_task_cut(const struct mnq_task *t)
{
    return (float)(t->link == MNQ_LINK_SIGMOID ? t->threshold : log(t->threshold / (1 - t->threshold)));
}
