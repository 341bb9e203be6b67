/* SPDX-License-Identifier: Apache-2.0
 * What the readers of single sources add to: samples and classes. */
#include "dataset_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int mnq_source_add(struct mnq_source *s, struct mnq_sample sample, struct mnq_err *e)
{
    if (s->n == MNQ_MAX_SAMPLES) return mnq_fail(e, MNQ_EXIT_FAILED, "more than %d samples", MNQ_MAX_SAMPLES);
    if (s->n == s->cap) {
        int cap = s->cap == 0 ? 256 : 2 * s->cap;
        struct mnq_sample *p = realloc(s->sample, (size_t)cap * sizeof *p);
        if (p == NULL) return mnq_fail_nomem(e);
        s->sample = p;
        s->cap = cap;
    }
    if (sample.path != NULL) sample.path = mnq_arena_strdup(&s->arena, sample.path);
    if (sample.path == NULL && sample.h5 == NULL && sample.array == NULL) return mnq_fail_nomem(e);
    s->sample[s->n++] = sample;
    return 0;
}

int mnq_source_class(const struct mnq_source *s, const char *name)
{
    for (int i = 0; i < s->n_class_names; i++)
        if (strcmp(s->class_name[i], name) == 0) return i;
    return -1;
}

int mnq_source_classes(struct mnq_source *s, const char *from, const char *const *name, int n, int *map, struct mnq_err *e)
{
    if (n > MNQ_MAX_CLASSES)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %d classes, wanted at most %d", from, n, MNQ_MAX_CLASSES);
    if (s->class_name == NULL) {
        const char **copy = mnq_arena_array(&s->arena, (size_t)n, sizeof *copy);
        s->class_from = mnq_arena_strdup(&s->arena, from);
        if (copy == NULL || s->class_from == NULL) return mnq_fail_nomem(e);
        for (int i = 0; i < n; i++) {
            copy[i] = mnq_arena_strdup(&s->arena, name[i]);
            if (copy[i] == NULL) return mnq_fail_nomem(e);
            map[i] = i;
        }
        s->class_name = copy;
        s->n_class_names = n;
        return 0;
    }
    for (int i = 0; i < n; i++) {
        map[i] = mnq_source_class(s, name[i]);
        if (map[i] < 0)
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s: class \"%s\" is not one of the %d classes of %s", from, name[i],
                            s->n_class_names, s->class_from);
    }
    return 0;
}

char *mnq_source_join(struct mnq_arena *arena, const char *dir, const char *name)
{
    size_t n = strlen(dir);
    if (n == 0 || name[0] == '/') return mnq_arena_strdup(arena, name);
    size_t size = n + strlen(name) + 2;
    char *p = mnq_arena_alloc(arena, size);
    if (p != NULL) snprintf(p, size, "%s%s%s", dir, dir[n - 1] == '/' ? "" : "/", name);
    return p;
}

bool mnq_source_ends_with(const char *path, const char *const *end, int n)
{
    const char *dot = strrchr(path, '.');
    for (int i = 0; dot != NULL && i < n; i++)
        if (strcasecmp(dot, end[i]) == 0) return true;
    return false;
}

bool mnq_source_is_picture(const char *path)
{
    static const char *const end[] = {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".pnm", ".pgm", ".ppm"};
    return mnq_source_ends_with(path, end, 8);
}
