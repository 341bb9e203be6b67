/* SPDX-License-Identifier: Apache-2.0
 * A network's input: pictures, and what is given as pictures: rows of numbers, steps of a sequence. */
#include "import/keras_input.h"
#include "import/keras_values.h"
#include "import/keras_wrap.h"
#include "import/netbuild_ops.h"

#include <stdio.h>

enum { DEFAULT_RESOLUTION = 224, PICTURE_CHANNELS = 4, MOST_CHANNELS = 255 }; /* the latter: a window's width, FORMAT */

static const struct mnq_ynode *plain_shape(const struct mnq_ynode *shape)
{
    shape = mnq_kv_plain(shape);
    return shape->kind == MNQ_Y_SEQ && shape->n == 1 && shape->first->kind == MNQ_Y_SEQ ? shape->first : shape;
}

static int input_shape(struct mnq_knet *k, const struct mnq_ynode *shape, const char *name, struct mnq_shape *out)
{
    int dim[3], i = 0;
    if (shape->kind != MNQ_Y_SEQ || shape->n != 4)
        return mnq_y_fail(shape, k->e, "input '%.100s' must have four dimensions (N, H, W, C)", name);
    for (const struct mnq_ynode *v = shape->first->next; v != NULL; v = v->next, i++) {
        dim[i] = 0;
        if (!mnq_y_null(v) && mnq_kv_int(v, 1, 1 << 14, &dim[i], k->e) != 0) return -1;
    }
    if (k->first) { /* as if channels were last */
        int channels = dim[0];
        dim[0] = dim[1], dim[1] = dim[2], dim[2] = channels;
    }
    k->open_input = dim[0] == 0 || dim[1] == 0;
    if (dim[2] == 0) return mnq_y_fail(shape, k->e, "input '%.100s' leaves its channels open", name);
    if (k->resolution > 0) {
        if (dim[0] != k->resolution || dim[1] != k->resolution)
            mnq_graph_note(k->b.g, "input replanned to %d x %d", k->resolution, k->resolution);
        dim[0] = dim[1] = k->resolution;
    } else if (dim[0] == 0 || dim[1] == 0) {
        if (dim[0] == 0) dim[0] = dim[1] != 0 ? dim[1] : DEFAULT_RESOLUTION;
        if (dim[1] == 0) dim[1] = dim[0];
        k->b.g->size_open = true;
        mnq_graph_note(k->b.g, "the file leaves the input size open; %d x %d is assumed (--resolution states another)",
                       dim[0], dim[1]);
    }
    *out = (struct mnq_shape){dim[0], dim[1], dim[2]};
    return 0;
}

const struct mnq_ynode *mnq_knet_stated_shape(const struct mnq_klayer *l)
{
    const struct mnq_ynode *v = mnq_y_get(l->config, "batch_input_shape");
    if (mnq_y_null(v)) v = mnq_y_get(l->config, "batch_shape");
    if (mnq_y_null(v)) v = mnq_y_get(mnq_knet_inner_config(l), "batch_input_shape");
    return mnq_y_null(v) ? NULL : v;
}

/* An input of N numbers is a grey picture of one row. */
static int open_vector(struct mnq_knet *k, const struct mnq_ynode *shape, const char *name)
{
    char vector[300];
    int n;
    if (mnq_kv_int(shape->first->next, 1, 1 << 14, &n, k->e) != 0) return -1;
    int in = mnq_build_input(&k->b, name, (struct mnq_shape){1, n, 1}, k->e);
    snprintf(vector, sizeof vector, "%.280s/vector", name);
    if (in < 0) return -1;
    if (mnq_graph_note(k->b.g, "the input is %d numbers: samples are grey pictures of one row", n) != 0)
        return mnq_fail_nomem(k->e);
    return mnq_build_reshape(&k->b, vector, in, (struct mnq_shape){1, 1, n}, k->e);
}

/* Makes node i what it was a name for: every c numbers of a grey picture's row are c channels. */
static int gather_channels(struct mnq_graph *g, int i, int c, struct mnq_err *e)
{
    struct mnq_node *nd = &g->node[i];
    size_t n = (size_t)c;
    float *w = mnq_arena_array(g->arena, n * n, sizeof *w);
    if (w == NULL) return mnq_fail_nomem(e);
    for (size_t j = 0; j < n; j++) w[j * n + j] = 1;
    nd->op = MNQ_OP_CONV;
    nd->w = w;
    nd->kw = nd->sw = nd->out.c = c;
    return 0;
}

/* A row or column of more channels than pictures have is a grey picture, whose numbers become channels. */
static int open_channels(struct mnq_knet *k, const char *name, struct mnq_shape s)
{
    char part[300];
    if (s.c > MOST_CHANNELS)
        return mnq_fail(k->e, MNQ_EXIT_FAILED, "%s: input '%.100s' has %d channels, %d at most are supported", k->file, name,
                        s.c, (int)MOST_CHANNELS);
    int in = mnq_build_input(&k->b, name, (struct mnq_shape){s.h, s.w * s.c, 1}, k->e);
    snprintf(part, sizeof part, "%.280s/channels", name);
    int i = in < 0 ? -1 : mnq_build_node(&k->b, MNQ_OP_CONV, part, in, k->e);
    if (i < 0 || gather_channels(k->b.g, i, s.c, k->e) != 0) return -1;
    if (mnq_graph_note(k->b.g, "the input has %d x %d x %d numbers: samples are grey pictures of %d x %d", s.h, s.w, s.c,
                       s.w == 1 ? s.h : s.w, s.c) != 0)
        return mnq_fail_nomem(k->e);
    return mnq_build_infer(&k->b, i, k->e);
}

/* Steps of some channels: one row of pixels. */
static int open_sequence(struct mnq_knet *k, const struct mnq_ynode *shape, const char *name)
{
    int steps, c;
    const struct mnq_ynode *v = shape->first->next;
    if (k->first)
        return mnq_y_fail(shape, k->e, "input '%.100s' is a sequence of a channels_first model, which is not supported",
                          name);
    if (mnq_y_null(v) || mnq_y_null(v->next)) return mnq_y_fail(shape, k->e, "input '%.100s' leaves its length open", name);
    if (mnq_kv_int(v, 1, 1 << 14, &steps, k->e) != 0 || mnq_kv_int(v->next, 1, 1 << 14, &c, k->e) != 0) return -1;
    struct mnq_shape s = {1, steps, c};
    int i = c > PICTURE_CHANNELS ? open_channels(k, name, s) : mnq_build_input(&k->b, name, s, k->e);
    if (i >= 0) k->sequence[i] = true;
    return k->knows = i;
}

int mnq_knet_open_input(struct mnq_knet *k, const struct mnq_ynode *shape, const char *name)
{
    struct mnq_shape s;
    shape = plain_shape(shape);
    if (shape->kind == MNQ_Y_SEQ && shape->n == 2) return open_vector(k, shape, name);
    if (shape->kind == MNQ_Y_SEQ && shape->n == 3) return open_sequence(k, shape, name);
    if (input_shape(k, shape, name, &s) != 0) return -1;
    bool line = (s.h == 1) != (s.w == 1);
    return line && s.c > PICTURE_CHANNELS ? open_channels(k, name, s) : mnq_build_input(&k->b, name, s, k->e);
}

/* The only reader of node i, or -1. */
static int only_reader(const struct mnq_graph *g, int i)
{
    int reader = -1;
    for (int r = i + 1; r < g->n; r++)
        for (int j = 0; j < g->node[r].n_in; j++)
            if (g->node[r].in[j] == i) {
                if (reader >= 0) return -1;
                reader = r;
            }
    return mnq_graph_is_output(g, i) ? -1 : reader;
}

int mnq_knet_rename_input(struct mnq_graph *g, struct mnq_err *e)
{
    enum { LONGEST = 64 };
    struct mnq_node *in = &g->node[0];
    int path[LONGEST], n = 0, last = -1;
    for (int r = only_reader(g, 0); r >= 0 && n < LONGEST && g->node[r].op == MNQ_OP_RESHAPE; r = only_reader(g, r)) {
        struct mnq_shape to = g->node[r].out;
        if (to.h * to.w > 1 && (to.c == in->out.c || (in->out.c == 1 && to.c <= MOST_CHANNELS))) last = n;
        path[n++] = r;
    }
    if (in->op != MNQ_OP_INPUT || last < 0 || (in->out.h > 1 && in->out.w > 1)) return 0;
    struct mnq_shape to = g->node[path[last]].out;
    bool gather = to.c != in->out.c;
    in->out = gather ? (struct mnq_shape){to.h, to.w * to.c, 1} : to;
    for (int i = 0; i < last; i++) g->node[path[i]].out = in->out;
    return gather ? gather_channels(g, path[last], to.c, e) : 0;
}
