/* SPDX-License-Identifier: Apache-2.0
 * Which network do these weights belong to: from the shapes alone.
 *
 * Depthwise layers tell the family, convolutions with a bias the head and the class count; the width is the one whose
 * network has exactly the file's variables (compared as a multiset of shapes, so order and names do not matter). */
#include "import/arch_infer.h"
#include "import/arch.h"
#include "import/wcompanion.h"

#include <string.h>

/* ---- shapes ---- */

/* A number for a multiset of shapes that does not depend on their order: the sum of each shape's hash (FNV-1a). */
static uint64_t add_shape(uint64_t sum, int rank, const int64_t *dim)
{
    uint64_t h = 1469598103934665603u + (uint64_t)rank;
    for (int i = 0; i < rank; i++)
        for (int byte = 0; byte < 8; byte++) h = (h ^ ((uint64_t)dim[i] >> (8 * byte) & 255)) * 1099511628211u;
    return sum + h;
}

static uint64_t shapes_of(const struct mnq_arch *a)
{
    struct mnq_arena arena = {0};
    struct mnq_graph g;
    struct mnq_err quiet = {0};
    struct mnq_build b = {.g = &g};
    uint64_t sum = 0;
    mnq_graph_init(&g, &arena);
    if (mnq_arch_build(&b, a, &quiet) == 0)
        for (int s = 0; s < b.n_slot; s++)
            for (int v = 0; v < b.slot[s].n_var; v++) sum = add_shape(sum, b.slot[s].var[v].rank, b.slot[s].var[v].dim);
    mnq_arena_free(&arena);
    return sum;
}

/* What counting and looking tell. */
struct census {
    int convs, depthwise, dense, norms; /* layers */
    int stem, channels;                 /* filters and inputs of the stem, the only 3x3 convolution that is not depthwise */
    bool stem_bias;
    int head_classes; /* outputs of the last biased 1x1 convolution or Dense */
    int head_inputs;
    uint64_t shapes;
};

static bool is_depthwise(const struct mnq_found *f)
{
    return strcmp(f->var, "depthwise_kernel") == 0 || (f->rank == 4 && f->dim[3] == 1 && f->dim[2] > 1 && f->dim[0] > 1);
}

/* True if the next variable is the bias of this kernel. */
static bool has_bias(const struct mnq_founds *f, int i)
{
    const struct mnq_found *k = &f->item[i], *b = k + 1;
    return i + 1 < f->n && b->rank == 1 && strcmp(b->layer, k->layer) == 0 && strcmp(b->group, k->group) == 0 &&
           mnq_found_is(b, MNQ_VAR_BIAS) && b->dim[0] == k->dim[k->rank - 1];
}

static struct census take_census(const struct mnq_founds *f)
{
    struct census c = {0};
    int last_inputs = 0;
    for (int i = 0; i < f->n; i++) {
        const struct mnq_found *k = &f->item[i];
        if (mnq_found_is_aside(k)) continue;
        c.shapes = add_shape(c.shapes, k->rank, k->dim);
        if (strcmp(k->var, "moving_variance") == 0) c.norms++;
        if (k->rank == 2) {
            c.dense++;
            c.head_classes = (int)k->dim[1];
            c.head_inputs = (int)k->dim[0];
        }
        if (k->rank != 4) continue;
        if (is_depthwise(k)) {
            c.depthwise++;
            continue;
        }
        c.convs++;
        if (k->dim[0] == 3 && k->dim[2] <= 4 && c.stem == 0) {
            c.stem = (int)k->dim[3];
            c.channels = (int)k->dim[2];
            c.stem_bias = has_bias(f, i);
        }
        /* squeeze-excite layers have a bias too, but no network ends in one: the head has the most inputs */
        if (k->dim[0] == 1 && c.dense == 0 && has_bias(f, i) && k->dim[2] >= last_inputs) {
            last_inputs = (int)k->dim[2];
            c.head_classes = (int)k->dim[3];
            c.head_inputs = last_inputs;
        }
    }
    return c;
}

/* ---- inference ---- */

static int find_family(struct mnq_arch_given *a, const struct census *c, const char *file, struct mnq_err *e)
{
    static const struct {
        int depthwise, convs; /* 0: any number of these */
    } known[MNQ_FAMILIES] = {{13, 0}, {17, 0}, {11, 0}, {15, 0}, {160, 0}, {34, 0}, {16, 65}, {16, 33}};
    for (int f = 0; f < MNQ_FAMILIES && !a->family; f++) {
        if (c->depthwise != known[f].depthwise || (known[f].convs > 0 && c->convs != known[f].convs)) continue;
        a->arch = mnq_arch_default((enum mnq_family)f);
        a->family = true;
    }
    if (!a->family)
        return mnq_fail(
            e, MNQ_EXIT_FAILED,
            "%s: no known network has its %d convolutions, %d depthwise and %d dense layers (V1 has 13 depthwise, V2 17, "
            "V3-small 11, V3-large 15, EfficientNet-B0 and Lite0 16, Xception 34, NASNet-Mobile 160); save the whole model "
            "instead of its weights, or state --arch",
            file, c->convs, c->depthwise, c->dense);
    if (!a->minimalistic && mnq_arch_is_v3(a->arch.family))
        a->arch.minimalistic = c->convs < (a->arch.family == MNQ_FAMILY_V3_SMALL ? 36 : 41); /* without squeeze-excite */
    if (!a->bias) a->arch.bias = c->stem_bias;
    if (c->channels > 0) a->arch.channels = c->channels;
    return 0;
}

/* Heads that the weights may have, most likely first. */
static int list_heads(const struct mnq_arch_given *a, const struct census *c, enum mnq_head head[5])
{
    bool v3 = mnq_arch_is_v3(a->arch.family);
    int n = 0;
    if (a->head) {
        head[0] = a->arch.head;
        return 1;
    }
    if (c->dense > 0) {
        head[n++] = a->arch.family == MNQ_FAMILY_V1 || v3 ? MNQ_HEAD_DENSE : MNQ_HEAD_KERAS;
        return n;
    }
    if (a->arch.family == MNQ_FAMILY_V1 || v3) head[n++] = MNQ_HEAD_KERAS;
    if (a->arch.family == MNQ_FAMILY_V2 || v3) head[n++] = MNQ_HEAD_CONV;
    head[n++] = MNQ_HEAD_NONE;
    if (v3) head[n++] = MNQ_HEAD_CONV2;
    return n;
}

/* Published widths first, so that a rounded channel count is called by its usual name; then every hundredth, then
 * thousandth. -1 when there are no more. */
static double candidate(int i)
{
    static const double published[] = {1.0,   0.25, 0.5,  0.75, 0.35, 1.3, 1.4, 1.25, 1.5, 2.0,
                                       0.125, 0.1,  0.15, 0.2,  0.3,  0.4, 0.6, 0.7,  0.8};
    enum { PUBLISHED = sizeof published / sizeof *published };
    if (i < PUBLISHED) return published[i];
    i -= PUBLISHED;
    if (i < 246) return (5 + i) / 100.0;
    i -= 246;
    return i < 2451 ? (50 + i) / 1000.0 : -1;
}

/* Cheap test before a whole network is built for a width. */
static bool stem_fits(const struct mnq_arch *a, const struct census *c)
{
    if (c->stem == 0) return false;
    if (a->family == MNQ_FAMILY_V1) return (int)(32 * a->width) == c->stem;
    if (a->family == MNQ_FAMILY_V2) return mnq_arch_round8(32 * a->width) == c->stem;
    return !mnq_arch_is_v3(a->family) || c->stem == 16;
}

static bool find_width(struct mnq_arch_given *a, const struct census *c, struct mnq_arch *best)
{
    enum mnq_head head[5];
    int heads = list_heads(a, c, head), tried = 0;
    for (int i = 0; candidate(i) > 0; i++) {
        struct mnq_arch arch = a->arch;
        if (!a->width) arch.width = candidate(i);
        if (i > 0 && (a->width || !mnq_arch_has_width(arch.family))) break;
        if (!stem_fits(&arch, c)) continue;
        if (tried++ > 400) break; /* a file that is no such network at all */
        for (int h = 0; h < 2 * heads; h++) {
            bool other =
                h >= heads; /* EfficientNet without the layers that scale pixels, which then torch's preprocessing is for */
            if (other && arch.family != MNQ_FAMILY_EFFICIENTNET_B0) break;
            arch.head = head[h % heads];
            arch.bare = a->arch.bare || other;
            if (!a->classes) arch.classes = c->head_classes > 0 ? c->head_classes : 1000;
            if (tried == 1 && h == 0) *best = arch; /* what a message will compare with */
            arch.resolution = arch.family == MNQ_FAMILY_NASNET || arch.family == MNQ_FAMILY_XCEPTION
                                  ? 96
                                  : 32; /* shapes of weights do not depend on it */
            if (shapes_of(&arch) != c->shapes) continue;
            arch.resolution = a->arch.resolution;
            if (other) arch.preprocess = "torch";
            *best = arch;
            return true;
        }
    }
    return false;
}

int mnq_arch_infer(struct mnq_arch_given *a, const struct mnq_founds *found, const char *file, struct mnq_err *e)
{
    struct census c = take_census(found);
    if (find_family(a, &c, file, e) != 0) return -1;
    struct mnq_arch best = a->arch;
    /* where no width fits, matching the nearest network tells what is expected and what is found */
    find_width(a, &c, &best);
    a->arch = best;
    return 0;
}
