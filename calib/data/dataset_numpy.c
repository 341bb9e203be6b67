/* SPDX-License-Identifier: Apache-2.0
 * Pictures and labels of NumPy files as samples. */
#include "dataset_source.h"
#include "labels.h"
#include "numpy.h"

#include "bitmap.h"

static int check_images(const char *path, const struct mnq_array *a, int channels, struct mnq_err *e)
{
    if (a->kind != 'u' || a->item != 1)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: the pictures are %s of %zu bits, wanted uint8 (0 .. 255)", path,
                        a->kind == 'f' ? "floats" : "integers", 8 * a->item);
    if (a->dims != 3 && a->dims != 4)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: the pictures have %d dimension%s, wanted (N, H, W, C) or (N, H, W)", path,
                        a->dims, a->dims == 1 ? "" : "s");
    if (a->shape[0] < 1) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: is empty, wanted at least 1 sample", path);
    if (a->shape[0] > MNQ_MAX_SAMPLES)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: more than %d samples", path, MNQ_MAX_SAMPLES);
    if (a->shape[3] != channels)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: the pictures have %lld channel%s, the model wants %d", path,
                        (long long)a->shape[3], a->shape[3] == 1 ? "" : "s", channels);
    if (a->shape[1] < 1 || a->shape[2] < 1 || a->shape[1] > MNQ_IMAGE_SIDE || a->shape[2] > MNQ_IMAGE_SIDE ||
        a->shape[1] * a->shape[2] > MNQ_IMAGE_PIXELS)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: pictures of %lld x %lld pixels, wanted 1 to %d a side", path,
                        (long long)a->shape[2], (long long)a->shape[1], MNQ_IMAGE_SIDE);
    return 0;
}

int mnq_source_numpy(struct mnq_source *s, const char *path, const char *file, const char *member, struct mnq_err *e)
{
    struct mnq_array_images *x = mnq_arena_alloc(&s->arena, sizeof *x);
    struct mnq_array labels;
    int first = s->n;
    if (x == NULL || (x->path = mnq_arena_strdup(&s->arena, path)) == NULL) return mnq_fail_nomem(e);
    if (mnq_numpy_open(file, member, &s->arena, &x->images, &labels, e) != 0 ||
        check_images(path, &x->images, s->channels, e) != 0)
        return -1;
    x->h = (int)x->images.shape[1];
    x->w = (int)x->images.shape[2];
    for (int i = 0; i < (int)x->images.shape[0]; i++)
        if (mnq_source_add(s, (struct mnq_sample){.array = x, .row = i, .label = -1}, e) != 0) return -1;
    return labels.data == NULL ? 0 : mnq_labels_from_array(s, first, s->n - first, &labels, path, e);
}
