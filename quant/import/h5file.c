/* SPDX-License-Identifier: Apache-2.0
 * Read-only HDF5: asks the process that reads the file, and believes no more than it must. */
#include "import/h5file.h"

#include "import/h5serve.h"
#include "util/file.h"
#include "util/h5noise.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_TEXTS = 64 << 20, ALL_TEXTS = 256 << 20, MAX_LIST = 1 << 16, ANSWERS = 4, AHEAD = 8, SHORT = 1 << 11 };
#define MAX_VALUES ((uint64_t)1 << 27)

struct mnq_h5 {
    const char *name;
    struct mnq_arena *arena;
    struct mnq_worker *worker;
    unsigned seconds;       /* processor time for all answers but rows: ANSWERS times what one may take */
    double spent, before;   /* of them; the process' own when the last question was asked */
    bool rows;              /* what that was */
    uint64_t texts;         /* bytes of them so far */
    struct mnq_err lost;    /* an error where none could be told; the next question tells it */
    struct mnq_h5core core; /* used on the other side */
};

/* ---- asking ---- */

/* A file whose every answer takes long is damaged, too; rows are read as often as anybody wants them. */
static int spend(struct mnq_h5 *h, bool rows, struct mnq_err *e)
{
    double now = mnq_worker_seconds(h->worker);
    if (!h->rows && now > h->before) h->spent += now - h->before;
    h->before = now;
    h->rows = rows;
    if (h->spent <= (double)h->seconds) return 0;
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: the HDF5 library fails on it: damaged (it takes more than %u s in all)",
                    h->name, h->seconds);
}

struct question {
    enum mnq_h5op op;
    const char *path, *name;
    uint64_t first, n; /* rows */
};

/* What the process gets; its size, 0 with e. */
static size_t put_question(struct mnq_h5 *h, const struct question *of, uint8_t text[MNQ_WORKER_QUESTION], struct mnq_err *e)
{
    struct mnq_h5question q;
    size_t a = strlen(of->path) + 1, b = strlen(of->name) + 1;
    if (a > MNQ_WORKER_QUESTION / 4 || b > MNQ_WORKER_QUESTION / 4) {
        mnq_fail(e, MNQ_EXIT_FAILED, "%s: %.100s...: name too long", h->name, of->path);
        return 0;
    }
    if (spend(h, of->op == MNQ_H5_ASK_ROWS || of->op == MNQ_H5_ASK_WIDE, e) != 0) return 0;
    memset(&q, 0, sizeof q);
    q.op = of->op;
    q.first = of->first;
    q.n = of->n;
    memcpy(text, &q, sizeof q);
    memcpy(text + sizeof q, of->path, a);
    memcpy(text + sizeof q + a, of->name, b);
    return sizeof q + a + b;
}

static int ask_range(struct mnq_h5 *h, enum mnq_h5op op, const char *path, const char *name, uint64_t first, uint64_t n,
                     uint64_t *size, struct mnq_err *e)
{
    uint8_t text[MNQ_WORKER_QUESTION];
    if (h->lost.code != 0) return mnq_fail(e, h->lost.code, "%s", h->lost.msg);
    size_t length = put_question(h, &(struct question){op, path, name, first, n}, text, e);
    return length == 0 ? -1 : mnq_worker_ask(h->worker, text, length, size, e);
}

static int fail_answer(const struct mnq_h5 *h, struct mnq_err *e)
{
    return mnq_fail(e, MNQ_EXIT_FAILED, "%s: the HDF5 library fails on it: damaged, or out of memory", h->name);
}

/* An answer of exactly n bytes. */
static int ask(struct mnq_h5 *h, enum mnq_h5op op, const char *path, const char *name, void *to, size_t n, struct mnq_err *e)
{
    uint64_t size;
    if (ask_range(h, op, path, name, 0, 0, &size, e) != 0) return -1;
    if (size != n) return fail_answer(h, e);
    return n > 0 ? mnq_worker_take(h->worker, to, n, e) : 0;
}

/* Texts, each with its NUL. */
static int take_texts(struct mnq_h5 *h, uint64_t size, struct mnq_h5_texts *to, struct mnq_err *e)
{
    if (size > MAX_TEXTS) return fail_answer(h, e);
    if ((h->texts += size) > ALL_TEXTS)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: its texts are too long: over %d bytes in all", h->name, (int)ALL_TEXTS);
    char *all = mnq_arena_alloc(h->arena, (size_t)size + 1);
    if (all == NULL) return mnq_fail_nomem(e); /* the worker takes no more questions before its answer is taken */
    if (size > 0 && mnq_worker_take(h->worker, all, (size_t)size, e) != 0) return -1;
    size_t count = 0;
    for (size_t i = 0; i < size; i++) count += all[i] == '\0';
    if (count > MAX_LIST || (size > 0 && all[size - 1] != '\0')) return fail_answer(h, e);
    if ((to->text = mnq_arena_array(h->arena, count, sizeof *to->text)) == NULL) return mnq_fail_nomem(e);
    for (size_t i = 0; i < count; i++, all += strlen(all) + 1) to->text[i] = all;
    to->n = (int)count;
    return 0;
}

static int ask_texts(struct mnq_h5 *h, enum mnq_h5op op, const char *path, const char *name, char ***text, int *n,
                     struct mnq_err *e)
{
    uint64_t size;
    struct mnq_h5_texts list;
    if (ask_range(h, op, path, name, 0, 0, &size, e) != 0 || take_texts(h, size, &list, e) != 0) return -1;
    *text = list.text;
    *n = list.n;
    return 0;
}

/* ---- asking ahead ---- */

/* One question about many paths. The process is some questions behind, instead of idle after each. */
struct series {
    enum mnq_h5op op;
    const char *const *path;
    const char *name;
    int n;
    /* Takes the answer about path i. */
    int (*take)(struct mnq_h5 *h, const struct series *s, int i, uint64_t size, struct mnq_err *e);
    void *to;
};

/* Asks the next ones, at least one when no answer is awaited; only that one's failure is an error yet. */
static int ask_ahead(struct mnq_h5 *h, const struct series *s, int *asked, int taken, struct mnq_err *e)
{
    uint8_t text[MNQ_WORKER_QUESTION];
    while (*asked < s->n && *asked - taken < AHEAD) {
        struct mnq_err why = {0};
        bool ahead = *asked > taken;
        size_t length = put_question(h, &(struct question){s->op, s->path[*asked], s->name, 0, 0}, text, &why);
        if (ahead && (length == 0 || length > SHORT)) return 0;
        if (length == 0) return mnq_fail(e, why.code, "%s", why.msg);
        int rc = mnq_worker_post(h->worker, text, length, e);
        if (rc != 0) return rc < 0 ? -1 : 0;
        ++*asked;
    }
    return 0;
}

/* Answers that nobody wants any more. */
static void drop(struct mnq_h5 *h, int n)
{
    uint8_t scrap[1 << 12];
    struct mnq_err quiet = {0};
    for (uint64_t size; n > 0; n--)
        for (size = 0, mnq_worker_next(h->worker, &size, &quiet); size > 0;) {
            size_t some = size < sizeof scrap ? (size_t)size : sizeof scrap;
            if (mnq_worker_take(h->worker, scrap, some, &quiet) != 0) return;
            size -= some;
        }
}

static int ask_series(struct mnq_h5 *h, const struct series *s, struct mnq_err *e)
{
    if (h->lost.code != 0) return mnq_fail(e, h->lost.code, "%s", h->lost.msg);
    int asked = 0, taken = 0, rc = 0;
    while (rc == 0 && taken < s->n) {
        uint64_t size;
        rc = ask_ahead(h, s, &asked, taken, e);
        if (rc != 0) break;
        rc = mnq_worker_next(h->worker, &size, e);
        if (rc == 0) rc = s->take(h, s, taken, size, e);
        taken++;
    }
    drop(h, asked - taken);
    return rc;
}

/* ---- files ---- */

static struct mnq_h5 *start(struct mnq_h5 *h, const char *name, struct mnq_arena *arena, struct mnq_err *e)
{
    char *own = mnq_arena_strdup(arena, name);
    if (own == NULL) {
        mnq_fail_nomem(e);
        return NULL;
    }
    h->name = h->core.name = own;
    h->arena = arena;
    h->core.file = -1;
    struct mnq_worker_job job = mnq_h5_job(own, h->core.source.size);
    job.fd = h->core.source.fd;
    job.ctx = &h->core;
    job.prepare = mnq_h5serve_prepare;
    job.answer = mnq_h5serve_answer;
    job.finish = mnq_h5serve_finish;
    h->seconds = ANSWERS * job.seconds;
    h->worker = mnq_worker_start(&job, e);
    if (h->worker == NULL) return NULL;
    if (ask(h, MNQ_H5_ASK_OPEN, "", "", NULL, 0, e) == 0) return h;
    mnq_h5_close(h);
    return NULL;
}

static bool has_signature(const uint8_t *bytes, size_t n)
{
    static const uint8_t signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    return n >= sizeof signature && memcmp(bytes, signature, sizeof signature) == 0;
}

/* The signature stands at 0, 512, 1024, 2048, ...: in front of it may be what is the user's. */
static bool is_hdf5(int fd, uint64_t size)
{
    uint8_t head[8];
    for (uint64_t at = 0; at < size; at = at == 0 ? 512 : 2 * at) {
        if (pread(fd, head, sizeof head, (off_t)at) != (ssize_t)sizeof head) return false;
        if (has_signature(head, sizeof head)) return true;
    }
    return false;
}

struct mnq_h5 *mnq_h5_open(const char *path, struct mnq_arena *arena, struct mnq_err *e)
{
    struct stat st;
    int fd = mnq_file_open(path, &st, e);
    if (fd < 0) return NULL;
    struct mnq_h5 *h = mnq_arena_alloc(arena, sizeof *h);
    if (h == NULL) {
        mnq_fail_nomem(e);
    } else if (!is_hdf5(fd, (uint64_t)st.st_size)) {
        mnq_fail(e, MNQ_EXIT_FAILED, "%s: not an HDF5 file", path);
        h = NULL;
    } else {
        h->core.source = (struct mnq_h5source){.fd = fd, .size = (uint64_t)st.st_size};
        h = start(h, path, arena, e);
    }
    close(fd);
    return h;
}

struct mnq_h5 *mnq_h5_open_bytes(const char *name, const uint8_t *bytes, size_t n, struct mnq_arena *arena,
                                 struct mnq_err *e)
{
    if (!has_signature(bytes, n)) {
        mnq_fail(e, MNQ_EXIT_FAILED, "%s: not an HDF5 file", name);
        return NULL;
    }
    struct mnq_h5 *h = mnq_arena_alloc(arena, sizeof *h);
    if (h == NULL) {
        mnq_fail_nomem(e);
        return NULL;
    }
    h->core.source = (struct mnq_h5source){.fd = -1, .bytes = bytes, .size = n};
    return start(h, name, arena, e);
}

void mnq_h5_close(struct mnq_h5 *h)
{
    if (h == NULL) return;
    mnq_worker_end(h->worker);
    h->worker = NULL;
}

int mnq_h5_settle(struct mnq_h5 *h, int rc, struct mnq_err *e)
{
    if (h->lost.code == 0) return rc;
    if (e != NULL) *e = h->lost;
    return -1;
}

const char *mnq_h5_name(const struct mnq_h5 *h)
{
    return h->name;
}

/* ---- objects ---- */

enum mnq_h5kind mnq_h5_kind(struct mnq_h5 *h, const char *path)
{
    uint32_t word = 0;
    if (ask(h, MNQ_H5_ASK_KIND, path, "", &word, sizeof word, &h->lost) != 0 || word > MNQ_H5_EXTERNAL) return MNQ_H5_NONE;
    return (enum mnq_h5kind)word;
}

bool mnq_h5_is_group(struct mnq_h5 *h, const char *path)
{
    return mnq_h5_kind(h, path) == MNQ_H5_GROUP;
}

bool mnq_h5_is_dataset(struct mnq_h5 *h, const char *path)
{
    return mnq_h5_kind(h, path) == MNQ_H5_DATASET;
}

int mnq_h5_members(struct mnq_h5 *h, const char *group, char ***name, int *n, struct mnq_err *e)
{
    return ask_texts(h, MNQ_H5_ASK_MEMBERS, group, "", name, n, e);
}

int mnq_h5_groups(struct mnq_h5 *h, const char *member, char ***name, int *n, struct mnq_err *e)
{
    return ask_texts(h, MNQ_H5_ASK_GROUPS, "/", member, name, n, e);
}

static int take_kind(struct mnq_h5 *h, const struct series *s, int i, uint64_t size, struct mnq_err *e)
{
    uint32_t word;
    if (size != sizeof word) return fail_answer(h, e);
    if (mnq_worker_take(h->worker, &word, sizeof word, e) != 0) return -1;
    ((enum mnq_h5kind *)s->to)[i] = word <= MNQ_H5_EXTERNAL ? (enum mnq_h5kind)word : MNQ_H5_NONE;
    return 0;
}

int mnq_h5_kinds(struct mnq_h5 *h, const char *const *path, int n, enum mnq_h5kind *kind, struct mnq_err *e)
{
    return ask_series(h, &(struct series){MNQ_H5_ASK_KIND, path, "", n, take_kind, kind}, e);
}

/* ---- attributes ---- */

bool mnq_h5_has_attr(struct mnq_h5 *h, const char *object, const char *attr)
{
    uint32_t word = 0;
    return ask(h, MNQ_H5_ASK_HAS_ATTR, object, attr, &word, sizeof word, &h->lost) == 0 && word == 1;
}

int mnq_h5_texts(struct mnq_h5 *h, const char *object, const char *attr, char ***text, int *n, struct mnq_err *e)
{
    return ask_texts(h, MNQ_H5_ASK_TEXTS, object, attr, text, n, e);
}

static int take_list(struct mnq_h5 *h, const struct series *s, int i, uint64_t size, struct mnq_err *e)
{
    return take_texts(h, size, (struct mnq_h5_texts *)s->to + i, e);
}

int mnq_h5_text_lists(struct mnq_h5 *h, const char *const *object, int n, const char *attr, struct mnq_h5_texts *list,
                      struct mnq_err *e)
{
    return ask_series(h, &(struct series){MNQ_H5_ASK_TEXTS, object, attr, n, take_list, list}, e);
}

int mnq_h5_text(struct mnq_h5 *h, const char *object, const char *attr, char **text, struct mnq_err *e)
{
    char **list;
    int n;
    if (mnq_h5_texts(h, object, attr, &list, &n, e) != 0) return -1;
    if (n != 1)
        return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %s: attribute %s holds %d texts, one is wanted", h->name, object, attr, n);
    *text = list[0];
    return 0;
}

/* ---- datasets ---- */

static int check_finite(const struct mnq_h5 *h, const struct mnq_h5_data *d, struct mnq_err *e)
{
    for (size_t i = 0; i < d->n; i++)
        if (!isfinite(d->v[i]))
            return mnq_fail(e, MNQ_EXIT_FAILED, "%s: %.200s: value %zu of %zu is %s", h->name, d->path, i, d->n,
                            isnan(d->v[i]) ? "NaN" : "infinite");
    return 0;
}

static int fill(struct mnq_h5 *h, const char *path, const struct mnq_h5shape *s, struct mnq_h5_data *d, struct mnq_err *e)
{
    uint64_t n = 1;
    memset(d, 0, sizeof *d);
    if (s->rank > MNQ_H5_RANK) return fail_answer(h, e);
    for (uint32_t i = 0; i < s->rank; i++) {
        if (s->dim[i] > MAX_VALUES || n * s->dim[i] > MAX_VALUES) return fail_answer(h, e);
        n *= s->dim[i];
        d->dim[i] = (int64_t)s->dim[i];
    }
    if (n != s->n) return fail_answer(h, e);
    d->rank = (int)s->rank;
    d->bytes = s->bytes == 1;
    d->n = (size_t)n;
    return (d->path = mnq_arena_strdup(h->arena, path)) != NULL ? 0 : mnq_fail_nomem(e);
}

static int take_shape(struct mnq_h5 *h, const struct series *q, int i, uint64_t size, struct mnq_err *e)
{
    struct mnq_h5shape s;
    if (size != sizeof s) return fail_answer(h, e);
    if (mnq_worker_take(h->worker, &s, sizeof s, e) != 0) return -1;
    return fill(h, q->path[i], &s, (struct mnq_h5_data *)q->to + i, e);
}

int mnq_h5_shapes(struct mnq_h5 *h, const char *const *path, int n, struct mnq_h5_data *d, struct mnq_err *e)
{
    return ask_series(h, &(struct series){MNQ_H5_ASK_SHAPE, path, "", n, take_shape, d}, e);
}

static int take_values(struct mnq_h5 *h, const struct series *q, int i, uint64_t size, struct mnq_err *e)
{
    struct mnq_h5shape s;
    struct mnq_h5_data *d = (struct mnq_h5_data *)q->to + i;
    if (size < sizeof s) return fail_answer(h, e);
    int rc = mnq_worker_take(h->worker, &s, sizeof s, e);
    if (rc == 0) rc = fill(h, q->path[i], &s, d, e);
    if (rc == 0 && size - sizeof s != d->n * sizeof *d->v) rc = fail_answer(h, e);
    if (rc == 0 && (d->v = mnq_arena_array(h->arena, d->n, sizeof *d->v)) == NULL) rc = mnq_fail_nomem(e);
    if (rc == 0 && d->n > 0) rc = mnq_worker_take(h->worker, d->v, d->n * sizeof *d->v, e);
    return rc != 0 ? -1 : check_finite(h, d, e);
}

int mnq_h5_read_all(struct mnq_h5 *h, const char *const *path, int n, struct mnq_h5_data *d, struct mnq_err *e)
{
    return ask_series(h, &(struct series){MNQ_H5_ASK_READ, path, "", n, take_values, d}, e);
}

int mnq_h5_read(struct mnq_h5 *h, const char *path, struct mnq_h5_data *d, struct mnq_err *e)
{
    return mnq_h5_read_all(h, &path, 1, d, e);
}

/* ---- rows ---- */

int mnq_h5_info(struct mnq_h5 *h, const char *path, struct mnq_h5info *info, struct mnq_err *e)
{
    if (ask(h, MNQ_H5_ASK_INFO, path, "", info, sizeof *info, e) != 0) return -1;
    return info->number <= MNQ_H5_NO_NUMBER ? 0 : fail_answer(h, e);
}

int mnq_h5_rows(struct mnq_h5 *h, const char *path, uint64_t first, uint64_t n, uint8_t *to, size_t size, struct mnq_err *e)
{
    uint64_t got;
    if (ask_range(h, MNQ_H5_ASK_ROWS, path, "", first, n, &got, e) != 0) return -1;
    if (got != size) return fail_answer(h, e);
    return size > 0 ? mnq_worker_take(h->worker, to, size, e) : 0;
}

int mnq_h5_integers(struct mnq_h5 *h, const char *path, uint64_t n, int64_t *to, struct mnq_err *e)
{
    uint64_t got;
    if (ask_range(h, MNQ_H5_ASK_WIDE, path, "", 0, n, &got, e) != 0) return -1;
    return got == n * sizeof *to ? mnq_worker_take(h->worker, to, (size_t)got, e) : fail_answer(h, e);
}
