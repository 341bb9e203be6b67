/* SPDX-License-Identifier: Apache-2.0
 * The journal of finished trials.
 *
 * The first line names the journal and what its trials depend on. Each further line is one trial, written by one call and
 * synchronized: what a crash leaves is whole lines and at most one piece of a line at the end, which is cut off. */
#include "journal.h"

#include "util/outfile.h"
#include "util/spread.h"
#include "util/ydoc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char head[] = "mnquant.journal/1";
enum { LARGEST = 256 << 20 };

struct entry {
    struct mnq_trial trial;
    struct mnq_trial_result result;
    int asked; /* when, from 1 on; 0: not yet */
};

struct mnq_journal {
    int fd;
    const char *path, *about;
    struct mnq_arena arena;
    struct entry *entry; /* malloc'd */
    int n, cap, held, asked;
};

static int keep(struct mnq_journal *j, const struct mnq_trial *t, const struct mnq_trial_result *r, struct mnq_err *e)
{
    if (j->n == j->cap) {
        int cap = j->cap > 0 ? 2 * j->cap : 64;
        struct entry *more = realloc(j->entry, (size_t)cap * sizeof *more);
        if (more == NULL) return mnq_fail_nomem(e);
        j->entry = more;
        j->cap = cap;
    }
    struct entry *to = &j->entry[j->n];
    *to = (struct entry){*t, *r, 0};
    to->trial.model = mnq_arena_strdup(&j->arena, t->model);
    to->trial.recipe = mnq_arena_strdup(&j->arena, t->recipe);
    if (to->trial.model == NULL || to->trial.recipe == NULL) return mnq_fail_nomem(e);
    j->n++;
    return 0;
}

static int append(struct mnq_journal *j, struct mnq_json *w, struct mnq_err *e)
{
    size_t n = w->n, done = 0;
    if (!mnq_spread_writes()) {
        mnq_json_free(w);
        return 0;
    }
    int rc = w->failed ? mnq_fail_nomem(e) : 0;
    if (rc == 0) w->text[n++] = '\n'; /* in the place of the NUL */
    while (rc == 0 && done < n) {
        ssize_t put = write(j->fd, w->text + done, n - done);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) rc = mnq_fail(e, MNQ_EXIT_FAILED, "%s: cannot write: %s", j->path, mnq_errno_text());
        else done += (size_t)put;
    }
    if (rc == 0 && fdatasync(j->fd) != 0 && errno != EINVAL && errno != EROFS)
        rc = mnq_fail(e, MNQ_EXIT_FAILED, "%s: cannot write: %s", j->path, mnq_errno_text());
    mnq_json_free(w);
    return rc;
}

static void write_head(struct mnq_json *w, const char *about)
{
    mnq_json_object(w, NULL);
    mnq_json_string(w, "schema", head);
    mnq_json_string(w, "about", about);
    mnq_json_end(w);
}

static int begin(struct mnq_journal *j, const char *about, struct mnq_err *e)
{
    struct mnq_json w = {.indent = 0};
    if (ftruncate(j->fd, 0) != 0 || lseek(j->fd, 0, SEEK_SET) != 0)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: cannot write: %s", j->path, mnq_errno_text());
    write_head(&w, about);
    return append(j, &w, e);
}

static int check_head(struct mnq_journal *j, const char *line, size_t n, const char *about, struct mnq_err *e)
{
    struct mnq_err bad = {0};
    const char *text;
    const struct mnq_ynode *root = mnq_ydoc_parse(j->path, MNQ_EXIT_FAILED, line, n, &j->arena, &bad);
    const struct mnq_ynode *schema = root == NULL ? NULL : mnq_y_get(root, "schema");
    const struct mnq_ynode *old = root == NULL ? NULL : mnq_y_get(root, "about");
    if (schema == NULL || !mnq_y_is(schema, head) || old == NULL || mnq_y_string(old, &text, &bad) != 0)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: not a journal of trials", j->path);
    if (strcmp(text, about) == 0) return 0;
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: holds trials of other inputs (%.200s); -f begins anew", j->path, text);
}

static int read_all(struct mnq_journal *j, const char *about, struct mnq_err *e)
{
    struct stat st;
    if (fstat(j->fd, &st) != 0) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: cannot read: %s", j->path, mnq_errno_text());
    if (st.st_size > LARGEST) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: not a journal of trials", j->path);
    size_t n = (size_t)st.st_size, whole = 0, at = 0;
    char *text = mnq_arena_alloc(&j->arena, n + 1);
    if (text == NULL) return mnq_fail_nomem(e);
    for (size_t got = 0; got < n;) {
        ssize_t k = pread(j->fd, text + got, n - got, (off_t)got);
        if (k <= 0) return mnq_fail(e, MNQ_EXIT_FAILED, "%s: cannot read: %s", j->path, mnq_errno_text());
        got += (size_t)k;
    }
    for (size_t i = 0; i < n; i++)
        if (text[i] == '\n') whole = i + 1;
    if (whole == 0)
        return n == 0 || strncmp(text, "{\"schema", n < 8 ? n : 8) == 0
                   ? begin(j, about, e)
                   : mnq_fail(e, MNQ_EXIT_FAILED, "%s: not a journal of trials", j->path);
    int line = 0;
    for (bool first = true; at < whole; first = false) {
        char where[24];
        size_t end = at;
        snprintf(where, sizeof where, "line %d", ++line);
        struct mnq_trial t;
        struct mnq_trial_result r;
        while (text[end] != '\n') end++;
        if (first && check_head(j, text + at, end - at, about, e) != 0) return -1;
        if (!first && (mnq_trial_read(text + at, end - at, &t, &r, &j->arena, e) != 0 || keep(j, &t, &r, e) != 0)) {
            mnq_fail_in(e, where);
            return mnq_fail_in(e, j->path);
        }
        at = end + 1;
    }
    if (mnq_spread_writes() && (ftruncate(j->fd, (off_t)whole) != 0 || lseek(j->fd, (off_t)whole, SEEK_SET) < 0))
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: cannot write: %s", j->path, mnq_errno_text());
    j->held = j->n;
    return 0;
}

struct mnq_journal *mnq_journal_open(const char *path, const char *about, bool fresh, struct mnq_err *e)
{
    struct mnq_journal *j = calloc(1, sizeof *j);
    if (j == NULL) {
        mnq_fail_nomem(e);
        return NULL;
    }
    /* Other processes read what the first has opened or begun, before it goes on. */
    const bool writes = mnq_spread_writes();
    int rc = writes ? 0 : mnq_spread_settle(0, e);
    j->fd = rc != 0 ? -1 : open(path, writes ? O_RDWR | O_CREAT | O_CLOEXEC : O_RDONLY | O_CLOEXEC, 0666);
    j->path = mnq_arena_strdup(&j->arena, path);
    j->about = mnq_arena_strdup(&j->arena, about);
    if (rc == 0 && (j->path == NULL || j->about == NULL)) rc = mnq_fail_nomem(e);
    else if (rc == 0 && j->fd < 0)
        rc = mnq_fail(e, MNQ_EXIT_FAILED, "%s: cannot %s: %s", path, writes ? "write" : "read", mnq_errno_text());
    else if (rc == 0 && writes && flock(j->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        rc = mnq_fail(e, MNQ_EXIT_FAILED, "%s: another process is at work on it", path);
    if (rc == 0) rc = fresh && writes ? begin(j, about, e) : read_all(j, about, e);
    if (writes) rc = mnq_spread_settle(rc, e);
    rc = mnq_spread_settle(rc, e);
    if (rc == 0) return j;
    mnq_journal_close(j);
    return NULL;
}

void mnq_journal_close(struct mnq_journal *j)
{
    if (j == NULL) return;
    if (j->fd >= 0) close(j->fd);
    free(j->entry);
    mnq_arena_free(&j->arena);
    free(j);
}

int mnq_journal_held(const struct mnq_journal *j)
{
    return j->held;
}

bool mnq_journal_find(const struct mnq_journal *j, const struct mnq_trial *t, struct mnq_trial_result *r)
{
    for (int i = 0; i < j->n; i++) {
        if (!mnq_trial_same(&j->entry[i].trial, t)) continue;
        *r = j->entry[i].result;
        return true;
    }
    return false;
}

int mnq_journal_add(struct mnq_journal *j, const struct mnq_trial *t, const struct mnq_trial_result *r, struct mnq_err *e)
{
    struct mnq_json w = {.indent = 0};
    mnq_trial_json(&w, t, r);
    return append(j, &w, e) != 0 ? -1 : keep(j, t, r, e);
}

/* ---- order ---- */

void mnq_journal_asked(struct mnq_journal *j, const struct mnq_trial *t)
{
    for (int i = 0; i < j->n; i++)
        if (j->entry[i].asked == 0 && mnq_trial_same(&j->entry[i].trial, t)) j->entry[i].asked = ++j->asked;
}

/* By when they were asked for, keeping the order of equal ones; whether anything moved. */
static bool sort(struct mnq_journal *j)
{
    bool moved = false;
    for (int i = 1; i < j->n; i++) {
        struct entry x = j->entry[i];
        int k = i;
        for (; k > 0 && j->entry[k - 1].asked > x.asked; k--) j->entry[k] = j->entry[k - 1];
        j->entry[k] = x;
        moved = moved || k != i;
    }
    return moved;
}

static int add_line(char **text, size_t *n, struct mnq_json *w, struct mnq_err *e)
{
    char *more = w->failed ? NULL : realloc(*text, *n + w->n + 1);
    if (more != NULL) {
        memcpy(more + *n, w->text, w->n);
        more[*n + w->n] = '\n';
        *text = more;
        *n += w->n + 1;
    }
    mnq_json_free(w);
    return more == NULL ? mnq_fail_nomem(e) : 0;
}

int mnq_journal_tidy(struct mnq_journal *j, struct mnq_err *e)
{
    char *text = NULL;
    size_t n = 0;
    struct mnq_json w = {.indent = 0};
    if (!sort(j) || !mnq_spread_writes()) return 0;
    write_head(&w, j->about);
    int rc = add_line(&text, &n, &w, e);
    for (int i = 0; rc == 0 && i < j->n; i++) {
        w = (struct mnq_json){.indent = 0};
        mnq_trial_json(&w, &j->entry[i].trial, &j->entry[i].result);
        rc = add_line(&text, &n, &w, e);
    }
    if (rc == 0) rc = mnq_output_write(j->path, text, n, true, e);
    free(text);
    return rc;
}
