/* SPDX-License-Identifier: Apache-2.0
 * The keras.applications MobileNets by their parameters: names, whole networks. */
#include "import/arch.h"
#include "import/arch_nets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const family_name[MNQ_FAMILIES] = {"v1", "v2", "v3-small", "v3-large"};

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
        if (!take(&s, family_name[f])) continue;
        *a = mnq_arch_default((enum mnq_family)f);
        a->minimalistic = f >= MNQ_FAMILY_V3_SMALL && take(&s, "-minimalistic");
        if (*s == '\0') return 0;
        char *end;
        double w = *s == '-' && s[1] >= '0' && s[1] <= '9' ? strtod(s + 1, &end) : -1;
        if (w < 0.05 || w > 4 || *end != '\0') break;
        a->width = w;
        return 0;
    }
    return mnq_fail(
        e, MNQ_EXIT_USAGE,
        "architecture '%.80s' is not known: v1, v2, v3-small, v3-large, v3-small-minimalistic or v3-large-minimalistic, "
        "each with -WIDTH behind it if wanted, or a .yaml file",
        name);
}

const char *mnq_arch_describe(const struct mnq_arch *a, char *buf, size_t n)
{
    static const char *const shown[MNQ_FAMILIES] = {"V1", "V2", "V3-small", "V3-large"};
    snprintf(buf, n, "MobileNet %s%s %.4g%s", shown[a->family], a->minimalistic ? " minimalistic" : "", a->width,
             a->width == (int)a->width ? ".0" : "");
    return buf;
}

/* ---- networks ---- */

/* Keras 3's automatic names: classes in snake case, numbered in the order of the layers. */
static int add_auto_names(struct mnq_build *b, struct mnq_err *e)
{
    static const struct {
        const char *class_name, *auto_name;
    } known[] = {{"Conv2D", "conv2d"},
                 {"DepthwiseConv2D", "depthwise_conv2d"},
                 {"BatchNormalization", "batch_normalization"},
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
    default:
        out = mnq_arch_v3(b, a, in, e);
        break;
    }
    if (out < 0) return -1;
    b->g->output = out;
    b->g->preprocess = a->preprocess;
    return add_auto_names(b, e);
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
