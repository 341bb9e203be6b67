/* SPDX-License-Identifier: Apache-2.0
 * The float executor: memory by liveness, then node after node. */
#include "graph/exec.h"
#include "graph/exec_variant.h"
#include "graph/exec_ops.h"

#include <stdlib.h>
#include <string.h>

/* Floats of scratch memory; a layer that wants more is no layer of a MobileNet. */
#define MAX_SCRATCH ((size_t)1 << 30)
/* Floats of packed weights that are kept. */
#define MAX_KEPT ((size_t)1 << 25)

struct mnq_exec {
    const struct mnq_graph *g;
    const struct mnq_fkernels *kernels;
    struct mnq_arena arena;
    bool keep_all;
    int *slot;      /* [n] which buffer a node writes */
    float **buffer; /* [slots] */
    float *scratch;
    struct mnq_exec_packed *kept; /* [n] with mnq_exec_keep_weights(), else NULL */
    float *kept_floats;
    int kept_n;
};

/* ---- memory plan ---- */

static size_t elements(const struct mnq_node *nd)
{
    return mnq_elements(nd->out);
}

/* Index of the last node that reads each node; the result and the input live on. */
static void last_readers(const struct mnq_graph *g, int *last)
{
    for (int i = 0; i < g->n; i++) {
        last[i] = g->node[i].op == MNQ_OP_INPUT ? g->n : i;
        for (int k = 0; k < g->node[i].n_in; k++)
            if (last[g->node[i].in[k]] < i) last[g->node[i].in[k]] = i;
    }
    for (int k = 0; k < mnq_graph_outputs(g); k++) last[mnq_graph_output(g, k)] = g->n;
}

/* A free buffer for `need` floats: the smallest that is large enough, else the largest, else a new one. */
static int choose_slot(size_t *size, const int *busy_until, int *slots, int node, size_t need)
{
    int best = -1;
    for (int s = 0; s < *slots; s++) {
        if (busy_until[s] >= node) continue;
        bool fits = size[s] >= need;
        if (best < 0 || (fits ? size[best] < need || size[s] < size[best] : size[best] < need && size[s] > size[best]))
            best = s;
    }
    if (best < 0) best = (*slots)++;
    if (size[best] < need) size[best] = need;
    return best;
}

static int plan(struct mnq_exec *x, struct mnq_err *e)
{
    const struct mnq_graph *g = x->g;
    size_t n = (size_t)g->n, scratch = 0;
    size_t *size = mnq_arena_array(&x->arena, n, sizeof *size);
    int *busy_until = mnq_arena_array(&x->arena, n, sizeof *busy_until);
    int *last = mnq_arena_array(&x->arena, n, sizeof *last);
    x->slot = mnq_arena_array(&x->arena, n, sizeof *x->slot);
    x->buffer = mnq_arena_array(&x->arena, n, sizeof *x->buffer);
    if (size == NULL || busy_until == NULL || last == NULL || x->slot == NULL || x->buffer == NULL) return mnq_fail_nomem(e);

    last_readers(g, last);
    int slots = 0;
    for (int i = 0; i < g->n; i++) {
        size_t need = mnq_exec_scratch(g, &g->node[i]);
        if (need > MAX_SCRATCH)
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s: layer '%s' is too large to run", g->file != NULL ? g->file : "graph",
                            g->node[i].name);
        if (need > scratch) scratch = need;
        int s = x->keep_all ? slots++ : choose_slot(size, busy_until, &slots, i, elements(&g->node[i]));
        size[s] = size[s] > elements(&g->node[i]) ? size[s] : elements(&g->node[i]);
        busy_until[s] = last[i];
        x->slot[i] = s;
    }
    for (int s = 0; s < slots; s++)
        if ((x->buffer[s] = mnq_arena_array(&x->arena, size[s], sizeof(float))) == NULL) return mnq_fail_nomem(e);
    if ((x->scratch = mnq_arena_array(&x->arena, scratch, sizeof(float))) == NULL) return mnq_fail_nomem(e);
    return 0;
}

/* ---- running ---- */

static int check(const struct mnq_graph *g, struct mnq_err *e)
{
    const char *file = g->file != NULL ? g->file : "graph";
    if (g->n < 1 || g->output < 0 || g->output >= g->n) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: has no output", file);
    for (int k = 0; k < g->n_more; k++)
        if (g->more[k] < 0 || g->more[k] >= g->n) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: has no output %d", file, k + 2);
    for (int i = 0; i < g->n; i++) {
        struct mnq_node nd = g->node[i];
        if (mnq_node_infer(g, &nd, e) != 0) return -1;
        if (nd.out.h != g->node[i].out.h || nd.out.w != g->node[i].out.w || nd.out.c != g->node[i].out.c)
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s: layer '%s' has shape %dx%dx%d, its inputs give %dx%dx%d", file, nd.name,
                            g->node[i].out.h, g->node[i].out.w, g->node[i].out.c, nd.out.h, nd.out.w, nd.out.c);
        for (int k = 0; k < nd.n_in; k++)
            if (nd.in[k] >= i) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: layer '%s' reads a later one", file, nd.name);
        bool weights = mnq_node_weights(g, &nd) > 0;
        if ((weights && nd.w == NULL) || (nd.op == MNQ_OP_BATCHNORM && (nd.mean == NULL || nd.var == NULL)) ||
            (nd.op == MNQ_OP_AFFINE && (nd.scale == NULL || nd.offset == NULL)) ||
            (nd.act == MNQ_ACT_PRELU && nd.slope == NULL))
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s: layer '%s' has no weights", file, nd.name);
    }
    return 0;
}

struct mnq_exec *mnq_exec_new(const struct mnq_graph *g, bool keep_all, struct mnq_err *e)
{
    if (check(g, e) != 0) return NULL;
    struct mnq_exec *x = calloc(1, sizeof *x);
    if (x == NULL) {
        mnq_fail_nomem(e);
        return NULL;
    }
    x->g = g;
    x->kernels = mnq_fkernels_best();
    x->keep_all = keep_all;
    if (plan(x, e) != 0) {
        mnq_exec_free(x);
        return NULL;
    }
    return x;
}

void mnq_exec_free(struct mnq_exec *x)
{
    if (x == NULL) return;
    mnq_arena_free(&x->arena);
    free(x->kept);
    free(x->kept_floats);
    free(x);
}

void mnq_exec_keep_weights(struct mnq_exec *x)
{
    const struct mnq_graph *g = x->g;
    size_t floats = 0;
    for (int i = 0; i < g->n && floats <= MAX_KEPT; i++) floats += mnq_exec_packed_floats(g, &g->node[i]);
    if (x->kept != NULL || floats == 0 || floats > MAX_KEPT) return;
    x->kept_floats = malloc(floats * sizeof *x->kept_floats);
    x->kept = x->kept_floats == NULL ? NULL : calloc((size_t)g->n, sizeof *x->kept);
    if (x->kept == NULL) return;
    x->kept_n = g->n;
    floats = 0;
    for (int i = 0; i < g->n; i++) {
        size_t n = mnq_exec_packed_floats(g, &g->node[i]);
        if (n > 0) x->kept[i].to = x->kept_floats + floats;
        floats += n;
    }
}

void mnq_exec_variant(struct mnq_exec *x, const struct mnq_fkernels *kernels)
{
    x->kernels = kernels;
    for (int i = 0; x->kept != NULL && i < x->kept_n; i++) x->kept[i].of = NULL; /* another layout */
}

const float *mnq_exec_rerun(struct mnq_exec *x, int first, mnq_tap *tap, void *ctx)
{
    const struct mnq_graph *g = x->g;
    for (int i = first; i < g->n; i++) {
        const struct mnq_node *nd = &g->node[i];
        struct mnq_exec_op op = {.g = g, .nd = nd, .kernels = x->kernels, .scratch = x->scratch};
        for (int k = 0; k < nd->n_in; k++) op.in[k] = x->buffer[x->slot[nd->in[k]]];
        op.out = x->buffer[x->slot[i]];
        if (x->kept != NULL && x->kept[i].to != NULL) op.kept = &x->kept[i];
        mnq_exec_linear(&op);
        if (tap != NULL && nd->act != MNQ_ACT_NONE) tap(ctx, i, MNQ_TAP_PRE, op.out);
        mnq_exec_act(&op);
        if (tap != NULL) tap(ctx, i, MNQ_TAP_OUT, op.out);
    }
    return x->buffer[x->slot[g->output]];
}

const float *mnq_exec_run(struct mnq_exec *x, const float *input, mnq_tap *tap, void *ctx)
{
    for (int i = 0; i < x->g->n; i++)
        if (x->g->node[i].op == MNQ_OP_INPUT) memcpy(x->buffer[x->slot[i]], input, elements(&x->g->node[i]) * sizeof *input);
    return mnq_exec_rerun(x, 0, tap, ctx);
}

float *mnq_exec_tensor(struct mnq_exec *x, int i)
{
    return x->buffer[x->slot[i]];
}
