/* SPDX-License-Identifier: Apache-2.0
 * Keras' model_config in any of its dialects as one form.
 *
 * Keras 1 and 2 write a call as [[layer, node, tensor, {keywords}], ...], or bare as [layer, node, tensor, {keywords}] where
 * a keyword may itself be a [layer, node, tensor]. Keras 3 writes {"args": [...], "kwargs": {...}} with tensors as
 * {"class_name": "__keras_tensor__", "config": {"keras_history": [layer, node, tensor]}}. */
#include "import/keras_config.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LAYERS = 8192, MAX_ARGS = 64, MAX_NAME = 1024 };

struct named {
    const char *name;
    int index;
};

struct reader {
    struct mnq_kmodel *m;
    struct mnq_arena *arena;
    struct mnq_err *e;
    struct named *by_name;         /* layers in order of their names */
    struct mnq_karg arg[MAX_ARGS]; /* of the call being read */
    int n_arg;
};

bool mnq_kmodel_class(const char *class_name)
{
    return strcmp(class_name, "Functional") == 0 || strcmp(class_name, "Model") == 0 ||
           strcmp(class_name, "Sequential") == 0;
}

/* ---- layers ---- */

static int read_layer(const struct mnq_ynode *v, struct mnq_klayer *l, int index, struct reader *r)
{
    const struct mnq_ynode *class_name = mnq_y_get(v, "class_name"), *name, *module;
    if (mnq_y_want(v, MNQ_Y_MAP, r->e) != 0) return -1;
    if (class_name == NULL) return mnq_y_fail(v, r->e, "layer %d has no class_name", index);
    if (mnq_y_string(class_name, &l->class_name, r->e) != 0) return -1;
    l->where = v;
    if (strrchr(l->class_name, '>') != NULL)
        l->class_name = strrchr(l->class_name, '>') + 1; /* "Addons>GroupNormalization" */
    l->config = mnq_y_get(v, "config");
    if (l->config == NULL) return mnq_y_fail(v, r->e, "layer %d (%.60s) has no config", index, l->class_name);
    name = mnq_y_get(v, "name");
    if (mnq_y_null(name)) name = mnq_y_get(l->config, "name");
    if (mnq_y_null(name)) return mnq_y_fail(v, r->e, "layer %d (%.60s) has no name", index, l->class_name);
    if (mnq_y_string(name, &l->name, r->e) != 0) return -1;
    size_t n = strlen(l->name); /* HDF5 has links of 64 KiB at most, whole paths of names in them */
    if (n == 0 || n > MAX_NAME)
        return mnq_y_fail(v, r->e, "layer %d (%.60s) has a name of %zu bytes, wanted 1 to %d", index, l->class_name, n,
                          MAX_NAME);
    module = mnq_y_get(v, "module");
    l->module = mnq_y_null(module) || module->kind != MNQ_Y_SCALAR ? "" : module->text;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

static int sort_layers(struct reader *r)
{
    struct mnq_kmodel *m = r->m;
    r->by_name = mnq_arena_array(r->arena, (size_t)m->n_layer, sizeof *r->by_name);
    if (r->by_name == NULL) return mnq_fail_nomem(r->e);
    for (int i = 0; i < m->n_layer; i++) r->by_name[i] = (struct named){m->layer[i].name, i};
    qsort(r->by_name, (size_t)m->n_layer, sizeof *r->by_name, by_name);
    for (int i = 1; i < m->n_layer; i++) {
        const struct named *x = &r->by_name[i - 1], *y = &r->by_name[i];
        if (strcmp(x->name, y->name) == 0)
            return mnq_y_fail(m->layer[y->index].where, r->e, "two layers are named '%.100s'", y->name);
    }
    return 0;
}

static int find_layer(const struct reader *r, const char *name)
{
    int lo = 0, hi = r->m->n_layer - 1;
    while (lo <= hi) {
        int mid = lo + (hi - lo) / 2, c = strcmp(name, r->by_name[mid].name);
        if (c == 0) return r->by_name[mid].index;
        if (c < 0) hi = mid - 1;
        else lo = mid + 1;
    }
    return -1;
}

/* ---- references ---- */

static int push(struct reader *r, const struct mnq_ynode *at, struct mnq_karg arg)
{
    if (r->n_arg == MAX_ARGS) return mnq_y_fail(at, r->e, "more than %d arguments", (int)MAX_ARGS);
    r->arg[r->n_arg++] = arg;
    return 0;
}

/* True for [name, node, tensor, ...]. */
static bool is_reference(const struct mnq_ynode *v)
{
    return v != NULL && v->kind == MNQ_Y_SEQ && v->n >= 3 && v->first->kind == MNQ_Y_SCALAR && v->first->quoted &&
           mnq_y_is_number(v->first->next);
}

/* True for what may give several tensors. */
static bool may_part(const char *class_name)
{
    return mnq_kmodel_class(class_name) || strcmp(class_name, "TFOpLambda") == 0 || strcmp(class_name, "Split") == 0;
}

static int read_reference(struct reader *r, const struct mnq_ynode *v, struct mnq_karg *arg)
{
    if (!is_reference(v)) return mnq_y_fail(v, r->e, "expected a reference to a tensor, [layer, node, tensor]");
    const struct mnq_ynode *node = v->first->next, *tensor = node->next;
    arg->kind = MNQ_KARG_TENSOR;
    arg->layer = find_layer(r, v->first->text);
    if (arg->layer < 0) return mnq_y_fail(v, r->e, "there is no layer '%.100s'", v->first->text);
    if (mnq_y_int(node, 0, INT_MAX, &arg->node, r->e) != 0 || mnq_y_int(tensor, 0, INT_MAX, &arg->tensor, r->e) != 0)
        return -1;
    if (arg->tensor != 0 && !may_part(r->m->layer[arg->layer].class_name))
        return mnq_y_fail(v, r->e, "output %d of layer '%.100s'; only models and split may have several outputs",
                          arg->tensor, v->first->text);
    return 0;
}

/* Keras 1 and 2: one reference with its keywords. */
static int read_reference2(struct reader *r, const struct mnq_ynode *v)
{
    struct mnq_karg arg = {0};
    if (v->kind == MNQ_Y_SEQ && mnq_y_is(v->first, "_CONSTANT_VALUE") && v->n >= 3) {
        arg.kind = MNQ_KARG_VALUE;
        arg.value = v->first->next->next;
    } else if (read_reference(r, v, &arg) != 0) {
        return -1;
    }
    if (push(r, v, arg) != 0) return -1;
    const struct mnq_ynode *keywords = mnq_y_at(v, 3);
    if (keywords == NULL || keywords->kind != MNQ_Y_MAP) return 0;
    for (const struct mnq_ynode *k = keywords->first; k != NULL; k = k->next) {
        struct mnq_karg more = {.kind = MNQ_KARG_VALUE, .value = k};
        if (is_reference(k) && find_layer(r, k->first->text) >= 0 && read_reference(r, k, &more) != 0) return -1;
        more.key = k->key;
        if (push(r, k, more) != 0) return -1;
    }
    return 0;
}

static bool is_tensor3(const struct mnq_ynode *v)
{
    return mnq_y_is(mnq_y_get(v, "class_name"), "__keras_tensor__");
}

static bool holds_tensor3(const struct mnq_ynode *v)
{
    if (is_tensor3(v)) return true;
    for (const struct mnq_ynode *c = v->kind == MNQ_Y_SEQ ? v->first : NULL; c != NULL; c = c->next)
        if (holds_tensor3(c)) return true;
    return false;
}

/* Keras 3: a tensor, a list of tensors, or a constant. Recursion is bounded by MNQ_YDOC_DEPTH. */
static int read_argument3(struct reader *r, const struct mnq_ynode *v, const char *key)
{
    if (is_tensor3(v)) {
        struct mnq_karg arg = {0};
        const struct mnq_ynode *history = mnq_y_get(mnq_y_get(v, "config"), "keras_history");
        if (history == NULL) return mnq_y_fail(v, r->e, "a tensor without keras_history");
        if (read_reference(r, history, &arg) != 0) return -1;
        arg.key = key;
        return push(r, v, arg);
    }
    if (v->kind == MNQ_Y_SEQ && holds_tensor3(v)) {
        for (const struct mnq_ynode *c = v->first; c != NULL; c = c->next)
            if (read_argument3(r, c, key) != 0) return -1;
        return 0;
    }
    return push(r, v, (struct mnq_karg){.kind = MNQ_KARG_VALUE, .key = key, .value = v});
}

/* ---- calls ---- */

static int read_call(struct reader *r, const struct mnq_ynode *v, struct mnq_kcall *call)
{
    r->n_arg = 0;
    int rc = 0;
    const struct mnq_ynode *args = mnq_y_get(v, "args"), *kwargs = mnq_y_get(v, "kwargs");
    if (args != NULL) {
        for (const struct mnq_ynode *c = args->first; c != NULL && rc == 0; c = c->next) rc = read_argument3(r, c, NULL);
        for (const struct mnq_ynode *c = kwargs != NULL ? kwargs->first : NULL; c != NULL && rc == 0; c = c->next)
            rc = read_argument3(r, c, c->key);
    } else if (is_reference(v) || (v->kind == MNQ_Y_SEQ && mnq_y_is(v->first, "_CONSTANT_VALUE"))) {
        rc = read_reference2(r, v);
    } else if (mnq_y_want(v, MNQ_Y_SEQ, r->e) != 0) {
        rc = -1;
    } else {
        for (const struct mnq_ynode *c = v->first; c != NULL && rc == 0; c = c->next) rc = read_reference2(r, c);
    }
    if (rc != 0) return -1;
    call->n_arg = r->n_arg;
    call->arg = mnq_arena_array(r->arena, (size_t)r->n_arg, sizeof *call->arg);
    if (call->arg == NULL) return mnq_fail_nomem(r->e);
    for (int i = 0; i < r->n_arg; i++) {
        call->arg[i] = r->arg[i];
        call->n_tensor += r->arg[i].kind == MNQ_KARG_TENSOR;
    }
    return 0;
}

static int read_calls(struct reader *r, struct mnq_klayer *l)
{
    const struct mnq_ynode *nodes = mnq_y_get(l->where, "inbound_nodes");
    bool input = strcmp(l->class_name, "InputLayer") == 0;
    int n = input ? 1 : nodes != NULL && nodes->kind == MNQ_Y_SEQ ? nodes->n : 0; /* an input calls itself into being */
    if (n > MAX_LAYERS) return mnq_y_fail(nodes, r->e, "layer '%.100s' is called %d times", l->name, n);
    l->n_call = n;
    l->call = mnq_arena_array(r->arena, (size_t)n, sizeof *l->call);
    if (l->call == NULL) return mnq_fail_nomem(r->e);
    if (input) return 0;
    int i = 0;
    for (const struct mnq_ynode *c = n > 0 ? nodes->first : NULL; c != NULL; c = c->next)
        if (read_call(r, c, &l->call[i++]) != 0) return -1;
    return 0;
}

/* Collects the references below a model's input_layers or output_layers, however they are nested; keeps the first `most`.
 */
static int read_ends(struct reader *r, const struct mnq_ynode *v, int *count, struct mnq_kend *end, int most)
{
    struct mnq_karg arg = {0};
    if (v == NULL) return 0;
    if (is_reference(v)) {
        if (*count < most) {
            if (read_reference(r, v, &arg) != 0) return -1;
            end[*count] = (struct mnq_kend){arg.layer, arg.node, arg.tensor};
        }
        (*count)++;
        return 0;
    }
    for (const struct mnq_ynode *c = v->first; c != NULL; c = c->next)
        if (read_ends(r, c, count, end, most) != 0) return -1;
    return 0;
}

static int read_functional(struct reader *r, const struct mnq_ynode *config)
{
    struct mnq_kmodel *m = r->m;
    if (sort_layers(r) != 0) return -1;
    for (int i = 0; i < m->n_layer; i++)
        if (read_calls(r, &m->layer[i]) != 0) return -1;
    struct mnq_kend in = {0};
    int n_in = 0;
    m->output = mnq_arena_array(r->arena, MNQ_OUTPUTS_MAX, sizeof *m->output);
    if (m->output == NULL) return mnq_fail_nomem(r->e);
    if (read_ends(r, mnq_y_get(config, "input_layers"), &n_in, &in, 1) != 0) return -1;
    if (read_ends(r, mnq_y_get(config, "output_layers"), &m->n_output, m->output, MNQ_OUTPUTS_MAX) != 0) return -1;
    if (n_in != 1)
        return mnq_y_fail(config, r->e, "model '%.100s' has %d inputs, one is supported: a picture", m->name, n_in);
    if (m->n_output < 1 || m->n_output > MNQ_OUTPUTS_MAX)
        return mnq_y_fail(config, r->e, "model '%.100s' has %d outputs, 1 to %d are supported", m->name, m->n_output,
                          (int)MNQ_OUTPUTS_MAX);
    m->n_input = 1;
    m->input[0] = in.layer;
    return 0;
}

int mnq_kmodel_read(const struct mnq_ynode *model, struct mnq_kmodel *m, struct mnq_arena *arena, struct mnq_err *e)
{
    struct reader *r = mnq_arena_alloc(arena, sizeof *r);
    if (r == NULL) return mnq_fail_nomem(e);
    r->m = m;
    r->arena = arena;
    r->e = e;
    memset(m, 0, sizeof *m);
    const struct mnq_ynode *class_name = mnq_y_get(model, "class_name"), *config = mnq_y_get(model, "config"), *layers,
                           *name;
    if (class_name == NULL || config == NULL) return mnq_y_fail(model, e, "expected a model with class_name and config");
    const char *text;
    if (mnq_y_string(class_name, &text, e) != 0) return -1;
    if (!mnq_kmodel_class(text))
        return mnq_y_fail(
            class_name, e,
            "models of class '%.60s' are not supported; Functional, Model and Sequential are: Python code that "
            "is a class of its own is not in the file",
            text);
    m->sequential = strcmp(text, "Sequential") == 0;
    layers =
        config->kind == MNQ_Y_SEQ && m->sequential ? config : mnq_y_get(config, "layers"); /* a bare list before 2.2.3 */
    name = mnq_y_get(config, "name");
    m->name = name != NULL && name->kind == MNQ_Y_SCALAR ? name->text : "";
    m->build_shape = mnq_y_get(config, "build_input_shape");
    if (layers == NULL) return mnq_y_fail(config, e, "the model has no layers");
    if (mnq_y_want(layers, MNQ_Y_SEQ, e) != 0) return -1;
    if (layers->n == 0 || layers->n > MAX_LAYERS)
        return mnq_y_fail(layers, e, "the model has %d layers, 1 to %d are supported", layers->n, (int)MAX_LAYERS);
    m->layer = mnq_arena_array(arena, (size_t)layers->n, sizeof *m->layer);
    if (m->layer == NULL) return mnq_fail_nomem(e);
    for (const struct mnq_ynode *v = layers->first; v != NULL; v = v->next, m->n_layer++)
        if (read_layer(v, &m->layer[m->n_layer], m->n_layer, r) != 0) return -1;
    return m->sequential ? 0 : read_functional(r, config);
}
