/* SPDX-License-Identifier: Apache-2.0
 * Whole Keras models, nested ones included, as one flat graph: by their tensors, never by layer names. */
#include "import/keras_model.h"
#include "import/keras_input.h"
#include "import/keras_layers.h"
#include "import/keras_values.h"
#include "import/keras_learned.h"
#include "import/keras_wrap.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { MAX_DEPTH = 16 };

/* Where in the nest of models building takes place. */
struct place {
    int depth;             /* 0: the outermost model */
    const char *auto_path; /* Keras 3's place in a .weights.h5, "layers/functional/" and so on */
};

/* ---- inputs ---- */

/* An InputLayer: at the top the graph's input, further in the tensor that the nested model is called on. */
static int input_layer(struct mnq_knet *k, const struct mnq_klayer *l, int outer)
{
    if (outer >= 0) return outer;
    const struct mnq_ynode *shape = mnq_knet_stated_shape(l);
    if (shape == NULL) return mnq_knet_fail(k, l, "has no batch_input_shape");
    return mnq_knet_open_input(k, shape, l->name);
}

/* ---- names of Keras 3's .weights.h5 ---- */

/* keras.src.utils.naming.to_snake_case: "BatchNormalization" -> "batch_normalization", "Conv2D" -> "conv2d". */
static void snake_case(const char *s, char *out, size_t size)
{
    size_t o = 0, n = strlen(s);
    for (size_t i = 0; i < n && o + 2 < size; i++) {
        bool upper = isupper((unsigned char)s[i]) != 0, next_lower = i + 1 < n && islower((unsigned char)s[i + 1]);
        bool prev_lower = i > 0 && islower((unsigned char)s[i - 1]);
        if (upper && i > 0 && (next_lower || prev_lower)) out[o++] = '_';
        out[o++] = (char)tolower((unsigned char)s[i]);
    }
    out[o] = '\0';
}

/* The name that Keras 3 gives layer i: its class in snake case, numbered among its kind. */
static const char *auto_name(const struct mnq_knet *k, const struct mnq_kmodel *m, int i, const char *path)
{
    char snake[128], full[1024];
    int same = 0;
    for (int j = 0; j < i; j++)
        same += strcmp(m->layer[j].class_name, m->layer[i].class_name) == 0 && strstr(m->layer[j].module, ".ops") == NULL;
    snake_case(m->layer[i].class_name, snake, sizeof snake);
    if (same == 0) snprintf(full, sizeof full, "%slayers/%s", path, snake);
    else snprintf(full, sizeof full, "%slayers/%s_%d", path, snake, same);
    return mnq_arena_strdup(k->b.g->arena, full);
}

/* ---- layers ---- */

/* The nodes that a model's outputs are. */
struct ends {
    int n, node[MNQ_OUTPUTS_MAX];
    const char *name[MNQ_OUTPUTS_MAX]; /* of their layers */
};

static int build_model(struct mnq_knet *k, const struct mnq_ynode *model, int in, struct place place, struct ends *ends);

/* What layer i, a wrapper, holds; its variables are known by the inner layer's name and by the wrapper's. */
static int wrapped_layer(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_kcall *call, const int *in,
                         const char *path)
{
    struct mnq_klayer inner;
    int first = k->b.n_slot;
    char below[1100];
    snprintf(below, sizeof below, "%.1000s/layer", path);
    const char *within = mnq_arena_strdup(k->b.g->arena, below);
    if (within == NULL) return mnq_fail_nomem(k->e);
    if (mnq_knet_unwrap(k, l, &inner) != 0) return -1;
    if (mnq_kmodel_class(inner.class_name)) return mnq_knet_fail(k, l, "wraps a whole model, a single layer is wanted");
    int out = mnq_knet_layer(k, &inner, call, in);
    for (int s = first; s < k->b.n_slot && out >= 0; s++) {
        k->b.slot[s].alias[1] = l->name;
        k->b.slot[s].alias[2] = within;
    }
    if (out >= 0 && mnq_knet_quantizes(l->class_name) && mnq_learned_expect(&k->b, l->name, out, k->e) != 0) return -1;
    return out;
}

static bool layer_frozen(const struct mnq_klayer *l)
{
    return mnq_y_is(mnq_y_get(l->config, "trainable"), "false");
}

static int nested_model(struct mnq_knet *k, const struct mnq_klayer *l, int in, struct place place, const char *path,
                        struct ends *ends)
{
    char prefix[600], inner[1024];
    const char *outer = k->b.prefix;
    snprintf(prefix, sizeof prefix, "%.480s%s%.100s", outer != NULL ? outer : "", outer != NULL ? "/" : "", l->name);
    snprintf(inner, sizeof inner, "%.1000s/", path);
    k->b.prefix = prefix;
    int rc = build_model(k, l->where, in, (struct place){place.depth + 1, inner}, ends);
    k->b.prefix = outer;
    return rc;
}

/* Appends one call of layer i; what it holds in variables gets the names under which files may know it. */
static int build_layer(struct mnq_knet *k, const struct mnq_kmodel *m, int i, const struct mnq_kcall *call, const int *in,
                       struct place place, struct ends *ends)
{
    const struct mnq_klayer *l = &m->layer[i];
    const char *path = auto_name(k, m, i, place.auto_path);
    int first = k->b.n_slot, out;
    bool frozen = k->b.frozen;
    if (path == NULL) return mnq_fail_nomem(k->e);
    if (place.depth == 0) k->b.group = l->name;
    k->b.frozen = frozen || layer_frozen(l);
    if (mnq_kmodel_class(l->class_name)) {
        if (call != NULL && call->n_tensor != 1) return mnq_knet_fail(k, l, "has %d inputs, one is wanted", call->n_tensor);
        out = nested_model(k, l, in != NULL ? in[0] : -1, place, path, ends);
    } else {
        k->n_part = 0;
        out = ends->node[0] =
            mnq_knet_wrapper(l->class_name) ? wrapped_layer(k, l, call, in, path) : mnq_knet_layer(k, l, call, in);
        for (int s = first; s < k->b.n_slot && out >= 0; s++) k->b.slot[s].alias[0] = path;
        ends->n = k->n_part > 0 ? k->n_part : 1;
        for (int o = 0; o < ends->n; o++) {
            if (k->n_part > 0) ends->node[o] = k->part[o];
            ends->name[o] = l->name;
        }
    }
    k->b.frozen = frozen;
    return out < 0 ? -1 : 0;
}

/* ---- Sequential ---- */

static int build_sequential(struct mnq_knet *k, const struct mnq_kmodel *m, int in, struct place place, struct ends *ends)
{
    int at = in;
    *ends = (struct ends){.n = 1, .node = {in}, .name = {m->name}};
    for (int i = 0; i < m->n_layer; i++) {
        const struct mnq_klayer *l = &m->layer[i];
        if (strcmp(l->class_name, "InputLayer") == 0) {
            at = input_layer(k, l, at);
        } else {
            bool model = mnq_kmodel_class(l->class_name);
            const struct mnq_ynode *shape = mnq_knet_stated_shape(l) != NULL ? mnq_knet_stated_shape(l)
                                            : mnq_y_null(m->build_shape)     ? NULL
                                                                             : m->build_shape;
            if (at < 0 && shape != NULL) at = mnq_knet_open_input(k, shape, "input");
            else if (at < 0 && !model) return mnq_knet_fail(k, l, "is the first layer and says no input shape");
            if (at < 0 && !model) return -1;
            if (ends->n > 1) return mnq_knet_fail(k, l, "follows a model of %d outputs, one is wanted", ends->n);
            if (build_layer(k, m, i, NULL, at < 0 ? NULL : &at, place, ends) != 0) return -1;
            at = ends->node[0];
        }
        if (at < 0) return -1;
    }
    ends->node[0] = at;
    return 0;
}

/* ---- Functional ---- */

/* One call of one layer. */
struct step {
    int layer, call;
    int node;     /* its first output in the graph; -1 until built */
    int *node_of; /* [n_of] all of its outputs, where there are several; else NULL */
    int n_of;
    bool needed;
};

struct steps {
    struct step *step;
    int *base;  /* first step of each layer */
    int *first; /* first slot of each layer, -1 until one of its calls was built */
    int *slots; /* how many it has */
    int *skip;  /* calls of each layer that references count and the file does not list */
    int n;
};

/* The step a reference means; -1 with an error. Some files count the calls of other models too: with one call, it is meant.
 */
static int step_of(const struct mnq_knet *k, const struct mnq_kmodel *m, const struct steps *s, int layer, int call)
{
    const struct mnq_klayer *l = &m->layer[layer];
    if (l->n_call == 0) return mnq_knet_fail(k, l, "is used but has no inbound_nodes");
    call -= s->skip[layer];
    if (call >= 0 && call < l->n_call) return s->base[layer] + call;
    if (l->n_call == 1) return s->base[layer];
    return mnq_knet_fail(k, l, "call %d is used, it has %d", call, l->n_call);
}

/* tf.keras counts a nested model's own building as its first call, which no inbound node stands for. */
static void find_skipped(const struct mnq_kmodel *m, struct steps *s)
{
    for (int i = 0; i < m->n_layer; i++) s->skip[i] = mnq_kmodel_class(m->layer[i].class_name) ? 1 : 0;
    for (int i = 0; i < m->n_output; i++)
        if (m->output[i].node == 0) s->skip[m->output[i].layer] = 0;
    for (int i = 0; i < m->n_layer; i++)
        for (int c = 0; c < m->layer[i].n_call; c++)
            for (int a = 0; a < m->layer[i].call[c].n_arg; a++) {
                const struct mnq_karg *arg = &m->layer[i].call[c].arg[a];
                if (arg->kind == MNQ_KARG_TENSOR && arg->node == 0) s->skip[arg->layer] = 0;
            }
}

static int list_steps(const struct mnq_knet *k, const struct mnq_kmodel *m, struct steps *s)
{
    s->n = 0;
    s->base = mnq_arena_array(k->b.g->arena, (size_t)m->n_layer, sizeof *s->base);
    s->first = mnq_arena_array(k->b.g->arena, (size_t)m->n_layer, sizeof *s->first);
    s->slots = mnq_arena_array(k->b.g->arena, (size_t)m->n_layer, sizeof *s->slots);
    s->skip = mnq_arena_array(k->b.g->arena, (size_t)m->n_layer, sizeof *s->skip);
    if (s->base == NULL || s->first == NULL || s->slots == NULL || s->skip == NULL) return mnq_fail_nomem(k->e);
    find_skipped(m, s);
    for (int i = 0; i < m->n_layer; i++) {
        s->first[i] = -1;
        s->base[i] = s->n;
        s->n += m->layer[i].n_call;
        if (s->n > 1 << 16) return mnq_fail(k->e, MNQ_EXIT_FAILED, "%s: the model calls its layers too often", k->file);
    }
    s->step = mnq_arena_array(k->b.g->arena, (size_t)s->n, sizeof *s->step);
    if (s->step == NULL) return mnq_fail_nomem(k->e);
    for (int i = 0; i < m->n_layer; i++)
        for (int c = 0; c < m->layer[i].n_call; c++)
            s->step[s->base[i] + c] = (struct step){.layer = i, .call = c, .node = -1};
    return 0;
}

/* Marks what the outputs depend on: branches that end elsewhere (training heads) are left out. */
static int mark_needed(const struct mnq_knet *k, const struct mnq_kmodel *m, struct steps *s)
{
    int *todo = mnq_arena_array(k->b.g->arena, (size_t)s->n, sizeof *todo), n = 0;
    if (todo == NULL) return mnq_fail_nomem(k->e);
    for (int i = 0; i < m->n_output; i++) {
        int d = step_of(k, m, s, m->output[i].layer, m->output[i].node);
        if (d < 0) return -1;
        if (!s->step[d].needed) todo[n++] = d;
        s->step[d].needed = true;
    }
    while (n > 0) {
        const struct step *st = &s->step[todo[--n]];
        const struct mnq_kcall *call = &m->layer[st->layer].call[st->call];
        for (int i = 0; i < call->n_arg; i++) {
            if (call->arg[i].kind != MNQ_KARG_TENSOR) continue;
            int d = step_of(k, m, s, call->arg[i].layer, call->arg[i].node);
            if (d < 0) return -1;
            if (s->step[d].needed) continue;
            s->step[d].needed = true;
            todo[n++] = d;
        }
    }
    return 0;
}

/* The node of output `tensor` of a step that was built; -1 with an error. */
static int node_at(const struct mnq_knet *k, const struct mnq_kmodel *m, const struct step *st, int tensor)
{
    if (tensor == 0) return st->node;
    if (tensor < st->n_of) return st->node_of[tensor];
    return mnq_knet_fail(k, &m->layer[st->layer], "its output %d is used, it has %d", tensor, st->n_of > 0 ? st->n_of : 1);
}

/* Notes what a step gave. */
static int keep_ends(const struct mnq_knet *k, struct step *st, const struct ends *ends)
{
    st->node = ends->node[0];
    if (ends->n == 1) return 0;
    st->node_of = mnq_arena_array(k->b.g->arena, (size_t)ends->n, sizeof *st->node_of);
    if (st->node_of == NULL) return mnq_fail_nomem(k->e);
    memcpy(st->node_of, ends->node, (size_t)ends->n * sizeof *st->node_of);
    st->n_of = ends->n;
    return 0;
}

enum { MAX_TENSORS = 64 };

/* Builds a step if its inputs are there: 1 built, 0 not yet, -1 error. */
static int try_step(struct mnq_knet *k, const struct mnq_kmodel *m, struct steps *s, struct step *st, int outer,
                    struct place place)
{
    const struct mnq_klayer *l = &m->layer[st->layer];
    const struct mnq_kcall *call = &l->call[st->call];
    int in[MAX_TENSORS], n = 0;
    for (int i = 0; i < call->n_arg; i++) {
        if (call->arg[i].kind != MNQ_KARG_TENSOR) continue;
        int d = step_of(k, m, s, call->arg[i].layer, call->arg[i].node);
        if (d < 0) return -1;
        if (s->step[d].node < 0) return 0;
        if (n == MAX_TENSORS) return mnq_knet_fail(k, l, "has more than %d inputs", (int)MAX_TENSORS);
        if ((in[n++] = node_at(k, m, &s->step[d], call->arg[i].tensor)) < 0) return -1;
    }
    if (strcmp(l->class_name, "InputLayer") == 0) {
        if (st->layer != m->input[0]) return mnq_knet_fail(k, l, "is a second input, one is supported");
        st->node = input_layer(k, l, outer);
    } else {
        int slots = k->b.n_slot;
        struct ends ends;
        if (build_layer(k, m, st->layer, call, in, place, &ends) != 0 || keep_ends(k, st, &ends) != 0) return -1;
        int made = k->b.n_slot - slots, first = s->first[st->layer];
        if (made == 0) return 1;
        if (first < 0) {
            s->first[st->layer] = slots;
            s->slots[st->layer] = made;
        } else if (made != s->slots[st->layer]) {
            return mnq_knet_fail(k, l, "differs between its calls");
        } else if (mnq_build_share(&k->b, first, made, k->e) != 0) {
            return -1;
        }
    }
    return st->node < 0 ? -1 : 1;
}

/* A needed step that is not built, or -1. */
static int missing(const struct steps *s)
{
    for (int i = 0; i < s->n; i++)
        if (s->step[i].needed && s->step[i].node < 0) return i;
    return -1;
}

static int build_functional(struct mnq_knet *k, const struct mnq_kmodel *m, int in, struct place place, struct ends *ends)
{
    struct steps s;
    if (list_steps(k, m, &s) != 0 || mark_needed(k, m, &s) != 0) return -1;
    /* layers come in topological order in every file Keras writes: one sweep builds them all, other orders take more */
    for (bool progress = true; progress && missing(&s) >= 0;) {
        progress = false;
        for (int i = 0; i < s.n; i++) {
            if (!s.step[i].needed || s.step[i].node >= 0) continue;
            int rc = try_step(k, m, &s, &s.step[i], in, place);
            if (rc < 0) return -1;
            progress = progress || rc > 0;
        }
    }
    int left = missing(&s);
    if (left >= 0) return mnq_knet_fail(k, &m->layer[s.step[left].layer], "its inputs form a cycle");
    ends->n = m->n_output;
    for (int i = 0; i < m->n_output; i++) {
        const struct mnq_kend *o = &m->output[i];
        ends->node[i] = node_at(k, m, &s.step[step_of(k, m, &s, o->layer, o->node)], o->tensor);
        ends->name[i] = m->layer[o->layer].name;
        if (ends->node[i] < 0) return -1;
    }
    return 0;
}

static int build_model(struct mnq_knet *k, const struct mnq_ynode *model, int in, struct place place, struct ends *ends)
{
    struct mnq_kmodel *m = mnq_arena_alloc(k->b.g->arena, sizeof *m);
    if (m == NULL) return mnq_fail_nomem(k->e);
    if (place.depth > MAX_DEPTH) return mnq_y_fail(model, k->e, "models are nested more than %d deep", (int)MAX_DEPTH);
    if (mnq_kmodel_read(model, m, k->b.g->arena, k->e) != 0) return -1;
    return m->sequential ? build_sequential(k, m, in, place, ends) : build_functional(k, m, in, place, ends);
}

/* ---- what only the whole graph tells ---- */

/* keras-applications' MobileNetV3 stored its own relu6(x + 3) / 6 under the name of Keras' hard_sigmoid, which was
 * 0.2 x + 0.5. It is told by h-swish: the product of x and its hard_sigmoid, which the built-in form would miss. */
static bool has_hswish(const struct mnq_graph *g)
{
    for (int i = 0; i < g->n; i++) {
        const struct mnq_node *nd = &g->node[i];
        for (int s = 0; nd->op == MNQ_OP_MUL && s < 2; s++) {
            const struct mnq_node *a = &g->node[nd->in[s]];
            if (a->op == MNQ_OP_ACT && a->act == MNQ_ACT_HARD_SIGMOID_02 && a->in[0] == nd->in[1 - s]) return true;
        }
    }
    return false;
}

static bool names_v3(const struct mnq_ynode *model)
{
    const struct mnq_ynode *name = mnq_y_get(mnq_y_get(model, "config"), "name");
    char lower[64];
    size_t n = 0;
    if (name == NULL || name->kind != MNQ_Y_SCALAR) return false;
    for (const char *s = name->text; *s != '\0' && n + 1 < sizeof lower; s++)
        if (isalnum((unsigned char)*s)) lower[n++] = (char)tolower((unsigned char)*s);
    lower[n] = '\0';
    return strstr(lower, "mobilenetv3") != NULL;
}

static void settle_hard_sigmoid(struct mnq_knet *k, const struct mnq_ynode *model)
{
    struct mnq_graph *g = k->b.g;
    bool v3 = names_v3(model) || has_hswish(g);
    for (int i = 0; i < g->n && v3; i++)
        if (g->node[i].act == MNQ_ACT_HARD_SIGMOID_02) g->node[i].act = MNQ_ACT_HSIGMOID;
    mnq_graph_note(g, v3 ? "hard_sigmoid is read as relu6(x + 3) / 6, as MobileNetV3 means it"
                         : "hard_sigmoid is read as clip(0.2 x + 0.5, 0, 1), as Keras 1 and 2 define it");
}

/* A model whose first step scales 0..255 down takes raw pixels. */
static void find_preprocessing(struct mnq_graph *g)
{
    for (int i = 0; i < g->n; i++) {
        const struct mnq_node *nd = &g->node[i];
        if (nd->op != MNQ_OP_AFFINE) continue;
        int from = nd->in[0]; /* layers that do nothing here, such as Resizing and RandomFlip, may stand in front */
        while (g->node[from].op == MNQ_OP_RESHAPE) from = g->node[from].in[0];
        if (g->node[from].op != MNQ_OP_INPUT) continue;
        for (int c = 0; c < nd->out.c; c++)
            if (!(nd->scale[c] > 0.0f && nd->scale[c] < 0.05f)) return;
        g->preprocess = "none";
        mnq_graph_note(g, "the model scales pixels itself ('%.100s'): raw 0..255 goes in", nd->name);
        return;
    }
}

/* The graph's outputs; of several the names, which may be those of one layer: then they are numbered as Keras does. */
static int set_outputs(struct mnq_knet *k, const struct ends *ends)
{
    struct mnq_graph *g = k->b.g;
    g->output = ends->node[0];
    g->n_more = ends->n - 1;
    for (int i = 0; i < ends->n; i++) {
        char name[140];
        int same = 0;
        if (g->node[ends->node[i]].op == MNQ_OP_INPUT)
            return mnq_fail(k->e, MNQ_EXIT_FAILED, "%s: output %d is the input itself", k->file, i + 1);
        if (i > 0) g->more[i - 1] = ends->node[i];
        if (g->n_more == 0) continue;
        for (int j = 0; j < i; j++) same += strcmp(ends->name[j], ends->name[i]) == 0;
        if (same == 0) snprintf(name, sizeof name, "%.120s", ends->name[i]);
        else snprintf(name, sizeof name, "%.120s_%d", ends->name[i], same);
        if ((g->output_name[i] = mnq_arena_strdup(g->arena, name)) == NULL) return mnq_fail_nomem(k->e);
    }
    return 0;
}

/* Whether a convolution or pool somewhere below says channels_first; Flatten's own word is no proof. */
static bool says_first(const struct mnq_ynode *v)
{
    const struct mnq_ynode *class_name = mnq_y_get(v, "class_name"), *config = mnq_y_get(v, "config");
    if (!mnq_y_is(class_name, "Flatten") && mnq_y_is(mnq_y_get(config, "data_format"), "channels_first")) return true;
    bool holds = v->kind == MNQ_Y_MAP || v->kind == MNQ_Y_SEQ, first = false;
    for (const struct mnq_ynode *c = holds ? v->first : NULL; c != NULL && !first; c = c->next)
        first = (c->kind == MNQ_Y_MAP || c->kind == MNQ_Y_SEQ) && says_first(c);
    return first;
}

int mnq_knet_model(struct mnq_knet *k, const struct mnq_ynode *model)
{
    struct ends ends;
    k->first = says_first(model);
    if (k->first && mnq_graph_note(k->b.g, "the model is channels_first: pictures and maps are read and given with their "
                                           "channels last, as files have them") != 0)
        return mnq_fail_nomem(k->e);
    if (build_model(k, model, -1, (struct place){0, ""}, &ends) != 0 || set_outputs(k, &ends) != 0) return -1;
    if (k->hard_sigmoid) settle_hard_sigmoid(k, model);
    return 0;
}

int mnq_knet_settle(struct mnq_knet *k)
{
    if (mnq_build_settle(&k->b, k->e) != 0) return -1;
    if (mnq_knet_rename_input(k->b.g, k->e) != 0) return -1;
    if (k->b.g->preprocess == NULL) find_preprocessing(k->b.g);
    return 0;
}
