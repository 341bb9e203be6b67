/* SPDX-License-Identifier: Apache-2.0
 * Full models: the configuration gives the graph, the file its weights. */
#include "import/container.h"
#include "import/keras_learned.h"
#include "import/keras_model.h"
#include "import/wmatch.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- versions ---- */

/* An attribute that Keras writes at the root, on /model_weights, or both. NULL if it is nowhere. */
static char *version_attr(struct mnq_h5 *h, const char *attr)
{
    static const char *const place[] = {"/", "/model_weights"};
    for (int i = 0; i < 2; i++) {
        char *text;
        struct mnq_err quiet = {0};
        if (mnq_h5_has_attr(h, place[i], attr) && mnq_h5_text(h, place[i], attr, &text, &quiet) == 0) return text;
    }
    return NULL;
}

/* Theano and CNTK stored kernels in another order; the backends of Keras 3 agree. */
static int check_backend(struct mnq_h5 *h, int version, struct mnq_err *e)
{
    const char *backend = version_attr(h, "backend");
    if (backend == NULL || version >= 3 || strcmp(backend, "tensorflow") == 0) return 0;
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: saved with backend %.40s, only tensorflow is supported before Keras 3",
                    mnq_h5_name(h), backend);
}

static char *origin(struct mnq_arena *arena, const char *version, const char *kind)
{
    char text[120];
    snprintf(text, sizeof text, "Keras%s%.20s %s", version != NULL ? " " : "", version != NULL ? version : "", kind);
    return mnq_arena_strdup(arena, text);
}

/* ---- building ---- */

static int build(struct mnq_knet *k, const struct mnq_ynode *config, const struct mnq_import_opts *opts, struct mnq_graph *g,
                 int version, struct mnq_err *e)
{
    *k = (struct mnq_knet){.b = {.g = g}, .file = g->file, .version = version, .resolution = opts->resolution, .e = e};
    if (opts->arch != NULL)
        return mnq_fail(e, MNQ_EXIT_USAGE, "%s: holds its own architecture; --arch is for weights-only files", g->file);
    return mnq_knet_model(k, config);
}

/* ---- legacy HDF5 ---- */

/* Fills the slots group by group: what Keras calls a layer here is the outermost one, with all that is nested in it. */
static int fill_groups(struct mnq_h5 *h, struct mnq_build *b, const char *root, struct mnq_founds *all, struct mnq_err *e)
{
    struct mnq_found *part = calloc((size_t)all->n + 1, sizeof *part);
    int rc = part == NULL ? mnq_fail_nomem(e) : 0;
    for (int s = 0; s < b->n_slot && rc == 0; s++) {
        const char *group = b->slot[s].group;
        char where[300];
        struct mnq_founds f = {part, 0};
        bool seen = b->slot[s].twin >= 0;
        for (int i = 0; i < s && !seen; i++) seen = strcmp(group, b->slot[i].group) == 0;
        if (seen) continue;
        for (int i = 0; i < all->n; i++)
            if (strcmp(all->item[i].group, group) == 0) part[f.n++] = all->item[i];
        snprintf(where, sizeof where, "%s/%.200s", root[1] == '\0' ? "" : root, group);
        rc = mnq_match(h, b, group, &f, false, where, e);
    }
    free(part);
    return rc;
}

/* ---- what it was trained for ---- */

/* The name of a loss, or NULL: a string, an object with class_name, or one of these for each output. */
static const struct mnq_ynode *loss_name(const struct mnq_ynode *v)
{
    const struct mnq_ynode *c;
    if (v == NULL || v->kind == MNQ_Y_SCALAR) return v;
    if ((c = mnq_y_get(v, "class_name")) == NULL) return v->n == 1 ? loss_name(v->first) : NULL;
    const struct mnq_ynode *config = mnq_y_get(v, "config");
    if (mnq_y_is(c, "function") && config != NULL && config->kind == MNQ_Y_SCALAR) return config;
    return c->kind == MNQ_Y_SCALAR ? c : NULL;
}

/* A loss as tasks know it: in lower case, without underscores. */
static int put_loss(struct mnq_graph *g, const struct mnq_ynode *name, const char **to, struct mnq_err *e)
{
    if (mnq_y_null(name)) return 0;
    char *text = mnq_arena_strdup(g->arena, name->text), *at = text;
    if (text == NULL) return mnq_fail_nomem(e);
    for (const char *p = text; *p != '\0'; p++)
        if (*p != '_') *at++ = (char)tolower((unsigned char)*p);
    *at = '\0';
    *to = text;
    return 0;
}

/* Notes the losses of a training configuration: one for all outputs, or a list or map of them; that there is none is no
 * fault. */
static int note_loss(struct mnq_graph *g, const struct mnq_ynode *training, struct mnq_err *e)
{
    const struct mnq_ynode *loss = training == NULL ? NULL : mnq_y_get(training, "loss");
    if (put_loss(g, loss_name(loss), &g->loss, e) != 0) return -1;
    if (g->n_more == 0 || loss == NULL || loss->kind == MNQ_Y_SCALAR || mnq_y_get(loss, "class_name") != NULL) return 0;
    for (int k = 0; k < mnq_graph_outputs(g); k++) {
        const struct mnq_ynode *own = loss->kind == MNQ_Y_SEQ ? mnq_y_at(loss, k) : mnq_y_get(loss, g->output_name[k]);
        if (own != NULL && put_loss(g, loss_name(own), &g->loss_of[k], e) != 0) return -1;
    }
    return 0;
}

static int note_training(struct mnq_h5 *h, struct mnq_graph *g, struct mnq_err *e)
{
    char *text;
    struct mnq_err ignored = {0};
    if (!mnq_h5_has_attr(h, "/", "training_config") || mnq_h5_text(h, "/", "training_config", &text, &ignored) != 0)
        return 0;
    return note_loss(g, mnq_ydoc_parse(g->file, MNQ_EXIT_FAILED, text, strlen(text), g->arena, &ignored), e);
}

int mnq_import_full(struct mnq_h5 *h, const struct mnq_import_opts *opts, struct mnq_graph *g, struct mnq_err *e)
{
    char *text, name[400];
    const char *version_text = version_attr(h, "keras_version");
    int version = version_text != NULL ? atoi(version_text) : 0;
    if (check_backend(h, version, e) != 0 || mnq_h5_text(h, "/", "model_config", &text, e) != 0) return -1;
    snprintf(name, sizeof name, "%.300s: model_config", g->file);
    const struct mnq_ynode *config = mnq_ydoc_parse(name, MNQ_EXIT_FAILED, text, strlen(text), g->arena, e);
    struct mnq_knet k;
    if (config == NULL || build(&k, config, opts, g, version, e) != 0) return -1;
    g->origin = origin(g->arena, version_text, "full model");
    if (g->origin == NULL) return mnq_fail_nomem(e);
    if (note_training(h, g, e) != 0) return -1;
    const char *root = mnq_h5_is_group(h, "/model_weights") ? "/model_weights" : "/";
    struct mnq_founds found;
    if (mnq_found_keras2(h, root, g->arena, &found, e) != 0) return -1;
    if (fill_groups(h, &k.b, root, &found, e) != 0 || mnq_learned_read(h, &k.b, &found, e) != 0) return -1;
    return mnq_knet_settle(&k);
}

/* ---- Keras 3 ---- */

int mnq_import_config3(struct mnq_h5 *h, const struct mnq_ynode *config, int version, const struct mnq_import_opts *opts,
                       struct mnq_graph *g, struct mnq_err *e)
{
    struct mnq_knet k;
    struct mnq_founds found;
    if (build(&k, config, opts, g, version, e) != 0 || note_loss(g, mnq_y_get(config, "compile_config"), e) != 0) return -1;
    if (mnq_found_keras3(h, g->arena, &found, e) != 0) return -1;
    return mnq_match(h, &k.b, NULL, &found, false, "/layers", e) != 0 ? -1 : mnq_knet_settle(&k);
}
