/* SPDX-License-Identifier: Apache-2.0
 * Layers around layers, as TensorFlow's model optimization toolkit leaves them behind.
 *
 * What the wrappers keep for training is dropped; what changes the weights (masks, centroids) is applied when they are read
 * (wcompanion.h). */
#include "import/keras_wrap.h"

#include <string.h>

enum { MAX_WRAPPERS = 8 };

struct wrapper {
    const char *class_name, *note;
};

static const struct wrapper wrapper_table[] = {
    {"ClusterWeights", "weights are clustered: each is read as its cluster's centroid"},
    {"PruneForLatencyOnXNNPack", NULL},
    {"PruneLowMagnitude", "PruneLowMagnitude is unwrapped: weights are read times their masks"},
    {"QuantizeAnnotate", NULL},
    {"QuantizeWrapper", "trained for quantization: the float weights are read"},
    {"QuantizeWrapperV2", "trained for quantization: the float weights are read"},
    {"SpectralNormalization", "SpectralNormalization is unwrapped: its kernel is the normalized one"},
};

static const struct wrapper *find(const char *class_name)
{
    const char *own = strrchr(class_name, '>'); /* "TensorFlowModelOptimization>PruneLowMagnitude" */
    if (own != NULL) class_name = own + 1;
    for (size_t i = 0; i < sizeof wrapper_table / sizeof *wrapper_table; i++)
        if (strcmp(class_name, wrapper_table[i].class_name) == 0) return &wrapper_table[i];
    return NULL;
}

bool mnq_knet_wrapper(const char *class_name)
{
    return find(class_name) != NULL;
}

bool mnq_knet_quantizes(const char *class_name)
{
    const struct wrapper *w = find(class_name);
    return w != NULL && strncmp(w->class_name, "QuantizeWrapper", strlen("QuantizeWrapper")) == 0;
}

const struct mnq_ynode *mnq_knet_inner_config(const struct mnq_klayer *l)
{
    return mnq_y_get(mnq_y_get(l->config, "layer"), "config");
}

int mnq_knet_unwrap(struct mnq_knet *k, const struct mnq_klayer *l, struct mnq_klayer *inner)
{
    *inner = *l;
    for (int depth = 0; mnq_knet_wrapper(inner->class_name); depth++) {
        const struct mnq_ynode *layer = mnq_y_get(inner->config, "layer"), *config = mnq_knet_inner_config(inner),
                               *class_name = mnq_y_get(layer, "class_name"), *name = mnq_y_get(config, "name"),
                               *module = mnq_y_get(layer, "module");
        const struct wrapper *w = find(inner->class_name);
        if (depth >= MAX_WRAPPERS || config == NULL || config->kind != MNQ_Y_MAP || class_name == NULL ||
            class_name->kind != MNQ_Y_SCALAR)
            return mnq_knet_fail(k, l, "holds no layer");
        if (w->note != NULL && mnq_graph_note(k->b.g, "%s", w->note) != 0) return mnq_fail_nomem(k->e);
        inner->class_name = class_name->text;
        inner->config = config;
        inner->module = module != NULL && module->kind == MNQ_Y_SCALAR ? module->text : "";
        if (name != NULL && name->kind == MNQ_Y_SCALAR) inner->name = name->text;
    }
    return 0;
}
