/* SPDX-License-Identifier: Apache-2.0
 * Slices of tensors as Python writes them.
 *
 *     tf.keras   {"start": 1, "stop": null, "step": null}, {"class_name": "__ellipsis__"}
 *     Keras 3    {"class_name": "__slice__", "config": {"start": ...}}, {"class_name": "__ellipsis__", "config": {}} */
#include "import/keras_slice.h"
#include "import/keras_values.h"
#include "import/netbuild_ops.h"

#include <limits.h>
#include <string.h>

enum { AXES = 4 }; /* N, H, W, C */

/* Elements first, first + step, ... of an axis. */
struct range {
    int first, count, step;
};

static bool is_ellipsis(const struct mnq_ynode *v)
{
    return mnq_y_is(mnq_y_get(v, "class_name"), "__ellipsis__") || mnq_y_is(v, "...") || mnq_y_is(v, "Ellipsis");
}

/* One end of a slice; `missing` where it is left open. */
static int end_of(struct mnq_knet *k, const struct mnq_ynode *map, const char *key, int missing, int *out)
{
    const struct mnq_ynode *v = mnq_y_get(map, key);
    *out = missing;
    return mnq_y_null(v) ? 0 : mnq_kv_int(v, -(1 << 20), 1 << 20, out, k->e);
}

static int within(int v, int lo, int hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

/* Python's rules for an axis of `size` elements. */
static int read_range(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_ynode *v, int size, struct range *r)
{
    const struct mnq_ynode *config = mnq_y_get(v, "config");
    int start, stop, step;
    if (config == NULL) config = v;
    if (config->kind != MNQ_Y_MAP) return mnq_knet_fail(k, l, "an axis is indexed, only slices are supported");
    if (end_of(k, config, "step", 1, &step) != 0) return -1;
    if (step == 0) return mnq_knet_fail(k, l, "a slice of step 0");
    if (end_of(k, config, "start", INT_MIN, &start) != 0 || end_of(k, config, "stop", INT_MIN, &stop) != 0) return -1;
    if (start == INT_MIN) start = step > 0 ? 0 : size - 1;
    else start = within(start < 0 ? start + size : start, step > 0 ? 0 : -1, step > 0 ? size : size - 1);
    if (stop == INT_MIN) stop = step > 0 ? size : -1;
    else stop = within(stop < 0 ? stop + size : stop, step > 0 ? 0 : -1, step > 0 ? size : size - 1);
    int span = step > 0 ? stop - start : start - stop, by = step > 0 ? step : -step;
    *r = (struct range){start, span > 0 ? (span - 1) / by + 1 : 0, step};
    if (r->count == 0) return mnq_knet_fail(k, l, "a slice of nothing");
    return 0;
}

/* Channels as the range says. */
static int channels(struct mnq_knet *k, const struct mnq_klayer *l, int in, struct range r)
{
    int *map = mnq_arena_array(k->b.g->arena, (size_t)r.count, sizeof *map);
    if (map == NULL) return mnq_fail_nomem(k->e);
    for (int i = 0; i < r.count; i++) map[i] = r.first + i * r.step;
    return mnq_build_select(&k->b, l->name, in, map, r.count, k->e);
}

int mnq_knet_reverse(struct mnq_knet *k, const struct mnq_klayer *l, int in)
{
    enum { FEW = 4 };
    int c = k->b.g->node[in].out.c;
    float w[FEW * FEW] = {0};
    if (c > FEW) return channels(k, l, in, (struct range){c - 1, c, -1});
    for (int i = 0; i < c; i++) w[i * c + c - 1 - i] = 1; /* colours: folds into the layer behind */
    return mnq_build_mix(&k->b, l->name, in, c, w, k->e);
}

int mnq_knet_slice(struct mnq_knet *k, const struct mnq_klayer *l, const struct mnq_ynode *spec, int in)
{
    struct mnq_shape s = k->b.g->node[in].out;
    bool vector = s.h == 1 && s.w == 1;
    int size[AXES] = {1, s.h, s.w, s.c}, at = 0, left;
    struct range r[AXES];
    for (int i = 0; i < AXES; i++) r[i] = (struct range){0, size[i], 1};
    if (spec == NULL || spec->kind != MNQ_Y_SEQ) return mnq_knet_fail(k, l, "says no slices");
    left = spec->n;
    for (const struct mnq_ynode *v = spec->first; v != NULL; v = v->next, at++) {
        left--;
        if (is_ellipsis(v)) {
            at = AXES - left - 1; /* the last axes follow */
            continue;
        }
        if (vector && spec->n == 2 && at == 1) at = AXES - 1; /* of a vector's two axes */
        if (at < 0 || at >= AXES) return mnq_knet_fail(k, l, "%d slices of %d axes", spec->n, (int)AXES);
        if (at == 0 && v->kind == MNQ_Y_MAP) continue; /* pictures are taken one by one */
        if (read_range(k, l, v, size[at], &r[at]) != 0) return -1;
    }
    if (r[1].step < 0 || r[2].step < 0) return mnq_knet_fail(k, l, "mirrors a picture, which is not supported");
    int x = in, bottom = s.h - r[1].first - (r[1].count - 1) * r[1].step - 1,
        right = s.w - r[2].first - (r[2].count - 1) * r[2].step - 1;
    if (r[1].first > 0 || r[2].first > 0 || bottom > 0 || right > 0)
        x = mnq_build_crop(&k->b, l->name, x, r[1].first, bottom, r[2].first, right, k->e);
    if (x >= 0 && (r[1].step > 1 || r[2].step > 1))
        x = mnq_build_pool(&k->b, MNQ_OP_AVGPOOL, l->name, x,
                           (struct mnq_conv){.kh = 1, .kw = 1, .sh = r[1].step, .sw = r[2].step, .padding = MNQ_PAD_VALID},
                           k->e);
    if (x < 0) return -1;
    if (r[3].step == -1 && r[3].count == s.c) return mnq_knet_reverse(k, l, x);
    if (r[3].step != 1 || r[3].count != s.c) return channels(k, l, x, r[3]);
    return x != in ? x : mnq_build_reshape(&k->b, l->name, in, s, k->e);
}
