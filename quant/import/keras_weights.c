/* SPDX-License-Identifier: Apache-2.0
 * Weights-only files: the architecture is stated or inferred, the weights are matched to it. */
#include "import/arch.h"
#include "import/arch_infer.h"
#include "import/container.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Weights of either generation. */
static int find_weights(struct mnq_h5 *h, struct mnq_graph *g, struct mnq_founds *found, const char **kind,
                        struct mnq_err *e)
{
    static const char *const root[] = {"/", "/model_weights"};
    for (int i = 0; i < 2; i++) {
        if (!mnq_h5_has_attr(h, root[i], "layer_names") && !mnq_h5_has_attr(h, root[i], "layer_names0")) continue;
        *kind = "weights-only";
        return mnq_found_keras2(h, root[i], g->arena, found, e);
    }
    if (mnq_h5_is_group(h, "/layers") || mnq_h5_is_group(h, "/_layer_checkpoint_dependencies")) {
        *kind = "Keras 3 weights-only";
        return mnq_found_keras3(h, g->arena, found, e);
    }
    if (mnq_h5_is_dataset(h, "/images"))
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: holds pictures (`images`), no model", g->file);
    return mnq_fail(
        e, MNQ_EXIT_FAILED,
        "%s: not a Keras file: neither model_config (a full model) nor layer_names or /layers (weights) is in it", g->file);
}

static bool is_file(const char *arch)
{
    size_t n = strlen(arch);
    return strchr(arch, '/') != NULL || (n > 5 && strcmp(arch + n - 5, ".yaml") == 0) ||
           (n > 4 && strcmp(arch + n - 4, ".yml") == 0);
}

static int read_arch(const char *arch, struct mnq_arch_given *a, struct mnq_arena *arena, struct mnq_err *e)
{
    memset(a, 0, sizeof *a);
    if (arch == NULL) return 0;
    if (is_file(arch)) return mnq_arch_read(arch, a, arena, e);
    if (mnq_arch_named(arch, &a->arch, e) != 0) return -1;
    a->family = true;
    a->minimalistic = a->arch.minimalistic;
    a->width = strpbrk(arch, ".") != NULL;
    return 0;
}

/* Keras' own downloads carry the resolution in their names: mobilenet_2_5_128_tf.h5. 0 if there is none. */
static int resolution_in_name(const char *file)
{
    static const int usual[] = {96, 128, 160, 192, 224, 256};
    const char *base = strrchr(file, '/');
    for (const char *s = base != NULL ? base + 1 : file; *s != '\0';) {
        if (*s < '0' || *s > '9') {
            s++;
            continue;
        }
        char *end;
        long v = strtol(s, &end, 10);
        for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
            if (v == usual[i]) return usual[i];
        s = end;
    }
    return 0;
}

static void choose_resolution(struct mnq_arch_given *a, const struct mnq_import_opts *opts, struct mnq_graph *g)
{
    int named = resolution_in_name(g->file);
    if (opts->resolution > 0) {
        a->arch.resolution = opts->resolution;
    } else if (!a->resolution && named > 0) {
        a->arch.resolution = named;
        mnq_graph_note(g, "input size %d is taken from the file's name (--resolution states another)", named);
    } else if (!a->resolution) {
        g->size_open = true;
        mnq_graph_note(g, "input size %d is assumed (--resolution states another)", a->arch.resolution);
    }
}

/* A softmax of one output would be 1 for every picture. */
static int choose_output(struct mnq_arch_given *a, struct mnq_graph *g, struct mnq_err *e)
{
    bool top = a->arch.head != MNQ_HEAD_NONE && a->arch.head != MNQ_HEAD_CONV2;
    if (!top || a->arch.classes != 1 || a->arch.final != MNQ_FINAL_SOFTMAX) return 0;
    if (a->output)
        return mnq_fail(e, MNQ_EXIT_USAGE,
                        "%s: a softmax of one output is 1 for every picture; output: sigmoid or logits is wanted", g->file);
    a->arch.final = MNQ_FINAL_SIGMOID;
    if (mnq_graph_note(
            g, "one output: a sigmoid is assumed to end the network (output: logits in an --arch file states that none "
               "does)") != 0)
        return mnq_fail_nomem(e);
    return 0;
}

static int tell(struct mnq_graph *g, const struct mnq_arch *a, const char *kind, struct mnq_err *e)
{
    char name[80], text[160];
    snprintf(text, sizeof text, "%s, %s", kind, mnq_arch_describe(a, name, sizeof name));
    g->origin = mnq_arena_strdup(g->arena, text);
    if (g->origin == NULL) return mnq_fail_nomem(e);
    if (!a->symmetric)
        mnq_graph_note(g, "padding of stride-2 layers is assumed to be TensorFlow's (an --arch file states another)");
    if (a->head == MNQ_HEAD_DENSE && a->family != MNQ_FAMILY_V2)
        mnq_graph_note(g, "the head is read as pooling and one dense layer");
    if (a->head == MNQ_HEAD_CONV && a->family != MNQ_FAMILY_V1)
        mnq_graph_note(g, "the head is read as pooling and one 1x1 convolution");
    if (a->head == MNQ_HEAD_NONE || a->head == MNQ_HEAD_CONV2)
        mnq_graph_note(g, "the network has no classifier (include_top=False)");
    else if (a->final == MNQ_FINAL_SOFTMAX) mnq_graph_note(g, "a softmax ends the network, as keras.applications has it");
    return 0;
}

int mnq_import_weights(struct mnq_h5 *h, const struct mnq_import_opts *opts, struct mnq_graph *g, struct mnq_err *e)
{
    struct mnq_founds found;
    struct mnq_arch_given a;
    const char *kind = "";
    struct mnq_build b = {.g = g};
    if (find_weights(h, g, &found, &kind, e) != 0 || read_arch(opts->arch, &a, g->arena, e) != 0) return -1;
    if (found.n == 0) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: holds no weights", g->file);
    if (mnq_arch_infer(&a, &found, g->file, e) != 0) return -1;
    choose_resolution(&a, opts, g);
    if (choose_output(&a, g, e) != 0) return -1;
    if (tell(g, &a.arch, kind, e) != 0 || mnq_arch_build(&b, &a.arch, e) != 0) return -1;
    return mnq_match(h, &b, NULL, &found, true, g->origin, e) != 0 ? -1 : mnq_arch_settle(&b, &a.arch, e);
}
