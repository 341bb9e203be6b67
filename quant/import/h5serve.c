/* SPDX-License-Identifier: Apache-2.0
 * Questions to the process that reads an HDF5 file, and its answers. */
#include "import/h5serve.h"

#include "util/h5noise.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TEXTS = 64 << 20 };

static int give(struct mnq_reply *r, const void *p, size_t n, struct mnq_err *e)
{
    if ((r->p = malloc(n + 1)) == NULL) return mnq_fail_nomem(e);
    memcpy(r->p, p, n);
    r->n = n;
    return 0;
}

static int give_texts(struct mnq_reply *r, char **text, size_t n, struct mnq_err *e)
{
    size_t size = 0, at = 0;
    for (size_t i = 0; i < n && size <= MAX_TEXTS; i++) size += strlen(text[i]) + 1;
    if (size > MAX_TEXTS) return mnq_fail(e, MNQ_EXIT_FAILED, "the texts of an HDF5 file are too long");
    if ((r->p = malloc(size + 1)) == NULL) return mnq_fail_nomem(e);
    for (size_t i = 0; i < n; i++) {
        size_t length = strlen(text[i]) + 1;
        memcpy(r->p + at, text[i], length);
        at += length;
    }
    r->n = size;
    return 0;
}

static int give_weights(struct mnq_h5core *h, const char *path, struct mnq_reply *r, struct mnq_err *e)
{
    struct mnq_h5shape s = {0};
    if (mnq_h5core_read(h, path, sizeof s, &r->p, &s, e) != 0) {
        r->p = NULL;
        return -1;
    }
    memcpy(r->p, &s, sizeof s);
    r->n = sizeof s + (size_t)s.n * sizeof(float);
    return 0;
}

static int give_rows(struct mnq_h5core *h, const struct mnq_h5question *q, const char *path, struct mnq_reply *r,
                     struct mnq_err *e)
{
    if (mnq_h5core_rows(h, path, q->first, q->n, q->op == MNQ_H5_ASK_WIDE, &r->p, &r->n, e) == 0) return 0;
    *r = (struct mnq_reply){NULL, 0};
    return -1;
}

static int answer(struct mnq_h5core *h, const struct mnq_h5question *q, const char *path, const char *name,
                  struct mnq_reply *r, struct mnq_err *e)
{
    char **text;
    size_t n;
    uint32_t word;
    struct mnq_h5shape s = {0};
    struct mnq_h5info info;
    switch (q->op) {
    case MNQ_H5_ASK_OPEN:
        return mnq_h5core_open(h, e);
    case MNQ_H5_ASK_KIND:
        word = mnq_h5core_kind(h, path);
        return give(r, &word, sizeof word, e);
    case MNQ_H5_ASK_MEMBERS:
        return mnq_h5core_members(h, path, &text, &n, e) != 0 ? -1 : give_texts(r, text, n, e);
    case MNQ_H5_ASK_HAS_ATTR:
        word = mnq_h5core_has_attr(h, path, name);
        return give(r, &word, sizeof word, e);
    case MNQ_H5_ASK_TEXTS:
        return mnq_h5core_texts(h, path, name, &text, &n, e) != 0 ? -1 : give_texts(r, text, n, e);
    case MNQ_H5_ASK_SHAPE:
        return mnq_h5core_shape(h, path, &s, e) != 0 ? -1 : give(r, &s, sizeof s, e);
    case MNQ_H5_ASK_READ:
        return give_weights(h, path, r, e);
    case MNQ_H5_ASK_INFO:
        return mnq_h5core_info(h, path, &info, e) != 0 ? -1 : give(r, &info, sizeof info, e);
    case MNQ_H5_ASK_ROWS:
    case MNQ_H5_ASK_WIDE:
        return give_rows(h, q, path, r, e);
    case MNQ_H5_ASK_GROUPS:
        return mnq_h5core_groups(h, name, &text, &n, e) != 0 ? -1 : give_texts(r, text, n, e);
    default:
        return mnq_fail(e, MNQ_EXIT_FAILED, "no such question");
    }
}

int mnq_h5serve_prepare(void *ctx, int fd)
{
    struct mnq_h5core *h = ctx;
    h->source.fd = fd;
    return mnq_h5_init();
}

int mnq_h5serve_answer(void *ctx, const uint8_t *question, size_t n, struct mnq_reply *r, struct mnq_err *e)
{
    struct mnq_h5core *h = ctx;
    struct mnq_h5question q;
    if (n < sizeof q + 2 || question[n - 1] != '\0') return mnq_fail(e, MNQ_EXIT_FAILED, "no such question");
    memcpy(&q, question, sizeof q);
    const char *path = (const char *)question + sizeof q, *name = path + strlen(path) + 1;
    if ((const uint8_t *)name >= question + n) return mnq_fail(e, MNQ_EXIT_FAILED, "no such question");
    struct mnq_arena arena = {0};
    h->arena = &arena;
    mnq_h5_noise_begin();
    int rc = answer(h, &q, path, name, r, e);
    bool starved = mnq_h5_noise_end(rc != 0, r);
    if (starved) { /* whatever came of it */
        rc = -1;
        errno = ENOMEM;
    }
    mnq_arena_free(&arena);
    return rc;
}

void mnq_h5serve_finish(void *ctx)
{
    mnq_h5core_close(ctx);
}
