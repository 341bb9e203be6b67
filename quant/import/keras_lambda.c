/* SPDX-License-Identifier: Apache-2.0
 * Lambda layers whose function is a known one, told by its name and module.
 *
 *     Keras 1, 2   "function": "relu6", "function_type": "function", "module": "tensorflow.python.ops.gen_nn_ops"
 *     Keras 3      "function": {"class_name": "function", "config": "relu6", "module": "..."}
 * An anonymous function is stored as Python's byte code, which says nothing outside Python. */
#include "import/keras_lambda.h"
#include "import/keras_act.h"
#include "import/keras_ops.h"
#include "import/keras_values.h"

#include <stdio.h>
#include <string.h>

/* What a Lambda calls. */
struct function {
    const char *name, *module;
    const struct mnq_ynode *arguments; /* a map, or NULL */
};

static bool find_function(const struct mnq_klayer *l, struct function *f)
{
    const struct mnq_ynode *v = mnq_kf_get(l, "function", NULL), *module = mnq_kf_get(l, "module", NULL), *name = v;
    f->arguments = mnq_kf_get(l, "arguments", NULL);
    if (v != NULL && v->kind == MNQ_Y_MAP) {
        name = mnq_y_get(v, "config");
        module = mnq_y_get(v, "module");
        if (mnq_y_is(mnq_y_get(v, "class_name"), "__lambda__")) return false;
    } else if (mnq_y_is(mnq_kf_get(l, "function_type", NULL), "lambda")) {
        return false;
    }
    if (name == NULL || name->kind != MNQ_Y_SCALAR || strcmp(name->text, "<lambda>") == 0) return false;
    f->name = strrchr(name->text, '>') != NULL ? strrchr(name->text, '>') + 1 : name->text;
    f->module = module != NULL && module->kind == MNQ_Y_SCALAR ? module->text : "";
    return true;
}

/* True for a module of TensorFlow or Keras, whose functions are what their names say. */
static bool is_library(const char *module)
{
    static const char *const root[] = {"tensorflow", "keras", "tf_keras", "tf.", "keras_applications"};
    for (size_t i = 0; i < sizeof root / sizeof *root; i++)
        if (strncmp(module, root[i], strlen(root[i])) == 0) return true;
    return false;
}

/* ---- preprocess_input ---- */

/* The last part of a module's path. */
static const char *last_part(const char *module)
{
    const char *dot = strrchr(module, '.');
    return dot != NULL ? dot + 1 : module;
}

/* "tf", "caffe", "torch" or "none": what preprocess_input of a family of keras.applications does; NULL if unknown. */
static const char *mode_of(const char *family)
{
    static const struct {
        const char *family, *mode;
    } known[] = {
        {"mobilenet", "tf"},
        {"mobilenet_v2", "tf"},
        {"mobilenetv2", "tf"},
        {"inception_v3", "tf"},
        {"inception_resnet_v2", "tf"},
        {"xception", "tf"},
        {"nasnet", "tf"},
        {"resnet_v2", "tf"},
        {"resnetv2", "tf"},
        {"vgg16", "caffe"},
        {"vgg19", "caffe"},
        {"resnet", "caffe"},
        {"resnet50", "caffe"},
        {"imagenet_utils", "caffe"},
        {"densenet", "torch"},
        {"resnext", "torch"},
        {"mobilenet_v3", "none"},
        {"mobilenetv3", "none"},
        {"efficientnet", "none"},
        {"efficientnet_v2", "none"},
        {"convnext", "none"},
        {"regnet", "none"},
        {"resnet_rs", "none"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(family, known[i].family) == 0) return known[i].mode;
    return NULL;
}

static int preprocess_input(struct mnq_knet *k, const struct mnq_klayer *l, const struct function *f, int in)
{
    static const float torch_scale[3] = {1 / (255 * 0.229f), 1 / (255 * 0.224f), 1 / (255 * 0.225f)},
                       torch_offset[3] = {-0.485f / 0.229f, -0.456f / 0.224f, -0.406f / 0.225f}, caffe_scale[3] = {1, 1, 1},
                       caffe_offset[3] = {-123.68f, -116.779f, -103.939f}, swap[9] = {0, 0, 1, 0, 1, 0, 1, 0, 0};
    const struct mnq_ynode *given = mnq_y_get(f->arguments, "mode");
    const char *mode = given != NULL && given->kind == MNQ_Y_SCALAR ? given->text : mode_of(last_part(f->module));
    int c = k->b.g->node[in].out.c;
    char name[300];
    if (mode == NULL)
        return mnq_knet_fail(
            k, l,
            "calls preprocess_input of '%.60s', which is not known; use a Rescaling layer instead, or cut it "
            "off and give --preprocess",
            f->module);
    int from = in;
    while (k->b.g->node[from].op == MNQ_OP_RESHAPE) from = k->b.g->node[from].in[0];
    if (k->b.g->node[from].op == MNQ_OP_INPUT) {
        k->b.g->preprocess = "none";
        if (mnq_graph_note(k->b.g, "the model scales pixels itself ('%.100s', %s): raw 0..255 goes in", l->name, mode) != 0)
            return mnq_fail_nomem(k->e);
    }
    if (strcmp(mode, "none") == 0) return mnq_build_reshape(&k->b, l->name, in, k->b.g->node[in].out, k->e);
    if (strcmp(mode, "tf") == 0) return mnq_build_affine(&k->b, l->name, in, &(float){1 / 127.5f}, &(float){-1}, 1, k->e);
    bool torch = strcmp(mode, "torch") == 0;
    if (!torch && strcmp(mode, "caffe") != 0)
        return mnq_knet_fail(k, l, "preprocess_input of mode %.40s is not known", mode);
    if (c != 3) return mnq_knet_fail(k, l, "preprocess_input of mode %s on %d channels, 3 are wanted", mode, c);
    if (torch) return mnq_build_affine(&k->b, l->name, in, torch_scale, torch_offset, 3, k->e);
    snprintf(name, sizeof name, "%.250s/mean", l->name);
    int x = mnq_build_affine(&k->b, name, in, caffe_scale, caffe_offset, 3, k->e);
    return x < 0 ? -1 : mnq_build_mix(&k->b, l->name, x, 3, swap, k->e);
}

/* ---- other functions ---- */

static bool one_of(const char *name, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(name, list[i]) == 0) return true;
    return false;
}

int mnq_kl_lambda(struct mnq_knet *k, const struct mnq_klayer *l, const int *in, int n_in)
{
    (void)n_in;
    static const char *const nothing[] = {"to_float", "linear"};
    struct function f;
    if (!find_function(l, &f))
        return mnq_knet_fail(k, l,
                             "holds Python byte code, which says nothing outside Python; use Rescaling to scale pixels, "
                             "Resizing for sizes, Activation or ReLU for activations");
    if (strcmp(f.name, "preprocess_input") == 0) return preprocess_input(k, l, &f, in[0]);
    if (one_of(f.name, nothing, sizeof nothing / sizeof *nothing))
        return mnq_build_reshape(&k->b, l->name, in[0], k->b.g->node[in[0]].out, k->e);
    struct mnq_err quiet = {0}, *own = k->e;
    k->e = &quiet;
    int i = mnq_knet_activation(k, l, l->name, in[0], f.name);
    k->e = own;
    int rc = i >= 0 ? 1 : mnq_knet_function(k, l, f.name, f.arguments, in[0], &i);
    if (rc < 0) return -1;
    if (rc == 0)
        return mnq_knet_fail(k, l,
                             "calls '%.60s' of '%.60s', which is not known here; say it with layers: Rescaling, Resizing, "
                             "Activation, ReLU, Add, Multiply",
                             f.name, f.module);
    if (k->n_part > 0) return mnq_knet_fail(k, l, "makes several tensors, one is supported");
    if (!is_library(f.module) &&
        mnq_graph_note(k->b.g, "Lambda '%.60s' calls '%.60s' of '%.60s', which is taken for the function of that name",
                       l->name, f.name, f.module) != 0)
        return mnq_fail_nomem(k->e);
    return i;
}
