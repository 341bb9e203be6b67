/* SPDX-License-Identifier: Apache-2.0
 * Names of the classes, from a file. */
#include "class_names.h"

#include "util/file.h"

#include <stdlib.h>
#include <string.h>

/* The lines of text, ends cut off; empty ones do not count. Returns how many. */
static int split(char *text, const char **line)
{
    int n = 0;
    for (char *p = text; *p != '\0';) {
        char *end = p + strcspn(p, "\r\n"), *next = end + strspn(end, "\r\n");
        *end = '\0';
        if (*p != '\0') line[n++] = p;
        p = next;
    }
    return n;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int check(const struct mnq_source *s, const char *path, const char *const *name, int n, struct mnq_arena *scratch,
                 struct mnq_err *e)
{
    const struct mnq_task *t = s->task;
    int wanted = t == NULL ? 0 : t->kind == MNQ_TASK_CLASSES ? t->out.c : t->kind == MNQ_TASK_BINARY ? 2 : 0;
    const char **sorted = mnq_arena_array(scratch, (size_t)n, sizeof *sorted);
    if (sorted == NULL) return mnq_fail_nomem(e);
    if (n == 0) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: no names, wanted one class a line", path);
    if (wanted > 0 && n != wanted)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %d names, the model has %d classes", path, n, wanted);
    memcpy(sorted, name, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, by_bytes);
    for (int i = 1; i < n; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s: names %s twice", path, sorted[i]);
    return 0;
}

int mnq_class_names_read(struct mnq_source *s, const char *path, struct mnq_err *e)
{
    struct mnq_arena scratch = {0};
    uint8_t *text;
    size_t size, lines = 1;
    int rc = mnq_file_read(path, (size_t)MNQ_MAX_CLASSES * 64, &scratch, &text, &size, e);
    if (rc == 0 && memchr(text, '\0', size) != NULL) rc = mnq_fail(e, MNQ_EXIT_FAILED, "%s: not a text file", path);
    if (rc == 0) {
        for (size_t i = 0; i < size; i++) lines += text[i] == '\n' || text[i] == '\r';
        const char **name = mnq_arena_array(&scratch, lines, sizeof *name);
        int *map = mnq_arena_array(&scratch, lines, sizeof *map);
        if (name == NULL || map == NULL) {
            rc = mnq_fail_nomem(e);
        } else {
            int n = split((char *)text, name);
            rc = n > MNQ_MAX_CLASSES
                     ? mnq_fail(e, MNQ_EXIT_FAILED, "%s: %d names, wanted at most %d", path, n, MNQ_MAX_CLASSES)
                     : check(s, path, name, n, &scratch, e);
            if (rc == 0) rc = mnq_source_classes(s, path, name, n, map, e);
        }
    }
    mnq_arena_free(&scratch);
    return rc;
}
