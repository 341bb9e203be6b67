/* SPDX-License-Identifier: Apache-2.0
 * The keras.applications MobileNets by their parameters: names, whole networks. */
#include "import/arch.h"
#include "import/arch_nets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool take(const char **s, const char *word)
{
    size_t n = strlen(word);
    if (strncmp(*s, word, n) != 0 || ((*s)[n] != '\0' && (*s)[n] != '-')) return false;
    *s += n;
    return true;
}

int mnq_arch_named(const char *name, struct mnq_arch *a, struct mnq_err *e)
{
    for (int f = 0; f < MNQ_FAMILIES; f++) {
        const char *s = name;
        if (!take(&s, mnq_arch_family_name((enum mnq_family)f))) continue;
        *a = mnq_arch_default((enum mnq_family)f);
        a->minimalistic = mnq_arch_is_v3(a->family) && take(&s, "-minimalistic");
        if (*s == '\0') return 0;
        char *end;
        double w = *s == '-' && s[1] >= '0' && s[1] <= '9' ? strtod(s + 1, &end) : -1;
        if (!mnq_arch_has_width(a->family) || w < 0.05 || w > 4 || *end != '\0') break;
        a->width = w;
        return 0;
    }
    return mnq_fail(
        e, MNQ_EXIT_USAGE,
        "architecture '%.80s' is not known: v1, v2, v3-small, v3-large, v3-small-minimalistic or v3-large-minimalistic, "
        "each with -WIDTH behind it if wanted, nasnet-mobile, xception, efficientnet-b0, efficientnet-lite0, or a .yaml "
        "file",
        name);
}

/* ---- networks ---- */

/* A layer with variables and where Keras lists it. */
struct place {
    struct mnq_slot slot;
    int depth; /* layers from here to the output */
    int seen;  /* in a walk from the output */
};

static int by_depth(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    return x->depth != y->depth ? (x->depth > y->depth ? -1 : 1) : x->seen < y->seen ? -1 : x->seen > y->seen;
}

/* Numbers nodes as Keras meets them: from the output, inputs in order, each before what it reads. */
static void walk(const struct mnq_graph *g, int *seen, int *stack)
{
    int n = 0, count = 0;
    stack[n++] = g->output;
    while (n > 0) {
        int i = stack[--n];
        if (seen[i] >= 0) continue;
        seen[i] = count++;
        for (int k = g->node[i].n_in - 1; k >= 0; k--) stack[n++] = g->node[i].in[k];
    }
}

/* The order in which Keras lists the layers of a Functional model, and so their weights: those farther from the output
 * first. Branches of NASNet and Xception make it another than that of building. */
static int sort_slots(struct mnq_build *b, struct mnq_err *e)
{
    const struct mnq_graph *g = b->g;
    size_t n = (size_t)g->n;
    struct place *place = mnq_arena_array(g->arena, (size_t)b->n_slot, sizeof *place);
    int *depth = mnq_arena_array(g->arena, n, sizeof *depth), *seen = mnq_arena_array(g->arena, n, sizeof *seen),
        *stack = mnq_arena_array(g->arena, 2 * n + 1, sizeof *stack);
    bool *inner = mnq_arena_array(g->arena, n, sizeof *inner);
    if (place == NULL || depth == NULL || seen == NULL || stack == NULL || inner == NULL) return mnq_fail_nomem(e);
    for (int i = 0; i < g->n; i++) seen[i] = -1;
    for (int i = 0; i < g->n; i++) /* a concatenation of several tensors is a chain of nodes */
        if (g->node[i].op == MNQ_OP_SELECT && g->node[g->node[i].in[0]].op == MNQ_OP_SELECT) inner[g->node[i].in[0]] = true;
    for (int s = 0; s < b->n_slot; s++) /* two nodes that are one layer */
        if (strcmp(b->slot[s].class_name, "SeparableConv2D") == 0) inner[b->slot[s].var[0].node] = true;
    for (int i = g->n - 1; i >= 0; i--)
        for (int k = 0; k < g->node[i].n_in; k++) {
            int from = g->node[i].in[k], d = depth[i] + (inner[from] ? 0 : 1);
            if (depth[from] < d) depth[from] = d;
        }
    walk(g, seen, stack);
    for (int s = 0; s < b->n_slot; s++) {
        const struct mnq_slot *slot = &b->slot[s];
        int last = slot->var[slot->n_var - 1].node; /* of a separable convolution the second node */
        place[s] = (struct place){*slot, depth[last], seen[last]};
    }
    qsort(place, (size_t)b->n_slot, sizeof *place, by_depth);
    for (int s = 0; s < b->n_slot; s++) b->slot[s] = place[s].slot;
    return 0;
}

/* Keras 3's automatic names: classes in snake case, numbered in the order of the layers. */
static int add_auto_names(struct mnq_build *b, struct mnq_err *e)
{
    static const struct {
        const char *class_name, *auto_name;
    } known[] = {{"Conv2D", "conv2d"},
                 {"DepthwiseConv2D", "depthwise_conv2d"},
                 {"BatchNormalization", "batch_normalization"},
                 {"SeparableConv2D", "separable_conv2d"},
                 {"Normalization", "normalization"},
                 {"Dense", "dense"}};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        int same = 0, all = b->n_slot;
        for (int i = 0; i < all; i++) {
            if (strcmp(b->slot[i].class_name, known[k].class_name) != 0) continue;
            char name[64];
            if (same == 0) snprintf(name, sizeof name, "layers/%s", known[k].auto_name);
            else snprintf(name, sizeof name, "layers/%s_%d", known[k].auto_name, same);
            same++;
            b->n_slot = i + 1; /* the newest slot, for mnq_arch_alias() */
            int rc = mnq_arch_alias(b, e, "%s", name);
            b->n_slot = all;
            if (rc != 0) return -1;
        }
    }
    return 0;
}

int mnq_arch_build(struct mnq_build *b, const struct mnq_arch *a, struct mnq_err *e)
{
    int in = mnq_build_input(b, "input_1", (struct mnq_shape){a->resolution, a->resolution, a->channels}, e), out = -1;
    if (in < 0) return -1;
    switch (a->family) {
    case MNQ_FAMILY_V1:
        out = mnq_arch_v1(b, a, in, e);
        break;
    case MNQ_FAMILY_V2:
        out = mnq_arch_v2(b, a, in, e);
        break;
    case MNQ_FAMILY_NASNET:
        out = mnq_arch_nasnet(b, a, in, e);
        break;
    case MNQ_FAMILY_XCEPTION:
        out = mnq_arch_xception(b, a, in, e);
        break;
    case MNQ_FAMILY_EFFICIENTNET_B0:
    case MNQ_FAMILY_EFFICIENTNET_LITE0:
        out = mnq_arch_efficientnet(b, a, in, e);
        break;
    default:
        out = mnq_arch_v3(b, a, in, e);
        break;
    }
    if (out < 0) return -1;
    b->g->output = out;
    b->g->preprocess = a->preprocess;
    b->g->preprocess_usual = !a->preprocess_stated;
    return sort_slots(b, e) != 0 ? -1 : add_auto_names(b, e);
}

int mnq_arch_settle(struct mnq_build *b, const struct mnq_arch *a, struct mnq_err *e)
{
    if (mnq_build_settle(b, e) != 0) return -1;
    return a->family == MNQ_FAMILY_EFFICIENTNET_B0 ? mnq_arch_efficientnet_settle(b, e) : 0;
}

int mnq_arch_graph(const struct mnq_arch *a, struct mnq_graph *g, struct mnq_arena *arena, struct mnq_err *e)
{
    char text[80];
    mnq_graph_init(g, arena);
    g->file = mnq_arena_strdup(arena, mnq_arch_describe(a, text, sizeof text));
    g->origin = g->file;
    if (g->file == NULL) return mnq_fail_nomem(e);
    struct mnq_build b = {.g = g};
    return mnq_arch_build(&b, a, e) != 0 || mnq_build_weightless(&b, e) != 0 ? -1 : 0;
}
