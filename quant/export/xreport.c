/* SPDX-License-Identifier: Apache-2.0
 * Figures of an evaluation's report. */
#include "export/xreport.h"

#include "export/xtext.h"
#include "util/file.h"
#include "util/ydoc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_REPORT = 64 << 20 };

/* The model's entry, or NULL. */
static const struct mnq_ynode *find_model(const struct mnq_ynode *models, uint32_t crc)
{
    char want[16];
    snprintf(want, sizeof want, "%08x", (unsigned)crc);
    for (const struct mnq_ynode *m = models == NULL ? NULL : models->first; m != NULL; m = m->next)
        if (mnq_y_is(mnq_y_get(m, "crc32"), want)) return m;
    return NULL;
}

/* " [LOW, HIGH]" of a figure, if its entry has KEY_ci95. */
static void add_interval(const struct mnq_ynode *model, const char *key, struct mnq_xtext *t)
{
    char name[96];
    snprintf(name, sizeof name, "%s_ci95", key);
    const struct mnq_ynode *v = mnq_y_get(model, name);
    if (v == NULL || v->kind != MNQ_Y_SEQ || v->n != 2 || !mnq_y_is_number(v->first) || !mnq_y_is_number(v->first->next))
        return;
    mnq_xtext_add(t, " [%.4g, %.4g]", strtod(v->first->text, NULL), strtod(v->first->next->text, NULL));
}

/* The figures stand between the counts of samples and the sizes. */
static void add_figures(const struct mnq_ynode *model, struct mnq_xtext *t)
{
    bool inside = false, first = true;
    for (const struct mnq_ynode *v = model->first; v != NULL; v = v->next) {
        if (strcmp(v->key, "file_bytes") == 0) return;
        if (inside && v->kind == MNQ_Y_SCALAR && mnq_y_is_number(v) && strlen(v->key) < 64) {
            mnq_xtext_add(t, "%s", first ? ": " : ", ");
            mnq_xtext_plain(t, v->key);
            mnq_xtext_add(t, " %.4g", strtod(v->text, NULL));
            add_interval(model, v->key, t);
            first = false;
        }
        inside |= strcmp(v->key, "labelled") == 0;
    }
}

int mnq_xreport_read(const char *path, uint32_t crc, const char **text, struct mnq_arena *arena, struct mnq_err *e)
{
    struct mnq_xtext t = {0};
    struct mnq_arena scratch = {0};
    const struct mnq_ynode *root = NULL, *model, *n;
    uint8_t *bytes;
    size_t size;
    int rc = -1;
    if (mnq_file_read(path, MAX_REPORT, &scratch, &bytes, &size, e) != 0) goto done;
    root = mnq_ydoc_parse(path, MNQ_EXIT_FAILED, (const char *)bytes, size, &scratch, e);
    if (root == NULL) goto done;
    if (!mnq_y_is(mnq_y_get(root, "schema"), "mnquant.eval/1")) {
        mnq_y_fail(root, e, "expected a document of eval --json, schema mnquant.eval/1");
        goto done;
    }
    model = find_model(mnq_y_get(root, "models"), crc);
    if (model == NULL) {
        mnq_fail(e, MNQ_EXIT_FAILED, "%s: does not speak of this model, a file with CRC-32 %08x", path, (unsigned)crc);
        goto done;
    }
    n = mnq_y_get(model, "n");
    if (n != NULL && mnq_y_is_number(n)) {
        const struct mnq_ynode *labelled = mnq_y_get(model, "labelled");
        mnq_xtext_add(&t, "%.0f samples", strtod(n->text, NULL));
        if (labelled != NULL && mnq_y_is_number(labelled))
            mnq_xtext_add(&t, ", %.0f labelled", strtod(labelled->text, NULL));
    }
    add_figures(model, &t);
    *text = t.failed ? NULL : mnq_arena_strdup(arena, t.n == 0 ? "" : t.s);
    rc = *text == NULL ? mnq_fail_nomem(e) : 0;
done:
    free(t.s);
    mnq_arena_free(&scratch);
    return rc;
}
