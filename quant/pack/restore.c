/* SPDX-License-Identifier: Apache-2.0
 * From changed weights of a legal graph back to the values a Keras file stores.
 *
 * Legal weights are stored ones times the gains of what was folded into them. Biases are found by folding the new weights
 * again and storing what is missing: that covers every way in which an affine map may have got into a bias. */
#include "pack/restore.h"

#include "passes/passes.h"

#include <math.h>
#include <string.h>

bool mnq_restore_has_bias(const struct mnq_graph *legal, int i)
{
    const struct mnq_node *nd = &legal->node[i];
    return nd->b != NULL && nd->b_path != NULL;
}

static int add_patch(struct mnq_restored *out, const char *path, const float *v, size_t n, const char *name,
                     struct mnq_err *e)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(v[i])) return mnq_fail(e, MNQ_EXIT_FAILED, "layer '%s': a new weight is not finite", name);
    out->patch[out->n_patches++] = (struct mnq_h5_patch){path, v, n};
    return 0;
}

/* ---- weights ---- */

static int restore_weights(struct mnq_restored *out, const struct mnq_graph *legal, const struct mnq_graph *wanted, int i,
                           struct mnq_arena *arena, struct mnq_err *e)
{
    const struct mnq_node *old = &legal->node[i], *new = &wanted->node[i];
    struct mnq_node *raw = &out->raw.node[old->source];
    size_t n = mnq_node_weights(legal, old), c = (size_t)old->out.c, inner = (size_t)legal->node[old->in[0]].out.c;
    float *w = mnq_arena_array(arena, n, sizeof *w);
    if (w == NULL) return mnq_fail_nomem(e);
    for (size_t k = 0; k < n; k++) {
        double gain = (old->in_gain != NULL ? old->in_gain[k / c % inner] : 1.0) *
                      (old->out_gain != NULL ? old->out_gain[k % c] : 1.0);
        bool same = new->w[k] == old->w[k];
        w[k] = new->w[k] == 0.0f ? 0.0f : same || gain == 0.0 ? raw->w[k] : (float)((double)new->w[k] / gain);
    }
    raw->w = w;
    return add_patch(out, old->w_path, w, n, old->name, e);
}

/* ---- biases ---- */

/* The raw node that holds the value at b_path, and where. */
static float **stored_bias(struct mnq_graph *raw, const char *path)
{
    for (int i = 0; i < raw->n; i++) {
        struct mnq_node *nd = &raw->node[i];
        if (nd->b_path == NULL || strcmp(nd->b_path, path) != 0) continue;
        return nd->op == MNQ_OP_BATCHNORM ? &nd->beta : &nd->b;
    }
    return NULL;
}

static int restore_bias(struct mnq_restored *out, const struct mnq_graph *folded, const struct mnq_graph *wanted, int i,
                        struct mnq_arena *arena, struct mnq_err *e)
{
    const struct mnq_node *nd = &wanted->node[i];
    float **stored = stored_bias(&out->raw, nd->b_path);
    size_t c = (size_t)nd->out.c;
    if (stored == NULL || *stored == NULL) return 0;
    float *b = mnq_arena_array(arena, c, sizeof *b);
    if (b == NULL) return mnq_fail_nomem(e);
    for (size_t j = 0; j < c; j++) {
        double gain = nd->b_gain != NULL ? nd->b_gain[j] : 1.0, missing = (double)nd->b[j] - (double)folded->node[i].b[j];
        b[j] = gain == 0.0 ? (*stored)[j] : (float)((double)(*stored)[j] + missing / gain);
    }
    *stored = b;
    return add_patch(out, nd->b_path, b, c, nd->name, e);
}

/* ---- all of it ---- */

static bool differs(const float *a, const float *b, size_t n)
{
    return a != b && (a == NULL || b == NULL || memcmp(a, b, n * sizeof *a) != 0);
}

int mnq_restore(const struct mnq_graph *raw, const struct mnq_graph *legal, const struct mnq_graph *wanted,
                struct mnq_restored *out, struct mnq_arena *arena, struct mnq_err *e)
{
    *out = (struct mnq_restored){.raw = *raw};
    out->raw.arena = arena;
    out->raw.node = mnq_arena_array(arena, (size_t)raw->n, sizeof *raw->node);
    out->patch = mnq_arena_array(arena, 2 * (size_t)legal->n, sizeof *out->patch);
    if (out->raw.node == NULL || out->patch == NULL) return mnq_fail_nomem(e);
    memcpy(out->raw.node, raw->node, (size_t)raw->n * sizeof *raw->node);
    for (int i = 0; i < legal->n; i++) {
        const struct mnq_node *nd = &legal->node[i];
        if (nd->w_path == NULL || nd->source < 0 || !differs(nd->w, wanted->node[i].w, mnq_node_weights(legal, nd)))
            continue;
        if (restore_weights(out, legal, wanted, i, arena, e) != 0) return -1;
    }
    struct mnq_arena scratch = {0};
    struct mnq_graph folded;
    int rc = mnq_graph_legalize(&out->raw, &folded, &scratch, e);
    for (int i = 0; rc == 0 && i < legal->n; i++)
        if (mnq_restore_has_bias(legal, i) && differs(folded.node[i].b, wanted->node[i].b, (size_t)legal->node[i].out.c))
            rc = restore_bias(out, &folded, wanted, i, arena, e);
    mnq_arena_free(&scratch);
    return rc;
}
