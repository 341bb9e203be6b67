/* SPDX-License-Identifier: Apache-2.0
 * Errors of the host side. */
#include "util/err.h"

#include "util/plain.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Names and values come from files: no line break, no terminal escape passes. */
static void one_line(char *to, size_t n, const char *text)
{
    mnq_plain_copy(to, n, text, false);
}

static void set(struct mnq_err *e, enum mnq_unfit unfit, int code, const char *fmt, va_list ap)
{
    char text[sizeof e->msg];
    if (e == NULL || e->code != 0) return;
    e->code = code;
    e->unfit = unfit;
    vsnprintf(text, sizeof text, fmt, ap);
    one_line(e->msg, sizeof e->msg, text);
}

int mnq_fail(struct mnq_err *e, int code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    set(e, MNQ_UNFIT_NOT, code, fmt, ap);
    va_end(ap);
    return -1;
}

int mnq_fail_unfit(struct mnq_err *e, enum mnq_unfit unfit, int code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    set(e, unfit, code, fmt, ap);
    va_end(ap);
    return -1;
}

int mnq_fail_in(struct mnq_err *e, const char *where)
{
    if (e == NULL) return -1;
    char old[sizeof e->msg], text[sizeof e->msg];
    memcpy(old, e->msg, sizeof old);
    snprintf(text, sizeof text, "%s: ", where);
    one_line(e->msg, sizeof e->msg, text);
    size_t n = strlen(e->msg);
    one_line(e->msg + n, sizeof e->msg - n, old);
    return -1;
}

int mnq_fail_nomem(struct mnq_err *e)
{
    return mnq_fail(e, MNQ_EXIT_FAILED, "out of memory");
}

bool mnq_err_nomem(const struct mnq_err *e)
{
    return e->code != 0 && strstr(e->msg, "out of memory") != NULL;
}

const char *mnq_errno_text(void)
{
    return errno == ENOMEM ? "out of memory" : strerror(errno);
}
